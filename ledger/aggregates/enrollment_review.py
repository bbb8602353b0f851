"""The review of an attempt: assessors seated, scores, a recommendation, and the decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from ledger.aggregates.assessor import Assessor, NotAnAssessorError
from ledger.aggregates.base import Act
from ledger.aggregates.credential import Credential
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
from ledger.aggregates.enrollment_state import (
    ADJUDICATOR_SEAT,
    FIRST_SEAT,
    SECOND_SEAT,
    EnrollmentState,
    Seat,
    Status,
)
from ledger.aggregates.issuer import Issuer
from ledger.events import AnyEnrollmentEvent
from ledger.events.credential import Criterion
from ledger.events.enrollment import (
    Adjudicated,
    AssessorAssigned,
    AssessorRecused,
    AssignmentLapsed,
    Awarded,
    CriteriaRemarked,
    CriterionRemark,
    Decision,
    IntegrityHoldResolved,
    Recommended,
    ReviewDecided,
    Scored,
)
from ledger.rules.calendars import add_months
from ledger.rules.review import (
    Results,
    Scores,
    must_be_of_rubric,
    outcome_of,
    results_from_findings,
    scores_from_levels,
    settle,
)
from ledger.values import VaultText

Remarks = Mapping[str, VaultText]  # words about single criteria, by their names
NO_REMARKS: Remarks = MappingProxyType({})


class ReviewCommands(EnrollmentState):
    """What leads from an attempt handed in to a decision on it."""

    def assign(
        self,
        act: Act,
        *,
        assessor_id: UUID,
        assessor: Assessor | None,
        holds_award: bool,
        credential: Credential,
        issuer: Issuer,
    ) -> Sequence[AnyEnrollmentEvent]:
        """Give the attempt to an assessor, in the next seat that is free.

        `assessor` is her standing for this micro-credential if she ever had one, `holds_award`
        whether she holds it today. The issuer's terms when the attempt was handed in say when
        the assignment lapses.
        """
        self._must_be_in_review()
        seat = self.free_seat()
        if seat is None:
            raise NoFreeSeatError("the attempt needs no further assessor now")
        self._must_be_independent(assessor_id, credential)
        if assessor is None:
            raise NotAnAssessorError(f"{assessor_id} is no assessor of credential {credential.id}")
        assessor.must_be_fit(act, issuer=issuer, holds_award=holds_award)
        assert self.submitted_at is not None, "what is in review was handed in"
        days = issuer.terms_at(self.submitted_at).assignment_days
        return [
            AssessorAssigned(
                **self.header(act),
                person_id=self.person_id,
                attempt=self.attempt,
                seat=seat,
                assessor_id=assessor_id,
                zone=issuer.zone,
                lapses_on=issuer.today(act.at) + timedelta(days=days),
            )
        ]

    def recuse(self, act: Act, *, assessor_id: UUID, reason: str) -> Sequence[AnyEnrollmentEvent]:
        """Let an assessor who has not scored step back."""
        self._must_be_in_review()
        return [self.recusal(act, self._unscored_seat_of(assessor_id), reason)]

    def lapse(self, act: Act, *, seat: int, issuer: Issuer) -> Sequence[AnyEnrollmentEvent]:
        """Free a seat whose assessor has let her time pass."""
        self._must_be_in_review()
        taken = next((taken for taken in self.seats if taken.seat == seat), None)
        if taken is None:
            raise NotYourSeatError(f"nobody is in seat {seat}")
        if taken.scores is not None:
            raise AlreadyScoredError(f"seat {seat} has scored")
        if issuer.today(act.at) <= taken.lapses_on:
            raise AssignmentNotLapsedError(f"seat {seat} may score until {taken.lapses_on}")
        return [
            AssignmentLapsed(
                **self.header(act),
                person_id=self.person_id,
                attempt=self.attempt,
                seat=seat,
                assessor_id=taken.assessor_id,
            )
        ]

    def score(
        self,
        act: Act,
        *,
        credential: Credential,
        levels: Mapping[str, str],
        feedback: VaultText | None = None,
        remarks: Remarks = NO_REMARKS,
    ) -> Sequence[AnyEnrollmentEvent]:
        """Score every criterion of the pinned rubric, in the seat of whoever acts.

        `remarks` are words to her about single criteria. The scores that settle the attempt bring
        the recommendation with them.
        """
        self._must_be_in_review()
        seat = self._unscored_seat_of(act.actor_id)
        rubric = credential.definition_of(self.credential_version).rubric
        scores = scores_from_levels(rubric, levels)
        said = self._remarked(act, rubric, remarks)
        scored = self._scored(act, seat, scores, feedback, after=len(said))
        after = self.after(scored)
        results = settle(*map(after.scores_in, (FIRST_SEAT, SECOND_SEAT, ADJUDICATOR_SEAT)))
        if results is None:
            return [*said, scored]
        recommended = Recommended(
            **self.header(act, after=len(said) + 1),
            person_id=self.person_id,
            attempt=self.attempt,
            outcome=outcome_of(results),
            results=results,
        )
        return [*said, scored, recommended]

    def decide(
        self,
        act: Act,
        *,
        credential: Credential,
        issuer: Issuer,
        decision: Decision,
        findings: Mapping[str, bool] | None = None,
        reason: str | None = None,
        feedback: VaultText | None = None,
        remarks: Remarks = NO_REMARKS,
    ) -> Sequence[AnyEnrollmentEvent]:
        """Decide on the recommended attempt, and award in the same breath.

        An award needs every criterion met, a not yet at least one that is not, and words to her
        about each of those: an assessor's, or the decider's. An issuer that sees it otherwise than
        recommended gives its own `findings`, met or not for every criterion; then, and for an
        integrity hold, it gives a reason too.
        """
        recommended = self._must_be_recommended()
        self.must_be_free_to_decide(act.actor_id)
        definition = credential.definition_of(self.credential_version)
        results = recommended
        if findings is not None:
            results = results_from_findings(definition.rubric, findings)
        _must_fit(decision, results)
        if reason is None and (decision == "integrity_hold" or results != recommended):
            raise ReasonMissingError("a decision that departs from the recommendation needs one")
        said = self._remarked(act, definition.rubric, remarks)
        if decision == "not_yet":
            self._must_be_told_of(results, remarks)
        decided = ReviewDecided(
            **self.header(act, after=len(said)),
            person_id=self.person_id,
            attempt=self.attempt,
            decision=decision,
            results=results,
            reason=reason,
            feedback=feedback,
            zone=issuer.zone,
            decided_on=issuer.today(act.at),
        )
        if decision != "award":
            return [*said, decided]
        awarded = self._awarded(act, issuer, definition.valid_months, after=len(said) + 1)
        return [*said, decided, awarded]

    def resolve_hold(
        self, act: Act, *, issuer: Issuer, finding: Literal["cleared", "confirmed"], reason: str
    ) -> Sequence[AnyEnrollmentEvent]:
        """End a hold: cleared, to be decided anew; or confirmed, which voids the attempt."""
        if self.status is not Status.HELD:
            raise NoIntegrityHoldError(f"enrollment {self.id} is {self.status}")
        self.must_be_free_to_decide(act.actor_id)
        return [
            IntegrityHoldResolved(
                **self.header(act),
                person_id=self.person_id,
                attempt=self.attempt,
                finding=finding,
                reason=reason,
                zone=issuer.zone,
                resolved_on=issuer.today(act.at),
            )
        ]

    def must_be_free_to_decide(self, person_id: UUID) -> None:
        """Raises for the earner, whoever scored the attempt, and whoever has a tie to her."""
        ids = self.ids_of(person_id)
        if self.person_id in ids:
            raise DeciderIsEarnerError("nobody decides on her own work")
        if ids & self.scorers or self.seat_of(person_id) is not None:
            raise DeciderIsAssessorError(f"{person_id} assessed the attempt")
        if ids & (self.conflicted | self.coaches):
            raise ConflictOfInterestError(f"{person_id} has a tie to the earner")

    def recusal(self, act: Act, seat: Seat, reason: str, *, after: int = 0) -> AssessorRecused:
        return AssessorRecused(
            **self.header(act, after=after),
            person_id=self.person_id,
            attempt=self.attempt,
            seat=seat.seat,
            assessor_id=seat.assessor_id,
            reason=reason,
        )

    def _remarked(
        self, act: Act, rubric: Sequence[Criterion], remarks: Remarks
    ) -> list[AnyEnrollmentEvent]:
        """What is said of single criteria, in the rubric's order; nothing where nothing is."""
        must_be_of_rubric(rubric, remarks)
        said = tuple(
            CriterionRemark(criterion=one.criterion, words=remarks[one.criterion])
            for one in rubric
            if one.criterion in remarks
        )
        if not said:
            return []
        about: dict[str, Any] = {"person_id": self.person_id, "attempt": self.attempt}
        return [CriteriaRemarked(**self.header(act), **about, remarks=said)]

    def _awarded(
        self, act: Act, issuer: Issuer, valid_months: int | None, *, after: int
    ) -> Awarded:
        today = issuer.today(act.at)
        return Awarded(
            **self.header(act, after=after),
            person_id=self.person_id,
            credential_id=self.credential_id,
            credential_version=self.credential_version,
            issuer_id=self.issuer_id,
            attempt=self.attempt,
            zone=issuer.zone,
            awarded_on=today,
            expires_on=None if valid_months is None else add_months(today, valid_months),
        )

    def _scored(
        self, act: Act, seat: Seat, scores: Scores, feedback: VaultText | None, *, after: int
    ) -> Scored | Adjudicated:
        if seat.seat == ADJUDICATOR_SEAT:
            return Adjudicated(
                **self.header(act, after=after),
                person_id=self.person_id,
                attempt=self.attempt,
                assessor_id=seat.assessor_id,
                scores=scores,
                feedback=feedback,
            )
        return Scored(
            **self.header(act, after=after),
            person_id=self.person_id,
            attempt=self.attempt,
            seat=seat.seat,
            assessor_id=seat.assessor_id,
            scores=scores,
            feedback=feedback,
        )

    def _must_be_in_review(self) -> None:
        if self.status is not Status.IN_REVIEW:
            raise NotUnderReviewError(f"enrollment {self.id} is {self.status}")

    def _must_be_recommended(self) -> Results:
        if self.decided_on is not None:
            raise SecondDecisionError(f"attempt {self.attempt} was decided on {self.decided_on}")
        if self.results is None or self.status is not Status.RECOMMENDED:
            raise NotRecommendedError(f"enrollment {self.id} is {self.status}")
        return self.results

    def _must_be_told_of(self, results: Results, remarks: Remarks) -> None:
        """Source: docs/sources.md#reviews (feedback for each criterion)."""
        said = set(remarks).union(*(seat.remarked for seat in self.seats))
        silent = [one.criterion for one in results if not one.met and one.criterion not in said]
        if silent:
            raise FeedbackMissingError(
                f"nobody has told her what is missing in {', '.join(silent)}", criteria=silent
            )

    def _must_be_independent(self, assessor_id: UUID, credential: Credential) -> None:
        ids = self.ids_of(assessor_id)
        if self.person_id in ids:
            raise AssessorIsEarnerError("nobody assesses her own work")
        if ids & self.coaches:
            raise AssessorIsCoachError(f"{assessor_id} coaches the earner")
        if ids & self.conflicted:
            raise ConflictOfInterestError(f"{assessor_id} has a tie to the earner")
        if ids & credential.authors:
            raise AssessorIsAuthorError(f"{assessor_id} wrote credential {credential.id}")
        if self.seat_of(assessor_id) is not None:
            raise AlreadySeatedError(f"{assessor_id} has a seat at this attempt already")
        if ids & self.barred:
            raise AssessedBeforeAppealError(f"{assessor_id} scored the attempt before the appeal")

    def _unscored_seat_of(self, assessor_id: UUID) -> Seat:
        seat = self.seat_of(assessor_id)
        if seat is None:
            raise NotYourSeatError(f"{assessor_id} was not given this attempt")
        if seat.scores is not None:
            raise AlreadyScoredError(f"seat {seat.seat} has scored")
        return seat


def _must_fit(decision: Decision, results: Results) -> None:
    fitting = {"award": "met", "not_yet": "not_yet"}.get(decision)
    if fitting is not None and fitting != outcome_of(results):
        unmet = [result.criterion for result in results if not result.met]
        raise DecisionContradictedError(
            f"decision {decision} contradicts the results; not met: {', '.join(unmet) or 'none'}",
            unmet=unmet,
        )
