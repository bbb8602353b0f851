"""Commands on enrollments. Each loads what its decision rests on through the reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Literal
from uuid import UUID

from ledger.aggregates import enrollment as enrollments
from ledger.aggregates.credential import Credential
from ledger.aggregates.enrollment import Enrollment, enrollment_stream
from ledger.aggregates.enrollment_review import NO_REMARKS, Remarks
from ledger.aggregates.enrollment_submission import Artifact
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.person import Person
from ledger.aggregates.retention import Retention, Subject
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.assessor import standings
from ledger.commands.coaching import must_not_coach
from ledger.commands.merge import known_merges
from ledger.commands.person import get_person
from ledger.commands.pre_service import must_have_consent
from ledger.events import AnyEnrollmentEvent
from ledger.events.enrollment import Decision
from ledger.values import VaultText
from ledger.vault import Vault

Events = Sequence[AnyEnrollmentEvent]


def enroll(
    ledger: Ledger,
    call: Call,
    *,
    person_id: UUID,
    credential_id: UUID,
    renews_enrollment_id: UUID | None = None,
    vault: Vault | None = None,
) -> Receipt:
    """Begin the next cycle, whose id follows from person, credential and cycle.

    The vault knows whether an earner before service is of age; without it she counts as a minor.
    """

    def decide(read: Reader) -> Events:
        must_have_consent(vault, get_person(read, person_id), "participation", call.at)
        credential = read.get(Credential, credential_id)
        return enrollments.enroll(
            call.act,
            person_id=person_id,
            credential=credential,
            issuer=read.get(Issuer, credential.issuer_id),
            earlier=_cycles(read, person_id, credential_id),
            renews_enrollment_id=renews_enrollment_id,
        )

    return ledger.run(call, decide)


def upload_evidence(
    ledger: Ledger, call: Call, *, enrollment_id: UUID, artifact: Artifact
) -> Receipt:
    """Record an artifact that is stored and encrypted already.

    Whether a guardian has to agree is asked before the file is taken, and once more in `submit`.
    """

    def decide(_read: Reader, one: Enrollment) -> Events:
        return one.upload_evidence(call.act, artifact=artifact)

    return _run(ledger, call, enrollment_id, decide)


def withdraw_evidence(
    ledger: Ledger, call: Call, *, enrollment_id: UUID, evidence_id: UUID
) -> Receipt:
    def decide(_read: Reader, one: Enrollment) -> Events:
        return one.withdraw_evidence(call.act, evidence_id=evidence_id)

    return _run(ledger, call, enrollment_id, decide)


def submit(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    integrity_attested: bool,
    evidence_ids: Sequence[UUID] | None = None,
    reflection: VaultText | None = None,
    earner_id: UUID | None = None,
    vault: Vault | None = None,
) -> Receipt:
    """Hand in the first attempt, or the next: the artifacts named, or all there are.

    `earner_id` is under which id her record is by now, where it was merged since she enrolled.
    """

    def decide(read: Reader, one: Enrollment) -> Events:
        earner = read.get(Person, earner_id or one.person_id)
        must_have_consent(vault, earner, "participation", call.at)
        return one.submit(
            call.act,
            credential=read.get(Credential, one.credential_id),
            issuer=read.get(Issuer, one.issuer_id),
            evidence_ids=evidence_ids,
            reflection=reflection,
            integrity_attested=integrity_attested,
            destroyed=_destroyed(read, one),
        )

    return _run(ledger, call, enrollment_id, decide)


def _destroyed(read: Reader, one: Enrollment) -> set[UUID]:
    """The files that were forgotten after they were uploaded; somebody may be at it beside us."""
    subjects = [Subject(one.person_id, artifact.evidence_id) for artifact in one.artifacts]
    found = {subject.id: read.find(Retention, subject.stream) for subject in subjects}
    return {evidence_id for evidence_id, known in found.items() if known and known.destroying}


def return_submission(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    reasons: Sequence[str],
    note: VaultText | None = None,
) -> Receipt:
    """Give an attempt back for completion; no attempt is used."""

    def decide(_read: Reader, one: Enrollment) -> Events:
        return one.return_submission(call.act, reasons=reasons, note=note)

    return _run(ledger, call, enrollment_id, decide)


def assign_assessor(
    ledger: Ledger, call: Call, *, enrollment_id: UUID, assessor_id: UUID
) -> Receipt:
    """Give the attempt to an assessor, in the next seat that is free."""

    def decide(read: Reader, one: Enrollment) -> Events:
        issuer = read.get(Issuer, one.issuer_id)
        ids = known_merges(read).every_id_of(assessor_id)
        own = [cycle for who in ids for cycle in _cycles(read, who, one.credential_id)]
        must_not_coach(read, one, assessor_id)
        return one.assign(
            call.act,
            assessor_id=assessor_id,
            assessor=next(iter(standings(read, assessor_id, one.credential_id)), None),
            holds_award=any(cycle.holds(issuer.today(call.at)) for cycle in own),
            credential=read.get(Credential, one.credential_id),
            issuer=issuer,
        )

    return _run(ledger, call, enrollment_id, decide, who=assessor_id)


def recuse_assessor(
    ledger: Ledger, call: Call, *, enrollment_id: UUID, assessor_id: UUID, reason: str
) -> Receipt:
    """Let an assessor who has not scored step back."""

    def decide(_read: Reader, one: Enrollment) -> Events:
        return one.recuse(call.act, assessor_id=assessor_id, reason=reason)

    return _run(ledger, call, enrollment_id, decide, who=assessor_id)


def lapse_assignment(ledger: Ledger, call: Call, *, enrollment_id: UUID, seat: int) -> Receipt:
    """Free the seat of an assessor whose time has passed."""

    def decide(read: Reader, one: Enrollment) -> Events:
        return one.lapse(call.act, seat=seat, issuer=read.get(Issuer, one.issuer_id))

    return _run(ledger, call, enrollment_id, decide)


def score(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    levels: Mapping[str, str],
    feedback: VaultText | None = None,
    remarks: Remarks = NO_REMARKS,
) -> Receipt:
    """Score in the caller's own seat: a level for every criterion of the pinned rubric."""

    def decide(read: Reader, one: Enrollment) -> Events:
        credential = read.get(Credential, one.credential_id)
        return one.score(
            call.act, credential=credential, levels=levels, feedback=feedback, remarks=remarks
        )

    return _run(ledger, call, enrollment_id, decide, who=call.caller_id)


