"""Outcomes of classes: of terms that are over, of ten students and more, and taken back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from ledger.aggregates.base import Act
from ledger.aggregates.class_outcome import ClassOutcomes, SmallClassError, TermNotOverError
from ledger.errors import NothingChangesError
from ledger.events.class_outcome import (
    ClassOutcome,
    ClassOutcomesReported,
    ClassOutcomesWithdrawn,
)
from tests.samples import DISTRICT, EARNER, ZONE

NONE = ClassOutcomes.none_yet(DISTRICT, EARNER, "2024-25 fall")
AT = datetime(2025, 1, 1, 5, 0, tzinfo=UTC)  # in New York the first hour of 2025


def act(at: datetime = AT) -> Act:
    return Act(EARNER, at)


def of(*students: int) -> list[ClassOutcome]:
    return [ClassOutcome(measure="reading", students=n, mean_hundredths=7_150) for n in students]


def told(known: ClassOutcomes, *events: Any) -> ClassOutcomes:
    found = ClassOutcomes.fold(known if known.version else None, events)
    assert found is not None
    return found


def test_the_stream_of_a_district_a_teacher_and_a_term_is_the_same_for_ever() -> None:
    """The id is pinned as itself: worked out again, it would follow any change of the rule."""
    assert (NONE.id, NONE.version) == (UUID("0c831868-cd6e-5f28-81d9-2026ba76fba7"), 0)


def test_practice_54_a_class_of_six_is_refused_and_all_that_came_with_it() -> None:
    [event] = NONE.report(act(), zone=ZONE, classes=of(24, 10))
    assert event == ClassOutcomesReported(
        **NONE.header(act()),
        district_id=DISTRICT,
        person_id=EARNER,
        term="2024-25 fall",
        classes=tuple(of(24, 10)),
    )
    for few in (6, 9):
        with pytest.raises(SmallClassError) as refused:
            NONE.report(act(), zone=ZONE, classes=of(24, few))
        assert (refused.value.slug, refused.value.status) == ("small-class", 422)
        assert refused.value.detail == "number 2 is of fewer than 10 students"


def test_a_term_is_told_of_once_its_last_day_is_over_where_the_district_is() -> None:
    before = datetime(2025, 1, 1, 4, 59, tzinfo=UTC)
    with pytest.raises(TermNotOverError) as refused:
        NONE.report(act(before), zone=ZONE, classes=of(24))
    assert refused.value.slug == "term-not-over"
    assert refused.value.detail == "2024-25 fall ends on 2024-12-31"
    assert NONE.report(act(before), zone="UTC", classes=of(24))


def test_what_is_said_again_stands_instead_until_it_is_taken_back() -> None:
    with pytest.raises(NothingChangesError) as refused:
        NONE.withdraw(act(), reason="mistake")
    assert refused.value.detail == "nothing is said of these classes"
    once = told(NONE, *NONE.report(act(), zone=ZONE, classes=of(24)))
    with pytest.raises(NothingChangesError) as refused:
        once.report(act(), zone=ZONE, classes=of(24))
    assert refused.value.detail == "the same was said before"
    twice = told(once, *once.report(act(), zone=ZONE, classes=of(12)))
    assert twice.classes == tuple(of(12))
    assert NONE.said_at < twice.said_at == AT
    [gone] = twice.withdraw(act(), reason="mistake")
    assert isinstance(gone, ClassOutcomesWithdrawn)
    assert (gone.term, gone.reason, gone.originator_version) == ("2024-25 fall", "mistake", 3)
    taken_back = told(twice, gone)
    assert taken_back.classes == ()
    assert taken_back.report(act(), zone=ZONE, classes=of(12))
