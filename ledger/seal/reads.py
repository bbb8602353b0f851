"""Reads what is sealed out of the database: rows, tiles, checkpoints, and proofs made of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import takewhile
from typing import Any

from psycopg import Connection, errors
from psycopg.types.numeric import Int8BinaryLoader
from psycopg.types.string import ByteaBinaryLoader

from ledger.errors import NotFoundError, UnavailableError
from ledger.seal.leaves import POSTGRES_EPOCH_US, Row, leaves, unreadable
from ledger.seal.merkle import HASH_BYTES
from ledger.seal.notes import Checkpoint, Note, Proof
from ledger.seal.tiles import TILE_BYTES, Edge, MissingHashesError, inclusion_proof
from ledger.sql import blocks, fetch

SQL = blocks("ledger.seal", "seal.sql")
CHECKPOINTS_AT_ONCE = 1_000
ROWS_AT_ONCE = 8_192
# What the server says of a page, a value or an index that its disk has damaged, or does not give.
DAMAGED = (
    errors.DataCorrupted,
    errors.IndexCorrupted,
    errors.InternalError_,
    errors.IoError,
    errors.UndefinedFile,
)
COSIGNATURES_MAX = 100  # so many are looked back for the one that most witnesses have signed


class NotSealedYetError(UnavailableError):
    """What was written is stored, but no checkpoint covers it yet."""

    slug = "not-sealed-yet"


class SealReads:
    """Over one connection, which only has to be allowed to read."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection
        # Bytes as they are sent: nothing is decoded that could turn out not to be readable.
        self._raw = connection.cursor(binary=True, row_factory=lambda _cursor: _row)
        for name in ("uuid", "text"):
            self._raw.adapters.register_loader(name, ByteaBinaryLoader)
        self._raw.adapters.register_loader("timestamptz", Int8BinaryLoader)

    def last_position(self) -> int:
        """The position of the newest event; 0 for an empty log."""
        return int(self._fetch("last_position")[0][0])

    def next_position(self, after: int) -> int | None:
        """The first position in use after another."""
        found: int | None = self._fetch("next_position", after=after)[0][0]
        return found

    def rows(self, first: int, last: int) -> list[Row]:
        """What the log holds at these positions, in order."""
        return self._rows("rows", first=first, last=last)

    def rows_at(self, positions: Sequence[int]) -> list[Row]:
        """What the log holds at some positions, in order."""
        return self._rows("rows_at", positions=list(positions))

    def tiles(self, level: int, first: int, last: int) -> bytes:
        """The hashes of neighboring tiles; those that are missing from within are zeros."""
        hashes = bytearray()
        for number, start, piece in self._fetch("tiles", level=level, first=first, last=last):
            at = (number - first) * TILE_BYTES + start * HASH_BYTES
            hashes += bytes(max(0, at - len(hashes)))
            hashes[at : at + len(piece)] = piece
        return bytes(hashes)

    def tile(self, level: int, number: int) -> bytes:
        """The hashes of one tile, as far as it is full."""
        return self.tiles(level, number, number)

    def last_checkpoint(self) -> tuple[int, str] | None:
        """The size and the note of the newest checkpoint, as the log has signed it."""
        found = self._fetch("last_checkpoint")
        return (found[0][0], found[0][1]) if found else None

    def newest_checkpoint(self) -> tuple[int, str] | None:
        """The newest checkpoint, with what witnesses have signed below it so far."""
        newest = self.last_checkpoint()
        return self._cosigned(newest[0]) if newest else None

    def cosigned_checkpoint(self, position: int) -> tuple[int, str] | None:
        """A checkpoint that covers a position, with what witnesses have signed below it.

        The newest; but where witnesses have not come to it yet, the newest that they have signed.
        """
        newest = self.last_checkpoint()
        if newest is None:
            return None
        lately = self._fetch("cosigned_checkpoint", position=position, limit=COSIGNATURES_MAX)
        return self._cosigned(lately[0][0] if lately else newest[0])

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """The size and the note of every checkpoint, the smallest first; cosigned where it is."""
        after = -1
        while found := self._fetch("checkpoints", after=after, limit=CHECKPOINTS_AT_ONCE):
            yield from found
            after = found[-1][0]

    def checkpoints_newest_first(self) -> Iterator[tuple[int, str]]:
        """The size and the note of every checkpoint, the largest first; cosigned where it is."""
        before = 2**63 - 1
        name = "checkpoints_newest_first"
        while found := self._fetch(name, before=before, limit=CHECKPOINTS_AT_ONCE):
            yield from found
            before = found[-1][0]

    def proof(self, position: int) -> Proof:
        """The proof that the event at a position is covered by a checkpoint.

        Raises:
            NotFoundError: there is no such position.
            NotSealedYetError: there will be one soon.
            MissingHashesError: the tree is damaged.
        """
        sealed = self.cosigned_checkpoint(position)
        size = sealed[0] if sealed else 0
        if position < 1 or (position > size and position > self.last_position()):
            raise NotFoundError(f"the log has no position {position}")
        if sealed is None or position > size:
            raise NotSealedYetError(f"position {position} is not sealed yet; ask again")
        hashes = inclusion_proof(position - 1, size, cache(self.tile))
        return Proof(position - 1, tuple(hashes), sealed[1])

    def proofs(self, positions: Sequence[int]) -> dict[int, Proof]:
        """The proofs of many positions by one checkpoint; those it does not cover have none yet.

        Raises MissingHashesError: the tree is damaged.
        """
        sealed = self.cosigned_checkpoint(max(positions, default=0))
        if sealed is None:
            return {}
        size, note = sealed
        tile = cache(self.tile)
        return {
            position: Proof(position - 1, tuple(inclusion_proof(position - 1, size, tile)), note)
            for position in positions
            if 1 <= position <= size
        }

    def _rows(self, name: str, **parameters: Any) -> list[Row]:
        return self._raw.execute(SQL[name], parameters).fetchall()

    def _cosigned(self, size: int) -> tuple[int, str]:
        found = self._fetch("checkpoints", after=size - 1, limit=1)[0]
        return found[0], found[1]

    def _fetch(self, name: str, **parameters: Any) -> list[tuple[Any, ...]]:
        return fetch(self._connection, SQL[name], **parameters)


