"""Commands on enrollments, on a real log."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from ledger.aggregates.assessor import NotAHolderError, NotAnAssessorError
from ledger.aggregates.base import first_header
from ledger.aggregates.credential import CredentialRetiredError
from ledger.aggregates.enrollment import Enrollment, enrollment_stream
from ledger.aggregates.enrollment_refusals import (
    AlreadyEnrolledError,
    AlreadyHeldError,
    AlreadySeatedError,
    AssessedBeforeAppealError,
    AssessorIsAuthorError,
    AssessorIsCoachError,
    AssessorIsEarnerError,
    ConflictOfInterestError,
    DeciderDecidedBeforeError,
    DeciderIsAssessorError,
    DeciderIsEarnerError,
    LaterCycleError,
    NotUnderReviewError,
    SecondDecisionError,
)
from ledger.aggregates.enrollment_state import Status
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands import assessor, credential, enrollment
from ledger.errors import (
    ConflictError,
    LedgerError,
    NotFoundError,
    NothingChangesError,
    PreconditionError,
)
from ledger.events.enrollment import Enrolled, Scored
from tests.commands.scene import EXTRA, InterruptedLedger, Scene
from tests.samples import (
    APPROVER,
    AUTHOR,
    COACH,
    EARNER,
    FIRST,
    MET,
    NOT_MET,
    OTHER_APPROVER,
    SECOND,
    STRANGER,
    THIRD,
    TOLD,
    definition,
    named,
    vault_text,
)

NOBODY = named("nobody")


def names(receipt: Receipt) -> list[str]:
    return [type(event).__name__ for event in receipt.events]


def test_a_life_from_enrolling_to_the_award(scene: Scene) -> None:
    enrollment_id = scene.enrolls()
    assert enrollment_id == enrollment_stream(EARNER, scene.credential_id, 1)
    assert names(scene.submits(enrollment_id)) == ["Submitted"]
    scene.assigns(enrollment_id)
    assert names(scene.scores(enrollment_id, FIRST, MET)) == ["Scored"]
    assert names(scene.scores(enrollment_id, SECOND, MET)) == ["Scored", "Recommended"]
    before = scene.position
    receipt = scene.decides(enrollment_id, "award", feedback=vault_text("well done"))
    assert names(receipt) == ["ReviewDecided", "Awarded"]
    assert receipt.position == scene.position == before + 2
    state = scene.state(enrollment_id)
    assert state.status is Status.AWARDED
    assert state.holds(date(2024, 11, 18))


def test_a_return_a_split_a_not_yet_and_a_resubmission(scene: Scene) -> None:
    one = scene.enrolls()
    scene.submits(one)
    scene.run(enrollment.return_submission, APPROVER, enrollment_id=one, reasons=["unreadable"])
    scene.run(enrollment.upload_evidence, EARNER, enrollment_id=one, artifact=EXTRA)
    scene.run(
        enrollment.withdraw_evidence, EARNER, enrollment_id=one, evidence_id=EXTRA.evidence_id
    )
    assert names(scene.submits(one)) == ["Resubmitted"]
    scene.assigns(one)
    scene.scores(one, FIRST, MET)
    assert names(scene.scores(one, SECOND, NOT_MET)) == ["Scored"]
    scene.assigns(one, THIRD)
    assert names(scene.scores(one, THIRD, NOT_MET)) == ["Adjudicated", "Recommended"]
    assert names(scene.decides(one, "not_yet")) == ["CriteriaRemarked", "ReviewDecided"]
    scene.submits(one)
    assert (scene.state(one).attempt, scene.state(one).attempts_used) == (2, 1)


def test_a_recusal_a_lapse_and_a_declared_tie_free_their_seats(scene: Scene) -> None:
    one = scene.enrolls()
    scene.submits(one)
    scene.assigns(one)
    scene.run(
        enrollment.recuse_assessor, FIRST, enrollment_id=one, assessor_id=FIRST, reason="colleague"
    )
    scene.later(8)
    scene.run(enrollment.lapse_assignment, APPROVER, enrollment_id=one, seat=2)
    scene.assigns(one, FIRST)
    receipt = scene.run(
        enrollment.declare_conflict,
        FIRST,
        enrollment_id=one,
        conflicted_person_id=FIRST,
        reason="household",
    )
    assert names(receipt) == ["ConflictDeclared", "AssessorRecused"]
    assert scene.state(one).seats == ()


def test_a_hold_is_cleared_and_the_attempt_awarded(scene: Scene) -> None:
    one = scene.recommended()
    scene.decides(one, "integrity_hold", reason="duplicate")
    scene.run(
        enrollment.resolve_integrity_hold,
        OTHER_APPROVER,
        enrollment_id=one,
        finding="cleared",
        reason="shared-artifact",
    )
    assert names(scene.decides(one, "award")) == ["ReviewDecided", "Awarded"]


def test_an_appeal_restores_the_attempt_and_other_people_award_it(scene: Scene) -> None:
    one = scene.failed()
    scene.run(
        enrollment.open_appeal,
        EARNER,
        enrollment_id=one,
        ground="process",
        statement=vault_text("statement"),
    )
    scene.run(
        enrollment.decide_appeal,
        OTHER_APPROVER,
        enrollment_id=one,
        finding="overturned",
        reason="process",
    )
    scene.assigns(one, THIRD, STRANGER)
    scene.scores(one, THIRD, MET)
    scene.scores(one, STRANGER, MET)
    scene.decides(one, "award")
    state = scene.state(one)
    assert (state.status, state.attempt, state.attempts_used) == (Status.AWARDED, 1, 0)


def test_what_is_forbidden_her_is_forbidden_her_other_records_too(scene: Scene) -> None:
    """Nobody assesses or decides under one id what she may not under another."""
    again = {one: named(f"again {one}") for one in (EARNER, AUTHOR, COACH, STRANGER, FIRST)}
    for one, other in again.items():
        scene.registers(other)
        scene.appoints(other)
        scene.merges(one, other)
    scene.merges(named("second again"), SECOND)  # and under whichever of both she was seated
    scene.merges(OTHER_APPROVER, named("decider again"))
    one = scene.enrolls()
    scene.submits(one)
    tie = {"enrollment_id": one, "conflicted_person_id": STRANGER, "reason": "sisters"}
    scene.run(enrollment.declare_conflict, STRANGER, **tie)
    scene.refuses(
        NothingChangesError,
        enrollment.declare_conflict,
        APPROVER,
        **tie | {"conflicted_person_id": again[STRANGER]},
    )
    scene.run(enrollment.assign_coach, APPROVER, enrollment_id=one, coach_id=COACH)
    scene.assigns(one, FIRST)

    def refused(error: type[LedgerError], assessor_id: UUID) -> None:
        asked = {"enrollment_id": one, "assessor_id": assessor_id}
        scene.refuses(error, enrollment.assign_assessor, APPROVER, **asked)

    refused(AssessorIsEarnerError, again[EARNER])
    refused(AssessorIsAuthorError, again[AUTHOR])
    refused(AssessorIsCoachError, again[COACH])
    refused(ConflictOfInterestError, again[STRANGER])
    refused(AlreadySeatedError, again[FIRST])
    for coach, error in (
        (again[EARNER], ConflictOfInterestError),
        (again[FIRST], ConflictOfInterestError),
        (again[COACH], NothingChangesError),
    ):
        scene.refuses(error, enrollment.assign_coach, APPROVER, enrollment_id=one, coach_id=coach)
    scene.assigns(one, SECOND)
    (scored,) = scene.scores(one, again[FIRST], NOT_MET).events  # it is her seat either way
    assert isinstance(scored, Scored)
    assert scored.assessor_id == FIRST
    scene.scores(one, SECOND, NOT_MET)
    not_yet = {"enrollment_id": one, "decision": "not_yet"}
    for decider, error in (
        (again[EARNER], DeciderIsEarnerError),
        (again[FIRST], DeciderIsAssessorError),
        (named("second again"), DeciderIsAssessorError),
        (again[COACH], ConflictOfInterestError),
        (again[STRANGER], ConflictOfInterestError),
    ):
        scene.refuses(error, enrollment.decide_review, decider, **not_yet)
    scene.run(enrollment.decide_review, OTHER_APPROVER, **not_yet, remarks=TOLD)
    scene.run(enrollment.open_appeal, EARNER, enrollment_id=one, ground="unread")
    finding = {"enrollment_id": one, "finding": "overturned", "reason": "process"}
    scene.refuses(
        DeciderDecidedBeforeError, enrollment.decide_appeal, named("decider again"), **finding
    )
    scene.run(enrollment.decide_appeal, APPROVER, **finding)
    refused(AssessedBeforeAppealError, again[FIRST])


def test_a_coach_meets_her(scene: Scene) -> None:
    one = scene.enrolls()
    scene.run(enrollment.assign_coach, APPROVER, enrollment_id=one, coach_id=COACH)
    receipt = scene.run(
        enrollment.record_coach_meeting,
        COACH,
        enrollment_id=one,
        coach_id=COACH,
        met_on=date(2024, 11, 18),
    )
    assert names(receipt) == ["CoachMeetingRecorded"]


def test_a_withdrawn_cycle_is_followed_by_the_next(scene: Scene) -> None:
    one = scene.enrolls()
    scene.run(enrollment.withdraw_enrollment, EARNER, enrollment_id=one, reason="moved")
    assert scene.enrolls() == enrollment_stream(EARNER, scene.credential_id, 2)


def test_an_award_is_renewed_before_it_expires(ledger: Ledger) -> None:
    scene = Scene(ledger, definition(valid_months=12))
    one = scene.awarded()
    scene.later(300)
    enrolling: dict[str, Any] = {"person_id": EARNER, "credential_id": scene.credential_id}
    scene.refuses(AlreadyHeldError, enrollment.enroll, EARNER, **enrolling)
    two = scene.enrolls(renews_enrollment_id=one)
    assert scene.state(two).renews_enrollment_id == one
    assert scene.state(two).cycle == 2


def test_a_revocation_is_undone_unless_she_has_enrolled_anew(scene: Scene) -> None:
    one = scene.awarded()
    revocation: dict[str, Any] = {"enrollment_id": one, "reason": "copied", "authority": "c"}
    scene.run(enrollment.revoke_award, APPROVER, **revocation)
    scene.run(enrollment.reinstate_award, APPROVER, **revocation | {"reason": "mistaken"})
    scene.run(enrollment.revoke_award, APPROVER, **revocation)
    scene.enrolls()
    scene.refuses(LaterCycleError, enrollment.reinstate_award, APPROVER, **revocation)


def revoked(scene: Scene, enrollment_id: UUID) -> None:
    scene.run(
        enrollment.revoke_award,
        APPROVER,
        enrollment_id=enrollment_id,
        reason="copied",
        authority="committee",
        effective_on=date(2024, 11, 18),
    )


def test_practice_12_an_assessor_whose_award_is_revoked_is_not_assigned_any_more(
    scene: Scene,
) -> None:
    """What she was given before stays hers to score, and what she scored stands."""
    own = scene.awarded(COACH)
    scene.run(assessor.qualify_assessor, APPROVER, enrollment_id=own, agreement_percent=80)
    before = scene.enrolls(EARNER)
    scene.submits(before)
    scene.assigns(before, COACH, FIRST)
    scene.later(1)
    revoked(scene, own)
    after = scene.enrolls(OTHER_APPROVER)
    scene.submits(after)
    scene.refuses(
        NotAHolderError,
        enrollment.assign_assessor,
        APPROVER,
        enrollment_id=after,
        assessor_id=COACH,
    )
    scene.scores(before, COACH, MET)
    assert names(scene.scores(before, FIRST, MET)) == ["Scored", "Recommended"]


def test_practice_12_an_assessor_is_a_holder_until_her_award_expires(ledger: Ledger) -> None:
    """An award of 18 November 2024 is held for twelve months: on their last day, not the day after.

    The enrollment she is given is handed in at once, for what counts is the day she is assigned.
    """
    scene = Scene(ledger, definition(valid_months=12))
    own = scene.awarded(COACH)
    scene.run(assessor.qualify_assessor, APPROVER, enrollment_id=own, agreement_percent=80)
    given, waiting = scene.enrolls(EARNER), scene.enrolls(OTHER_APPROVER)
    scene.submits(given)
    scene.submits(waiting)
    scene.later(364)
    scene.assigns(given, COACH)
    scene.later(1)
    scene.refuses(
        NotAHolderError,
        enrollment.assign_assessor,
        APPROVER,
        enrollment_id=waiting,
        assessor_id=COACH,
    )


def test_practice_6_a_later_version_leaves_the_pinned_one_to_whoever_enrolled_before(
    scene: Scene,
) -> None:
    one = scene.enrolls()
    scene.run(
        credential.redraft_credential,
        APPROVER,
        credential_id=scene.credential_id,
        definition=definition(title="Version two"),
    )
    scene.run(credential.publish_credential, APPROVER, credential_id=scene.credential_id)
    assert scene.state(one).credential_version == 1
    assert scene.state(scene.enrolls(COACH)).credential_version == 2


UNKNOWN: list[tuple[Callable[..., Receipt], dict[str, Any]]] = [
    (enrollment.upload_evidence, {"artifact": EXTRA}),
    (enrollment.withdraw_evidence, {"evidence_id": NOBODY}),
    (enrollment.submit, {"integrity_attested": True}),
    (enrollment.return_submission, {"reasons": ["unreadable"]}),
    (enrollment.assign_assessor, {"assessor_id": FIRST}),
    (enrollment.recuse_assessor, {"assessor_id": FIRST, "reason": "r"}),
    (enrollment.lapse_assignment, {"seat": 1}),
    (enrollment.score, {"levels": MET}),
    (enrollment.decide_review, {"decision": "award"}),
    (enrollment.resolve_integrity_hold, {"finding": "cleared", "reason": "r"}),
    (enrollment.withdraw_enrollment, {"reason": "r"}),
    (enrollment.revoke_award, {"reason": "r", "authority": "a"}),
    (enrollment.reinstate_award, {"reason": "r", "authority": "a"}),
    (enrollment.open_appeal, {"ground": "g"}),
    (enrollment.decide_appeal, {"finding": "upheld", "reason": "r"}),
    (enrollment.assign_coach, {"coach_id": COACH}),
    (enrollment.record_coach_meeting, {"coach_id": COACH, "met_on": date(2024, 11, 18)}),
    (enrollment.declare_conflict, {"conflicted_person_id": FIRST, "reason": "r"}),
]


def test_no_command_acts_on_an_enrollment_that_is_not_there(scene: Scene) -> None:
    for command, fields in UNKNOWN:
        refused = scene.refuses(NotFoundError, command, APPROVER, enrollment_id=NOBODY, **fields)
        assert f"there is no enrollment {NOBODY}" in refused.detail


def test_nobody_unknown_takes_part(scene: Scene) -> None:
    one = scene.enrolls()
    known: dict[str, Any] = {"person_id": EARNER, "credential_id": scene.credential_id}
    for unknown in ({"person_id": NOBODY}, {"credential_id": NOBODY}):
        scene.refuses(NotFoundError, enrollment.enroll, EARNER, **known | unknown)
    scene.refuses(
        NotFoundError, enrollment.assign_coach, APPROVER, enrollment_id=one, coach_id=NOBODY
    )
    scene.refuses(
        NotFoundError,
        enrollment.declare_conflict,
        APPROVER,
        enrollment_id=one,
        conflicted_person_id=NOBODY,
        reason="r",
    )
    scene.submits(one)
    scene.refuses(
        NotAnAssessorError,
        enrollment.assign_assessor,
        APPROVER,
        enrollment_id=one,
        assessor_id=NOBODY,
    )


# What a decision rests on


def meanwhile(
    scene: Scene,
    interrupted: InterruptedLedger,
    happens: Callable[[], object],
    command: Callable[..., Receipt],
    **fields: Any,
) -> Receipt:
    """Run a command that has read when something else happens, and appends only then."""
    interrupted.before_appending = happens
    return command(interrupted, scene.call(APPROVER), **fields)


def test_nobody_enrolls_in_what_was_retired_in_the_meantime(
    scene: Scene, interrupted: InterruptedLedger
) -> None:
    def retires() -> None:
        scene.run(
            credential.retire_credential,
            APPROVER,
            credential_id=scene.credential_id,
            reason="replaced",
        )

    with pytest.raises(CredentialRetiredError):
        meanwhile(
            scene,
            interrupted,
            retires,
            enrollment.enroll,
            person_id=EARNER,
            credential_id=scene.credential_id,
        )


def test_of_two_who_begin_the_same_cycle_one_is_refused(
    scene: Scene, interrupted: InterruptedLedger
) -> None:
    with pytest.raises(AlreadyEnrolledError):
        meanwhile(
            scene,
            interrupted,
            scene.enrolls,
            enrollment.enroll,
            person_id=EARNER,
            credential_id=scene.credential_id,
        )


def test_nobody_is_assigned_whose_award_was_revoked_in_the_meantime(
    scene: Scene, interrupted: InterruptedLedger
) -> None:
    own = scene.awarded(COACH)
    scene.run(assessor.qualify_assessor, APPROVER, enrollment_id=own, agreement_percent=80)
    one = scene.enrolls(EARNER)
    scene.submits(one)
    with pytest.raises(NotAHolderError):
        meanwhile(
            scene,
            interrupted,
            lambda: revoked(scene, own),
            enrollment.assign_assessor,
            enrollment_id=one,
            assessor_id=COACH,
        )


def test_nobody_is_assigned_who_was_withdrawn_in_the_meantime(
    scene: Scene, interrupted: InterruptedLedger
) -> None:
    one = scene.enrolls()
    scene.submits(one)

    def withdraws() -> None:
        scene.run(
            assessor.withdraw_assessor,
            APPROVER,
            person_id=FIRST,
            credential_id=scene.credential_id,
            reason="drift",
        )

    with pytest.raises(NotAnAssessorError):
        meanwhile(
            scene,
            interrupted,
            withdraws,
            enrollment.assign_assessor,
            enrollment_id=one,
            assessor_id=FIRST,
        )


def test_no_award_comes_back_beside_a_cycle_begun_in_the_meantime(
    scene: Scene, interrupted: InterruptedLedger
) -> None:
    one = scene.awarded()
    revoked(scene, one)
    with pytest.raises(LaterCycleError):
        meanwhile(
            scene,
            interrupted,
            scene.enrolls,
            enrollment.reinstate_award,
            enrollment_id=one,
            reason="mistaken",
            authority="committee",
        )


def test_a_decision_is_made_anew_when_what_happened_leaves_it_possible(
    scene: Scene, interrupted: InterruptedLedger
) -> None:
    one = scene.enrolls()
    scene.submits(one)
    receipt = meanwhile(
        scene,
        interrupted,
        lambda: scene.assigns(one, FIRST),
        enrollment.assign_assessor,
        enrollment_id=one,
        assessor_id=SECOND,
    )
    assert [event.seat for event in receipt.events] == [2]  # type: ignore[union-attr]


# Many at once


def at_once(calls: list[Callable[[], Receipt]]) -> list[Receipt | LedgerError]:
    def outcome(one: Callable[[], Receipt]) -> Receipt | LedgerError:
        try:
            return one()
        except LedgerError as refusal:
            return refusal

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(outcome, calls))


def deciding(scene: Scene, one: UUID, call: Call) -> Callable[[], Receipt]:
    return lambda: enrollment.decide_review(scene.ledger, call, enrollment_id=one, decision="award")


def test_of_32_decisions_on_one_submission_one_stands(scene: Scene) -> None:
    one = scene.recommended()
    before = scene.position
    outcomes = at_once([deciding(scene, one, scene.call(APPROVER)) for _ in range(32)])
    assert len([outcome for outcome in outcomes if isinstance(outcome, Receipt)]) == 1
    refusals = [outcome for outcome in outcomes if isinstance(outcome, LedgerError)]
    assert {type(refusal) for refusal in refusals} <= {SecondDecisionError, ConflictError}
    assert scene.position == before + 2


def test_16_resends_of_one_command_are_one_decision_and_16_equal_answers(scene: Scene) -> None:
    one = scene.recommended()
    before = scene.position
    call = scene.call(APPROVER)
    outcomes = at_once([deciding(scene, one, call) for _ in range(16)])
    assert all(outcome == outcomes[0] for outcome in outcomes), outcomes
    assert isinstance(outcomes[0], Receipt)
    assert scene.position == before + 2


def test_a_resend_after_everything_has_moved_on_gets_the_first_answer(scene: Scene) -> None:
    one = scene.recommended()
    call = scene.call(APPROVER)
    first = deciding(scene, one, call)()
    revoked(scene, one)
    again = deciding(scene, one, call)()
    assert again == first
    assert (first.replayed, again.replayed) == (False, True)


def test_a_resend_is_looked_up_before_anything_is_decided(scene: Scene) -> None:
    """Deciding may take long, and what it rests on may be gone."""
    call = scene.call(EARNER)
    enrolled = scene.state(scene.enrolls())
    begun = Enrolled(
        **first_header(uuid4(), call.act),
        person_id=EARNER,
        credential_id=enrolled.credential_id,
        credential_version=1,
        issuer_id=enrolled.issuer_id,
        cycle=1,
        renews_enrollment_id=None,
    )
    asked: list[Reader] = []

    def decide(read: Reader) -> list[Enrolled]:
        asked.append(read)
        return [begun]

    first = scene.ledger.run(call, decide)
    stale = replace(call, expected_version=99)
    assert scene.ledger.run(stale, decide) == first, "nor is its If-Match looked at again"
    assert len(asked) == 1


@pytest.mark.parametrize("moment", ["before_reading", "before_appending"])
def test_a_resend_whose_first_sending_was_stored_in_the_meantime_gets_the_first_answer(
    scene: Scene, interrupted: InterruptedLedger, moment: str
) -> None:
    """Also where what the first sending did would now be refused."""
    one = scene.recommended()
    call = scene.call(APPROVER)
    setattr(interrupted, moment, deciding(scene, one, call))
    again = enrollment.decide_review(interrupted, call, enrollment_id=one, decision="award")
    assert again.replayed
    assert names(again) == ["ReviewDecided", "Awarded"]


def test_an_expected_version_that_is_not_the_newest_is_refused(scene: Scene) -> None:
    one = scene.enrolls()
    version = scene.state(one).version
    scene.run(enrollment.upload_evidence, EARNER, enrollment_id=one, artifact=EXTRA)
    stale = scene.call(EARNER, expected_version=version)
    with pytest.raises(PreconditionError, match="newest version is 2"):
        enrollment.withdraw_enrollment(scene.ledger, stale, enrollment_id=one, reason="moved")
    fresh = scene.call(EARNER, expected_version=version + 1)
    enrollment.withdraw_enrollment(scene.ledger, fresh, enrollment_id=one, reason="moved")


def test_a_refusal_leaves_nothing_and_its_command_id_free(scene: Scene) -> None:
    one = scene.enrolls()
    call = scene.call(APPROVER, command_id=uuid4())
    with pytest.raises(NotUnderReviewError):
        enrollment.assign_assessor(scene.ledger, call, enrollment_id=one, assessor_id=FIRST)
    scene.submits(one)
    receipt = enrollment.assign_assessor(scene.ledger, call, enrollment_id=one, assessor_id=FIRST)
    assert not receipt.replayed
    assert isinstance(scene.ledger.get(Enrollment, one).seat_of(FIRST), object)