def decide_review(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    decision: Decision,
    findings: Mapping[str, bool] | None = None,
    reason: str | None = None,
    feedback: VaultText | None = None,
    remarks: Remarks = NO_REMARKS,
) -> Receipt:
    """Decide on the recommended attempt; an award follows in the same command."""

    def decide(read: Reader, one: Enrollment) -> Events:
        must_not_coach(read, one, call.act.actor_id)
        return one.decide(
            call.act,
            credential=read.get(Credential, one.credential_id),
            issuer=read.get(Issuer, one.issuer_id),
            decision=decision,
            findings=findings,
            reason=reason,
            feedback=feedback,
            remarks=remarks,
        )

    return _run(ledger, call, enrollment_id, decide, who=call.caller_id)


def resolve_integrity_hold(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    finding: Literal["cleared", "confirmed"],
    reason: str,
) -> Receipt:
    def decide(read: Reader, one: Enrollment) -> Events:
        issuer = read.get(Issuer, one.issuer_id)
        must_not_coach(read, one, call.act.actor_id)
        return one.resolve_hold(call.act, issuer=issuer, finding=finding, reason=reason)

    return _run(ledger, call, enrollment_id, decide, who=call.caller_id)


def withdraw_enrollment(ledger: Ledger, call: Call, *, enrollment_id: UUID, reason: str) -> Receipt:
    """Give up a cycle before an award."""
    return _run(ledger, call, enrollment_id, lambda _, one: one.withdraw(call.act, reason=reason))


def revoke_award(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    reason: str,
    authority: str,
    effective_on: date | None = None,
) -> Receipt:
    """Take an award back, as from today or from an earlier day since it was given."""

    def decide(read: Reader, one: Enrollment) -> Events:
        return one.revoke(
            call.act,
            issuer=read.get(Issuer, one.issuer_id),
            reason=reason,
            authority=authority,
            effective_on=effective_on,
        )

    return _run(ledger, call, enrollment_id, decide)


