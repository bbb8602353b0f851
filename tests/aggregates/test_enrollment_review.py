"""The review of an attempt: seats, scores, recommendation, decision."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from ledger.aggregates.assessor import (
    Assessor,
    NotAHolderError,
    NotAnAssessorError,
    NotCalibratedError,
)
from ledger.aggregates.enrollment_refusals import (
    AlreadyScoredError,
    AlreadySeatedError,
    AssessedBeforeAppealError,
    AssessorIsAuthorError,
    AssessorIsCoachError,
    AssessorIsEarnerError,
    AssignmentNotLapsedError,
    ConflictOfInterestError,
    DeciderIsAssessorError,
    DeciderIsEarnerError,
    DecisionContradictedError,
    FeedbackMissingError,
    NoFreeSeatError,
    NoIntegrityHoldError,
    NotRecommendedError,
    NotUnderReviewError,
    NotYourSeatError,
    ReasonMissingError,
    SecondDecisionError,
)
from ledger.aggregates.enrollment_state import Status
from ledger.aggregates.issuer import Issuer
from ledger.events.assessor import AssessorQualified
from ledger.events.enrollment import (
    Adjudicated,
    AssessorAssigned,
    AssessorRecused,
    AssignmentLapsed,
    Awarded,
    ConflictDeclared,
    CriteriaRemarked,
    CriterionRemark,
    CriterionResult,
    CriterionScore,
    IntegrityHoldResolved,
    Recommended,
    ReviewDecided,
    Scored,
)
from ledger.events.issuer import IssuerTermsChanged
from ledger.rules.review import RubricMismatchError
from tests.given import Outcome, fact, given
from tests.samples import (
    APPROVER,
    AUTHOR,
    COACH,
    CREDENTIAL,
    DAY,
    EARNER,
    ENROLLMENT,
    FIRST,
    ISSUER,
    MET,
    MONDAY,
    NOT_MET,
    OTHER_APPROVER,
    SECOND,
    STRANGER,
    THIRD,
    TOLD,
    ZONE,
    Story,
    act,
    credential,
    definition,
    founding_assessor,
    header,
    issuer_events,
    issuer_terms,
    levels,
    named,
    rubric,
    vault_text,
)

TODAY = date(2024, 11, 18)


def results(*met: bool) -> tuple[CriterionResult, ...]:
    return tuple(CriterionResult(criterion=f"c{n}", met=one) for n, one in enumerate(met, start=1))


def assigning(story: Story, assessor_id: Any = FIRST, **changes: Any) -> Outcome:
    asked: dict[str, Any] = {
        "assessor": founding_assessor(assessor_id),
        "holds_award": False,
        "credential": story.credential,
        "issuer": story.issuer,
    }
    return given(*story.events).when(
        lambda e: e.assign(act(APPROVER, story.at), assessor_id=assessor_id, **asked | changes)
    )


def scoring(story: Story, assessor_id: Any, reached: dict[str, str], **changes: Any) -> Outcome:
    asked: dict[str, Any] = {"credential": story.credential, "levels": reached}
    return given(*story.events).when(
        lambda e: e.score(act(assessor_id, story.at), **asked | changes)
    )


def deciding(story: Story, decision: str, by: Any = APPROVER, **changes: Any) -> Outcome:
    asked: dict[str, Any] = {
        "credential": story.credential,
        "issuer": story.issuer,
        "decision": decision,
        "remarks": TOLD if decision == "not_yet" else {},
    }
    return given(*story.events).when(lambda e: e.decide(act(by, story.at), **asked | changes))


def resolving(story: Story, finding: str, by: Any = APPROVER) -> Outcome:
    return given(*story.events).when(
        lambda e: e.resolve_hold(
            act(by, story.at), issuer=story.issuer, finding=finding, reason="looked-into"
        )
    )


def in_review() -> Story:
    return Story().submitted()


def recommended() -> Story:
    return in_review().scored(MET, MET)


def held() -> Story:
    return recommended().decided("integrity_hold", "duplicate")


def split() -> Story:
    """Two assessors stand on either side of the second criterion's line."""
    return in_review().scored(MET, NOT_MET)


# Seats


