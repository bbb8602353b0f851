"""Who coaches a person and when they met, folded from her events: few, and looked at seldom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, assert_never, get_args
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyCoachingEvent
from ledger.events.coaching import CoachingBegun, CoachingEnded, CoachingSessionLogged
from projections.history import events_of
from projections.redirects import redirects

VIEWS = ("history", "employments")


@dataclass(frozen=True, slots=True)
class Session:
    """One meeting of a coach and a teacher."""

    held_on: date
    minutes: int
    focus: str


@dataclass(slots=True, kw_only=True)
class ShownCoaching:
    """One coach of hers, from a beginning to its end."""

    coach_id: UUID
    district_id: UUID
    focus: str
    position: int  # of its beginning
    begun_at: datetime
    ended_at: datetime | None = None
    sessions: list[Session] = field(default_factory=list)


def of_person(
    connection: Connection[Any], person_id: UUID, district_id: UUID, until: int
) -> list[ShownCoaching]:
    """What a district arranged for a person, as known at a position, the oldest first."""
    shown: list[ShownCoaching] = []
    open_: dict[UUID, ShownCoaching] = {}  # by stream
    meant = redirects(connection)
    for position, event in events_of(connection, person_id, "coaching", until=until):
        assert isinstance(event, get_args(AnyCoachingEvent)), "it is of this kind"
        if event.district_id == district_id:
            coach_id = meant.get(event.coach_id, event.coach_id)
            _fold(shown, open_, position, event, coach_id)
    return shown


def _fold(
    shown: list[ShownCoaching],
    open_: dict[UUID, ShownCoaching],
    position: int,
    event: AnyCoachingEvent,
    coach_id: UUID,
) -> None:
    stream = event.originator_id
    match event:
        case CoachingBegun():
            open_[stream] = ShownCoaching(
                coach_id=coach_id,
                district_id=event.district_id,
                focus=event.focus,
                position=position,
                begun_at=event.occurred_at,
            )
            shown.append(open_[stream])
        case CoachingSessionLogged():
            session = Session(event.held_on, event.minutes, event.focus)
            open_[stream].sessions.append(session)
        case CoachingEnded():
            open_[stream].ended_at = event.occurred_at
        case _:
            assert_never(event)