def reinstate_award(
    ledger: Ledger, call: Call, *, enrollment_id: UUID, reason: str, authority: str
) -> Receipt:
    """Undo a revocation."""

    def decide(read: Reader, one: Enrollment) -> Events:
        later = _later_cycles(read, one)
        return one.reinstate(call.act, reason=reason, authority=authority, later=later)

    return _run(ledger, call, enrollment_id, decide)


def open_appeal(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    ground: str,
    statement: VaultText | None = None,
) -> Receipt:
    """Ask for another look at a decision of not yet, or at a revocation."""

    def decide(read: Reader, one: Enrollment) -> Events:
        issuer = read.get(Issuer, one.issuer_id)
        return one.open_appeal(call.act, issuer=issuer, ground=ground, statement=statement)

    return _run(ledger, call, enrollment_id, decide)


def decide_appeal(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    finding: Literal["upheld", "overturned"],
    reason: str,
) -> Receipt:
    """Let the decision stand, or restore the attempt or the award."""

    def decide(read: Reader, one: Enrollment) -> Events:
        must_not_coach(read, one, call.act.actor_id)
        return one.decide_appeal(
            call.act,
            issuer=read.get(Issuer, one.issuer_id),
            finding=finding,
            reason=reason,
            later=_later_cycles(read, one),
        )

    return _run(ledger, call, enrollment_id, decide, who=call.caller_id)


def assign_coach(ledger: Ledger, call: Call, *, enrollment_id: UUID, coach_id: UUID) -> Receipt:
    def decide(read: Reader, one: Enrollment) -> Events:
        read.get(Person, coach_id)
        return one.assign_coach(call.act, coach_id=coach_id)

    return _run(ledger, call, enrollment_id, decide, who=coach_id)


def record_coach_meeting(
    ledger: Ledger, call: Call, *, enrollment_id: UUID, coach_id: UUID, met_on: date
) -> Receipt:
    def decide(_read: Reader, one: Enrollment) -> Events:
        return one.record_coach_meeting(call.act, coach_id=coach_id, met_on=met_on)

    return _run(ledger, call, enrollment_id, decide, who=coach_id)


def declare_conflict(
    ledger: Ledger, call: Call, *, enrollment_id: UUID, conflicted_person_id: UUID, reason: str
) -> Receipt:
    """Record a tie to the earner; it frees the seat of an assessor even if she has scored."""

    def decide(read: Reader, one: Enrollment) -> Events:
        read.get(Person, conflicted_person_id)
        return one.declare_conflict(
            call.act, conflicted_person_id=conflicted_person_id, reason=reason
        )

    return _run(ledger, call, enrollment_id, decide, who=conflicted_person_id)


def _run(
    ledger: Ledger,
    call: Call,
    enrollment_id: UUID,
    decide: Callable[[Reader, Enrollment], Events],
    *,
    who: UUID | None = None,
) -> Receipt:
    """Run a command on an enrollment that exists; `who` is somebody under each id of hers."""

    def found(read: Reader) -> Events:
        one = read.get(Enrollment, enrollment_id)
        ids = [] if who is None else known_merges(read).every_id_of(who)
        return decide(read, replace(one, one_person=frozenset(ids)) if len(ids) > 1 else one)

    return ledger.run(call, found)


def _cycles(read: Reader, person_id: UUID, credential_id: UUID) -> list[Enrollment]:
    """All cycles of a person with a micro-credential, oldest first.

    The absence of the next one is read as well, so that nobody begins it in the meantime.
    """
    cycles: list[Enrollment] = []
    while True:
        stream = enrollment_stream(person_id, credential_id, len(cycles) + 1)
        cycle = read.find(Enrollment, stream)
        if cycle is None:
            return cycles
        cycles.append(cycle)


def _later_cycles(read: Reader, one: Enrollment) -> list[Enrollment]:
    return _cycles(read, one.person_id, one.credential_id)[one.cycle :]
