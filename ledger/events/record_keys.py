"""Keys that sign portable records: which an issuer has, and which can no longer be relied on.

Public keys alone; the secret halves lie in the vault.
"""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Instant, ShortText

KeyAlgorithm = Literal["Ed25519", "ES256"]  # for documents, and for tokens


class RecordKeysEvent(Event):
    """Stream: the keys of one issuer."""

    issuer_id: UUID | None  # null: the ledger itself, which issues transcripts
    key: ShortText  # as the issuer's document names it


class RecordKeyAdded(RecordKeysEvent):
    """This key signs from now on."""

    TOPIC: ClassVar[str] = "record-keys.added.v1"

    key_id: UUID  # under which the vault keeps the secret half
    algorithm: KeyAlgorithm
    public_key: ShortText  # SubjectPublicKeyInfo (RFC 5280), base64url


class RecordKeyReplaced(RecordKeysEvent):
    """This key signs nothing more; what it signed goes on being proved by it."""

    TOPIC: ClassVar[str] = "record-keys.replaced.v1"


class RecordKeyCompromised(RecordKeysEvent):
    """Others may have had this key; nothing is proved by it any more."""

    TOPIC: ClassVar[str] = "record-keys.compromised.v1"

    since: Instant
