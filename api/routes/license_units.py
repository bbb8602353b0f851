"""What a district hands in to an authority: units by license, and what they come to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Response
from psycopg import Connection
from pydantic import BaseModel, Field

from api import license_units
from api.access import must_see_district
from api.answers import ListOf, answer_all
from api.disclosures import shows
from api.license_units import Asked, Span, UnitTotal
from api.paging import PageOf
from api.reading import KnownPageQuery, KnownQuery, Read, reading
from api.renewals import CountedUnit, rulebook
from api.routes.renewals import VIEWS
from api.routing import Router
from ledger.aggregates.organization import Organization
from ledger.values import Day
from projections.sql import NO_ID

router = Router("license-units")
State = Annotated[str | None, Field(pattern=r"^us-[a-z]{2}$", description="a state, as in us-wy")]
FromDay = Annotated[Day | None, Field(description="the first day on which it was earned")]
ToDay = Annotated[Day | None, Field(description="the last")]


class UnitPageQuery(KnownPageQuery):
    """A page of persons, with the units of one jurisdiction or all, earned within a span."""

    jurisdiction: State = None
    from_day: FromDay = None
    to_day: ToDay = None


class UnitTotalQuery(KnownQuery):
    """The sums of one jurisdiction or all, of what was earned within a span."""

    jurisdiction: State = None
    from_day: FromDay = None
    to_day: ToDay = None


class HandedIn(BaseModel):
    """What one award or credit brings one license, for whoever files it."""

    license_id: UUID
    number: str | None  # of the license; null: none was recorded, or it was erased
    jurisdiction: str
    license_type: str
    cycle: int
    unit: str | None
    counted: CountedUnit


class PersonUnits(BaseModel):
    """All that counts, or not, on the licenses of one person which the district keeps."""

    person_id: UUID
    name: str | None
    state_id: str | None  # by which the state knows her; null: the district has not recorded it
    units: list[HandedIn]


AnyUnitQuery = TypeVar("AnyUnitQuery", UnitPageQuery, UnitTotalQuery)


@contextmanager
def _asked(
    read: Read[AnyUnitQuery], district_id: UUID
) -> Iterator[tuple[Connection[Any], Asked, int]]:
    """What is asked of a district's licenses, by one who may see them; how far it is shown."""
    must_see_district(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    query = read.query
    with read.connection() as connection:
        position = read.visible(*VIEWS, "employments")
        known = read.known(connection, query.as_of, zone, *VIEWS)
        asked = Asked(
            book=rulebook(connection, known, jurisdiction=query.jurisdiction),
            span=Span(query.jurisdiction, query.from_day, query.to_day),
            day=read.day(zone, query.effective_on),
            known=known,
            whole=read.caller.holds("auditor"),
        )
        yield connection, asked, min(known, position)


@router.read("/districts/{district_id}/license-units", PageOf[PersonUnits])
def list_license_units(
    district_id: UUID,
    read: Annotated[Read[UnitPageQuery], Depends(reading(UnitPageQuery))],
) -> Response:
    """Every unit on the licenses that the district keeps, a person an item, to be handed in.

    Each award and credit stands once for each license: what it brings and when it is handed in, or
    why it counts for nothing.
    """
    with _asked(read, district_id) as (connection, asked, shown_to):
        after, limit = read.page.after(UUID, NO_ID), read.page.limit
        found = license_units.of_district(connection, district_id, asked, after=after, limit=limit)
    shows(read, "renewals", found, within=[district_id])
    names = read.edge.vault.get_details(found, district_id)
    texts = {one.number_text_id for units in found.values() for one in units if one.number_text_id}
    numbers = read.edge.vault.get_texts(texts)
    items = [
        {
            "person_id": person_id,
            "name": names[person_id].name if person_id in names else None,
            "state_id": (names[person_id].state_id or None) if person_id in names else None,
            "units": [
                {
                    "license_id": one.license_id,
                    "number": numbers.get(one.number_text_id) if one.number_text_id else None,
                    "jurisdiction": one.jurisdiction,
                    "license_type": one.license_type,
                    "cycle": one.cycle,
                    "unit": one.unit,
                    "counted": one.counted,
                }
                for one in units
            ],
        }
        for person_id, units in found.items()
    ]
    return read.page.answer(items, shown_to, key=max(found, default=None))


@router.read("/districts/{district_id}/license-unit-totals", ListOf[UnitTotal])
def sum_license_units(
    district_id: UUID,
    read: Annotated[Read[UnitTotalQuery], Depends(reading(UnitTotalQuery))],
) -> Response:
    """How many units of which kind counted by which version of the rules, and what did not, why."""
    with _asked(read, district_id) as (connection, asked, shown_to):
        items = license_units.totals(license_units.everybody(connection, district_id, asked))
    return answer_all(items, shown_to)
