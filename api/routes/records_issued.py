"""The portable records of a person: which there are, and each as a signed file to carry away."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from fastapi import Response
from pydantic import BaseModel

from api.access import NOT_THERE, must_see_whole_record
from api.carry.bundle import bundle
from api.carry.contents import VIEWS, gather
from api.disclosures import shows_person
from api.paging import PageOf
from api.reading import PagedReadNow, Read, ReadNow
from api.record_addresses import addresses_of
from api.record_forms import CONTENT, DOCUMENT, TOKEN, Form, wanted
from api.routing import Router
from api.status_lists import status_lists_of
from ledger.errors import NotFoundError
from ledger.record_vault import Kept, RecordVault
from ledger.records.badges import badge, baked
from projections import records
from projections.records import Award

router = Router("records")


class PortableRecord(BaseModel):
    """A record that she can carry away. The file itself is at /v1/records/{record_id}."""

    record_id: UUID
    url: str  # its id for verifiers, the same however often it is issued anew
    enrollment_id: UUID
    issuer_id: UUID
    credential_id: UUID
    credential_version: int
    state: Literal["in_force", "revoked", "expired"]
    valid_from: datetime  # of the newest issue
    position: int  # in the log, of the newest issue


@router.read("/people/{person_id}/records", PageOf[PortableRecord])
def read_records(person_id: UUID, read: PagedReadNow) -> Response:
    """Her awards that are there as signed files; one that was just decided follows in seconds."""
    must_see_whole_record(read.caller, person_id)
    with read.connection(person_id) as connection:
        position = read.visible("records")
        after, limit = read.page.after(int, 0), read.page.limit
        found = records.of_person(connection, person_id, after=after, limit=limit)
        shows_person(read, connection, "record", person_id)
    items = [_shown(read, award) for award in found]
    return read.page.answer(items, position, key=found[-1].awarded_position if found else None)


@router.download("/records/{record_id}", CONTENT)
def read_record(record_id: UUID, read: ReadNow) -> Response:
    """The signed file: a document, or by `Accept` a token (text/plain) or a badge (image/png)."""
    position = read.visible("records")
    with read.connection() as connection:
        award = records.of_record(connection, record_id)
        if award is None:
            raise NotFoundError(NOT_THERE)
        must_see_whole_record(read.caller, award.person_id)
        shows_person(read, connection, "record", award.person_id, thing_id=record_id)
    kept = kept_of(read, award)
    headers = {"Ledger-Position": str(position), "Vary": "Accept", "Cache-Control": "no-store"}
    match wanted(read.request, Form.DOCUMENT, Form.TOKEN, Form.IMAGE):
        case Form.TOKEN:
            return Response(kept.token, media_type=TOKEN, headers=headers)
        case Form.IMAGE:
            picture = badge(kept.document["name"], kept.document["issuer"]["name"])
            image = baked(picture, kept.document)
            return Response(image, media_type=Form.IMAGE.value, headers=headers)
        case Form.DOCUMENT:
            return Response(orjson.dumps(kept.document), media_type=DOCUMENT, headers=headers)


@router.download("/people/{person_id}/bundle")
def read_bundle(person_id: UUID, read: ReadNow) -> Response:
    """All that she carries away, in one zip file: it is checked without this ledger."""
    must_see_whole_record(read.caller, person_id)
    read.visible(*VIEWS)
    with read.connection(person_id) as connection:
        shows_person(read, connection, "record", person_id)
    contents = gather(read.edge, person_id, read.at, status_lists_of(read.request))
    headers = {
        "Ledger-Position": str(contents.position),
        "Content-Disposition": 'attachment; filename="record.zip"',
        "Cache-Control": "no-store",
    }
    return Response(bundle(contents), media_type="application/zip", headers=headers)


def kept_of(read: Read[Any], award: Award) -> Kept:
    """The newest issue of an award's record. Raises ErasedError when its person was."""
    return RecordVault(read.edge.vault).open(*award.issue, person_id=award.person_id)


def _shown(read: Read[Any], award: Award) -> dict[str, Any]:
    assert award.record_id is not None, "only issued records are listed"
    return {
        "record_id": award.record_id,
        "url": addresses_of(read.edge.settings).record(award.record_id),
        "enrollment_id": award.enrollment_id,
        "issuer_id": award.issuer_id,
        "credential_id": award.credential_id,
        "credential_version": award.credential_version,
        "state": award.state(read.at),
        "valid_from": award.valid_from,
        "position": award.issued_position,
    }
