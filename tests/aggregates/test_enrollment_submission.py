"""Enrolling, gathering evidence, and handing it in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.aggregates.credential import (
    ARTIFACTS_MAX,
    Credential,
    CredentialNotPublishedError,
    CredentialRetiredError,
)
from ledger.aggregates.enrollment import Enrollment, enroll, enrollment_stream
from ledger.aggregates.enrollment_refusals import (
    AlreadyEnrolledError,
    AlreadyHeldError,
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
    NothingToRenewError,
    NotUnderReviewError,
    PreapprovalRequiredError,
    ReasonMissingError,
    StudentReleaseMissingError,
    TooManyArtifactsError,
)
from ledger.aggregates.enrollment_state import Appeal, EnrollmentState, Status
from ledger.aggregates.issuer import Issuer, IssuerSuspendedError
from ledger.events.credential import CredentialRetired, EvidenceRequirement
from ledger.events.enrollment import (
    Enrolled,
    EvidenceUploaded,
    EvidenceWithdrawn,
    Resubmitted,
    SubmissionReturned,
    Submitted,
)
from ledger.events.issuer import IssuerSuspended
from tests.given import Outcome, fact, given
from tests.samples import (
    APPROVER,
    COACH,
    CREDENTIAL,
    DAY,
    EARNER,
    ENROLLMENT,
    FIRST,
    ISSUER,
    MET,
    MONDAY,
    ZONE,
    Story,
    act,
    artifact,
    credential,
    credential_events,
    definition,
    header,
    issuer,
    issuer_events,
    issuer_terms,
    named,
    rubric,
    vault_text,
)

TODAY = date(2024, 11, 18)
SUSPENDED = Issuer.fold(None, [*issuer_events(), IssuerSuspended(**header(ISSUER, 4), reason="a")])
YEARLY = definition(valid_months=12)


def enrolling(*earlier: EnrollmentState, **changes: Any) -> Outcome:
    asked: dict[str, Any] = {"credential": credential(), "issuer": issuer()}
    at = changes.pop("at", MONDAY)
    return given().when(
        lambda _: enroll(act(EARNER, at), person_id=EARNER, earlier=earlier, **asked | changes)
    )


def submitting(story: Story, **changes: Any) -> Outcome:
    asked: dict[str, Any] = {
        "credential": story.credential,
        "issuer": story.issuer,
        "integrity_attested": True,
    }
    return given(*story.events).when(lambda e: e.submit(act(EARNER, story.at), **asked | changes))


def uploading(story: Story, *args: Any, **changes: Any) -> Outcome:
    return given(*story.events).when(
        lambda e: e.upload_evidence(act(EARNER, story.at), artifact=artifact(*args, **changes))
    )


# Enrolling


def test_the_first_cycle_pins_the_version_that_is_current() -> None:
    two_versions = credential(definition(), definition(rubric=rubric(5)))
    state = enrolling(credential=two_versions).then(
        fact(
            Enrolled,
            originator_id=ENROLLMENT,
            person_id=EARNER,
            credential_id=CREDENTIAL,
            credential_version=2,
            issuer_id=ISSUER,
            cycle=1,
            renews_enrollment_id=None,
        )
    )
    assert state.status is Status.OPEN


def test_a_cycle_has_an_id_that_two_racers_arrive_at() -> None:
    assert enrollment_stream(EARNER, CREDENTIAL, 1) == ENROLLMENT
    others = {
        enrollment_stream(EARNER, CREDENTIAL, 2),
        enrollment_stream(FIRST, CREDENTIAL, 1),
        enrollment_stream(EARNER, ISSUER, 1),
    }
    assert len(others | {ENROLLMENT}) == 4


def test_practice_40_a_suspended_issuer_takes_no_enrollments() -> None:
    enrolling(issuer=SUSPENDED).then_refused(IssuerSuspendedError)


def test_practice_40_what_was_begun_and_awarded_before_a_suspension_stands() -> None:
    story = Story().uploaded()
    assert SUSPENDED is not None
    story.issuer = SUSPENDED
    assert story.awarded().enrollment.holds(TODAY)


def test_a_retired_or_unpublished_credential_takes_no_enrollments() -> None:
    retired = CredentialRetired(**header(CREDENTIAL, 3), issuer_id=ISSUER, reason="replaced")
    enrolling(credential=Credential.fold(None, [*credential_events(), retired])).then_refused(
        CredentialRetiredError
    )
    enrolling(credential=Credential.fold(None, credential_events()[:1])).then_refused(
        CredentialNotPublishedError
    )


OPEN_STORIES: dict[str, Callable[[], Story]] = {
    "open": Story,
    "in review": lambda: Story().submitted(),
    "recommended": lambda: Story().submitted().scored(MET, MET),
    "held": lambda: Story().submitted().scored(MET, MET).decided("integrity_hold", "doubt"),
    "appealing a revocation": lambda: _appealing(_revoked(Story().awarded())),
}


def _revoked(story: Story) -> Story:
    return story.does(
        APPROVER,
        lambda e, a: e.revoke(a, issuer=story.issuer, reason="copied", authority="committee"),
    )


def _appealing(story: Story) -> Story:
    return story.does(EARNER, lambda e, a: e.open_appeal(a, issuer=story.issuer, ground="process"))


def _withdrawn(story: Story) -> Story:
    return story.does(EARNER, lambda e, a: e.withdraw(a, reason="moved"))


@pytest.mark.parametrize("earlier", OPEN_STORIES)
def test_nobody_enrolls_while_an_earlier_cycle_is_open(earlier: str) -> None:
    enrolling(OPEN_STORIES[earlier]().enrollment).then_refused(AlreadyEnrolledError)


def test_the_next_cycle_begins_when_the_earlier_ones_are_closed() -> None:
    withdrawn = _withdrawn(Story()).enrollment
    revoked = _revoked(Story().awarded()).enrollment
    enrolling(withdrawn).then(
        fact(Enrolled, cycle=2, originator_id=enrollment_stream(EARNER, CREDENTIAL, 2))
    )
    enrolling(withdrawn, revoked).then(fact(Enrolled, cycle=3))


def test_whoever_holds_a_valid_award_does_not_enroll_again() -> None:
    enrolling(Story().awarded().enrollment).then_refused(AlreadyHeldError)


def test_an_expired_award_closes_its_cycle_on_the_day_it_ends() -> None:
    award = Story(asks=YEARLY).awarded().enrollment
    enrolling(award, at=MONDAY + 364 * DAY).then_refused(AlreadyHeldError)
    enrolling(award, at=MONDAY + 365 * DAY).then(fact(Enrolled, cycle=2, renews_enrollment_id=None))


@pytest.mark.parametrize("days", [30, 400])
def test_an_award_that_expires_can_be_renewed_before_and_after(days: int) -> None:
    award = Story(asks=YEARLY).awarded().enrollment
    state = enrolling(award, renews_enrollment_id=award.id, at=MONDAY + days * DAY).then(
        fact(Enrolled, cycle=2, renews_enrollment_id=award.id)
    )
    assert state.renews_enrollment_id == award.id


def test_only_the_newest_award_that_expires_can_be_renewed() -> None:
    lasting = Story().awarded().enrollment
    enrolling(lasting, renews_enrollment_id=lasting.id).then_refused(NothingToRenewError)
    enrolling(renews_enrollment_id=ENROLLMENT).then_refused(NothingToRenewError)
    withdrawn = _withdrawn(Story(asks=YEARLY)).enrollment
    enrolling(withdrawn, renews_enrollment_id=withdrawn.id).then_refused(NothingToRenewError)
    older, newer = (Story(asks=YEARLY).awarded().enrollment for _ in range(2))
    newer = Enrollment(**{**vars(newer), "id": named("newer")})
    enrolling(older, newer, renews_enrollment_id=older.id).then_refused(NothingToRenewError)
    enrolling(older, newer, renews_enrollment_id=newer.id).then(fact(Enrolled, cycle=3))


def test_practice_7_an_enrollment_knows_no_term_or_year() -> None:
    new_years_eve = datetime(2025, 1, 1, 4, 59, tzinfo=UTC)  # 31 December 23:59 in New York
    story = Story(at=new_years_eve)
    story.at += timedelta(minutes=1)
    state = submitting(story.uploaded()).then(
        fact(Submitted, originator_id=ENROLLMENT, submitted_on=date(2025, 1, 1), zone=ZONE)
    )
    assert (state.cycle, state.attempt) == (1, 1)


# Evidence


def test_an_artifact_is_recorded_by_its_commitments() -> None:
    file = artifact("video", "classroom_video", contains_students=True, created_on=TODAY)
    state = uploading(
        Story(), "video", "classroom_video", contains_students=True, created_on=TODAY
    ).then(
        fact(
            EvidenceUploaded,
            person_id=EARNER,
            evidence_id=file.evidence_id,
            kind="classroom_video",
            media_type="application/pdf",
            size_bytes=48_213,
            ciphertext_sha256=file.ciphertext_sha256,
            plaintext_commitment=file.plaintext_commitment,
            contains_students=True,
            release_reference=None,
            created_on=TODAY,
        )
    )
    assert len(state.artifacts) == 1


def test_the_same_artifact_is_not_recorded_twice() -> None:
    uploading(Story().uploaded(artifact("plan")), "plan").then_refused(
        EvidenceRepeatedError, str(named("plan"))
    )


def test_an_enrollment_holds_only_so_many_artifacts() -> None:
    nearly = Story().uploaded(*(artifact(f"plan {n}") for n in range(ARTIFACTS_MAX - 1)))
    uploading(nearly, "last").then(EvidenceUploaded)
    uploading(nearly.uploaded(artifact("last")), "too many").then_refused(TooManyArtifactsError)


def test_evidence_is_of_a_day_that_has_begun_somewhere_on_earth() -> None:
    tomorrow = TODAY + timedelta(1)
    uploading(Story(), "plan", created_on=tomorrow).then(EvidenceUploaded)  # 17:00 UTC: Kiribati
    uploading(Story(), "plan", created_on=tomorrow + timedelta(1)).then_refused(
        EvidenceInFutureError, "2024-11-20"
    )
    early = Story(at=datetime(2024, 11, 18, 9, 59, tzinfo=UTC))
    uploading(early, "plan", created_on=tomorrow).then_refused(EvidenceInFutureError)


@pytest.mark.parametrize("status", ["in review", "recommended", "held"])
def test_nothing_is_uploaded_or_withdrawn_while_an_attempt_is_under_review(status: str) -> None:
    story = OPEN_STORIES[status]()
    uploading(story, "more").then_refused(EnrollmentNotOpenError, str(story.enrollment.status))
    given(*story.events).when(
        lambda e: e.withdraw_evidence(act(), evidence_id=named("plan"))
    ).then_refused(EnrollmentNotOpenError)
    submitting(story).then_refused(EnrollmentNotOpenError)


def test_nothing_is_uploaded_or_handed_in_while_an_appeal_is_open() -> None:
    story = _appealing(Story().failed())
    uploading(story, "more").then_refused(AppealOpenError)
    submitting(story).then_refused(AppealOpenError)


def test_an_artifact_is_taken_back_before_it_was_handed_in() -> None:
    history = given(*Story().uploaded().events)
    state = history.when(
        lambda e: e.withdraw_evidence(act(EARNER), evidence_id=named("plan"))
    ).then(fact(EvidenceWithdrawn, evidence_id=named("plan"), person_id=EARNER))
    assert [a.evidence_id for a in state.artifacts] == [named("work 1"), named("work 2")]
    history.when(
        lambda e: e.withdraw_evidence(act(EARNER), evidence_id=named("other"))
    ).then_refused(EvidenceUnknownError, str(named("other")))


def test_what_was_handed_in_stays_but_need_not_be_handed_in_again() -> None:
    story = Story().failed().uploaded(artifact("better plan"))
    given(*story.events).when(
        lambda e: e.withdraw_evidence(act(EARNER), evidence_id=named("plan"))
    ).then_refused(EvidenceSubmittedError)
    chosen = (named("better plan"), named("work 2"), named("work 1"))
    submitting(story, evidence_ids=chosen).then(fact(Resubmitted, evidence_ids=chosen))


# Handing in


def test_a_first_attempt_hands_in_everything_on_a_day_at_the_issuers() -> None:
    state = submitting(Story().uploaded(), reflection=vault_text("reflection")).then(
        fact(
            Submitted,
            attempt=1,
            evidence_ids=(named("plan"), named("work 1"), named("work 2")),
            reflection=vault_text("reflection"),
            zone=ZONE,
            submitted_on=TODAY,
            person_id=EARNER,
        )
    )
    assert state.status is Status.IN_REVIEW


def test_practice_5_what_is_missing_is_named() -> None:
    story = Story().uploaded(artifact("plan"), artifact("work 1", "student_work"))
    refused = submitting(story).then_refused(EvidenceMissingError, "1 more of student_work")
    assert (refused.slug, refused.operands) == (
        "evidence-missing",
        {"missing": {"student_work": 1}},
    )
    nothing = submitting(Story()).then_refused(
        EvidenceMissingError, "1 more of lesson_plan, 2 more of student_work"
    )
    assert nothing.operands == {"missing": {"lesson_plan": 1, "student_work": 2}}


def test_only_what_is_chosen_counts_and_once() -> None:
    story = Story().uploaded()
    twice: tuple[UUID, ...] = (named("plan"), named("work 1"), named("work 1"))
    submitting(story, evidence_ids=twice).then_refused(EvidenceMissingError, "student_work")
    submitting(story, evidence_ids=()).then_refused(EvidenceMissingError)
    submitting(story, evidence_ids=(named("other"),)).then_refused(EvidenceUnknownError)


def test_what_was_destroyed_since_it_was_uploaded_does_not_count() -> None:
    story = Story().uploaded()
    gone = story.enrollment.artifacts[0]
    destroyed = {gone.evidence_id}
    refused = submitting(story, destroyed=destroyed).then_refused(EvidenceMissingError)
    assert refused.operands == {"missing": {gone.kind: 1}}
    again = story.uploaded(artifact("another", gone.kind))
    submitting(again, destroyed=destroyed, evidence_ids=[gone.evidence_id]).then_refused(
        EvidenceMissingError
    )
    every = [one.evidence_id for one in again.enrollment.artifacts]
    submitting(again, destroyed=destroyed, evidence_ids=every).then_refused(
        EvidenceUnknownError, "erased"
    )
    [handed_in] = submitting(again, destroyed=destroyed).events
    assert isinstance(handed_in, Submitted)
    assert set(handed_in.evidence_ids) == {*every} - destroyed


def test_more_than_is_asked_for_can_be_handed_in() -> None:
    submitting(Story().uploaded().uploaded(artifact("quiz", "quiz"))).then(Submitted)


def test_practice_10_evidence_with_students_needs_a_release() -> None:
    video = {"contains_students": True, "release_reference": None}
    story = Story().uploaded().uploaded(artifact("video", "classroom_video", **video))
    refused = submitting(story).then_refused(StudentReleaseMissingError, str(named("video")))
    assert refused.slug == "student-release-missing"
    assert refused.operands == {"evidence_id": named("video")}
    released = Story().uploaded()
    released.uploaded(artifact("video", "classroom_video", **video | {"release_reference": "r-1"}))
    submitting(released).then(Submitted)


@pytest.mark.parametrize(("release", "missing"), [(None, True), ("r-1", False)])
def test_practice_10_a_students_reflection_always_needs_one(
    release: str | None, *, missing: bool
) -> None:
    story = (
        Story()
        .uploaded()
        .uploaded(artifact("voice", "student_reflection", release_reference=release))
    )
    if missing:
        submitting(story).then_refused(StudentReleaseMissingError)
    else:
        submitting(story).then(Submitted)


def test_what_is_left_out_needs_no_release() -> None:
    story = Story().uploaded().uploaded(artifact("video", "project", contains_students=True))
    chosen = (named("plan"), named("work 1"), named("work 2"))
    submitting(story, evidence_ids=chosen).then(fact(Submitted, evidence_ids=chosen))


def test_she_states_that_the_work_is_her_own() -> None:
    submitting(Story().uploaded(), integrity_attested=False).then_refused(IntegrityNotAttestedError)


PLAN_ONLY = (EvidenceRequirement(kind="lesson_plan"),)


def dated(day: date | None, **asks: Any) -> Outcome:
    story = Story(asks=definition(evidence=PLAN_ONLY, **asks))
    return submitting(story.uploaded(artifact("plan", created_on=day)))


def test_practice_60_evidence_may_be_from_long_before_the_enrollment() -> None:
    dated(date(2022, 11, 18)).then(Submitted)
    dated(None).then(Submitted)


def test_evidence_may_be_limited_to_so_many_days() -> None:
    dated(TODAY - timedelta(90), evidence_not_older_than_days=90).then(Submitted)
    dated(TODAY - timedelta(91), evidence_not_older_than_days=90).then_refused(
        EvidenceTooOldError, "2024-08-19", "2024-08-20"
    )
    dated(None, evidence_not_older_than_days=90).then_refused(EvidenceUndatedError)


def test_practice_21_work_from_before_the_approval_does_not_count() -> None:
    """The sample credential is published, and so approved, on 18 November."""
    dated(TODAY, preapproval_required=True).then(Submitted)
    refused = dated(TODAY - timedelta(1), preapproval_required=True).then_refused(
        PreapprovalRequiredError, "2024-11-17", "2024-11-18"
    )
    assert refused.slug == "preapproval-required"
    dated(None, preapproval_required=True).then_refused(EvidenceUndatedError)


# Handing in again


def test_a_return_uses_no_attempt() -> None:
    story, note = Story().submitted().assigned(), vault_text("note")
    state = (
        given(*story.events)
        .when(lambda e: e.return_submission(act(APPROVER), reasons=["unreadable"], note=note))
        .then(fact(SubmissionReturned, attempt=1, reasons=("unreadable",), note=note))
    )
    assert (state.status, state.attempts_used, state.seats) == (Status.OPEN, 0, ())


def test_after_a_return_the_same_attempt_is_handed_in_again() -> None:
    story = Story().submitted().assigned(FIRST)
    story.does(APPROVER, lambda e, a: e.return_submission(a, reasons=["unreadable"]))
    state = submitting(story).then(fact(Resubmitted, attempt=1))
    assert (state.status, state.attempts_used) == (Status.IN_REVIEW, 0)


def test_a_return_names_its_reasons_and_comes_before_any_score() -> None:
    story = Story().submitted()
    given(*story.events).when(
        lambda e: e.return_submission(act(APPROVER), reasons=[])
    ).then_refused(ReasonMissingError)
    story.assigned().scores(FIRST, MET)
    given(*story.events).when(
        lambda e: e.return_submission(act(APPROVER), reasons=["unreadable"])
    ).then_refused(AlreadyScoredError)
    given(*Story().events).when(
        lambda e: e.return_submission(act(APPROVER), reasons=["unreadable"])
    ).then_refused(NotUnderReviewError)


def test_practice_13_after_a_not_yet_the_next_attempt_is_handed_in() -> None:
    state = submitting(Story().failed()).then(fact(Resubmitted, attempt=2))
    assert (state.attempt, state.attempts_used) == (2, 1)
    assert (state.seats, state.scorers, state.results) == ((), frozenset(), None)
    assert (state.decided_on, state.appeal) == (None, Appeal.USED)


def test_practice_13_resubmission_may_be_without_limit() -> None:
    story = Story()
    for _ in range(5):
        story.failed()
    submitting(story).then(fact(Resubmitted, attempt=6))


def three_times_failed() -> Story:
    story = Story(terms=issuer_terms(attempts_before_coaching=3))
    story.does(APPROVER, lambda e, a: e.assign_coach(a, coach_id=COACH))
    return story.failed().failed().failed()


def met(story: Story, on: date = TODAY) -> Story:
    return story.does(COACH, lambda e, a: e.record_coach_meeting(a, coach_id=COACH, met_on=on))


def test_practice_13_a_fourth_attempt_waits_for_a_coach_meeting() -> None:
    story = three_times_failed()
    refused = submitting(story).then_refused(CoachMeetingRequiredError, "3 attempts")
    assert refused.slug == "coach-meeting-required"
    submitting(met(story)).then(fact(Resubmitted, attempt=4))


def test_two_attempts_need_no_meeting_where_three_do() -> None:
    story = Story(terms=issuer_terms(attempts_before_coaching=3)).failed().failed()
    submitting(story).then(fact(Resubmitted, attempt=3))


def test_a_meeting_from_before_the_decision_opens_no_further_attempt() -> None:
    submitting(met(three_times_failed(), TODAY - timedelta(1))).then_refused(
        CoachMeetingRequiredError
    )


def test_each_further_attempt_waits_for_a_meeting_of_its_own() -> None:
    story = met(three_times_failed()).failed()
    submitting(story).then_refused(CoachMeetingRequiredError, "4 attempts")
    submitting(met(story)).then(fact(Resubmitted, attempt=5))


def test_a_return_after_a_meeting_asks_for_no_second_meeting() -> None:
    story = met(three_times_failed()).submitted()
    story.does(APPROVER, lambda e, a: e.return_submission(a, reasons=["unreadable"]))
    submitting(story).then(fact(Resubmitted, attempt=4))
