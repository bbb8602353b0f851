"""How long records must be kept, as dated facts with their sources, and what follows from them.

Source: docs/sources.md#retention.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from ledger.events.retention import Ground

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """So many years, for what was paid from one day on until the next period begins."""

    first_day: date
    years: int
    source: str


# Years that employment tax records are kept after the return of the fourth quarter was due.
PAYROLL: Sequence[Period] = (Period(date(2004, 4, 1), 4, "26 CFR 31.6001-1(e)(2)"),)
RETURN_DUE_MONTH, RETURN_DUE_DAY = 1, 31  # of the year after; Form 941, fourth quarter


@dataclass(frozen=True, slots=True)
class Employed:
    """The days of one position; both are included, null means that no end is known."""

    first_day: date
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why something may not be destroyed yet, and the first day on which it may."""

    grounds: tuple[Ground, ...]
    allowed_from: date | None  # null: nobody can tell yet

    def __bool__(self) -> bool:
        return bool(self.grounds)


NOTHING = Hindrance((), None)


def payroll_kept_until(last_paid_day: date) -> date:
    """The last day on which the payroll records of a payment on that day must still be there."""
    begun = [period for period in PAYROLL if period.first_day <= last_paid_day]
    period = begun[-1] if begun else PAYROLL[0]
    year = last_paid_day.year + 1 + period.years
    return date(year, RETURN_DUE_MONTH, RETURN_DUE_DAY)


def person_hindrance(
    positions: Iterable[Employed], *, paid_until: date | None, today: date
) -> Hindrance:
    """What keeps a person from being forgotten: that she works here, and what she was paid.

    Args:
        positions: Every position that she ever held, in any district.
        paid_until: The last day on which anything is or was payable to her beside her salary.
        today: In the zone in which she works.
    """
    held = list(positions)
    if any(position.last_day is None for position in held):
        return Hindrance(("employed",), None)
    last_days = [position.last_day for position in held if position.last_day is not None]
    grounds: list[Ground] = []
    if last_days and max(last_days) >= today:
        grounds.append("employed")
    last_paid_days = [*last_days, *([paid_until] if paid_until else [])]
    if not last_paid_days:
        return NOTHING
    kept_until = payroll_kept_until(max(last_paid_days))
    if kept_until >= today:
        grounds.append("payroll-retention")
    return Hindrance(tuple(grounds), kept_until + ONE_DAY) if grounds else NOTHING


def evidence_hindrance(
    *, reviewed: bool, appeal_possible_until: date | None, today: date
) -> Hindrance:
    """What keeps a file from being forgotten: a decision that rests on it and is not final."""
    if reviewed:
        return Hindrance(("under-review",), None)
    if appeal_possible_until is not None and appeal_possible_until >= today:
        return Hindrance(("under-review",), appeal_possible_until + ONE_DAY)
    return NOTHING


def with_hold(hindrance: Hindrance) -> Hindrance:
    """The same under a legal hold, whose end nobody knows."""
    return Hindrance(("legal-hold", *hindrance.grounds), None)
