"""What a district has on file about a person for the sake of pay, and its own calendar."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Response

from api.access import must_act_for_district, must_see_facts
from api.access_keeping import must_keep
from api.answers import ListOf, answer_all, recorded
from api.disclosures import shows
from api.paging import PageOf
from api.reading import AsOfPageQuery, AsOfQuery, Read, reading
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.organization import Organization
from ledger.commands import calendar as calendars
from ledger.commands import dossier as dossiers
from ledger.events.calendar import DistrictFact, calendar_stream
from ledger.events.dossier import Fact
from ledger.values import Positive, Value
from projections.dossiers import VIEWS, FactOnFile, of_district, of_person

router = Router("dossiers")
FactKind = Literal[
    "document_received",
    "request_filed",
    "prior_approval_given",
    "plan_goal_tagged",
    "cost_recorded",
    "paid_time_used",
    "requirement_tagged",
    "attendance_recorded",
    "status_recorded",
    "leave_recorded",
    "separation_recorded",
]
CalendarKind = Literal[
    "fiscal_year_set",
    "fiscal_year_closed",
    "pay_calendar_set",
    "district_holidays_set",
    "school_attribute_set",
    "pool_drawn",
    "competency_class_set",
    "allotment_set",
]


class NewFact(Value):
    """A dated fact about a person that a rule may ask for."""

    fact: Fact


class WrongFact(Value):
    """The version under which the fact was recorded, as it was answered then."""

    withdrawn_version: Positive


class NewDistrictFact(Value):
    """A dated fact about the district: a year, its pay periods, holidays, a school's attribute."""

    fact: DistrictFact


class FactQuery(AsOfPageQuery):
    """A page of facts, about one thing or of one kind."""

    subject_id: UUID | None = None
    kind: FactKind | None = None


class CalendarQuery(AsOfQuery):
    """What was known then, about one school or of one kind."""

    school_id: UUID | None = None
    kind: CalendarKind | None = None


@router.read("/districts/{district_id}/people/{person_id}/facts", PageOf[FactOnFile])
def list_dossier_facts(
    district_id: UUID,
    person_id: UUID,
    read: Annotated[Read[FactQuery], Depends(reading(FactQuery))],
) -> Response:
    """What a district has on file about a person that rules of pay may ask for."""
    with read.connection(person_id) as connection:
        must_see_facts(read.caller, connection, district_id, person_id)
        position = read.visible(*VIEWS)
        zone = read.edge.ledger.get(Organization, district_id).zone
        known = read.known(connection, read.query.as_of, zone, *VIEWS)
        found = of_person(
            connection,
            person_id,
            district_id,
            subject_id=read.query.subject_id,
            kind=read.query.kind,
            as_of=known,
            after=read.page.after(int, 0),
            limit=read.page.limit,
        )
    shows(read, "facts", [person_id], within=[district_id])
    key = found[-1].position if found else None
    return read.page.answer(found, min(known, position), key=key)


@router.read("/districts/{district_id}/calendar", ListOf[FactOnFile])
def read_calendar(
    district_id: UUID, read: Annotated[Read[CalendarQuery], Depends(reading(CalendarQuery))]
) -> Response:
    """A district's fiscal years, pay periods, holidays, pools drawn, and what its schools are."""
    zone = read.edge.ledger.get(Organization, district_id).zone
    with read.connection() as connection:
        position = read.visible(*VIEWS)
        known = read.known(connection, read.query.as_of, zone, *VIEWS)
        found = of_district(
            connection,
            calendar_stream(district_id),
            school_id=read.query.school_id,
            kind=read.query.kind,
            as_of=min(known, position),
        )
    return answer_all(found, min(known, position))


@router.write("/districts/{district_id}/people/{person_id}/facts")
def record_dossier_fact(
    district_id: UUID, person_id: UUID, body: NewFact, write: WriteNow
) -> Response:
    """Put a dated fact on file."""
    must_keep(write, district_id, person_id)
    return recorded(
        write.run(dossiers.record_dossier_fact, body, district_id=district_id, person_id=person_id)
    )


@router.write("/districts/{district_id}/people/{person_id}/fact-withdrawals")
def withdraw_dossier_fact(
    district_id: UUID, person_id: UUID, body: WrongFact, write: WriteNow
) -> Response:
    """Withdraw a fact that was recorded in error."""
    must_keep(write, district_id, person_id)
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
