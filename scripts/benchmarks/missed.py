"""Acknowledged events that a follower never sees, beside 16 writers and with kills."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID, uuid4

import psycopg

from benchmarks import ours, stock
from benchmarks.data import sample_state
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row
from ledger.events import EVENT_CLASSES
from ledger.store import LedgerRecorder
from projections.database import Database
from projections.log import read_page

WRITERS = 16
GROUPS = (1, 2, 7)
KILL_EVERY_SECONDS = (0.2, 0.8)
SEED = 20_260_701


@contextmanager
def stage(bench: Bench) -> Iterator[Contest]:
    """16 writers of 1, 2 or 7 events, a tailing follower, backends cut off in between."""
    events = bench.size(100_000, 5_000)

    def missed() -> float:
        with ours.database(bench) as url, ours.recorder(url) as recorder:
            return float(_Race(url, recorder, events).run())

    yield Contest(missed)


class _Race:
    """Writers, follower and killer over one log."""

    def __init__(self, url: str, recorder: LedgerRecorder, events: int) -> None:
        self._url = url
        self._recorder = recorder
        self._events = events
        self._acknowledged: dict[UUID, int] = {}  # stream to its number of events
        self._seen: dict[UUID, int] = {}
        self._after = 0
        self._over = threading.Event()
        self._lock = threading.Lock()

    def run(self) -> int:
        """How many acknowledged events the follower did not see, or saw more than once."""
        helpers = [threading.Thread(target=self._follow), threading.Thread(target=self._kill)]
        writers = [threading.Thread(target=self._write, args=(n,)) for n in range(WRITERS)]
        for thread in (*helpers, *writers):
            thread.start()
        for thread in writers:
            thread.join()
        self._over.set()
        for thread in helpers:
            thread.join()
        return sum(
            abs(count - self._seen.get(stream, 0)) for stream, count in self._acknowledged.items()
        )

    def _write(self, number: int) -> None:
        dice = random.Random(SEED + number)  # noqa: S311 - a load, not a secret
        state = sample_state()
        while sum(self._acknowledged.values()) < self._events:
            rows = stock.stored([state] * dice.choice(GROUPS))
            ours.store_until_known(self._recorder, rows, uuid4())
            with self._lock:
                self._acknowledged[ours.stream_of(rows[0])] = len(rows)

    def _follow(self) -> None:
        while True:
            try:
                with Database(self._url).connect(name="follower") as connection:
                    self._tail(connection)
            except psycopg.OperationalError:
                continue
            return

    def _tail(self, connection: "psycopg.Connection[object]") -> None:
        """Read forward, never looking back, until the writers are done and the log is at its end.

        A lost connection loses nothing: the next one goes on after what was counted.
        """
        while True:
            last_look = self._over.is_set()
            rows = read_page(connection, self._after, 2**62, 500, EVENT_CLASSES)
            for position, stream, *_ in rows:
                self._seen[stream] = self._seen.get(stream, 0) + 1
                self._after = position
            if not rows and last_look:
                return

    def _kill(self) -> None:
        dice = random.Random(SEED)  # noqa: S311 - a load, not a secret
        while not self._over.wait(dice.uniform(*KILL_EVERY_SECONDS)):
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " ORDER BY random() LIMIT 1"
                )


ROWS = (
    Row(
        name="events missed by a follower beside 16 writers of 1, 2 and 7 events, with kills",
        unit="events",
        better="lower",
        stage=stage,
        floor=0,
        aim=0,
        rounds=1,
    ),
)
