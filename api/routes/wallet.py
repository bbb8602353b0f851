"""What a teacher's awards are worth: state by state, and toward the policies of her districts."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import EVERYTHING, must_be
from api.answers import answer
from api.reading import KnownReadNow, zone_of_person
from api.renewals import records, rulebook
from api.routing import Router
from api.standings import standings
from ledger.rules.wallet import StateUnits, in_states
from ledger.store import EVERYTHING as ALL_ROWS
from projections import employments
from projections.known import employments_of_person
from projections.sql import NO_ID
from projections.thresholds import Standing

router = Router("wallet")
VIEWS = ("renewals", "transcript", "history", "payouts", "employments", "batches")


@dataclass(frozen=True, slots=True)
class DistrictUnits:
    """What counts toward one policy of a district for which she works. Units are exact fractions.

    All that she has there, courses as well; `awards` are those of it that count.
    """

    district_id: UUID
    policy_id: UUID
    policy_version: int
    title: str
    benefit: str
    unit: str
    units: str
    banked: str
    awards: int
    held: str | None  # the fact that is missing for anything to be said


class Wallet(BaseModel):
    """Each line by itself: no unit is ever made of another one."""

    states: list[StateUnits]
    districts: list[DistrictUnits]


@router.read("/people/{person_id}/wallet", Wallet)
def read_wallet(person_id: UUID, read: KnownReadNow) -> Response:
    """What her awards come to in every state that has rules, and under her districts' policies.

    As rules and awards stand on the day; no license, cycle or cap is looked at, so it binds nobody.
    """
    must_be(read.caller, person_id)
    with read.edge.reading([ALL_ROWS]) as connection:
        zone = zone_of_person(connection, person_id)
        position = read.visible(*VIEWS)
        known = read.known(connection, read.query.as_of, zone, *VIEWS)
        day = read.day(zone, read.query.effective_on)
        record = records(connection, [person_id], known)[person_id]
        book = rulebook(connection, known)
        with employments_of_person(connection, person_id, known):
            jobs = employments.of_person(connection, person_id)
        held = [one.district_id for one in jobs if one.segment_on(day)]
        employer = held[-1] if held else NO_ID  # of several the one whom she joined last
        states = in_states(
            record.achievements(EVERYTHING),
            book.rules,
            day,
            district_id=employer,
            equal=book.classes.get(employer, ()),
        )
        districts = {one.district_id for one in jobs}
        found = list(standings(connection, person_id, districts, day=day, known=known))
    wallet = {"states": states, "districts": [_line(one) for one in found]}
    return answer(wallet, position=min(known, position))


def _line(standing: Standing) -> DistrictUnits:
    return DistrictUnits(
        district_id=standing.district_id,
        policy_id=standing.policy_id,
        policy_version=standing.policy_version,
        title=standing.title,
        benefit=standing.benefit,
        unit=standing.unit,
        units=standing.counted,
        banked=standing.banked,
        awards=sum(one.kind == "award" and one.counts for one in standing.things),
        held=standing.held,
    )
