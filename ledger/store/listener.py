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

LISTEN_SECONDS_MAX = 0.5  # a lost word costs a follower no more than this
PAGE_EVENTS = 500


class Listener:
    """Waits for the word that the door sends behind each group.

    A word can be lost, with the connection or with the server. So whoever waits looks into the
    log after each wait, whatever it answered.
    """

    def __init__(self, conninfo: str, schema: str) -> None:
        self._conninfo = conninfo
        self._channel = f"{schema}_appended"
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
    """Every event after a position, in order, without end and without a hole."""

    def __init__(
        self,
        recorder: ApplicationRecorder,
        listener: Listener,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        super().__init__(recorder, gt, topics)
        self._after = gt or 0
        self._listener = listener
        self._page: deque[Notification] = deque()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        super().__exit__(*args, **kwargs)
        self._listener.close()

    def __next__(self) -> Notification:
        while not self._page:
            if self._has_been_stopped:
                raise StopIteration
            if not self._read_on():
                self._listener.wait()
        return self._page.popleft()

    def _read_on(self) -> bool:
        """Read the next page; whether there may be more behind it.

        Positions are handed out in the order of commits, so nothing can still appear before what
        has been read. Among chosen topics a page may end long before the log does: then the end
        is asked for first, so that what was not chosen need not be looked through again.
        """
        until = (self._recorder.max_notification_id() or 0) if self._topics else None
        found = self._recorder.select_notifications(
            start=self._after,
            limit=PAGE_EVENTS,
            stop=until,
            topics=self._topics,
            inclusive_of_start=False,
        )
        self._page.extend(found)
        seen = found[-1].id if found else self._after
        is_full = len(found) == PAGE_EVENTS
        self._after = seen if is_full or until is None else max(until, self._after)
        return bool(found)
