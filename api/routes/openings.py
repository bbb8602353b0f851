"""What earlier systems said of somebody: awards, units, and what was paid."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import must_see_earned
from api.answers import ListOf, answer_all
from api.disclosures import shows_person
from api.openings import opening_records
from api.reading import AsOfReadNow, zone_of_person
from api.routing import Router
from ledger.events.opening import Entry

router = Router("records")


class OpeningRecord(BaseModel):
    """One record of an earlier system, and the two people of the district who vouched for it."""

    record_id: UUID
    position: int
    district_id: UUID  # whose system it was
    import_id: UUID  # the file
    as_of: date  # the day of the cut-over
    prepared_by: UUID
    confirmed_by: UUID
    entry: Entry


@router.read("/people/{person_id}/opening-records", ListOf[OpeningRecord])
def read_opening_records(person_id: UUID, read: AsOfReadNow) -> Response:
    """What a district brought along of her: a district sees its own, she sees everything."""
    with read.connection(person_id) as connection:
        position = read.visible("history", "employments")
        sight = must_see_earned(read.caller, connection, person_id)
        zone = zone_of_person(connection, person_id)
        as_of = read.known(connection, read.query.as_of, zone, "history")
        found = opening_records(connection, person_id, sight, until=as_of)
        shows_person(read, connection, "opening-records", person_id)
    items = [
        OpeningRecord(
            record_id=event.originator_id,
            position=place,
            **{
                name: getattr(event, name)
                for name in OpeningRecord.model_fields
                if name not in {"record_id", "position"}
            },
        )
        for place, event in found
    ]
    return answer_all([one.model_dump() for one in items], min(as_of, position))