def test_an_attempt_gets_two_assessors_in_turn_with_a_week_each() -> None:
    story = in_review()
    assigning(story, FIRST).then(
        fact(
            AssessorAssigned,
            attempt=1,
            seat=1,
            assessor_id=FIRST,
            zone=ZONE,
            lapses_on=date(2024, 11, 25),
            person_id=EARNER,
        )
    )
    assigning(story.assigned(FIRST), SECOND).then(fact(AssessorAssigned, seat=2))


def test_a_third_is_not_needed_before_both_have_scored() -> None:
    story = in_review().assigned()
    assigning(story, THIRD).then_refused(NoFreeSeatError)
    assigning(story.scores(FIRST, MET), THIRD).then_refused(NoFreeSeatError)


def test_nobody_is_assigned_once_two_agree_or_a_third_is_seated() -> None:
    assigning(recommended(), THIRD).then_refused(NotUnderReviewError)
    assigning(split().assigned(THIRD), STRANGER).then_refused(NoFreeSeatError)


def test_nobody_is_assigned_before_an_attempt_is_handed_in() -> None:
    assigning(Story()).then_refused(NotUnderReviewError, "open")


def test_nobody_assesses_her_own_work() -> None:
    assigning(in_review(), EARNER).then_refused(AssessorIsEarnerError)


def test_practice_42_a_coach_does_not_assess_the_teacher_she_coaches() -> None:
    story = in_review().does(APPROVER, lambda e, a: e.assign_coach(a, coach_id=COACH))
    refused = assigning(story, COACH).then_refused(AssessorIsCoachError)
    assert isinstance(refused, ConflictOfInterestError)


def test_whoever_has_a_declared_tie_does_not_assess() -> None:
    story = in_review().does(
        SECOND, lambda e, a: e.declare_conflict(a, conflicted_person_id=SECOND, reason="household")
    )
    assigning(story, SECOND).then_refused(ConflictOfInterestError)


def test_practice_21_an_author_does_not_assess_what_she_wrote() -> None:
    assigning(in_review(), AUTHOR).then_refused(AssessorIsAuthorError)


def test_the_seats_are_taken_by_different_people() -> None:
    assigning(in_review().assigned(FIRST), FIRST).then_refused(AlreadySeatedError)
    assigning(split(), SECOND).then_refused(AlreadySeatedError)


def test_only_an_assessor_of_the_credential_is_assigned() -> None:
    assigning(in_review(), FIRST, assessor=None).then_refused(NotAnAssessorError, str(FIRST))


@pytest.mark.parametrize(
    ("percent", "holds_award", "refusal"),
    [(80, True, None), (80, False, NotAHolderError), (79, True, NotCalibratedError)],
)
def test_practices_11_and_12_a_qualified_assessor_is_a_calibrated_holder_when_assigned(
    percent: int, refusal: Any, *, holds_award: bool
) -> None:
    qualified = Assessor.fold(
        None,
        [
            AssessorQualified(
                **header(named("standing")),
                person_id=FIRST,
                credential_id=CREDENTIAL,
                issuer_id=ISSUER,
                enrollment_id=named("her own award"),
                agreement_percent=percent,
                valid_until=None,
            )
        ],
    )
    outcome = assigning(in_review(), FIRST, assessor=qualified, holds_award=holds_award)
    if refusal is None:
        outcome.then(AssessorAssigned)
    else:
        outcome.then_refused(refusal)


def test_an_assignment_lapses_by_the_terms_under_which_the_attempt_was_handed_in() -> None:
    story = in_review()
    changed = IssuerTermsChanged(
        **header(ISSUER, 4, at=MONDAY + DAY), terms=issuer_terms(assignment_days=1)
    )
    later = Issuer.fold(None, [*issuer_events(), changed])
    assert later is not None
    story.issuer = later
    assigning(story.later(2)).then(fact(AssessorAssigned, lapses_on=date(2024, 11, 27)))


def test_an_assessor_steps_back_and_the_seat_is_free() -> None:
    story = in_review().assigned()
    state = (
        given(*story.events)
        .when(lambda e: e.recuse(act(FIRST), assessor_id=FIRST, reason="colleague"))
        .then(fact(AssessorRecused, seat=1, assessor_id=FIRST, reason="colleague", attempt=1))
    )
    assert state.free_seat() == 1
    assert state.seat_of(SECOND).seat == 2


