"""Keys of the vault that were exchanged. Ids alone, never a key.

A root key wraps the ledger's own keys, a tenant key the keys of persons. Exchanging one wraps anew
what it wrapped; nothing that anybody wrote is encrypted again.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from ledger.events.base import Event
from ledger.values import ShortText

Level = Literal["root", "tenant"]
# A tenant key wraps as many keys as there are persons.
KeyCount = Annotated[int, Field(strict=True, ge=0, le=2**53)]


class VaultKeysEvent(Event):
    """Stream: the keys of the vault."""

    level: Level
    key_id: ShortText  # as whoever keeps the key names it


class KeyRotationBegun(VaultKeysEvent):
    """This key wraps from now on; what older ones wrapped is being wrapped anew."""

    TOPIC: ClassVar[str] = "vault-keys.rotation-begun.v1"


class KeyRotationCompleted(VaultKeysEvent):
    """Everything is wrapped by this key, and nothing by an older one."""

    TOPIC: ClassVar[str] = "vault-keys.rotation-completed.v1"

    keys_wrapped: KeyCount


class KeyDropped(VaultKeysEvent):
    """This key wraps nothing any more and is destroyed; no backup that it wraps can be opened."""

    TOPIC: ClassVar[str] = "vault-keys.dropped.v1"
