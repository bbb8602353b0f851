"""Seals the log: follows it, keeps its Merkle tree, and signs how large it is and what is in it.

It follows like a projection, over a connection of its own, so no writer waits for it. But it is
none: what a projection derives may be derived again, and derived from rows that somebody has
changed it would agree with the change. So the tree only grows, and before anything is signed it
has to continue what was signed before: as the database has it, and as the file beside the signing
key has it, which no restored database brings back.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cache
from threading import Event
from typing import Any

import psycopg
from psycopg import Connection, errors

from ledger.errors import LedgerError
from ledger.seal.keys import LastSigned, LogSigner
from ledger.seal.leaves import Row, leaves
from ledger.seal.merkle import HASH_BYTES, consistency_holds
from ledger.seal.notes import Checkpoint, Note, NoteError, checkpoint_of, open_checkpoint
from ledger.seal.reads import SQL, SealReads
from ledger.seal.tiles import Edge, MissingHashesError, Piece, consistency_proof, span_root
from ledger.sql import execute, fetch

BACK_OFF_SECONDS = 5.0
LOOKS = 10  # at what is new, between two checkpoints
NICENESS = 10  # of a process that only seals
_log = logging.getLogger(__name__)


def give_way() -> None:
    """Let this process stand back for those that write, who wait for a processor: sealing can.

    It is about a second behind as it is. A tenth of a busy processor is left to it, which seals
    more than a ledger writes.
    """
    os.nice(NICENESS)


class SealRefusedError(LedgerError):
    """What would be signed does not continue what was signed before."""

    slug = "seal-refused"
    status = 503


@dataclass
class Taken:
    """Leaves of events beyond the tree, taken in before there is a checkpoint over them.

    So the work of a second is done in small parts, beside appends that wait for a processor: of a
    thousand events, what is left to do at once takes 5 ms instead of 8.
    """

    after: int = 0  # the position before the first
    hashes: bytes = b""

    @property
    def last(self) -> int:
        return self.after + len(self.hashes) // HASH_BYTES

    def between(self, size: int, until: int) -> bytes:
        """The leaves that continue a tree of that size, as far as there are any."""
        if not self.after <= size < self.last:
            return b""
        first, end = size - self.after, min(until, self.last) - self.after
        return self.hashes[first * HASH_BYTES : end * HASH_BYTES]


@dataclass
class Sealer:
    """Signs a checkpoint for every `events_max` events, or every `seconds_max` while any come.

    Any number of processes may try; one at a time does it. `conninfo` connects as the role project.
    """

    conninfo: str
    signer: LogSigner
    last_signed: LastSigned
    events_max: int = 8192
    seconds_max: float = 1.0
    _edge: Edge = field(default_factory=Edge)
    _note: str | None = None  # the newest checkpoint known, to which the edge belongs
    _taken: Taken = field(default_factory=Taken)

    def run(self, stop: Event) -> None:
        """Seal for as long as it is asked to, through restarts of the server.

        What is refused is tried again: an operator may have put right what was wrong.
        """
        while not stop.is_set():
            try:
                with closing(self.connect()) as connection:
                    self._taken = Taken()  # another server may hold another log
                    while not self._look(connection, stop):
                        self.catch_up(connection)
            except psycopg.Error as error:
                _log.warning("the log is not being sealed: %s", error)
            except LedgerError as error:
                _log.error("the log is not being sealed: %s [%s]", error.detail, error.slug)
            stop.wait(BACK_OFF_SECONDS)

    def connect(self) -> Connection[Any]:
        return psycopg.connect(self.conninfo, autocommit=True)

    def catch_up(self, connection: Connection[Any]) -> int:
        """Seal everything there is by now; returns how many events that were.

        Raises:
            SealRefusedError: nothing was signed.
        """
        sealed, last = 0, SealReads(connection).last_position()
        while moved := self.step(connection):
            sealed += moved
            if self._edge.size >= last:  # what came meanwhile waits for its own turn
                break
        return sealed

    def _look(self, connection: Connection[Any], stop: Event) -> bool:
        """Take in what comes until the next checkpoint is due; whether to stop."""
        for _ in range(LOOKS):
            if stop.wait(self.seconds_max / LOOKS):
                return True
            self.take_in(connection)
        return False

    def take_in(self, connection: Connection[Any]) -> None:
        """Work out the leaves of what is new, so that the next checkpoint finds them ready."""
        reads = SealReads(connection)
        size = self._edge.size
        known = self._taken.between(size, size + self.events_max)
        first = size + len(known) // HASH_BYTES + 1
        last = min(reads.last_position(), size + self.events_max)
        fresh = leaves(_rows(reads, first, last)) if first <= last else b""
        self._taken = Taken(size, known + fresh)

    def step(self, connection: Connection[Any]) -> int:
        """Seal what one checkpoint covers; zero when nothing is left, or somebody else seals."""
        with connection.transaction():
            if not fetch(connection, SQL["try_turn"])[0][0]:
                return 0
            self.signer.refresh()  # they are exchanged by whoever has this turn
            reads = SealReads(connection)
            remembered = self._remembered()
            edge = self._current_edge(reads, remembered)
            old = Checkpoint(self.signer.origin, edge.size, edge.root)
            until = self._until(reads, edge.size, remembered)
            if until == edge.size:
                return 0
            _add_tiles(connection, self._grow(edge, reads, until))
            note = self._sign(reads, old, edge, remembered)
            self.last_signed.remember(note)
            execute(connection, SQL["add_checkpoint"], size=edge.size, note=note)
        self._edge, self._note = edge, note
        return until - old.size

    def _grow(self, edge: Edge, reads: SealReads, until: int) -> list[Piece]:
        """Append the leaves of the log up to a position. Raises SealRefusedError at a hole."""
        pieces: list[Piece] = []
        while edge.size < until:
            known = self._taken.between(edge.size, until)
            last = min(edge.size + self.events_max, until)
            pieces += edge.append(known or leaves(_rows(reads, edge.size + 1, last)))
        return pieces

    def _remembered(self) -> tuple[Checkpoint, str] | None:
        """What was signed last, as the file has it."""
        note = self.last_signed.read()
        if note is None or self._was_given_up(note):
            return None
        return self._opened(note), note

    def _was_given_up(self, note: str) -> bool:
        """Whether it was lost with the rest of the log that was called so, and a fork says so."""
        with suppress(NoteError):
            said = checkpoint_of(note)
            ends = [one.until or 0 for one in self.signer.trusted if one.key.name == said.origin]
            return said.origin != self.signer.origin and said.size > max(ends, default=said.size)
        return False

    def _current_edge(self, reads: SealReads, remembered: tuple[Checkpoint, str] | None) -> Edge:
        """The edge of the tree as the database has it, once it is proved to be the one signed."""
        sealed = reads.last_checkpoint()
        if sealed is not None and sealed[1] == self._note:
            return self._edge.copy()
        size = sealed[0] if sealed else 0
        before = remembered[0] if remembered else None
        try:
            edge = Edge.read(size, reads.tile)
            continues = not before or before.size > size or _root(before.size, reads) == before.root
        except MissingHashesError as error:
            raise SealRefusedError(f"the tree is damaged: {error}") from error
        if before and not continues:
            raise SealRefusedError(
                f"the tree is not the one that was signed here at size {before.size}"
            )
        # After a fork the newest checkpoint may still be one by the old name.
        if sealed and self._opened(sealed[1])[1:] != (size, edge.root):
            raise SealRefusedError(f"the tree is not the one of the checkpoint at size {size}")
        self._edge, self._note = edge, sealed[1] if sealed else None
        return edge.copy()

    def _opened(self, note: str) -> Checkpoint:
        """What a checkpoint says that one of our own keys has signed while it might."""
        try:
            size = checkpoint_of(note).size
            keys = [trusted.key for trusted in self.signer.trusted if trusted.may_sign(size)]
            return open_checkpoint(note, keys)
        except NoteError as error:
            raise SealRefusedError(f"the newest checkpoint was not signed here: {error}") from error

    def _until(self, reads: SealReads, size: int, remembered: tuple[Checkpoint, str] | None) -> int:
        """Up to where the next checkpoint goes.

        One that was signed and is not in the database comes first: perhaps its transaction was
        lost, and then the same log has the same root there.
        """
        last = reads.last_position()
        signed = max(size, remembered[0].size if remembered else 0)
        if last < signed:
            raise SealRefusedError(
                f"the log ends at position {last}, and a checkpoint of {signed} events was signed:"
                f" {signed - last} events are lost"
            )
        return signed if signed > size else min(last, size + self.events_max)

    def _sign(
        self,
        reads: SealReads,
        old: Checkpoint,
        edge: Edge,
        remembered: tuple[Checkpoint, str] | None,
    ) -> str:
        """The note of a checkpoint over the edge, which continues all that was signed before."""
        new = Checkpoint(self.signer.origin, edge.size, edge.root)
        proof = consistency_proof(old.size, new.size, cache(reads.tile))
        if not consistency_holds(old.size, old.root, new.size, new.root, proof):
            raise SealRefusedError(f"the tree does not continue the one of size {old.size}")
        if remembered and remembered[0].size == new.size:
            if remembered[0] != new:
                raise SealRefusedError(
                    f"the log is not the one that was signed here at size {new.size}: it was"
                    " restored or rewritten, and went another way"
                )
            return remembered[1]
        text = new.text()
        return str(Note(text, (self.signer.sign(text),)))


def _rows(reads: SealReads, first: int, last: int) -> Sequence[Row]:
    """The rows of these positions. Raises SealRefusedError at a hole."""
    rows = reads.rows(first, last)
    for position, row in zip(range(first, last + 1), rows, strict=False):
        if row.position != position:
            raise SealRefusedError(f"the log has no event at position {position}")
    if len(rows) != last - first + 1:
        raise SealRefusedError(f"the log has {len(rows)} events from {first} to {last}")
    return rows


def _root(size: int, reads: SealReads) -> bytes:
    return span_root((0, size), cache(reads.tile))


def _add_tiles(connection: Connection[Any], pieces: list[Piece]) -> None:
    columns = {
        "levels": [piece.level for piece in pieces],
        "numbers": [piece.number for piece in pieces],
        "starts": [piece.start for piece in pieces],
        "hashes": [piece.hashes for piece in pieces],
    }
    try:
        execute(connection, SQL["add_tiles"], **columns)
    except errors.UniqueViolation as error:
        raise SealRefusedError("the tree goes on beyond its newest checkpoint") from error
