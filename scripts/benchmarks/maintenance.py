"""Latency of appends while the database is looked after."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from benchmarks import ours
from benchmarks.data import sample_state
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row, slowest_ms

OFFERED_PER_SECOND = 200
CLIENTS = 16


@contextmanager
def stage(bench: Bench) -> Iterator[Contest]:
    """The same log, the same load, with and without VACUUM and CREATE INDEX CONCURRENTLY."""
    seconds = 5.0 if bench.quick else 10.0
    state = sample_state()
    events = bench.size(300_000, 20_000)
    with ours.growing(bench, events) as url, ours.recorder(url) as recorder:

        def quiet() -> float:
            acts = [ours.one_event(recorder, state) for _ in range(CLIENTS)]
            return slowest_ms(acts, OFFERED_PER_SECOND, seconds, 0.999)

        def looked_after() -> float:
            with _maintenance(url):
                return quiet()

        yield Contest(looked_after, {"the same without maintenance": quiet})


@contextmanager
def _maintenance(url: str) -> Iterator[None]:
    """VACUUM and CREATE INDEX CONCURRENTLY on the log, again and again."""
    over = threading.Event()

    def work() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.is_set():
                connection.execute("VACUUM (ANALYZE) ledger.ledger_events")
                connection.execute("DROP INDEX IF EXISTS ledger.bench_topic")
                connection.execute(
                    "CREATE INDEX CONCURRENTLY bench_topic"
                    " ON ledger.ledger_events (topic, recorded_at)"
                )
            connection.execute("DROP INDEX IF EXISTS ledger.bench_topic")

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


ROWS = (
    Row(
        name="append p99.9 during VACUUM and CREATE INDEX CONCURRENTLY, 200 commands/s offered",
        unit="ms",
        better="lower",
        stage=stage,
        floor=5,
        aim=2,
    ),
)
