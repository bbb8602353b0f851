"""Micro-credentials: drafted and published by their issuer's approvers, who name its assessors."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import is_proposer, must_be_award_of, must_propose, must_write_credential
from api.answers import recorded
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.credential import Credential
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.person import Person
from ledger.commands import assessor as assessors
from ledger.commands import credential as credentials
from ledger.events.credential import Alignment, Definition, Resource
from ledger.values import Day, Percent, Slug, Value

router = Router("credentials")


class NewCredential(Value):
    """A first draft. `author_id` is a teacher who wrote it; null when the issuer's staff did."""

    issuer_id: UUID
    definition: Definition
    author_id: UUID | None = None


class Draft(Value):
    """The definition written anew."""

    definition: Definition
    author_id: UUID | None = None


class Alignments(Value):
    """Every statement of a framework that a version is about; none takes back what was said."""

    alignments: tuple[Alignment, ...]


class Resources(Value):
    """Everything there is to learn from for a version; none takes back what was said."""

    resources: tuple[Resource, ...]


class Retirement(Value):
    """Why it takes no more enrollments, or completions."""

    reason: Slug


class Appointment(Value):
    """A founding assessor, whom the issuer vouches for."""

    person_id: UUID
    reason: Slug


class Qualification(Value):
    """A holder's agreement with the true scores of a calibration set."""

    enrollment_id: UUID
    agreement_percent: Percent
    valid_until: Day | None = None


class AssessorWithdrawal(Value):
    """Who is assigned no more, and why."""

    person_id: UUID
    reason: Slug


@router.write("/credentials")
def draft_credential(body: NewCredential, write: WriteNow) -> Response:
    """Begin a micro-credential. A draft may lack what a published version must have.

    A teacher proposes one by naming herself as its author; the issuer's approvers answer.
    """
    must_propose(write.caller, body.issuer_id, body.author_id)
    if body.author_id is not None:
        write.edge.ledger.get(Person, body.author_id)
    return recorded(write.run(credentials.draft_credential, body))


@router.write("/credentials/{credential_id}/drafts")
def redraft_credential(credential_id: UUID, body: Draft, write: WriteNow) -> Response:
    """Write a micro-credential's definition anew: a teacher what she proposed herself."""
    credential = write.edge.ledger.get(Credential, credential_id)
    hers = body.author_id is not None and write.caller.is_person(body.author_id)
    if not (hers and is_proposer(write.caller, credential)):
        must_write_credential(write.caller, credential)
    if body.author_id is not None:
        write.edge.ledger.get(Person, body.author_id)
    return recorded(write.run(credentials.redraft_credential, body, credential_id=credential_id))


@router.write("/credentials/{credential_id}/versions")
def publish_credential(credential_id: UUID, write: WriteNow) -> Response:
    """Publish the newest draft as the next version, which never changes."""
    _must_write(write, credential_id)
    return recorded(write.run(credentials.publish_credential, credential_id=credential_id))


@router.write("/credentials/{credential_id}/versions/{credential_version}/alignments")
def align_credential(
    credential_id: UUID, credential_version: int, body: Alignments, write: WriteNow
) -> Response:
    """Say which statements of frameworks a version is about; records signed from now on name them.

    Each names its edition: of a newer one nothing is guessed.
    """
    _must_write(write, credential_id)
    named = {"credential_id": credential_id, "credential_version": credential_version}
    return recorded(write.run(credentials.align_credential, body, **named))


@router.write("/credentials/{credential_id}/versions/{credential_version}/resources")
def list_resources(
    credential_id: UUID, credential_version: int, body: Resources, write: WriteNow
) -> Response:
    """Say what there is to learn from for a version. To look at it is evidence of nothing."""
    _must_write(write, credential_id)
    named = {"credential_id": credential_id, "credential_version": credential_version}
    return recorded(write.run(credentials.list_resources, body, **named))


@router.write("/credentials/{credential_id}/retirements")
def retire_credential(credential_id: UUID, body: Retirement, write: WriteNow) -> Response:
    """Take no new enrollments; those begun are finished."""
    _must_write(write, credential_id)
    return recorded(write.run(credentials.retire_credential, body, credential_id=credential_id))


@router.write("/credentials/{credential_id}/assessor-appointments")
def appoint_assessor(credential_id: UUID, body: Appointment, write: WriteNow) -> Response:
    """Appoint a founding assessor, for whom nobody could have scored before."""
    _must_write(write, credential_id)
    return recorded(write.run(assessors.appoint_assessor, body, credential_id=credential_id))


@router.write("/credentials/{credential_id}/assessor-qualifications")
def qualify_assessor(credential_id: UUID, body: Qualification, write: WriteNow) -> Response:
    """Let a calibrated holder of the award assess others for it."""
    _must_write(write, credential_id)
    must_be_award_of(credential_id, write.edge.ledger.get(Enrollment, body.enrollment_id))
    return recorded(write.run(assessors.qualify_assessor, body))


@router.write("/credentials/{credential_id}/assessor-withdrawals")
def withdraw_assessor(credential_id: UUID, body: AssessorWithdrawal, write: WriteNow) -> Response:
    """Assign somebody no more; what she has scored stands."""
    _must_write(write, credential_id)
    return recorded(write.run(assessors.withdraw_assessor, body, credential_id=credential_id))


def _must_write(write: WriteNow, credential_id: UUID) -> None:
    must_write_credential(write.caller, write.edge.ledger.get(Credential, credential_id))
