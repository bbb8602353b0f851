"""Shares: what a teacher lets others see of her record, for how long, and when she ends it.

That a share has expired is no event: its day is compared when somebody looks. What she calls
somebody who is not of this ledger lies in the vault; of a link the log has the digest alone.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import Day, Sha256, Slug, VaultText, ZoneName

SharePart = Literal["awards", "hours", "scores", "evidence"]
RecipientKind = Literal["district", "issuer", "link"]


class ShareEvent(Event):
    """Stream: one share of one person."""

    person_id: UUID


class ShareGranted(ShareEvent):
    """She lets a recipient see parts of her record, for a purpose and until a day."""

    TOPIC: ClassVar[str] = "share.granted.v1"

    recipient_kind: RecipientKind
    recipient_id: UUID | None  # the district or issuer; null: whoever has the link
    recipient: VaultText | None  # what she calls whoever gets the link
    secret_sha256: Sha256 | None  # of the secret in the link, 256 random bits
    scope: tuple[SharePart, ...] = Field(min_length=1)
    enrollment_ids: tuple[UUID, ...]  # which awards; none is named: all, also later ones
    purpose: Slug
    zone: ZoneName
    expires_on: Day  # the first day on which it is no longer shown


class ShareRevoked(ShareEvent):
    """She ended it; from now on there is nothing to see."""

    TOPIC: ClassVar[str] = "share.revoked.v1"
