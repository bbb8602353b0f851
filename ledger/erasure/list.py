"""What was erased, twice: as the log has it, and in a file outside the database.

A backup may bring back the vault alone, or the log with it. The log knows what an older vault has
to forget again; where both are old, only the file does, which lies beside the root keys and is
never part of a backup of the database.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.aggregates.payroll_retention import PayrollRetention
from ledger.aggregates.retention import Retention, Stage, Subject
from ledger.codec import decode
from ledger.errors import LedgerError
from ledger.events import AnyPayrollRetentionEvent
from ledger.sql import blocks, fetch

_SQL = blocks("ledger.erasure", "erasure.sql")


class EraseFileDamagedError(LedgerError):
    """The list of erasures beside the root keys cannot be read."""

    slug = "erase-file-damaged"
    status = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """Somebody, or a file, that is to stay erased."""

    subject: Subject
    tombstones: tuple[bytes, ...] = ()  # keyed digests of the numbers that led to a person

    @property
    def subject_id(self) -> UUID:
        return self.subject.id

    def line(self) -> bytes:
        hmacs = [hmac.hex() for hmac in self.tombstones]
        return orjson.dumps({**self.subject._asdict(), "tombstones": hmacs}) + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Entry:
        said = orjson.loads(line)
        hmacs = tuple(bytes.fromhex(hmac) for hmac in said["tombstones"])
        evidence_id, enrollment_id = (
            None if said[name] is None else UUID(said[name])
            for name in ("evidence_id", "enrollment_id")
        )
        return cls(Subject(UUID(said["person_id"]), evidence_id, enrollment_id), hmacs)


class EraseFile:
    """One line for each erasure, written before anything is destroyed and never taken out.

    What follows the last end of a line is a try that broke off before anything was destroyed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> dict[UUID, Entry]:
        """All entries. Raises EraseFileDamagedError: then nobody can tell what to forget."""
        if not self._path.exists():
            return {}
        lines = self._path.read_bytes().split(b"\n")[:-1]
        found = {}
        for number, line in enumerate(lines, start=1):
            try:
                entry = Entry.of_line(line)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise EraseFileDamagedError(f"line {number} of {self._path} is damaged") from None
            found[entry.subject_id] = entry
        return found

    def add(self, entries: Iterable[Entry]) -> None:
        """Write what is not there yet, and put it on the disk."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            known = self.entries()
            new = [entry for entry in entries if entry.subject_id not in known]
            if not new:
                return
            content = file.read()
            file.seek(content.rfind(b"\n") + 1)
            file.truncate()
            file.write(b"".join(entry.line() for entry in new))
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@dataclass
class Retentions:
    """Every hold, erasure and destruction, folded from the log and kept as far as it was read."""

    _found: dict[UUID, Retention] = field(default_factory=dict)
    _payrolls: dict[UUID, PayrollRetention] = field(default_factory=dict)
    _last: tuple[Any, ...] | None = None  # the newest row that was read
    _lock: Lock = field(default_factory=Lock)

    def read(self, connection: Connection[Any]) -> Mapping[UUID, Retention]:
        """By stream, up to the end of the log. The connection has to see the log.

        The last row known is read again: where it is another, the log was restored meanwhile.
        """
        with self._lock:
            after = self._last[0] - 1 if self._last else 0
            rows = fetch(connection, _SQL["retention_events"], after=after)
            if self._last and rows[:1] != [self._last]:
                self._found, self._payrolls, self._last = {}, {}, None
                rows = fetch(connection, _SQL["retention_events"], after=0)
            for row in rows[1:] if self._last else rows:
                _, stream, version, topic, state = row
                event: Any = decode(topic, bytes(state), stream, version)
                self._fold(stream, event)
            self._last = rows[-1] if rows else None
            return dict(self._found)

    def _fold(self, stream: UUID, event: Any) -> None:
        if isinstance(event, AnyPayrollRetentionEvent):
            known = self._payrolls.get(stream)
            self._payrolls[stream] = PayrollRetention.evolve(known, event)
        else:
            self._found[stream] = Retention.evolve(self._found.get(stream), event)

    def payrolls(self, connection: Connection[Any]) -> list[PayrollRetention]:
        """The batches of which files were, or are being, destroyed."""
        self.read(connection)
        with self._lock:
            return list(self._payrolls.values())

    def held(self, connection: Connection[Any]) -> set[UUID]:
        """The persons of whom anything is held."""
        return {one.subject.person_id for one in self.read(connection).values() if one.holds}

    def erased(self, connection: Connection[Any]) -> list[Entry]:
        """What the log says is erased."""
        return [
            Entry(one.subject)
            for one in self.read(connection).values()
            if one.stage is Stage.ERASED
        ]
