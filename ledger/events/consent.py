"""Consents to be found: a teacher lets districts that look for holders find her.

A share shows one recipient a record; this lets whoever looks for a micro-credential learn that she
holds it. That a consent has expired is no event: its day is compared when somebody looks.
"""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Day, ZoneName

Audience = Literal["district", "any_district"]


class ConsentEvent(Event):
    """Stream: one person and one audience, whose key decides the stream's id."""

    person_id: UUID


class ConsentToBeFoundGiven(ConsentEvent):
    """She may be found by those who look for holders; the newest terms count."""

    TOPIC: ClassVar[str] = "consent.to-be-found-given.v1"

    audience: Audience
    district_id: UUID | None  # null: any district of this ledger
    zone: ZoneName
    expires_on: Day  # the first day on which nobody finds her by it


class ConsentToBeFoundWithdrawn(ConsentEvent):
    """From now on nobody finds her by it, whatever day is asked about."""

    TOPIC: ClassVar[str] = "consent.to-be-found-withdrawn.v1"
