"""Logs to seal, and the ways in which somebody with all rights could tamper with one."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg import Connection

from ledger.seal.diagnosis import Damage
from ledger.seal.keys import FileLogSigner, LastSigned
from ledger.seal.notes import Checkpoint, Note, SigningKey, VerifierKey
from ledger.seal.reads import DatabaseLog
from ledger.seal.report import Report
from ledger.seal.sealer import Sealer
from ledger.seal.tiles import Piece
from ledger.seal.trusted_keys import TrustedKey
from ledger.seal.verify import verify
from ledger.store import LedgerRecorder, Role, connection_info
from tests.seal.trees import Tiles

ORIGIN = "ledger.example/district"
TOPICS = (
    "enrollment.enrolled.v1",
    "enrollment.evidence-uploaded.v1",
    "enrollment.submitted.v1",
    "person.registered.v1",
    "credential.version-published.v1",
)
CONSTRAINTS = (
    "ledger_events_position",
    "ledger_events_version",
    "ledger_events_stream",
    "ledger_events_command",
)
TRIGGERS = ("ledger_events", "seal_tiles", "seal_checkpoints")


def fill(url: str, events: int, seed: int = 1) -> None:
    """Append so many events: many streams, commands of one to five events, states of any size."""
    dice = random.Random(seed)
    versions: dict[UUID, int] = {}
    recorder = LedgerRecorder(url)
    try:
        left = events
        while left:
            count = min(left, dice.randint(1, 5))
            command = UUID(int=dice.getrandbits(128), version=4)
            rows = [_event(dice, versions) for _ in range(count)]
            recorder.append(rows, command_id=command, body_hash=bytes(32))
            left -= count
    finally:
        recorder.close()


def _event(dice: random.Random, versions: dict[UUID, int]) -> StoredEvent:
    known = list(versions)
    stream = dice.choice(known) if known and dice.random() < 0.8 else None
    stream = stream or UUID(int=dice.getrandbits(128), version=4)
    versions[stream] = versions.get(stream, 0) + 1
    fields = {
        "occurred_at": f"2025-0{dice.randint(1, 9)}-17T10:00:00Z",
        "words": "é漢" * dice.randint(0, 40),
        "hours": dice.randint(1, 40),
    }
    state = orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)
    return StoredEvent(stream, versions[stream], dice.choice(TOPICS), state)


def sealer(url: str, folder: Path, **changes: Any) -> Sealer:
    return Sealer(
        connection_info(url, Role.PROJECT),
        FileLogSigner(folder / "seal-keys", ORIGIN),
        LastSigned(folder / "last-checkpoint"),
        **changes,
    )


def seal(url: str, folder: Path, **changes: Any) -> int:
    """Seal everything; how many events that were."""
    one = sealer(url, folder, **changes)
    with one.connect() as connection:
        return one.catch_up(connection)


def owner(url: str) -> Connection[Any]:
    """Somebody who may do anything to the ledger."""
    return psycopg.connect(url, options="-c search_path=ledger", autocommit=True)


@contextmanager
def tampered(connection: Connection[Any], *statements: Any) -> Iterator[None]:
    """What a superuser could do, as long as the block lasts. A statement may have parameters."""
    with connection.transaction(force_rollback=True):
        for table in TRIGGERS:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
        for constraint in CONSTRAINTS:
            connection.execute(f"ALTER TABLE ledger_events DROP CONSTRAINT {constraint}")
        for statement in statements:
            text, values = statement if isinstance(statement, tuple) else (statement, None)
            connection.execute(text, values)
        yield


def examined(
    connection: Connection[Any],
    keys: Sequence[TrustedKey],
    held: Sequence[str] = (),
    witnesses: Sequence[VerifierKey] = (),
) -> Report:
    return verify(DatabaseLog(connection), keys, held, witnesses=witnesses)


def told(damages: Sequence[Damage]) -> list[tuple[str, int, int]]:
    """Kind, first and last position of each damage."""
    return [(one.kind, one.first, one.last) for one in damages]


def rewrite_tree(connection: Connection[Any], key: SigningKey | None = None) -> None:
    """Make the whole tree anew from the rows as they are now; checkpoints as well, with a key."""
    connection.execute("DELETE FROM seal_tiles")
    log, tiles = DatabaseLog(connection), Tiles()
    sizes = [size for size, _ in log.checkpoints()]
    kept: list[Piece] = []
    for size in sizes:
        rows = log.rows(tiles.edge.size + 1, size)
        hashes = [leaf_of(row) for row in rows]
        kept += tiles.edge.append(b"".join(hashes))
        if key is not None:
            text = Checkpoint(key.name, size, tiles.edge.root).text()
            note = str(Note(text, (key.sign(text),)))
            query = "UPDATE seal_checkpoints SET note = %s WHERE size = %s"
            connection.execute(query, [note, size])
    for piece in kept:
        connection.execute("INSERT INTO seal_tiles VALUES (%s, %s, %s, %s)", list(piece))


def leaf_of(row: tuple[Any, ...]) -> bytes:
    """The leaf once more, as its definition says it in words."""
    position, recorded_us, command, stream, version, topic, state = row
    parts = [
        bytes([0, 1]),
        position.to_bytes(8, "big"),
        recorded_us.to_bytes(8, "big", signed=True),
        command,
        stream,
        version.to_bytes(8, "big"),
        len(topic).to_bytes(4, "big"),
        topic,
        len(state).to_bytes(4, "big"),
        state,
    ]
    return sha256(b"".join(parts)).digest()


DISK = """
    CREATE FUNCTION read_from_disk(place bigint, value bytea) RETURNS bytea STABLE LANGUAGE plpgsql
    AS $$ BEGIN
        IF place IN ({places}) THEN
            RAISE 'could not read' USING ERRCODE = CASE place
                WHEN 41 THEN 'io_error' WHEN 500 THEN 'undefined_file' ELSE 'data_corrupted' END;
        END IF;
        RETURN value;
    END $$;
"""
READ = """
    ALTER TABLE {table} RENAME TO stored;
    CREATE VIEW {table} AS SELECT {columns}, read_from_disk({place}, {read}) AS {read} FROM stored;
"""
COLUMNS = (
    "notification_id, recorded_at, command_id, command_index, originator_id, originator_version,"
    " topic"
)


def damaged_at(*positions: int, column: str = "state") -> str:
    """The log as a server reads it whose disk has lost some of it."""
    columns = f"{COLUMNS}, {'body_hash' if column == 'state' else 'state'}"
    named = {"table": "ledger_events", "place": "notification_id", "read": column}
    places = ", ".join(map(str, positions))
    return DISK.format(places=places) + READ.format(**named, columns=columns)


def damaged_tiles(*numbers: int) -> str:
    """The tree of the seal as such a server reads it."""
    named = {"table": "seal_tiles", "columns": "level, number, start"}
    places = ", ".join(map(str, numbers))
    return DISK.format(places=places) + READ.format(**named, place="number", read="hashes")
