"""Commands on the keys of the seal, and the fork of a log that has lost events."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates.access import Access
from ledger.aggregates.seal_keys import ForkTerms, SealKeys
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.access import access_stream
from ledger.commands.merge import known_merges
from ledger.errors import ForbiddenError
from ledger.events import AnySealKeysEvent
from ledger.events.seal_keys import Retirement
from ledger.values import stream_id

SEAL_KEYS_STREAM = stream_id("seal-keys")


def record_seal_key(
    ledger: Ledger, call: Call, *, origin: str, public_key: str, after_size: int
) -> Receipt:
    """Say in the log which key signs it."""

    def decide(read: Reader) -> Sequence[AnySealKeysEvent]:
        return _keys(read).record(
            call.act, origin=origin, public_key=public_key, after_size=after_size
        )

    return ledger.run(call, decide)


def rotate_seal_key(
    ledger: Ledger, call: Call, *, origin: str, old: str, new: str, size: int, reason: Retirement
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnySealKeysEvent]:
        return _keys(read).rotate(
            call.act, origin=origin, old=old, new=new, size=size, reason=reason
        )

    return ledger.run(call, decide)


def fork_log(ledger: Ledger, call: Call, terms: ForkTerms, *, old: str, new: str) -> Receipt:
    """Ask for a fork as an operator; it happens when a second operator asks for the same.

    Raises ForbiddenError, SecondPersonError.
    """

    def decide(read: Reader) -> Sequence[AnySealKeysEvent]:
        _must_operate(read, call.caller_id)
        return _keys(read).fork(
            call.act, terms, old=old, new=new, meant=known_merges(read).person_of
        )

    return ledger.run(call, decide)


def _keys(read: Reader) -> SealKeys:
    return read.find(SealKeys, SEAL_KEYS_STREAM) or SealKeys.none_yet(SEAL_KEYS_STREAM)


def _must_operate(read: Reader, principal_id: UUID) -> None:
    access = read.find(Access, access_stream(principal_id))
    if access is None or not access.allows("operator", None):
        raise ForbiddenError("this is for operators")
