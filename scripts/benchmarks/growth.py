"""The same figures at 1 million events and at 100 thousand, as time for one act."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from uuid import uuid4

from eventsourcing.persistence import StoredEvent

from benchmarks import ours
from benchmarks.commands import Supply, one_upload, ours_enrollments
from benchmarks.data import District, encoded, sample_state
from benchmarks.following import ours_wait_ms, runner_process
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Round, Row, median_ms, rate, seconds_of
from benchmarks.serving import OUR_SERVER, load, read_settings_of, serving, settings, write_paths
from projections.database import Database
from projections.rebuild import rebuild
from projections.registry import PROJECTIONS

FEW, MANY = 100_000, 1_000_000
QUICK_FEW, QUICK_MANY = 20_000, 100_000
CLIENTS = 16
SECONDS = 0.5  # short rounds, for what they append makes the smaller log grow as well
MORE_EVENTS = 10_000
PAGE_EVENTS = 15_000
Figure = Callable[[Bench, str], AbstractContextManager[Round]]


def at_both_sizes(
    figure: Figure,
) -> Callable[[Bench], AbstractContextManager[Contest]]:
    """The figure on a ledger of a million events, beside one of a hundred thousand."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[Contest]:
        few, many = bench.size(FEW, QUICK_FEW), bench.size(MANY, QUICK_MANY)
        with ExitStack() as stack:
            rounds = []
            for events in (many, few):
                url = stack.enter_context(ours.filled(bench, events))
                ours.catch_up(url)
                rounds.append(stack.enter_context(figure(bench, url)))
            yield Contest(rounds[0], {f"at {few:,} instead of {many:,} events": rounds[1]})

    return stage


@contextmanager
def appending(_: Bench, url: str) -> Iterator[Round]:
    """Microseconds for one of 16 clients' appends."""
    state = sample_state()
    with ours.recorder(url) as recorder:
        yield lambda: 1e6 / rate(CLIENTS, SECONDS, lambda: ours.one_event(recorder, state))


@contextmanager
def commanding(_: Bench, url: str) -> Iterator[Round]:
    """Microseconds for one whole command."""
    with ours.ledger(url) as ledger:
        supply = Supply(ours_enrollments(url, 2_000, seed=time.monotonic_ns()))
        yield lambda: 1e6 / rate(CLIENTS, SECONDS, lambda: one_upload(ledger, supply))


@contextmanager
def importing(_: Bench, url: str) -> Iterator[Round]:
    """Microseconds for one event of an import."""

    def one_round() -> float:
        return ours.seconds_to_import(url, _new_rows()) / MORE_EVENTS * 1e6

    yield one_round


@contextmanager
def catching_up(_: Bench, url: str) -> Iterator[Round]:
    """Microseconds for one event through all projections, beyond those that are there."""

    def one_round() -> float:
        ours.seconds_to_import(url, _new_rows())
        return seconds_of(lambda: ours.catch_up(url)) / MORE_EVENTS * 1e6

    yield one_round


@contextmanager
def rebuilding(_: Bench, url: str) -> Iterator[Round]:
    """Microseconds for one event of a rebuild."""

    def one_round() -> float:
        begun = time.perf_counter()
        position = rebuild(Database(url), PROJECTIONS)
        return (time.perf_counter() - begun) / position * 1e6

    yield one_round


@contextmanager
def reading_the_log(_: Bench, url: str) -> Iterator[Round]:
    """Microseconds for one event of the log, read at its end."""
    with ours.recorder(url) as recorder:
        first = recorder.last_position() - PAGE_EVENTS
    yield lambda: seconds_of(lambda: ours.read_log(url, PAGE_EVENTS, first)) / PAGE_EVENTS * 1e6


@contextmanager
def reading_a_stream(_: Bench, url: str) -> Iterator[Round]:
    """Microseconds for one stream of ten events."""
    streams = ours.enrollments(url)
    dice = random.Random(1)  # noqa: S311 - a sample
    with ours.recorder(url) as recorder:
        yield lambda: median_ms(2_000, lambda: recorder.select_events(dice.choice(streams))) * 1e3


@contextmanager
def seeing(_: Bench, url: str) -> Iterator[Round]:
    """Microseconds from the start of an append until a follower holds it."""
    yield lambda: ours.visibility_ms(url, 200, 0.005, sample_state()) * 1e3


@contextmanager
def waiting(_: Bench, url: str) -> Iterator[Round]:
    """Microseconds of waiting for one's own write."""
    with runner_process(url):
        yield lambda: ours_wait_ms(url, 100) * 1e3


@contextmanager
def getting(bench: Bench, url: str) -> Iterator[Round]:
    """Microseconds for one transcript over HTTP."""
    environment = settings(url, bench.folder)
    file = bench.folder / f"paths-{uuid4()}"
    sample = random.Random(1).sample(ours.teachers(url), 400)  # noqa: S311 - a sample
    write_paths(file, sample, read_settings_of(environment))
    with serving(OUR_SERVER, environment) as port:
        yield lambda: 1e6 / load(port, file, SECONDS * 2)


def _new_rows() -> list[StoredEvent]:
    """Events of a district that is not in any log yet."""
    district = District(seed=time.monotonic_ns())
    return [encoded(event) for event in district.history(MORE_EVENTS)]


FIGURES: tuple[tuple[str, Figure], ...] = (
    ("durable appends, 16 clients", appending),
    ("whole commands, 16 threads", commanding),
    ("bulk import", importing),
    ("log read", reading_the_log),
    ("reading one stream of ten events", reading_a_stream),
    ("append to visible", seeing),
    ("events through all projections, catching up", catching_up),
    ("rebuild with 2 processes", rebuilding),
    ("min_position wait, p50", waiting),
    ("transcript GET", getting),
)
ROWS = tuple(
    Row(
        name=f"{name}, at 1 million events beside 100 thousand",
        unit="µs",
        better="lower",
        stage=at_both_sizes(figure),
        floor=1.3,
        aim=1.1,
        rounds=1 if figure is rebuilding else None,
    )
    for name, figure in FIGURES
)
