"""Commands on payroll batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar
from uuid import UUID, uuid5

from ledger.aggregates import batch_draft
from ledger.aggregates.base import first_header
from ledger.aggregates.batch import Batch
from ledger.aggregates.batch_answers import Answer, chunks
from ledger.aggregates.batch_draft import LINES_PER_COMMAND
from ledger.aggregates.batch_returns import AnsweredBatch
from ledger.aggregates.organization import Organization
from ledger.aggregates.payroll import Payroll, PayrollTermsMissingError
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.batch_comparison import batch_stream, comparison
from ledger.commands.batch_lines import LineRow, about_batch, about_lines, about_rows
from ledger.commands.payroll import payroll_stream
from ledger.commands.segregation import (
    HaveReviewed,
    must_not_approve,
    must_not_prepare,
    run_segregated,
)
from ledger.errors import ConflictError, InvalidError, NotFoundError
from ledger.events import AnyBatchEvent
from ledger.events.batch import (
    BatchDownloaded,
    BatchDrafted,
    BatchLine,
    Explanation,
    ReturnRecorded,
    StoredFile,
    VoidReason,
)
from ledger.events.payroll import PayrollTerms
from ledger.values import local_date, stream_id

AHEAD_MAX = timedelta(days=366)  # a pay date beyond that is a slip of the pen
AnyBatch = TypeVar("AnyBatch", bound=Batch)


class PayDateTooFarError(InvalidError):
    """The pay date is more than a year away, and would close every period before it."""

    slug = "pay-date-too-far"


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest batch of a district as its lines were read: the next one rests on it."""

    number: int
    version: int


def draft_batch(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    pay_date: date,
    through_position: int,
    seen: Seen | None,
    make_lines: Callable[[PayrollTerms], list[BatchLine]],
    have_reviewed: HaveReviewed,
) -> Receipt:
    """Begin the next batch: everything payable by the pay date that no batch before it has.

    Args:
        ledger: Where to.
        call: Who asks, and when.
        district_id: Who pays.
        pay_date: When.
        through_position: Up to where the log was read.
        seen: The newest batch that was known when the lines were read; null for the first.
        make_lines: What the lines are, by the terms of that day.
        have_reviewed: Who had a hand in what is paid for.

    Raises:
        BatchOpenError, PeriodClosedError, ConflictError, SegregationError: no batch begins.
    """
    number = seen.number + 1 if seen else 1
    stream = batch_stream(district_id, number)

    def decide(read: Reader) -> Sequence[AnyBatchEvent]:
        district = read.get(Organization, district_id)
        district.must_be_district()
        if pay_date > local_date(call.at, district.zone) + AHEAD_MAX:
            raise PayDateTooFarError(f"{pay_date} is more than a year away")
        payroll = read.find(Payroll, payroll_stream(district_id))
        if payroll is None:
            raise PayrollTermsMissingError(f"no payroll terms hold on {pay_date}")
        terms_version, terms = payroll.terms_on(pay_date)
        closed_until = _closed_until(read, district_id, seen)
        underway = read.find(Batch, stream)
        if underway is not None:
            underway.must_be_done()
            raise ConflictError(f"batch {number} was made meanwhile; read again")
        lines = make_lines(terms)
        must_not_prepare(ledger, call.caller_id, about_lines(lines), have_reviewed)
        return batch_draft.draft(
            stream,
            call.act,
            district_id=district_id,
            number=number,
            pay_date=pay_date,
            through_position=through_position,
            closed_until=closed_until,
            terms_version=terms_version,
            terms=terms,
            lines=lines,
        )

    return run_segregated(ledger, call, district_id, stream, decide)


def list_rest(
    ledger: Ledger, call: Call, drafted: Receipt, *, district_id: UUID, lines: Sequence[BatchLine]
) -> None:
    """List the lines of a batch that its first command had no room for.

    Broken off, the batch can only be voided. Raises ConflictError when that was done meanwhile.
    """
    ledger.append_in_turn(_rest(call, drafted, district_id, lines))


def _rest(
    call: Call, drafted: Receipt, district_id: UUID, lines: Sequence[BatchLine]
) -> Iterator[tuple[Call, Sequence[AnyBatchEvent]]]:
    version = drafted.version
    for number, chunk in enumerate(chunks(lines, LINES_PER_COMMAND)[1:], 1):
        command_id = uuid5(call.command_id, f"lines-{number}")
        events = batch_draft.list_lines(
            drafted.stream, call.act, district_id=district_id, after=version, lines=chunk
        )
        yield replace(call, command_id=command_id, expected_version=None), events
        version += len(events)


def beginning_of(ledger: Ledger, batch_id: UUID) -> BatchDrafted:
    """How a batch began, without its lines. Raises NotFoundError."""
    for event in ledger.events.get(batch_id, limit=1):
        if isinstance(event, BatchDrafted):
            return event
    raise NotFoundError(f"there is no batch {batch_id}")


