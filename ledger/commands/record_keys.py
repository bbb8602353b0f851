"""Commands on the keys that sign portable records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ledger.aggregates.record_keys import NewRecordKey, RecordKeys
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyRecordKeysEvent
from ledger.values import stream_id


def record_keys_stream(issuer_id: UUID | None) -> UUID:
    """The keys of an issuer, or of the ledger itself."""
    return stream_id("record-keys", issuer_id or "")


def add_record_key(
    ledger: Ledger, call: Call, *, issuer_id: UUID | None, new: NewRecordKey
) -> Receipt:
    """Give an issuer its first key of a kind. Raises NothingChangesError where it has one."""

    def decide(read: Reader) -> Sequence[AnyRecordKeysEvent]:
        return _keys(read, issuer_id).add(call.act, new)

    return ledger.run(call, decide)


def replace_record_key(
    ledger: Ledger, call: Call, *, issuer_id: UUID | None, key: str, new: NewRecordKey
) -> Receipt:
    """Let a new key sign; what the old one signed stays proved."""

    def decide(read: Reader) -> Sequence[AnyRecordKeysEvent]:
        return _keys(read, issuer_id).replace(call.act, key, new)

    return ledger.run(call, decide)


def compromise_record_key(
    ledger: Ledger,
    call: Call,
    *,
    issuer_id: UUID | None,
    key: str,
    since: datetime,
    new: NewRecordKey | None = None,
) -> Receipt:
    """Let nothing be proved by a key any more; what it signed has to be issued anew."""

    def decide(read: Reader) -> Sequence[AnyRecordKeysEvent]:
        return _keys(read, issuer_id).compromise(call.act, key, since, new)

    return ledger.run(call, decide)


def _keys(read: Reader, issuer_id: UUID | None) -> RecordKeys:
    stream = record_keys_stream(issuer_id)
    return read.find(RecordKeys, stream) or RecordKeys.none_yet(stream, issuer_id)
