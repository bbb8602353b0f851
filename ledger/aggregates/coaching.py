"""Coaching: begun, met about, ended; and what a coach may not judge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate
from ledger.aggregates.enrollment_refusals import ConflictOfInterestError
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyCoachingEvent
from ledger.events.coaching import CoachingBegun, CoachingEnded, CoachingSessionLogged
from ledger.values import local_date


class SessionOutsideCoachingError(InvalidError):
    """A session is held while somebody coaches her, on a day that has come."""

    slug = "session-outside-coaching"


class NotCoachingError(RuleError):
    """This coach does not coach this person now."""

    slug = "not-coaching"


@dataclass(frozen=True, kw_only=True)
class Coaching(Aggregate):
    """One coach and one teacher; nothing is said before the first event."""

    person_id: UUID
    coach_id: UUID
    district_id: UUID | None = None  # that arranged it last
    zone: str = "UTC"
    begun_at: datetime | None = None
    ended_at: datetime | None = None

    @classmethod
    def none_yet(cls, stream: UUID, person_id: UUID, coach_id: UUID) -> Self:
        return cls(id=stream, version=0, person_id=person_id, coach_id=coach_id)

    @property
    def active(self) -> bool:
        return self.begun_at is not None and self.ended_at is None

    def must_not_judge(self, handed_in_at: datetime | None) -> None:
        """Raises unless what was handed in then was handed in after the coaching ended."""
        if self.begun_at is None:
            return
        if self.ended_at is None or handed_in_at is None or handed_in_at <= self.ended_at:
            raise ConflictOfInterestError(f"{self.coach_id} coaches the earner, or did at the time")

    def begin(
        self, act: Act, *, district_id: UUID, focus: str, zone: str
    ) -> Sequence[AnyCoachingEvent]:
        """Raises ConflictOfInterestError, NothingChangesError."""
        if self.person_id == self.coach_id:
            raise ConflictOfInterestError("nobody coaches herself")
        if self.active:
            raise NothingChangesError(f"{self.coach_id} coaches her already")
        return [
            CoachingBegun(
                **self.header(act),
                person_id=self.person_id,
                coach_id=self.coach_id,
                district_id=district_id,
                focus=focus,
                zone=zone,
            )
        ]

    def log_session(
        self, act: Act, *, district_id: UUID, held_on: date, minutes: int, focus: str
    ) -> Sequence[AnyCoachingEvent]:
        """Raises NotCoachingError, SessionOutsideCoachingError."""
        begun_at = self._must_coach(district_id)
        first, last = local_date(begun_at, self.zone), local_date(act.at, self.zone)
        if not first <= held_on <= last:
            raise SessionOutsideCoachingError(f"{held_on} is not between {first} and {last}")
        return [
            CoachingSessionLogged(
                **self.header(act),
                person_id=self.person_id,
                coach_id=self.coach_id,
                district_id=district_id,
                held_on=held_on,
                minutes=minutes,
                focus=focus,
            )
        ]

    def end(self, act: Act, *, district_id: UUID, reason: str) -> Sequence[AnyCoachingEvent]:
        """Raises NotCoachingError."""
        self._must_coach(district_id)
        return [
            CoachingEnded(
                **self.header(act),
                person_id=self.person_id,
                coach_id=self.coach_id,
                district_id=district_id,
                reason=reason,
            )
        ]

    def _must_coach(self, district_id: UUID) -> datetime:
        if self.begun_at is None or not self.active or self.district_id != district_id:
            raise NotCoachingError(f"{self.coach_id} does not coach her for this district")
        return self.begun_at

    @classmethod
    def evolve(cls, state: Self | None, event: AnyCoachingEvent) -> Self:
        if state is None:
            state = cls.none_yet(event.originator_id, event.person_id, event.coach_id)
        state = state.at_version(event.originator_version)
        match event:
            case CoachingBegun(district_id=district_id, zone=zone, occurred_at=begun_at):
                return replace(
                    state, district_id=district_id, zone=zone, begun_at=begun_at, ended_at=None
                )
            case CoachingSessionLogged():
                return state
            case CoachingEnded(occurred_at=ended_at):
                return replace(state, ended_at=ended_at)
            case _:
                assert_never(event)
