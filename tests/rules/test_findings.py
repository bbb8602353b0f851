"""What a policy asks for, over all its versions: so that nobody looks up what no version needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.days import Days
from ledger.rules.entitlements.facts import Calendar
from ledger.rules.entitlements.findings import RulePolicy, entitlement_id, governing
from tests.rules.dossiers import plain_rule, policy_of
from tests.samples import EARNER, named

PLAIN = plain_rule()


def pooled(order: str) -> Rule:
    return plain_rule(pool={"budget_cents": 100_000, "order": order})


@pytest.mark.parametrize(
    ("rule", "budgeted", "given_out"),
    [
        (PLAIN, False, False),
        (pooled("first_come"), True, False),
        (pooled("lottery"), False, True),
        (pooled("pro_rata"), False, True),
    ],
)
def test_a_pool_goes_to_whoever_comes_first_or_is_given_out_when_it_closes(
    rule: Rule, *, budgeted: bool, given_out: bool
) -> None:
    for policy in (policy_of(rule), policy_of(rule, PLAIN), policy_of(PLAIN, rule)):
        assert (policy.budgeted, policy.pooled) == (budgeted, given_out)


KEEPING = {"revocation": {"if_paid": "keep"}}
PAYING_BACK: dict[str, Any] = {
    "clawback": {"schedule": {"kind": "pro_rata", "parts": 3, "months": 36}},
}
NOT_PAID_BEFORE: dict[str, Any] = {"exclusions": [{"kind": "not_compensated"}]}


@pytest.mark.parametrize(
    ("changes", "asks"),
    [({}, False), (KEEPING, True), (PAYING_BACK, True), (NOT_PAID_BEFORE, True)],
)
def test_what_was_paid_is_asked_of_where_any_version_depends_on_it(
    changes: dict[str, Any], *, asks: bool
) -> None:
    rule = plain_rule(**changes)
    for policy in (policy_of(rule), policy_of(rule, PLAIN), policy_of(PLAIN, rule)):
        assert policy.asks_paid is asks


def test_the_stacks_are_those_of_every_version() -> None:
    def of(name: str) -> Rule:
        return plain_rule(trigger={"kind": "stack", "stack_id": named(name)})

    assert policy_of(PLAIN).stack_ids == frozenset()
    assert policy_of(of("one"), PLAIN, of("other")).stack_ids == {named("one"), named("other")}


def test_what_a_policy_owes_a_person_for_one_thing_has_one_id_for_ever() -> None:
    found = entitlement_id(named("policy"), EARNER, named("award"))
    assert str(found) == "33f569c4-d8ec-5b08-8976-74a2f83de42e"


JULY, AUGUST, SEPTEMBER = (date(2024, month, 1) for month in (7, 8, 9))


def governed(earned: date, policy: RulePolicy, **named_days: date) -> int | None:
    version = governing(policy, Days(earned, Calendar(), named_days))
    return None if version is None else version.policy_version


@pytest.mark.parametrize(
    ("versioning", "named_days", "version"),
    [
        ({}, {"submitted": JULY, "started": JULY}, 2),
        ({"governed_by": "submitted"}, {"submitted": JULY}, 1),
        ({"governed_by": "submitted"}, {"submitted": AUGUST}, 2),
        ({"governed_by": "submitted"}, {"documents": JULY}, 2),  # unknown: when it was earned
        ({"grandfathered": True}, {"started": JULY}, 1),
        ({"grandfathered": True}, {"started": AUGUST}, 2),
        ({"grandfathered": True}, {}, 2),
    ],
)
def test_the_newest_version_says_by_which_day_it_governs_and_what_it_leaves_alone(
    versioning: dict[str, Any], named_days: dict[str, date], version: int
) -> None:
    """Version 2 is in force from August on; it was earned in September."""
    policy = policy_of(PLAIN, plain_rule(effective_from=AUGUST, versioning=versioning))
    assert governed(SEPTEMBER, policy, **named_days) == version


def test_nothing_is_governed_before_the_first_day_after_the_last_or_once_it_is_retired() -> None:
    policy = policy_of(plain_rule(effective_from=AUGUST, effective_to=SEPTEMBER))
    assert [governed(day, policy) for day in (JULY, AUGUST, SEPTEMBER)] == [None, 1, 1]
    assert governed(date(2024, 9, 2), policy) is None
    retired = replace(policy, last_day=AUGUST)
    assert (governed(AUGUST, retired), governed(SEPTEMBER, retired)) == (1, None)
