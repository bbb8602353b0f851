"""Latency of appends while the database is looked after."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from benchmarks import ours
from benchmarks.data import sample_state
from benchmarks.machine import Bench
from benchmarks.measure import Act, Contest, Row, percentile

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
            return _slowest_ms([ours.one_event(recorder, state) for _ in range(CLIENTS)], seconds)

        def looked_after() -> float:
            with _maintenance(url):
                return quiet()

        yield Contest(looked_after, {"the same without maintenance": quiet})


def _slowest_ms(acts: list[Act], seconds: float) -> float:
    """p99.9 from the moment a command was due, so that waiting for a late one counts."""
    begin = time.perf_counter() + 0.05
    latencies: list[float] = []
    due_numbers = iter(range(int(OFFERED_PER_SECOND * seconds)))
    turn = threading.Lock()

    def work(act: Act) -> None:
        while True:
            with turn:
                number = next(due_numbers, None)
            if number is None:
                return
            due = begin + number / OFFERED_PER_SECOND
            time.sleep(max(0.0, due - time.perf_counter()))
            act()
            latencies.append(time.perf_counter() - due)

    threads = [threading.Thread(target=work, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return percentile(latencies, 0.999) * 1000


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