def test_only_a_seated_assessor_who_has_not_scored_steps_back() -> None:
    story = in_review().assigned().scores(FIRST, MET)

    def recusing(person: Any) -> Outcome:
        return given(*story.events).when(
            lambda e: e.recuse(act(person), assessor_id=person, reason="colleague")
        )

    recusing(FIRST).then_refused(AlreadyScoredError)
    recusing(STRANGER).then_refused(NotYourSeatError)
    recusing(SECOND).then(AssessorRecused)


def lapsing(story: Story, seat: int = 1) -> Outcome:
    return given(*story.events).when(
        lambda e: e.lapse(act(APPROVER, story.at), seat=seat, issuer=story.issuer)
    )


def test_an_assignment_lapses_after_its_last_day_and_not_on_it() -> None:
    story = in_review().assigned()
    story.at = datetime(2024, 11, 26, 4, 59, tzinfo=UTC)  # 25 November 23:59 in New York
    lapsing(story).then_refused(AssignmentNotLapsedError, "2024-11-25")
    story.at += timedelta(minutes=1)
    state = lapsing(story).then(fact(AssignmentLapsed, seat=1, assessor_id=FIRST, attempt=1))
    assert state.free_seat() == 1


def test_what_is_scored_or_free_does_not_lapse() -> None:
    story = in_review().assigned().scores(FIRST, MET).later(30)
    lapsing(story, 1).then_refused(AlreadyScoredError)
    lapsing(story, 3).then_refused(NotYourSeatError, "seat 3")
    lapsing(story, 2).then(AssignmentLapsed)


def test_a_late_score_counts_until_the_seat_is_taken_away() -> None:
    scoring(in_review().assigned().later(30), FIRST, MET).then(Scored)


@pytest.mark.parametrize(
    "command",
    [
        lambda e: e.recuse(act(FIRST), assessor_id=FIRST, reason="colleague"),
        lambda e: e.lapse(act(), seat=1, issuer=Story().issuer),
        lambda e: e.score(act(FIRST), credential=credential(), levels=MET),
    ],
    ids=["recuse", "lapse", "score"],
)
def test_seats_are_moved_and_scored_during_a_review_only(command: Callable[[Any], Any]) -> None:
    given(*recommended().events).when(command).then_refused(NotUnderReviewError, "recommended")


# Scores


def test_an_assessor_scores_in_her_own_seat_and_it_is_not_yet_recommended() -> None:
    state = scoring(in_review().assigned(), SECOND, MET, feedback=vault_text("feedback")).then(
        fact(
            Scored,
            attempt=1,
            seat=2,
            assessor_id=SECOND,
            scores=(
                CriterionScore(criterion="c1", level="l3", met=True),
                CriterionScore(criterion="c2", level="l4", met=True),
            ),
            feedback=vault_text("feedback"),
        )
    )
    assert state.status is Status.IN_REVIEW


def test_nobody_scores_without_a_seat_or_twice() -> None:
    story = in_review().assigned().scores(FIRST, MET)
    scoring(story, FIRST, MET).then_refused(AlreadyScoredError)
    scoring(story, STRANGER, MET).then_refused(NotYourSeatError, str(STRANGER))


def test_practice_6_scores_fit_the_rubric_that_was_pinned() -> None:
    """Four criteria were pinned; the version with five came a day later."""
    four, five = definition(rubric=rubric(4)), definition(rubric=rubric(5))
    story = Story(asks=four).submitted().assigned()
    story.credential = credential(four, five)
    refused = scoring(story, FIRST, levels(3, 3, 3, 3, 3)).then_refused(
        RubricMismatchError, "not in it: c5"
    )
    assert refused.slug == "rubric-mismatch"
    scoring(story, FIRST, levels(3, 3, 3)).then_refused(RubricMismatchError, "missing: c4")
    scoring(story, FIRST, levels(3, 3, 3, 3)).then(Scored)


def test_two_that_agree_bring_the_recommendation_with_them() -> None:
    story = in_review().assigned().scores(FIRST, levels(3, 3))
    state = scoring(story, SECOND, levels(4, 4)).then(
        Scored,
        fact(Recommended, attempt=1, outcome="met", results=results(True, True)),
    )
    assert state.status is Status.RECOMMENDED


