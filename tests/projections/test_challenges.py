"""Challenges as views: two records of one member, and what of an enrollment counts for a team."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.aggregates.challenge import (
    Challenge,
    ChallengeTerms,
    DeadlineAheadError,
    PrizeToOneselfError,
    create,
)
from ledger.events import AnyChallengeEvent, LedgerEvent
from ledger.events.challenge import Deadline, Prize, PrizeShareAwarded
from ledger.events.enrollment import (
    AppealDecided,
    AssessorRecused,
    AssignmentLapsed,
    CriterionScore,
    Enrolled,
    IntegrityHoldResolved,
    Resubmitted,
    ReviewDecided,
    Revoked,
    Scored,
    SubmissionReturned,
    Submitted,
)
from ledger.rules.challenges import Standing
from projections import challenges
from projections.challenges import Challenges
from projections.check import check
from projections.contract import Fact
from projections.leaderboard import courses_of
from tests.database import Server
from tests.projections.logs import Log, a_log
from tests.projections.test_merges import merged
from tests.samples import (
    CREDENTIAL,
    DISTRICT,
    EARNER,
    ENROLLMENT,
    FIRST,
    ISSUER,
    MONDAY,
    SECOND,
    ZONE,
    act,
    header,
    named,
)

VIEW = (Challenges(),)
STREAM = named("challenge")
KEPT, OTHER, THIRD, FOURTH = (named(f"member {n}") for n in range(4))
CLOSING = MONDAY + timedelta(days=30)
POINTS = {"plan": {"l1": 1, "l2": 2, "l3": 3}}


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server, VIEW) as log:
        yield log


def begun() -> list[AnyChallengeEvent]:
    deadline = Deadline(day=date(2024, 12, 18), time="12:00", zone=ZONE)
    prize = Prize(amount_cents=1_000_001, board_reference="Minute 7", fund="general")
    terms = ChallengeTerms(
        title="Best", credential_ids=(CREDENTIAL,), deadline=deadline, prize=prize
    )
    return [*create(STREAM, act(), district_id=DISTRICT, terms=terms)]


def then(events: list[AnyChallengeEvent], name: str, **said: Any) -> None:
    challenge = Challenge.fold(None, events)
    assert challenge is not None
    at = CLOSING + timedelta(days=1) if name == "award" else MONDAY
    events += getattr(challenge, name)(act(at=at), **{"meant": lambda one: one, **said})


def as_members(
    log: Log, events: list[AnyChallengeEvent], since: int | None = None
) -> list[tuple[Any, int, int | None]]:
    """Who is with a team, two records having become one before the event `since`."""
    log.empty(VIEW)
    log.fill([*events[:since], merged(KEPT, OTHER), *(events[since:] if since else ())])
    log.catch_up(VIEW)
    [equal] = [one.equal for one in check(log.database, VIEW, workers=2)]
    assert equal, "a rebuild says the same"
    found = challenges.members_of(log.reader, STREAM)
    return [(one.person_id, one.team, one.share_cents) for one in found]


def test_of_two_records_in_one_challenge_the_one_with_a_team_stands(log: Log) -> None:
    events = begun()
    then(events, "form_team", person_id=KEPT)
    then(events, "form_team", person_id=OTHER)
    then(events, "leave", person_id=KEPT)
    assert as_members(log, events) == [(KEPT, 2, None)]


def test_of_two_records_in_one_team_she_is_with_it_as_long_as_one_of_them_is(log: Log) -> None:
    events = begun()
    then(events, "form_team", person_id=KEPT)
    then(events, "join", person_id=OTHER, team=1)
    then(events, "join", person_id=THIRD, team=1)
    then(events, "leave", person_id=KEPT)
    assert as_members(log, events) == [(KEPT, 1, None), (THIRD, 1, None)]
    then(events, "leave", person_id=OTHER)
    assert as_members(log, events) == [(THIRD, 1, None)]


def test_who_is_with_two_teams_by_a_merge_is_taken_out_of_the_one_that_leaves_her_out(
    log: Log,
) -> None:
    """Team 2 is locked without her second record; in team 1 she stays."""
    events = begun()
    then(events, "form_team", person_id=KEPT)
    then(events, "form_team", person_id=THIRD)
    for one in (OTHER, FOURTH):
        then(events, "join", person_id=one, team=2)
    since = len(events)
    assert as_members(log, events) == [(KEPT, 1, None), (THIRD, 2, None)] + [
        (one, 2, None) for one in (KEPT, FOURTH)
    ]
    then(events, "lock", person_id=THIRD, member_ids=[FOURTH])
    assert as_members(log, events, since) == [(KEPT, 1, None), (THIRD, 2, None), (FOURTH, 2, None)]


def test_of_two_records_that_both_won_the_shares_are_one_persons(log: Log) -> None:
    events = begun()
    then(events, "form_team", person_id=KEPT)
    then(events, "join", person_id=OTHER, team=1)
    then(events, "join", person_id=THIRD, team=1)
    then(events, "lock", person_id=KEPT, member_ids=[OTHER, THIRD])
    standing = Standing(1, 1, 900, 1, 0, MONDAY)
    members = [KEPT, OTHER, THIRD]
    then(events, "award", standing=standing, member_ids=members, through_position=9)
    shares = [one.amount_cents for one in events if isinstance(one, PrizeShareAwarded)]
    assert shares == [333_334, 333_334, 333_333]
    assert as_members(log, events) == [(KEPT, 1, 666_668), (THIRD, 1, 333_333)]


def test_who_joined_under_a_record_that_was_merged_since_leaves_and_may_join_again() -> None:
    def meant(one: UUID) -> UUID:
        return KEPT if one == OTHER else one

    events = begun()
    then(events, "form_team", person_id=OTHER)
    then(events, "join", person_id=THIRD, team=1)
    then(events, "leave", person_id=KEPT, meant=meant)
    then(events, "join", person_id=KEPT, team=1, meant=meant)
    challenge = Challenge.fold(None, events)
    assert challenge is not None
    assert challenge.teams[1].members == (THIRD, KEPT)


def test_a_prize_is_awarded_once_the_deadline_has_passed_and_not_by_who_wins_it() -> None:
    events = begun()
    then(events, "form_team", person_id=KEPT)
    challenge = Challenge.fold(None, events)
    assert challenge is not None

    def award(at: datetime, member_ids: list[UUID]) -> None:
        challenge.award(
            act(at=at),
            standing=Standing(1, 1, 900, 1, 0, MONDAY),
            member_ids=member_ids,
            through_position=9,
            meant=lambda one: one,
        )

    award(challenge.closes_at, [KEPT])
    with pytest.raises(DeadlineAheadError):
        award(challenge.closes_at - timedelta(microseconds=1), [KEPT])
    with pytest.raises(PrizeToOneselfError):
        award(challenge.closes_at, [KEPT, act().actor_id])


def handed_in(*more: tuple[type[LedgerEvent], dict[str, Any]]) -> Any:
    """What counts of one enrollment, of which the first attempt was scored l3 and l2."""
    pinned = {"credential_id": CREDENTIAL, "credential_version": 1, "issuer_id": ISSUER}
    sent = {"evidence_ids": (), "reflection": None, "zone": ZONE, "submitted_on": MONDAY.date()}
    happened = [
        (Enrolled, {**pinned, "cycle": 1, "renews_enrollment_id": None}),
        (Submitted, {"attempt": 1, **sent}),
        scored(1, FIRST, "l3"),
        scored(2, SECOND, "l2"),
        *((kind, sent | said if kind is Resubmitted else said) for kind, said in more),
    ]
    facts = [
        Fact(n, kind(**header(ENROLLMENT, n) | {"person_id": EARNER, **said}))
        for n, (kind, said) in enumerate(happened, 1)
    ]
    [course] = courses_of(facts)
    found = course.submission(CLOSING, POINTS)
    return None if found is None else (found.submitted_at, found.points)


def scored(seat: int, assessor: Any, level: str) -> tuple[type[LedgerEvent], dict[str, Any]]:
    scores = (CriterionScore(criterion="plan", level=level, met=True),)
    said = {"attempt": 1, "seat": seat, "assessor_id": assessor, "scores": scores}
    return Scored, {**said, "feedback": None}


def days(name: str) -> dict[str, Any]:
    return {"zone": ZONE, name: MONDAY.date()}


DECIDED = {"attempt": 1, "results": (), "reason": None, "feedback": None, **days("decided_on")}
HELD = (ReviewDecided, {**DECIDED, "decision": "integrity_hold"})
RESOLVED = {"attempt": 1, "reason": "looked-at", **days("resolved_on")}
AGAIN = {"occurred_at": CLOSING - timedelta(microseconds=1)}
LATE = {"occurred_at": CLOSING}
RETURNED = (SubmissionReturned, {"attempt": 1, "reasons": ("unreadable",), "note": None})
OVERTURNED = {"attempt": 1, "finding": "overturned", "reason": "fair", **days("decided_on")}
UPHELD = {**OVERTURNED, "finding": "upheld"}
STEPPED_BACK = {"attempt": 1, "seat": 2, "assessor_id": SECOND, "reason": "knows-her"}
LAPSED = {"attempt": 1, "seat": 2, "assessor_id": SECOND}
REVOKED = {"reason": "plagiarism", "authority": "issuer", **days("effective_on")}


@pytest.mark.parametrize(
    ("more", "counted"),
    [
        ((), (MONDAY, 2)),  # the level that both saw at least
        ((HELD,), (MONDAY, None)),
        ((HELD, (IntegrityHoldResolved, {**RESOLVED, "finding": "cleared"})), (MONDAY, 2)),
        ((HELD, (IntegrityHoldResolved, {**RESOLVED, "finding": "confirmed"})), None),
        (((Revoked, REVOKED),), None),
        (((AppealDecided, OVERTURNED),), (MONDAY, None)),  # it is reviewed anew
        (((AppealDecided, UPHELD),), (MONDAY, 2)),
        (((AssessorRecused, STEPPED_BACK),), (MONDAY, None)),  # her seat is to be taken anew
        (((AssignmentLapsed, LAPSED), scored(2, THIRD, "l3")), (MONDAY, 3)),
        (((Resubmitted, {"attempt": 2, **AGAIN}),), (AGAIN["occurred_at"], None)),
        (((Resubmitted, {"attempt": 2, **LATE}),), (MONDAY, 2)),
        ((RETURNED,), None),
        ((RETURNED, (Resubmitted, {"attempt": 1, **LATE})), None),
    ],
)
def test_what_counts_of_an_enrollment_is_the_newest_attempt_in_time_that_stands(
    more: tuple[Any, ...], counted: Any
) -> None:
    assert handed_in(*more) == counted
