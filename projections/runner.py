"""Keeps the projections up to the log, and lets a reader wait for its own write to show.

One runner of a projection is active: it holds an advisory lock on the very session over which it
writes, so a runner that has lost the lock can write nothing more. The others try every second.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from selectors import EVENT_READ, DefaultSelector
from threading import Condition, Event, Thread
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from ledger.errors import UnavailableError
from ledger.store import Listener, Role
from projections.contract import Projection
from projections.database import Database
from projections.engine import Engine
from projections.log import PAGE_EVENTS, LogReader
from projections.redirects import Redirects, redirects
from projections.registry import PROJECTIONS
from projections.sql import blocks, rows

LISTEN_SECONDS_MAX = 0.5  # a wake-up that is lost costs no more than this
FIRST_WORD_SECONDS_MAX = 10.0  # a process that has just started asks once before it answers
TAKEOVER_SECONDS = 1.0  # how often a runner in waiting tries for the lock
BACK_OFF_SECONDS = (0.1, 0.2, 0.5, 1.0, 2.0)
_SQL = blocks("engine")
_log = logging.getLogger(__name__)


@dataclass
class Runner:
    """Follows the log for as long as it is asked to, through restarts of the server.

    `on_step` hears how many positions each step has moved; zero when all is caught up.
    """

    database: Database
    projections: Sequence[Projection[Any]] = PROJECTIONS
    page_events: int = PAGE_EVENTS
    on_step: Callable[[int], None] = field(default=lambda _moved: None)

    def run(self, stop: Event) -> None:
        """Lead whenever possible until `stop` is set; a batch under way is finished first."""
        failures = 0
        while not stop.is_set():
            try:
                led = self._lead(stop)
            except (psycopg.Error, UnavailableError) as error:
                pause = BACK_OFF_SECONDS[min(failures, len(BACK_OFF_SECONDS) - 1)]
                failures += 1
                _log.warning("the projections stand still for %s s: %s", pause, error)
            else:
                pause, failures = TAKEOVER_SECONDS, 0
                if not led:
                    _log.debug("another runner is active")
            stop.wait(pause)

    def _lead(self, stop: Event) -> bool:
        """Follow the log if nobody else does; false when somebody does."""
        with closing(self.database.connect(name="projector", following=True)) as connection:
            if not self._try_lead(connection):
                return False
            _log.info("following the log")
            for name, parked in rows(connection, _SQL["parked_counts"]):
                _log.error("%s events are parked in %s; see mcledger parked", parked, name)
            listener = Listener(self.database.conninfo(), self.database.schema)
            reader = LogReader(
                self.database.connect(name="projector-reader"), page_events=self.page_events
            )
            with closing(listener), closing(reader):
                self._follow(self._engine(connection, reader), listener, stop)
        return True

    def _try_lead(self, connection: Connection[Any]) -> bool:
        """Take the lock of every projection here; closing the connection gives back what we got."""
        names = [projection.name for projection in self.projections]
        found = rows(connection, _SQL["try_lead"], space=self.database.lock_space, names=names)
        return all(taken for (taken,) in found)

    def _engine(self, connection: Connection[Any], reader: LogReader) -> Engine:
        return Engine(
            connection,
            reader,
            self.projections,
            channel=self.database.channel,
            lock_space=self.database.lock_space,
        )

    def _follow(self, engine: Engine, listener: Listener, stop: Event) -> None:
        while not stop.is_set():
            moved = engine.step()
            self.on_step(moved)
            if not moved and not stop.is_set():
                listener.wait(LISTEN_SECONDS_MAX)


class Watch:
    """Tells how far the projections have come, from announcements heard by one thread.

    Any number of requests may wait at once over the one connection. Close it when done.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._positions: dict[str, int] = {}
        self._lost = False  # what was heard last may be no more
        self._meant: Redirects = {}
        self._changed = Condition()
        self._closed = Event()
        self._door, self._bell = socket.socketpair()  # the bell rings when the door is shut
        self._asked = Event()  # once, whatever came of it
        self._thread = Thread(target=self._run, name="projection-watch", daemon=True)
        self._thread.start()

    @property
    def meant(self) -> Redirects:
        """Who is meant by which id, as of the positions noted."""
        self._asked.wait(FIRST_WORD_SECONDS_MAX)
        return self._meant

    @meant.setter
    def meant(self, meant: Redirects) -> None:
        self._meant = meant

    def ids_of(self, person_id: UUID) -> list[UUID]:
        """Every id that means this person: hers, then those of records merged into hers."""
        return [person_id, *(one for one, kept in self.meant.items() if kept == person_id)]

    def wait_for(self, position: int, names: Iterable[str], *, seconds: float) -> bool:
        """Wait until all of these projections have come to a position.

        False when time is up, or this is closed.
        """
        wanted = tuple(names)

        def there() -> bool:
            return all(self._positions.get(name, -1) >= position for name in wanted)

        with self._changed:
            self._changed.wait_for(lambda: there() or self._closed.is_set(), timeout=seconds)
            return there()

    def position(self, names: Iterable[str]) -> int:
        """How far all of these projections have come at least; their tables may show more."""
        self._asked.wait(FIRST_WORD_SECONDS_MAX)
        with self._changed:
            self._changed.wait_for(
                lambda: not self._lost or self._closed.is_set(), FIRST_WORD_SECONDS_MAX
            )
            return min(self._positions.get(name, 0) for name in names)

    def close(self) -> None:
        """End; whoever still waits is told at once that it will not come."""
        self._closed.set()
        self._asked.set()
        self._door.close()
        with self._changed:
            self._changed.notify_all()
        self._thread.join()
        self._bell.close()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                _log.warning("cannot hear the projections: %s", error)
                self._forget()
                self._asked.set()
                self._closed.wait(LISTEN_SECONDS_MAX)

    def _listen(self) -> None:
        connect = self.database.connect(role=Role.READ, name="watch")
        with closing(connect) as connection, DefaultSelector() as ears:
            connection.execute(SQL("LISTEN {}").format(Identifier(self.database.channel)))
            ears.register(connection, EVENT_READ)
            ears.register(self._bell, EVENT_READ)
            while not self._closed.is_set():
                # Asked anew each time, so that a word lost with a connection does no harm.
                positions = dict(rows(connection, _SQL["positions"]))
                self._meant = redirects(connection)
                self._note(positions)
                self._asked.set()
                give_up_at = time.monotonic() + LISTEN_SECONDS_MAX
                while self._hears_on(connection):
                    seconds = give_up_at - time.monotonic()
                    if seconds <= 0 or not ears.select(seconds):
                        break

    def _hears_on(self, connection: Connection[Any]) -> bool:
        """Note what has been said; false when that is reason to ask anew, or all is over."""
        for notify in connection.notifies(timeout=0):
            said = orjson.loads(notify.payload)
            if said["merges"]:
                return False  # to ask who is meant before anybody hears how far it is
            self._note(dict.fromkeys(said["names"], said["position"]))
        return not self._closed.is_set()

    def _forget(self) -> None:
        """A server that has crashed may have taken back what it announced: see `FOLLOWING`."""
        with self._changed:
            self._lost = self._lost or bool(self._positions)
            self._positions = {}

    def _note(self, positions: dict[str, int]) -> None:
        with self._changed:
            self._positions |= positions
            self._lost = False
            self._changed.notify_all()
