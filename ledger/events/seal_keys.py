"""Keys that sign the log's checkpoints, and forks: which key counts up to where, and by whose word.

Public keys alone. What a checkpoint covers can be checked without these events; they say, inside
what is witnessed, when a key began and ended and that a loss was owned up to by two people.
"""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import Sha256, ShortText

LogSize = Annotated[int, Field(strict=True, ge=0, le=2**53)]  # in events
Retirement = Literal["rotated", "compromised", "forked"]
ForkReason = Literal["restored_backup", "storage_lost", "history_diverged"]


class SealKeysEvent(Event):
    """Stream: the keys of the seal, one stream in a ledger."""

    origin: ShortText  # the name of the log, in which the key signs


class SealKeyAdded(SealKeysEvent):
    """This key signs checkpoints larger than the size."""

    TOPIC: ClassVar[str] = "seal-keys.added.v1"

    public_key: ShortText  # as `name+id+key`, a vkey of signed notes
    after_size: LogSize


class SealKeyRetired(SealKeysEvent):
    """This key signs nothing beyond the size; whatever it has signed up to there still counts."""

    TOPIC: ClassVar[str] = "seal-keys.retired.v1"

    public_key: ShortText
    until_size: LogSize
    reason: Retirement


class ForkEvent(SealKeysEvent):
    """The log lost sealed events and is to go on from a checkpoint that is left, by a new name."""

    new_origin: ShortText
    common_size: LogSize  # of the checkpoint, up to which old proofs still hold
    common_root: Sha256
    signed_size: LogSize  # of the largest checkpoint known to have been signed before the loss
    reason: ForkReason


class ForkRequested(ForkEvent):
    """One operator asks for it. Another has to ask for the same; until then nothing changes."""

    TOPIC: ClassVar[str] = "seal-keys.fork-requested.v1"


class LogForked(ForkEvent):
    """A second operator has asked for the same: the log goes on by its new name."""

    TOPIC: ClassVar[str] = "seal-keys.log-forked.v1"

    new_public_key: ShortText
    requested_by: UUID
    confirmed_by: UUID
