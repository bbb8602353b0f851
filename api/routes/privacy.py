"""Holding and forgetting: of a person, and of one evidence file. Reasons are codes."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import Response

from api.access import (
    NOT_THERE,
    holding_authority,
    must_have_erased,
    must_have_redacted,
    must_lift,
    must_see_erasures,
    redacting_authority,
)
from api.answers import ListOf, Recorded, answer_all, recorded
from api.forgetting import Kept, Outcome, catch_up, erase, kept, subject_of_evidence
from api.reading import ReadNow
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.retention import Retention, Subject
from ledger.commands import retention
from ledger.errors import NotFoundError
from ledger.events.retention import Ground, HoldReason, LiftReason
from ledger.values import Value
from projections.sql import NO_ID

router = Router("privacy")


class Hold(Value):
    """Why nothing may be destroyed."""

    reason: HoldReason


class HoldLift(Value):
    """Which hold is over, and why."""

    hold_id: UUID
    reason: LiftReason


class PersonErasure(Value):
    """Why a person is to be forgotten."""

    reason: Literal["subject-request", "court-order", "retention-ended", "recorded-by-mistake"]


class Redaction(Value):
    """Why a file is to be forgotten. For `student-data` and `court-order` no review is awaited."""

    reason: Literal[
        "subject-request", "court-order", "retention-ended", "recorded-by-mistake", "student-data"
    ]


class HoldRecorded(Recorded):
    """A hold stands."""

    hold_id: UUID


class ErasureRecorded(Recorded):
    """What became of the request: erased at once, or deferred with its grounds."""

    status: Literal["erased", "deferred"]
    grounds: list[Ground]
    allowed_from: date | None  # null where it is deferred: nobody can tell yet


@router.read("/erasures", ListOf[Kept])
def list_erasures(read: ReadNow) -> Response:
    """Everything that is held, waits to be forgotten, or is forgotten."""
    must_see_erasures(read.caller)
    return answer_all(kept(read.edge))


@router.write("/people/{person_id}/holds", HoldRecorded)
def hold_person(person_id: UUID, body: Hold, write: WriteNow) -> Response:
    """Let nothing that is kept about a person be destroyed."""
    catch_up(write.edge)
    with write.edge.reading(write.caller.scope(person_id)) as connection:
        authority_id = holding_authority(write.caller, connection, person_id)
    return _hold(write, body, Subject(person_id), authority_id)


@router.write("/people/{person_id}/hold-lifts")
def lift_hold_of_person(person_id: UUID, body: HoldLift, write: WriteNow) -> Response:
    """End a hold; others may still stand."""
    return _lift(write, body, Subject(person_id))


@router.write("/people/{person_id}/erasures", ErasureRecorded)
def erase_person(person_id: UUID, body: PersonErasure, write: WriteNow) -> Response:
    """Forget a person, or note that she is to be forgotten once nothing stands in the way.

    Her employments and what payroll has to keep stand in the way, and legal holds. What she earned
    and was paid stays under her bare id.
    """
    _must_have_erased(write, person_id)
    return _outcome(erase(write.edge, write.call(body), Subject(person_id), body.reason))


@router.write("/people/{person_id}/erasure-withdrawals")
def withdraw_erasure(person_id: UUID, write: WriteNow) -> Response:
    """Take the request back, as long as nothing was destroyed."""
    _must_have_erased(write, person_id)
    return recorded(write.run(retention.withdraw_erasure, subject=Subject(person_id)))


@router.write("/enrollments/{enrollment_id}/evidence/{evidence_id}/holds", HoldRecorded)
def hold_evidence(enrollment_id: UUID, evidence_id: UUID, body: Hold, write: WriteNow) -> Response:
    """Let one file not be destroyed."""
    authority_id = redacting_authority(write.caller, _enrollment(write, enrollment_id))
    subject = subject_of_evidence(write.edge, evidence_id, enrollment_id)
    return _hold(write, body, subject, authority_id)


@router.write("/enrollments/{enrollment_id}/evidence/{evidence_id}/hold-lifts")
def lift_hold_of_evidence(
    enrollment_id: UUID, evidence_id: UUID, body: HoldLift, write: WriteNow
) -> Response:
    """End a hold on a file; others may still stand."""
    return _lift(write, body, Subject(NO_ID, evidence_id, enrollment_id))


@router.write("/enrollments/{enrollment_id}/evidence/{evidence_id}/redactions", ErasureRecorded)
def redact_evidence(
    enrollment_id: UUID, evidence_id: UUID, body: Redaction, write: WriteNow
) -> Response:
    """Destroy a file and its key. That it was there, and what was decided on it, stays."""
    must_have_redacted(write.caller, _enrollment(write, enrollment_id), body.reason)
    subject = subject_of_evidence(write.edge, evidence_id, enrollment_id)
    return _outcome(erase(write.edge, write.call(body), subject, body.reason))


@router.write("/enrollments/{enrollment_id}/evidence/{evidence_id}/redaction-withdrawals")
def withdraw_redaction(enrollment_id: UUID, evidence_id: UUID, write: WriteNow) -> Response:
    """Take the request back, as long as nothing was destroyed."""
    must_have_redacted(write.caller, _enrollment(write, enrollment_id), "")
    subject = subject_of_evidence(write.edge, evidence_id, enrollment_id)
    return recorded(write.run(retention.withdraw_erasure, subject=subject))


def _must_have_erased(write: WriteNow, person_id: UUID) -> None:
    """Whoever else employs her counts from the moment it is in the log."""
    catch_up(write.edge)
    with write.edge.reading([person_id]) as connection:
        must_have_erased(write.caller, connection, person_id)


def _enrollment(write: WriteNow, enrollment_id: UUID) -> Enrollment:
    return write.edge.ledger.get(Enrollment, enrollment_id)


def _hold(write: WriteNow, body: Hold, subject: Subject, authority_id: UUID | None) -> Response:
    known = {"subject": subject, "authority_id": authority_id}
    receipt = write.run(retention.place_hold, body, **known)
    return recorded(receipt, hold_id=write.command_id)


def _lift(write: WriteNow, body: HoldLift, subject: Subject) -> Response:
    """Whoever may lift it is told apart before anything else, also when it is lifted already."""
    placed = write.edge.ledger.find(Retention, subject.stream)
    if placed is None or body.hold_id not in placed.authorities:
        raise NotFoundError(NOT_THERE)
    if placed.subject.enrollment_id != subject.enrollment_id:
        raise NotFoundError(NOT_THERE)  # of another enrollment than the address says
    must_lift(write.caller, placed.authorities[body.hold_id])
    return recorded(write.run(retention.lift_hold, body, subject=subject))


def _outcome(outcome: Outcome) -> Response:
    deferred = outcome.deferred
    return recorded(
        outcome.receipt,
        status="deferred" if deferred else "erased",
        grounds=list(deferred.grounds) if deferred else [],
        allowed_from=deferred.allowed_from if deferred else None,
    )
