"""The review: assessors score what they were given; the issuer's approvers see to the rest."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import Response
from pydantic import Field

from api.access import must_assess, must_decide, must_speak_for_assessor
from api.answers import recorded
from api.routing import Router
from api.writing import Write, WriteNow
from ledger.aggregates.enrollment import Enrollment
from ledger.commands import enrollment as enrollments
from ledger.events.enrollment import Decision
from ledger.values import Day, Flag, Positive, Slug, Text, Value
from ledger.vault import NewText

router = Router("reviews")
REMARKS_MAX = 100  # in one request


class Return(Value):
    """What is incomplete or unreadable, as codes, and a note to her."""

    reasons: tuple[Slug, ...]
    note: Text | None = None


class Assignment(Value):
    """Who is to score."""

    assessor_id: UUID


class Recusal(Value):
    """Who steps back, and why."""

    assessor_id: UUID
    reason: Slug


class Lapse(Value):
    """Whose seat is free again because the time is over."""

    seat: Positive


class Score(Value):
    """The level seen for every criterion of the rubric, and words for the teacher.

    `remarks` are about single criteria: what was seen, and what another attempt would need.
    """

    levels: dict[Slug, Slug]
    feedback: Text | None = None
    remarks: dict[Slug, Text] = Field(default={}, max_length=REMARKS_MAX)


class ReviewDecision(Value):
    """Met or not for each criterion where that differs from what was recommended, and why."""

    decision: Decision
    findings: dict[Slug, Flag] | None = None
    reason: Slug | None = None
    feedback: Text | None = None
    remarks: dict[Slug, Text] = Field(default={}, max_length=REMARKS_MAX)


class HoldResolution(Value):
    """What became of a question of integrity."""

    finding: Literal["cleared", "confirmed"]
    reason: Slug


class Revocation(Value):
    """Why, by whose authority, and from which day on; from today where no day is given."""

    reason: Slug
    authority: Slug
    effective_on: Day | None = None


class Reinstatement(Value):
    """Why and by whose authority."""

    reason: Slug
    authority: Slug


class AppealFinding(Value):
    """Whether the decision stands."""

    finding: Literal["upheld", "overturned"]
    reason: Slug


class Coach(Value):
    """Who helps her, and will never assess this enrollment."""

    coach_id: UUID


class CoachMeeting(Value):
    """With whom and when."""

    coach_id: UUID
    met_on: Day


class Conflict(Value):
    """Whose tie to the earner it is."""

    conflicted_person_id: UUID
    reason: Slug


@router.write("/enrollments/{enrollment_id}/returns")
def return_submission(enrollment_id: UUID, body: Return, write: WriteNow) -> Response:
    """Give an attempt back for completion; no attempt is used."""
    person_id = _to_decide(write, enrollment_id).person_id
    kept = write.keep(person_id, "note", body.note)
    return recorded(
        write.run(enrollments.return_submission, body, enrollment_id=enrollment_id, note=kept)
    )


@router.write("/enrollments/{enrollment_id}/assignments")
def assign_assessor(enrollment_id: UUID, body: Assignment, write: WriteNow) -> Response:
    """Give the attempt to an assessor, in the next free seat."""
    _to_decide(write, enrollment_id)
    return recorded(write.run(enrollments.assign_assessor, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/recusals")
def recuse_assessor(enrollment_id: UUID, body: Recusal, write: WriteNow) -> Response:
    """Let an assessor who has not scored step back: she herself, or an approver for her."""
    if not write.sent_before:
        enrollment = write.edge.ledger.get(Enrollment, enrollment_id)
        must_speak_for_assessor(write.caller, enrollment, body.assessor_id)
    return recorded(write.run(enrollments.recuse_assessor, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/lapses")
def lapse_assignment(enrollment_id: UUID, body: Lapse, write: WriteNow) -> Response:
    """Free the seat of an assessor whose time has passed."""
    _to_decide(write, enrollment_id)
    return recorded(write.run(enrollments.lapse_assignment, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/scores")
def score(enrollment_id: UUID, body: Score, write: WriteNow) -> Response:
    """Score in your own seat; it stays hidden until both assessors have scored."""
    enrollment = write.edge.ledger.get(Enrollment, enrollment_id)
    must_assess(write.caller, enrollment)
    return recorded(
        write.run(
            enrollments.score,
            body,
            enrollment_id=enrollment_id,
            **_kept(write, enrollment.person_id, body),
        )
    )


@router.write("/enrollments/{enrollment_id}/decisions")
def decide_review(enrollment_id: UUID, body: ReviewDecision, write: WriteNow) -> Response:
    """Decide on the recommended attempt. An award follows in the same command."""
    person_id = _to_decide(write, enrollment_id).person_id
    return recorded(
        write.run(
            enrollments.decide_review,
            body,
            enrollment_id=enrollment_id,
            **_kept(write, person_id, body),
        )
    )


def _kept(write: Write, person_id: UUID, body: Score | ReviewDecision) -> dict[str, object]:
    """What is said to her, where the vault has it."""
    said = [NewText(person_id, "feedback", write.command_id, one) for one in body.remarks.values()]
    kept = write.edge.vault.put_texts(said) if said else []
    return {
        "feedback": write.keep(person_id, "feedback", body.feedback),
        "remarks": dict(zip(body.remarks, kept, strict=True)),
    }


@router.write("/enrollments/{enrollment_id}/hold-resolutions")
def resolve_integrity_hold(enrollment_id: UUID, body: HoldResolution, write: WriteNow) -> Response:
    """End a hold: the attempt waits for its decision again, or is void."""
    _to_decide(write, enrollment_id)
    return recorded(
        write.run(enrollments.resolve_integrity_hold, body, enrollment_id=enrollment_id)
    )


@router.write("/enrollments/{enrollment_id}/revocations")
def revoke_award(enrollment_id: UUID, body: Revocation, write: WriteNow) -> Response:
    """Take an award back. It stays on the record, as revoked."""
    _to_decide(write, enrollment_id)
    return recorded(write.run(enrollments.revoke_award, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/reinstatements")
def reinstate_award(enrollment_id: UUID, body: Reinstatement, write: WriteNow) -> Response:
    """Undo a revocation."""
    _to_decide(write, enrollment_id)
    return recorded(write.run(enrollments.reinstate_award, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/appeal-decisions")
def decide_appeal(enrollment_id: UUID, body: AppealFinding, write: WriteNow) -> Response:
    """Let the decision stand, or restore the attempt or the award."""
    _to_decide(write, enrollment_id)
    return recorded(write.run(enrollments.decide_appeal, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/coaches")
def assign_coach(enrollment_id: UUID, body: Coach, write: WriteNow) -> Response:
    """Name a coach."""
    _to_decide(write, enrollment_id)
    return recorded(write.run(enrollments.assign_coach, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/coach-meetings")
def record_coach_meeting(enrollment_id: UUID, body: CoachMeeting, write: WriteNow) -> Response:
    """Record a meeting with a coach, which some issuers ask for before a further attempt."""
    _to_decide(write, enrollment_id)
    return recorded(write.run(enrollments.record_coach_meeting, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/conflicts")
def declare_conflict(enrollment_id: UUID, body: Conflict, write: WriteNow) -> Response:
    """Record a tie to the earner: one's own, or as an approver."""
    if not write.sent_before:
        enrollment = write.edge.ledger.get(Enrollment, enrollment_id)
        must_speak_for_assessor(write.caller, enrollment, body.conflicted_person_id)
    return recorded(write.run(enrollments.declare_conflict, body, enrollment_id=enrollment_id))


def _to_decide(write: WriteNow, enrollment_id: UUID) -> Enrollment:
    """The enrollment, if what becomes of it is up to the caller."""
    enrollment = write.edge.ledger.get(Enrollment, enrollment_id)
    must_decide(write.caller, enrollment)
    return enrollment
