"""Coaching: a district gives its teachers coaches, who then do not judge what they hand in."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_see_facts
from api.access_keeping import must_keep
from api.answers import ListOf, answer_all, recorded
from api.disclosures import shows
from api.reading import AsOfReadNow
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.organization import Organization
from ledger.commands import coaching as coachings
from ledger.events.coaching import Minutes
from ledger.values import Day, Slug, Value
from projections.coachings import VIEWS, ShownCoaching, of_person

router = Router("coachings")


class NewCoaching(Value):
    """Who coaches her, and what about."""

    coach_id: UUID
    focus: Slug


class NewSession(Value):
    """When they met, for how long, and what about."""

    coach_id: UUID
    held_on: Day
    minutes: Minutes
    focus: Slug


class CoachingEnd(Value):
    """Who coaches her no more, and why."""

    coach_id: UUID
    reason: Slug


@router.read("/districts/{district_id}/people/{person_id}/coachings", ListOf[ShownCoaching])
def list_coachings(district_id: UUID, person_id: UUID, read: AsOfReadNow) -> Response:
    """Who coaches or coached a person for a district, and when they met."""
    position = read.visible(*VIEWS)  # whom a district employs is among it
    with read.connection(person_id) as connection:
        must_see_facts(read.caller, connection, district_id, person_id)
        zone = read.edge.ledger.get(Organization, district_id).zone
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
        found = of_person(connection, person_id, district_id, min(as_of, position))
    shows(read, "facts", [person_id], within=[district_id])
    return answer_all(found, min(as_of, position))


@router.write("/districts/{district_id}/people/{person_id}/coachings")
def begin_coaching(
    district_id: UUID, person_id: UUID, body: NewCoaching, write: WriteNow
) -> Response:
    """Give a teacher a coach, who from then on neither assesses nor decides on her work."""
    must_keep(write, district_id, person_id)
    known = {"district_id": district_id, "person_id": person_id}
    return recorded(write.run(coachings.begin_coaching, body, **known))


@router.write("/districts/{district_id}/people/{person_id}/coaching-sessions")
def log_coaching_session(
    district_id: UUID, person_id: UUID, body: NewSession, write: WriteNow
) -> Response:
    """Log a session. Nothing is earned by it."""
    must_keep(write, district_id, person_id)
    known = {"district_id": district_id, "person_id": person_id}
    return recorded(write.run(coachings.log_coaching_session, body, **known))


@router.write("/districts/{district_id}/people/{person_id}/coaching-endings")
def end_coaching(
    district_id: UUID, person_id: UUID, body: CoachingEnd, write: WriteNow
) -> Response:
    """End it: what she hands in from now on the coach may judge like anybody else."""
    must_keep(write, district_id, person_id)
    known = {"district_id": district_id, "person_id": person_id}
    return recorded(write.run(coachings.end_coaching, body, **known))
