"""Has a record checked for anybody who holds it: as JSON for programs, as a page for people."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel
from starlette.datastructures import UploadFile

from api.answers import answer
from api.clock import now
from api.pages.plain import HTML, PAGE
from api.pages.verify import page
from api.problems import declared
from api.record_addresses import addresses_of
from api.record_verdicts import Verdict, verdict
from api.routing import FORM, FORM_OVERHEAD_BYTES, OpenRouter, StrictForm
from api.status_lists import status_lists_of
from api.writing import edge_of
from ledger.errors import NotFoundError
from ledger.records.received_files import TRANSCRIPT_BYTES_MAX
from ledger.store import EVERYTHING
from projections import records

OF_A_BUNDLE = "; of a larger bundle send the record in it"

_FIELDS = frozenset({"file", "text"})

router = OpenRouter("records")


class RecordStatus(BaseModel):
    """What the status list says of a record, in words."""

    record: str
    status: Literal["in_force", "revoked"]
    status_list: str
    status_index: int


@router.get("/verify", response_class=Response, responses=declared() | PAGE)
async def read_verification_page() -> Response:
    """A page on which anybody has a record checked."""
    return page()


@router.post("/verify", response_model=Verdict, responses=declared(400, 413) | PAGE)
async def verify_record(request: Request) -> Response:
    """Check a record: the file itself as the body, or a form with `file` or `text`.

    Nothing is stored. A file that cannot be relied on is an answer, not an error.
    """
    limit = TRANSCRIPT_BYTES_MAX + FORM_OVERHEAD_BYTES
    content = await _content(StrictForm(request, limit, _FIELDS, OF_A_BUNDLE))
    at, lists = now(request), status_lists_of(request)
    found = await run_in_threadpool(verdict, edge_of(request), lists, content, at)
    if HTML in request.headers.get("accept", ""):
        return page(found)
    return answer(found)


@router.get("/records/{record_id}/status", response_model=RecordStatus, responses=declared())
def read_record_status(request: Request, record_id: UUID) -> Response:
    """What anybody could read in the status list of a record, and no more."""
    edge = edge_of(request)
    with edge.reading([EVERYTHING]) as connection:
        award = records.of_record(connection, record_id)
    if award is None or award.list_number is None:
        raise NotFoundError("there is no such record")
    addresses = addresses_of(edge.settings)
    body = {
        "record": addresses.record(record_id),
        "status": "revoked" if award.state(now(request)) == "revoked" else "in_force",
        "status_list": addresses.status_list(award.issuer_id, award.list_number),
        "status_index": award.status_index,
    }
    return answer(body)


async def _content(request: Request) -> bytes:
    """What was sent to be checked; of a form its file, or else its text."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
        return await request.body()
    form = await request.form(max_files=1, max_fields=2, max_part_size=TRANSCRIPT_BYTES_MAX)
    file, text = form.get("file"), form.get("text")
    content = await file.read() if isinstance(file, UploadFile) else b""
    await form.close()
    return content or (text.encode() if isinstance(text, str) else b"")
