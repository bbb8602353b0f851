"""Compares stored files, the vault's rows of them and the log, and sweeps what was broken off.

Whoever stores a file writes the blob, then the vault's row, then the event. What broke off leaves
the first or the first two of them, which nobody will ever ask for; a day later they are swept. What
has an event is not swept unless it was erased; what should be there by the log and is not is found.

Evidence and the files of payroll batches lie beside each other, on a shelf each by their names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, LiteralString, NamedTuple
from uuid import UUID

import obstore
from obstore.store import LocalStore, ObjectStore

from ledger.blobs import pieces_of
from ledger.segments import sealed_bytes
from ledger.sql import blocks, execute, fetch
from ledger.vault import Vault

BROKEN_OFF_AFTER = timedelta(days=1)
PAGE_ROWS = 10_000
FIRST = UUID(int=0)
NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # else it is none of ours
UNFINISHED = re.compile(r"#\d+$")  # how the local store names a file that is being written
_SQL = blocks("ledger", "inventory.sql")

Kind = Literal[
    "missing", "changed", "key-missing", "key-changed", "erasure-missing", "orphan", "unfinished"
]
DAMAGE: frozenset[Kind] = frozenset(
    {"missing", "changed", "key-missing", "key-changed", "erasure-missing"}
)


class InLog(NamedTuple):
    """What an event says of a file."""

    digest: str
    whose: str = ""  # what the file belongs to, for whoever reads of it
    erased: bool = False  # by what the log says, whatever the vault does


Logged = Mapping[UUID, InLog]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One kind of stored files."""

    name: str  # as its blocks of SQL end
    prefix: str  # of the names of its blobs, before the id

    def name_of(self, file_id: UUID) -> str:
        return f"{self.prefix}{file_id}"

    def id_of(self, name: str) -> UUID | None:
        """Which file it is; null for what is not of this shelf."""
        bare = name.removeprefix(self.prefix)
        mine = name.startswith(self.prefix) and NAME.fullmatch(bare)
        return UUID(bare) if mine else None


EVIDENCE = Shelf("evidence", "")
PAYROLL = Shelf("payroll", "payroll-")


@dataclass(frozen=True, slots=True)
class Finding:
    """A file that is not as the log has it, or that the log does not have."""

    kind: Kind
    name: str
    detail: str

    @property
    def is_damage(self) -> bool:
        """Something is lost or was changed; else it only lies about until it is swept."""
        return self.kind in DAMAGE


class _Row(NamedTuple):
    file_id: UUID
    size_bytes: int
    ciphertext_sha256: bytes
    broken_off: bool
    whose: str


class _Blob(NamedTuple):
    size_bytes: int
    written_at: datetime


def no_steps() -> None:
    """Hears of each step and does nothing."""


