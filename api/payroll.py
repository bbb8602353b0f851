"""Payroll from end to end: what routes and the command line do with a batch.

Drafting reads the views, freezing and exporting write files, and only then does the ledger hear of
it; what a refused command has written meanwhile is taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NoReturn
from uuid import UUID, uuid5

import orjson

from api import batch_files
from api.batch_files import Envelope
from api.edge import Edge
from api.exports.layout import Layout, dollars, layout
from api.exports.records import Policy, of_all, records_of, to_bytes, whole
from ledger.aggregates.batch import Batch
from ledger.aggregates.batch_answers import chunks
from ledger.aggregates.batch_draft import LINES_PER_COMMAND
from ledger.aggregates.organization import Organization
from ledger.application import Call, Receipt
from ledger.commands import batch as commands
from ledger.commands.batch import Seen
from ledger.commands.batch_comparison import comparison
from ledger.commands.batch_lines import LineRow, rows_of
from ledger.commands.merge import merges
from ledger.commands.segregation import HaveReviewed
from ledger.errors import NotFoundError, NothingChangesError
from ledger.events import LedgerEvent
from ledger.events.batch import BatchLine
from ledger.events.payroll import PayrollTerms
from ledger.rules.batch_comparison import Comparison
from ledger.rules.payroll import hash_total, lines_of_batch
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


def draft(
    edge: Edge, call: Call, *, district_id: UUID, pay_date: date, through_position: int | None
) -> Receipt:
    """Begin the next batch of a district, with everything payable by a pay date."""
    if edge.ledger.recorder.find_command(call.command_id) is not None:
        return edge.ledger.run(call, _never)
    last = edge.ledger.recorder.last_position
    position = last() if through_position is None else through_position
    edge.visible(payable.VIEWS, position)
    with edge.reading([EVERYTHING]) as connection:
        newest = batches.of_district(connection, district_id, limit=1)

    def lines(terms: PayrollTerms) -> list[BatchLine]:
        with edge.reading([EVERYTHING]) as connection:
            return lines_of_batch(
                payable.payable(connection, district_id, through=position, pay_date=pay_date),
                map(
                    batches.as_correction,
                    batches.corrections_of_district(connection, district_id, as_of=position),
                ),
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
        _list_rest(edge, call, district_id, receipt, made)
    return receipt


def _list_rest(
    edge: Edge, call: Call, district_id: UUID, drafted: Receipt, made: Sequence[BatchLine]
) -> None:
    """List what did not fit into the first command. Broken off, the batch can only be voided."""
    version = drafted.version
    for number, chunk in enumerate(chunks(made, LINES_PER_COMMAND)[1:], 1):
        command_id = uuid5(call.command_id, f"lines-{number}")
        more = replace(call, command_id=command_id, expected_version=None)
        listed = commands.list_lines(
            edge.ledger,
            more,
            batch_id=drafted.stream,
            district_id=district_id,
            after=version,
            lines=chunk,
        )
        version = listed.version


def freeze(edge: Edge, call: Call, *, batch_id: UUID) -> Receipt:
    """Put the lines of a drafted batch into a file that no longer changes."""
    if edge.ledger.recorder.find_command(call.command_id) is not None:
        return edge.ledger.run(call, _never)
    batch = edge.ledger.get(Batch, batch_id)
    rows = rows_of(edge.ledger, batch_id)
    batch.must_be_drafted(listed=len(rows))
    stored = batch_files.store(edge, batch, _frozen(edge, batch, rows))
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


def compared(edge: Edge, batch_id: UUID) -> Comparison | None:
    """A batch beside the one before it, as whoever approves it has to see it."""
    batch = edge.ledger.get(Batch, batch_id)
    return comparison(edge.ledger, batch, rows_of(edge.ledger, batch_id))


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
    def have_reviewed(who: frozenset[UUID], entitlement_ids: Collection[str]) -> bool:
        with edge.reading([EVERYTHING]) as connection:
            return reviewers.have_reviewed(connection, who, entitlement_ids)

    return have_reviewed


def export(edge: Edge, call: Call, *, batch_id: UUID, layout_name: str) -> Receipt:
    """Render a closed batch in a layout, once."""
    if edge.ledger.recorder.find_command(call.command_id) is not None:
        return edge.ledger.run(call, _never)
    batch = edge.ledger.get(Batch, batch_id)
    chosen = layout(layout_name)
    chosen.must_be_usable(in_development=edge.settings.in_development)
    batch.must_be_closed()
    if layout_name in batch.exports:
        raise NothingChangesError(f"batch {batch.drafted.number} is exported as {layout_name}")
    stored = batch_files.store(edge, batch, _rendered(edge, batch, chosen, call.at))
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


# What is in the files


def _frozen(edge: Edge, batch: Batch, rows: Sequence[LineRow]) -> list[bytes]:
    """The lines as they are frozen, behind their sums and what chains them to those before."""
    numbers = _employee_numbers(edge, batch, rows)
    content = to_bytes(records_of(rows, numbers, _policies(edge, rows)))
    envelope = {
        "line_count": len(rows),
        "hash_total": hash_total(numbers[row["person_id"]] for row in rows),
        "sha256": hashlib.sha256(content).hexdigest(),
        "previous_batch_sha256": batch_files.previous_sha256(edge, batch),
        "of_all": of_all(batch),
    }
    return [orjson.dumps(envelope), b"\n", content]


def _employee_numbers(edge: Edge, batch: Batch, rows: Iterable[LineRow]) -> dict[str, str]:
    """By the ids that the rows have: whose record was merged meanwhile has the number kept."""
    person_of = merges(edge.ledger).person_of
    meant = {text: person_of(UUID(text)) for text in {row["person_id"] for row in rows}}
    details = edge.vault.get_details(set(meant.values()), batch.district_id)
    return {
        text: details[person_id].employee_number
        for text, person_id in meant.items()
        if person_id in details
    }


def _policies(edge: Edge, rows: Iterable[LineRow]) -> dict[tuple[str, int], Policy]:
    """What each version of a policy is called and who adopted it, whatever kind of policy."""
    found = {}
    for policy_id in {row["policy_id"] for row in rows}:
        for event in edge.ledger.events.get(UUID(policy_id)):
            version = getattr(event, "policy_version", None)
            if version is not None:
                title = getattr(getattr(event, "terms", None), "title", "")
                found[policy_id, version] = Policy(getattr(event, "board_reference", ""), title)
    return found


def _rendered(edge: Edge, batch: Batch, chosen: Layout, at: datetime) -> list[bytes]:
    """The frozen lines in a layout, behind what there is to say of them."""
    assert batch.file is not None, "a closed batch was frozen"
    frozen, pieces = batch_files.open_file(edge, batch, batch.file)
    # Files that were frozen before this was put in front of the lines have it in each.
    shared = frozen.get("of_all", {}) | {"approver": " ".join(map(str, batch.approvers))}
    records = whole(map(orjson.loads, batch_files.lines(pieces)), shared)
    content = list(chosen.render(records))
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    district = edge.ledger.get(Organization, batch.district_id)
    envelope = _envelope(batch, district, chosen) | {
        "hash_total": frozen["hash_total"],
        "sha256": digest.hexdigest(),
        "lines_sha256": frozen["sha256"],
        "previous_batch_sha256": frozen["previous_batch_sha256"],
        "exported_at": at.isoformat(),
    }
    return [orjson.dumps(envelope), b"\n", *content]


def _envelope(batch: Batch, district: Organization, chosen: Layout) -> Envelope:
    drafted = batch.drafted
    return {
        "batch_no": drafted.number,
        "batch_id": str(batch.id),
        "district_id": str(batch.district_id),
        "district": district.name,
        "pay_period": drafted.pay_date.isoformat(),
        "status": "closed",
        "through_position": drafted.through_position,
        "layout": chosen.name,
        "layout_version": chosen.version,
        "line_count": drafted.line_count,
        "sum_amount": orjson.Fragment(dollars(drafted.sum_cents)),
        "sum_positive": orjson.Fragment(dollars(drafted.positive_cents)),
        "sum_negative": orjson.Fragment(dollars(drafted.negative_cents)),
        "prepared": [_signed(drafted)],
        "approved": [_signed(one) for one in batch.approvals],
    }


def _signed(event: LedgerEvent) -> dict[str, str]:
    return {"by": str(event.actor_id), "at": event.occurred_at.isoformat()}


def _never(_read: object) -> NoReturn:
    raise AssertionError("a command that has happened is answered from its events")
