"""Coaching: who coaches whom, and when they met. Whoever coaches her does not judge her work.

A coach of one enrollment alone is named there (`enrollment.coach-assigned.v1`).
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import Day, Slug, ZoneName

DAY_MINUTES = 24 * 60
Minutes = Annotated[int, Field(strict=True, ge=1, le=DAY_MINUTES)]


class CoachingEvent(Event):
    """Stream: one coach and one teacher, whose ids decide the stream's."""

    person_id: UUID  # who is coached
    coach_id: UUID
    district_id: UUID  # that arranged it


class CoachingBegun(CoachingEvent):
    """A coach is given to a teacher, whatever micro-credentials she earns meanwhile."""

    TOPIC: ClassVar[str] = "coaching.begun.v1"

    focus: Slug
    zone: ZoneName


class CoachingSessionLogged(CoachingEvent):
    """They met. Nothing is earned by it: what shows competency is what she hands in."""

    TOPIC: ClassVar[str] = "coaching.session-logged.v1"

    held_on: Day
    minutes: Minutes
    focus: Slug


class CoachingEnded(CoachingEvent):
    """What is handed in from now on, the coach may judge like anybody else."""

    TOPIC: ClassVar[str] = "coaching.ended.v1"

    reason: Slug
