"""Portable records: an award as a signed document that she carries away.

The document itself lies in the vault under her key. Its stream is named by the issuer, the status
list and the place in it, so that no two records can have the same place.
"""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import Instant, Positive, Sha256, ShortText

StatusIndex = Annotated[int, Field(strict=True, ge=0, le=131_071)]  # drawn by chance
ReissueReason = Literal["key_compromised", "key_replaced"]


class RecordEvent(Event):
    """Stream: one award's record, by its place in a status list of its issuer."""

    person_id: UUID
    enrollment_id: UUID  # the award
    issuer_id: UUID
    key: ShortText  # as the issuer's document names the key that signed the document
    token_key: ShortText  # and the one that signed it as a token
    valid_from: Instant  # of this issue: of two the newer holds
    ciphertext_sha256: Sha256  # of what the vault stored, so that a later swap is seen


class RecordIssued(RecordEvent):
    """The award is there as a signed document, and has a place in a status list for ever."""

    TOPIC: ClassVar[str] = "record.issued.v1"

    list_number: Positive
    status_index: StatusIndex


class RecordReissued(RecordEvent):
    """The same record, signed by another key. Its id and its place stay."""

    TOPIC: ClassVar[str] = "record.reissued.v1"

    reason: ReissueReason
