"""The few links that a process reads over, shared by all its threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from threading import BoundedSemaphore

import psycopg
from eventsourcing.persistence import Notification

from ledger.errors import UnavailableError
from ledger.store.link import Link, Row
from ledger.store.wire import Parameter


class Links:
    """At most `size` links, made when needed and kept. A read survives a restart of the server."""

    def __init__(self, connect: Callable[[], Link], size: int, patience_seconds: float) -> None:
        self._connect = connect
        self._idle: list[Link] = []
        self._free = BoundedSemaphore(size)
        self._patience_seconds = patience_seconds

    def fetch(self, statement: str, *values: Parameter) -> list[Row]:
        """The rows of a read.

        Raises:
            UnavailableError: no link became free, or the server did not come back, in time.
        """
        give_up_at = time.monotonic() + self._patience_seconds
        if not self._free.acquire(timeout=self._patience_seconds):
            raise UnavailableError("all connections to the database are busy; try again")
        try:
            return self._fetch(give_up_at, statement, *values)
        finally:
            self._free.release()

    def notifications(
        self, after: int, until: int, limit: int, topics: Sequence[str]
    ) -> list[Notification]:
        """A page of the log after a position, of these topics or, without any, of all."""
        if topics:
            rows = self.fetch("notifications_of_topics", after, until, limit, list(topics))
        else:
            rows = self.fetch("notifications", after, until, limit)
        return [Notification(*row) for row in rows]

    def last_position(self) -> int:
        """The position of the newest event; 0 for an empty log."""
        rows = self.fetch("last_position")
        return int(rows[0][0]) if rows else 0

    def hear(self, seconds: float) -> None:
        """Wait until something was said on the channel of an idle link, at most so long.

        Without such a link there is nothing to wait for: the next read makes one, and what was
        said before that read is of no more use.
        """
        try:
            if self._idle:
                self._idle[-1].hear(seconds)
        except psycopg.OperationalError:
            self.close()

    def _fetch(self, give_up_at: float, statement: str, *values: Parameter) -> list[Row]:
        pause = 0.0
        while True:
            try:
                return self._fetch_once(statement, *values)
            except psycopg.OperationalError as error:
                if time.monotonic() + pause > give_up_at:
                    raise UnavailableError(f"the database does not answer: {error}") from error
            self.close()  # a server that was restarted has forgotten all of them
            time.sleep(pause)
            pause = min(pause * 2 + 0.01, 0.25)

    def _fetch_once(self, statement: str, *values: Parameter) -> list[Row]:
        try:
            link = self._idle.pop()
        except IndexError:
            link = self._connect()
        try:
            rows = link.fetch(statement, *values)
        finally:
            if link.is_broken:
                link.close()
            else:
                self._idle.append(link)
        return rows

    def close(self) -> None:
        """Close what is idle. A link in use is closed by its user, or kept for the next."""
        while self._idle:
            self._idle.pop().close()
