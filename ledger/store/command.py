"""A command on its way into the log: packed by its caller, decided by whoever leads the door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from threading import Lock
from typing import NamedTuple
from uuid import UUID

from eventsourcing.persistence import IntegrityError, StoredEvent

from ledger.errors import ConflictError, InvalidError
from ledger.store import wire
from ledger.store.link import Row

EVENTS_MAX = 1_000  # of a command and of a group: more would hold up all others for too long
BYTES_MAX = 4_194_304
HASH_BYTES = 32
Read = tuple[UUID, int]


class CommandStored(ConflictError):  # noqa: N818 - a fact the caller answers by, no failure
    """This command has happened already."""

    slug = "command-stored"

    def __init__(self, command_id: UUID) -> None:
        super().__init__(f"command {command_id} has happened already", command_id=command_id)


class StreamMoved(ConflictError, IntegrityError):  # noqa: N818 - a fact, and reason to decide anew
    """Somebody else has written to this stream first."""

    slug = "stream-moved"

    def __init__(self, command_id: UUID) -> None:
        super().__init__(
            f"a stream that command {command_id} writes to has moved", command_id=command_id
        )


class ReadMoved(ConflictError):  # noqa: N818 - a fact, and reason to decide anew
    """Something this command rests on has changed since it was read."""

    slug = "read-moved"

    def __init__(self, command_id: UUID) -> None:
        super().__init__(
            f"a stream that command {command_id} rests on has moved", command_id=command_id
        )


class CommandTooLargeError(InvalidError):
    """The command is too large to be appended at once."""

    slug = "command-too-large"


COLUMN_TYPES = (
    wire.UUID_TYPE,
    wire.BIGINT,
    wire.TEXT,
    wire.BYTEA,
    wire.UUID_TYPE,
    wire.INTEGER,
    wire.BYTEA,
    wire.UUID_TYPE,
    wire.UUID_TYPE,
    wire.BIGINT,
)
STATES, READS = 3, 7  # the column of the states, and the first one of the reads
BODY_HASH, POSITION, RECORDED_AT = 4, 5, 6  # in a row of the statement `command`
REFUSALS: dict[str, type[CommandStored | StreamMoved | ReadMoved]] = {
    "command": CommandStored,
    "version": StreamMoved,
    "read": ReadMoved,
}


class Stored(NamedTuple):
    """Where the events of a command are in the log, all in one piece, and since when."""

    first_position: int
    last_position: int
    recorded_at: datetime


class Command:
    """The events of one command, packed column by column, and what becomes of them."""

    __slots__ = (
        "abandoned",
        "called",
        "columns",
        "count",
        "id",
        "leads",
        "led",
        "outcome",
        "read_count",
        "reads",
        "size_bytes",
        "writes",
    )

    def __init__(
        self,
        events: Sequence[StoredEvent],
        command_id: UUID,
        body_hash: bytes,
        reads: Sequence[Read] = (),
    ) -> None:
        """Pack a command. Raises CommandTooLargeError.

        Args:
            events: Each follows the last one of its stream.
            command_id: Makes the command happen at most once.
            body_hash: 32 bytes that tell what was asked under this id.
            reads: Other streams that the decision rests on, with the versions seen; 0 for a
                stream that did not exist.
        """
        assert events, "a command without events changes nothing"
        assert len(body_hash) == HASH_BYTES, "a body hash has 32 bytes"
        self.id = command_id
        self.count = len(events)
        self.read_count = len(reads)
        self.columns = (
            *_pack_events(events, command_id, body_hash),
            *_pack_reads(reads, command_id),
        )
        self.size_bytes = len(self.columns[STATES])
        if self.count > EVENTS_MAX or self.size_bytes > BYTES_MAX:
            raise CommandTooLargeError(
                f"the command has {self.count} events of {self.size_bytes} bytes together; at most"
                f" {EVENTS_MAX} events and {BYTES_MAX} bytes are appended at once"
            )
        self.writes: set[UUID | str] = {event.originator_id for event in events}
        self.reads: set[UUID | str] = {stream for stream, _ in reads}
        self.outcome: Stored | Exception | None = None
        self.leads = False  # its thread has the door
        self.led: Sequence[Command] = ()  # the group its thread has landed
        self.abandoned = False  # its thread is gone
        self.called = Lock()  # released once its thread has to act: it leads, or it is decided
        self.called.acquire()

    def call(self) -> None:
        """Wake the thread that waits."""
        if self.called.locked():
            self.called.release()

    def result(self) -> Stored:
        """What became of it, in the thread of its caller."""
        if isinstance(self.outcome, Stored):
            return self.outcome
        assert self.outcome is not None, "a command was called before it was decided"
        raise self.outcome

    def is_same_as(self, rows: Sequence[Row]) -> bool:
        """Whether these rows, found under its id, are what it wanted to store."""
        events = [StoredEvent(*row[:BODY_HASH]) for row in rows]
        return _pack_events(events, self.id, rows[0][BODY_HASH]) == self.columns[:READS]


def pack_group(commands: Sequence[Command]) -> list[bytes | None]:
    """The parameters of ledger_append for a group of commands."""
    events = sum(command.count for command in commands)
    reads = sum(command.read_count for command in commands)
    return [
        wire.array(
            type_id,
            b"".join([command.columns[column] for command in commands]),
            events if column < READS else reads,
        )
        for column, type_id in enumerate(COLUMN_TYPES)
    ]


def _pack_events(
    events: Sequence[StoredEvent], command_id: UUID, body_hash: bytes
) -> tuple[bytes, ...]:
    count = len(events)
    return (
        b"".join([wire.uuid_element(event.originator_id) for event in events]),
        b"".join([wire.bigint_element(event.originator_version) for event in events]),
        b"".join([wire.element(event.topic.encode()) for event in events]),
        b"".join([wire.element(event.state) for event in events]),
        wire.uuid_element(command_id) * count,
        b"".join([wire.integer_element(index) for index in range(count)]),
        wire.element(body_hash) + wire.NULL * (count - 1),
    )


def _pack_reads(reads: Sequence[Read], command_id: UUID) -> tuple[bytes, ...]:
    return (
        wire.uuid_element(command_id) * len(reads),
        b"".join([wire.uuid_element(stream) for stream, _ in reads]),
        b"".join([wire.bigint_element(version) for _, version in reads]),
    )