class Inventory:
    """All files of one kind of a ledger. Takes about 300 bytes of memory for each of them.

    Args:
        vault: Whose rows.
        blobs: Where the files lie.
        shelf: Which kind.
        logged: Reads the digests of all files out of the log, when it is called.
        on_step: Hears of each file that was looked at, and of each step of sweeping.
    """

    def __init__(
        self,
        vault: Vault,
        blobs: ObjectStore,
        logged: Callable[[], Logged],
        *,
        shelf: Shelf = EVIDENCE,
        on_step: Callable[[], None] = no_steps,
    ) -> None:
        self._vault, self._blobs, self._logged, self._on_step = vault, blobs, logged, on_step
        self._shelf = shelf

    def check(self, at: datetime, *, digests: bool = True) -> Iterator[Finding]:
        """Whatever is missing, changed, or left over from an upload that broke off.

        Args:
            at: Now, by the clock of the files.
            digests: Read every file; without, only sizes are compared.
        """
        blobs, rows = self._listed(), self._rows()
        logged = self._left()  # last, so that what is uploaded meanwhile is not taken for broken
        yield from self._left_over(at, blobs, rows, logged)
        for file_id, in_log in logged.items():
            digest, whose, erased = in_log
            for found in self._damage(file_id, digest, erased=erased, digests=digests):
                detail = f"{whose}: {found.detail}" if whose else found.detail
                yield replace(found, detail=detail)
            self._on_step()

    def sweep(self, at: datetime) -> list[Finding]:
        """Delete what uploads left over that broke off more than a day ago; says what it was."""
        blobs, rows = self._listed(), self._rows()
        return [
            one for one in self._left_over(at, blobs, rows, self._left()) if self._delete(one, at)
        ]

    def _left(self) -> Logged:
        """What the log has and nobody has erased."""
        logged = self._logged()
        with self._vault.connections.connection() as connection:
            erased = {row[0] for row in fetch(connection, _SQL["erased"])}
        return {file_id: one for file_id, one in logged.items() if file_id not in erased}

    def _left_over(
        self, at: datetime, blobs: Mapping[UUID, _Blob], rows: Mapping[UUID, _Row], logged: Logged
    ) -> Iterator[Finding]:
        name_of = self._shelf.name_of
        for file_id, row in rows.items():
            if row.broken_off and file_id not in logged:
                whose = f"{row.whose}: " if row.whose else ""
                yield Finding("orphan", name_of(file_id), f"{whose}stored, and no event followed")
        for file_id, blob in blobs.items():
            known = file_id in rows or file_id in logged
            if not known and blob.written_at < at - BROKEN_OFF_AFTER:
                yield Finding("orphan", name_of(file_id), "nobody has its key")
        for path in self._unfinished(at):
            yield Finding("unfinished", path.name, "its upload broke off")

    def _delete(self, one: Finding, at: datetime) -> bool:
        """The row goes first: a blob without one is found again, a row without one is damage."""
        if one.kind == "unfinished":
            for path in self._unfinished(at):
                if path.name == one.name:
                    path.unlink(missing_ok=True)
            self._on_step()
            return True
        file_id = self._shelf.id_of(one.name)
        assert file_id is not None, "what is left over is of this shelf"
        with self._vault.writing() as connection:
            execute(connection, self._sql("sweep"), file_id=file_id)
        self._on_step()
        if self._row(file_id) is not None:
            return False  # it was sent again meanwhile
        with suppress(FileNotFoundError):
            obstore.delete(self._blobs, one.name)
        self._on_step()
        return True

    def _damage(
        self, file_id: UUID, digest: str, *, erased: bool, digests: bool
    ) -> Iterator[Finding]:
        row, name = self._row(file_id), self._shelf.name_of(file_id)
        if row is None and erased:
            detail = "the log has it erased, and the vault's list of what is erased has lost it"
            yield Finding("erasure-missing", name, detail)
            return
        if row is None:
            yield Finding("key-missing", name, "the vault does not know it, and it was not erased")
        elif row.ciphertext_sha256.hex() != digest.removeprefix("sha256:"):
            yield Finding("key-changed", name, "the vault has another digest of it than the log")
        try:
            found = obstore.head(self._blobs, name)["size"]
        except FileNotFoundError:
            yield Finding("missing", name, "the file is gone")
            return
        expected = sealed_bytes(row.size_bytes) if row is not None else found
        if found != expected:
            yield Finding("changed", name, f"it has {found} bytes instead of {expected}")
        elif digests and self._digest(name) != digest:
            yield Finding("changed", name, "it has another digest than the log")

    def _digest(self, name: str) -> str:
        digest = hashlib.sha256()
        for piece in pieces_of(self._blobs, name):
            digest.update(piece)
        return f"sha256:{digest.hexdigest()}"

    def _listed(self) -> dict[UUID, _Blob]:
        found = {}
        for page in obstore.list(self._blobs):
            for one in page:
                file_id = self._shelf.id_of(one["path"])
                if file_id is not None:
                    found[file_id] = _Blob(one["size"], one["last_modified"])
        return found

    def _rows(self) -> dict[UUID, _Row]:
        found: dict[UUID, _Row] = {}
        after, page = FIRST, PAGE_ROWS
        while page == PAGE_ROWS:
            with self._vault.connections.connection() as connection:
                rows = fetch(connection, self._sql("page"), after=after, limit=PAGE_ROWS)
            found |= {row[0]: _Row(*row) for row in rows}
            page = len(rows)
            after = rows[-1][0] if rows else after
        return found

    def _sql(self, name: str) -> LiteralString:
        return _SQL[f"{name}_of_{self._shelf.name}"]

    def _row(self, file_id: UUID) -> _Row | None:
        with self._vault.connections.connection() as connection:
            rows = fetch(connection, self._sql("row"), file_id=file_id)
        return _Row(*rows[0]) if rows else None

    def _unfinished(self, at: datetime) -> list[Path]:
        """What the local store began to write; other stores forget that by a rule of theirs."""
        if not isinstance(self._blobs, LocalStore) or self._blobs.prefix is None:
            return []
        return [
            path
            for path in sorted(Path(self._blobs.prefix).rglob("*#*"))
            if UNFINISHED.search(path.name)
            and path.name.startswith(PAYROLL.prefix) == (self._shelf is PAYROLL)
            and datetime.fromtimestamp(path.stat().st_mtime, UTC) < at - BROKEN_OFF_AFTER
        ]
