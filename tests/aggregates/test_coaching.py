"""Coaching: what a coach may not judge, and when sessions are held."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger.aggregates.coaching import Coaching, NotCoachingError, SessionOutsideCoachingError
from ledger.aggregates.enrollment_refusals import ConflictOfInterestError
from ledger.errors import NothingChangesError
from ledger.events.coaching import CoachingBegun, CoachingEnded, CoachingSessionLogged
from tests.given import fact, given
from tests.samples import COACH, DAY, DISTRICT, EARNER, MONDAY, ZONE, act, header, named

STREAM = named("coaching")
OF: dict[str, Any] = {"person_id": EARNER, "coach_id": COACH, "district_id": DISTRICT}
begun = CoachingBegun(**header(STREAM, 1, MONDAY), **OF, focus="literacy", zone=ZONE)
ended = CoachingEnded(**header(STREAM, 2, MONDAY + DAY), **OF, reason="moved")
again = CoachingBegun(**header(STREAM, 3, MONDAY + 2 * DAY), **OF, focus="math", zone=ZONE)


def state(*events: Any) -> Coaching:
    return Coaching.fold(None, events) or Coaching.none_yet(STREAM, EARNER, COACH)


@pytest.mark.parametrize(
    ("events", "handed_in_at", "allowed"),
    [
        ((), MONDAY, True),
        ((begun,), MONDAY - DAY, False),
        ((begun,), None, False),
        ((begun, ended), MONDAY + DAY, False),
        ((begun, ended), MONDAY + 2 * DAY, True),
        ((begun, ended, again), MONDAY + 3 * DAY, False),
    ],
)
def test_practice_42_what_was_handed_in_before_the_coaching_ended_is_not_the_coachs_to_judge(
    events: tuple[Any, ...], handed_in_at: datetime | None, *, allowed: bool
) -> None:
    if allowed:
        state(*events).must_not_judge(handed_in_at)
        return
    with pytest.raises(ConflictOfInterestError, match=f"{COACH} coaches the earner") as refused:
        state(*events).must_not_judge(handed_in_at)
    assert refused.value.slug == "conflict-of-interest"


def test_a_coach_is_given_once_and_again_after_an_end_and_to_nobody_herself() -> None:
    def begin(one: Coaching | None) -> Any:
        one = one or Coaching.none_yet(STREAM, EARNER, COACH)
        return one.begin(act(), district_id=DISTRICT, focus="literacy", zone=ZONE)

    given().when(begin).then(fact(CoachingBegun, **OF, focus="literacy", zone=ZONE))
    given(begun).when(begin).then_refused(NothingChangesError)
    over = given(begun).when(lambda one: one.end(act(), district_id=DISTRICT, reason="moved"))
    assert not over.then(fact(CoachingEnded, **OF, reason="moved")).active
    given(begun, ended).when(begin).then(CoachingBegun)
    with pytest.raises(ConflictOfInterestError, match=r"^nobody coaches herself$"):
        begin(Coaching.none_yet(STREAM, COACH, COACH))


@pytest.mark.parametrize(("day", "held"), [(17, False), (18, True), (19, True), (20, False)])
def test_a_session_is_held_from_the_beginning_to_today(day: int, *, held: bool) -> None:
    def log(one: Coaching) -> Any:
        day_: dict[str, Any] = {"district_id": DISTRICT, "held_on": date(2024, 11, day)}
        return one.log_session(act(at=MONDAY + DAY), **day_, minutes=50, focus="literacy")

    outcome = given(begun).when(log)
    if held:
        met = fact(CoachingSessionLogged, **OF, held_on=date(2024, 11, day), minutes=50)
        assert outcome.then(met).active
    else:
        outcome.then_refused(SessionOutsideCoachingError, "2024-11-18 and 2024-11-19")


def test_days_are_those_where_the_coaching_is_and_not_those_of_greenwich() -> None:
    late = datetime(2024, 11, 19, 3, tzinfo=UTC)  # ten at night on the 18th in New York
    tonight = CoachingBegun(**header(STREAM, 1, late), **OF, focus="literacy", zone=ZONE)
    given(tonight).when(
        lambda one: one.log_session(
            act(at=late),
            district_id=DISTRICT,
            held_on=date(2024, 11, 18),
            minutes=50,
            focus="literacy",
        )
    ).then(CoachingSessionLogged)


def test_only_the_district_that_arranged_it_says_what_becomes_of_it() -> None:
    given(begun).when(
        lambda one: one.end(act(), district_id=named("another"), reason="moved")
    ).then_refused(NotCoachingError)
    given(begun, ended).when(
        lambda one: one.end(act(), district_id=DISTRICT, reason="moved")
    ).then_refused(NotCoachingError)
    with pytest.raises(NotCoachingError):
        state().end(act(), district_id=DISTRICT, reason="moved")
