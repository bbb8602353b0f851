"""What an auditor draws: a sample of lines that were paid, with everything behind each."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import Field

from api.access import must_see_payouts
from api.audit_sample import Draw, draw
from api.disclosures import shows
from api.reading import Read, ReadQuery, reading
from api.routing import Router
from ledger.aggregates.organization import Organization
from ledger.rules.calendars import fiscal_year
from ledger.values import POSITION_MAX

router = Router("audits")
JULY = 7
LINES_MAX = 200  # each is explained from the log; the command line draws as many as are asked for


class SampleQuery(ReadQuery):
    """What is drawn: so many of one year's lines, by a seed that draws the same again."""

    fiscal_year: Annotated[
        int | None,
        Field(
            ge=1900, le=9999, description="by the year it ends in; without it, today's from July"
        ),
    ] = None
    seed: Annotated[str, Field(min_length=1, max_length=100)] = "1"
    size: Annotated[int, Field(ge=1, le=LINES_MAX)] = 25
    position: Annotated[
        int | None, Field(ge=1, le=POSITION_MAX, description="as known there; now without it")
    ] = None


@router.download("/districts/{district_id}/audit-sample")
def draw_sample(
    district_id: UUID, read: Annotated[Read[SampleQuery], Depends(reading(SampleQuery))]
) -> Response:
    """A zip of lines that were paid, each with everything behind it, as `mcledger audit sample`.

    The same seed, size and position give the same bytes.
    """
    must_see_payouts(read.caller, district_id)
    asked = read.query
    zone = read.edge.ledger.get(Organization, district_id).zone
    year = asked.fiscal_year or fiscal_year(read.day(zone, None), JULY)
    found = draw(read.edge, Draw(district_id, year, asked.size, asked.seed, asked.position))
    shows(read, "payout", found.person_ids, within=[district_id])
    return Response(
        found.content,
        media_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="audit-sample.zip"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
            "Ledger-Position": str(found.position),
        },
    )
