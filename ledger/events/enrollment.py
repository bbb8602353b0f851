"""The life of an enrollment, from enrolling to the award and what may follow it.

    Enrolled → EvidenceUploaded* → Submitted → AssessorAssigned ×2 → Scored ×2 → (Adjudicated)
      → Recommended → ReviewDecided → Awarded | not yet → Resubmitted … | held for integrity

Recommendation, decision and award are three facts. The person who scores is an assessor, the
person who decides is the issuer's approver, and they are never the same.
"""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.events.credential import EvidenceKind
from ledger.values import (
    ByteCount,
    Day,
    Flag,
    HmacSha256,
    Positive,
    Sha256,
    ShortText,
    Slug,
    Value,
    VaultText,
    ZoneName,
)

Outcome = Literal["met", "not_yet"]
Decision = Literal["award", "not_yet", "integrity_hold"]


class CriterionScore(Value):
    """The level an assessor saw for one criterion of the pinned rubric, and whether it is met."""

    criterion: Slug
    level: Slug
    met: Flag


class CriterionResult(Value):
    """Met or not yet for one criterion; never an average."""

    criterion: Slug
    met: Flag


class EnrollmentEvent(Event):
    """Stream: one person's cycle with one micro-credential."""

    person_id: UUID


class Enrolled(EnrollmentEvent):
    """She set out to earn it, under the version that was current."""

    TOPIC: ClassVar[str] = "enrollment.enrolled.v1"

    credential_id: UUID
    credential_version: Positive
    issuer_id: UUID
    cycle: Positive  # 1 + cycles closed before (withdrawn, revoked, expired)
    renews_enrollment_id: UUID | None


class EvidenceUploaded(EnrollmentEvent):
    """An artifact was encrypted and stored; the log keeps commitments to it, never the file."""

    TOPIC: ClassVar[str] = "enrollment.evidence-uploaded.v1"

    evidence_id: UUID
    kind: EvidenceKind
    media_type: ShortText  # as sniffed from the bytes, never as claimed
    size_bytes: ByteCount
    ciphertext_sha256: Sha256
    plaintext_commitment: HmacSha256  # keyed by a random salt that stays in the vault
    contains_students: Flag
    release_reference: Slug | None  # where the district keeps the families' permissions
    created_on: Day | None  # the day of the practice it shows, where she says so


class EvidenceWithdrawn(EnrollmentEvent):
    """She took an artifact back before it was submitted."""

    TOPIC: ClassVar[str] = "enrollment.evidence-withdrawn.v1"

    evidence_id: UUID


class Submitted(EnrollmentEvent):
    """She handed in her first attempt and stands by it as her own work."""

    TOPIC: ClassVar[str] = "enrollment.submitted.v1"

    attempt: Positive
    evidence_ids: tuple[UUID, ...]
    reflection: VaultText | None
    zone: ZoneName
    submitted_on: Day


class Resubmitted(EnrollmentEvent):
    """She handed in again, after a decision of not yet or a return for completion."""

    TOPIC: ClassVar[str] = "enrollment.resubmitted.v1"

    attempt: Positive  # the same number again after a return, which uses no attempt
    evidence_ids: tuple[UUID, ...]
    reflection: VaultText | None
    zone: ZoneName
    submitted_on: Day


class SubmissionReturned(EnrollmentEvent):
    """Incomplete or unreadable: back to her before anybody scored; no attempt is used."""

    TOPIC: ClassVar[str] = "enrollment.submission-returned.v1"

    attempt: Positive
    reasons: tuple[Slug, ...]
    note: VaultText | None


class AssessorAssigned(EnrollmentEvent):
    """An assessor was given the attempt. Seats 1 and 2 score independently, 3 adjudicates."""

    TOPIC: ClassVar[str] = "enrollment.assessor-assigned.v1"

    attempt: Positive
    seat: Positive
    assessor_id: UUID
    zone: ZoneName
    lapses_on: Day  # not scored by the end of this day: may be taken away again


class AssessorRecused(EnrollmentEvent):
    """The assessor stepped back; the seat is free."""

    TOPIC: ClassVar[str] = "enrollment.assessor-recused.v1"

    attempt: Positive
    seat: Positive
    assessor_id: UUID
    reason: Slug


class AssignmentLapsed(EnrollmentEvent):
    """Nothing was scored in time; the seat is free."""

    TOPIC: ClassVar[str] = "enrollment.assignment-lapsed.v1"

    attempt: Positive
    seat: Positive
    assessor_id: UUID


