"""The map of the states: what the sources say, and nothing beyond it."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.rules.readiness import readiness

STATES = 50


def test_practice_1_seventeen_thirteen_eighteen_and_two_are_fifty_states() -> None:
    edition = readiness().on(date(2018, 12, 31))
    assert edition is not None
    assert {one.group: one.states for one in edition.groups} == {
        "advanced": 17,
        "developing": 13,
        "emerging": 18,
        "none": 2,
    }
    named = {one.group: one.named for one in edition.groups}
    assert named["none"] == ("us-ca", "us-wy")


def test_each_edition_has_every_state_once_and_names_no_more_than_it_counts() -> None:
    known = readiness()
    days = [one.published_on for one in known.editions]
    assert days == sorted(set(days))
    for edition in known.editions:
        assert sum(one.states for one in edition.groups) == STATES
        named = [state for one in edition.groups for state in one.named]
        assert len(named) == len(set(named))
        assert all(len(one.named) <= one.states for one in edition.groups)


@pytest.mark.parametrize(
    ("day", "none"), [("2018-09-29", None), ("2018-09-30", 2), ("2019-05-29", 2), ("2019-05-30", 1)]
)
def test_the_edition_of_a_day_is_the_newest_that_was_out(day: str, none: int | None) -> None:
    edition = readiness().on(date.fromisoformat(day))
    assert (edition and edition.groups[-1].states) == none
