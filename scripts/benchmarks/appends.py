"""Durable appends of one event each, by 1, 16 and 64 clients in one process."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from benchmarks import ours, pgbench, stock, uma
from benchmarks.data import sample_state
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row, rate

Stage = Callable[[Bench], AbstractContextManager[Contest]]


def beside_stock(clients: int) -> Stage:
    """The library's recorder, with every default."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[Contest]:
        url = bench.database()
        state = sample_state()
        with _ours(bench, clients) as mine, stock.stock_recorder(url, connections=clients) as peer:

            def theirs() -> float:
                client = lambda: lambda: peer.insert_events(stock.stored([state]))  # noqa: E731
                return rate(clients, bench.seconds, client)

            yield Contest(mine, {"stock PostgresApplicationRecorder": theirs})
        bench.drop(url)

    return stage


@contextmanager
def beside_pgbench(bench: Bench) -> Iterator[Contest]:
    """The database alone: the same rows, one commit each, in no order."""
    clients = 16
    url = bench.database()
    pgbench.create_table(url)
    state = sample_state()

    def theirs() -> float:
        return pgbench.commits_per_second(
            url, clients=clients, seconds=bench.seconds, topic=stock.TOPIC, state=state
        )

    with _ours(bench, clients) as mine:
        yield Contest(mine, {"pgbench": theirs})
    bench.drop(url)


def beside_uma(clients: int) -> Stage:
    """The fastest peer that misses no event for its followers."""

    @contextmanager
    def stage(bench: Bench) -> Iterator[Contest]:
        size_bytes = len(sample_state())
        with uma.running(bench) as peer, _ours(bench, clients) as mine:

            def theirs() -> float:
                return peer.ask(
                    "append", clients=clients, seconds=bench.seconds, size_bytes=size_bytes
                )

            yield Contest(mine, {f"UmaDB {uma.VERSION}": theirs})

    return stage


@contextmanager
def _ours(bench: Bench, clients: int) -> Iterator[Callable[[], float]]:
    state = sample_state()
    with ours.database(bench) as url, ours.recorder(url) as recorder:
        yield lambda: rate(clients, bench.seconds, lambda: ours.one_event(recorder, state))


ROWS = (
    *(
        Row(
            name=f"durable appends, {clients} clients, beside the stock recorder",
            unit="commands/s",
            better="higher",
            stage=beside_stock(clients),
            floor=floor,
            aim=aim,
        )
        for clients, floor, aim in ((1, 1.5, 3), (16, 5, 12), (64, 8, 20))
    ),
    Row(
        name="durable appends, 16 clients, beside pgbench",
        unit="commands/s",
        better="higher",
        stage=beside_pgbench,
        floor=0.35,
        aim=1,
    ),
    *(
        Row(
            name=f"durable appends, {clients} clients, beside the best peer that misses nothing",
            unit="commands/s",
            better="higher",
            stage=beside_uma(clients),
            floor=1,
            aim=2,
        )
        for clients in (16, 64)
    ),
)
