"""Business days, months and fiscal years."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.calendars import (
    add_months,
    due_on,
    fiscal_year,
    fiscal_year_span,
    is_business_day,
    next_business_day,
)

THANKSGIVING = frozenset({date(2024, 11, 28), date(2024, 11, 29)})
DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
HOLIDAYS = st.frozensets(st.dates(date(2024, 1, 1), date(2024, 12, 31)), max_size=40)


@pytest.mark.parametrize(
    ("start", "business_days", "holidays", "due"),
    [
        (date(2024, 11, 18), 14, THANKSGIVING, date(2024, 12, 10)),
        (date(2024, 11, 18), 14, frozenset({date(2024, 11, 28)}), date(2024, 12, 9)),
        (date(2021, 8, 6), 5, frozenset(), date(2021, 8, 13)),
        (date(2021, 9, 3), 5, frozenset({date(2021, 9, 6)}), date(2021, 9, 13)),
        (date(2024, 3, 1), 15, frozenset(), date(2024, 3, 22)),
        (date(2024, 11, 16), 1, frozenset(), date(2024, 11, 18)),
        (date(2024, 11, 16), 0, frozenset(), date(2024, 11, 16)),
    ],
)
def test_a_span_of_business_days_begins_on_the_one_after_the_start(
    start: date, business_days: int, holidays: frozenset[date], due: date
) -> None:
    assert due_on(start, business_days, holidays) == due


@given(DAYS, st.integers(1, 60), HOLIDAYS)
def test_a_due_day_is_a_business_day_and_the_days_between_add_up(
    start: date, business_days: int, holidays: frozenset[date]
) -> None:
    due = due_on(start, business_days, holidays)
    between = [start + timedelta(n) for n in range(1, (due - start).days + 1)]
    assert is_business_day(due, holidays)
    assert sum(is_business_day(day, holidays) for day in between) == business_days


@given(DAYS, HOLIDAYS)
def test_one_business_day_after_is_the_next_one(start: date, holidays: frozenset[date]) -> None:
    assert next_business_day(start, holidays) == due_on(start, 1, holidays)


def test_a_saturday_a_sunday_and_a_holiday_are_no_business_days() -> None:
    week = [date(2024, 11, 25) + timedelta(n) for n in range(7)]
    assert [is_business_day(day, THANKSGIVING) for day in week] == [True] * 3 + [False] * 4


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2023, 1, 31), 1, date(2023, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 11, 18), 0, date(2024, 11, 18)),
        (date(2024, 11, 18), 1, date(2024, 12, 18)),
        (date(2024, 11, 18), 2, date(2025, 1, 18)),
        (date(2024, 12, 31), 60, date(2029, 12, 31)),
    ],
)
def test_months_are_added_within_the_length_of_the_month(
    day: date, months: int, later: date
) -> None:
    assert add_months(day, months) == later


@pytest.mark.parametrize(
    ("day", "starts_month", "year"),
    [
        (date(2024, 6, 30), 7, 2024),
        (date(2024, 7, 1), 7, 2025),
        (date(2025, 6, 30), 7, 2025),
        (date(2024, 1, 1), 1, 2024),
        (date(2024, 12, 31), 1, 2024),
        (date(2024, 12, 31), 12, 2025),
    ],
)
def test_a_fiscal_year_is_named_by_the_year_in_which_it_ends(
    day: date, starts_month: int, year: int
) -> None:
    assert fiscal_year(day, starts_month) == year


@given(DAYS, st.integers(1, 12))
def test_a_day_lies_within_the_span_of_its_fiscal_year(day: date, starts_month: int) -> None:
    first, last = fiscal_year_span(fiscal_year(day, starts_month), starts_month)
    assert first <= day <= last
    assert first.day == 1
    assert add_months(first, 12) == last + timedelta(1)


def test_the_span_of_a_fiscal_year_has_both_its_ends() -> None:
    assert fiscal_year_span(2025, 7) == (date(2024, 7, 1), date(2025, 6, 30))
    assert fiscal_year_span(2025, 1) == (date(2025, 1, 1), date(2025, 12, 31))
