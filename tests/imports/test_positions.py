"""What a source now says of a position, against what the log holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from api.imports.positions import Claim, Holding, end_absent, reconcile
from ledger.aggregates.employment import Terms
from ledger.events.employment import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentReopened,
    EmploymentStarted,
)
from tests.samples import DAY, DISTRICT, EARNER, ZONE, act, named

TODAY, AUGUST, JUNE = date(2025, 1, 15), date(2024, 8, 1), date(2025, 6, 30)
TEACHER = Terms(school_id=named("school"), role="teacher")
FULL = replace(TEACHER, fte_thousandths=1000, exempt=True)
HALF = replace(FULL, fte_thousandths=500)
NEW = Holding(DISTRICT, ZONE, EARNER, b"\x01" * 32)


def claim(
    first_day: date | None = AUGUST, last_day: date | None = None, terms: Terms = FULL
) -> Claim:
    return Claim(first_day, last_day, terms)


def told(holding: Holding, said: Claim, today: date = TODAY) -> Holding:
    return holding.after(reconcile(act(), holding, said, today=today))


def kinds(holding: Holding, said: Claim, today: date = TODAY) -> list[type]:
    return [type(event) for event in reconcile(act(), holding, said, today=today)]


def held(holding: Holding) -> list[tuple[date, date | None]]:
    """The spans that were held, in order."""
    spans = [(span.first_day, span.last_day) for span in holding.spans if not span.never_held]
    return sorted(spans, key=lambda span: span[0])


def terms_on(holding: Holding, day: date) -> Terms | None:
    return next((span.terms_on(day) for span in holding.spans if span.held_on(day)), None)


def test_a_new_position_starts() -> None:
    holding = told(NEW, claim(last_day=JUNE))
    assert held(holding) == [(AUGUST, JUNE)]
    assert terms_on(holding, AUGUST) == FULL
    assert kinds(holding, claim(last_day=JUNE)) == []


def test_a_position_of_the_past_is_recorded_as_past() -> None:
    past = claim(date(2020, 8, 1), date(2021, 6, 30))
    assert held(told(NEW, past)) == [(date(2020, 8, 1), date(2021, 6, 30))]
    assert kinds(told(NEW, past), replace(past, terms=HALF)) == [], "it is over: too late to change"


def test_an_end_becomes_known_moves_and_is_taken_back() -> None:
    holding = told(NEW, claim())
    assert kinds(holding, claim(last_day=JUNE)) == [EmploymentEnded]
    holding = told(holding, claim(last_day=JUNE))
    assert kinds(holding, claim(last_day=JUNE + DAY)) == [EmploymentEnded]
    assert kinds(holding, claim()) == [EmploymentReopened]


def test_other_terms_hold_from_the_day_of_the_import_on() -> None:
    holding = told(told(NEW, claim()), claim(terms=HALF))
    assert terms_on(holding, TODAY - DAY) == FULL
    assert terms_on(holding, TODAY) == HALF


def test_other_terms_of_a_position_to_come_hold_from_its_first_day_on() -> None:
    holding = told(told(NEW, claim(JUNE)), claim(JUNE, terms=HALF))
    assert terms_on(holding, JUNE) == HALF


def test_a_change_to_come_that_was_recorded_otherwise_stays() -> None:
    holding = told(NEW, claim())
    [span] = holding.spans
    holding = holding.after(span.change(act(), terms=HALF, effective_on=JUNE))
    assert kinds(holding, claim()) == []
    assert terms_on(holding, JUNE) == HALF


def test_what_the_source_leaves_open_stays_as_it_was() -> None:
    holding = told(NEW, claim())
    assert kinds(holding, claim(terms=TEACHER)) == []
    moved = told(holding, claim(terms=replace(TEACHER, school_id=None)))
    assert terms_on(moved, TODAY) == replace(FULL, school_id=None)
    next_year = told(holding, claim(date(2025, 8, 1), terms=TEACHER))
    assert terms_on(next_year, date(2025, 8, 1)) == FULL


def test_who_comes_back_begins_another_span() -> None:
    holding = told(NEW, claim(date(2020, 8, 1), date(2021, 6, 30)))
    holding = told(holding, claim())
    assert held(holding) == [(date(2020, 8, 1), date(2021, 6, 30)), (AUGUST, None)]


def test_a_first_day_that_moves_on_ends_what_was_before() -> None:
    """Many sources begin every role anew each school year."""
    holding = told(told(NEW, claim(date(2023, 8, 1), terms=HALF)), claim())
    assert held(holding) == [(date(2023, 8, 1), AUGUST - DAY), (AUGUST, None)]
    assert terms_on(holding, AUGUST - DAY) == HALF
    assert terms_on(holding, AUGUST) == FULL


def test_a_first_day_that_moves_back_is_a_correction() -> None:
    holding = told(told(NEW, claim()), claim(terms=HALF))
    holding = told(holding, claim(date(2024, 7, 1), terms=HALF))
    assert held(holding) == [(date(2024, 7, 1), None)]
    assert terms_on(holding, AUGUST) == FULL, "what was known of each day is still known"
    assert terms_on(holding, TODAY) == HALF
    back = told(holding, claim(terms=HALF))
    assert held(back) == [(date(2024, 7, 1), AUGUST - DAY), (AUGUST, None)]


def test_a_correction_does_not_bring_back_terms_of_days_after_its_end() -> None:
    holding = told(told(NEW, claim()), claim(terms=HALF))
    past = claim(date(2024, 7, 1), date(2024, 9, 1), FULL)
    assert kinds(holding, past) == [EmploymentEnded, EmploymentStarted]
    assert held(told(holding, past)) == [(date(2024, 7, 1), date(2024, 9, 1))]


def test_without_a_first_day_it_holds_from_when_we_hear_of_it() -> None:
    holding = told(NEW, claim(None))
    assert held(holding) == [(TODAY, None)]
    assert kinds(holding, claim(None), TODAY + 30 * DAY) == []
    ended = told(holding, claim(None, TODAY + DAY), TODAY + 30 * DAY)
    assert held(ended) == [(TODAY, TODAY + DAY)]
    again = told(ended, claim(None), TODAY + 60 * DAY)
    assert held(again) == [(TODAY, TODAY + DAY), (TODAY + 60 * DAY, None)]


def test_without_a_first_day_and_over_it_was_held_on_its_last_day_at_least() -> None:
    assert held(told(NEW, claim(None, AUGUST))) == [(AUGUST, AUGUST)]


def test_an_end_before_the_day_we_heard_of_it_means_that_it_was_never_held() -> None:
    holding = told(NEW, claim(None))
    assert held(told(holding, claim(None, TODAY - 30 * DAY))) == []


def test_what_the_source_names_no_more_was_over_by_yesterday() -> None:
    holding = told(NEW, claim())
    ended = holding.after(end_absent(act(), holding, today=TODAY))
    assert held(ended) == [(AUGUST, TODAY - DAY)]
    assert end_absent(act(), ended, today=TODAY) == []
    assert kinds(ended, claim()) == [EmploymentReopened], "it was only left out once"


def test_what_the_source_ends_on_a_day_ends_on_that_day() -> None:
    holding = told(NEW, claim())
    ended = holding.after(end_absent(act(), holding, today=TODAY, last_day=date(2024, 12, 20)))
    assert held(ended) == [(AUGUST, date(2024, 12, 20))]


@pytest.mark.parametrize("first_day", [TODAY, TODAY + DAY, JUNE])
def test_a_position_that_is_called_off_before_it_began_was_never_held(first_day: date) -> None:
    holding = told(NEW, claim(first_day))
    called_off = holding.after(end_absent(act(), holding, today=TODAY))
    assert held(called_off) == []
    assert not called_off.active_on(TODAY)
    revived = told(called_off, claim(first_day, terms=HALF))
    assert held(revived) == [(first_day, None)]
    assert terms_on(revived, first_day) == HALF


def test_the_first_event_of_a_span_starts_it() -> None:
    assert kinds(NEW, claim()) == [EmploymentStarted]
    assert kinds(told(NEW, claim()), claim(AUGUST + DAY)) == [EmploymentEnded, EmploymentStarted]
    replaced = kinds(told(told(NEW, claim()), claim(terms=HALF)), claim(AUGUST - DAY, terms=FULL))
    assert replaced == [EmploymentEnded, EmploymentStarted, EmploymentChanged, EmploymentChanged]


days = st.dates(date(2024, 1, 1), date(2024, 12, 31))


@st.composite
def claims(draw: st.DrawFn) -> Claim:
    first_day, last_day = draw(st.none() | days), draw(st.none() | days)
    if first_day and last_day and last_day < first_day:
        first_day, last_day = last_day, first_day
    fte = draw(st.none() | st.sampled_from([500, 1000]))
    return Claim(first_day, last_day, replace(TEACHER, fte_thousandths=fte))


files = st.lists(st.tuples(days, st.none() | claims()), max_size=6)


@for_all(files)
def test_whatever_files_say_one_after_the_other_the_log_follows(
    said: list[tuple[date, Claim | None]],
) -> None:
    """A file twice adds nothing; spans share no day; of today what the file says is so."""
    holding = NEW
    for today, one in sorted(said, key=lambda file: file[0]):
        if one is None:
            holding = holding.after(end_absent(act(), holding, today=today))
            assert not holding.active_on(today)
            assert end_absent(act(), holding, today=today) == []
            continue
        before = holding
        holding = told(holding, one, today)
        assert kinds(holding, one, today) == []
        spans = held(holding)
        assert all(last is not None and last < first for (_, last), (first, _) in pairwise(spans))
        if one.last_day is not None and one.last_day < today:
            assert not holding.active_on(today)
        elif one.first_day is not None and one.first_day <= today:
            assert terms_on(holding, today) is not None
        else:
            assert holding.active_on(today)
        if one.first_day is not None:
            for back in range(1, 30):
                day = one.first_day - timedelta(days=back)
                assert terms_on(holding, day) == terms_on(before, day), "earlier days keep theirs"
