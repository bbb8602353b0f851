"""Who was shown a record: for her whose it is, and for whoever audits those who looked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from fastapi import Response

from api.access import must_audit, must_be
from api.disclosure_log import ReaderRole, Record, StoredLine
from api.paging import PageOf
from api.reading import PagedReadNow
from api.routing import Router
from ledger.values import POSITION_MAX

router = Router("disclosures")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One record that somebody was shown, and as what."""

    read_at: datetime
    person_id: UUID  # whose record
    reader_id: UUID | None  # null: an assessor, who is not told whose work it is either
    role: ReaderRole
    organization_id: UUID | None  # for which district or issuer; null: for the state
    record: Record
    thing_id: UUID | None  # of what a record has several, which one


@router.read("/people/{person_id}/disclosures", PageOf[Disclosure])
def list_own_disclosures(person_id: UUID, read: PagedReadNow) -> Response:
    """Who was shown what of your record, the newest first. Your own reads are not in it."""
    must_be(read.caller, person_id)
    mine = read.edge.watch.ids_of(read.caller.person_id)
    return _page(read, "of_person", mine, blind=True)


@router.read("/districts/{district_id}/disclosures", PageOf[Disclosure])
def list_disclosures_of_district(district_id: UUID, read: PagedReadNow) -> Response:
    """Who looked at whose record for a district, the newest first: for its auditors."""
    must_audit(read.caller, district_id)
    return _page(read, "of_organization", [district_id])


@router.read("/issuers/{issuer_id}/disclosures", PageOf[Disclosure])
def list_disclosures_of_issuer(issuer_id: UUID, read: PagedReadNow) -> Response:
    """Who looked at whose record for an issuer, the newest first: for its auditors."""
    must_audit(read.caller, issuer_id)
    return _page(read, "of_organization", [issuer_id])


def _page(read: PagedReadNow, block: str, keys: list[UUID], *, blind: bool = False) -> Response:
    before = read.page.after(int, POSITION_MAX)
    found = read.edge.disclosures.page_of(block, keys, before, read.page.limit)
    items = [_shown(line, blind=blind) for line in found]
    return read.page.answer(items, key=found[-1].line_id if found else None)


def _shown(line: StoredLine, *, blind: bool) -> dict[str, object]:
    hidden = blind and line.role == "assessor"
    return {
        "read_at": line.read_at,
        "person_id": line.person_id,
        "reader_id": None if hidden else line.reader_id,
        "role": line.role,
        "organization_id": line.organization_id,
        "record": line.record,
        "thing_id": line.thing_id,
    }
