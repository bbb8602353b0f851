"""A rule that asks when something was begun or handed in is told; the others are not looked up."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from ledger.events.policy_conditions import (
    BetweenRule,
    DocumentsRule,
    NamedDay,
    PerformanceRule,
    RequestRule,
    WithinRule,
)
from ledger.events.policy_money import Timing
from ledger.events.policy_rule import AwardTrigger, Versioning
from ledger.rules.entitlements.findings import _is_day, asks_days
from ledger.values import Slug
from tests.rules.dossiers import plain_rule, shipped_files

DOCUMENTS = DocumentsRule(documents=("started",))
ASKING: list[dict[str, Any]] = [
    {"windows": (BetweenRule(what="started"),)},
    {"windows": (BetweenRule(first="submitted"),)},
    {"windows": (WithinRule(what="documents", after="started", days=30),)},
    {"windows": (PerformanceRule(),)},
    {"preconditions": (DOCUMENTS, RequestRule(by="submitted"))},
    {"timing": Timing(after="submitted")},
    {"versioning": Versioning(grandfathered=True)},
    {"versioning": Versioning(governed_by="submitted")},
]
NOT_ASKING: list[dict[str, Any]] = [
    {},
    {"title": "started"},
    {"trigger": AwardTrigger(tiers=("started", "submitted"))},
    {"preconditions": (DOCUMENTS,)},
    {"timing": Timing(after="documents")},
    {"versioning": Versioning(governed_by="filed")},
]


@pytest.mark.parametrize("changed", ASKING, ids=str)
def test_a_rule_that_names_such_a_day_asks(changed: dict[str, Any]) -> None:
    assert asks_days(plain_rule(**changed))


@pytest.mark.parametrize("changed", NOT_ASKING, ids=str)
def test_a_tier_or_title_that_is_called_so_does_not(changed: dict[str, Any]) -> None:
    assert not asks_days(plain_rule(**changed))


def test_no_shipped_rule_that_says_such_a_day_is_overlooked() -> None:
    """A word said anywhere in a rule is at least what is asked."""
    words = ('"started"', '"submitted"', '"period_of_performance"', '"grandfathered":true')
    rules = [(file.id, one.rule) for file in shipped_files().values() for one in file.rules]
    said = {name for name, rule in rules if any(word in rule.model_dump_json() for word in words)}
    assert {name for name, rule in rules if asks_days(rule)} == said
    assert said


@pytest.mark.parametrize(
    ("hint", "day"),
    [
        (NamedDay, True),
        (NamedDay | None, True),
        (Literal["earned", "started"], True),
        (Literal["submitted"], True),
        (Literal["earned", "filed"], False),
        (Slug, False),
        (str | None, False),
    ],
    ids=str,
)
def test_a_field_names_a_day_where_its_type_says_so(hint: Any, day: bool) -> None:  # noqa: FBT001
    assert _is_day(hint) is day
