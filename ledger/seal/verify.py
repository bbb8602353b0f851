"""Checks a log against its seal: every row, every leaf, every checkpoint, and what others hold.

This module and the few it stands on (leaves, merkle, tiles, notes, receipts, trusted_keys,
diagnosis and report) are all that an auditor has to read to believe an answer. It needs no secret,
trusts no table, and takes the log from a database or from an exported file alike. How it concludes:

- The root computed from the rows is the one of a signed checkpoint: the rows up to there are as
  they were sealed. A tree that says otherwise is damaged itself, and nothing is lost with it.
- Only the root computed from the stored leaves is: then rows were changed, and each row whose leaf
  differs is one of them.
- Neither is: rows and tree were changed together, between the last checkpoint that fits and the
  first that does not, or where the tree contradicts itself.

A log that was rewritten whole and signed anew is found by keys that may no longer sign, and by
checkpoints and proofs that somebody else holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, field
from heapq import merge
from itertools import pairwise
from typing import NamedTuple, Protocol

from ledger.collector import collector_resting
from ledger.seal.diagnosis import (
    Damage,
    Kind,
    Suspect,
    damage,
    diagnose,
    joined,
    unreadable_at,
)
from ledger.seal.leaves import NO_LEAF, Row, leaf, leaves, unreadable
from ledger.seal.merkle import HASH_BYTES, inclusion_holds
from ledger.seal.notes import (
    PROOF_HEAD,
    Note,
    NoteError,
    Proof,
    VerifierKey,
    checkpoint_of,
    open_checkpoint,
)
from ledger.seal.receipts import Receipt, parse_receipts
from ledger.seal.report import Report
from ledger.seal.tiles import TILE_WIDTH, Edge, Piece
from ledger.seal.trusted_keys import TrustedKey

PAGE = 32 * TILE_WIDTH
SUSPECTS_MAX = 100_000  # enough to describe any damage; the rest is counted
Progress = Callable[[int, int], None]


class Log(Protocol):
    """Where a log is read from. Positions begin at 1."""

    has_tree: bool  # whether tiles above the leaves are there to be checked

    def last_position(self) -> int: ...
    def next_position(self, after: int) -> int | None: ...
    def rows(self, first: int, last: int) -> Sequence[Row]: ...
    def leaf_count(self) -> int: ...
    def tiles(self, level: int, first: int, last: int) -> bytes: ...
    def checkpoints(self) -> Iterable[tuple[int, str]]: ...


class Claim(NamedTuple):
    """A checkpoint that a trusted key has signed."""

    size: int
    root: bytes
    held: bool  # by somebody else, not found in the log


def verify(
    log: Log,
    keys: Sequence[TrustedKey],
    held: Iterable[str] = (),
    progress: Progress = lambda _done, _total: None,
    witnesses: Sequence[VerifierKey] = (),
) -> Report:
    """Check a whole log.

    Args:
        log: The rows, the leaves and the checkpoints.
        keys: Whose signatures count, and up to which size.
        held: Checkpoints, proofs, and answers with receipts that were kept elsewhere.
        progress: Hears how many positions of how many are done.
        witnesses: Whose cosignatures have to be true where they are, and are told.
    """
    audit = _Audit(log, keys, list(held), witnesses)
    total = max(log.last_position(), audit.leaf_count)
    first = 1
    with collector_resting():
        while audit.page(first):
            progress(min(first + PAGE - 1, total), total)
            first += PAGE
    return audit.report()


@dataclass
class _Audit:
    log: Log
    keys: Sequence[TrustedKey]
    held: list[str]
    witnesses: Sequence[VerifierKey] = ()
    leaf_count: int = 0
    computed: Edge = field(default_factory=Edge)  # from the rows
    stored: Edge | None = None  # from the stored leaves, once they differ
    damages: list[Damage] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)
    unsealed: list[Row] = field(default_factory=list)  # beyond the tree: new, or moved up
    more: list[int] = field(default_factory=list)  # the first and the last position beyond those
    torn: list[tuple[int, int]] = field(default_factory=list)  # where the tree contradicts itself
    checkpoints: int = 0
    newest: int = 0  # size of the newest checkpoint in the log
    held_newest: int = 0
    held_fitted: int = 0  # size of the last checkpoint of others that fits
    end: int = 0  # the last position with a row
    proven: int = 0
    leaves_proven: int = 0
    failed: tuple[int, Claim] | None = None  # the first claim that nothing fits, and what fitted
    receipts: list[Receipt] = field(default_factory=list)  # that others hold, the last place first

    def __post_init__(self) -> None:
        self.witnessed = dict.fromkeys((key.name for key in self.witnesses), 0)
        self.leaf_count = self.log.leaf_count()
        for row in self.log.rows(-(2**63), 0):
            self.damages.append(damage("inserted", row.position, "before the log begins", row=row))
        self._take_receipts()
        self.proofs = sorted(self._held_proofs(), key=lambda proof: proof.index, reverse=True)
        self._claims = self._all_claims()
        self._claim = next(self._claims, None)

    def page(self, first: int) -> bool:
        """Check one page; false when there is nothing at or after it."""
        last = first + PAGE - 1
        rows = self.log.rows(first, last)
        sealed = min(max(self.leaf_count - first + 1, 0), PAGE)
        tiles = self.log.tiles(0, (first - 1) // TILE_WIDTH, (last - 1) // TILE_WIDTH)
        stored = tiles[: sealed * HASH_BYTES].ljust(sealed * HASH_BYTES, b"\0")
        if not rows and not stored:
            return self._go_on(first)
        self.end = rows[-1].position if rows else self.end
        if self.computed.size < first - 1:
            self._fill(first - 1)
        computed = leaves(rows)
        if computed != stored:
            if not computed.startswith(stored) or not _stand_in_line(rows, first):
                computed = self._compare(first, rows, stored)
            self._check_unsealed(rows[sealed:])
        self._check_held_proofs(first, computed)
        self._check_receipts(first, computed)
        self._grow(computed, stored)
        return True

    def report(self) -> Report:
        """Everything that was found, by position."""
        tree = [s for s in self.suspects if s.row and s.leaf and s.position <= self.proven]
        wrong = set(tree)
        others = [suspect for suspect in self.suspects if suspect not in wrong]
        found = [*self._failures(), *self._diagnosed(others), *self.damages]
        found += joined(_tree(s.position, s.position, "a leaf of the tree is wrong") for s in tree)
        if self.more:
            found.append(self._more())
        if self.leaf_count < min(self.newest, self.proven):
            lost = (self.leaf_count + 1, min(self.newest, self.proven))
            found.append(_tree(*lost, "leaves of the tree are missing"))
        if self.newest < self.leaf_count:
            text = f"the tree has more leaves than the newest checkpoint there is: {self.newest}"
            found.append(damage("checkpoint", self.newest + 1, text, last=self.leaf_count))
        if self.newest < self.held_newest <= self.computed.size:
            text = "others hold a checkpoint of this size, and the log has none from there"
            found.append(damage("checkpoint", self.newest + 1, text, last=self.held_newest))
        found += self._receipts_beyond()
        told = tuple(dict.fromkeys(sorted(found, key=lambda one: (one.first, one.last))))
        # What somebody else can contradict is proved by nothing that the log says of itself.
        contradicted = [one.first for one in told if one.kind == "recomputed"]
        sealed = min([self.proven, *(first - 1 for first in contradicted)])
        return Report(self.end, sealed, self.checkpoints, told, self.witnessed)

    def _diagnosed(self, suspects: list[Suspect]) -> list[Damage]:
        return diagnose(suspects, self.unsealed, self.log.rows, self.end)

    def _go_on(self, first: int) -> bool:
        """Nothing is in this page. Whatever comes later stands behind a hole."""
        after = self.log.next_position(first - 1)
        if after is not None:
            hole = damage("missing", first, "the log goes on behind a hole", last=after - 1)
            self.damages.append(hole)
            self.end = self.log.last_position()
        return False

    def _fill(self, until: int) -> None:
        """The page before ended early, and the log goes on."""
        hole = range(self.computed.size + 1, until + 1)
        self.suspects += [Suspect(position, None, None) for position in hole]
        self._grow(NO_LEAF * len(hole), b"")

    def _compare(self, first: int, rows: Sequence[Row], stored: bytes) -> bytes:
        """Note every position where row and leaf differ; returns the leaves of the rows."""
        here: dict[int, list[Row]] = {}
        for row in rows:
            here.setdefault(row.position, []).append(row)
        count = max(self.end - first + 1, len(stored) // HASH_BYTES)
        computed = []
        for at in range(count):
            sealed = stored[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            found = here.get(first + at, [])
            fits = [row for row in found if leaf(row) == sealed]
            chosen = next(iter(fits or found), None)
            computed.append(leaf(chosen) if chosen else NO_LEAF)
            if chosen is None or (sealed and not fits):
                self._suspect(Suspect(first + at, chosen, sealed or None))
            elif not sealed and len(self.unsealed) < SUSPECTS_MAX:
                self.unsealed.append(chosen)
            for row in found:
                if row is not chosen:
                    self._suspect(Suspect(first + at, row, None))
        return b"".join(computed)

    def _check_unsealed(self, unsealed: Sequence[Row]) -> None:
        legible = [row for row in unsealed if row != unreadable(row.position)]
        lost = {row.position for row in unsealed} - {row.position for row in legible}
        self.damages += map(unreadable_at, sorted(lost))
        for before, row in pairwise(legible):
            if row.recorded_us < before.recorded_us:
                text = "not sealed yet, and recorded before the event ahead of it"
                self.damages.append(damage("time", row.position, text, row=row))

    def _suspect(self, suspect: Suspect) -> None:
        if len(self.suspects) < SUSPECTS_MAX:
            self.suspects.append(suspect)
        else:
            self.more = [*self.more[:1], suspect.position]

    def _more(self) -> Damage:
        first, last = self.more[0], self.more[-1]
        kind: Kind = "truncated" if first > self.end else "state"
        return damage(kind, first, "too many events differ to examine each", last=last)

    def _grow(self, computed: bytes, stored: bytes) -> None:
        """Append leaves to both trees, and judge each checkpoint on the way."""
        if self.stored is None and not computed.startswith(stored):
            self.stored = self.computed.copy()
        start, at = self.computed.size, 0
        while self._claim and self._claim.size <= start + len(computed) // HASH_BYTES:
            cut = (self._claim.size - start) * HASH_BYTES
            self._append(computed[at:cut], stored[at:cut])
            self._judge(self._claim)
            self._claim, at = next(self._claims, None), cut
        self._append(computed[at:], stored[at:])

    def _append(self, computed: bytes, stored: bytes) -> None:
        pieces = self.computed.append(computed)
        if self.stored is not None:
            pieces = self.stored.append(stored)
        if self.log.has_tree:
            for piece in pieces:
                if piece.level:
                    self._check_piece(piece)

    def _check_piece(self, piece: Piece) -> None:
        """Whether the tree has the roots that follow from its own leaves."""
        width = TILE_WIDTH**piece.level
        there = self.log.tiles(piece.level, piece.number, piece.number)
        for at in range(len(piece.hashes) // HASH_BYTES):
            index = piece.number * TILE_WIDTH + piece.start + at
            expected = piece.hashes[at * HASH_BYTES : (at + 1) * HASH_BYTES]
            begin = (piece.start + at) * HASH_BYTES
            span = (index * width + 1, (index + 1) * width)
            if there[begin : begin + HASH_BYTES] != expected and span[1] <= self.leaf_count:
                self.torn.append(span)

    def _judge(self, claim: Claim) -> None:
        stored = self.computed if self.stored is None else self.stored
        fitted = max(self.proven, self.leaves_proven)
        if claim.held:  # whoever rewrote the log signed its own checkpoints anew: they all fit
            fitted = self.held_fitted if self.held_fitted < claim.size else 0
        if self.computed.root == claim.root:
            self.proven = claim.size
        elif stored.size == claim.size and stored.root == claim.root:
            self.leaves_proven = claim.size
        else:
            self.failed = self.failed or (fitted, claim)
            return
        self.held_fitted = claim.size if claim.held else self.held_fitted

    def _failures(self) -> Iterator[Damage]:
        """What checkpoints that do not fit say, and where the tree contradicts itself."""
        fitted, claim = self.failed or (self.computed.size, None)
        torn = [span for span in self.torn if span[0] > fitted]
        for span in self.torn:
            if span not in torn:
                yield _tree(*span, "a root in the tree does not follow from the leaves below it")
        if claim is not None:
            whose = "that somebody holds" if claim.held else "of this log"
            text = f"rows and tree were changed: no checkpoint {whose} at {claim.size} fits"
            for first, last in torn or [(fitted + 1, claim.size)]:
                yield damage("recomputed", first, text, last=last)
        beyond = [self._claim, *self._claims] if self._claim else []
        for claim in beyond[-1:]:
            if claim is not None:
                whose = "that somebody holds" if claim.held else "of this log"
                text = f"the log ends before the checkpoint {whose} at {claim.size}"
                yield damage("truncated", self.computed.size + 1, text, last=claim.size)

    def _all_claims(self) -> Iterator[Claim]:
        """Every checkpoint whose signature counts, the smallest first; the others are damages."""
        return merge(self._own_claims(), self._held_claims(), key=lambda claim: claim.size)

    def _own_claims(self) -> Iterator[Claim]:
        for size, note in self.log.checkpoints():
            self.checkpoints += 1
            if size <= self.newest:
                self.damages.append(damage("checkpoint", size, "checkpoints are out of order"))
                continue
            claim = self._claim_of(note, held=False, size=size)
            if claim is not None:
                yield claim
            self.newest = size

    def _held_claims(self) -> Iterator[Claim]:
        claims = [self._claim_of(_checkpoint_in(text), held=True) for text in self.held]
        counting = sorted(claim for claim in claims if claim is not None)
        self.held_newest = counting[-1].size if counting else 0
        yield from counting

    def _claim_of(self, note: str, *, held: bool, size: int | None = None) -> Claim | None:
        """The claim of a note; a note that does not count is a damage."""
        after = self.newest + 1
        try:
            said = checkpoint_of(note)
            after = said.size if held else after
            if size not in {None, said.size}:
                raise NoteError(f"the checkpoint at {size} says {said.size}")  # noqa: TRY301
            counting = [one.key for one in self.keys if one.may_sign(said.size)]
            open_checkpoint(note, counting)
            for key in Note.parse(note).signers(self.witnesses):
                self.witnessed[key.name] = max(said.size, self.witnessed[key.name])
        except NoteError as error:
            self.damages.append(self._refused(note, after, size or after, str(error)))
            return None
        return Claim(said.size, said.root, held)

    def _refused(self, note: str, first: int, last: int, why: str) -> Damage:
        """Why a note does not count: a key that was retired, one that nobody knows, or its form."""
        try:
            names = Note.parse(note).lines
            signed = Note.parse(note).signers(one.key for one in self.keys)
        except NoteError:
            return damage("checkpoint", min(first, last), why, last=last)
        if any(one.may_sign(last) for one in self.keys if one.key in signed):
            return damage("checkpoint", min(first, last), why, last=last)
        if signed:
            text = "signed by a key that was retired before"
            return damage("old-key", min(first, last), text, last=last)
        text = "signed by " + ", ".join(f"{line.name}+{line.key_id.hex()}" for line in names)
        return damage("unknown-key", min(first, last), text, last=last)

    def _held_proofs(self) -> Iterator[Proof]:
        for text in self.held:
            if text.startswith(PROOF_HEAD):
                try:
                    yield Proof.parse(text)
                except NoteError as error:
                    self.damages.append(damage("checkpoint", 1, f"a held proof: {error}"))

    def _take_receipts(self) -> None:
        """Take the receipts out of what others hold; the proofs in them are held as well."""
        for text in [text for text in self.held if text.lstrip().startswith("{")]:
            self.held.remove(text)
            try:
                self.receipts += parse_receipts(text)
            except NoteError as error:
                self.damages.append(damage("checkpoint", 1, f"a held receipt: {error}"))
        self.held += [one.proof for one in self.receipts if one.proof is not None]
        self.receipts.sort(key=lambda one: one.position, reverse=True)

    def _check_receipts(self, first: int, computed: bytes) -> None:
        """Whether the log still holds what somebody was told that it stored."""
        end = first + len(computed) // HASH_BYTES
        while self.receipts and self.receipts[-1].position < end:
            position, leaf_then, _ = astuple(self.receipts.pop())
            at = (position - first) * HASH_BYTES
            if computed[at : at + HASH_BYTES] != leaf_then:
                text = "not the event that a receipt was given for"
                self.damages.append(damage("recomputed", position, text))

    def _receipts_beyond(self) -> Iterator[Damage]:
        if self.receipts:
            last = self.receipts[0].position
            text = f"the log ends before position {last}, which somebody holds a receipt of"
            yield damage("truncated", self.computed.size + 1, text, last=last)

    def _check_held_proofs(self, first: int, computed: bytes) -> None:
        """Whether what others hold of single events is what the log says of them now."""
        while self.proofs and self.proofs[-1].index + 1 < first + PAGE:
            proof = self.proofs.pop()
            here = computed[(proof.index + 1 - first) * HASH_BYTES :][:HASH_BYTES]
            try:
                said = checkpoint_of(proof.checkpoint)
            except NoteError:
                continue  # reported with the checkpoints
            if here and not inclusion_holds(here, proof.index, said.size, proof.hashes, said.root):
                text = "not the event that a proof was given for"
                self.damages.append(damage("recomputed", proof.index + 1, text))


def _checkpoint_in(held: str) -> str:
    """The note of a held checkpoint or proof."""
    return held.partition("\n\n")[2] if held.startswith(PROOF_HEAD) else held


def _stand_in_line(rows: Sequence[Row], first: int) -> bool:
    return all(row.position == position for position, row in enumerate(rows, first))


def _tree(first: int, last: int, detail: str) -> Damage:
    return Damage("tree", first, last, None, None, detail, derived=True)
