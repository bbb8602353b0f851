"""Short words for what the tests of the store do all the time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent

from ledger.store import LedgerRecorder, Stored
from ledger.store.command import Read

HASH = b"h" * 32
PASSWORD = "made-up"  # of logins that tests make, for a server that asks for one


def an_event(stream: UUID | None = None, version: int = 1, state: bytes = b"{}") -> StoredEvent:
    return StoredEvent(stream or uuid4(), version, "organization.renamed.v1", state)


def append(
    recorder: LedgerRecorder,
    *events: StoredEvent,
    command_id: UUID | None = None,
    reads: Sequence[Read] = (),
) -> Stored:
    """Append a command; one event of a new stream unless told otherwise."""
    return recorder.append(
        events or [an_event()], command_id=command_id or uuid4(), body_hash=HASH, reads=reads
    )


def rows(url: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    """The rows of a query, asked as the owner of the database."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(query.encode(), values).fetchall()


def log(url: str) -> list[tuple[Any, ...]]:
    """Position, command, index, stream and version of everything in the log."""
    return rows(
        url,
        "SELECT notification_id, command_id, command_index, originator_id, originator_version"
        " FROM ledger.ledger_events ORDER BY notification_id",
    )


def assert_sound(url: str) -> None:
    """The laws of every log: positions, times, streams and commands leave no hole."""
    found = log(url)
    assert [row[0] for row in found] == list(range(1, len(found) + 1))
    streams: dict[UUID, int] = {}
    commands: dict[UUID, int] = {}
    before = None
    for position, command, index, stream, version in found:
        streams[stream] = streams.get(stream, 0) + 1
        assert version == streams[stream], f"hole in the stream at {position}"
        assert index == commands.get(command, 0), f"hole in the command at {position}"
        assert index == 0 or before == command, f"a command was torn apart at {position}"
        commands[command] = index + 1
        before = command
    times = [
        at
        for (at,) in rows(
            url, "SELECT recorded_at FROM ledger.ledger_events ORDER BY notification_id"
        )
    ]
    assert times == sorted(times)


def at_once(tasks: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all tasks at the same moment; their answers, or what they raised."""
    answers: list[Any] = [RuntimeError("did not end")] * len(tasks)
    gate = threading.Barrier(len(tasks))

    def run(number: int, task: Callable[[], Any]) -> None:
        gate.wait()
        try:
            answers[number] = task()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            answers[number] = error

    threads = [
        threading.Thread(target=run, args=(number, task), daemon=True)
        for number, task in enumerate(tasks)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
