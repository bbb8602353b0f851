"""The earner's part: evidence gathered, handed in, and handed in again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from ledger.aggregates.base import Act
from ledger.aggregates.credential import ARTIFACTS_MAX, Credential
from ledger.aggregates.enrollment_refusals import (
    AlreadyScoredError,
    AppealOpenError,
    CoachMeetingRequiredError,
    EnrollmentNotOpenError,
    EvidenceInFutureError,
    EvidenceMissingError,
    EvidenceRepeatedError,
    EvidenceSubmittedError,
    EvidenceTooOldError,
    EvidenceUndatedError,
    EvidenceUnknownError,
    IntegrityNotAttestedError,
    NotUnderReviewError,
    PreapprovalRequiredError,
    ReasonMissingError,
    StudentReleaseMissingError,
    TooManyArtifactsError,
)
from ledger.aggregates.enrollment_state import Appeal, EnrollmentState, Status
from ledger.aggregates.issuer import Issuer
from ledger.events import AnyEnrollmentEvent
from ledger.events.credential import Definition, EvidenceKind
from ledger.events.enrollment import (
    EvidenceUploaded,
    EvidenceWithdrawn,
    Resubmitted,
    SubmissionReturned,
    Submitted,
)
from ledger.values import VaultText

EARLIEST_ZONE = timedelta(hours=14)  # where a day begins first, in Kiribati


def has_come_somewhere(day: date, at: datetime) -> bool:
    """Whether a day has begun in any zone on earth, for dates whose zone nobody states."""
    return day <= (at + EARLIEST_ZONE).date()


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """What is known of a stored file. The file itself is encrypted elsewhere."""

    evidence_id: UUID
    kind: EvidenceKind
    media_type: str
    size_bytes: int
    ciphertext_sha256: str
    plaintext_commitment: str
    contains_students: bool
    release_reference: str | None = None
    created_on: date | None = None


class SubmissionCommands(EnrollmentState):
    """What leads to an attempt under review."""

    def must_take_evidence(self) -> None:
        """Raises unless there is room for one more artifact: asked before its file is stored."""
        self._must_be_open()
        if len(self.artifacts) >= ARTIFACTS_MAX:
            raise TooManyArtifactsError(f"{ARTIFACTS_MAX} artifacts are the most in one enrollment")

    def upload_evidence(self, act: Act, *, artifact: Artifact) -> Sequence[AnyEnrollmentEvent]:
        """Add one stored artifact. Its day may lie before the enrollment."""
        self.must_take_evidence()
        if any(known.evidence_id == artifact.evidence_id for known in self.artifacts):
            raise EvidenceRepeatedError(f"evidence {artifact.evidence_id} is there already")
        if artifact.created_on is not None and not has_come_somewhere(artifact.created_on, act.at):
            raise EvidenceInFutureError(f"{artifact.created_on} has not come yet")
        return [
            EvidenceUploaded(
                **self.header(act),
                person_id=self.person_id,
                evidence_id=artifact.evidence_id,
                kind=artifact.kind,
                media_type=artifact.media_type,
                size_bytes=artifact.size_bytes,
                ciphertext_sha256=artifact.ciphertext_sha256,
                plaintext_commitment=artifact.plaintext_commitment,
                contains_students=artifact.contains_students,
                release_reference=artifact.release_reference,
                created_on=artifact.created_on,
            )
        ]

    def withdraw_evidence(self, act: Act, *, evidence_id: UUID) -> Sequence[AnyEnrollmentEvent]:
        """Take back an artifact that was never handed in."""
        self._must_be_open()
        self._chosen([evidence_id])
        if evidence_id in self.submitted_ids:
            raise EvidenceSubmittedError(
                f"evidence {evidence_id} was handed in; leave it out of the next attempt instead"
            )
        header = self.header(act)
        return [EvidenceWithdrawn(**header, person_id=self.person_id, evidence_id=evidence_id)]

    def submit(
        self,
        act: Act,
        *,
        credential: Credential,
        issuer: Issuer,
        evidence_ids: Sequence[UUID] | None = None,
        reflection: VaultText | None = None,
        integrity_attested: bool,
        destroyed: Collection[UUID] = (),
    ) -> Sequence[AnyEnrollmentEvent]:
        """Hand in an attempt: the artifacts named, or all there are.

        What was destroyed since it was uploaded shows nobody anything, so it does not count.
        """
        self._must_be_open()
        if not integrity_attested:
            raise IntegrityNotAttestedError("the statement that the work is her own is needed")
        self._must_have_met_coach(issuer)
        named = self.artifacts if evidence_ids is None else self._chosen(evidence_ids)
        chosen = tuple(one for one in named if one.evidence_id not in destroyed)
        definition = credential.definition_of(self.credential_version)
        _must_be_complete(definition, chosen)
        if evidence_ids is not None:
            _must_be_there(evidence_ids, destroyed)
        _must_have_releases(chosen)
        _must_be_dated_right(definition, chosen, credential, issuer, act.at)
        kind = Submitted if self.attempt == 0 else Resubmitted
        return [
            kind(
                **self.header(act),
                person_id=self.person_id,
                attempt=self.attempts_used + 1,
                evidence_ids=tuple(artifact.evidence_id for artifact in chosen),
                reflection=reflection,
                zone=issuer.zone,
                submitted_on=issuer.today(act.at),
            )
        ]

    def return_submission(
        self, act: Act, *, reasons: Sequence[str], note: VaultText | None = None
    ) -> Sequence[AnyEnrollmentEvent]:
        """Give an attempt back for completion before anybody has scored it."""
        if self.status is not Status.IN_REVIEW:
            raise NotUnderReviewError(f"enrollment {self.id} is {self.status}")
        if any(seat.scores is not None for seat in self.seats):
            raise AlreadyScoredError("the attempt was scored, so it is decided and not returned")
        if not reasons:
            raise ReasonMissingError("what is incomplete or unreadable has to be named")
        return [
            SubmissionReturned(
                **self.header(act),
                person_id=self.person_id,
                attempt=self.attempt,
                reasons=tuple(reasons),
                note=note,
            )
        ]

    def _must_be_open(self) -> None:
        if self.status is not Status.OPEN:
            raise EnrollmentNotOpenError(f"enrollment {self.id} is {self.status}")
        if self.appeal is Appeal.OPEN:
            raise AppealOpenError("an appeal is open; its decision comes first")

    def _must_have_met_coach(self, issuer: Issuer) -> None:
        limit = issuer.terms.attempts_before_coaching
        if limit is not None and self.attempts_used >= limit and not self.coach_met:
            raise CoachMeetingRequiredError(
                f"after {self.attempts_used} attempts a meeting with a coach comes before the next"
            )

    def _chosen(self, evidence_ids: Sequence[UUID]) -> tuple[EvidenceUploaded, ...]:
        known = {artifact.evidence_id: artifact for artifact in self.artifacts}
        unknown = [evidence for evidence in evidence_ids if evidence not in known]
        if unknown:
            raise EvidenceUnknownError(f"there is no evidence {unknown[0]} in this enrollment")
        return tuple(known[evidence] for evidence in dict.fromkeys(evidence_ids))


def _must_be_complete(definition: Definition, chosen: Iterable[EvidenceUploaded]) -> None:
    given = Counter(artifact.kind for artifact in chosen)
    missing = {
        requirement.kind: requirement.count - given[requirement.kind]
        for requirement in definition.evidence
        if requirement.count > given[requirement.kind]
    }
    if missing:
        named = ", ".join(f"{count} more of {kind}" for kind, count in missing.items())
        raise EvidenceMissingError(f"required evidence is missing: {named}", missing=missing)


def _must_be_there(evidence_ids: Iterable[UUID], destroyed: Collection[UUID]) -> None:
    for evidence_id in evidence_ids:
        if evidence_id in destroyed:
            raise EvidenceUnknownError(f"evidence {evidence_id} was erased; leave it out")


def _must_have_releases(chosen: Iterable[EvidenceUploaded]) -> None:
    for artifact in chosen:
        shows_students = artifact.contains_students or artifact.kind == "student_reflection"
        if shows_students and artifact.release_reference is None:
            raise StudentReleaseMissingError(
                f"evidence {artifact.evidence_id} shows students and names no release",
                evidence_id=artifact.evidence_id,
            )


def _must_be_dated_right(
    definition: Definition,
    chosen: Iterable[EvidenceUploaded],
    credential: Credential,
    issuer: Issuer,
    at: datetime,
) -> None:
    """The day of each practice against the limits that the definition sets, if it sets any."""
    oldest = approved_on = None
    if definition.evidence_not_older_than_days is not None:
        oldest = issuer.today(at) - timedelta(days=definition.evidence_not_older_than_days)
    if definition.preapproval_required:
        assert credential.first_published_at is not None, "she enrolled in a published version"
        approved_on = issuer.today(credential.first_published_at)
    if oldest is None and approved_on is None:
        return
    for artifact in chosen:
        day = artifact.created_on
        if day is None:
            raise EvidenceUndatedError(
                f"evidence {artifact.evidence_id} needs the day of the practice it shows"
            )
        if oldest is not None and day < oldest:
            raise EvidenceTooOldError(f"evidence of {day} is older than {oldest}")
        if approved_on is not None and day < approved_on:
            raise PreapprovalRequiredError(
                f"evidence of {day} is from before the approval on {approved_on}"
            )
