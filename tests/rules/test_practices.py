"""What the field does and a policy has to serve, each with the numbers of its practice."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.rules.entitlements.findings import Finding
from tests.rules.dossiers import OnFile, failed, plain_rule, said

MARCH = date(2025, 3, 10)


def three_awards(*goals: str) -> OnFile:
    """Three of 10 March 2025, the first of them tagged to these goals, one each."""
    file = OnFile().hired(date(2020, 8, 17))
    for n in range(3):
        file.award(f"mc {n}", MARCH)
    for n, goal in enumerate(goals):
        file.note("plan_goal", f"mc {n}", MARCH, goal)
    return file


@pytest.mark.parametrize(
    ("goals", "due"),
    [
        (None, [True, True, False]),
        (["literacy", "numeracy"], [True, True, False]),
        (["numeracy"], [False, True, False]),
        (["belonging"], [False, False, False]),
    ],
)
def test_practice_47_only_what_was_tagged_to_a_goal_is_paid(
    goals: list[str] | None, due: list[bool]
) -> None:
    """Three earned, two of them tagged: 2 × 300 = 600 dollars, unless other goals are meant."""
    rule = plain_rule(preconditions=[{"kind": "plan_goal", "goals": goals}])
    found = three_awards("literacy", "numeracy").findings(rule)
    assert [one.verdict == "due" for one in found] == due
    assert sum(one.amount_cents for one in found) == 30_000 * sum(due)
    assert all(failed(one) == ["plan_goal_missing"] for one in found if one.verdict != "due")


def test_practice_47_a_goal_of_another_award_is_none_of_hers() -> None:
    file = three_awards().note("plan_goal", "another", MARCH, "literacy")
    rule = plain_rule(preconditions=[{"kind": "plan_goal"}])
    found: tuple[Finding, ...] = file.findings(rule)
    assert said(found) == [("not_due", "plan_goal_missing", 0)] * 3
