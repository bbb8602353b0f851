"""Payroll from end to end: what routes and the command line do with a batch.

Drafting reads the views, freezing and exporting write files, and only then does the ledger hear of
it; what a refused command has written meanwhile is taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from api import batch_content, batch_files
from api.batch_files import Envelope
from api.edge import Edge
from api.exports.layout import layout
from ledger.aggregates.batch import Batch
from ledger.application import Call, Receipt
from ledger.collector import collector_resting
from ledger.commands import batch as commands
from ledger.commands.batch import Seen
from ledger.commands.batch_comparison import comparison
from ledger.commands.batch_lines import rows_of
from ledger.commands.segregation import HaveReviewed
from ledger.errors import NotFoundError, NothingChangesError
from ledger.events.batch import BatchLine
from ledger.events.payroll import PayrollTerms
from ledger.rules.batch_comparison import Comparison
from ledger.rules.payroll_lines import lines_of_batch
from ledger.store import EVERYTHING
from projections import batches, payable, reviewers


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it was stored."""

    name: str
    media_type: str
    content: bytes
    envelope: Envelope
    file_id: UUID


@collector_resting()
def draft(
    edge: Edge, call: Call, *, district_id: UUID, pay_date: date, through_position: int | None
) -> Receipt:
    """Begin the next batch of a district, with everything payable by a pay date."""
    earlier = edge.ledger.replayed(call)
    if earlier is not None:
        return earlier
    last = edge.ledger.recorder.last_position()
    position = last if through_position is None else through_position
    # What payroll has done so far is read as of now, whatever position the lines go through.
    edge.visible(payable.VIEWS, max(position, last))
    with edge.reading([EVERYTHING]) as connection:
        newest = batches.of_district(connection, district_id, limit=1)

    def lines(terms: PayrollTerms) -> list[BatchLine]:
        with edge.reading([EVERYTHING]) as connection:
            return lines_of_batch(
                payable.payable(connection, district_id, through=position, pay_date=pay_date),
                payable.corrections(connection, district_id, through=position),
                batches.last_tries(connection, district_id),
                batches.decided(connection, district_id),
                terms,
            )

    return draft_lines(
        edge,
        call,
        district_id=district_id,
        pay_date=pay_date,
        through_position=position,
        seen=Seen(newest[0].number, newest[0].version) if newest else None,
        make_lines=lines,
    )


@collector_resting()
def draft_lines(
    edge: Edge,
    call: Call,
    *,
    district_id: UUID,
    pay_date: date,
    through_position: int,
    seen: Seen | None,
    make_lines: Callable[[PayrollTerms], list[BatchLine]],
) -> Receipt:
    """Begin the batch after the one that was seen, with lines that follow from the terms."""
    made: list[BatchLine] = []

    def lines(terms: PayrollTerms) -> list[BatchLine]:
        made[:] = make_lines(terms)
        return made

    receipt = commands.draft_batch(
        edge.ledger,
        call,
        district_id=district_id,
        pay_date=pay_date,
        through_position=through_position,
        seen=seen,
        make_lines=lines,
        have_reviewed=_have_reviewed(edge),
    )
    if not receipt.replayed:
        commands.list_rest(edge.ledger, call, receipt, district_id=district_id, lines=made)
    return receipt


@collector_resting()
def freeze(edge: Edge, call: Call, *, batch_id: UUID) -> Receipt:
    """Put the lines of a drafted batch into a file that no longer changes."""
    earlier = edge.ledger.replayed(call)
    if earlier is not None:
        return earlier
    batch = edge.ledger.get(Batch, batch_id)
    rows = rows_of(edge.ledger, batch_id)
    batch.must_be_drafted(listed=len(rows))
    stored = batch_files.store(edge, batch, batch_content.frozen(edge, batch, rows))
    with batch_files.kept_if_told(edge, batch, stored) as told:
        return told(
            commands.freeze_batch(
                edge.ledger,
                call,
                known=batch,
                rows=rows,
                file=stored,
                have_reviewed=_have_reviewed(edge),
            )
        )


@collector_resting()
def compared(edge: Edge, batch_id: UUID) -> Comparison | None:
    """A batch beside the one before it, as whoever approves it has to see it."""
    batch = edge.ledger.get(Batch, batch_id)
    return comparison(edge.ledger, batch)


@collector_resting()
def approve(edge: Edge, call: Call, *, batch_id: UUID, warnings_seen: int) -> Receipt:
    """Approve a frozen batch that somebody else made, having seen its warnings."""
    return commands.approve_batch(
        edge.ledger,
        call,
        batch_id=batch_id,
        warnings_seen=warnings_seen,
        have_reviewed=_have_reviewed(edge),
    )


def _have_reviewed(edge: Edge) -> HaveReviewed:
    def have_reviewed(who: frozenset[UUID], entitlement_ids: Callable[[], Collection[str]]) -> bool:
        with edge.reading([EVERYTHING]) as connection:
            return reviewers.have_reviewed(connection, who, entitlement_ids)

    return have_reviewed


@collector_resting()
def export(edge: Edge, call: Call, *, batch_id: UUID, layout_name: str) -> Receipt:
    """Render a closed batch in a layout, once."""
    earlier = edge.ledger.replayed(call)
    if earlier is not None:
        return earlier
    batch = edge.ledger.get(Batch, batch_id)
    chosen = layout(layout_name)
    chosen.must_be_usable(in_development=edge.settings.in_development)
    batch.must_be_closed()
    if layout_name in batch.exports:
        raise NothingChangesError(f"batch {batch.drafted.number} is exported as {layout_name}")
    stored = batch_files.store(edge, batch, batch_content.rendered(edge, batch, chosen, call.at))
    with batch_files.kept_if_told(edge, batch, stored) as told:
        return told(
            commands.export_batch(
                edge.ledger,
                call,
                known=batch,
                layout=layout_name,
                layout_version=chosen.version,
                file=stored,
            )
        )


def read_export(edge: Edge, batch: Batch, layout_name: str) -> Download:
    """An exported file as it was stored. Raises NotFoundError before it is exported."""
    file = batch.exports.get(layout_name)
    if file is None:
        raise NotFoundError(f"batch {batch.drafted.number} is not exported as {layout_name}")
    envelope, content = batch_files.open_file(edge, batch, file)
    chosen = layout(layout_name)
    return Download(
        name=chosen.name_of_file(batch.drafted.company_code, batch.drafted.number),
        media_type=chosen.media_type,
        content=b"".join(content),
        envelope=envelope,
        file_id=file.file_id,
    )
