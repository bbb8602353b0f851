"""What the command line does with records from elsewhere: receives them, and asks again later."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

from api.access import must_employ
from api.cli_imports import COMMAND_LINE
from api.cli_reading import write_down
from api.clock import wall
from api.edge import Edge
from api.external_records import shown
from api.imports.records import VIEWS, Words, import_record, received_by
from api.rechecking import recheck as recheck_one
from ledger.application import Call
from ledger.errors import ErasedError
from ledger.records.received_files import BUNDLE_BYTES_MAX
from ledger.store import EVERYTHING
from projections import external_records
from projections.external_records import ReceivedRecord

RECORDS_AT_ONCE = 100


def receive(
    edge: Edge,
    file: Path,
    person_id: UUID,
    district_id: UUID,
    *,
    principal: UUID,
    words: Words | None,
) -> Iterator[str]:
    """Keep a record, and say of each award what was found out."""
    with edge.reading([EVERYTHING]) as connection:
        must_employ(connection, district_id, person_id)
    with file.open("rb") as opened:
        content = opened.read(BUNDLE_BYTES_MAX + 1)
    made = import_record(
        edge,
        _call(edge, principal),
        person_id=person_id,
        receiver=received_by(edge, district_id),
        content=content,
        words=words,
    )
    state = "received" if made.new else "was received before"
    yield f"{file.name}: {state}, record {made.external_record_id}"
    yield from (f"asked {one.address}: {one.outcome}" for one in made.asked)
    edge.visible(VIEWS, made.position or 0)
    with edge.reading([EVERYTHING]) as connection:
        found = external_records.find(connection, made.external_record_id)
    write_down(edge, "external-records", [person_id], district_id)
    for record in shown(edge, [found] if found else [], ()):
        for item in record.items:
            why = f" ({item.reason})" if item.reason else ""
            yield (
                f"{item.title or '-'}: {item.standing}{why}, issuer {item.trust},"
                f" status {item.status}, earned {item.earned_on}"
            )


def recheck(
    edge: Edge, district_id: UUID | None, record_id: UUID | None
) -> Iterator[tuple[str, int]]:
    """Ask again, record by record; a line for each that stands otherwise, and what is in doubt."""
    for record in _wanted(edge, district_id, record_id):
        try:
            found = recheck_one(edge, record.record_id, COMMAND_LINE, wall())
        except ErasedError:
            continue  # nobody knows any more what it said
        if found.changed or found.refused:
            line = (
                f"record {record.record_id}: {found.changed} awards stand otherwise,"
                f" {found.put_under_review} put under review"
            )
            refused = f", would be refused now: {found.refused}" if found.refused else ""
            yield line + refused, found.put_under_review


def _wanted(
    edge: Edge, district_id: UUID | None, record_id: UUID | None
) -> Iterator[ReceivedRecord]:
    with edge.reading([EVERYTHING]) as connection:
        if record_id is not None:
            found = external_records.find(connection, record_id)
            yield from [found] if found else []
            return
        page = external_records.page(connection, district_id, limit=RECORDS_AT_ONCE)
    while page:
        yield from page
        with edge.reading([EVERYTHING]) as connection:
            after = page[-1].record_id
            page = external_records.page(
                connection, district_id, after=after, limit=RECORDS_AT_ONCE
            )


def _call(edge: Edge, principal: UUID) -> Call:
    command_id = uuid4()
    hashed = edge.vault.body_hash(command_id.bytes)
    return Call(caller_id=principal, command_id=command_id, body_hash=hashed, at=wall())
