"""Payroll batches: made by one person, approved by others, fetched and answered by a machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID, uuid4

from fastapi import File, Response, UploadFile
from psycopg import Connection
from pydantic import BaseModel

from api import payroll, payroll_returns
from api.access import (
    NOT_THERE,
    must_answer_payroll,
    must_approve_payroll,
    must_prepare_payroll,
    must_see_payroll,
)
from api.answers import ListOf, answer, answer_all, recorded
from api.disclosures import shows
from api.exports.layout import layouts
from api.imports.payroll_return import read_answers
from api.paging import PageOf
from api.payroll_returns import Returned
from api.payroll_views import known_payroll
from api.reading import AsOfReadNow, PagedAsOfReadNow, Read, ReadNow
from api.routing import ImportRoute, Router
from api.writing import Write, WriteNow
from ledger.aggregates.batch import Batch as BatchState
from ledger.application import Call
from ledger.commands import batch as commands
from ledger.commands.batch_lines import about_batch
from ledger.errors import NotFoundError
from ledger.events.batch import Explanation, VoidReason
from ledger.events.payroll import Position
from ledger.rules.batch_comparison import Comparison
from ledger.values import Count, Day, Slug, Value
from projections import batches
from projections.batch_fold import Batch
from projections.batches import Happening, Line, Quarantined, Sums
from projections.sql import NO_ID

router = Router("payroll", ImportRoute)
NUMBER_MAX = 2**31 - 1


class NewBatch(Value):
    """When it is paid, and up to where the log counts; without that, up to now."""

    pay_date: Day
    through_position: Position | None = None


class BatchApproval(Value):
    """How many warnings were seen, where the batch differs much from the one before."""

    warnings_seen: Count = 0


class Void(Value):
    """Why the batch is given up."""

    reason: VoidReason


class Export(Value):
    """In which layout."""

    layout: Slug


class SignOff(Value):
    """Why the sums do not meet, where they do not."""

    explanation: Explanation | None = None


class Variance(BaseModel):
    """What was exported, by what came of it; it has come out when the variance is zero."""

    sums: Sums
    variance_cents: int
    quarantined: list[Quarantined]


class BatchCompared(BaseModel):
    """A batch beside the last one before it that was not voided; null for the first."""

    comparison: Comparison | None


class ReturnSeen(BaseModel):
    """One return file that was recorded: of lines answered, repeated, in question and unknown."""

    return_number: int
    recorded_at: datetime
    recorded_by: UUID
    accepted: int
    rejected: int
    bypassed: int
    pending: int
    repeated: int
    exceptions: int
    quarantined: int


RETURN_COUNTS = [
    name for name in ReturnSeen.model_fields if name not in {"recorded_at", "recorded_by"}
]


class LayoutInfo(BaseModel):
    """A layout that batches can be exported in."""

    name: str
    version: int
    title: str
    complete: bool
    incomplete_because: str | None
    columns: list[str]


@router.write("/districts/{district_id}/batches")
def draft_batch(district_id: UUID, body: NewBatch, write: WriteNow) -> Response:
    """Begin the next batch: everything payable by the pay date that no batch before it has."""
    must_prepare_payroll(write.caller, district_id)
    receipt = payroll.draft(
        write.edge,
        write.call(body),
        district_id=district_id,
        pay_date=body.pay_date,
        through_position=body.through_position,
    )
    return recorded(receipt)


@router.read("/districts/{district_id}/batches", PageOf[Batch])
def list_batches(district_id: UUID, read: PagedAsOfReadNow) -> Response:
    """A district's batches, the newest first; a number is never used twice."""
    must_see_payroll(read.caller, district_id)
    with read.connection() as connection, known_payroll(read, connection, district_id) as position:
        found = batches.of_district(
            connection,
            district_id,
            before=read.page.after(tuple[int], (NUMBER_MAX,))[0],
            limit=read.page.limit,
        )
    key = (found[-1].number,) if found else None
    return read.page.answer(found, position, key=key)


@router.read("/batches/{batch_id}", Batch)
def read_batch(batch_id: UUID, read: AsOfReadNow) -> Response:
    """A batch with its control totals, who made it and who approved."""
    with _known(read, batch_id) as (_, found, position):
        pass
    return answer(found, position=position, ETag=f'"{found.version}"')


