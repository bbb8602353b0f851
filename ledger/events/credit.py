"""Credits: what somebody has earned elsewhere, as the district that saw the documents has it."""

from typing import ClassVar
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Day, Positive, Slug, VaultText, ZoneName


class CreditEvent(Event):
    """Stream: one credit of one person."""

    person_id: UUID
    district_id: UUID  # that recorded it and keeps the documents


class CreditRecorded(CreditEvent):
    """So much of one kind was earned: a course, a workshop, CEUs, a year of experience."""

    TOPIC: ClassVar[str] = "credit.recorded.v1"

    kind: Slug  # semester_hour, ceu, hour, … never converted here
    quantity_hundredths: Positive  # of its own kind
    category: Slug | None
    course: Slug | None  # the course or activity, as its provider numbers it
    begun_on: Day | None
    earned_on: Day  # completed: the day that counts
    zone: ZoneName
    approved_on: Day | None  # prior approval, where there was one
    exchanged_enrollment_id: UUID | None  # the award that a university or board gave it for
    documents: VaultText | None  # the transcript's reference


class CreditWithdrawn(CreditEvent):
    """The credit was recorded in error, or its provider took it back."""

    TOPIC: ClassVar[str] = "credit.withdrawn.v1"

    reason: Slug
    effective_on: Day