def test_practice_1_one_criterion_not_met_recommends_not_yet() -> None:
    story = Story(asks=definition(rubric=rubric(5))).submitted().assigned()
    story.scores(FIRST, levels(4, 4, 4, 4, 1))
    scoring(story, SECOND, levels(4, 4, 4, 4, 2)).then(
        Scored,
        fact(Recommended, outcome="not_yet", results=results(True, True, True, True, False)),
    )


def test_two_that_differ_wait_for_a_third() -> None:
    story = in_review().assigned().scores(FIRST, MET)
    state = scoring(story, SECOND, NOT_MET).then(Scored)
    assert state.status is Status.IN_REVIEW
    assert state.free_seat() == 3


@pytest.mark.parametrize(("third", "outcome"), [(MET, "met"), (NOT_MET, "not_yet")])
def test_the_adjudicators_scores_stand(third: dict[str, str], outcome: str) -> None:
    story = split().assigned(THIRD)
    scoring(story, THIRD, third, feedback=vault_text("third")).then(
        fact(Adjudicated, attempt=1, assessor_id=THIRD, feedback=vault_text("third")),
        fact(Recommended, outcome=outcome, results=results(True, outcome == "met")),
    )


# Decisions


def test_an_award_is_decided_and_given_in_one_command() -> None:
    state = deciding(recommended(), "award", feedback=vault_text("well done")).then(
        fact(
            ReviewDecided,
            attempt=1,
            decision="award",
            results=results(True, True),
            reason=None,
            feedback=vault_text("well done"),
            zone=ZONE,
            decided_on=TODAY,
            actor_id=APPROVER,
        ),
        fact(
            Awarded,
            credential_id=CREDENTIAL,
            credential_version=1,
            issuer_id=ISSUER,
            attempt=1,
            zone=ZONE,
            awarded_on=TODAY,
            expires_on=None,
            originator_id=ENROLLMENT,
        ),
    )
    assert state.status is Status.AWARDED
    assert state.holds(date(2099, 1, 1))


def test_practice_13_words_about_criteria_stand_ahead_of_what_they_are_about() -> None:
    """In the rubric's order; of what the rubric has not nobody speaks."""
    words = {name: vault_text(name) for name in ("c2", "c1")}
    told = tuple(CriterionRemark(criterion=name, words=words[name]) for name in ("c1", "c2"))
    remarked = fact(CriteriaRemarked, attempt=1, remarks=told, actor_id=APPROVER)
    state = deciding(recommended(), "award", remarks=words).then(remarked, ReviewDecided, Awarded)
    assert (state.status, state.version) == (Status.AWARDED, len(recommended().events) + 3)
    one_more = {**words, "c9": vault_text("c9")}
    deciding(recommended(), "award", remarks=one_more).then_refused(RubricMismatchError, "c9")
    scoring(in_review().assigned(), FIRST, MET, remarks=words).then(CriteriaRemarked, Scored)


def told_by(assessor_id: Any, *criteria: str, reached: dict[str, str] = NOT_MET) -> Story:
    """An attempt that both find not to be met, one of them with words about these criteria."""
    story = in_review().assigned()
    for seated in (FIRST, SECOND):
        said = {name: vault_text(name) for name in criteria} if seated == assessor_id else {}
        story.does(
            seated,
            lambda e, a, said=said: e.score(
                a, credential=story.credential, levels=reached, remarks=said
            ),
        )
    return story


def test_practice_13_a_not_yet_has_words_about_each_criterion_that_is_not_met() -> None:
    both_unmet = levels(2, 2)
    silent = deciding(told_by(FIRST, "c1", reached=both_unmet), "not_yet", remarks={})
    refused = silent.then_refused(FeedbackMissingError, "what is missing in c2")
    assert refused.operands == {"criteria": ["c2"]}
    deciding(told_by(SECOND, "c1", "c2", reached=both_unmet), "not_yet", remarks={}).then(
        ReviewDecided
    )
    deciding(told_by(FIRST, "c1", reached=both_unmet), "not_yet", remarks=TOLD).then(
        CriteriaRemarked, ReviewDecided
    )
    deciding(told_by(FIRST), "integrity_hold", reason="duplicate").then(ReviewDecided)


