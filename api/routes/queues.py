"""Where things stand: the queue of an issuer, the work of an assessor, a teacher's submission."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel

from api.access import NOT_THERE, must_see_queue, review_role
from api.answers import ListOf, answer, answer_all
from api.disclosures import shows, shows_enrollment
from api.paging import PageOf
from api.reading import (
    STREAMS,
    AsOfPageQuery,
    AsOfReadNow,
    Read,
    ReadNow,
    reading,
    zone_of_person,
)
from api.review_views import Decision, ReviewView, decisions_of, others_with_files, view
from api.routing import Router
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.issuer import Issuer
from ledger.errors import NotFoundError
from ledger.store import EVERYTHING
from projections import known, reviews, reviews_of_record
from projections.log import facts_of, last_position
from projections.review_clock import Actor
from projections.sql import NO_ID

router = Router("queues")


class ReviewOfRecord(BaseModel):
    """An attempt as an assessor scored it whose own award was revoked since."""

    position: int
    enrollment_id: UUID
    credential_id: UUID
    attempt: int
    seat: int
    scored_at: datetime
    status: str  # of the enrollment: it stands
    assessor_id: UUID
    assessor_award_id: UUID  # by which she had qualified
    revoked_on: date


class QueueQuery(AsOfPageQuery):
    """A page of what waits for somebody, or for one micro-credential."""

    acts_next: Actor | None = None
    credential_id: UUID | None = None


@router.read("/issuers/{issuer_id}/reviews", PageOf[ReviewView])
def list_reviews(
    issuer_id: UUID,
    read: Annotated[Read[QueueQuery], Depends(reading(QueueQuery))],
) -> Response:
    """What an issuer has to decide, the most urgent first."""
    must_see_queue(read.caller, issuer_id)
    with read.connection() as connection:
        position = read.visible("reviews")
        issuer = read.edge.ledger.find(Issuer, issuer_id)
        zone = issuer.zone if issuer else "UTC"
        as_of = read.known(connection, read.query.as_of, zone, "reviews")
        with known.queue_of_issuer(connection, issuer_id, as_of):
            found = reviews.queue(
                connection,
                issuer_id,
                acts_next=read.query.acts_next,
                credential_id=read.query.credential_id,
                after=read.page.after(tuple[date, UUID], (date.min, NO_ID)),
                limit=read.page.limit,
            )
    items = [view(one, "approver", read) for one in found]
    shows(read, "enrollment", [one.person_id for one in found], within=[issuer_id])
    key = (found[-1].due_on, found[-1].enrollment_id) if found else None
    return read.page.answer(items, min(as_of, position), key=key)


@router.read("/issuers/{issuer_id}/reviews-of-record", ListOf[ReviewOfRecord])
def list_reviews_of_record(issuer_id: UUID, read: AsOfReadNow) -> Response:
    """What was scored by assessors whose own award was revoked since. It stands; look again."""
    must_see_queue(read.caller, issuer_id)
    position = read.visible(*reviews_of_record.VIEWS)
    issuer = read.edge.ledger.find(Issuer, issuer_id)
    with read.edge.reading([EVERYTHING]) as connection:
        zone = issuer.zone if issuer else "UTC"
        as_of = read.known(connection, read.query.as_of, zone, *reviews_of_record.VIEWS)
        found = reviews_of_record.of_issuer(connection, issuer_id, min(as_of, position))
    concerned = {one.person_id for one in found} | {one.assessor_id for one in found}
    shows(read, "enrollment", concerned, within=[issuer_id])
    return answer_all([_without_person(one) for one in found], min(as_of, position))


def _without_person(one: reviews_of_record.ReviewOfRecord) -> dict[str, object]:
    """As everywhere in a queue, whose it is nobody is told."""
    return {name: getattr(one, name) for name in ReviewOfRecord.model_fields}


@router.read("/assignments", ListOf[ReviewView])
def list_assignments(read: ReadNow) -> Response:
    """What you still have to score, the most urgent first. Whose it is, nobody tells you."""
    ids = read.caller.ids
    with read.edge.reading(ids) as connection:
        position = read.visible("reviews")
        found = reviews.worklist(connection, ids)
    for one in found:
        shows(
            read,
            "enrollment",
            [one.person_id],
            within=[one.issuer_id],
            role="assessor",
            thing_id=one.enrollment_id,
        )
    items = [view(one, "assessor", read) for one in found]
    return answer_all(items, position)


@router.read("/enrollments/{enrollment_id}", ReviewView)
def read_enrollment(enrollment_id: UUID, read: AsOfReadNow) -> Response:
    """Where an enrollment stands: which attempt, who acts next, by when. No names."""
    enrollment = read.edge.ledger.get(Enrollment, enrollment_id)
    role = review_role(read.caller, enrollment)
    files = [] if role == "teacher" else [one.evidence_id for one in enrollment.artifacts]
    same = read.edge.evidence.others_with(files)
    with read.connection(party_to=enrollment.person_id) as connection:
        position = read.visible("reviews")
        zone = zone_of_person(connection, read.caller.meant(enrollment.person_id))
        as_of = read.known(connection, read.query.as_of, zone, "reviews")
        with known.review(connection, enrollment_id, as_of):
            found = reviews.find_review(connection, enrollment_id)
        then = facts_of(connection, [enrollment_id], as_of) if read.query.as_of else ()
        others = others_with_files(connection, same, as_of)
    if found is None:
        raise NotFoundError(NOT_THERE)  # enrolled a read ago; ask with min_position
    shows_enrollment(read, "enrollment", enrollment)
    shown = Enrollment.fold(None, [fact.event for fact in then]) if then else enrollment
    body = view(found, role, read, shown, others)
    tag = {} if then else {"ETag": f'"{enrollment.version}"'}
    return answer(body, position=min(as_of, position), **tag)


@router.read("/enrollments/{enrollment_id}/decisions", ListOf[Decision])
def list_decisions(enrollment_id: UUID, read: AsOfReadNow) -> Response:
    """What was decided on each attempt, criterion by criterion, with the words for the teacher."""
    enrollment = read.edge.ledger.get(Enrollment, enrollment_id)
    if review_role(read.caller, enrollment) == "assessor":
        raise NotFoundError(NOT_THERE)
    with read.connection(party_to=enrollment.person_id) as connection:
        zone = zone_of_person(connection, read.caller.meant(enrollment.person_id))
        as_of = read.known(connection, read.query.as_of, zone, *STREAMS)
        then = facts_of(connection, [enrollment_id], as_of)
        position = min(as_of, last_position(connection))
    shows_enrollment(read, "decisions", enrollment)
    until = then[-1].event.originator_version if then else 0
    return answer_all(decisions_of(read.edge, enrollment_id, until=until), position)
