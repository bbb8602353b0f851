"""Employments and organizations: who worked where on which day, which decides who sees what."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from types import UnionType
from typing import Any, ClassVar, TypedDict, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import (
    AnyEmploymentEvent,
    AnyOrganizationEvent,
    employment,
    organization,
)
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import NO_ID, Write, read, rows, to_write

Relevant = AnyEmploymentEvent | AnyOrganizationEvent


class Segment(TypedDict):
    """What a position was from a day on, until the next segment begins or the position ends."""

    from_day: str
    school_id: str | None
    role: str
    fte_thousandths: int | None
    exempt: bool | None


@dataclass(slots=True, kw_only=True)
class Employment:
    """One position held by one person. It was never held when the last day is before the first."""

    employment_id: UUID
    person_id: UUID
    district_id: UUID
    zone: str
    first_day: date
    last_day: date | None
    segments: list[Segment]
    position: int

    def segment_on(self, day: date) -> Segment | None:
        """What the position was on a day; null when it was not held then."""
        if day < self.first_day or (self.last_day is not None and day > self.last_day):
            return None
        begun = (s for s in reversed(self.segments) if s["from_day"] <= day.isoformat())
        return next(begun, self.segments[0])


@dataclass(slots=True, kw_only=True)
class Organization:
    """A district, or a school of one."""

    organization_id: UUID
    kind: organization.OrganizationKind
    district_id: UUID
    name: str
    zone: str
    position: int


@dataclass(frozen=True, slots=True)
class Span:
    """Days on which somebody was employed; both ends are included, null means not ended."""

    first_day: date
    last_day: date | None

    def holds(self, day: date) -> bool:
        return self.overlaps(day, day)

    def overlaps(self, first_day: date, last_day: date) -> bool:
        """Whether one of these days is among them."""
        return self.first_day <= last_day and (self.last_day is None or first_day <= self.last_day)


class Employments(Projection[Relevant]):
    """Keeps `employments` and `organizations`."""

    name: ClassVar[str] = "employments"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("employments", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("organizations", by_person=False, seen_by=(Viewer.EVERYBODY,)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        ids = list({fact.event.originator_id for fact in facts})
        held = read(connection, Employment, self.sql["load"], employment_ids=ids)
        named = read(connection, Organization, self.sql["load_organizations"], organization_ids=ids)
        employments = {row.employment_id: row for row in held}
        organizations = {row.organization_id: row for row in named}
        for position, event in facts:
            match event:
                case employment.EmploymentStarted():
                    employments[event.originator_id] = _start(event, position)
                case (
                    employment.EmploymentChanged()
                    | employment.EmploymentEnded()
                    | employment.EmploymentReopened()
                ):
                    _change(employments[event.originator_id], event, position)
                case organization.OrganizationRegistered():
                    organizations[event.originator_id] = _register(event, position)
                case organization.OrganizationRenamed(name=name):
                    known = organizations[event.originator_id]
                    known.name, known.position = name, position
                case _:
                    assert_never(event)
        return [
            *to_write(self.sql["save_organizations"], rows=list(organizations.values())),
            *to_write(self.sql["save"], rows=list(employments.values())),
        ]


def of_person(connection: Connection[Any], person_id: UUID) -> list[Employment]:
    """Every position a person holds or held, the earliest first."""
    return read(connection, Employment, Employments().sql["of_person"], person_id=person_id)


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    *,
    from_day: date,
    to_day: date,
    after: tuple[UUID, UUID] = (NO_ID, NO_ID),
    limit: int = 100,
) -> list[Employment]:
    """Positions held at a district on some day of a span.

    `after` is the person and the employment of the last one seen.
    """
    return read(
        connection,
        Employment,
        Employments().sql["of_district"],
        district_id=district_id,
        from_day=from_day,
        to_day=to_day,
        after_person=after[0],
        after_employment=after[1],
        limit=limit,
    )


def spans(connection: Connection[Any], person_id: UUID, district_id: UUID) -> list[Span]:
    """The days on which a district employed a person: it may see decisions made on them."""
    sql = Employments().sql["spans"]
    return read(connection, Span, sql, person_id=person_id, district_id=district_id)


def spans_of_persons(
    connection: Connection[Any], person_ids: Iterable[UUID], district_id: UUID
) -> dict[UUID, list[Span]]:
    """The same of many persons; whom the district never employed is not there."""
    sql = Employments().sql["spans_of_persons"]
    found: dict[UUID, list[Span]] = {}
    for person_id, *days in rows(
        connection, sql, person_ids=list(person_ids), district_id=district_id
    ):
        found.setdefault(person_id, []).append(Span(*days))
    return found


def organizations(connection: Connection[Any], district_id: UUID) -> list[Organization]:
    """A district and its schools."""
    return read(
        connection, Organization, Employments().sql["organizations"], district_id=district_id
    )


def districts(connection: Connection[Any]) -> list[Organization]:
    """All districts by name."""
    return read(connection, Organization, Employments().sql["districts"])


def _start(event: employment.EmploymentStarted, position: int) -> Employment:
    return Employment(
        employment_id=event.originator_id,
        person_id=event.person_id,
        district_id=event.district_id,
        zone=event.zone,
        first_day=event.first_day,
        last_day=event.last_day,
        segments=[_segment(event, event.first_day)],
        position=position,
    )


def _change(
    held: Employment,
    event: (
        employment.EmploymentChanged | employment.EmploymentEnded | employment.EmploymentReopened
    ),
    position: int,
) -> None:
    held.position = position
    match event:
        case employment.EmploymentChanged(effective_on=effective_on):
            day = effective_on.isoformat()  # what was said of later days gives way
            earlier = [segment for segment in held.segments if segment["from_day"] < day]
            held.segments = [*earlier, _segment(event, effective_on)]
        case employment.EmploymentEnded(last_day=last_day):
            held.last_day = last_day
        case employment.EmploymentReopened():
            held.last_day = None
        case _:
            assert_never(event)


def _segment(
    event: employment.EmploymentStarted | employment.EmploymentChanged, from_day: date
) -> Segment:
    return Segment(
        from_day=from_day.isoformat(),
        school_id=None if event.school_id is None else str(event.school_id),
        role=event.role,
        fte_thousandths=event.fte_thousandths,
        exempt=event.exempt,
    )


def _register(event: organization.OrganizationRegistered, position: int) -> Organization:
    return Organization(
        organization_id=event.originator_id,
        kind=event.kind,
        district_id=event.district_id,
        name=event.name,
        zone=event.zone,
        position=position,
    )
