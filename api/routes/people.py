"""People and their positions, as their district's staff office records them."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import Field

from api.access import (
    must_act_for_district,
    must_identify,
    must_see_district,
)
from api.access_keeping import must_keep
from api.answers import recorded
from api.directory import Colleague, colleagues, positions_on
from api.disclosures import shows
from api.paging import PageOf
from api.reading import KnownPageQuery, Read, reading
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.employment import Employment, Terms
from ledger.aggregates.organization import Organization
from ledger.commands import employment as employments
from ledger.commands import person as persons
from ledger.values import Day, Flag, FteThousandths, ShortText, Slug, Value
from ledger.vault import PersonDetails
from projections import known
from projections.sql import NO_ID

router = Router("people")


class PeopleQuery(KnownPageQuery):
    """Whom to look for among those employed on a day."""

    search: Annotated[str | None, Field(max_length=200)] = None


class NewPerson(Value):
    """How a person is called and reached. All of it stays in the vault."""

    details: PersonDetails


class Identity(Value):
    """A number by which a source system knows the person. It stays in the vault."""

    source: Slug
    district_id: UUID
    source_id: ShortText


class PositionTerms(Value):
    """On what terms a position is held."""

    role: Slug
    school_id: UUID | None = None
    fte_thousandths: FteThousandths | None = None
    exempt: Flag | None = None

    @property
    def terms(self) -> Terms:
        return Terms(
            school_id=self.school_id,
            role=self.role,
            fte_thousandths=self.fte_thousandths,
            exempt=self.exempt,
        )


class NewEmployment(PositionTerms):
    """A position taken up. `position` is the district's name or number for it."""

    person_id: UUID
    position: ShortText
    first_day: Day
    last_day: Day | None = None


class EmploymentChange(PositionTerms):
    """Other terms from a day on."""

    effective_on: Day


class EmploymentEnd(Value):
    """The last day of work."""

    last_day: Day


@router.read("/districts/{district_id}/people", PageOf[Colleague])
def list_people(
    district_id: UUID,
    read: Annotated[Read[PeopleQuery], Depends(reading(PeopleQuery))],
) -> Response:
    """Who works for a district on a day, by name. Searching looks into names and numbers.

    Names are opened in memory for this answer; no index could hold them without giving them away.
    """
    must_see_district(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    with read.connection() as connection:
        position = read.visible("employments")
        as_of = read.known(connection, read.query.as_of, zone, "employments")
        with known.employments_of_district(connection, district_id, as_of):
            held = positions_on(connection, district_id, read.day(zone, read.query.effective_on))
    items = colleagues(
        read.edge.vault,
        district_id,
        held,
        read.query.search or "",
        after=read.page.after(UUID, NO_ID),
        limit=read.page.limit,
    )
    shows(read, "person", [one.person_id for one in items], within=[district_id])
    position = min(as_of, position)
    return read.page.answer(items, position, key=items[-1].person_id if items else None)


@router.write("/districts/{district_id}/people")
def register_person(district_id: UUID, body: NewPerson, write: WriteNow) -> Response:
    """Register a person under a random id. What she is called goes into the vault."""
    must_act_for_district(write.caller, district_id)
    edge = write.edge
    return recorded(
        persons.register_person(
            edge.ledger,
            edge.vault,
            write.call(body),
            district_id=district_id,
            details=body.details,
        )
    )


@router.write("/districts/{district_id}/people/{person_id}/details")
def record_person_details(
    district_id: UUID, person_id: UUID, body: NewPerson, write: WriteNow
) -> Response:
    """Let a person be called otherwise from now on."""
    must_keep(write, district_id, person_id)
    edge = write.edge
    return recorded(
        persons.record_person_details(
            edge.ledger,
            edge.vault,
            write.call(body),
            person_id=person_id,
            district_id=district_id,
            details=body.details,
        )
    )


@router.write("/people/{person_id}/identities")
def link_identity(person_id: UUID, body: Identity, write: WriteNow) -> Response:
    """Let a number that a system of a district gives her lead to this person.

    A teacher who moves keeps her record when her new district's number is linked to it.
    """
    edge = write.edge
    identifies = partial(
        must_identify, write.caller, district_id=body.district_id, person_id=person_id
    )
    write.find(write.caller.scope(), identifies)
    return recorded(
        persons.link_identity(
            edge.ledger, edge.vault, write.call(body), person_id=person_id, **dict(body)
        )
    )


@router.write("/districts/{district_id}/employments")
def start_employment(district_id: UUID, body: NewEmployment, write: WriteNow) -> Response:
    """Let a person take up a position."""
    must_act_for_district(write.caller, district_id)
    edge = write.edge
    return recorded(
        employments.start_employment(
            edge.ledger,
            edge.vault,
            write.call(body),
            person_id=body.person_id,
            district_id=district_id,
            position=body.position,
            terms=body.terms,
            first_day=body.first_day,
            last_day=body.last_day,
        )
    )


@router.write("/employments/{employment_id}/changes")
def change_employment(employment_id: UUID, body: EmploymentChange, write: WriteNow) -> Response:
    """Other terms from a day on; what held before still holds for the days before."""
    _own(write, employment_id)
    return recorded(
        employments.change_employment(
            write.edge.ledger,
            write.call(body),
            employment_id=employment_id,
            terms=body.terms,
            effective_on=body.effective_on,
        )
    )


@router.write("/employments/{employment_id}/endings")
def end_employment(employment_id: UUID, body: EmploymentEnd, write: WriteNow) -> Response:
    """Record the last day, or another one than before."""
    _own(write, employment_id)
    edge = write.edge
    return recorded(
        employments.end_employment(
            edge.ledger,
            edge.vault,
            write.call(body),
            employment_id=employment_id,
            last_day=body.last_day,
        )
    )


@router.write("/employments/{employment_id}/reopenings")
def reopen_employment(employment_id: UUID, write: WriteNow) -> Response:
    """Take the last day back."""
    _own(write, employment_id)
    edge = write.edge
    return recorded(
        employments.reopen_employment(
            edge.ledger, edge.vault, write.call(), employment_id=employment_id
        )
    )


def _own(write: WriteNow, employment_id: UUID) -> None:
    employment = write.edge.ledger.get(Employment, employment_id)
    must_act_for_district(write.caller, employment.district_id)