def returns_of(ledger: Ledger, batch_id: UUID) -> list[ReturnRecorded]:
    """The return files that were recorded of a batch, in order, without what they say of lines."""
    stored = ledger.recorder.read_stream_in_part(batch_id, Batch.UNREAD)
    events = (ledger.mapper.to_domain_event(one) for one in stored if one.topic not in Batch.UNREAD)
    return [event for event in events if isinstance(event, ReturnRecorded)]


def _first(known: AnyBatch) -> Callable[[Reader], AnyBatch]:
    """The batch as its caller has read it, and anew where that turns out to be too old."""
    read_before = [known]

    def get(read: Reader) -> AnyBatch:
        if not read_before:
            return read.get(type(known), known.id)
        read.versions[known.id] = known.version
        return read_before.pop()

    return get


def _closed_until(read: Reader, district_id: UUID, seen: Seen | None) -> date | None:
    if seen is None:
        return None
    before = read.get(Batch, batch_stream(district_id, seen.number))
    before.must_be_done()
    if before.version != seen.version:
        raise ConflictError(f"batch {seen.number} has moved meanwhile; read again")
    return before.closed_until


def freeze_batch(
    ledger: Ledger,
    call: Call,
    *,
    known: Batch,
    rows: Sequence[LineRow],
    file: StoredFile,
    have_reviewed: HaveReviewed,
) -> Receipt:
    """Say that the lines are in a file that no longer changes."""
    get = _first(known)

    def decide(read: Reader) -> Sequence[AnyBatchEvent]:
        batch = get(read)
        batch.must_be_drafted(listed=len(rows))
        must_not_prepare(ledger, call.caller_id, about_rows(rows), have_reviewed)
        return batch.freeze(call.act, file=file, listed=len(rows))

    return run_segregated(ledger, call, known.district_id, known.id, decide)


def approve_batch(
    ledger: Ledger,
    call: Call,
    *,
    batch_id: UUID,
    warnings_seen: int,
    have_reviewed: HaveReviewed,
) -> Receipt:
    """Approve a frozen batch, having seen what differs from the one before.

    Raises:
        SegregationError: another person has to do this.
        WarningsUnseenError: there are other warnings than were seen.
    """
    district_id = beginning_of(ledger, batch_id).district_id

    def decide(read: Reader) -> Sequence[AnyBatchEvent]:
        batch = read.get(Batch, batch_id)
        batch.must_be_frozen()
        about = about_batch(ledger, batch)
        must_not_approve(ledger, call.caller_id, batch, about, have_reviewed)
        compared = comparison(ledger, batch)
        return batch.approve(call.act, compared=compared, warnings_seen=warnings_seen)

    return run_segregated(ledger, call, district_id, batch_id, decide)


def void_batch(ledger: Ledger, call: Call, *, batch_id: UUID, reason: VoidReason) -> Receipt:
    """Give a batch up before anybody can have loaded it; its number is not used again."""

    def decide(read: Reader) -> Sequence[AnyBatchEvent]:
        return read.get(Batch, batch_id).void(call.act, reason=reason)

    return ledger.run(call, decide)


def export_batch(
    ledger: Ledger,
    call: Call,
    *,
    known: Batch,
    layout: str,
    layout_version: int,
    file: StoredFile,
) -> Receipt:
    """Say that a closed batch was rendered in a layout."""
    get = _first(known)

    def decide(read: Reader) -> Sequence[AnyBatchEvent]:
        return get(read).export(call.act, layout=layout, layout_version=layout_version, file=file)

    return ledger.run(call, decide)


def record_download(
    ledger: Ledger, call: Call, *, batch_id: UUID, district_id: UUID, layout: str, file_id: UUID
) -> Receipt:
    """Say that somebody was given a file. In a stream of its own, so that readers never queue."""
    stream = stream_id("batch-download", call.command_id)
    event = BatchDownloaded(
        **first_header(stream, call.act),
        district_id=district_id,
        batch_id=batch_id,
        layout=layout,
        file_id=file_id,
    )
    return ledger.run(call, lambda _read: [event])


def record_return(
    ledger: Ledger,
    call: Call,
    *,
    known: AnsweredBatch,
    file: StoredFile,
    file_hmac: str,
    answers: Sequence[Answer],
) -> Receipt:
    """Record what the payroll system answered to the lines of a batch."""
    get = _first(known)

    def decide(read: Reader) -> Sequence[AnyBatchEvent]:
        return get(read).record_return(call.act, file=file, file_hmac=file_hmac, answers=answers)

    return ledger.run(call, decide)


def reconcile_batch(
    ledger: Ledger, call: Call, *, batch_id: UUID, explanation: Explanation | None
) -> Receipt:
    """Sign that every line is answered, and that the sums meet or why they do not."""

    def decide(read: Reader) -> Sequence[AnyBatchEvent]:
        return read.get(AnsweredBatch, batch_id).reconcile(call.act, explanation=explanation)

    return ledger.run(call, decide)
