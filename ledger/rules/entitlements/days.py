"""The days a rule speaks of, found in the facts; a day nobody has said is an error of its own."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from ledger.rules.calendars import ONE_DAY, due_on
from ledger.rules.entitlements.facts import Calendar, FiscalYear, PayPeriod

EACH_YEAR = "--"


class MissingFactError(Exception):
    """A rule cannot answer yet: `reason` names the fact that nobody has recorded."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Days:
    """The named days of one thing that was earned, and the calendar they lie in."""

    earned: date
    calendar: Calendar
    named: Mapping[str, date]  # without `earned`

    def day(self, name: str) -> date:
        """The day a rule calls by this name.

        Raises:
            MissingFactError: nobody has recorded it, or the fiscal year is not in the calendar.
        """
        if name == "earned":
            return self.earned
        if name.startswith(EACH_YEAR):
            return each_year(name, fiscal_year_of(self.calendar, self.earned))
        if name[0].isdigit():
            return date.fromisoformat(name)
        if name not in self.named:
            raise MissingFactError(f"{name}_missing")
        return self.named[name]


def each_year(name: str, year: FiscalYear) -> date:
    """The day `--MM-DD` of a fiscal year, or the last day of that month where it is shorter."""
    month, day = int(name[2:4]), int(name[5:7])
    for calendar_year in (year.first_day.year, year.last_day.year):
        on = date(calendar_year, month, min(day, monthrange(calendar_year, month)[1]))
        if year.first_day <= on <= year.last_day:
            return on
    raise MissingFactError("calendar_missing")


def fiscal_year_of(calendar: Calendar, day: date) -> FiscalYear:
    """The fiscal year that holds the day, as the district set it."""
    for year in calendar.fiscal_years:
        if year.first_day <= day <= year.last_day:
            return year
    raise MissingFactError("calendar_missing")


def following_year(calendar: Calendar, year: FiscalYear) -> FiscalYear:
    """The fiscal year behind this one."""
    return fiscal_year_of(calendar, year.last_day + ONE_DAY)


def full_pay_periods_after(calendar: Calendar, day: date) -> tuple[PayPeriod, ...]:
    """The pay periods whose first day is behind the day, in order."""
    return tuple(period for period in calendar.pay_periods if period.first_day > day)


def last_day_of_span(
    calendar: Calendar, start: date, days: int, counting: str, first_day: int
) -> date:
    """The last day of a span that begins with `start`.

    With `first_day` 0 the start is day 0, so 90 days from 19 August end on 17 November; with 1 it
    is day 1, and they end on 16 November.

    Source: docs/sources.md#incentive-policies (a rule has to say which).
    """
    count = days - first_day
    if counting == "calendar":
        return start + timedelta(days=count)
    end = start + timedelta(days=2 * count + 30)
    holidays: set[date] = set()
    for year in range(start.year, end.year + 1):
        if year not in calendar.holidays:
            if year > start.year and due_on(start, count, holidays).year < year:
                break  # the span is over before that year begins
            raise MissingFactError("calendar_missing")
        holidays |= calendar.holidays[year]
    return due_on(start, count, holidays)
