"""How a district takes micro-credentials up. Counts alone: nobody is shown."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel, Field

from api.access import must_see_payouts
from api.answers import answer
from api.reading import AsOfQuery, Read, reading
from api.routing import Router
from ledger.aggregates.organization import Organization
from ledger.store import EVERYTHING
from ledger.values import Day
from projections import adoption

router = Router("adoption")
VIEWS = adoption.VIEWS


class AdoptionQuery(AsOfQuery):
    """Of enrollments that began within a span of days; of all, where none is given."""

    from_day: Annotated[Day | None, Field(description="the first day of enrolling")] = None
    to_day: Annotated[Day | None, Field(description="the last")] = None


class Share(BaseModel):
    """How many enrollments there are, and what became of them."""

    enrolled: int
    submitted: int
    earned: int
    revoked: int
    earned_per_mille: int | None  # of those that were submitted; null where none was


class CredentialShare(Share):
    """The same of one micro-credential."""

    credential_id: UUID
    persons: int


class AdoptionReport(BaseModel):
    """All enrollments of a district's staff, and each micro-credential by itself."""

    total: Share
    credentials: list[CredentialShare]


@router.read("/districts/{district_id}/adoption", AdoptionReport)
def read_adoption(
    district_id: UUID, read: Annotated[Read[AdoptionQuery], Depends(reading(AdoptionQuery))]
) -> Response:
    """How many of the district's staff began, handed in and earned, and the share of it."""
    must_see_payouts(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    position = read.visible(*VIEWS)
    with read.edge.reading([EVERYTHING]) as connection:
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
        with adoption.known(connection, district_id, as_of):
            span = {"from_day": read.query.from_day, "to_day": read.query.to_day}
            found = adoption.of_district(connection, district_id, zone, **span)
    counts = ("enrolled", "submitted", "earned", "revoked")
    total = {name: sum(getattr(one, name) for one in found) for name in counts}
    share = adoption.per_mille(total["earned"], total["submitted"])
    body = {
        "total": {**total, "earned_per_mille": share},
        "credentials": [
            {
                **{name: getattr(one, name) for name in ("credential_id", "persons", *counts)},
                "earned_per_mille": one.earned_per_mille,
            }
            for one in found
        ],
    }
    return answer(body, position=min(as_of, position))
