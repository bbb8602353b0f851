"""What scores come to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.review import (
    RubricMismatchError,
    Scores,
    agree,
    outcome_of,
    results_from_findings,
    results_of,
    scores_from_levels,
    settle,
)
from tests.samples import levels, rubric

POINTS = st.lists(st.integers(1, 4), min_size=3, max_size=3)


def scores(*points: int) -> Scores:
    return scores_from_levels(rubric(len(points)), levels(*points))


def test_practice_1_one_criterion_not_met_is_not_made_up_by_a_high_mean() -> None:
    points = (4, 4, 4, 4, 1)
    assert sum(points) / len(points) == 3.4
    reached = scores(*points)
    assert [score.met for score in reached] == [True] * 4 + [False]
    assert outcome_of(results_of(reached)) == "not_yet"


@pytest.mark.parametrize(("points", "met"), [(2, False), (3, True), (4, True)])
def test_a_criterion_is_met_from_its_passing_points(points: int, *, met: bool) -> None:
    assert [score.met for score in scores(points)] == [met]


def test_scores_follow_the_order_of_the_rubric() -> None:
    given_backwards = {"c2": "l1", "c1": "l4"}
    assert [s.criterion for s in scores_from_levels(rubric(2), given_backwards)] == ["c1", "c2"]


def test_a_missing_and_an_unknown_criterion_are_refused_by_name() -> None:
    with pytest.raises(RubricMismatchError, match="missing: c2; not in it: c9") as refused:
        scores_from_levels(rubric(2), {"c1": "l1", "c9": "l1"})
    assert refused.value.operands == {"missing": ["c2"], "unknown": ["c9"]}
    with pytest.raises(RubricMismatchError, match="missing: c2; not in it: none"):
        scores_from_levels(rubric(2), levels(1))
    with pytest.raises(RubricMismatchError, match="missing: none; not in it: c3"):
        results_from_findings(rubric(2), {"c1": True, "c2": True, "c3": True})


def test_an_unknown_level_is_refused_with_those_there_are() -> None:
    with pytest.raises(RubricMismatchError, match="criterion 'c1' are l1, l2") as no:
        scores_from_levels(rubric(1), {"c1": "best"})
    assert no.value.operands == {"criterion": "c1"}
    assert "best" not in no.value.detail, "what was sent is not repeated"


def test_findings_follow_the_order_of_the_rubric() -> None:
    results = results_from_findings(rubric(2), {"c2": False, "c1": True})
    assert [(result.criterion, result.met) for result in results] == [("c1", True), ("c2", False)]


@given(POINTS, POINTS)
def test_assessors_agree_when_they_stand_on_the_same_side_of_every_line(
    first: list[int], second: list[int]
) -> None:
    same_side = all((a >= 3) == (b >= 3) for a, b in zip(first, second, strict=True))
    assert agree(scores(*first), scores(*second)) == same_side


@given(POINTS, POINTS, st.none() | POINTS)
def test_two_that_agree_settle_it_and_else_the_third_does(
    first: list[int], second: list[int], third: list[int] | None
) -> None:
    a, b, c = scores(*first), scores(*second), None if third is None else scores(*third)
    settled = settle(a, b, c)
    if agree(a, b):
        assert settled == results_of(a) == results_of(b)
    else:
        assert settled == (None if c is None else results_of(c))
    assert settle(b, a, c) == settled


def test_nothing_is_settled_before_both_are_in() -> None:
    one = scores(4)
    assert settle(None, None, None) is None
    assert settle(one, None, one) is None
    assert settle(None, one, one) is None


@given(POINTS)
def test_the_outcome_is_met_when_every_criterion_is(points: list[int]) -> None:
    expected = "met" if min(points) >= 3 else "not_yet"
    assert outcome_of(results_of(scores(*points))) == expected
