"""One review: its seats, who acts next, and the clock that counts business days to a decision.

The clock starts when an attempt is handed in, stands while it is with the teacher for completion
or held for integrity, and goes on with what was left. How many days there are is fixed by the
issuer's terms at the time of submission; when the issuer changes its holidays, the day on which a
running clock ends is counted anew, and what was counted before a stop stays counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Literal, TypedDict
from uuid import UUID

from ledger.events.enrollment import CriterionScore
from ledger.rules.calendars import due_on, is_business_day

State = Literal[
    "draft",
    "in_review",
    "recommended",
    "returned",
    "held",
    "not_yet",
    "awarded",
    "revoked",
    "withdrawn",
]
Actor = Literal["teacher", "assessor", "adjudicator", "approver", "nobody"]
FIRST_SEAT, SECOND_SEAT, ADJUDICATOR_SEAT = 1, 2, 3


class Seat(TypedDict):
    """A place at the review. What passed is for nobody's eyes until both seats have scored."""

    seat: int
    assessor_id: str
    lapses_on: str
    passed: list[str] | None  # the criteria met, in order of name; null until scored


@dataclass(slots=True, kw_only=True)
class Calendar:
    """How one issuer counts its days."""

    issuer_id: UUID
    business_days: int
    holidays: list[date] = field(default_factory=list)
    recount: bool = False

    def set_holidays(self, year: int, holidays: Iterable[date]) -> None:
        """Replace one year's; clocks that run have to be looked at again."""
        others = (day for day in self.holidays if day.year != year)
        self.holidays = sorted({*others, *holidays})
        self.recount = True

    def due_on(self, day: date, business_days: int) -> date:
        """The last of so many business days, of which the first is the one after `day`."""
        return _due_on(day, business_days, tuple(self.holidays))

    def days_between(self, after: date, to: date) -> int:
        """How many business days lie after one day and up to another."""
        holidays = frozenset(self.holidays)
        span = (after + timedelta(days=n) for n in range(1, (to - after).days + 1))
        return sum(is_business_day(day, holidays) for day in span)


@dataclass(slots=True, kw_only=True)
class Review:
    """The review of one enrollment, over all its attempts."""

    enrollment_id: UUID
    person_id: UUID
    credential_id: UUID
    credential_version: int
    issuer_id: UUID
    state: State = "draft"
    attempt: int = 0
    acts_next: Actor = "teacher"
    appeal_open: bool = False
    submitted_on: date | None = None
    zone: str | None = None
    seats: list[Seat] = field(default_factory=list)
    open_assessors: list[UUID] = field(default_factory=list)
    days_left: int | None = None
    clock_from: date | None = None
    due_on: date | None = None
    position: int

    def start_clock(self, calendar: Calendar, day: date, business_days: int) -> None:
        """Count so many business days, the first being the one after `day`."""
        self.days_left, self.clock_from = business_days, day
        self.due_on = calendar.due_on(day, business_days)

    def stop_clock(self, calendar: Calendar, day: date) -> None:
        """Keep what is left; less than nothing when the review was late already."""
        assert self.clock_from is not None
        assert self.days_left is not None, "a clock that runs has days"
        self.days_left -= calendar.days_between(self.clock_from, day)
        self.clock_from = self.due_on = None

    def close(self, state: State) -> None:
        """There is nothing left to wait for, and nobody sits at it any longer."""
        self.state, self.seats, self.appeal_open = state, [], False
        self.days_left = self.clock_from = self.due_on = None

    def take_seat(self, seat: int, assessor_id: UUID, lapses_on: date) -> None:
        self.seats.append(
            Seat(
                seat=seat,
                assessor_id=str(assessor_id),
                lapses_on=lapses_on.isoformat(),
                passed=None,
            )
        )

    def leave_seat(self, seat: int) -> None:
        """The seat is free again, and a recommendation that rested on it is gone."""
        self.seats = [taken for taken in self.seats if taken["seat"] != seat]
        if self.state == "recommended":
            self.state = "in_review"

    def score(self, seat: int, scores: Iterable[CriterionScore]) -> None:
        (taken,) = [taken for taken in self.seats if taken["seat"] == seat]
        taken["passed"] = sorted([score.criterion for score in scores if score.met])

    def settle(self) -> None:
        """Say who acts next and whose scores are missing, after changes."""
        waiting = self.state == "in_review"
        self.open_assessors = [
            UUID(seat["assessor_id"]) for seat in self.seats if waiting and seat["passed"] is None
        ]
        self.acts_next = self._acts_next()

    def _acts_next(self) -> Actor:
        if self.appeal_open or self.state in {"recommended", "held"}:
            return "approver"
        if self.state in {"draft", "returned", "not_yet"}:
            return "teacher"
        if self.state != "in_review":
            return "nobody"
        passed = {seat["seat"]: seat["passed"] for seat in self.seats}
        first, second = passed.get(FIRST_SEAT), passed.get(SECOND_SEAT)
        if first is None or second is None:
            return "assessor"
        settled = first == second or passed.get(ADJUDICATOR_SEAT) is not None
        return "approver" if settled else "adjudicator"


@lru_cache(maxsize=10_000)
def _due_on(day: date, business_days: int, holidays: tuple[date, ...]) -> date:
    """Most of a day's submissions to an issuer are due on the same day."""
    return due_on(day, business_days, frozenset(holidays))
