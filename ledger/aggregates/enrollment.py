"""One person's cycle with one micro-credential: enrolling, and what may follow a decision.

Evidence and submission are in `enrollment_submission`, the review in `enrollment_review`, what
is known and how events move it in `enrollment_state`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Literal
from uuid import UUID

from ledger.aggregates.base import Act, first_header
from ledger.aggregates.credential import Credential
from ledger.aggregates.enrollment_refusals import (
    AlreadyEnrolledError,
    AlreadyHeldError,
    AppealOpenError,
    AppealWindowClosedError,
    ConflictOfInterestError,
    DeciderDecidedBeforeError,
    EnrollmentEndedError,
    LaterCycleError,
    MeetingInFutureError,
    NoOpenAppealError,
    NotAwardedError,
    NothingToAppealError,
    NothingToRenewError,
    NotRevokedError,
    NotTheCoachError,
    RevocationDateError,
    SecondAppealError,
)
from ledger.aggregates.enrollment_review import ReviewCommands
from ledger.aggregates.enrollment_state import Appeal, EnrollmentState, Seat, Status
from ledger.aggregates.enrollment_submission import SubmissionCommands, has_come_somewhere
from ledger.aggregates.issuer import Issuer
from ledger.errors import NothingChangesError
from ledger.events import AnyEnrollmentEvent
from ledger.events.enrollment import (
    AppealDecided,
    AppealOpened,
    CoachAssigned,
    CoachMeetingRecorded,
    ConflictDeclared,
    Enrolled,
    Reinstated,
    Revoked,
    Withdrawn,
)
from ledger.values import VaultText, stream_id


def enrollment_stream(person_id: UUID, credential_id: UUID, cycle: int) -> UUID:
    """The id of a cycle, by which two racers to begin it meet."""
    return stream_id("enrollment", person_id, credential_id, cycle)


def enroll(
    act: Act,
    *,
    person_id: UUID,
    credential: Credential,
    issuer: Issuer,
    earlier: Sequence[EnrollmentState],
    renews_enrollment_id: UUID | None = None,
) -> Sequence[AnyEnrollmentEvent]:
    """Begin the next cycle under the version that is current.

    `earlier` are all her cycles with this micro-credential, oldest first.
    """
    issuer.must_take_enrollments()
    credential.must_take_enrollments()
    if any(cycle.active or cycle.appeal is Appeal.OPEN for cycle in earlier):
        raise AlreadyEnrolledError(f"{person_id} is enrolled in credential {credential.id}")
    if renews_enrollment_id is not None:
        _must_be_renewable(earlier, renews_enrollment_id)
    elif any(cycle.holds(issuer.today(act.at)) for cycle in earlier):
        raise AlreadyHeldError(f"{person_id} holds credential {credential.id}; renew the award")
    cycle = len(earlier) + 1
    return [
        Enrolled(
            **first_header(enrollment_stream(person_id, credential.id, cycle), act),
            person_id=person_id,
            credential_id=credential.id,
            credential_version=credential.newest_version,
            issuer_id=credential.issuer_id,
            cycle=cycle,
            renews_enrollment_id=renews_enrollment_id,
        )
    ]


def _must_be_renewable(earlier: Iterable[EnrollmentState], renews: UUID) -> None:
    awards = [cycle for cycle in earlier if cycle.status is Status.AWARDED]
    if not awards or awards[-1].id != renews or awards[-1].expires_on is None:
        raise NothingToRenewError(f"{renews} is not her newest award, or never expires")


class Enrollment(SubmissionCommands, ReviewCommands):
    """One enrollment with all it can be asked."""

    def withdraw(self, act: Act, *, reason: str) -> Sequence[AnyEnrollmentEvent]:
        """Give up this cycle; the next may begin at once."""
        self._must_be_active()
        return [Withdrawn(**self.header(act), person_id=self.person_id, reason=reason)]

    def revoke(
        self,
        act: Act,
        *,
        issuer: Issuer,
        reason: str,
        authority: str,
        effective_on: date | None = None,
    ) -> Sequence[AnyEnrollmentEvent]:
        """Take the award back, as from today or from an earlier day since it was given."""
        if self.status is not Status.AWARDED or self.awarded_on is None:
            raise NotAwardedError(f"enrollment {self.id} is {self.status}")
        today = issuer.today(act.at)
        effective_on = effective_on or today
        if not self.awarded_on <= effective_on <= today:
            raise RevocationDateError(
                f"{effective_on} is not between {self.awarded_on} and {today}"
            )
        return [
            Revoked(
                **self.header(act),
                person_id=self.person_id,
                reason=reason,
                authority=authority,
                zone=issuer.zone,
                effective_on=effective_on,
            )
        ]

    def reinstate(
        self, act: Act, *, reason: str, authority: str, later: Iterable[EnrollmentState]
    ) -> Sequence[AnyEnrollmentEvent]:
        """Undo the revocation. `later` are her later cycles with this micro-credential."""
        if self.status is not Status.REVOKED:
            raise NotRevokedError(f"enrollment {self.id} is {self.status}")
        if self.appeal is Appeal.OPEN:
            raise AppealOpenError("an appeal is open; its decision comes first")
        return [self._reinstated(act, reason, authority, later)]

    def open_appeal(
        self, act: Act, *, issuer: Issuer, ground: str, statement: VaultText | None = None
    ) -> Sequence[AnyEnrollmentEvent]:
        """Ask for another look at a decision of not yet, or at a revocation."""
        appealable = self.status in {Status.OPEN, Status.REVOKED}
        if self.decided_on is None or not appealable:
            raise NothingToAppealError(f"enrollment {self.id} is {self.status}")
        if self.appeal is not Appeal.POSSIBLE:
            raise SecondAppealError(f"the decision of {self.decided_on} was appealed already")
        last_day, today = self.appeal_possible_until(issuer), issuer.today(act.at)
        if today > last_day:
            raise AppealWindowClosedError(f"an appeal was possible until {last_day}")
        return [
            AppealOpened(
                **self.header(act),
                person_id=self.person_id,
                attempt=self.attempt,
                ground=ground,
                statement=statement,
                zone=issuer.zone,
                opened_on=today,
            )
        ]

    def appeal_possible_until(self, issuer: Issuer) -> date:
        """The last day to appeal the decision that stands.

        The window is the issuer's as its terms were when the attempt was handed in.
        """
        assert self.decided_on is not None, "what can be appealed was decided"
        assert self.submitted_at is not None, "what was decided was handed in"
        window = issuer.terms_at(self.submitted_at).appeal_business_days
        return issuer.business_days_after(self.decided_on, window)

    def decide_appeal(
        self,
        act: Act,
        *,
        issuer: Issuer,
        finding: Literal["upheld", "overturned"],
        reason: str,
        later: Iterable[EnrollmentState],
    ) -> Sequence[AnyEnrollmentEvent]:
        """Let the decision stand, or restore what it took: the attempt, or the award."""
        if self.appeal is not Appeal.OPEN:
            raise NoOpenAppealError(f"no appeal is open in enrollment {self.id}")
        self.must_be_free_to_decide(act.actor_id)
        if self.decider_id in self.ids_of(act.actor_id):
            raise DeciderDecidedBeforeError("somebody else decides the appeal")
        decided = AppealDecided(
            **self.header(act),
            person_id=self.person_id,
            attempt=self.attempt,
            finding=finding,
            reason=reason,
            zone=issuer.zone,
            decided_on=issuer.today(act.at),
        )
        if self.status is Status.REVOKED and finding == "overturned":
            return [decided, self._reinstated(act, reason, "appeal", later, after=1)]
        return [decided]

    def assign_coach(self, act: Act, *, coach_id: UUID) -> Sequence[AnyEnrollmentEvent]:
        """Give her a coach, who from then on neither assesses nor decides here."""
        self._must_be_active()
        ids = self.ids_of(coach_id)
        if self.person_id in ids or self._seat_under_review(coach_id) is not None:
            raise ConflictOfInterestError("a coach is neither the earner nor an assessor")
        if ids & self.coaches:
            raise NothingChangesError(f"{coach_id} is a coach of this enrollment already")
        return [CoachAssigned(**self.header(act), person_id=self.person_id, coach_id=coach_id)]

    def record_coach_meeting(
        self, act: Act, *, coach_id: UUID, met_on: date
    ) -> Sequence[AnyEnrollmentEvent]:
        """Record a meeting; it opens a further attempt when it came after the decision."""
        self._must_be_active()
        if not self.ids_of(coach_id) & self.coaches:
            raise NotTheCoachError(f"{coach_id} is no coach of this enrollment")
        if not has_come_somewhere(met_on, act.at):
            raise MeetingInFutureError(f"{met_on} has not come yet")
        header = self.header(act)
        return [
            CoachMeetingRecorded(
                **header, person_id=self.person_id, coach_id=coach_id, met_on=met_on
            )
        ]

    def declare_conflict(
        self, act: Act, *, conflicted_person_id: UUID, reason: str
    ) -> Sequence[AnyEnrollmentEvent]:
        """Record a tie to the earner; it frees the seat of an assessor even if she has scored."""
        self._must_be_active()
        if self.ids_of(conflicted_person_id) & self.conflicted:
            raise NothingChangesError(f"the tie of {conflicted_person_id} is known already")
        declared = ConflictDeclared(
            **self.header(act),
            person_id=self.person_id,
            conflicted_person_id=conflicted_person_id,
            reason=reason,
        )
        seat = self._seat_under_review(conflicted_person_id)
        if seat is None:
            return [declared]
        return [declared, self.recusal(act, seat, reason, after=1)]

    def _seat_under_review(self, person_id: UUID) -> Seat | None:
        return None if self.status is Status.OPEN else self.seat_of(person_id)

    def _must_be_active(self) -> None:
        if not self.active:
            raise EnrollmentEndedError(f"enrollment {self.id} is {self.status}")

    def _reinstated(
        self,
        act: Act,
        reason: str,
        authority: str,
        later: Iterable[EnrollmentState],
        *,
        after: int = 0,
    ) -> Reinstated:
        if any(cycle.status is not Status.WITHDRAWN for cycle in later):
            raise LaterCycleError("she has enrolled anew since the revocation")
        return Reinstated(
            **self.header(act, after=after),
            person_id=self.person_id,
            reason=reason,
            authority=authority,
        )