@router.read("/batches/{batch_id}/lines", PageOf[Line])
def list_batch_lines(batch_id: UUID, read: PagedAsOfReadNow) -> Response:
    """The lines of a batch, and what became of each."""
    with _known(read, batch_id) as (connection, batch, position):
        found = batches.lines_of_batch(
            connection,
            batch_id,
            after=read.page.after(tuple[UUID], (NO_ID,))[0],
            limit=read.page.limit,
        )
    shows(read, "payouts", {one.person_id for one in found}, within=[batch.district_id])
    key = (found[-1].line_id,) if found else None
    return read.page.answer(found, position, key=key)


@router.read("/batches/{batch_id}/log", PageOf[Happening])
def list_batch_log(batch_id: UUID, read: PagedAsOfReadNow) -> Response:
    """What was done with a batch or tried, by whom: every download as well."""
    with _known(read, batch_id) as (_, _, position):
        pass
    with read.connection() as connection:  # it only grows, and a download is no part of the batch
        found = batches.log_of_batch(
            connection,
            batch_id,
            after=read.page.after(tuple[int], (0,))[0],
            until=position,
            limit=read.page.limit,
        )
    key = (found[-1].position,) if found else None
    return read.page.answer(found, position, key=key)


@router.read("/batches/{batch_id}/variance", Variance)
def read_variance(batch_id: UUID, read: AsOfReadNow) -> Response:
    """Whether what was exported is all explained by what came back."""
    with _known(read, batch_id) as (connection, _, position):
        sums = batches.sums_of_batch(connection, batch_id)
        strange = batches.quarantine(connection, batch_id)
    return answer(
        {"sums": sums, "variance_cents": sums.variance_cents, "quarantined": strange},
        position=position,
    )


@router.read("/batches/{batch_id}/comparison", BatchCompared)
def compare_batch(batch_id: UUID, read: AsOfReadNow) -> Response:
    """The batch beside the one before it: what differs by more than a quarter, and must be seen."""
    begun = commands.beginning_of(read.edge.ledger, batch_id)
    must_see_payroll(read.caller, begun.district_id)
    if read.query.as_of is None:  # whoever approves it is shown what the log says, no view of it
        position, found = None, payroll.compared(read.edge, batch_id)
    else:
        with _known(read, batch_id) as (connection, batch, position):
            found = batches.comparison(connection, batch)
    warned = {one.person_id for one in found.warnings if one.person_id} if found else set()
    shows(read, "payouts", warned, within=[begun.district_id])
    return answer({"comparison": found}, position=position)


@router.write("/batches/{batch_id}/freezes")
def freeze_batch(batch_id: UUID, write: WriteNow) -> Response:
    """Put the lines into a file that no longer changes; what is approved is this file."""
    must_prepare_payroll(write.caller, _district_of(write, batch_id))
    return recorded(payroll.freeze(write.edge, write.call(), batch_id=batch_id))


@router.write("/batches/{batch_id}/approvals")
def approve_batch(batch_id: UUID, body: BatchApproval, write: WriteNow) -> Response:
    """Approve a frozen batch that somebody else made; the last approval needed closes it.

    Whoever approves says how many warnings she saw in its comparison with the batch before.
    """
    must_approve_payroll(write.caller, _district_of(write, batch_id))
    receipt = payroll.approve(
        write.edge, write.call(body), batch_id=batch_id, warnings_seen=body.warnings_seen
    )
    return recorded(receipt)


@router.write("/batches/{batch_id}/voids")
def void_batch(batch_id: UUID, body: Void, write: WriteNow) -> Response:
    """Give a batch up before it is exported; its number is not used again."""
    must_prepare_payroll(write.caller, _district_of(write, batch_id))
    return recorded(write.run(commands.void_batch, body, batch_id=batch_id))


@router.write("/batches/{batch_id}/exports")
def export_batch(batch_id: UUID, body: Export, write: WriteNow) -> Response:
    """Render a closed batch in a layout, once for all."""
    must_prepare_payroll(write.caller, _district_of(write, batch_id))
    receipt = payroll.export(
        write.edge, write.call(body), batch_id=batch_id, layout_name=body.layout
    )
    return recorded(receipt)


@router.download("/batches/{batch_id}/files/{layout}")
def download_batch(batch_id: UUID, layout: Slug, read: ReadNow) -> Response:
    """The file as it was stored; each download is written down, none changes a byte."""
    found, position = _opened(read, batch_id, layout)
    return Response(
        found.content,
        media_type=found.media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{found.name}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Ledger-Position": str(position),
        },
    )


