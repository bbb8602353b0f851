"""What is known of one enrollment, and how each event moves it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Aggregate
from ledger.events import AnyEnrollmentEvent
from ledger.events.enrollment import (
    Adjudicated,
    AppealDecided,
    AppealOpened,
    AssessorAssigned,
    AssessorRecused,
    AssignmentLapsed,
    Awarded,
    CoachAssigned,
    CoachMeetingRecorded,
    ConflictDeclared,
    CriteriaRemarked,
    Enrolled,
    EvidenceUploaded,
    EvidenceWithdrawn,
    IntegrityHoldResolved,
    Recommended,
    Reinstated,
    Resubmitted,
    ReviewDecided,
    Revoked,
    Scored,
    SubmissionReturned,
    Submitted,
    Withdrawn,
)
from ledger.rules.review import Results, Scores, agree
from ledger.values import local_date

FIRST_SEAT, SECOND_SEAT, ADJUDICATOR_SEAT = 1, 2, 3

_EvidenceEvent = EvidenceUploaded | EvidenceWithdrawn | Submitted | Resubmitted | SubmissionReturned
_SeatEvent = (
    AssessorAssigned | AssessorRecused | AssignmentLapsed | Scored | Adjudicated | CriteriaRemarked
)
_DecisionEvent = Recommended | ReviewDecided | IntegrityHoldResolved
_EndEvent = Awarded | Withdrawn | Revoked | Reinstated
_AppealEvent = AppealOpened | AppealDecided
_TieEvent = CoachAssigned | CoachMeetingRecorded | ConflictDeclared


class Status(StrEnum):
    """Where an enrollment stands. That an award has expired is compared, never stored."""

    OPEN = "open"  # hers to work on: before an attempt, or after a return or a not yet
    IN_REVIEW = "in-review"
    RECOMMENDED = "recommended"
    HELD = "held"  # for a question of integrity
    AWARDED = "awarded"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


class Appeal(StrEnum):
    """What has become of the right to appeal the newest decision."""

    POSSIBLE = "possible"
    OPEN = "open"
    USED = "used"


@dataclass(frozen=True, slots=True)
class Seat:
    """A place at the review of one attempt. Seats 1 and 2 score independently, 3 adjudicates."""

    seat: int
    assessor_id: UUID
    lapses_on: date
    scores: Scores | None = None
    remarked: frozenset[str] = frozenset()  # criteria of which she said something to the earner


@dataclass(frozen=True, kw_only=True)
class EnrollmentState(Aggregate):
    """One person's cycle with one micro-credential."""

    person_id: UUID
    credential_id: UUID
    credential_version: int  # pinned: what is asked of her never changes under her
    issuer_id: UUID
    cycle: int
    renews_enrollment_id: UUID | None = None
    status: Status = Status.OPEN

    artifacts: tuple[EvidenceUploaded, ...] = ()  # uploaded and not withdrawn
    submitted_ids: frozenset[UUID] = frozenset()  # handed in with any attempt
    attempt: int = 0  # the newest handed in
    attempts_used: int = 0  # ended as not yet; a return uses none, and an appeal can restore one
    submitted_at: datetime | None = None

    seats: tuple[Seat, ...] = ()
    scorers: frozenset[UUID] = frozenset()  # everybody who ever scored the attempt
    barred: frozenset[UUID] = frozenset()  # who scored it before an appeal restored it
    remarked: frozenset[str] = frozenset()  # what is said just ahead of the scores it belongs to
    results: Results | None = None  # as recommended

    decided_on: date | None = None  # null while no decision on the attempt stands
    decider_id: UUID | None = None  # who made the newest decision that can be appealed
    appeal: Appeal = Appeal.USED  # there is nothing to appeal before a decision
    awarded_on: date | None = None
    expires_on: date | None = None  # the first day on which the award is no longer valid

    coaches: frozenset[UUID] = frozenset()
    coach_met: bool = False  # since the newest decision of not yet
    conflicted: frozenset[UUID] = frozenset()

    # Every id of whoever a command is about, where records of hers were merged: what is forbidden
    # her under one of them she may not do under another. No event says it; a command brings it.
    one_person: frozenset[UUID] = frozenset()

    def ids_of(self, person_id: UUID) -> frozenset[UUID]:
        """By which ids somebody may be known here."""
        return self.one_person if person_id in self.one_person else frozenset({person_id})

    @property
    def active(self) -> bool:
        """Whether the way to an award is still open."""
        return self.status not in {Status.AWARDED, Status.REVOKED, Status.WITHDRAWN}

    def holds(self, on: date) -> bool:
        """Whether the award is valid on a day at the issuer's."""
        return self.status is Status.AWARDED and (self.expires_on is None or on < self.expires_on)

    def scores_in(self, seat: int) -> Scores | None:
        """What the assessor in this seat has scored, if there is one and she has."""
        return next((taken.scores for taken in self.seats if taken.seat == seat), None)

    def seat_of(self, assessor_id: UUID) -> Seat | None:
        ids = self.ids_of(assessor_id)
        return next((taken for taken in self.seats if taken.assessor_id in ids), None)

    def free_seat(self) -> int | None:
        """The next seat that needs an assessor; the third only once the first two differ."""
        taken = {seat.seat for seat in self.seats}
        for seat in (FIRST_SEAT, SECOND_SEAT):
            if seat not in taken:
                return seat
        first, second = self.scores_in(FIRST_SEAT), self.scores_in(SECOND_SEAT)
        if first is None or second is None or agree(first, second) or ADJUDICATOR_SEAT in taken:
            return None
        return ADJUDICATOR_SEAT

    @classmethod
    def evolve(cls, state: Self | None, event: AnyEnrollmentEvent) -> Self:
        if state is None:
            assert isinstance(event, Enrolled), "an enrollment begins by enrolling"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                person_id=event.person_id,
                credential_id=event.credential_id,
                credential_version=event.credential_version,
                issuer_id=event.issuer_id,
                cycle=event.cycle,
                renews_enrollment_id=event.renews_enrollment_id,
            )
        return state.after(event)

    def after(self, event: AnyEnrollmentEvent) -> Self:
        """The state one event later."""
        state = self.at_version(event.originator_version)
        match event:
            case Enrolled():
                raise AssertionError("an enrollment begins once")
            case (
                EvidenceUploaded()
                | EvidenceWithdrawn()
                | Submitted()
                | Resubmitted()
                | SubmissionReturned()
            ):
                return state.after_evidence(event)
            case (
                AssessorAssigned()
                | AssessorRecused()
                | AssignmentLapsed()
                | Scored()
                | Adjudicated()
                | CriteriaRemarked()
            ):
                return state.after_seat(event)
            case Recommended() | ReviewDecided() | IntegrityHoldResolved():
                return state.after_decision(event)
            case Awarded() | Withdrawn() | Revoked() | Reinstated():
                return state.after_end(event)
            case AppealOpened() | AppealDecided():
                return state.after_appeal(event)
            case CoachAssigned() | CoachMeetingRecorded() | ConflictDeclared():
                return state.after_tie(event)
            case _:
                assert_never(event)

    def after_evidence(self, event: _EvidenceEvent) -> Self:
        match event:
            case EvidenceUploaded():
                return replace(self, artifacts=(*self.artifacts, event))
            case EvidenceWithdrawn(evidence_id=withdrawn):
                kept = tuple(a for a in self.artifacts if a.evidence_id != withdrawn)
                return replace(self, artifacts=kept)
            case Submitted() | Resubmitted():
                again = event.attempt == self.attempt  # after a return, by the same assessors
                return replace(
                    self,
                    status=Status.IN_REVIEW,
                    attempt=event.attempt,
                    submitted_at=event.occurred_at,
                    submitted_ids=self.submitted_ids.union(event.evidence_ids),
                    seats=(),
                    scorers=self.scorers if again else frozenset(),
                    barred=self.barred if again else frozenset(),
                    results=None,
                    decided_on=None,
                    appeal=Appeal.USED,
                )
            case SubmissionReturned():
                return replace(self, status=Status.OPEN, seats=())
            case _:
                assert_never(event)

    def after_seat(self, event: _SeatEvent) -> Self:
        match event:
            case AssessorAssigned(seat=seat, assessor_id=assessor, lapses_on=lapses_on):
                seats = (*self.seats, Seat(seat, assessor, lapses_on))
                return replace(self, seats=seats, remarked=frozenset())
            case AssessorRecused(seat=seat) | AssignmentLapsed(seat=seat):
                return self._with_seat_free(seat)
            case Scored(seat=seat, scores=scores):
                return self._with_scores(seat, scores, event.assessor_id)
            case Adjudicated(scores=scores):
                return self._with_scores(ADJUDICATOR_SEAT, scores, event.assessor_id)
            case CriteriaRemarked(remarks=remarks):
                return replace(self, remarked=frozenset(one.criterion for one in remarks))
            case _:
                assert_never(event)

    def _with_seat_free(self, seat: int) -> Self:
        """Without the seat's assessor, and without the recommendation that rested on her."""
        recommended = self.status is Status.RECOMMENDED
        return replace(
            self,
            seats=tuple(taken for taken in self.seats if taken.seat != seat),
            status=Status.IN_REVIEW if recommended else self.status,
            results=None,
        )

    def _with_scores(self, seat: int, scores: Scores, assessor_id: UUID) -> Self:
        seats = tuple(
            replace(taken, scores=scores, remarked=self.remarked) if taken.seat == seat else taken
            for taken in self.seats
        )
        scorers = self.scorers | {assessor_id}
        return replace(self, seats=seats, scorers=scorers, remarked=frozenset())

    def after_decision(self, event: _DecisionEvent) -> Self:
        match event:
            case Recommended(results=results):
                return replace(self, status=Status.RECOMMENDED, results=results)
            case ReviewDecided(decision="not_yet"):
                return self._after_not_yet(event.decided_on, event.actor_id)
            case ReviewDecided(decision="integrity_hold", decided_on=decided_on):
                return replace(self, status=Status.HELD, decided_on=decided_on)
            case ReviewDecided(decided_on=decided_on):  # the award follows in the same command
                return replace(self, decided_on=decided_on)
            case IntegrityHoldResolved(finding="confirmed"):
                return self._after_not_yet(event.resolved_on, event.actor_id)
            case IntegrityHoldResolved():
                status = Status.IN_REVIEW if self.results is None else Status.RECOMMENDED
                return replace(self, status=status, decided_on=None)
            case _:
                assert_never(event)

    def _after_not_yet(self, decided_on: date, decider_id: UUID) -> Self:
        return replace(
            self,
            status=Status.OPEN,
            attempts_used=self.attempts_used + 1,
            coach_met=False,
            decided_on=decided_on,
            decider_id=decider_id,
            appeal=Appeal.POSSIBLE,
        )

    def after_end(self, event: _EndEvent) -> Self:
        match event:
            case Awarded(awarded_on=awarded_on, expires_on=expires_on):
                return replace(
                    self, status=Status.AWARDED, awarded_on=awarded_on, expires_on=expires_on
                )
            case Withdrawn():
                return replace(self, status=Status.WITHDRAWN, seats=(), appeal=Appeal.USED)
            case Revoked(occurred_at=at, zone=zone):
                return replace(
                    self,
                    status=Status.REVOKED,
                    decided_on=local_date(at, zone),  # may be later than it takes effect
                    decider_id=event.actor_id,
                    appeal=Appeal.POSSIBLE,
                )
            case Reinstated():
                return replace(self, status=Status.AWARDED, appeal=Appeal.USED)
            case _:
                assert_never(event)

    def after_appeal(self, event: _AppealEvent) -> Self:
        match event:
            case AppealOpened():
                return replace(self, appeal=Appeal.OPEN)
            case AppealDecided(finding="overturned") if self.status is Status.OPEN:
                return self._with_attempt_restored()
            case AppealDecided():
                return replace(self, appeal=Appeal.USED)
            case _:
                assert_never(event)

    def _with_attempt_restored(self) -> Self:
        """The attempt as it was handed in, to be reviewed anew by other people."""
        return replace(
            self,
            status=Status.IN_REVIEW,
            attempts_used=self.attempts_used - 1,
            seats=(),
            barred=self.scorers,
            results=None,
            decided_on=None,
            appeal=Appeal.USED,
        )

    def after_tie(self, event: _TieEvent) -> Self:
        match event:
            case CoachAssigned(coach_id=coach):
                return replace(self, coaches=self.coaches | {coach})
            case CoachMeetingRecorded(met_on=met_on):
                since = self.decided_on is not None and met_on >= self.decided_on
                return replace(self, coach_met=self.coach_met or since)
            case ConflictDeclared(conflicted_person_id=conflicted):
                return replace(self, conflicted=self.conflicted | {conflicted})
            case _:
                assert_never(event)
