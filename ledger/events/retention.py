"""What is kept for a court or an auditor, and what is forgotten: of a person, or of one file.

Reasons are codes from closed lists, for whatever anybody wrote here could never be taken back.
"""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Count, Day, ZoneName

HoldReason = Literal["litigation", "audit", "investigation", "records-request"]
LiftReason = Literal["matter-closed", "placed-by-mistake"]
ErasureReason = Literal[
    "subject-request",
    "court-order",
    "retention-ended",
    "recorded-by-mistake",
    "student-data",  # of a file
    "erased-before-restore",  # the log had lost it, the list beside the root keys had not
]
Ground = Literal["legal-hold", "employed", "payroll-retention", "under-review"]


class RetentionEvent(Event):
    """Stream: what is kept and forgotten of one person, or of one evidence file of hers."""

    person_id: UUID
    evidence_id: UUID | None  # null: of all that is kept about the person
    enrollment_id: UUID | None  # of the evidence


class HoldPlaced(RetentionEvent):
    """Nothing of it may be destroyed until this hold is lifted."""

    TOPIC: ClassVar[str] = "retention.hold-placed.v1"

    hold_id: UUID
    reason: HoldReason
    authority_id: UUID | None  # the district or issuer that asks for it; null: the operator


class HoldLifted(RetentionEvent):
    """The hold is over; others may still stand."""

    TOPIC: ClassVar[str] = "retention.hold-lifted.v1"

    hold_id: UUID
    reason: LiftReason


class ErasureRequested(RetentionEvent):
    """Somebody entitled to it asked that it be forgotten."""

    TOPIC: ClassVar[str] = "retention.erasure-requested.v1"

    reason: ErasureReason


class ErasureDeferred(RetentionEvent):
    """It may not be forgotten yet: why, and from which day on, where that is known."""

    TOPIC: ClassVar[str] = "retention.erasure-deferred.v1"

    grounds: tuple[Ground, ...]
    allowed_from: Day | None  # null: it depends on what people do
    zone: ZoneName


class ErasureWithdrawn(RetentionEvent):
    """The request was taken back before anything was destroyed."""

    TOPIC: ClassVar[str] = "retention.erasure-withdrawn.v1"


class ErasureBegun(RetentionEvent):
    """Nothing stands in the way: from here on keys are destroyed, and no hold comes in time."""

    TOPIC: ClassVar[str] = "retention.erasure-begun.v1"

    zone: ZoneName
    begun_on: Day


class ErasureConfirmed(RetentionEvent):
    """The keys are destroyed, and with them whatever they had encrypted, wherever copies are."""

    TOPIC: ClassVar[str] = "retention.erasure-confirmed.v1"

    key_id: UUID | None  # of the person's key; null: she had none, or only a file was forgotten
    texts: Count
    files: Count
    tombstones: Count  # numbers of source systems that will never lead to anybody again
