"""Hears that something was appended, and never relies on hearing it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any

import psycopg
from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from ledger.store.links import Links
from ledger.values import POSITION_MAX

LISTEN_SECONDS_MAX = 0.5  # a lost word costs a follower no more than this
PAGE_EVENTS = 500


def channel_of(schema: str) -> str:
    """On which channel the door of a ledger says that something was appended."""
    return f"{schema}_appended"


class Listener:
    """Waits for the word that the door sends behind each group.

    A word can be lost, with the connection or with the server. So whoever waits looks into the
    log after each wait, whatever it answered.
    """

    def __init__(self, conninfo: str, schema: str) -> None:
        self._conninfo = conninfo
        self._channel = channel_of(schema)
        self._connection: Connection[Any] | None = None

    def wait(self, seconds: float = LISTEN_SECONDS_MAX) -> None:
        """Wait until something may have been appended, at most so long.

        The first wait, and the first after a lost connection, is over once the ear is open:
        what was appended before went unheard.
        """
        try:
            if self._connection is None:
                self._connection = psycopg.connect(self._conninfo, autocommit=True)
                self._connection.execute(SQL("LISTEN {}").format(Identifier(self._channel)))
                return
            for _ in self._connection.notifies(timeout=seconds, stop_after=1):
                pass
        except psycopg.OperationalError:
            self.close()
            time.sleep(min(seconds, LISTEN_SECONDS_MAX))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class LedgerSubscription(Subscription[ApplicationRecorder]):
    """Every event after a position, in order, without end and without a hole.

    It listens and reads over one link: the server's process that tells of an event is awake to
    be asked for it, and any other would have to be woken. A link listens before it reads, so
    whatever it has not read it will hear of.
    """

    def __init__(
        self,
        recorder: ApplicationRecorder,
        links: Links,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._after = gt or 0
        self._links = links
        self._page: deque[Notification] = deque()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)
        self._links.close()

    def __next__(self) -> Notification:
        while not self._page:
            if self._has_been_stopped:
                raise StopIteration
            if not self._read_on():
                self._links.hear(LISTEN_SECONDS_MAX)
        return self._page.popleft()

    def _read_on(self) -> bool:
        """Read the next page; whether there may be more behind it.

        Positions are handed out in the order of commits, so nothing can still appear before what
        has been read. Among chosen topics a page may end long before the log does: then the end
        is asked for first, so that what was not chosen need not be looked through again.
        """
        until = self._links.last_position() if self._topics else POSITION_MAX
        found = self._links.notifications(self._after, until, PAGE_EVENTS, self._topics)
        self._page.extend(found)
        seen = found[-1].id if found else self._after
        is_full = len(found) == PAGE_EVENTS
        self._after = max(until, seen) if self._topics and not is_full else seen
        return bool(found)