@router.read("/batches/{batch_id}/files/{layout}/envelope", dict[str, Any])
def read_envelope(batch_id: UUID, layout: Slug, read: ReadNow) -> Response:
    """The control totals of a file, as they were stored with it."""
    begun = commands.beginning_of(read.edge.ledger, batch_id)
    must_see_payroll(read.caller, begun.district_id)
    batch = read.edge.ledger.get(BatchState, batch_id)
    return answer(payroll.read_export(read.edge, batch, layout).envelope)


@router.post_file("/batches/{batch_id}/returns", Returned)
def record_return(
    *,
    batch_id: UUID,
    write: WriteNow,
    file: Annotated[UploadFile, File(description="CSV or JSON; its name is not kept")],
) -> Response:
    """Say what came of the lines. The same again adds nothing; a bad file adds nothing at all."""
    must_answer_payroll(write.caller, _district_of(write, batch_id))
    number = commands.beginning_of(write.edge.ledger, batch_id).number
    content = file.file.read()
    found = payroll_returns.record_return(
        write.edge,
        write.call(),
        batch_id=batch_id,
        content=content,
        answers=read_answers("return file", content, number),
    )
    return answer(found, position=found.position)


@router.read("/batches/{batch_id}/returns", ListOf[ReturnSeen])
def list_returns(batch_id: UUID, read: AsOfReadNow) -> Response:
    """The return files that were recorded, and how many lines of each kind they brought."""
    with _known(read, batch_id) as (_, batch, position):
        pass
    return answer_all(
        [
            {
                "recorded_at": one.occurred_at,
                "recorded_by": one.actor_id,
                **{name: getattr(one, name) for name in RETURN_COUNTS},
            }
            for one in commands.returns_of(read.edge.ledger, batch_id)
            if one.originator_version <= batch.version
        ],
        position,
    )


@router.write("/batches/{batch_id}/reconciliations")
def reconcile_batch(batch_id: UUID, body: SignOff, write: WriteNow) -> Response:
    """Sign that every line is answered, and that the sums meet or why they do not."""
    must_approve_payroll(write.caller, _district_of(write, batch_id))
    return recorded(write.run(commands.reconcile_batch, body, batch_id=batch_id))


@router.read("/layouts", ListOf[LayoutInfo])
def list_layouts(read: ReadNow) -> Response:  # noqa: ARG001 - every read takes one
    """The layouts that batches can be exported in, and which of them are for trying out only."""
    return answer_all(
        [
            {
                "name": one.name,
                "version": one.version,
                "title": one.title,
                "complete": one.complete,
                "incomplete_because": one.incomplete_because,
                "columns": [column.header for column in one.columns],
            }
            for one in layouts().values()
        ]
    )


def _district_of(write: Write, batch_id: UUID) -> UUID:
    return commands.beginning_of(write.edge.ledger, batch_id).district_id


@contextmanager
def _known(read: Read[Any], batch_id: UUID) -> Iterator[tuple[Connection[Any], Batch, int]]:
    """A batch as it was known at the position asked for, and up to where the answer reaches."""
    with read.connection() as connection:
        read.visible("batches")  # or a batch that was just begun would not be there
        district_id = _seen(read, connection, batch_id).district_id
        with known_payroll(read, connection, district_id) as position:
            yield connection, _seen(read, connection, batch_id), position


def _seen(read: Read[Any], connection: Any, batch_id: UUID) -> Batch:
    found = batches.find(connection, batch_id)
    if found is None:
        raise NotFoundError(NOT_THERE)
    must_see_payroll(read.caller, found.district_id)
    return found


def _opened(read: Read[Any], batch_id: UUID, layout: str) -> tuple[payroll.Download, int]:
    """A file, once it is in the log that somebody was given it, and where in the log."""
    batch = read.edge.ledger.get(BatchState, batch_id)
    must_see_payroll(read.caller, batch.district_id)
    found = payroll.read_export(read.edge, batch, layout)
    payees = map(UUID, about_batch(read.edge.ledger, batch).person_ids)
    shows(read, "payouts", payees, within=[batch.district_id])
    call = Call(
        caller_id=read.caller.principal_id,
        command_id=uuid4(),
        body_hash=read.edge.vault.body_hash(b"download"),
        at=read.at,
    )
    receipt = commands.record_download(
        read.edge.ledger,
        call,
        batch_id=batch_id,
        district_id=batch.district_id,
        layout=layout,
        file_id=found.file_id,
    )
    return found, receipt.position
