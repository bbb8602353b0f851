"""Who held which position on which day: the dated facts that pay and credit rest on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Duty:
    """What a position is from a day on, until the next duty begins."""

    from_day: date
    role: str
    exempt: bool | None  # exempt from overtime under the FLSA; null: the source does not say
    school_id: UUID | None = None
    fte_thousandths: int | None = None  # null: the source does not say


@dataclass(frozen=True, slots=True)
class Employment:
    """One position held by one person: both named days are included, duties in order of days."""

    employment_id: UUID
    district_id: UUID
    first_day: date
    last_day: date | None
    duties: tuple[Duty, ...]  # the first begins on the first day at the latest
    positions: tuple[int, ...]  # the events in the log that made it what it is

    def duty_on(self, day: date) -> Duty | None:
        """What the position was on `day`; null when she did not hold it then."""
        if day < self.first_day or (self.last_day is not None and day > self.last_day):
            return None
        return next(duty for duty in reversed(self.duties) if duty.from_day <= day)

    def changed(self, duty: Duty, position: int) -> Employment:
        """The position after a change: it holds from its day on, whatever was said of later days.

        A correction that reaches back to the first day or before replaces all of it.
        """
        before = tuple(old for old in self.duties if old.from_day < duty.from_day)
        positions = (*self.positions, position)
        return replace(self, duties=(*before, duty), positions=positions)

    def ended(self, last_day: date | None, position: int) -> Employment:
        """The position once its last day is known, or once its end was taken back (null)."""
        return replace(self, last_day=last_day, positions=(*self.positions, position))
