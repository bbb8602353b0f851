"""Employments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from ledger.aggregates.employment import (
    Employment,
    EmploymentNotEndedError,
    EmploymentOverlapsError,
    EndedBeforeStartError,
    OutsideEmploymentError,
    Terms,
    check_no_overlap,
    start,
)
from ledger.errors import LedgerError, NothingChangesError
from ledger.events import AnyEmploymentEvent
from ledger.events.employment import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentReopened,
    EmploymentStarted,
)
from tests.given import fact, given
from tests.samples import DAY, DISTRICT, EARNER, ZONE, act, header, named

EMPLOYMENT, SCHOOL = named("employment"), named("school")
AUGUST, JUNE = date(2024, 8, 1), date(2025, 6, 30)
FULL = Terms(school_id=SCHOOL, role="teacher", fte_thousandths=1000, exempt=True)
HALF = Terms(school_id=SCHOOL, role="teacher", fte_thousandths=500, exempt=True)


def started(last_day: date | None = None, first_day: date = AUGUST) -> EmploymentStarted:
    return EmploymentStarted(
        **header(EMPLOYMENT),
        person_id=EARNER,
        district_id=DISTRICT,
        school_id=SCHOOL,
        role="teacher",
        fte_thousandths=1000,
        exempt=True,
        zone=ZONE,
        first_day=first_day,
        last_day=last_day,
    )


def ended(last_day: date, version: int = 2) -> EmploymentEnded:
    return EmploymentEnded(
        **header(EMPLOYMENT, version), person_id=EARNER, district_id=DISTRICT, last_day=last_day
    )


def changed(effective_on: date, fte_thousandths: int, version: int = 2) -> EmploymentChanged:
    return EmploymentChanged(
        **header(EMPLOYMENT, version),
        person_id=EARNER,
        district_id=DISTRICT,
        school_id=SCHOOL,
        role="teacher",
        fte_thousandths=fte_thousandths,
        exempt=True,
        effective_on=effective_on,
    )


def begin(first_day: date, last_day: date | None) -> Sequence[AnyEmploymentEvent]:
    return start(
        EMPLOYMENT,
        act(),
        person_id=EARNER,
        district_id=DISTRICT,
        zone=ZONE,
        terms=FULL,
        first_day=first_day,
        last_day=last_day,
    )


def test_a_position_is_held_from_its_first_day_to_its_last() -> None:
    held = given().when(lambda _: begin(AUGUST, JUNE)).then(EmploymentStarted)
    assert [held.held_on(day) for day in (AUGUST - DAY, AUGUST, JUNE, JUNE + DAY)] == [
        *(False, True, True, False)
    ]


def test_a_position_is_held_from_a_day_unless_it_is_over_or_was_never_held() -> None:
    held = given().when(lambda _: begin(AUGUST, JUNE)).then(EmploymentStarted)
    assert [held.held_from(day) for day in (AUGUST - DAY, JUNE, JUNE + DAY)] == [True, True, False]
    for_ever = given().when(lambda _: begin(AUGUST, None)).then(EmploymentStarted)
    assert for_ever.held_from(JUNE)
    never = Employment.fold(held, [ended(AUGUST - DAY)])
    assert never is not None
    assert not never.held_from(AUGUST - DAY)


def test_a_position_of_one_day_is_one() -> None:
    held = given().when(lambda _: begin(AUGUST, AUGUST)).then(EmploymentStarted)
    assert held.held_on(AUGUST)
    assert not held.never_held


def test_a_position_does_not_begin_with_its_end_behind_it() -> None:
    given().when(lambda _: begin(AUGUST, AUGUST - DAY)).then_refused(
        EndedBeforeStartError, "2024-07-31", "2024-08-01"
    )


def test_other_terms_hold_from_their_day_on_and_leave_earlier_days_alone() -> None:
    october = date(2024, 10, 1)
    held = (
        given(started())
        .when(lambda one: one.change(act(), terms=HALF, effective_on=october))
        .then(fact(EmploymentChanged, fte_thousandths=500, effective_on=october))
    )
    assert held.terms_on(october - DAY) == FULL
    assert held.terms_on(october) == HALF
    assert held.terms_on(AUGUST - DAY) == FULL


def test_an_earlier_change_takes_the_place_of_later_ones() -> None:
    held = (
        given(started(), changed(date(2025, 1, 1), 500))
        .when(
            lambda one: one.change(
                act(), terms=Terms(school_id=None, role="aide"), effective_on=AUGUST
            )
        )
        .then(fact(EmploymentChanged, role="aide", school_id=None))
    )
    assert held.terms_on(date(2025, 1, 1)).role == "aide"


def test_terms_that_hold_already_are_no_change() -> None:
    given(started()).when(
        lambda one: one.change(act(), terms=FULL, effective_on=JUNE)
    ).then_refused(NothingChangesError, "2025-06-30")


def test_terms_that_hold_now_may_be_kept_against_a_change_to_come() -> None:
    given(started(), changed(date(2025, 1, 1), 500)).when(
        lambda one: one.change(act(), terms=FULL, effective_on=AUGUST)
    ).then(EmploymentChanged)


@pytest.mark.parametrize("day", [AUGUST - DAY, JUNE + DAY])
def test_nothing_changes_on_a_day_outside_the_position(day: date) -> None:
    given(started(JUNE)).when(
        lambda one: one.change(act(), terms=HALF, effective_on=day)
    ).then_refused(OutsideEmploymentError, "2024-08-01", "2025-06-30", str(day))


def test_a_last_day_may_become_known_and_be_corrected() -> None:
    held = given(started()).when(lambda one: one.end(act(), last_day=JUNE)).then(EmploymentEnded)
    assert held.last_day == JUNE
    given(started(JUNE)).when(lambda one: one.end(act(), last_day=JUNE + DAY)).then(
        fact(EmploymentEnded, last_day=JUNE + DAY)
    )


def test_the_last_day_that_is_known_is_not_recorded_again() -> None:
    given(started(JUNE)).when(lambda one: one.end(act(), last_day=JUNE)).then_refused(
        NothingChangesError
    )


def test_a_position_never_held_ends_on_the_day_before_its_first() -> None:
    held = given(started()).when(lambda one: one.void(act())).then(EmploymentEnded)
    assert held.never_held
    assert not held.held_on(AUGUST)
    assert not held.overlaps(AUGUST, None)


def test_a_position_does_not_end_before_that() -> None:
    given(started()).when(lambda one: one.end(act(), last_day=AUGUST - 2 * DAY)).then_refused(
        EndedBeforeStartError, "2024-08-01"
    )


def test_the_first_of_all_days_is_handled_like_any_other() -> None:
    given(started(first_day=date.min)).when(lambda one: one.end(act(), last_day=date.min)).then(
        EmploymentEnded
    )


def test_an_end_may_be_taken_back() -> None:
    held = given(started(JUNE)).when(lambda one: one.reopen(act())).then(EmploymentReopened)
    assert held.last_day is None


def test_no_end_is_none_to_take_back() -> None:
    given(started()).when(lambda one: one.reopen(act())).then_refused(EmploymentNotEndedError)


def test_two_spans_of_one_position_share_no_day() -> None:
    span = Employment.fold(None, [started(JUNE)])
    assert span is not None
    check_no_overlap([span], first_day=JUNE + DAY, last_day=None)
    check_no_overlap([span], first_day=AUGUST - DAY, last_day=AUGUST - DAY)
    for first_day, last_day in ((JUNE, None), (AUGUST - DAY, AUGUST), (date.min, None)):
        with pytest.raises(EmploymentOverlapsError, match="2024-08-01"):
            check_no_overlap([span], first_day=first_day, last_day=last_day)


def test_a_stream_that_starts_twice_is_not_folded() -> None:
    with pytest.raises(AssertionError, match="starts once"):
        Employment.fold(None, [started(), started()])
    with pytest.raises(AssertionError, match="begins by starting"):
        Employment.fold(None, [ended(JUNE)])


days = st.dates(date(2024, 1, 1), date(2024, 3, 1))
maybe_days = st.none() | days


@for_all(days, maybe_days, days, maybe_days)
def test_spans_overlap_exactly_when_they_share_a_day(
    first: date, last: date | None, other_first: date, other_last: date | None
) -> None:
    """As counting the days says, of spans that may be empty or open."""
    span = Employment.fold(None, [started(first_day=first)])
    assert span is not None
    if last is not None:
        span = Employment.fold(span, [ended(max(last, first - timedelta(days=1)))])
        assert span is not None
    calendar = [date(2024, 1, 1) + timedelta(days=n) for n in range(400)]
    shared = [
        day
        for day in calendar
        if span.held_on(day) and other_first <= day and (other_last is None or day <= other_last)
    ]
    assert span.overlaps(other_first, other_last) == bool(shared)


@for_all(
    st.lists(st.tuples(st.sampled_from(["change", "end", "reopen", "void"]), days), max_size=8)
)
def test_whatever_is_tried_days_outside_the_span_are_never_held(
    tries: list[tuple[str, date]],
) -> None:
    """Refused commands leave no trace, and the others keep the span in order."""
    state = Employment.fold(None, [started(first_day=date(2024, 1, 15))])
    assert state is not None
    for what, day in tries:
        commands: dict[str, Any] = {
            "change": lambda one, day=day: one.change(act(), terms=HALF, effective_on=day),
            "end": lambda one, day=day: one.end(act(), last_day=day),
            "reopen": lambda one: one.reopen(act()),
            "void": lambda one: one.void(act()),
        }
        try:
            state = Employment.fold(state, commands[what](state))
        except LedgerError:
            continue
        assert state is not None
    assert not state.held_on(date(2024, 1, 14))
    if state.last_day is not None:
        assert state.last_day >= date(2024, 1, 14)
        assert not state.held_on(state.last_day + DAY)
    effective = [day for day, _ in state.dated_terms]
    assert effective == sorted(set(effective))
