"""The leaf of one row of the log, from the row's own bytes; what sealing and verifying rest on.

No event is decoded, and whatever was done to a row still has a leaf, a wrong one. The layout can
never change: golden leaves in the tests hold it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from struct import Struct, error
from typing import NamedTuple
from uuid import UUID

LEAF_PREFIX = 0x00  # RFC 6962: a leaf can never be taken for a node of the tree
LEAF_ALGORITHM = 0x01  # SHA-256 over the layout below; another layout takes the next number
NO_LEAF = bytes(32)  # of a row that no event can have; no row has this hash
# Prefix and algorithm one byte each, position, microseconds since 1970, command, stream, version
# and the length of the topic, which comes next.
HEAD = Struct(">BBQq16s16sQI")
LENGTH = Struct(">I")
POSTGRES_EPOCH_US = 946_684_800_000_000  # PostgreSQL counts from the year 2000
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class Row(NamedTuple):
    """One row of the log, as far as the seal covers it."""

    position: int
    recorded_us: int  # microseconds since 1970
    command: bytes
    stream: bytes
    version: int
    topic: bytes
    state: bytes

    @property
    def event_id(self) -> str:
        """How people name the event: its stream and its version there."""
        stream = UUID(bytes=self.stream) if self.stream else "no stream"
        return f"{stream}/{self.version}"


def unreadable(position: int) -> Row:
    """What stands for a row of which nothing can be read, or that holds nothing."""
    return Row(position, POSTGRES_EPOCH_US, *(None,) * 5)  # type: ignore[arg-type]  # as no event has it


def leaf_data(row: Row) -> bytes:
    """Everything of a row that its leaf is the hash of, numbers big-endian, lengths of 4 bytes.

    Raises struct.error and TypeError for a row that no event can have.
    """
    position, recorded_us, command, stream, version, topic, state = row
    start = LEAF_PREFIX, LEAF_ALGORITHM, position, recorded_us
    head = HEAD.pack(*start, command, stream, version, len(topic))
    return b"".join((head, topic, LENGTH.pack(len(state)), state))


def leaf(row: Row) -> bytes:
    """The leaf of a row, whatever was done to it."""
    try:
        return sha256(leaf_data(row)).digest()
    except (error, TypeError):
        return NO_LEAF


def microseconds(recorded_at: datetime) -> int:
    """An instant as a row has it: microseconds since 1970, exactly."""
    return (recorded_at - EPOCH) // MICROSECOND


def instant(recorded_us: int) -> datetime:
    """The instant that a row means."""
    return EPOCH + recorded_us * MICROSECOND


def leaves(rows: Sequence[Row]) -> bytes:
    """The leaves of many rows, side by side."""
    return b"".join(map(leaf, rows))
