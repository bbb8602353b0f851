"""What a link shows to whoever has it: as JSON for programs, as a page for people. No token."""

from __future__ import annotations

from typing import Final

from fastapi import Request, Response

from api.answers import answer
from api.clock import now
from api.pages.plain import HTML, PAGE
from api.pages.shared import page
from api.problems import declared
from api.routing import GONE, OpenRouter
from api.shared_records import (
    VIEWS,
    SharedRecord,
    must_stand,
    share_of_link,
    shared_record,
    view_of,
)
from api.writing import edge_of

UNSEEN: Final = {"X-Robots-Tag": "noindex, nofollow", "Cache-Control": "no-store"}

router = OpenRouter("shares")


@router.get("/share/{secret}", response_model=SharedRecord, responses=declared(GONE) | PAGE)
def read_link(request: Request, secret: str) -> Response:
    """What a teacher shows to whoever has this link, as of now. She sees when it was looked at."""
    edge, at = edge_of(request), now(request)
    share = share_of_link(edge, secret)
    person_id = must_stand(edge, share, at, reader_id=share.id)
    with edge.reading([person_id]) as connection:
        position = edge.visible(VIEWS, 0)
        found = shared_record(edge, connection, share, at)
    edge.disclosures.write([view_of(share, person_id, at, share.id)]).result()
    if HTML in request.headers.get("accept", ""):
        shown = page(found)
    else:
        shown = answer(found, position=position)
    shown.headers.update({**UNSEEN, "Vary": "Accept", "Referrer-Policy": "no-referrer"})
    return shown
