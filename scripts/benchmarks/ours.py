"""Our side of each comparison: a migrated database, its recorder, and a filled log."""

import itertools
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent

from benchmarks.data import District, encoded
from benchmarks.machine import Bench
from benchmarks.measure import Act
from benchmarks.stock import stored
from ledger.application import Ledger
from ledger.errors import UnavailableError
from ledger.store import CommandStored, LedgerRecorder, migrate
from projections import lanes, setup
from projections.database import Database
from projections.registry import PROJECTIONS

BODY_HASH = bytes(32)
GROUP_EVENTS = 1_000


@contextmanager
def database(bench: Bench) -> Iterator[str]:
    """An empty ledger."""
    url = bench.database()
    migrate(url)
    setup.migrate(url)
    yield url
    bench.drop(url)


@contextmanager
def recorder(url: str) -> Iterator[LedgerRecorder]:
    """What one process of the API appends and reads with."""
    one = LedgerRecorder(url)
    try:
        yield one
    finally:
        one.close()


@contextmanager
def ledger(url: str) -> Iterator[Ledger]:
    """The write side as a process of the API has it."""
    settings = {
        "PERSISTENCE_MODULE": "ledger.store",
        "MAPPER_TOPIC": "ledger.codec:LedgerMapper",
        "DATABASE_URL": url,
    }
    one = Ledger(env=settings)
    try:
        yield one
    finally:
        one.close()


def stream_of(row: StoredEvent) -> UUID:
    """The stream of a row of ours."""
    assert isinstance(row.originator_id, UUID)
    return row.originator_id


def one_event(of: LedgerRecorder, state: bytes) -> Act:
    """Appends one event to a new stream, each time it is called."""

    def act() -> None:
        of.append(stored([state]), command_id=uuid4(), body_hash=BODY_HASH)

    return act


def store_until_known(of: LedgerRecorder, rows: Sequence[StoredEvent], command_id: UUID) -> None:
    """Append one command, resending it while nobody knows what became of it."""
    while True:
        try:
            of.append(rows, command_id=command_id, body_hash=BODY_HASH)
        except CommandStored:
            return
        except UnavailableError:
            time.sleep(0.05)
        else:
            return


def seconds_to_import(url: str, rows: Sequence[StoredEvent]) -> float:
    """How long the door takes for that many events in groups of at most 1,000."""
    with recorder(url) as door:
        begun = time.perf_counter()
        for start in range(0, len(rows), GROUP_EVENTS):
            group = rows[start : start + GROUP_EVENTS]
            door.append(group, command_id=uuid4(), body_hash=BODY_HASH)
        return time.perf_counter() - begun


@contextmanager
def filled(bench: Bench, events: int, kind: type[District] = District) -> Iterator[str]:
    """A ledger of so many events, shared by all rows that ask for as many and add none."""
    key = (kind, events)
    if key not in bench.filled:
        bench.filled[key] = _fill(bench, events, kind)
    yield bench.filled[key]


@contextmanager
def growing(bench: Bench, events: int) -> Iterator[str]:
    """A ledger that begins with so many events and belongs to one row."""
    url = _fill(bench, events)
    yield url
    bench.drop(url)


def _fill(bench: Bench, events: int, kind: type[District] = District) -> str:
    url = bench.database()
    migrate(url)
    setup.migrate(url)
    history = map(encoded, kind().history(events))
    with recorder(url) as door:
        while group := list(itertools.islice(history, GROUP_EVENTS)):
            door.append(group, command_id=uuid4(), body_hash=BODY_HASH)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) ledger.ledger_events")
    return url


def catch_up(url: str) -> None:
    """Bring every projection to the end of the log, in as many processes as `mcledger project`."""
    lanes.catch_up(Database(url))


def forget(url: str) -> None:
    """Empty the tables of all projections and set them back to the start of the log."""
    names = ", ".join(f"ledger_read.{t.name}" for p in PROJECTIONS for t in p.tables)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {names}")
        connection.execute("UPDATE ledger_read.bookmarks SET position = 0")


def history(events: int) -> list[StoredEvent]:
    """The same events as `filled` holds, ready to be stored."""
    return [encoded(event) for event in District().history(events)]


def read_log(url: str, events: int, after: int = 0) -> None:
    """Read so many events in order, as followers of ours do."""
    until = after + events
    with recorder(url) as log:
        while after < until:
            after = log.read_log(after, 4_000, until)[-1][0]


def enrollments(url: str) -> list[UUID]:
    """The streams of ten events."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT originator_id FROM ledger.ledger_events WHERE originator_version = 10"
            " ORDER BY originator_id"
        ).fetchall()
    return [row[0] for row in rows]


def teachers(url: str) -> list[UUID]:
    """Persons whose enrollments have all come to an end; the last one may be cut short."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT originator_id FROM ledger.ledger_events WHERE topic = 'person.registered.v1'"
            " ORDER BY notification_id"
        ).fetchall()
    return [row[0] for row in rows[:-1]]


def visibility_ms(url: str, times: int, pause_seconds: float, state: bytes) -> float:
    """The median time from the start of an append until a follower holds the event."""
    seen: dict[UUID, float] = {}
    arrived = threading.Semaphore(0)
    with (
        recorder(url) as door,
        recorder(url) as log,
        log.subscribe(gt=log.last_position()) as subscription,
    ):

        def follow() -> None:
            for notification in itertools.islice(subscription, times):
                seen[stream_of(notification)] = time.perf_counter()
                arrived.release()

        thread = threading.Thread(target=follow)
        thread.start()
        figures = []
        for _ in range(times):
            time.sleep(pause_seconds)
            rows = stored([state])
            begun = time.perf_counter()
            door.append(rows, command_id=uuid4(), body_hash=BODY_HASH)
            assert arrived.acquire(timeout=10), "an event was never seen"
            figures.append(seen[stream_of(rows[0])] - begun)
        thread.join()
    return statistics.median(figures) * 1000
