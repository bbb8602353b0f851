"""What a district has on file about a person for the sake of pay, and its own calendar."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_act_for_district, must_employ
from api.answers import recorded
from api.routing import Router
from api.writing import WriteNow
from ledger.commands import calendar as calendars
from ledger.commands import dossier as dossiers
from ledger.events.calendar import DistrictFact
from ledger.events.dossier import Fact
from ledger.values import Positive, Value

router = Router("dossiers")


class NewFact(Value):
    """A dated fact about a person that a rule may ask for."""

    fact: Fact


class WrongFact(Value):
    """The version under which the fact was recorded, as it was answered then."""

    withdrawn_version: Positive


class NewDistrictFact(Value):
    """A dated fact about the district: a year, its pay periods, holidays, a school's attribute."""

    fact: DistrictFact


@router.write("/districts/{district_id}/people/{person_id}/facts")
def record_dossier_fact(
    district_id: UUID, person_id: UUID, body: NewFact, write: WriteNow
) -> Response:
    """Put a dated fact on file."""
    _must_keep(write, district_id, person_id)
    return recorded(
        write.run(dossiers.record_dossier_fact, body, district_id=district_id, person_id=person_id)
    )


@router.write("/districts/{district_id}/people/{person_id}/fact-withdrawals")
def withdraw_dossier_fact(
    district_id: UUID, person_id: UUID, body: WrongFact, write: WriteNow
) -> Response:
    """Withdraw a fact that was recorded in error."""
    _must_keep(write, district_id, person_id)
    return recorded(
        write.run(
            dossiers.withdraw_dossier_fact, body, district_id=district_id, person_id=person_id
        )
    )


@router.write("/districts/{district_id}/calendar")
def record_calendar_fact(district_id: UUID, body: NewDistrictFact, write: WriteNow) -> Response:
    """Set a fiscal year, pay periods, holidays, or what a school counts as."""
    must_act_for_district(write.caller, district_id)
    return recorded(write.run(calendars.record_calendar_fact, body, district_id=district_id))


def _must_keep(write: WriteNow, district_id: UUID, person_id: UUID) -> None:
    must_act_for_district(write.caller, district_id)
    with write.edge.reading(write.caller.scope()) as connection:
        must_employ(connection, district_id, person_id)
