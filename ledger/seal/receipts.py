"""Receipts: what a write was answered with, kept by whoever wrote, and checked without us.

A receipt says that the event with this leaf is at this position. With a proof beside it anybody
can check that with the public keys alone; without one, whoever was given it can hold it against
the log.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger.seal.merkle import HASH_BYTES
from ledger.seal.notes import PROOF_HEAD, NoteError, Proof, checkpoint_of
from ledger.seal.trusted_keys import TrustedKey


@dataclass(frozen=True, slots=True)
class Receipt:
    """That one event is at one position of the log."""

    position: int
    leaf: bytes
    proof: str | None  # a .tlog-proof


@dataclass(frozen=True, slots=True)
class Proved:
    """What came of checking a receipt: the size of the log that it is proved for, or why not."""

    position: int
    origin: str | None
    size: int | None
    detail: str
    refuted: bool = False  # not only unproved: the proof does not hold

    @property
    def holds(self) -> bool:
        return self.size is not None


def parse_receipts(text: str) -> tuple[Receipt, ...]:
    """The receipts in the answer to a write, as it was saved. Raises NoteError."""
    try:
        listed = json.loads(text)["receipts"]
        receipts = tuple(map(_receipt, listed))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise NoteError("this is not the answer to a write, with receipts in it") from error
    if not receipts:
        raise NoteError("there is no receipt in it")
    return receipts


def parse_held(text: str) -> None:
    """Raises NoteError where a text has not the form of what others hold: whom it is by is open."""
    if text.lstrip().startswith("{"):
        parse_receipts(text)
    elif text.startswith(PROOF_HEAD):
        Proof.parse(text)
    else:
        checkpoint_of(text)


def check_receipts(
    receipts: Iterable[Receipt], keys: Sequence[TrustedKey], proofs: Iterable[str] = ()
) -> list[Proved]:
    """Check each receipt by its own proof, or by one that was fetched later.

    Args:
        receipts: From one or more answers.
        keys: Whose signatures count, and up to which size.
        proofs: Each a .tlog-proof. Raises NoteError where one is none.
    """
    later = {proof.index + 1: proof for proof in map(Proof.parse, proofs)}
    return [_checked(receipt, keys, later.get(receipt.position)) for receipt in receipts]


def _checked(receipt: Receipt, keys: Sequence[TrustedKey], later: Proof | None) -> Proved:
    position = receipt.position
    if receipt.proof is None and later is None:
        return Proved(position, None, None, f"no proof yet: fetch /proofs/{position}")
    try:
        proof = Proof.parse(receipt.proof) if receipt.proof is not None else later
        assert proof is not None, "one of them is there"
        if proof.index != position - 1:
            raise NoteError("the proof is one of another position")  # noqa: TRY301
        size = checkpoint_of(proof.checkpoint).size
        counting = [trusted.key for trusted in keys if trusted.may_sign(size)]
        said = proof.check(receipt.leaf, counting)
    except NoteError as error:
        return Proved(position, None, None, error.detail, refuted=True)
    detail = f"the event is in the log of {said.origin} as it was at size {said.size}"
    return Proved(position, said.origin, said.size, detail)


def _receipt(said: dict[str, Any]) -> Receipt:
    position, leaf, proof = said["position"], bytes.fromhex(said["leaf"]), said.get("proof")
    if not isinstance(position, int) or position < 1 or len(leaf) != HASH_BYTES:
        raise ValueError("a receipt has a position and a leaf")
    if not isinstance(proof, str | None):
        raise TypeError("a proof is text")
    return Receipt(position, leaf, proof)
