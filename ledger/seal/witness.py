"""A witness: cosigns what a log signs, as long as it only grows, and remembers how far it came.

It needs no database and no secret of the ledger: the log's public keys, a folder, and an address.
Whatever is cosigned was stored first, so that nobody who was answered can meet a witness that has
forgotten it. A log that shows less than before, or something else, gets no signature, and what it
showed before stays on the disk as the proof.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import NamedTuple

from ledger.errors import InvalidError, LedgerError
from ledger.seal.merkle import EMPTY_ROOT, HASH_BYTES, consistency_holds
from ledger.seal.notes import (
    Checkpoint,
    Note,
    NoteError,
    SignatureLine,
    VerifierKey,
    checkpoint_of,
)
from ledger.seal.notes import open_checkpoint as opened
from ledger.seal.tiles import TILE_WIDTH, MissingHashesError, consistency_proof, tile_path
from ledger.seal.trusted_keys import TrustedKey
from ledger.seal.witness_folder import WitnessFolder
from ledger.seal.witness_http import UnreachableError, checked_address, exchange

PROOF_HASHES_MAX = 63
FORK_LINE = "fork "  # of a last checkpoint: the key that signs from there on, in its own name
OK, NOT_FOUND = 200, 404


class LogUnknownError(LedgerError):
    """This witness does not know that log."""

    slug = "log-unknown"
    status = 404


class LogSignatureError(LedgerError):
    """No key that is pinned for this log has signed the checkpoint."""

    slug = "log-signature-refused"
    status = 403


class OldSizeError(LedgerError):
    """The old size is larger than the checkpoint."""

    slug = "old-size-too-large"
    status = 400


class HeldSizeError(LedgerError):
    """The proof does not begin at what this witness holds."""

    slug = "held-size-differs"
    status = 409


class LogWentBackError(LedgerError):
    """The log shows less than it did, or something else; nothing was cosigned."""

    slug = "log-went-back"
    status = 409


class LogRewrittenError(LogWentBackError):
    """The log is not the one that was witnessed; nothing was cosigned."""

    slug = "log-rewritten"


class ProofError(LogWentBackError):
    """Nothing proves that the log continues what was witnessed; nothing was cosigned."""

    slug = "consistency-unproved"
    status = 422


class RequestError(InvalidError):
    """What was sent is no checkpoint with its proof."""

    slug = "witness-request-unusable"
    status = 400


class Request(NamedTuple):
    """What C2SP tlog-witness has a log send: how much is held, the proof from there, the note."""

    old_size: int
    proof: tuple[bytes, ...]
    note: str

    def __str__(self) -> str:
        hashes = "".join(f"{b64encode(step).decode()}\n" for step in self.proof)
        return f"old {self.old_size}\n{hashes}\n{self.note}"

    @classmethod
    def parse(cls, written: str) -> Request:
        """The request in its one right form. Raises RequestError."""
        head, _, note = written.partition("\n\n")
        first, *lines = head.split("\n")
        word, _, number = first.partition(" ")
        if word != "old" or not number.isascii() or not number.isdecimal() or not note:
            raise RequestError("a request is `old SIZE`, a proof, an empty line, a checkpoint")
        if number != str(int(number[:20])) or len(lines) > PROOF_HASHES_MAX:
            raise RequestError(f"a size is a number, and a proof at most {PROOF_HASHES_MAX} hashes")
        return cls(int(number), tuple(map(_hash, lines)), note)


class Seen(NamedTuple):
    """What a look at a log came to."""

    before: int  # the size that was held so far
    checkpoint: Checkpoint
    line: SignatureLine


class Witness:
    """Cosigns for the logs whose keys are pinned in its folder."""

    def __init__(self, folder: WitnessFolder, clock: Callable[[], datetime]) -> None:
        self._folder = folder
        self._clock = clock
        self._key = folder.key()

    @property
    def public_key(self) -> VerifierKey:
        return self._key.verifier

    def newest(self, origin: str) -> str | None:
        """The newest cosigned note of a log; None before the first. Raises LogUnknownError."""
        self._pinned(origin)
        held = self._folder.newest(origin)
        return held[1] if held and held[0].origin == origin else None

    def held(self, origin: str) -> Checkpoint | None:
        """What a log has to continue."""
        held = self._folder.newest(origin)
        return held[0] if held else None

    def opened(self, note: str) -> Checkpoint:
        """A checkpoint that a pinned key has signed while it might.

        Raises:
            NoteError: it is no checkpoint.
            LogUnknownError: of no log that is witnessed here.
            LogSignatureError: nobody has signed it whose signature counts.
        """
        said = checkpoint_of(note)
        pinned = self._pinned(said.origin)
        try:
            return opened(note, [one.key for one in pinned if one.may_sign(said.size)])
        except NoteError as error:
            raise LogSignatureError(f"{said.origin} at {said.size}: {error.detail}") from None

    def add(self, request: Request) -> SignatureLine:
        """Cosign a checkpoint that continues what is held. It is on the disk before this returns.

        Raises:
            HeldSizeError: with the size that is held, to begin a proof at.
            OldSizeError, LogRewrittenError, ProofError: nothing was cosigned.
            NoteError, LogUnknownError, LogSignatureError: as `opened` does.
        """
        new = self.opened(request.note)
        if request.old_size > new.size:
            raise OldSizeError(f"{request.old_size} is more than the checkpoint has: {new.size}")
        with self._folder.turn():
            held = self.held(new.origin) or Checkpoint(new.origin, 0, EMPTY_ROOT)
            if request.old_size != held.size:
                raise HeldSizeError(f"this witness holds {held.size}", size=held.size)
            if new.size == held.size and new.root != held.root:
                raise LogRewrittenError(
                    f"{new.origin}: another root at size {new.size} than the one witnessed"
                )
            if not consistency_holds(held.size, held.root, new.size, new.root, request.proof):
                raise ProofError(f"{new.origin}: {new.size} does not continue the {held.size} held")
            text, lines = self._signed(request.note)
            line = self._key.sign(text, int(self._clock().timestamp()))
            self._folder.keep(new.origin, str(Note(text, (*lines, line))))
        return line

    def look(self, log: RemoteLog) -> Seen:
        """Fetch the newest checkpoint of a log and cosign it.

        Raises:
            LogWentBackError: the log is smaller than it was, or another.
            UnreachableError: nobody answers there.
        """
        note = log.checkpoint()
        new = self.opened(note)
        held = self.held(new.origin)
        size = held.size if held else 0
        if new.size < size:
            raise LogWentBackError(
                f"{new.origin} shows {new.size} events, and {size} were witnessed:"
                f" {size - new.size} are missing"
            )
        try:
            proof = consistency_proof(size, new.size, log.tiles(new.size)) if held else []
        except MissingHashesError as error:
            raise ProofError(f"{new.origin} does not show its tree: {error}") from None
        return Seen(size, new, self.add(Request(size, tuple(proof), note)))

    def accept_fork(self, statement: str, log: RemoteLog) -> tuple[Checkpoint, VerifierKey]:
        """Let a log go on under a new name, from a size at which it is what was witnessed.

        The log's own tree has to lead from the newest root that was witnessed up to that size.
        From then on the old name is closed beyond it, and the new one has to continue it.

        Raises:
            LogWentBackError: the statement, or the tree, keeps something else than was witnessed.
        """
        common = self.opened(statement)
        successor = successor_in(statement)
        with self._folder.turn():
            # The same again ends what broke off.
            if self.held(successor.name) not in {None, common}:
                raise LogRewrittenError(f"{successor.name} is witnessed already")
            known = [one for one in self._folder.roots(common.origin) if one[0] <= common.size]
            size, root = max(known, default=(0, EMPTY_ROOT))
            try:
                read = log.tiles(common.size)
                proof = consistency_proof(size, common.size, read) if size else []
            except MissingHashesError as error:
                raise ProofError(f"{common.origin} does not show its tree: {error}") from None
            if not consistency_holds(size, root, common.size, common.root, proof):
                raise LogRewrittenError(
                    f"{common.origin}: what the fork keeps is not what was witnessed at {size}"
                )
            self._folder.keep(successor.name, statement)
            self._folder.pin(_succeeded(self._folder.log_keys(), common, successor))
        return common, successor

    def _pinned(self, origin: str) -> list[TrustedKey]:
        pinned = [one for one in self._folder.log_keys() if one.key.name == origin]
        if not pinned:
            raise LogUnknownError("no key of that log is pinned here")
        return pinned

    def _signed(self, written: str) -> tuple[str, list[SignatureLine]]:
        """The text of a note and the lines of pinned keys; whatever else hangs on it is cut off."""
        note = Note.parse(written)
        keys = [one.key for one in self._folder.log_keys()]
        return note.text, [line for line in note.lines if any(key.made(line) for key in keys)]


class RemoteLog:
    """A ledger as anybody sees it: its checkpoint and the tiles of its tree."""

    def __init__(self, url: str) -> None:
        self._url = checked_address(url)

    def checkpoint(self) -> str:
        """The newest checkpoint. Raises UnreachableError."""
        answer = exchange(f"{self._url}/checkpoint")
        if answer.status != OK:
            raise UnreachableError(f"the ledger shows no checkpoint (status {answer.status})")
        return answer.text()

    def tiles(self, size: int) -> Callable[[int, int], bytes]:
        """Reads the tiles of a tree of that size, each once."""

        @cache
        def read(level: int, number: int) -> bytes:
            width = min((size >> 8 * level) - number * TILE_WIDTH, TILE_WIDTH)
            if width < 1:
                return b""
            # A log may drop the beginning of a tile once the whole tile is there.
            for wanted in sorted({width, TILE_WIDTH}):
                answer = exchange(f"{self._url}/tile/{tile_path(level, number, wanted)}")
                if answer.status == OK:
                    return answer.body[: width * HASH_BYTES]
                if answer.status != NOT_FOUND:
                    raise UnreachableError(f"the ledger shows no tile (status {answer.status})")
            return b""

        return read


def fork_text(common: Checkpoint, successor: VerifierKey, reason: str) -> str:
    """The text of a log's last checkpoint under its old name: which key goes on from there."""
    return f"{common.text()}{FORK_LINE}{successor}\nreason {reason}\n"


def successor_in(statement: str) -> VerifierKey:
    """The key that a fork's statement names. Raises NoteError."""
    lines = Note.parse(statement).text.split("\n")[3:]
    keys = [line.removeprefix(FORK_LINE) for line in lines if line.startswith(FORK_LINE)]
    if len(keys) != 1:
        raise NoteError("this checkpoint names no key that goes on from it")
    return VerifierKey.parse(keys[0])


def _succeeded(
    keys: Sequence[TrustedKey], common: Checkpoint, successor: VerifierKey
) -> tuple[TrustedKey, ...]:
    """The keys as they count after a fork."""
    closed = [
        TrustedKey(one.key, min(common.size, one.until or common.size))
        if one.key.name == common.origin
        else one
        for one in keys
        if one.key != successor
    ]
    return (*closed, TrustedKey(successor))


def _hash(line: str) -> bytes:
    try:
        step = b64decode(line, validate=True)
    except (Error, ValueError):
        step = b""
    if len(step) != HASH_BYTES or b64encode(step).decode() != line:
        raise RequestError("a step of the proof is no hash in base64")
    return step
