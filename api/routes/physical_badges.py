"""Physical badges: a teacher or her district asks for one, and its issuer sends it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Response
from psycopg import Connection
from pydantic import Field

from api.access import (
    NOT_THERE,
    must_act_for_district,
    must_act_for_issuer,
    must_be,
    must_employ,
    must_see_queue,
)
from api.answers import ListOf, answer_all, recorded
from api.disclosures import shows
from api.paging import PageOf
from api.reading import (
    WITHOUT_ZONE,
    KnownPageQuery,
    KnownReadNow,
    Read,
    reading,
    zone_of_person,
)
from api.routing import Router
from api.writing import Write, WriteNow
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.organization import Organization
from ledger.aggregates.physical_badge import PhysicalBadge
from ledger.commands import physical_badge as commands
from ledger.commands.physical_badge import physical_badge_stream
from ledger.errors import NotFoundError
from ledger.values import Slug, Value
from projections import employments, known, physical_badges
from projections.physical_badges import VIEWS, ListedBadge, Stage

router = Router("physical badges")
AT_ONCE_MAX = 500
Awards = Annotated[tuple[UUID, ...], Field(min_length=1, max_length=AT_ONCE_MAX)]


class BadgeRequest(Value):
    """To which school the badge of an award goes."""

    school_id: UUID


class BadgeRequests(BadgeRequest):
    """To which school the badges of some awards go."""

    enrollment_ids: Awards


class BadgesMoved(Value):
    """The awards whose badges were shipped, or have arrived."""

    enrollment_ids: Awards


class BadgesReturned(BadgesMoved):
    """The awards whose badges came back, and why, as a code."""

    reason: Slug


class BadgeCancellation(Value):
    """Why it is asked for no longer, as a code."""

    reason: Slug


class FulfillmentQuery(KnownPageQuery):
    """What is still to be shipped, or everything that was ever asked for."""

    state: Annotated[Literal["open", "all"], Field(description="open: to be shipped")] = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class PhysicalBadgeView:
    """One physical badge. `canceled` as well once its award is not in force before it is sent."""

    enrollment_id: UUID
    version: int
    person_id: UUID
    issuer_id: UUID
    credential_id: UUID
    school_id: UUID
    school_name: str | None
    stage: Stage
    award_in_force: bool
    zone: str
    requested_on: date
    moved_on: date | None
    shipments: int
    returns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfillmentView:
    """Of one micro-credential: `open` is earned, less shipped, plus returned.

    Everything is of awards in force whose badge was not canceled.
    """

    credential_id: UUID
    earned: int
    requested: int
    shipped: int
    delivered: int
    returned: int
    open: int


@router.write("/enrollments/{enrollment_id}/physical-badge-requests")
def request_physical_badge(enrollment_id: UUID, body: BadgeRequest, write: WriteNow) -> Response:
    """Ask that the badge of your award be sent to a school of a district that employs you."""
    person_id = write.edge.ledger.get(Enrollment, enrollment_id).person_id
    must_be(write.caller, person_id)
    school = write.edge.ledger.get(Organization, body.school_id)
    employed = partial(
        must_employ, district_id=school.district_id, person_id=write.caller.person_id
    )
    write.find(write.caller.scope(person_id), employed)
    return recorded(
        write.run(
            commands.request_physical_badges,
            body,
            enrollment_ids=(enrollment_id,),
            vault=write.edge.vault,
        )
    )


@router.write("/districts/{district_id}/physical-badge-requests")
def request_physical_badges(district_id: UUID, body: BadgeRequests, write: WriteNow) -> Response:
    """Ask that the badges of teachers of a district be sent to one of its schools."""
    must_act_for_district(write.caller, district_id)
    if write.edge.ledger.get(Organization, body.school_id).district_id != district_id:
        raise NotFoundError(NOT_THERE)
    _must_employ_all(write, district_id, body.enrollment_ids)
    return recorded(write.run(commands.request_physical_badges, body, vault=write.edge.vault))


@router.write("/enrollments/{enrollment_id}/physical-badge-cancellations")
def cancel_physical_badge(
    enrollment_id: UUID, body: BadgeCancellation, write: WriteNow
) -> Response:
    """Ask for it no longer: you, or the district of the school it would go to."""
    badge = write.edge.ledger.get(PhysicalBadge, physical_badge_stream(enrollment_id))
    if not write.caller.is_person(badge.person_id):
        school = write.edge.ledger.get(Organization, badge.school_id)
        must_act_for_district(write.caller, school.district_id)
    return recorded(write.run(commands.cancel_physical_badge, body, enrollment_id=enrollment_id))


@router.write("/issuers/{issuer_id}/physical-badge-shipments")
def ship_physical_badges(issuer_id: UUID, body: BadgesMoved, write: WriteNow) -> Response:
    """Send badges, the first time or again: all of them, or none if one's award is not in force."""
    must_act_for_issuer(write.caller, issuer_id)
    known = {"issuer_id": issuer_id, "vault": write.edge.vault}
    return recorded(write.run(commands.ship_physical_badges, body, **known))


