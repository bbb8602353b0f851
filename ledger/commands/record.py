"""Commands on portable records. The document is in the vault before its event is in the log."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import record as records
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.record import Issue, Record, StatusIndexTakenError
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyRecordEvent
from ledger.events.record import ReissueReason
from ledger.values import stream_id


def record_stream(issuer_id: UUID, list_number: int, status_index: int) -> UUID:
    """The id of the record at a place: the log's primary key lets nobody else have the place."""
    return stream_id("record", issuer_id, list_number, status_index)


def issue_command(enrollment_id: UUID) -> UUID:
    """The id of the one command that issues an award, however often and by whom it is given."""
    return stream_id("record-issue", enrollment_id)


def reissue_command(record_id: UUID, version: int) -> UUID:
    """The id of the command that takes a record on from a version."""
    return stream_id("record-reissue", record_id, version)


def issue_record(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    person_id: UUID,
    list_number: int,
    status_index: int,
    signed: Issue,
) -> Receipt:
    """Say that an award is there as a signed document.

    Raises NotAwardedError, and StatusIndexTakenError when somebody else has the place.
    """

    def decide(read: Reader) -> Sequence[AnyRecordEvent]:
        award = read.get(Enrollment, enrollment_id)
        stream = record_stream(award.issuer_id, list_number, status_index)
        if read.find(Record, stream) is not None:
            raise StatusIndexTakenError(f"place {status_index} of list {list_number} is taken")
        return records.issue(
            stream,
            call.act,
            award=award,
            person_id=person_id,
            list_number=list_number,
            status_index=status_index,
            signed=signed,
        )

    return ledger.run(call, decide)


def reissue_record(
    ledger: Ledger, call: Call, *, record_id: UUID, signed: Issue, reason: ReissueReason
) -> Receipt:
    """Say that a record was signed anew."""

    def decide(read: Reader) -> Sequence[AnyRecordEvent]:
        return read.get(Record, record_id).reissue(call.act, signed=signed, reason=reason)

    return ledger.run(call, decide)
