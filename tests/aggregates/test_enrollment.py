"""What may follow a decision: withdrawal, revocation, reinstatement, appeal; coaches and ties."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.enrollment_refusals import (
    AppealOpenError,
    AppealWindowClosedError,
    ConflictOfInterestError,
    DeciderDecidedBeforeError,
    DeciderIsAssessorError,
    DeciderIsEarnerError,
    EnrollmentEndedError,
    LaterCycleError,
    MeetingInFutureError,
    NoOpenAppealError,
    NotAwardedError,
    NothingToAppealError,
    NotRevokedError,
    NotTheCoachError,
    RevocationDateError,
    SecondAppealError,
)
from ledger.aggregates.enrollment_state import Appeal, Status
from ledger.aggregates.issuer import Issuer
from ledger.errors import NothingChangesError
from ledger.events.enrollment import (
    AppealDecided,
    AppealOpened,
    CoachAssigned,
    CoachMeetingRecorded,
    ConflictDeclared,
    Reinstated,
    Revoked,
    Withdrawn,
)
from ledger.events.issuer import IssuerTermsChanged
from tests.given import Outcome, fact, given
from tests.samples import (
    APPROVER,
    COACH,
    DAY,
    EARNER,
    FIRST,
    ISSUER,
    MET,
    MONDAY,
    OTHER_APPROVER,
    STRANGER,
    ZONE,
    Story,
    act,
    definition,
    header,
    issuer_events,
    issuer_terms,
    vault_text,
)

TODAY = date(2024, 11, 18)
LAST_DAY_TO_APPEAL = date(2024, 12, 11)  # fifteen business days, Thanksgiving left out


def withdrawing(story: Story) -> Outcome:
    return given(*story.events).when(lambda e: e.withdraw(act(EARNER, story.at), reason="moved"))


def revoking(story: Story, **changes: Any) -> Outcome:
    asked: dict[str, Any] = {
        "issuer": story.issuer,
        "reason": "copied",
        "authority": "committee",
    }
    return given(*story.events).when(lambda e: e.revoke(act(APPROVER, story.at), **asked | changes))


def reinstating(story: Story, *later: Enrollment) -> Outcome:
    return given(*story.events).when(
        lambda e: e.reinstate(
            act(APPROVER, story.at), reason="mistaken", authority="committee", later=later
        )
    )


def appealing(story: Story) -> Outcome:
    return given(*story.events).when(
        lambda e: e.open_appeal(
            act(EARNER, story.at),
            issuer=story.issuer,
            ground="process",
            statement=vault_text("statement"),
        )
    )


def deciding_appeal(
    story: Story, finding: str, *later: Enrollment, by: Any = OTHER_APPROVER
) -> Outcome:
    return given(*story.events).when(
        lambda e: e.decide_appeal(
            act(by, story.at), issuer=story.issuer, finding=finding, reason="process", later=later
        )
    )


def revoked() -> Story:
    story = Story().awarded()
    return story.does(
        APPROVER,
        lambda e, a: e.revoke(a, issuer=story.issuer, reason="copied", authority="committee"),
    )


def appealed(story: Story) -> Story:
    return story.does(EARNER, lambda e, a: e.open_appeal(a, issuer=story.issuer, ground="process"))


def upheld(story: Story) -> Story:
    return story.does(
        OTHER_APPROVER,
        lambda e, a: e.decide_appeal(
            a, issuer=story.issuer, finding="upheld", reason="process", later=()
        ),
    )


def withdrawn() -> Story:
    return Story().does(EARNER, lambda e, a: e.withdraw(a, reason="moved"))


def overturned(story: Story) -> Story:
    return story.does(
        OTHER_APPROVER,
        lambda e, a: e.decide_appeal(
            a, issuer=story.issuer, finding="overturned", reason="process", later=()
        ),
    )


ACTIVE: dict[str, Callable[[], Story]] = {
    "open": Story,
    "in review": lambda: Story().submitted().assigned(),
    "recommended": lambda: Story().submitted().scored(MET, MET),
    "held": lambda: Story().submitted().scored(MET, MET).decided("integrity_hold", "doubt"),
    "not yet": lambda: Story().failed(),
    "appealing": lambda: appealed(Story().failed()),
}
ENDED: dict[str, Callable[[], Story]] = {
    "awarded": lambda: Story().awarded(),
    "revoked": revoked,
    "withdrawn": withdrawn,
}


# Withdrawal


@pytest.mark.parametrize("status", ACTIVE)
def test_she_withdraws_at_any_time_before_an_award(status: str) -> None:
    state = withdrawing(ACTIVE[status]()).then(fact(Withdrawn, reason="moved", person_id=EARNER))
    assert (state.status, state.appeal, state.seats) == (Status.WITHDRAWN, Appeal.USED, ())


@pytest.mark.parametrize("status", ENDED)
def test_nothing_goes_on_in_an_enrollment_that_has_ended(status: str) -> None:
    story = ENDED[status]()
    withdrawing(story).then_refused(EnrollmentEndedError, status)
    commands: list[Callable[[Any], Any]] = [
        lambda e: e.assign_coach(act(), coach_id=COACH),
        lambda e: e.record_coach_meeting(act(), coach_id=COACH, met_on=TODAY),
        lambda e: e.declare_conflict(act(), conflicted_person_id=COACH, reason="household"),
    ]
    for command in commands:
        given(*story.events).when(command).then_refused(EnrollmentEndedError)


# Revocation


def test_an_award_is_revoked_as_from_today() -> None:
    state = revoking(Story().awarded()).then(
        fact(Revoked, reason="copied", authority="committee", zone=ZONE, effective_on=TODAY)
    )
    assert state.status is Status.REVOKED
    assert not state.holds(TODAY)


def test_a_revocation_takes_effect_between_the_award_and_today() -> None:
    story = Story().awarded().later(10)
    for day in (TODAY, TODAY + timedelta(10)):
        revoking(story, effective_on=day).then(fact(Revoked, effective_on=day))
    for day in (TODAY - timedelta(1), TODAY + timedelta(11)):
        revoking(story, effective_on=day).then_refused(RevocationDateError, str(day))


@pytest.mark.parametrize("status", [*ACTIVE, "revoked", "withdrawn"])
def test_only_an_award_is_revoked(status: str) -> None:
    revoking((ACTIVE | ENDED)[status]()).then_refused(NotAwardedError)


def test_an_award_that_has_expired_can_still_be_revoked() -> None:
    story = Story(asks=definition(valid_months=1)).awarded().later(60)
    revoking(story).then(Revoked)


def test_a_reinstated_award_holds_as_before() -> None:
    story = Story(asks=definition(valid_months=12)).awarded()
    story.does(
        APPROVER, lambda e, a: e.revoke(a, issuer=story.issuer, reason="copied", authority="c")
    )
    state = reinstating(story).then(fact(Reinstated, reason="mistaken", authority="committee"))
    assert (state.status, state.appeal) == (Status.AWARDED, Appeal.USED)
    assert state.holds(date(2025, 11, 17))
    assert not state.holds(date(2025, 11, 18))


@pytest.mark.parametrize("status", [*ACTIVE, "awarded", "withdrawn"])
def test_only_a_revoked_award_is_reinstated(status: str) -> None:
    reinstating((ACTIVE | ENDED)[status]()).then_refused(NotRevokedError)


def test_an_award_is_not_reinstated_beside_a_later_cycle() -> None:
    reinstating(revoked(), withdrawn().enrollment).then(Reinstated)
    for later in (Story(), Story().awarded(), revoked()):
        reinstating(revoked(), withdrawn().enrollment, later.enrollment).then_refused(
            LaterCycleError
        )


def test_an_open_appeal_is_decided_before_an_award_is_reinstated() -> None:
    reinstating(appealed(revoked())).then_refused(AppealOpenError)


# Appeal


def test_a_decision_of_not_yet_is_appealed() -> None:
    state = appealing(Story().failed()).then(
        fact(
            AppealOpened,
            attempt=1,
            ground="process",
            statement=vault_text("statement"),
            zone=ZONE,
            opened_on=TODAY,
        )
    )
    assert state.appeal is Appeal.OPEN


def test_a_confirmed_integrity_hold_and_a_revocation_are_appealed() -> None:
    story = Story().submitted().scored(MET, MET).decided("integrity_hold", "doubt")
    story.does(
        APPROVER,
        lambda e, a: e.resolve_hold(a, issuer=story.issuer, finding="confirmed", reason="copied"),
    )
    appealing(story).then(AppealOpened)
    deciding_appeal(appealed(story), "upheld", by=APPROVER).then_refused(DeciderDecidedBeforeError)
    appealing(revoked()).then(AppealOpened)


@pytest.mark.parametrize(
    "status", ["open", "in review", "recommended", "held", "awarded", "withdrawn"]
)
def test_there_is_nothing_to_appeal_without_such_a_decision(status: str) -> None:
    appealing((ACTIVE | ENDED)[status]()).then_refused(NothingToAppealError)


def test_an_appeal_ends_with_the_next_attempt() -> None:
    appealing(Story().failed().submitted()).then_refused(NothingToAppealError)


def test_the_window_ends_with_its_last_business_day_at_the_issuers() -> None:
    story = Story().failed()
    story.at = datetime(2024, 12, 12, 4, 59, tzinfo=UTC)  # 11 December 23:59 in New York
    appealing(story).then(fact(AppealOpened, opened_on=LAST_DAY_TO_APPEAL))
    story.at += timedelta(minutes=1)
    appealing(story).then_refused(AppealWindowClosedError, str(LAST_DAY_TO_APPEAL))


def test_practice_38_a_voided_attempt_is_contested_for_fifteen_business_days() -> None:
    """Void on 1 March 2024: contested until 22 March, and no more on the 23rd."""
    story = Story(at=datetime(2024, 3, 1, 17, tzinfo=UTC)).submitted().scored(MET, MET)
    story.decided("integrity_hold", "doubt").does(
        APPROVER,
        lambda e, a: e.resolve_hold(a, issuer=story.issuer, finding="confirmed", reason="copied"),
    )
    last_day = date(2024, 3, 22)
    appealing(story.later(21)).then(fact(AppealOpened, opened_on=last_day))
    appealing(story.later(1)).then_refused(AppealWindowClosedError, str(last_day))


def test_the_window_of_a_revocation_opens_when_it_is_recorded() -> None:
    """A revocation that takes effect in the past leaves as long to appeal as any other."""
    story = Story().awarded().later(100)
    story.does(
        APPROVER,
        lambda e, a: e.revoke(
            a, issuer=story.issuer, reason="copied", authority="c", effective_on=TODAY
        ),
    )
    appealing(story.later(14)).then(AppealOpened)
    appealing(story.later(14)).then_refused(AppealWindowClosedError)


def test_the_window_is_the_one_under_which_the_attempt_was_handed_in() -> None:
    shorter = IssuerTermsChanged(
        **header(ISSUER, 4, at=MONDAY + DAY), terms=issuer_terms(appeal_business_days=1)
    )
    later = Issuer.fold(None, [*issuer_events(), shorter])
    assert later is not None
    story = Story().failed().later(10)
    story.issuer = later
    appealing(story).then(AppealOpened)


def test_one_decision_is_appealed_once_and_the_next_one_again() -> None:
    appealing(appealed(Story().failed())).then_refused(SecondAppealError)
    story = upheld(appealed(Story().failed()))
    appealing(story).then_refused(SecondAppealError, "2024-11-18")
    appealing(story.failed()).then(fact(AppealOpened, attempt=2))


def test_an_appeal_that_is_upheld_leaves_the_decision_as_it_was() -> None:
    story = appealed(Story().failed())
    state = deciding_appeal(story, "upheld").then(
        fact(
            AppealDecided,
            attempt=1,
            finding="upheld",
            reason="process",
            zone=ZONE,
            decided_on=TODAY,
            actor_id=OTHER_APPROVER,
        )
    )
    assert (state.status, state.attempts_used, state.appeal) == (Status.OPEN, 1, Appeal.USED)
    assert upheld(story).submitted().enrollment.attempt == 2


def test_an_overturned_not_yet_restores_the_attempt_for_review() -> None:
    story = appealed(Story().failed())
    state = deciding_appeal(story, "overturned").then(fact(AppealDecided, finding="overturned"))
    assert (state.status, state.attempt, state.attempts_used) == (Status.IN_REVIEW, 1, 0)
    assert (state.free_seat(), state.results, state.decided_on) == (1, None, None)
    assert state.appeal is Appeal.USED


def test_an_overturned_revocation_reinstates_the_award_in_the_same_command() -> None:
    state = deciding_appeal(appealed(revoked()), "overturned").then(
        fact(AppealDecided, finding="overturned"),
        fact(Reinstated, reason="process", authority="appeal"),
    )
    assert state.holds(TODAY)


def test_an_upheld_revocation_stays() -> None:
    story = upheld(appealed(revoked()))
    assert story.enrollment.status is Status.REVOKED
    appealing(story).then_refused(SecondAppealError)
    reinstating(story).then(Reinstated)


def test_an_overturned_revocation_cannot_bring_back_an_award_beside_a_later_cycle() -> None:
    later = Story().awarded().enrollment
    deciding_appeal(appealed(revoked()), "overturned", later).then_refused(LaterCycleError)
    deciding_appeal(appealed(revoked()), "upheld", later).then(AppealDecided)


def test_an_appeal_is_decided_by_somebody_who_had_no_part_in_it() -> None:
    story = appealed(Story().failed())
    deciding_appeal(story, "upheld", by=APPROVER).then_refused(DeciderDecidedBeforeError)
    deciding_appeal(story, "upheld", by=EARNER).then_refused(DeciderIsEarnerError)
    deciding_appeal(story, "upheld", by=FIRST).then_refused(DeciderIsAssessorError)
    deciding_appeal(appealed(revoked()), "upheld", by=APPROVER).then_refused(
        DeciderDecidedBeforeError
    )


@pytest.mark.parametrize("status", ["open", "not yet", "awarded", "revoked", "withdrawn"])
def test_only_an_open_appeal_is_decided(status: str) -> None:
    deciding_appeal((ACTIVE | ENDED)[status](), "upheld").then_refused(NoOpenAppealError)


def test_an_appeal_ends_when_she_withdraws() -> None:
    story = appealed(Story().failed()).does(EARNER, lambda e, a: e.withdraw(a, reason="moved"))
    deciding_appeal(story, "upheld").then_refused(NoOpenAppealError)


def test_a_restored_attempt_that_fails_again_can_be_appealed_again() -> None:
    story = overturned(appealed(Story().failed()))
    story.assigned(STRANGER, COACH)
    for assessor in (STRANGER, COACH):
        story.scores(assessor, {"c1": "l1", "c2": "l1"})
    story.decided("not_yet")
    assert story.enrollment.attempts_used == 1
    appealing(story).then(fact(AppealOpened, attempt=1))


def test_a_reinstated_award_that_is_revoked_again_can_be_appealed_again() -> None:
    story = overturned(appealed(revoked()))
    appealing(story).then_refused(NothingToAppealError)
    story.does(
        APPROVER, lambda e, a: e.revoke(a, issuer=story.issuer, reason="copied", authority="c")
    )
    appealing(story).then(AppealOpened)


# Coaches and ties


def test_a_coach_is_assigned_once() -> None:
    story = Story()
    state = (
        given(*story.events)
        .when(lambda e: e.assign_coach(act(APPROVER), coach_id=COACH))
        .then(fact(CoachAssigned, coach_id=COACH, person_id=EARNER))
    )
    assert state.coaches == {COACH}
    story.does(APPROVER, lambda e, a: e.assign_coach(a, coach_id=COACH))
    given(*story.events).when(lambda e: e.assign_coach(act(APPROVER), coach_id=COACH)).then_refused(
        NothingChangesError
    )


def test_a_coach_is_neither_the_earner_nor_an_assessor_of_the_attempt() -> None:
    story = Story().submitted().assigned()
    history = given(*story.events)
    for person in (EARNER, FIRST):
        coaching = partial(Enrollment.assign_coach, act=act(), coach_id=person)
        history.when(coaching).then_refused(ConflictOfInterestError)


def test_whoever_assessed_an_attempt_may_coach_her_to_the_next() -> None:
    given(*Story().failed().events).when(lambda e: e.assign_coach(act(), coach_id=FIRST)).then(
        CoachAssigned
    )


def test_a_meeting_is_with_a_coach_of_hers_on_a_day_that_has_come() -> None:
    story = Story().does(APPROVER, lambda e, a: e.assign_coach(a, coach_id=COACH))

    def meeting(coach: Any, on: date) -> Outcome:
        return given(*story.events).when(
            lambda e: e.record_coach_meeting(act(COACH), coach_id=coach, met_on=on)
        )

    meeting(COACH, TODAY).then(fact(CoachMeetingRecorded, coach_id=COACH, met_on=TODAY))
    meeting(STRANGER, TODAY).then_refused(NotTheCoachError, str(STRANGER))
    meeting(COACH, TODAY + timedelta(2)).then_refused(MeetingInFutureError, "2024-11-20")


def test_a_tie_is_declared_once() -> None:
    story = Story().does(
        STRANGER,
        lambda e, a: e.declare_conflict(a, conflicted_person_id=STRANGER, reason="household"),
    )
    given(*story.events).when(
        lambda e: e.declare_conflict(act(), conflicted_person_id=STRANGER, reason="colleague")
    ).then_refused(NothingChangesError)
    given(*story.events).when(
        lambda e: e.declare_conflict(act(), conflicted_person_id=COACH, reason="colleague")
    ).then(fact(ConflictDeclared, conflicted_person_id=COACH, reason="colleague"))


# Histories that cannot be


def test_a_history_that_no_enrollment_can_have_is_a_fault() -> None:
    enrolled = Story().events
    with pytest.raises(AssertionError, match="begins by enrolling"):
        Enrollment.fold(None, Story().uploaded().events[1:])
    with pytest.raises(AssertionError, match="begins once"):
        Enrollment.fold(None, [*enrolled, *enrolled])
