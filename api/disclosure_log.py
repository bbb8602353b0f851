"""The log of who read whose record: its lines, and the one thread that writes them.

Those that wait together are one statement and one transaction. A line is stored before whoever
had it written hears of it; nothing is kept in memory only and hoped for.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from threading import Condition, Thread
from typing import Any, Literal, NamedTuple
from uuid import UUID

from psycopg.rows import class_row

from ledger.errors import UnavailableError
from ledger.sql import Connections, blocks, execute, fetch

LINES_MAX = 10_000  # that wait; a page shows two hundred persons at most
LINES_AT_ONCE = 2_000
WAITS, WAIT_SECONDS = 100, 0.1  # for those who write; a statement of theirs ends sooner
_SQL = blocks("api", "disclosures.sql")
_log = logging.getLogger("mcledger.disclosures")

Record = Literal[
    "person",
    "transcript",
    "transcript-line",
    "history",
    "stacks",
    "employments",
    "facts",
    "payouts",
    "payout",
    "base-pay",
    "licenses",
    "credits",
    "renewals",
    "license",
    "enrollment",
    "decisions",
    "changes",
    "opening-records",
    "evidence",
    "record",
    "external-records",
    "share",  # seen by a recipient, or with a link
    "expired-share",  # somebody came too late, and was shown nothing
    "shares",  # that there is one
    "disputes",
    "pre-service",
    "found",  # as a holder, by a district that looked for one
    "physical-badges",
    "challenge",
]
ReaderRole = Literal[
    "assessor",
    "issuer_approver",
    "district",
    "payroll",
    "payroll_system",
    "auditor",
    "operator",
    "teammate",  # in a challenge
    "recipient",  # of a share
    "link",  # whoever has it; the reader named is the share itself
    "verifier",  # whoever checks a signed record; the reader named is the record itself
    "unexplained",
]


class DisclosureUnwrittenError(UnavailableError):
    """That this was shown could not be written down, so it is not shown; ask again."""

    slug = "disclosure-unwritten"


class Line(NamedTuple):
    """One record of one person that one reader was shown."""

    read_at: datetime
    person_id: UUID
    reader_id: UUID
    role: ReaderRole
    organization_id: UUID | None  # the district or issuer; null: for the state
    record: Record
    thing_id: UUID | None  # of what a record has several, which one


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it is kept. A page ends with the `line_id` after which the next begins."""

    line_id: int
    read_at: datetime
    person_id: UUID
    reader_id: UUID
    role: str
    organization_id: UUID | None
    record: str
    thing_id: UUID | None


class DisclosureLog:
    """Writes lines in the order they come, those that wait together; close it when done."""

    def __init__(self, connections: Connections, *, lines_max: int = LINES_MAX) -> None:
        self.connections = connections
        self._lines_max = lines_max
        self._waiting: deque[tuple[Sequence[Line], Future[None]]] = deque()
        self._lines = 0
        self._changed = Condition()
        self._closed = False
        self._thread = Thread(target=self._run, name="disclosures", daemon=True)
        self._thread.start()

    def write(self, lines: Sequence[Line]) -> Future[None]:
        """Have lines written. Done once they are stored, or failed with DisclosureUnwrittenError.

        Raises:
            DisclosureUnwrittenError: too many wait already, or the log is closed.
        """
        written: Future[None] = Future()
        with self._changed:
            if self._closed or self._lines + len(lines) > self._lines_max:
                raise DisclosureUnwrittenError("too many reads wait to be written down; ask again")
            self._waiting.append((lines, written))
            self._lines += len(lines)
            self._changed.notify()
        return written

    def page_of(self, block: str, keys: list[UUID], before: int, limit: int) -> list[StoredLine]:
        """Lines of a person by all of her ids, or of an organization, the newest first."""
        return self._stored(block, keys=keys, before=before, limit=limit)

    def settled(self, after: int) -> int:
        """A line before which no other will appear any more: the newest one there is, as a rule.

        Numbers are drawn before lines are stored, so whoever writes at this moment is waited for.
        No writer waits for anybody here; one that takes long leaves all as it was, at `after`.
        """
        newest: int = self._one("newest")
        writing = self._writers() if newest > after else set()
        for _ in range(WAITS):
            if not writing:
                return newest
            time.sleep(WAIT_SECONDS)
            writing &= self._writers()
        return after

    def lines(self, after: int, until: int, limit: int) -> list[StoredLine]:
        """Lines after a number and up to another, in order."""
        return self._stored("lines", after=after, until=until, limit=limit)

    def count_after(self, line_id: int) -> int:
        """How many lines there are after a number."""
        return int(self._one("count_after", after=line_id))

    def forget(self, after: int, until: int) -> int:
        """Delete the lines after a number and up to another; none is younger than three years.

        Raises psycopg.errors.InsufficientPrivilege where one is; then all of them are left.
        """
        with self.connections.connection() as connection:
            return execute(connection, _SQL["forget"], after=after, until=until)

    def close(self) -> None:
        """Write what waits, and take nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _stored(self, block: str, **asked: Any) -> list[StoredLine]:
        with (
            self.connections.connection() as connection,
            connection.cursor(binary=True, row_factory=class_row(StoredLine)) as cursor,
        ):
            return cursor.execute(_SQL[block], asked).fetchall()

    def _one(self, block: str, **asked: Any) -> Any:
        with self.connections.connection() as connection:
            return fetch(connection, _SQL[block], **asked)[0][0]

    def _writers(self) -> set[str]:
        """The transactions that write lines at this moment."""
        with self.connections.connection() as connection:
            return {name for (name,) in fetch(connection, _SQL["writers"])}

    def _run(self) -> None:
        while batch := self._next():
            # Who has gone meanwhile is not answered, but cannot be told from who has not.
            waiting = [written for _, written in batch if written.set_running_or_notify_cancel()]
            try:
                self._store([line for lines, _ in batch for line in lines])
            except Exception as error:  # noqa: BLE001 - whatever it is, all who wait are told
                _log.error("reads are refused, as none can be written down: %s", error)
                failed = DisclosureUnwrittenError("that this is shown cannot be written down now")
                for written in waiting:
                    written.set_exception(failed)
            else:
                for written in waiting:
                    written.set_result(None)

    def _next(self) -> list[tuple[Sequence[Line], Future[None]]]:
        """What waits, or a part of it; nothing once the log is closed and all is written."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            batch, lines = [], 0
            while self._waiting and lines < LINES_AT_ONCE:
                batch.append(self._waiting.popleft())
                lines += len(batch[-1][0])
            self._lines -= lines
            return batch

    def _store(self, lines: Sequence[Line]) -> None:
        columns = zip(*lines, strict=True)
        names = [f"{name}s" for name in Line._fields]
        with self.connections.connection() as connection:
            execute(connection, _SQL["add"], **dict(zip(names, map(list, columns), strict=True)))
