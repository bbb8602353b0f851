"""Payroll from end to end: what routes and the command line do with a batch.

Drafting reads the views, freezing and exporting write files, and only then does the ledger hear of
it; what a refused command has written meanwhile is taken back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, NoReturn
from uuid import UUID, uuid5

import orjson

from api.edge import Edge
from api.exports.layout import Layout, approved, dollars, layout
from api.exports.records import Policy, Record, from_bytes, records_of, to_bytes
from ledger.aggregates.batch import LINES_PER_COMMAND, Batch
from ledger.aggregates.batch_answers import Answer, chunks
from ledger.aggregates.organization import Organization
from ledger.application import Call, Receipt
from ledger.commands import batch as commands
from ledger.commands.batch import Seen, batch_stream
from ledger.errors import LedgerError, NotFoundError, NothingChangesError, UnavailableError
from ledger.events import LedgerEvent
from ledger.events.batch import (
    BatchApproved,
    BatchDrafted,
    BatchExported,
    BatchFrozen,
    BatchLine,
    ReturnRecorded,
    StoredFile,
)
from ledger.events.payroll import PayrollTerms
from ledger.payroll_files import PayrollFileDestroyedError
from ledger.rules.payroll import hash_total, lines_of_batch
from ledger.store import EVERYTHING
from projections import batches, payable

ANSWERS_PER_COMMAND = 15_000  # whose events stay well below the four megabytes of a command


@dataclass(frozen=True, slots=True)
class Download:
    """A file as it was stored."""

    name: str
    media_type: str
    content: bytes
    envelope: dict[str, Any]
    file_id: UUID


@dataclass(frozen=True, slots=True)
class Returned:
    """What a return file came to; all zero and no position when nothing in it was new."""

    accepted: int = 0
    rejected: int = 0
    bypassed: int = 0
    pending: int = 0
    repeated: int = 0
    exceptions: int = 0
    quarantined: int = 0
    position: int | None = None

    def plus(self, more: Returned) -> Returned:
        """Both together, with the later position."""
        counts = {
            name: getattr(self, name) + getattr(more, name)
            for name in Returned.__slots__
            if name != "position"
        }
        return Returned(**counts, position=more.position or self.position)


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

    made: list[BatchLine] = []

    def lines(terms: PayrollTerms) -> list[BatchLine]:
        with edge.reading([EVERYTHING]) as connection:
            made[:] = lines_of_batch(
                payable.payable(connection, district_id, through=position, pay_date=pay_date),
                map(
                    batches.as_correction,
                    batches.corrections_of_district(connection, district_id, as_of=position),
                ),
                batches.last_tries(connection, district_id),
                batches.decided(connection, district_id),
                terms,
            )
        return made

    receipt = commands.draft_batch(
        edge.ledger,
        call,
        district_id=district_id,
        pay_date=pay_date,
        through_position=position,
        seen=Seen(newest[0].number, newest[0].version) if newest else None,
        make_lines=lines,
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
    batch.must_be_drafted()
    content = to_bytes(_records(edge, batch))
    stored = _store(edge, batch, [_lines_envelope(edge, batch, content), content])
    with _kept_if_told(edge, batch, stored) as told:
        return told(commands.freeze_batch(edge.ledger, call, known=batch, file=stored))


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
    content, envelope = _rendered(edge, batch, chosen, call.at)
    stored = _store(edge, batch, [orjson.dumps(envelope), b"\n", content])
    with _kept_if_told(edge, batch, stored) as told:
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
    envelope, content = _stored_file(edge, batch, file)
    chosen = layout(layout_name)
    return Download(
        name=chosen.name_of_file(batch.drafted.company_code, batch.drafted.number),
        media_type=chosen.media_type,
        content=content,
        envelope=envelope,
        file_id=file.file_id,
    )


def record_return(
    edge: Edge, call: Call, *, batch_id: UUID, content: bytes, answers: Sequence[Answer]
) -> Returned:
    """Record what a return file says. The same file again, or one without news, adds nothing.

    A long file is recorded in parts; sent again after it broke off, the rest of it is news.
    """
    edge.ledger.get(Batch, batch_id).must_take_answers()
    found = Returned()
    for number, part in enumerate(chunks(answers, ANSWERS_PER_COMMAND)):
        command_id = uuid5(call.command_id, f"part-{number}") if number else call.command_id
        said = _part_recorded(edge, replace(call, command_id=command_id), batch_id, content, part)
        found = found.plus(said)
    return found


def _part_recorded(
    edge: Edge, call: Call, batch_id: UUID, content: bytes, answers: Sequence[Answer]
) -> Returned:
    try:
        receipt = _return_recorded(edge, call, batch_id, content, answers)
    except NothingChangesError:
        return Returned(repeated=len(answers))
    [said] = [event for event in receipt.events if isinstance(event, ReturnRecorded)]
    return Returned(
        accepted=said.accepted,
        rejected=said.rejected,
        bypassed=said.bypassed,
        pending=said.pending,
        repeated=said.repeated,
        exceptions=said.exceptions,
        quarantined=said.quarantined,
        position=receipt.position,
    )


def _return_recorded(
    edge: Edge, call: Call, batch_id: UUID, content: bytes, answers: Sequence[Answer]
) -> Receipt:
    if edge.ledger.recorder.find_command(call.command_id) is not None:
        return edge.ledger.run(call, _never)
    batch = edge.ledger.get(Batch, batch_id)
    # Tried before anything is written: a file without news leaves nothing behind.
    batch.record_return(call.act, file=NO_FILE, file_hmac=NO_HMAC, answers=answers)
    stored = _store(edge, batch, [content])
    with _kept_if_told(edge, batch, stored) as told:
        return told(
            commands.record_return(
                edge.ledger,
                call,
                known=batch,
                file=stored,
                file_hmac=edge.payroll_files.hmac(content),
                answers=answers,
            )
        )


# What is in the files

NO_HMAC = f"hmac-sha256:{'0' * 64}"
NO_FILE = StoredFile(file_id=UUID(int=0), size_bytes=0, ciphertext_sha256=f"sha256:{'0' * 64}")


def _records(edge: Edge, batch: Batch) -> list[Record]:
    details = edge.vault.get_details(batch.payees, batch.district_id)
    numbers = {person_id: one.employee_number for person_id, one in details.items()}
    return records_of(batch, numbers, _policies(edge, batch.policy_ids))


def _policies(edge: Edge, policy_ids: Iterable[UUID]) -> dict[tuple[UUID, int], Policy]:
    """What each version of a policy is called and who adopted it, whatever kind of policy."""
    found = {}
    for policy_id in policy_ids:
        for event in edge.ledger.events.get(policy_id):
            version = getattr(event, "policy_version", None)
            if version is not None:
                title = getattr(getattr(event, "terms", None), "title", "")
                found[policy_id, version] = Policy(getattr(event, "board_reference", ""), title)
    return found


def _lines_envelope(edge: Edge, batch: Batch, content: bytes) -> bytes:
    """What stands before the frozen lines: their sums, and what chains them to those before."""
    records = from_bytes(content)
    sums = {
        "line_count": len(records),
        "hash_total": hash_total(record["employee_no"] for record in records),
        "sha256": hashlib.sha256(content).hexdigest(),
        "previous_batch_sha256": _previous_sha256(edge, batch),
    }
    return orjson.dumps(sums) + b"\n"


def _previous_sha256(edge: Edge, batch: Batch) -> str | None:
    """Of the lines of the last batch before this one that was not voided."""
    for number in range(batch.drafted.number - 1, 0, -1):
        before = edge.ledger.get(Batch, batch_stream(batch.district_id, number))
        if before.file is not None and not before.voided:
            try:
                envelope, _ = _stored_file(edge, before, before.file)
            except PayrollFileDestroyedError:
                return None  # nobody had to keep it any longer, so nothing is left to chain to
            return str(envelope["sha256"])
    return None


def _rendered(
    edge: Edge, batch: Batch, chosen: Layout, at: datetime
) -> tuple[bytes, dict[str, Any]]:
    assert batch.file is not None, "a closed batch was frozen"
    frozen, lines = _stored_file(edge, batch, batch.file)
    records = from_bytes(lines)
    approvers = " ".join(map(str, batch.approvers))
    content = chosen.render(approved(records, approvers))
    drafted = batch.drafted
    district = edge.ledger.get(Organization, batch.district_id)
    events = list(edge.ledger.events.get(batch.id))
    envelope = {
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
        "hash_total": frozen["hash_total"],
        "sha256": hashlib.sha256(content).hexdigest(),
        "lines_sha256": frozen["sha256"],
        "previous_batch_sha256": frozen["previous_batch_sha256"],
        "prepared": _signed(events, BatchDrafted),
        "approved": _signed(events, BatchApproved),
        "exported_at": at.isoformat(),
    }
    return content, envelope


def _signed(events: Iterable[Any], kind: type[LedgerEvent]) -> list[dict[str, str]]:
    return [
        {"by": str(event.actor_id), "at": event.occurred_at.isoformat()}
        for event in events
        if isinstance(event, kind)
    ]


def _store(edge: Edge, batch: Batch, content: Iterable[bytes]) -> StoredFile:
    return edge.payroll_files.store(
        district_id=batch.district_id,
        batch_id=batch.id,
        pay_date=batch.drafted.pay_date,
        content=content,
    )


def _stored_file(edge: Edge, batch: Batch, file: StoredFile) -> tuple[dict[str, Any], bytes]:
    """The envelope of a file, which is its first line, and the rest."""
    first, _, rest = b"".join(edge.payroll_files.open(batch.district_id, file.file_id)).partition(
        b"\n"
    )
    return orjson.loads(first), rest


@contextmanager
def _kept_if_told(
    edge: Edge, batch: Batch, stored: StoredFile
) -> Iterator[Callable[[Receipt], Receipt]]:
    """Take a file back unless the log names it, or may do so.

    Where the outcome is unknown the file stays; and of the same command sent twice at once one
    file is in the log, the other goes.
    """

    def told(receipt: Receipt) -> Receipt:
        named = [
            event.file
            for event in receipt.events
            if isinstance(event, BatchFrozen | BatchExported | ReturnRecorded)
        ]
        if stored not in named:
            edge.payroll_files.discard(batch.district_id, stored)
        return receipt

    try:
        yield told
    except UnavailableError:
        raise
    except LedgerError:
        edge.payroll_files.discard(batch.district_id, stored)
        raise


def _never(_read: object) -> NoReturn:
    raise AssertionError("a command that has happened is answered from its events")