def test_words_of_an_assessor_who_was_recused_or_of_an_earlier_attempt_are_no_feedback() -> None:
    tied = told_by(FIRST, "c2").does(
        FIRST, lambda e, a: e.declare_conflict(a, conflicted_person_id=FIRST, reason="sisters")
    )
    tied.assigned(THIRD).scores(THIRD, NOT_MET)
    deciding(tied, "not_yet", remarks={}).then_refused(FeedbackMissingError)
    again = in_review().scored(NOT_MET, NOT_MET).decided("not_yet").submitted()
    again.scored(NOT_MET, NOT_MET)
    deciding(again, "not_yet", remarks={}).then_refused(FeedbackMissingError)


def test_an_award_expires_by_the_pinned_version_counted_at_the_issuers() -> None:
    story = Story(asks=definition(valid_months=12), at=datetime(2024, 3, 1, 4, 59, tzinfo=UTC))
    state = deciding(story.submitted().scored(MET, MET), "award").then(
        ReviewDecided,
        fact(Awarded, awarded_on=date(2024, 2, 29), expires_on=date(2025, 2, 28)),
    )
    assert state.holds(date(2025, 2, 27))
    assert not state.holds(date(2025, 2, 28))


def test_a_not_yet_uses_the_attempt_and_opens_the_next() -> None:
    state = deciding(in_review().scored(NOT_MET, NOT_MET), "not_yet").then(
        CriteriaRemarked,
        fact(ReviewDecided, decision="not_yet", results=results(True, False), attempt=1),
    )
    assert (state.status, state.attempts_used) == (Status.OPEN, 1)


@pytest.mark.parametrize("decision", ["award", "not_yet", "integrity_hold"])
def test_a_second_decision_is_refused_when_one_stands(decision: str) -> None:
    stories = [Story().awarded(), Story().failed(), held()]
    for story in stories:
        refused = deciding(story, decision, OTHER_APPROVER, reason="doubt").then_refused(
            SecondDecisionError, "attempt 1", "2024-11-18"
        )
        assert refused.slug == "second-decision"


def test_nothing_is_decided_without_a_recommendation() -> None:
    for story in (Story(), in_review(), in_review().assigned().scores(FIRST, MET), split()):
        deciding(story, "award").then_refused(NotRecommendedError)


def test_nobody_decides_on_her_own_work() -> None:
    deciding(recommended(), "award", EARNER).then_refused(DeciderIsEarnerError)


@pytest.mark.parametrize("assessor", [FIRST, SECOND, THIRD])
def test_who_scored_the_attempt_does_not_decide_on_it(assessor: Any) -> None:
    story = split().assigned(THIRD).scores(THIRD, MET)
    deciding(story, "award", assessor).then_refused(DeciderIsAssessorError, str(assessor))


def test_who_scored_an_earlier_attempt_may_decide_on_this_one() -> None:
    story = Story().failed().submitted().assigned(THIRD, STRANGER)
    story.scores(THIRD, MET).scores(STRANGER, MET)
    deciding(story, "award", FIRST).then(ReviewDecided, Awarded)


def test_an_adjudicator_who_was_not_needed_in_the_end_does_not_decide() -> None:
    story = split().assigned(THIRD)
    story.does(
        SECOND, lambda e, a: e.declare_conflict(a, conflicted_person_id=SECOND, reason="household")
    )
    story.assigned(STRANGER).scores(STRANGER, MET)
    deciding(story, "award", THIRD).then_refused(DeciderIsAssessorError)


def test_nothing_is_decided_once_she_has_withdrawn() -> None:
    story = recommended().does(EARNER, lambda e, a: e.withdraw(a, reason="moved"))
    deciding(story, "award").then_refused(NotRecommendedError, "withdrawn")


def test_whoever_has_a_tie_to_the_earner_does_not_decide() -> None:
    story = recommended().does(APPROVER, lambda e, a: e.assign_coach(a, coach_id=COACH))
    story.does(
        APPROVER,
        lambda e, a: e.declare_conflict(a, conflicted_person_id=STRANGER, reason="household"),
    )
    deciding(story, "award", COACH).then_refused(ConflictOfInterestError)
    deciding(story, "award", STRANGER).then_refused(ConflictOfInterestError)


