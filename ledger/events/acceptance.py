"""Acceptances: what one district lets an award of others count for, as a decision of its own.

It binds no other district. What it comes to in units follows from equivalency rules, once, from the
kind and the quantity that the district accepted.
"""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Day, Positive, Slug, ZoneName

AcceptanceOutcome = Literal["accepted", "partly_accepted", "declined"]


class AcceptanceEvent(Event):
    """Stream: one award from elsewhere in one district."""

    person_id: UUID
    district_id: UUID


class AcceptanceDecided(AcceptanceEvent):
    """The district accepted the award, or a part of it, or declined it; the newest counts."""

    TOPIC: ClassVar[str] = "acceptance.decided.v1"

    record_id: UUID
    item_id: UUID
    outcome: AcceptanceOutcome
    reason: Slug
    kind: Slug  # micro_credential, ceu, hour, …
    quantity_hundredths: Positive  # of its own kind: what is accepted, or what was declined
    category: Slug | None
    earned_on: Day
    expires_on: Day | None
    zone: ZoneName


class AcceptancePutUnderReview(AcceptanceEvent):
    """What was accepted is in question from a day on, and counts for nothing until decided anew."""

    TOPIC: ClassVar[str] = "acceptance.put-under-review.v1"

    reason: Slug
    effective_on: Day
