"""When districts hand in what was earned, where an authority takes it at times of the year only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, MINYEAR, date
from typing import NamedTuple

from ledger.events.equivalency import UploadWindow
from ledger.rules.calendars import MONTHS_PER_YEAR, ONE_DAY, add_months


class Upload(NamedTuple):
    """The days of one window, both included."""

    first_day: date
    last_day: date


def upload_after(windows: Sequence[UploadWindow], day: date) -> Upload | None:
    """The window that is open on a day, or the next to open; null where there are no windows.

    Null as well at both ends of the calendar, where a year before or after it is no date.
    """
    if not MINYEAR < day.year < MAXYEAR - 1:
        return None
    ahead = [one for one in _around(windows, day.year) if one.last_day >= day]
    return min(ahead, default=None)


def _around(windows: Sequence[UploadWindow], year: int) -> Iterator[Upload]:
    """Every window that may be open in a year, or opens by the end of the next."""
    for begins in (year - 1, year, year + 1):
        for window in windows:
            first = date(begins, window.first_month, 1)
            months = (window.last_month - window.first_month) % MONTHS_PER_YEAR + 1
            yield Upload(first, add_months(first, months) - ONE_DAY)