class Scored(EnrollmentEvent):
    """One assessor's independent scores, hidden from the other until both are in."""

    TOPIC: ClassVar[str] = "enrollment.scored.v1"

    attempt: Positive
    seat: Positive
    assessor_id: UUID
    scores: tuple[CriterionScore, ...]
    feedback: VaultText | None


class Adjudicated(EnrollmentEvent):
    """Two assessors stood on either side of a passing line; a third person's scores stand."""

    TOPIC: ClassVar[str] = "enrollment.adjudicated.v1"

    attempt: Positive
    assessor_id: UUID
    scores: tuple[CriterionScore, ...]
    feedback: VaultText | None


class CriterionRemark(Value):
    """Words to her about one criterion: what was seen, and what the next attempt needs."""

    criterion: Slug
    words: VaultText


class CriteriaRemarked(EnrollmentEvent):
    """What an assessor, or who decides, says of single criteria, just ahead of that."""

    TOPIC: ClassVar[str] = "enrollment.criteria-remarked.v1"

    attempt: Positive
    remarks: tuple[CriterionRemark, ...]


class Recommended(EnrollmentEvent):
    """What the scores add up to. The approver may decide otherwise."""

    TOPIC: ClassVar[str] = "enrollment.recommended.v1"

    attempt: Positive
    outcome: Outcome
    results: tuple[CriterionResult, ...]


class ReviewDecided(EnrollmentEvent):
    """The issuer's decision on one attempt, criterion by criterion."""

    TOPIC: ClassVar[str] = "enrollment.review-decided.v1"

    attempt: Positive
    decision: Decision
    results: tuple[CriterionResult, ...]
    reason: Slug | None  # asked for when the decision departs from the recommendation
    feedback: VaultText | None
    zone: ZoneName
    decided_on: Day


class IntegrityHoldResolved(EnrollmentEvent):
    """The hold is over: cleared, and the attempt waits for its decision; or confirmed and void."""

    TOPIC: ClassVar[str] = "enrollment.integrity-hold-resolved.v1"

    attempt: Positive
    finding: Literal["cleared", "confirmed"]
    reason: Slug
    zone: ZoneName
    resolved_on: Day


class Awarded(EnrollmentEvent):
    """She holds the micro-credential. The enrollment's id is the award's."""

    TOPIC: ClassVar[str] = "enrollment.awarded.v1"

    credential_id: UUID
    credential_version: Positive
    issuer_id: UUID
    attempt: Positive
    zone: ZoneName
    awarded_on: Day
    expires_on: Day | None  # the first day on which it is no longer valid


class Withdrawn(EnrollmentEvent):
    """She gave up this cycle before an award."""

    TOPIC: ClassVar[str] = "enrollment.withdrawn.v1"

    reason: Slug


class Revoked(EnrollmentEvent):
    """The award was taken back, by whom and why as codes."""

    TOPIC: ClassVar[str] = "enrollment.revoked.v1"

    reason: Slug
    authority: Slug
    zone: ZoneName
    effective_on: Day


class Reinstated(EnrollmentEvent):
    """The revocation was undone; the award holds as from its first day."""

    TOPIC: ClassVar[str] = "enrollment.reinstated.v1"

    reason: Slug
    authority: Slug


class AppealOpened(EnrollmentEvent):
    """She asks for another look at a decision of not yet or at a revocation's ground."""

    TOPIC: ClassVar[str] = "enrollment.appeal-opened.v1"

    attempt: Positive
    ground: Slug
    statement: VaultText | None
    zone: ZoneName
    opened_on: Day


class AppealDecided(EnrollmentEvent):
    """Upheld: the decision stands. Overturned: the attempt is restored and reviewed anew."""

    TOPIC: ClassVar[str] = "enrollment.appeal-decided.v1"

    attempt: Positive
    finding: Literal["upheld", "overturned"]
    reason: Slug
    zone: ZoneName
    decided_on: Day


class CoachAssigned(EnrollmentEvent):
    """A coach helps her; for that reason the coach will never assess this enrollment."""

    TOPIC: ClassVar[str] = "enrollment.coach-assigned.v1"

    coach_id: UUID


class CoachMeetingRecorded(EnrollmentEvent):
    """They met after a decision of not yet; some issuers ask for it before a further attempt."""

    TOPIC: ClassVar[str] = "enrollment.coach-meeting-recorded.v1"

    coach_id: UUID
    met_on: Day


class ConflictDeclared(EnrollmentEvent):
    """A tie to the earner keeps this person from assessing or deciding here."""

    TOPIC: ClassVar[str] = "enrollment.conflict-declared.v1"

    conflicted_person_id: UUID
    reason: Slug
