"""Bulk import, reading the whole log, reading one stream, and how soon an append is seen."""

import itertools
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from uuid import UUID

import psycopg
from eventsourcing.persistence import ApplicationRecorder

from benchmarks import ours, pgbench, stock, uma
from benchmarks.data import sample_state
from benchmarks.machine import Bench
from benchmarks.measure import Contest, NotRunError, Row, median_ms, seconds_of

PAGE_EVENTS = 4000
PAUSE_SECONDS = 0.005
EVENTS_PER_STREAM = 10
COPY = (
    "COPY plain_events (originator_id, originator_version, topic, state, notification_id,"
    " recorded_at, command_id, command_index) FROM STDIN (FORMAT BINARY)"
)
COPIED_TYPES = ("uuid", "int8", "text", "bytea", "int8", "timestamptz", "uuid", "int4")


@contextmanager
def bulk_import(bench: Bench) -> Iterator[Contest]:
    """The same rows, through our door in groups of 1,000, or by one COPY into a plain table."""
    events = bench.size(50_000, 10_000)
    rows = ours.history(events)
    plain = bench.database()

    def mine() -> float:
        with ours.database(bench) as url:
            return events / ours.seconds_to_import(url, rows)

    def theirs() -> float:
        with psycopg.connect(plain) as connection:
            connection.execute("DROP TABLE IF EXISTS plain_events")
        pgbench.create_table(plain)
        with ours.filled(bench, events) as url, psycopg.connect(url) as source:
            copied = source.execute(
                "SELECT originator_id, originator_version, topic, state, notification_id,"
                " recorded_at, command_id, command_index FROM ledger.ledger_events"
                " ORDER BY notification_id LIMIT %s",
                [events],
            ).fetchall()
        with psycopg.connect(plain) as connection:
            return events / seconds_of(lambda: _copy(connection, copied))

    yield Contest(mine, {"COPY": theirs})
    bench.drop(plain)


def _copy(connection: "psycopg.Connection[object]", rows: list[tuple[object, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.set_types(COPIED_TYPES)
        for row in rows:
            copy.write_row(row)
    connection.commit()


@contextmanager
def log_read(bench: Bench) -> Iterator[Contest]:
    """The whole log in order, as our followers read it, or as plain rows in keyset pages."""
    events = bench.size(100_000, 20_000)
    with ours.filled(bench, events) as url:
        yield Contest(
            lambda: events / seconds_of(lambda: ours.read_log(url, events)),
            {"keyset read, binary": lambda: events / seconds_of(lambda: keyset_read(url, events))},
        )


def keyset_read(url: str, events: int, see: Callable[[bytes], object] | None = None) -> None:
    """Pages of the log in order over a binary cursor; `see` is given each state."""
    after = 0
    with psycopg.connect(url) as connection, connection.cursor(binary=True) as cursor:
        while after < events:
            rows = cursor.execute(
                "SELECT notification_id, originator_id, topic, state FROM ledger.ledger_events"
                " WHERE notification_id > %s ORDER BY notification_id LIMIT %s",
                [after, min(PAGE_EVENTS, events - after)],
            ).fetchall()
            after = rows[-1][0]
            if see:
                for row in rows:
                    see(row[3])


@contextmanager
def stream_read(bench: Bench) -> Iterator[Contest]:
    """One stream of ten events by its id, among many."""
    events = bench.size(100_000, 20_000)
    times = bench.size(2_000, 400)
    size_bytes = len(sample_state())
    plain = bench.database()
    with (
        ours.filled(bench, events) as url,
        ours.recorder(url) as recorder,
        stock.stock_recorder(plain, connections=2) as peer,
    ):
        streams = random.Random(1).sample(ours.enrollments(url), 200)  # noqa: S311 - a sample
        theirs = _filled_stock(peer, bench.size(20_000, 5_000))
        mine_next, theirs_next = itertools.cycle(streams), itertools.cycle(theirs)
        peers: dict[str, Callable[[], float]] = {
            "stock PostgresApplicationRecorder": lambda: median_ms(
                times, lambda: peer.select_events(next(theirs_next))
            )
        }
        with _maybe_uma(bench) as other:
            if other:
                other.ask("fill", events=events, per_stream=10, size_bytes=size_bytes)
                peers[f"UmaDB {uma.VERSION}"] = lambda: other.ask("read_stream", times=times)
            yield Contest(
                lambda: median_ms(times, lambda: recorder.select_events(next(mine_next))), peers
            )
    bench.drop(plain)


def _filled_stock(peer: ApplicationRecorder, events: int) -> list[UUID]:
    state = sample_state()
    streams = []
    for _ in range(events // EVENTS_PER_STREAM):
        rows = stock.stored([state] * EVENTS_PER_STREAM)
        peer.insert_events(rows)
        streams.append(ours.stream_of(rows[0]))
    return streams


@contextmanager
def visibility(bench: Bench) -> Iterator[Contest]:
    """From the start of an append until a follower holds the event; one append at a time."""
    times = bench.size(500, 100)
    state = sample_state()
    size_bytes = len(state)
    plain = bench.database()
    with (
        ours.database(bench) as url,
        stock.stock_recorder(plain, connections=5) as peer,
        _maybe_uma(bench) as other,
    ):
        peers: dict[str, Callable[[], float]] = {
            "stock subscription": lambda: _stock_visibility(peer, times)
        }
        if other:
            other.ask("fill", events=1000, per_stream=10, size_bytes=size_bytes)
            peers[f"UmaDB {uma.VERSION}"] = lambda: other.ask(
                "visibility", times=times, pause=PAUSE_SECONDS, size_bytes=size_bytes
            )
        yield Contest(lambda: ours.visibility_ms(url, times, PAUSE_SECONDS, state), peers)
    bench.drop(plain)


def _stock_visibility(peer: ApplicationRecorder, times: int) -> float:
    state = sample_state()
    seen: dict[UUID, float] = {}
    arrived = threading.Semaphore(0)
    with peer.subscribe(gt=peer.max_notification_id()) as subscription:

        def follow() -> None:
            for notification in subscription:
                seen[ours.stream_of(notification)] = time.perf_counter()
                arrived.release()
                if len(seen) == times:
                    return

        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        figures = []
        for _ in range(times):
            time.sleep(PAUSE_SECONDS)
            rows = stock.stored([state])
            begun = time.perf_counter()
            peer.insert_events(rows)
            assert arrived.acquire(timeout=10)
            figures.append(seen[ours.stream_of(rows[0])] - begun)
        thread.join()
    return statistics.median(figures) * 1000


@contextmanager
def _maybe_uma(bench: Bench) -> Iterator[uma.UmaDb | None]:
    """UmaDB where it can be had; the other peers are measured without it."""
    with ExitStack() as stack:
        try:
            peer = stack.enter_context(uma.running(bench))
        except NotRunError:
            peer = None
        yield peer


ROWS = (
    Row("bulk import beside COPY", "events/s", "higher", bulk_import, floor=0.3, aim=0.6),
    Row("log read beside a keyset read", "events/s", "higher", log_read, floor=0.3, aim=0.6),
    Row(
        "reading one stream of ten events, p50, beside the best peer that misses nothing",
        "ms",
        "lower",
        stream_read,
        floor=1,
        aim=0.5,
    ),
    Row(
        "append to visible, p50, beside the best peer that misses nothing",
        "ms",
        "lower",
        visibility,
        floor=1,
        aim=0.5,
    ),
)
