"""How a ledger speaks to its witnesses: who they are, what they hold, and asking them to cosign.

A witness is believed for its signature alone. That it signs only what the log has signed is its
own duty; a witness that breaks it can stop a ledger from writing, and can make nobody believe
anything, so its operator removes it from the list.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

from ledger.seal.notes import (
    COSIGNATURE,
    Checkpoint,
    Note,
    NoteError,
    SignatureLine,
    VerifierKey,
    cosigned_at,
)
from ledger.seal.trusted_keys import SealKeyError, parsed
from ledger.seal.witness import OK, Request
from ledger.seal.witness_http import AddressError, UnreachableError, checked_address, exchange

NOTHING_YET, CONFLICT = 204, 409
SIZE_DIGITS_MAX = 19


class Held(NamedTuple):
    """The newest checkpoint that a witness has cosigned, and when that was."""

    checkpoint: Checkpoint
    cosigned_s: int  # seconds since 1970, by the clock of the witness


class WitnessAddress(NamedTuple):
    """A witness: the key that cosigns, and where it answers."""

    key: VerifierKey
    url: str

    @property
    def name(self) -> str:
        return self.key.name

    def newest(self, origin: str) -> Held | None:
        """What it holds of a log; None while that is nothing.

        Raises UnreachableError: nobody answers there, or not with this key.
        """
        answer = exchange(f"{self.url}/checkpoint/{quote(origin, safe='/')}")
        if answer.status == NOTHING_YET:
            return None
        if answer.status != OK:
            raise UnreachableError(f"it knows nothing of this log (status {answer.status})")
        try:
            note = Note.parse(answer.text())
            checkpoint = Checkpoint.parse(note.text)
            signed = note.signers([self.key])
        except NoteError as error:
            raise UnreachableError(f"the answer is no checkpoint: {error.detail}") from error
        if not signed or checkpoint.origin != origin:
            raise UnreachableError("the answer is not one that its key has signed, of this log")
        times = [cosigned_at(line.signature) for line in note.lines if self.key.made(line)]
        return Held(checkpoint, max(times))

    def cosign(self, request: Request) -> SignatureLine | int:
        """Its signature under a checkpoint, or the size that it holds where that is another one.

        Raises UnreachableError: no answer, or a refusal.
        """
        answer = exchange(f"{self.url}/add-checkpoint", str(request).encode())
        said = answer.text()
        if answer.status == CONFLICT and said.strip().isascii() and said.strip().isdecimal():
            return int(said.strip()[:SIZE_DIGITS_MAX])
        if answer.status != OK:
            raise UnreachableError(f"refused: {said[:200].strip()!r} (status {answer.status})")
        try:
            answered = Note.parse(f"{Note.parse(request.note).text}\n{said}")
            if answered.signers([self.key]):
                return next(line for line in answered.lines if self.key.made(line))
        except NoteError as error:
            raise UnreachableError(f"the answer is no signature: {error.detail}") from error
        raise UnreachableError("the answer is no signature of its key")


def parse_witnesses(text: str) -> tuple[WitnessAddress, ...]:
    """One witness a line: its public key, a space, its address. Raises SealKeyError."""
    keys, urls = parse_witness_keys(text), [line.partition(" ")[2] for line in _lines(text)]
    try:
        addresses = [checked_address(url.strip()) for url in urls]
    except AddressError as error:
        raise SealKeyError(f"a witness is a public key and an address: {error.detail}") from None
    return tuple(map(WitnessAddress, keys, addresses))


def parse_witness_keys(text: str) -> tuple[VerifierKey, ...]:
    """One public key a line; an address after it is passed over. Raises SealKeyError."""
    found: dict[str, VerifierKey] = {}
    for number, line in enumerate(_lines(text), start=1):
        key = parsed(VerifierKey.parse, line.partition(" ")[0], number)
        if key.algorithm != COSIGNATURE or key.name in found:
            raise SealKeyError(f"line {number}: not a key to cosign with, or a witness named twice")
        found[key.name] = key
    if not found:
        raise SealKeyError("there is no witness in it")
    return tuple(found.values())


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