def test_an_award_needs_every_criterion_met_and_a_not_yet_one_that_is_not() -> None:
    not_yet = in_review().scored(NOT_MET, NOT_MET)
    deciding(not_yet, "award", reason="kind").then_refused(DecisionContradictedError, "not met: c2")
    refused = deciding(recommended(), "not_yet", reason="strict").then_refused(
        DecisionContradictedError, "not met: none"
    )
    assert refused.operands == {"unmet": []}


def test_a_decision_that_departs_gives_its_own_findings_and_a_reason() -> None:
    not_yet = in_review().scored(NOT_MET, NOT_MET)
    all_met = {"c1": True, "c2": True}
    deciding(not_yet, "award", findings=all_met).then_refused(ReasonMissingError)
    deciding(not_yet, "award", findings=all_met, reason="evidence-overlooked").then(
        fact(ReviewDecided, results=results(True, True), reason="evidence-overlooked"), Awarded
    )
    one_unmet = {"c1": False, "c2": True}
    told = {"c1": vault_text("what c1 lacks")}
    deciding(recommended(), "not_yet", findings=one_unmet, reason="wrong-level", remarks=told).then(
        CriteriaRemarked, fact(ReviewDecided, results=results(False, True), reason="wrong-level")
    )


def test_findings_that_repeat_the_recommendation_need_no_reason() -> None:
    deciding(recommended(), "award", findings={"c1": True, "c2": True}).then(ReviewDecided, Awarded)


def test_practice_6_findings_fit_the_rubric_that_was_pinned() -> None:
    deciding(recommended(), "award", findings={"c1": True}, reason="r").then_refused(
        RubricMismatchError, "missing: c2"
    )


# Integrity


def test_a_hold_needs_a_reason_and_keeps_the_attempt() -> None:
    deciding(recommended(), "integrity_hold").then_refused(ReasonMissingError)
    state = deciding(recommended(), "integrity_hold", reason="duplicate").then(
        fact(ReviewDecided, decision="integrity_hold", reason="duplicate")
    )
    assert (state.status, state.attempts_used) == (Status.HELD, 0)


def test_a_cleared_attempt_is_decided_anew() -> None:
    state = resolving(held(), "cleared").then(
        fact(
            IntegrityHoldResolved,
            attempt=1,
            finding="cleared",
            reason="looked-into",
            zone=ZONE,
            resolved_on=TODAY,
        )
    )
    assert state.status is Status.RECOMMENDED
    story = held().does(
        APPROVER,
        lambda e, a: e.resolve_hold(a, issuer=Story().issuer, finding="cleared", reason="fine"),
    )
    deciding(story, "award").then(ReviewDecided, Awarded)


def test_a_confirmed_hold_voids_the_attempt_like_a_not_yet() -> None:
    state = resolving(held(), "confirmed").then(fact(IntegrityHoldResolved, finding="confirmed"))
    assert (state.status, state.attempts_used, state.decided_on) == (Status.OPEN, 1, TODAY)


def test_a_hold_is_resolved_while_it_is_one_by_somebody_who_may_decide() -> None:
    resolving(recommended(), "cleared").then_refused(NoIntegrityHoldError, "recommended")
    resolving(held(), "cleared", by=EARNER).then_refused(DeciderIsEarnerError)
    resolving(held(), "cleared", by=FIRST).then_refused(DeciderIsAssessorError)


# Ties that come to light


def declaring(story: Story, person: Any) -> Outcome:
    return given(*story.events).when(
        lambda e: e.declare_conflict(
            act(person, story.at), conflicted_person_id=person, reason="household"
        )
    )


def test_a_tie_frees_the_seat_of_an_assessor_who_has_not_scored() -> None:
    state = declaring(in_review().assigned(), FIRST).then(
        fact(ConflictDeclared, conflicted_person_id=FIRST, reason="household"),
        fact(AssessorRecused, seat=1, assessor_id=FIRST, reason="household"),
    )
    assert state.free_seat() == 1


