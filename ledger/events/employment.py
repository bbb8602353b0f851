"""Employment: who worked for which district, as what, from when to when.

One stream for each position that a source system names, so two half positions are two streams.
"""

from typing import ClassVar
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Day, Flag, FteThousandths, Slug, ZoneName


class EmploymentEvent(Event):
    """Stream: one position held by one person."""

    person_id: UUID
    district_id: UUID


class EmploymentStarted(EmploymentEvent):
    """She took up the position. Both named days are days in the district's zone."""

    TOPIC: ClassVar[str] = "employment.started.v1"

    school_id: UUID | None
    role: Slug  # OneRoster's words: teacher, principal, aide, …
    fte_thousandths: FteThousandths | None  # null: the source does not say
    exempt: Flag | None  # exempt from overtime under the FLSA; null: the source does not say
    zone: ZoneName
    first_day: Day
    last_day: Day | None


class EmploymentChanged(EmploymentEvent):
    """The position changed from a day on; what held before that day still holds for it."""

    TOPIC: ClassVar[str] = "employment.changed.v1"

    school_id: UUID | None
    role: Slug
    fte_thousandths: FteThousandths | None
    exempt: Flag | None
    effective_on: Day


class EmploymentEnded(EmploymentEvent):
    """The last day is known."""

    TOPIC: ClassVar[str] = "employment.ended.v1"

    last_day: Day


class EmploymentReopened(EmploymentEvent):
    """The source took its end date back: the position is held with no known last day."""

    TOPIC: ClassVar[str] = "employment.reopened.v1"
