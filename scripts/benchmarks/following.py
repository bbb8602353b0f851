"""Projections: catching up, rebuilding, and how long a reader waits for her own write."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from uuid import UUID, uuid4

import orjson
from eventsourcing.application import Application
from eventsourcing.projection import ProjectionRunner

from benchmarks import ours, stock_projection
from benchmarks.data import District, encoded
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row, percentile, seconds_of
from benchmarks.reads import keyset_read
from projections.database import Database
from projections.rebuild import rebuild
from projections.registry import PROJECTIONS
from projections.runner import Runner, Watch

PAUSE_SECONDS = 0.005


@contextmanager
def catching_up(bench: Bench) -> Iterator[Contest]:
    """All projections from an empty table to the end of the log, as `mcledger project` does it."""
    events = 100_000  # in quick runs too: fewer lie in the caches, and the peer reads twice as fast
    with ours.filled(bench, events) as url:
        yield Contest(
            lambda: _catch_up_rate(url, events),
            {
                "keyset read + orjson.loads": lambda: (
                    events / seconds_of(lambda: keyset_read(url, events, orjson.loads))
                )
            },
        )


@contextmanager
def beside_stock(bench: Bench) -> Iterator[Contest]:
    """All of ours beside the library's runner with a transcript alone, on a slice."""
    events = bench.size(100_000, 20_000)
    slice_events = bench.size(20_000, 2_000)

    plain = bench.database()
    stock_projection.fill(plain, slice_events)

    def theirs() -> float:
        return stock_projection.events_per_second(plain, slice_events)

    with ours.filled(bench, events) as url:
        yield Contest(lambda: _catch_up_rate(url, events), {"stock ProjectionRunner": theirs})
    bench.drop(plain)


def _catch_up_rate(url: str, events: int) -> float:
    ours.forget(url)
    return events / seconds_of(lambda: ours.catch_up(url))


@contextmanager
def rebuilding(bench: Bench) -> Iterator[Contest]:
    """Every projection anew from the whole log, by two processes and by one."""
    events = bench.size(300_000, 200_000)

    def with_workers(count: int) -> float:
        work = lambda: rebuild(Database(url), PROJECTIONS, workers=count)  # noqa: E731
        return events / seconds_of(work)

    with ours.filled(bench, events) as url:
        yield Contest(lambda: with_workers(2), {"1 process": lambda: with_workers(1)})


@contextmanager
def waiting(bench: Bench) -> Iterator[Contest]:
    """From the acknowledgement of a write until the projections are known to show it."""
    times = bench.size(300, 40)
    plain = bench.database()
    stock_projection.fill(plain, 100)
    with (
        ours.database(bench) as url,
        runner_process(url),
        stock_projection.running(plain) as runner,
    ):
        yield Contest(
            lambda: ours_wait_ms(url, times),
            {"stock wait()": lambda: _stock_wait_ms(runner, times)},
        )
    bench.drop(plain)


def ours_wait_ms(url: str, times: int) -> float:
    """The median wait for all projections after one enrollment each."""
    district = District(seed=time.monotonic_ns())
    names = [projection.name for projection in PROJECTIONS]
    watch = Watch(Database(url))
    try:
        with ours.recorder(url) as door:
            figures = []
            for _ in range(times):
                time.sleep(PAUSE_SECONDS)
                rows = [encoded(event) for event in district.beginning(district.new_id(), 1)]
                stored = door.append(rows, command_id=uuid4(), body_hash=ours.BODY_HASH)
                begun = time.perf_counter()
                assert watch.wait_for(stored.last_position, names, seconds=30), "never shown"
                figures.append(time.perf_counter() - begun)
    finally:
        watch.close()
    return percentile(figures, 0.5) * 1000


def _stock_wait_ms(
    runner: "ProjectionRunner[Application[UUID], stock_projection.TranscriptView]",
    times: int,
) -> float:
    figures = []
    for _ in range(times):
        time.sleep(PAUSE_SECONDS)
        position = stock_projection.save_one(runner.app)
        begun = time.perf_counter()
        runner.wait(position, timeout=30)
        figures.append(time.perf_counter() - begun)
    return percentile(figures, 0.5) * 1000


@contextmanager
def runner_process(url: str) -> Iterator[None]:
    """A runner in a process of its own, as `mcledger project` is."""
    spawn = multiprocessing.get_context("spawn")
    over = spawn.Event()
    process = spawn.Process(target=_run, args=(url, over))
    process.start()
    try:
        yield
    finally:
        over.set()
        process.join()


def _run(url: str, over: Event) -> None:
    stop = threading.Event()

    def end_with_the_other() -> None:
        over.wait()
        stop.set()

    threading.Thread(target=end_with_the_other, daemon=True).start()
    Runner(Database(url)).run(stop)


ROWS = (
    Row(
        name="events through all projections, catching up",
        unit="events/s",
        better="higher",
        stage=catching_up,
        floor=0.2,
        aim=0.4,
    ),
    Row(
        name="events through all projections, beside the stock runner with a transcript alone",
        unit="events/s",
        better="higher",
        stage=beside_stock,
        rounds=3,
        aim=100,
    ),
    Row(
        name="rebuild with 2 processes beside 1",
        unit="events/s",
        better="higher",
        stage=rebuilding,
        rounds=3,
        floor=1.5,
        aim=1.9,
    ),
    Row(
        name="min_position wait, p50",
        unit="ms",
        better="lower",
        stage=waiting,
        floor=0.1,
        aim=0.04,
    ),
)
