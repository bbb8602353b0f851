"""Questions about what has not happened: what an award would bring, what a draft would cost."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_be
from api.answers import answer
from api.quotes import VIEWS, Quote, quote
from api.reading import ReadNow
from api.routing import Router
from ledger.values import Day, Value

router = Router("quotes")


class Wish(Value):
    """A micro-credential that she thinks of earning, and the day of the award; today if none."""

    credential_id: UUID
    awarded_on: Day | None = None


@router.ask("/people/{person_id}/quote", Quote)
def quote_award(person_id: UUID, body: Wish, read: ReadNow) -> Response:
    """What a micro-credential would bring her: pay and when, units, what lacks. Not binding.

    It is worked out as if the award were the next thing to happen, and nothing of it is kept.
    """
    must_be(read.caller, person_id)
    position = read.visible(*VIEWS)
    found = quote(
        read.edge,
        person_id,
        body.credential_id,
        body.awarded_on,
        at=read.at,
        position=position,
    )
    return answer(found, position=position)
