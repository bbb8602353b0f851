"""Where things stand: the queue of an issuer, the work of an assessor, a teacher's submission."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from fastapi import Response

from api.access import NOT_THERE, must_see_queue, review_role
from api.answers import ListOf, answer, answer_all
from api.dependencies import CallerNow, EdgeNow, PageNow
from api.moments import MomentNow
from api.paging import PageOf
from api.review_views import Decision, ReviewView, decisions_of, view
from api.routing import Router
from ledger.aggregates.enrollment import Enrollment
from ledger.errors import NotFoundError
from projections import reviews
from projections.review_clock import Actor
from projections.sql import NO_ID

router = Router("queues")


@router.read("/issuers/{issuer_id}/reviews", PageOf[ReviewView])
def list_reviews(
    *,
    issuer_id: UUID,
    caller: CallerNow,
    edge: EdgeNow,
    moment: MomentNow,
    page: PageNow,
    acts_next: Actor | None = None,
    credential_id: UUID | None = None,
) -> Response:
    """What an issuer has to decide, the most urgent first."""
    must_see_queue(caller, issuer_id)
    with edge.reading() as connection:
        position = moment.visible("reviews")
        found = reviews.queue(
            connection,
            issuer_id,
            acts_next=acts_next,
            credential_id=credential_id,
            after=page.after(tuple[date, UUID], (date.min, NO_ID)),
            limit=page.limit,
        )
    items = [view(one, "approver", caller.principal_id, moment) for one in found]
    key = (found[-1].due_on, found[-1].enrollment_id) if found else None
    return page.answer(items, position, key=key)


@router.read("/assignments", ListOf[ReviewView])
def list_assignments(caller: CallerNow, edge: EdgeNow, moment: MomentNow) -> Response:
    """What you still have to score, the most urgent first. Whose it is, nobody tells you."""
    with edge.reading() as connection:
        position = moment.visible("reviews")
        found = reviews.worklist(connection, caller.principal_id)
    items = [view(one, "assessor", caller.principal_id, moment) for one in found]
    return answer_all(items, position)


@router.read("/enrollments/{enrollment_id}", ReviewView)
def read_enrollment(
    enrollment_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow
) -> Response:
    """Where an enrollment stands: which attempt, who acts next, by when. No names."""
    enrollment = edge.ledger.get(Enrollment, enrollment_id)
    role = review_role(caller, enrollment)
    with edge.reading() as connection:
        position = moment.visible("reviews")
        found = reviews.find_review(connection, enrollment_id)
    if found is None:
        raise NotFoundError(NOT_THERE)  # enrolled a moment ago; ask with min_position
    body = view(found, role, caller.principal_id, moment, enrollment)
    return answer(body, position=position, ETag=f'"{enrollment.version}"')


@router.read("/enrollments/{enrollment_id}/decisions", ListOf[Decision])
def list_decisions(enrollment_id: UUID, caller: CallerNow, edge: EdgeNow) -> Response:
    """What was decided on each attempt, criterion by criterion, with the words for the teacher."""
    enrollment = edge.ledger.get(Enrollment, enrollment_id)
    if review_role(caller, enrollment) == "assessor":
        raise NotFoundError(NOT_THERE)
    return answer_all(decisions_of(edge, enrollment_id))
