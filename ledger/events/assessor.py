"""Assessor qualification: who may score which micro-credential, and on what ground."""

from typing import ClassVar
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Day, Percent, Slug


class AssessorEvent(Event):
    """Stream: one person's standing as assessor of one micro-credential."""

    person_id: UUID
    credential_id: UUID
    issuer_id: UUID


class AssessorAppointed(AssessorEvent):
    """The issuer appoints a founding assessor, for whom nobody could have scored before."""

    TOPIC: ClassVar[str] = "assessor.appointed.v1"

    reason: Slug


class AssessorQualified(AssessorEvent):
    """A holder of the micro-credential, calibrated against true scores, may assess it."""

    TOPIC: ClassVar[str] = "assessor.qualified.v1"

    enrollment_id: UUID  # whose award she holds
    agreement_percent: Percent  # of her scores with the true scores of the calibration set
    valid_until: Day | None


class AssessorWithdrawn(AssessorEvent):
    """She may no longer be assigned; what she has scored stands until it is reopened."""

    TOPIC: ClassVar[str] = "assessor.withdrawn.v1"

    reason: Slug
