"""The earner's part: enrolling, handing in, giving up, appealing. Each is hers alone to do."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_be
from api.answers import recorded
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.enrollment import Enrollment
from ledger.commands import enrollment as enrollments
from ledger.values import Flag, Slug, Text, Value

router = Router("enrollments")


class NewEnrollment(Value):
    """What she sets out to earn. Renewing an award that expires names it."""

    credential_id: UUID
    renews_enrollment_id: UUID | None = None


class EvidenceWithdrawal(Value):
    """Which artifact she takes back."""

    evidence_id: UUID


class Submission(Value):
    """An attempt: the artifacts named, or all there are; she states that the work is her own."""

    integrity_attested: Flag
    evidence_ids: tuple[UUID, ...] | None = None
    reflection: Text | None = None


class EnrollmentWithdrawal(Value):
    """Why she gives up, as a code."""

    reason: Slug


class Appeal(Value):
    """On what ground she asks for another look, and what she has to say."""

    ground: Slug
    statement: Text | None = None


@router.write("/enrollments")
def enroll(body: NewEnrollment, write: WriteNow) -> Response:
    """Set out to earn a micro-credential, under the version that is current."""
    known = {"person_id": write.caller.person_id, "vault": write.edge.vault}
    return recorded(write.run(enrollments.enroll, body, **known))


@router.write("/enrollments/{enrollment_id}/evidence-withdrawals")
def withdraw_evidence(enrollment_id: UUID, body: EvidenceWithdrawal, write: WriteNow) -> Response:
    """Take back an artifact that was never handed in."""
    own(write, enrollment_id)
    return recorded(write.run(enrollments.withdraw_evidence, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/submissions")
def submit(enrollment_id: UUID, body: Submission, write: WriteNow) -> Response:
    """Hand in the first attempt, or the next."""
    person_id = own(write, enrollment_id).person_id
    kept = write.keep(person_id, "reflection", body.reflection)
    known = {"earner_id": write.caller.person_id, "vault": write.edge.vault}
    return recorded(
        write.run(enrollments.submit, body, enrollment_id=enrollment_id, reflection=kept, **known)
    )


@router.write("/enrollments/{enrollment_id}/withdrawals")
def withdraw_enrollment(
    enrollment_id: UUID, body: EnrollmentWithdrawal, write: WriteNow
) -> Response:
    """Give up this cycle before an award."""
    own(write, enrollment_id)
    return recorded(write.run(enrollments.withdraw_enrollment, body, enrollment_id=enrollment_id))


@router.write("/enrollments/{enrollment_id}/appeals")
def open_appeal(enrollment_id: UUID, body: Appeal, write: WriteNow) -> Response:
    """Ask for another look at a decision of not yet, or at a revocation."""
    person_id = own(write, enrollment_id).person_id
    kept = write.keep(person_id, "statement", body.statement)
    return recorded(
        write.run(enrollments.open_appeal, body, enrollment_id=enrollment_id, statement=kept)
    )


def own(write: WriteNow, enrollment_id: UUID) -> Enrollment:
    """The enrollment, if it is the caller's."""
    enrollment = write.edge.ledger.get(Enrollment, enrollment_id)
    must_be(write.caller, enrollment.person_id)
    return enrollment