class DatabaseLog(SealReads):
    """The log as it stood at one moment, to be verified while it goes on."""

    has_tree = True

    def __init__(self, connection: Connection[Any]) -> None:
        super().__init__(connection)
        try:
            with connection.transaction():
                found = self._fetch("extent")[0]  # in one statement, so of one moment
        except DAMAGED:  # its end cannot be read; the tree tells how long the log was, at least
            [(leaf_count, checkpoint)] = self._fetch("extent_of_seal")
            found = (self._last_in_use(max(leaf_count, checkpoint)), leaf_count, checkpoint)
        self._last_position, self._leaf_count, self._checkpoint = map(int, found)

    def last_position(self) -> int:
        return self._last_position

    def leaf_count(self) -> int:
        """How many leaves the tree holds."""
        return self._leaf_count

    def next_position(self, after: int) -> int | None:
        found = super().next_position(after)
        return found if found is not None and found <= self._last_position else None

    def rows(self, first: int, last: int) -> list[Row]:
        """What can be read of the log at these positions; of a row that cannot, its position."""
        last = min(last, self._last_position)
        try:
            with self._connection.transaction():
                return super().rows(first, last)
        except DAMAGED:  # find out whose page or value that is; before the log there are no pages
            if first < 1:
                raise
            return self._readable_rows(first, last)

    def _last_in_use(self, known: int) -> int:
        """The newest position behind a known one, readable or not: positions have no gaps."""
        step = 1
        while self._in_use(known + step):
            known, step = known + step, 2 * step
        while step := step // 2:
            known += step if self._in_use(known + step) else 0
        return known

    def _in_use(self, position: int) -> bool:
        return bool(self._readable_rows(position, position))

    def _readable_rows(self, first: int, last: int) -> list[Row]:
        try:
            with self._connection.transaction():
                self._fetch("by_index")  # a scan of the table would meet the damage each time
                return super().rows(first, last)
        except DAMAGED:
            if first == last:
                return [unreadable(first)]
        middle = (first + last) // 2
        return [*self._readable_rows(first, middle), *self._readable_rows(middle + 1, last)]

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        return takewhile(lambda one: one[0] <= self._checkpoint, super().checkpoints())


def _row(values: Sequence[Any]) -> Row:
    """A row as PostgreSQL sends it, microseconds since 2000; what is missing is no time at all."""
    position, recorded_us, command, stream, version, topic, state = values
    since_1970 = (recorded_us or 0) + POSTGRES_EPOCH_US
    return Row(position, since_1970, command, stream, version, topic, state)


def root_at(size: int, reads: SealReads) -> bytes:
    """The root of the first so many events: of the tree, and of rows where it has not come to them.

    Raises MissingHashesError: neither tree nor log has so many.
    """
    sealed = reads.last_checkpoint()
    edge = Edge.read(min(size, sealed[0] if sealed else 0), reads.tile)
    while edge.size < size:
        rows = reads.rows(edge.size + 1, min(size, edge.size + ROWS_AT_ONCE))
        if not rows:
            raise MissingHashesError(f"the log has no event at position {edge.size + 1}")
        edge.append(leaves(rows))
    return edge.root


def divided(note: str) -> tuple[str, list[tuple[str, str]]]:
    """A note as the log has signed it, and by the names of witnesses the lines that they added."""
    text, lines = Note.parse(note)
    origin = Checkpoint.parse(text).origin
    own = tuple(line for line in lines if line.name == origin)
    others = [line for line in lines if line.name != origin]
    return str(Note(text, own)), [(f"{one.name}+{one.key_id.hex()}", str(one)) for one in others]
