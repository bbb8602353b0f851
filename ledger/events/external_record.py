"""Records from elsewhere: awards of others that a person brought, as the ledger could check them.

The words of a record stay in the vault under the person's key. The log knows what was found out,
and an issuer by a digest; by its name only where the district named it as one that it trusts.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import Day, HmacSha256, ShortText, Slug, Value, VaultText, ZoneName


class ItemFindings(Value):
    """What could be found out about one award."""

    item_id: UUID
    standing: Literal["external_verified", "self_asserted"]
    reason: Slug | None  # why nobody could check it
    trust: Literal["trusted", "unconfirmed", "untrusted"]  # of its issuer, by the district's list
    status: Literal["active", "revoked", "expired", "unlisted", "unknown"]
    status_reason: Slug | None


class ExternalItem(ItemFindings):
    """One award of a record."""

    issuer_hmac: HmacSha256
    issuer_id: ShortText | None  # of an organization that the district named
    earned_on: Day
    expires_on: Day | None  # the first day on which it no longer holds
    holder: Literal[
        "matched", "unmatched", "unstated"
    ]  # whether it names her, as she is known here


class ExternalRecordEvent(Event):
    """Stream: one record of one person, named by its bytes."""

    person_id: UUID


class ExternalRecordImported(ExternalRecordEvent):
    """The record was read and not refused. Its bytes are kept as they came."""

    TOPIC: ClassVar[str] = "external-record.imported.v2"

    district_id: UUID | None  # that received it; null: she keeps it for herself
    kind: Literal["open_badge_3", "learner_record_2", "open_badge_2", "document"]
    carrier: Literal["json", "token", "png", "bundle", "pdf"]
    document: VaultText
    title: VaultText | None  # where it does not say so itself: of a document, or told elsewhere
    zone: ZoneName
    items: tuple[ExternalItem, ...] = Field(min_length=1)


class ExternalRecordRechecked(ExternalRecordEvent):
    """Its issuers were asked again, and these awards stand otherwise than before."""

    TOPIC: ClassVar[str] = "external-record.rechecked.v1"

    district_id: UUID
    items: tuple[ItemFindings, ...] = Field(min_length=1)
