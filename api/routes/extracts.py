"""What a district may give away: counts without small cells. Nobody is shown."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import must_see_district
from api.answers import answer
from api.reading import KnownReadNow
from api.routing import Router
from ledger.aggregates.organization import Organization
from ledger.rules.suppression import CELL_MIN
from ledger.store import EVERYTHING
from projections import adoption, award_counts
from projections.award_counts import AwardCount

router = Router("extracts")


class AwardExtract(BaseModel):
    """How many teachers earned what, by term and school; each count stands before its parts."""

    cell_min: int  # below it no count is shown
    counts: list[AwardCount]


@router.read("/districts/{district_id}/award-counts", AwardExtract)
def read_award_counts(district_id: UUID, read: KnownReadNow) -> Response:
    """How many of a district's staff earned what in each term that is over, at which school.

    A count is null where fewer than ten are in it, or where such a one could be found by it.
    """
    must_see_district(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    position = read.visible(*award_counts.VIEWS)
    with read.edge.reading([EVERYTHING]) as connection:
        as_of = read.known(connection, read.query.as_of, zone, *award_counts.VIEWS)
        with adoption.known(connection, district_id, as_of):
            on = read.day(zone, read.query.effective_on)
            found = award_counts.of_district(connection, district_id, on)
    return answer({"cell_min": CELL_MIN, "counts": found}, position=min(as_of, position))
