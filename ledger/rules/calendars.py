"""Arithmetic of plain dates: an issuer's business days, months, and fiscal years.

A day here is a date on somebody's wall; whose wall is the caller's business.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Set as AbstractSet
from datetime import date, timedelta

SATURDAY = 5
MONTHS_PER_YEAR = 12
ONE_DAY = timedelta(days=1)


def is_business_day(day: date, holidays: AbstractSet[date]) -> bool:
    """Monday to Friday, and not one of the holidays."""
    return day.weekday() < SATURDAY and day not in holidays


def next_business_day(day: date, holidays: AbstractSet[date]) -> date:
    """The first business day after `day`."""
    day += ONE_DAY
    while not is_business_day(day, holidays):
        day += ONE_DAY
    return day


def due_on(start: date, business_days: int, holidays: AbstractSet[date]) -> date:
    """The last day of a span of business days whose first is the one after `start`.

    What is handed in on a Saturday or a holiday counts from the next business day as well.

    Source: docs/sources.md#reviews (14 business days from submission to the decision).
    """
    day = start
    for _ in range(business_days):
        day = next_business_day(day, holidays)
    return day


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last day where it is shorter.

    A year after 29 February is 28 February.
    """
    months_since_year_0 = day.year * MONTHS_PER_YEAR + day.month - 1 + months
    year, month = divmod(months_since_year_0, MONTHS_PER_YEAR)
    last_day = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last_day))


def fiscal_year(day: date, starts_month: int) -> int:
    """The fiscal year a day lies in, named by the calendar year in which it ends.

    With July as first month, 2024-07-01 and 2025-06-30 are both of fiscal year 2025.
    """
    begins_next = starts_month > 1 and day.month >= starts_month
    return day.year + 1 if begins_next else day.year


def fiscal_year_span(year: int, starts_month: int) -> tuple[date, date]:
    """The first and the last day of a fiscal year named by the calendar year in which it ends."""
    first = date(year - 1 if starts_month > 1 else year, starts_month, 1)
    return first, add_months(first, MONTHS_PER_YEAR) - ONE_DAY