def test_a_tie_of_one_who_has_scored_voids_her_scores_and_the_recommendation() -> None:
    state = declaring(recommended(), FIRST).then(ConflictDeclared, AssessorRecused)
    assert (state.status, state.results, state.free_seat()) == (Status.IN_REVIEW, None, 1)
    assert state.scores_in(1) is None


def test_a_tie_found_during_a_hold_sends_the_attempt_back_into_review() -> None:
    story = held().does(
        FIRST, lambda e, a: e.declare_conflict(a, conflicted_person_id=FIRST, reason="household")
    )
    assert story.enrollment.status is Status.HELD
    state = resolving(story, "cleared").then(IntegrityHoldResolved)
    assert (state.status, state.free_seat()) == (Status.IN_REVIEW, 1)


def test_a_replacement_who_agrees_settles_it_without_the_adjudicator() -> None:
    story = split().assigned(THIRD)
    story.does(
        SECOND, lambda e, a: e.declare_conflict(a, conflicted_person_id=SECOND, reason="household")
    ).assigned(STRANGER)
    scoring(story, STRANGER, MET).then(fact(Scored, seat=2), fact(Recommended, outcome="met"))


def test_a_replacement_who_differs_leaves_it_to_the_adjudicator_who_has_scored() -> None:
    story = split().assigned(THIRD).scores(THIRD, NOT_MET)
    story.does(
        SECOND, lambda e, a: e.declare_conflict(a, conflicted_person_id=SECOND, reason="household")
    ).assigned(STRANGER)
    scoring(story, STRANGER, NOT_MET).then(
        fact(Scored, seat=2), fact(Recommended, outcome="not_yet")
    )


def test_a_tie_of_a_bystander_or_after_the_decision_frees_no_seat() -> None:
    declaring(in_review().assigned(), STRANGER).then(ConflictDeclared)
    declaring(Story().failed(), FIRST).then(ConflictDeclared)


# After an appeal


def restored() -> Story:
    story = Story().failed()
    story.does(EARNER, lambda e, a: e.open_appeal(a, issuer=story.issuer, ground="process"))
    return story.does(
        OTHER_APPROVER,
        lambda e, a: e.decide_appeal(
            a, issuer=story.issuer, finding="overturned", reason="process", later=()
        ),
    )


@pytest.mark.parametrize("assessor", [FIRST, SECOND])
def test_a_restored_attempt_is_reviewed_by_other_people(assessor: Any) -> None:
    assigning(restored(), assessor).then_refused(AssessedBeforeAppealError)
    assigning(restored(), THIRD).then(fact(AssessorAssigned, seat=1, attempt=1))


def test_the_adjudicator_stays_away_from_a_restored_attempt_too() -> None:
    story = in_review().scored(MET, NOT_MET, NOT_MET).decided("not_yet")
    story.does(EARNER, lambda e, a: e.open_appeal(a, issuer=story.issuer, ground="process"))
    story.does(
        OTHER_APPROVER,
        lambda e, a: e.decide_appeal(
            a, issuer=story.issuer, finding="overturned", reason="process", later=()
        ),
    )
    assigning(story, THIRD).then_refused(AssessedBeforeAppealError)


def test_they_stay_away_from_the_attempt_when_it_is_returned_and_handed_in_again() -> None:
    story = restored()
    story.does(APPROVER, lambda e, a: e.return_submission(a, reasons=["unreadable"])).submitted()
    assigning(story, FIRST).then_refused(AssessedBeforeAppealError)
    story.assigned(THIRD, STRANGER).scores(THIRD, MET).scores(STRANGER, MET)
    deciding(story, "award", FIRST).then_refused(DeciderIsAssessorError)


def test_they_may_assess_the_next_attempt() -> None:
    story = restored().assigned(THIRD, STRANGER).scores(THIRD, NOT_MET).scores(STRANGER, NOT_MET)
    assigning(story.decided("not_yet").submitted(), FIRST).then(fact(AssessorAssigned, attempt=2))


def test_whoever_scored_before_the_appeal_does_not_decide_after_it() -> None:
    story = restored().assigned(THIRD, STRANGER).scores(THIRD, MET).scores(STRANGER, MET)
    deciding(story, "award", FIRST).then_refused(DeciderIsAssessorError)
    deciding(story, "award", APPROVER).then(ReviewDecided, Awarded)
