"""How far a learning plan has come, in whole percents that never say more than there is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.learning_plans import STATES, State, percent_done, percent_earned


def test_two_of_six_are_33_percent() -> None:
    assert percent_earned(["earned", "in_review", "earned", *(["planned"] * 3)]) == 33
    assert percent_earned(["earned"] * 199 + ["in_review"]) == 99
    assert (percent_done(0, 0), percent_done(1, 1)) == (0, 100)


@given(st.lists(st.sampled_from(STATES), max_size=100))
def test_a_hundred_percent_are_said_of_a_plan_that_is_earned_whole_and_of_no_other(
    states: list[State],
) -> None:
    percent = percent_earned(states)
    assert 0 <= percent <= 100
    assert (percent == 100) == (bool(states) and set(states) == {"earned"})