@router.write("/issuers/{issuer_id}/physical-badge-deliveries")
def deliver_physical_badges(issuer_id: UUID, body: BadgesMoved, write: WriteNow) -> Response:
    """Record that badges have arrived."""
    must_act_for_issuer(write.caller, issuer_id)
    return recorded(write.run(commands.deliver_physical_badges, body, issuer_id=issuer_id))


@router.write("/issuers/{issuer_id}/physical-badge-returns")
def return_physical_badges(issuer_id: UUID, body: BadgesReturned, write: WriteNow) -> Response:
    """Record that badges came back. They are to be shipped again."""
    must_act_for_issuer(write.caller, issuer_id)
    return recorded(write.run(commands.return_physical_badges, body, issuer_id=issuer_id))


@router.read("/issuers/{issuer_id}/physical-badges", PageOf[PhysicalBadgeView])
def list_physical_badges_of_issuer(
    issuer_id: UUID, read: Annotated[Read[FulfillmentQuery], Depends(reading(FulfillmentQuery))]
) -> Response:
    """What an issuer has still to ship, and to which school, the oldest request first."""
    must_see_queue(read.caller, issuer_id)
    zone = _zone_of_issuer(read, issuer_id)
    with read.connection() as connection:
        position = read.visible(*VIEWS)
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
        with known.physical_badges_of_issuer(connection, issuer_id, as_of):
            found = physical_badges.of_issuer(
                connection,
                issuer_id,
                day=read.day(zone, read.query.effective_on),
                open_only=read.query.state == "open",
                after=read.page.after(int, 0),
                limit=read.page.limit,
            )
    shows(read, "physical-badges", {one.person_id for one in found}, within=[issuer_id])
    key = found[-1].position if found else None
    return read.page.answer(_shown(found), min(as_of, position), key=key)


@router.read("/issuers/{issuer_id}/physical-badge-totals", ListOf[FulfillmentView])
def count_physical_badges(issuer_id: UUID, read: KnownReadNow) -> Response:
    """How an issuer stands with the badges of each micro-credential that has them."""
    must_see_queue(read.caller, issuer_id)
    zone = _zone_of_issuer(read, issuer_id)
    with read.connection() as connection:
        position = read.visible(*VIEWS)
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
        with known.physical_badges_of_issuer(connection, issuer_id, as_of):
            day = read.day(zone, read.query.effective_on)
            found = physical_badges.fulfillment(connection, issuer_id, day=day)
    views = [
        FulfillmentView(
            credential_id=one.credential_id,
            earned=one.earned,
            requested=one.requested,
            shipped=one.shipped,
            delivered=one.delivered,
            returned=one.returned,
            open=one.open,
        )
        for one in found
    ]
    return answer_all(views, min(as_of, position))


@router.read("/people/{person_id}/physical-badges", ListOf[PhysicalBadgeView])
def list_physical_badges(person_id: UUID, read: KnownReadNow) -> Response:
    """The badges that you or your district asked for, and where they are."""
    must_be(read.caller, person_id)
    with read.connection(person_id) as connection:
        position = read.visible(*VIEWS)
        zone = zone_of_person(connection, person_id)
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
        day = read.day(zone, read.query.effective_on)
        with known.physical_badges_of_person(connection, person_id, as_of):
            found = physical_badges.of_person(connection, person_id, day=day)
    return answer_all(_shown(found), min(as_of, position))


def _must_employ_all(write: Write, district_id: UUID, enrollment_ids: Sequence[UUID]) -> None:
    """A district asks for those it employs or employed, and knows of no other's awards."""
    awards = write.edge.ledger.find_many(Enrollment, enrollment_ids)
    person_ids = {write.caller.meant(award.person_id) for award in awards.values()}
    if len(awards) < len(set(enrollment_ids)):
        raise NotFoundError(NOT_THERE)

    def employed(connection: Connection[Any]) -> None:
        held = employments.spans_of_persons(connection, person_ids, district_id)
        if held.keys() != person_ids:
            raise NotFoundError(NOT_THERE)

    write.find(write.caller.scope(), employed)


def _zone_of_issuer(read: Read[Any], issuer_id: UUID) -> str:
    issuer = read.edge.ledger.find(Issuer, issuer_id)
    return issuer.zone if issuer else WITHOUT_ZONE


def _shown(found: Sequence[ListedBadge]) -> list[PhysicalBadgeView]:
    return [
        PhysicalBadgeView(
            enrollment_id=one.enrollment_id,
            version=one.version,
            person_id=one.person_id,
            issuer_id=one.issuer_id,
            credential_id=one.credential_id,
            school_id=one.school_id,
            school_name=one.school_name,
            stage=one.stage_shown,
            award_in_force=one.in_force,
            zone=one.zone,
            requested_on=one.requested_on,
            moved_on=one.moved_on,
            shipments=one.shipments,
            returns=one.returns,
        )
        for one in found
    ]
