"""Writes a whole log into a file, and makes a ledger elsewhere out of such a file, bit for bit.

The file holds the log and its seal. Persons' names are in the vault and do not go with it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.errors import IntegrityError

from ledger.errors import ConflictError, InvalidError, UnavailableError
from ledger.events.disclosure import DisclosuresCommitted
from ledger.seal.leaves import instant, leaf, unreadable
from ledger.seal.log_file import FORMAT, Entry, LogFile, event_line, lost_line
from ledger.seal.merkle import HASH_BYTES
from ledger.seal.reads import DAMAGED, SQL, DatabaseLog, divided
from ledger.seal.report import SOUND
from ledger.seal.tiles import TILE_WIDTH, Edge, Piece
from ledger.seal.trusted_keys import TrustedKey
from ledger.seal.verify import PAGE, verify
from ledger.sql import execute, fetch

COPY = (
    "COPY ledger_events (notification_id, originator_version, recorded_at, originator_id,"
    " command_id, command_index, topic, state, body_hash) FROM STDIN (FORMAT BINARY)"
)
COPIED_TYPES = (
    "int8",
    "int8",
    "timestamptz",
    "uuid",
    "uuid",
    "int4",
    "text",
    "bytea",
    "bytea",
)
Progress = Callable[[int, int], None]


class LogUnreadableError(UnavailableError):
    """The server cannot read a part of the log or of its seal: its disk has damaged or lost it."""

    slug = "log-unreadable"


class NotSoundError(InvalidError):
    """The exported log does not verify."""

    slug = "log-not-sound"


class NotEmptyError(ConflictError):
    """There is a log already."""

    slug = "ledger-not-empty"


def export_log(
    connection: Connection[Any],
    path: Path,
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Write the log as it is, damages and all, and its seal; returns how many events that are.

    The file is there whole or not at all, and nobody else may read it. Raises LogUnreadableError.
    """
    with _told("of where the log or its seal ends something"):
        log = DatabaseLog(connection)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with os.fdopen(
            os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as to:
            events = _write(connection, log, to, progress)
            to.flush()
            os.fsync(to.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
    return events


def import_log(
    connection: Connection[Any],
    log: LogFile,
    keys: Sequence[TrustedKey],
    progress: Progress = lambda _done, _total: None,
) -> int:
    """Fill an empty ledger with an exported log, once it is proved; returns how many events.

    Raises:
        NotEmptyError: the ledger has events, or a seal.
        NotSoundError: the log does not verify against these keys; nothing was stored.
    """
    report = verify(log, keys)
    if report.exit_status != SOUND:
        first = report.damages[0] if report.damages else None
        why = f"{first.kind} at {first.first}: {first.detail}" if first else "nothing is sealed"
        raise NotSoundError(f"the log is not brought in, because it does not verify: {why}")
    with connection.transaction():
        execute(connection, SQL["lock_log"])
        if fetch(connection, SQL["holds_anything"])[0][0]:
            raise NotEmptyError("the ledger is not empty; bring a log into a new one only")
        try:
            return _fill(connection, log, progress)
        except (IntegrityError, TypeError, OverflowError, ValueError) as error:
            raise NotSoundError(f"an event has what no log can have: {error}") from error


def _write(connection: Connection[Any], log: DatabaseLog, to: BinaryIO, progress: Progress) -> int:
    checkpoints, counts = log.checkpoints(), {"events": 0, "checkpoints": 0}
    coming = next(checkpoints, None)
    end = max(log.last_position(), log.leaf_count())

    def put(said: dict[str, Any], kind: str = "") -> None:
        to.write(orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE))
        if kind:
            counts[kind] += 1

    put({"format": FORMAT})
    for first in range(1, end + 1, PAGE):
        last = min(first + PAGE - 1, end)
        for line in _lines(connection, log, first, last):
            while coming and coming[0] < line["position"]:
                put({"checkpoint": coming[0], "note": coming[1]}, "checkpoints")
                coming = next(checkpoints, None)
            put(line, "events")
        progress(last, end)
    while coming:
        put({"checkpoint": coming[0], "note": coming[1]}, "checkpoints")
        coming = next(checkpoints, None)
    put({"end": True, **counts})
    return counts["events"]


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Say what could not be read, and what the server says of it."""
    try:
        yield
    except DAMAGED as error:
        said = error.diag.message_primary or type(error).__name__
        raise LogUnreadableError(f"{what} cannot be read: {said}") from error


def _lines(
    connection: Connection[Any], log: DatabaseLog, first: int, last: int
) -> Iterable[dict[str, Any]]:
    """The events of a page with their stored leaves, and the leaves that have lost their event."""
    with _told("of seal_tiles something"):
        tiles = log.tiles(0, (first - 1) // TILE_WIDTH, (last - 1) // TILE_WIDTH)
    sealed = min(len(tiles) // HASH_BYTES, log.leaf_count() - first + 1)
    leaves = {first + at: tiles[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(sealed)}
    rows = log.rows(first, last)
    for row in rows:
        if row == unreadable(row.position):
            raise LogUnreadableError(
                f"of ledger_events the event at position {row.position} cannot be read;"
                " mcledger verify names all such, and a backup has them"
            )
    with _told(f"of ledger_events something between positions {first} and {last}"):
        found = fetch(connection, SQL["unsealed_columns"], first=first, last=last)
    rest = {position: (index, body_hash) for position, index, body_hash in found}
    lines = [event_line(Entry(row, *rest[row.position], leaves.get(row.position))) for row in rows]
    lines += [lost_line(position, leaves[position]) for position in leaves.keys() - rest.keys()]
    return sorted(lines, key=lambda line: int(line["position"]))


def _fill(connection: Connection[Any], log: LogFile, progress: Progress) -> int:
    edge, pieces, count = Edge(), list[Piece](), log.last_position()
    sealed = max((size for size, _ in log.checkpoints()), default=0)
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(COPIED_TYPES)
        for first in range(1, count + 1, PAGE):
            entries = log.entries(first, first + PAGE - 1)
            for entry in entries:
                copy.write_row(_columns(entry))
            known = [leaf(entry.row) for entry in entries if entry.row.position <= sealed]
            pieces += edge.append(b"".join(known))
            progress(min(first + PAGE - 1, count), count)
    _add_seal(connection, pieces, log)
    fetch(connection, SQL["number_disclosures_on"], topic=DisclosuresCommitted.TOPIC)
    return count


def _columns(entry: Entry) -> tuple[object, ...]:
    row = entry.row
    return (
        row.position,
        row.version,
        instant(row.recorded_us),
        UUID(bytes=row.stream),
        UUID(bytes=row.command),
        entry.command_index,
        row.topic.decode(),
        row.state,
        entry.body_hash,
    )


def _add_seal(connection: Connection[Any], pieces: Iterable[Piece], log: LogFile) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(SQL["add_tile"], [piece._asdict() for piece in pieces])
        for size, note in log.checkpoints():
            own, cosignatures = divided(note)
            cursor.execute(SQL["add_checkpoint"], {"size": size, "note": own})
            for witness, line in cosignatures:
                named = {"size": size, "witness": witness, "line": line}
                cursor.execute(SQL["add_cosignature"], named)
