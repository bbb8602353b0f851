"""One position held by one person, on what terms from which day on.

A position that never took effect (announced and called off, or recorded under a wrong first day)
ends on the day before its first: an empty span, which holds on no day.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyEmploymentEvent
from ledger.events.employment import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentReopened,
    EmploymentStarted,
)

ONE_DAY = timedelta(days=1)


class EndedBeforeStartError(InvalidError):
    """A position cannot end before it began."""

    slug = "employment-ended-before-start"


class EmploymentOverlapsError(RuleError):
    """The person holds this position already on some of these days."""

    slug = "employment-overlaps"


class OutsideEmploymentError(RuleError):
    """The position is not held on this day."""

    slug = "outside-employment"


class EmploymentNotEndedError(RuleError):
    """No end of this position is known that could be taken back."""

    slug = "employment-not-ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what terms a position is held."""

    school_id: UUID | None
    role: str
    fte_thousandths: int | None = None
    exempt: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Employment(Aggregate):
    """One position held by one person."""

    person_id: UUID
    district_id: UUID
    zone: str
    first_day: date
    last_day: date | None
    dated_terms: tuple[tuple[date, Terms], ...]  # by the day each took effect, the newest last

    @property
    def never_held(self) -> bool:
        return self.last_day is not None and self.last_day < self.first_day

    def held_on(self, day: date) -> bool:
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)

    def held_from(self, day: date) -> bool:
        """Whether it is held on that day or on a later one."""
        return not self.never_held and (self.last_day is None or day <= self.last_day)

    def overlaps(self, first_day: date, last_day: date | None) -> bool:
        """Whether some day of this span lies in the other; a span without an end has no bound."""
        if self.never_held or (last_day is not None and last_day < first_day):
            return False
        begins_in_time = last_day is None or self.first_day <= last_day
        return begins_in_time and (self.last_day is None or first_day <= self.last_day)

    def terms_on(self, day: date) -> Terms:
        """The terms of that day; of the first day for any day before it."""
        in_force = [terms for effective_on, terms in self.dated_terms if effective_on <= day]
        return in_force[-1] if in_force else self.dated_terms[0][1]

    def change(self, act: Act, *, terms: Terms, effective_on: date) -> Sequence[AnyEmploymentEvent]:
        """Other terms from a day on; what was known for later days gives way to them."""
        if not self.held_on(effective_on):
            raise OutsideEmploymentError(
                f"the position is held from {self.first_day} to {self.last_day or 'now'}, "
                f"so nothing can change on {effective_on}"
            )
        if terms == self.terms_on(effective_on) == self.dated_terms[-1][1]:
            raise NothingChangesError(f"these are the terms on {effective_on} already")
        return [
            EmploymentChanged(
                **self.header(act),
                person_id=self.person_id,
                district_id=self.district_id,
                school_id=terms.school_id,
                role=terms.role,
                fte_thousandths=terms.fte_thousandths,
                exempt=terms.exempt,
                effective_on=effective_on,
            )
        ]

    def end(self, act: Act, *, last_day: date) -> Sequence[AnyEmploymentEvent]:
        """The last day is known, or known better than before."""
        if (self.first_day - last_day).days > 1:
            raise EndedBeforeStartError(
                f"the position began on {self.first_day}; it cannot have ended on {last_day}"
            )
        if last_day == self.last_day:
            raise NothingChangesError(f"the last day is {last_day} already")
        return [
            EmploymentEnded(
                **self.header(act),
                person_id=self.person_id,
                district_id=self.district_id,
                last_day=last_day,
            )
        ]

    def void(self, act: Act) -> Sequence[AnyEmploymentEvent]:
        """The position was never held on these days."""
        return self.end(act, last_day=self.first_day - ONE_DAY)

    def reopen(self, act: Act) -> Sequence[AnyEmploymentEvent]:
        """Take the end back: the position is held with no known last day."""
        if self.last_day is None:
            raise EmploymentNotEndedError("the position has no known last day")
        return [
            EmploymentReopened(
                **self.header(act), person_id=self.person_id, district_id=self.district_id
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyEmploymentEvent) -> Self:
        if state is None:
            assert isinstance(event, EmploymentStarted), "an employment begins by starting"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                person_id=event.person_id,
                district_id=event.district_id,
                zone=event.zone,
                first_day=event.first_day,
                last_day=event.last_day,
                dated_terms=((event.first_day, _terms_of(event)),),
            )
        state = state.at_version(event.originator_version)
        match event:
            case EmploymentStarted():
                raise AssertionError("an employment starts once")
            case EmploymentChanged(effective_on=effective_on):
                kept = tuple(known for known in state.dated_terms if known[0] < effective_on)
                return replace(state, dated_terms=(*kept, (effective_on, _terms_of(event))))
            case EmploymentEnded(last_day=last_day):
                return replace(state, last_day=last_day)
            case EmploymentReopened():
                return replace(state, last_day=None)
            case _:
                assert_never(event)


def start(
    stream: UUID,
    act: Act,
    *,
    person_id: UUID,
    district_id: UUID,
    zone: str,
    terms: Terms,
    first_day: date,
    last_day: date | None,
) -> Sequence[AnyEmploymentEvent]:
    """She takes up the position. `last_day` is itself a day of work."""
    if last_day is not None and last_day < first_day:
        raise EndedBeforeStartError(f"the last day {last_day} lies before the first {first_day}")
    return [
        EmploymentStarted(
            **first_header(stream, act),
            person_id=person_id,
            district_id=district_id,
            school_id=terms.school_id,
            role=terms.role,
            fte_thousandths=terms.fte_thousandths,
            exempt=terms.exempt,
            zone=zone,
            first_day=first_day,
            last_day=last_day,
        )
    ]


def check_no_overlap(
    spans: Iterable[Employment], *, first_day: date, last_day: date | None
) -> None:
    """Refuse a second span of one position while another covers some of its days."""
    for span in spans:
        if span.overlaps(first_day, last_day):
            raise EmploymentOverlapsError(
                f"this position is held from {span.first_day} to {span.last_day or 'now'} already"
            )


def _terms_of(event: EmploymentStarted | EmploymentChanged) -> Terms:
    return Terms(
        school_id=event.school_id,
        role=event.role,
        fte_thousandths=event.fte_thousandths,
        exempt=event.exempt,
    )
