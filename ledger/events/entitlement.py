"""What people decide about one entitlement to pay; what it comes to is derived, and no event."""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.batch import LineKind, OriginalLine
from ledger.events.payroll import PayrollEvent, Position
from ledger.values import Cents, Day, Positive, ShortText, SignedCents, stream_id

HoldReason = Literal["documents", "dispute", "audit", "employment", "hourly_staff", "data_quality"]
WriteOffReason = Literal["deceased", "uncollectible", "below_cost", "settled", "board_decision"]


def entitlement_stream(entitlement_id: UUID) -> UUID:
    """The stream of what was decided about an entitlement."""
    return stream_id("entitlement", entitlement_id)


class EntitlementEvent(PayrollEvent):
    """Stream: what was decided about one entitlement of one person."""

    entitlement_id: UUID
    person_id: UUID


class EntitlementHeld(EntitlementEvent):
    """It enters no batch until it is released."""

    TOPIC: ClassVar[str] = "entitlement.held.v1"

    reason: HoldReason


class EntitlementReleased(EntitlementEvent):
    """It may enter a batch again."""

    TOPIC: ClassVar[str] = "entitlement.released.v1"


class EntitlementApproved(EntitlementEvent):
    """Somebody approved this amount, where the district's terms ask for that."""

    TOPIC: ClassVar[str] = "entitlement.approved.v1"

    amount_cents: Cents


class CorrectionAdopted(EntitlementEvent):
    """A person adopted the difference between what is owed and what was closed, as a line."""

    TOPIC: ClassVar[str] = "entitlement.correction-adopted.v1"

    correction: Positive  # the first of the entitlement is 1
    line_id: UUID
    kind: LineKind
    amount_cents: SignedCents
    policy_id: UUID
    policy_version: Positive
    subject_id: UUID
    earned_on: Day
    original: OriginalLine
    owed_cents: SignedCents  # as it followed from the log through the position
    closed_cents: SignedCents  # in batches, with the corrections adopted before
    through_position: Position


class LineReleased(EntitlementEvent):
    """A line that payroll passed over may enter the next batch again."""

    TOPIC: ClassVar[str] = "entitlement.line-released.v1"

    line_id: UUID
    attempt: Positive


class LineWrittenOff(EntitlementEvent):
    """What a line would have brought is given up, on a board's authority."""

    TOPIC: ClassVar[str] = "entitlement.line-written-off.v1"

    line_id: UUID
    attempt: Positive
    amount_cents: SignedCents
    reason: WriteOffReason
    board_reference: ShortText
