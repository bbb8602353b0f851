"""What a log that has lost sealed events still has in common with what was signed of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ledger.errors import RuleError
from ledger.seal.notes import (
    Checkpoint,
    Note,
    NoteError,
    VerifierKey,
    checkpoint_of,
    open_checkpoint,
)
from ledger.seal.reads import SealReads, root_at
from ledger.seal.trusted_keys import TrustedKey


class ForkRefusedError(RuleError):
    """There is nothing to fork from, or no reason to."""

    slug = "fork-refused"


class Loss(NamedTuple):
    """The last checkpoint that is left, and how much had been signed."""

    common: Checkpoint
    signed_size: int


def find_loss(
    reads: SealReads,
    keys: Sequence[TrustedKey],
    known: Iterable[Checkpoint],
    witnesses: Sequence[VerifierKey] = (),
) -> Loss:
    """What is left of a log, beside what is known to have been signed of it.

    The newest checkpoint is common as long as nothing that is known contradicts the tree: the log
    has signed it, as it has signed what was lost after it. Where something does, the log has
    signed two histories, and only what a witness has cosigned is sure to be of the one.

    Args:
        reads: The log as it is now.
        keys: Whose signatures count, and up to which size.
        known: What is held elsewhere: here beside the keys, and by witnesses.
        witnesses: Whose cosignatures count.

    Raises ForkRefusedError: nothing was lost, or nothing is left.
    """
    known = list(known)
    sealed = reads.last_checkpoint()
    size = sealed[0] if sealed else 0
    contradicted = any(one.size <= size and root_at(one.size, reads) != one.root for one in known)
    signed = max((one.size for one in known), default=0)
    if not contradicted and not _is_lost(reads, known):
        raise ForkRefusedError("the log has everything that is known to have been signed of it")
    for _, note in reads.checkpoints_newest_first():
        common = _signed_here(note, keys)
        if common is None or (contradicted and not _cosigned(note, witnesses)):
            continue
        if root_at(common.size, reads) == common.root:
            return Loss(common, max(signed, common.size))
    raise ForkRefusedError("no checkpoint is left that a fork could go on from")


def _is_lost(reads: SealReads, known: Iterable[Checkpoint]) -> bool:
    last = reads.last_position()
    return any(one.size > last or root_at(one.size, reads) != one.root for one in known)


def _signed_here(note: str, keys: Sequence[TrustedKey]) -> Checkpoint | None:
    try:
        size = checkpoint_of(note).size
        return open_checkpoint(note, [one.key for one in keys if one.may_sign(size)])
    except NoteError:
        return None


def _cosigned(note: str, witnesses: Sequence[VerifierKey]) -> bool:
    try:
        return bool(Note.parse(note).signers(witnesses))
    except NoteError:
        return False
