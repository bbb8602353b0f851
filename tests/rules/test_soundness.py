"""Whether the parts of a rule fit one another, and what a rule names."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.rules.entitlements.soundness import misfits, named_ids
from tests.rules.dossiers import plain_rule
from tests.samples import named

FLAT = {"name": "flat", "basis": {"kind": "flat", "amount_cents": 30_000}}
GRANT = {"fund": "grant", "performance_from": "2025-07-01"}
NO_DAY = {"kind": "employed", "on": "2023-02-29"}
SPAN = {"kind": "between", "first": "2024-07-01"}
CREDIT = {
    "kind": "credit_requested",
    "choice": "credit",
    "unit": "salary_credit",
    "unit_hundredths": 50,
    "each_hours": 8,
}


def fields_of(**changes: Any) -> list[str]:
    return [one.field for one in misfits(plain_rule(**changes))]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"effective_to": "2020-07-01"}, []),
        ({"effective_to": "2020-06-30"}, ["effective_to"]),
        ({"windows": [SPAN | {"last": "2024-07-01"}]}, []),
        ({"windows": [SPAN | {"last": "2024-06-30"}]}, ["windows.0.last"]),
        ({"windows": [SPAN | {"last": "submitted"}]}, []),  # no day before it is known
        ({"windows": [SPAN | {"first": "--07-01", "last": "--06-30"}]}, []),  # of the next year
        ({"windows": [SPAN | {"first": "2024-02-30"}]}, ["windows.0.first"]),
        ({"windows": [SPAN | {"first": "2024-01-31", "last": "2024-13-01"}]}, ["windows.0.last"]),
        ({"windows": [SPAN | {"first": "--02-29", "last": "--02-30"}]}, []),  # its month's end
        ({"eligibility": [{"kind": "employed", "on": "2023-02-29"}]}, ["eligibility.0.on"]),
        ({"amount": [FLAT | {"when": [NO_DAY]}]}, ["amount.0.when.0.on"]),
        ({"account": GRANT | {"performance_to": "2025-07-01"}}, []),
        ({"account": GRANT | {"performance_to": "2025-06-30"}}, ["account.performance_to"]),
        ({"account": GRANT}, []),
        ({"amount": [FLAT | {"share": "fte_at_school"}]}, ["amount.0.attributes"]),
        ({"amount": [FLAT | {"share": "fte_at_school", "attributes": ["rural"]}]}, []),
        ({"amount": [FLAT | {"deducted": True}]}, ["amount"]),
        ({"amount": [FLAT, FLAT | {"deducted": True}]}, []),
        ({"amount": [], "benefit": "lane_change"}, []),
        ({"trigger": CREDIT, "benefit": "lane_change"}, []),
        ({"trigger": CREDIT}, ["benefit"]),
    ],
)
def test_what_cannot_be_meant_so_is_named(changes: dict[str, Any], expected: list[str]) -> None:
    assert fields_of(**changes) == expected


def test_every_id_in_a_rule_is_found_by_what_it_is_the_id_of() -> None:
    """In lists and in lists of lists, in triggers, exclusions and amounts."""
    ids = {name: str(named(name)) for name in ("mc", "one", "two", "nea", "board")}
    rule = plain_rule(
        trigger={"kind": "award", "credential_ids": [ids["mc"]], "issuer_ids": [ids["nea"]]},
        exclusions=[{"kind": "once_per_competency", "equal": [[ids["one"], ids["two"]]]}],
        amount=[
            {
                "name": "by",
                "basis": {
                    "kind": "issuer",
                    "issuers": [{"issuer_id": ids["board"], "amount_cents": 1}],
                },
            }
        ],
    )
    found = named_ids(rule.model_dump())
    assert found.credentials == {named("mc"), named("one"), named("two")}
    assert found.issuers == {named("nea"), named("board")}
    assert found.stacks == frozenset()


def test_a_list_that_is_left_open_names_nothing_and_a_stack_is_named_alone() -> None:
    rule = plain_rule(trigger={"kind": "stack", "stack_id": str(named("stack"))})
    found = named_ids(rule.model_dump())
    assert (found.stacks, found.credentials) == ({named("stack")}, frozenset())
    anything = named_ids(plain_rule().model_dump())
    assert anything == (frozenset(), frozenset(), frozenset())
