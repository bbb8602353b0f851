"""Challenges: teams form, join and lock by the deadline, and the prize is awarded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from ledger.aggregates.base import Act
from ledger.aggregates.challenge import (
    MEMBERS_MAX,
    Challenge,
    ChallengeTerms,
    CredentialTwiceError,
    DeadlineAheadError,
    DeadlinePassedError,
    InTeamError,
    PrizeAwardedError,
    PrizeToOneselfError,
    TeamFullError,
    TeamLockedError,
    TeamTooSmallError,
    TeamUnknownError,
    create,
)
from ledger.aggregates.licensure import FarDayError
from ledger.events.base import Event
from ledger.events.challenge import (
    ChallengeCreated,
    ChallengeEvent,
    Deadline,
    Prize,
    PrizeAwarded,
    PrizeShareAwarded,
    TeamFormed,
    TeamJoined,
    TeamLeft,
    TeamLocked,
)
from ledger.rules.challenges import Standing
from tests.given import Outcome, fact, given
from tests.samples import CREDENTIAL, DISTRICT, MONDAY, OPERATOR, ZONE, act, header, named

CHALLENGE = named("challenge")
A, B, C, D = map(named, ("Ada", "Bea", "Cleo", "Dora"))
MARRIED = named("Ada, in a second record")  # merged into Ada's where a test says so
CLOSES_AT = datetime(2024, 11, 23, 5, tzinfo=UTC)  # the end of 22 November in New York
LAST = CLOSES_AT - timedelta(microseconds=1)
PRIZE = Prize(amount_cents=100_001, board_reference="Resolution 12", fund="foundation")
TERMS = ChallengeTerms(
    title="Fall challenge",
    credential_ids=(CREDENTIAL, named("another")),
    deadline=Deadline(day=date(2024, 11, 22), time="23:59", zone=ZONE),
    prize=PRIZE,
)
STANDING = Standing(
    team=1, rank=1, score_hundredths=350, submissions=3, unscored=0, last_submitted_at=MONDAY
)
created = create(CHALLENGE, act(), district_id=DISTRICT, terms=TERMS)[0]


def meant(person_id: UUID) -> UUID:
    """Nobody has two records but Ada."""
    return A if person_id == MARRIED else person_id


def history(*happened: tuple[type[ChallengeEvent], dict[str, Any]]) -> list[Event]:
    """A challenge and what happened to its teams, an event a line."""
    later = [
        kind(**header(CHALLENGE, version), district_id=DISTRICT, **fields)
        for version, (kind, fields) in enumerate(happened, start=2)
    ]
    return [created, *later]


def team(number: int, *members: UUID, locked: bool = False) -> list[Any]:
    """A team with these members, as the events that made it."""
    happened: list[Any] = [(TeamFormed, {"team": number})]
    happened += [(TeamJoined, {"team": number, "person_id": one}) for one in members]
    if locked:
        happened.append((TeamLocked, {"team": number, "members": len(members)}))
    return happened


def locks(person_id: UUID, *member_ids: UUID, at: datetime = MONDAY) -> Any:
    return lambda one: one.lock(act(at=at), person_id=person_id, member_ids=member_ids, meant=meant)


def awards(
    *member_ids: UUID, by: UUID = OPERATOR, at: datetime = CLOSES_AT, standing: Standing = STANDING
) -> Any:
    return lambda one: one.award(
        Act(actor_id=by, at=at),
        standing=standing,
        member_ids=member_ids,
        through_position=77,
        meant=meant,
    )


def test_a_challenge_is_created_with_all_its_terms_and_says_when_it_closes() -> None:
    outcome = given().when(lambda _: create(CHALLENGE, act(), district_id=DISTRICT, terms=TERMS))
    challenge = outcome.then(
        fact(
            ChallengeCreated,
            district_id=DISTRICT,
            title="Fall challenge",
            credential_ids=TERMS.credential_ids,
            deadline=TERMS.deadline,
            closes_at=CLOSES_AT,
            members_min=2,
            score_rule="mean",
            tie_rule="earlier_last_submission",
            prize=PRIZE,
        )
    )
    assert challenge == Challenge(
        id=CHALLENGE,
        version=1,
        district_id=DISTRICT,
        closes_at=CLOSES_AT,
        members_min=2,
        prize=PRIZE,
    )


def test_terms_that_cannot_stand_are_refused() -> None:
    def begun(at: datetime = MONDAY, **changes: Any) -> Outcome:
        terms = replace(TERMS, **changes)
        return given().when(
            lambda _: create(CHALLENGE, act(at=at), district_id=DISTRICT, terms=terms)
        )

    begun(at=LAST).then(ChallengeCreated)
    begun(at=CLOSES_AT).then_refused(DeadlinePassedError, "2024-11-22 23:59 has passed")
    begun(credential_ids=(CREDENTIAL, CREDENTIAL)).then_refused(CredentialTwiceError)
    far = Deadline(day=date(9999, 12, 31), time="23:59", zone=ZONE)
    begun(deadline=far).then_refused(FarDayError)


def test_whoever_forms_a_team_is_its_first_member_and_teams_are_numbered_in_turn() -> None:
    def forms(person_id: UUID) -> Any:
        return lambda one: one.form_team(act(at=LAST), person_id=person_id, meant=meant)

    formed = given(created).when(forms(A))
    challenge = formed.then(
        fact(TeamFormed, district_id=DISTRICT, team=1),
        fact(TeamJoined, district_id=DISTRICT, team=1, person_id=A),
    )
    assert challenge.teams[1].members == (A,)
    assert not challenge.teams[1].locked
    second = given(*history(*team(1, A))).when(forms(B))
    both = second.then(fact(TeamFormed, team=2), fact(TeamJoined, team=2, person_id=B))
    assert [one.members for one in both.teams.values()] == [(A,), (B,)]
    given(*history(*team(1, A), *team(2, B))).when(forms(B)).then_refused(InTeamError)


def test_she_joins_one_team_in_whichever_record_until_it_is_full() -> None:
    def joins(person_id: UUID, number: int = 1) -> Any:
        return lambda one: one.join(act(at=LAST), team=number, person_id=person_id, meant=meant)

    joined = given(*history(*team(1, A))).when(joins(B))
    after = joined.then(fact(TeamJoined, district_id=DISTRICT, team=1, person_id=B))
    assert after.teams[1].members == (A, B)
    given(*history(*team(1, A), *team(2, B))).when(joins(MARRIED, 2)).then_refused(InTeamError)
    given(*history(*team(1, MARRIED), *team(2, B))).when(joins(A, 2)).then_refused(InTeamError)
    given(*history(*team(1, A))).when(joins(B, 2)).then_refused(
        TeamUnknownError, f"{CHALLENGE} has no team 2"
    )
    many = [named(f"member {number}") for number in range(MEMBERS_MAX)]
    given(*history(*team(1, *many))).when(joins(A)).then_refused(TeamFullError, str(MEMBERS_MAX))
    given(*history(*team(1, *many[1:]))).when(joins(A)).then(TeamJoined)


def test_from_the_deadline_on_no_team_is_formed_joined_or_locked() -> None:
    begun = given(*history(*team(1, A, B)))
    late = act(at=CLOSES_AT)
    for command in (
        lambda one: one.form_team(late, person_id=C, meant=meant),
        lambda one: one.join(late, team=1, person_id=C, meant=meant),
        locks(A, B, at=CLOSES_AT),
    ):
        begun.when(command).then_refused(DeadlinePassedError, "2024-11-23T05:00:00+00:00")


def test_she_leaves_under_every_id_she_joined_by_and_nobody_else_goes() -> None:
    def leaves(person_id: UUID) -> Any:
        return lambda one: one.leave(act(), person_id=person_id, meant=meant)

    left = given(*history(*team(1, A, B), *team(2, C))).when(leaves(B))
    after = left.then(fact(TeamLeft, district_id=DISTRICT, team=1, person_id=B, reason="left"))
    assert [one.members for one in after.teams.values()] == [(A,), (C,)]
    twice = given(*history(*team(1, A, B, MARRIED))).when(leaves(A))
    gone = twice.then(fact(TeamLeft, person_id=A), fact(TeamLeft, person_id=MARRIED))
    assert gone.teams[1].members == (B,)
    given(*history(*team(1, MARRIED, B))).when(leaves(A)).then(fact(TeamLeft, person_id=MARRIED))
    given(*history(*team(1, A))).when(leaves(B)).then_refused(TeamUnknownError)
    given(*history(*team(1, A, B, locked=True))).when(leaves(B)).then_refused(
        TeamLockedError, "team 1 is locked"
    )


def test_a_team_is_locked_with_those_named_and_the_others_are_with_it_no_more() -> None:
    outcome = given(*history(*team(1, A, B, C, D), *team(2, named("Eve")))).when(locks(B, A))
    after = outcome.then(
        fact(TeamLeft, district_id=DISTRICT, team=1, person_id=C, reason="not_named"),
        fact(TeamLeft, district_id=DISTRICT, team=1, person_id=D, reason="not_named"),
        fact(TeamLocked, district_id=DISTRICT, team=1, members=2),
    )
    assert after.teams[1].members == (A, B)
    assert (after.teams[1].locked, after.teams[2].locked) == (True, False)


def test_she_is_named_or_counted_once_however_many_records_she_has() -> None:
    given(*history(*team(1, MARRIED, B))).when(locks(B, A)).then(fact(TeamLocked, members=2))
    given(*history(*team(1, A, MARRIED, B))).when(locks(B, A)).then(fact(TeamLocked, members=2))
    given(*history(*team(1, A, MARRIED))).when(locks(A, MARRIED)).then_refused(
        TeamTooSmallError, "at least 2"
    )


@pytest.mark.parametrize(
    ("teams", "person_id", "member_ids", "refusal"),
    [
        (team(1, A), A, (), TeamTooSmallError),
        (team(1, A, B), A, (C,), TeamUnknownError),
        (team(1, A) + team(2, B), A, (B,), TeamUnknownError),
        (team(1, A, B), C, (A, B), TeamUnknownError),
        (team(1, A, B, locked=True), A, (B,), TeamLockedError),
    ],
)
def test_a_team_that_cannot_be_locked_stays_as_it_is(
    teams: Sequence[Any], person_id: UUID, member_ids: tuple[UUID, ...], refusal: Any
) -> None:
    given(*history(*teams)).when(locks(person_id, *member_ids)).then_refused(refusal)


def test_the_prize_is_awarded_in_shares_to_the_cent_once_the_deadline_has_passed() -> None:
    won = given(*history(*team(1, A, B, locked=True)))
    won.when(awards(A, B, at=LAST)).then_refused(DeadlineAheadError, "2024-11-23T05:00:00+00:00")
    outcome = won.when(awards(A, B))
    after = outcome.then(
        fact(
            PrizeAwarded,
            district_id=DISTRICT,
            team=1,
            score_hundredths=350,
            last_submitted_at=MONDAY,
            submissions=3,
            amount_cents=100_001,
            through_position=77,
        ),
        fact(PrizeShareAwarded, district_id=DISTRICT, team=1, person_id=A, amount_cents=50_001),
        fact(PrizeShareAwarded, district_id=DISTRICT, team=1, person_id=B, amount_cents=50_000),
    )
    assert after.awarded
    assert after.teams[1].members == (A, B)
    given(*outcome.history, *outcome.events).when(awards(A, B)).then_refused(PrizeAwardedError)


def test_no_winner_awards_the_prize_in_whichever_record_and_nobody_gets_none() -> None:
    won = given(*history(*team(1, A, B, locked=True)))
    won.when(awards(A, B, by=B)).then_refused(PrizeToOneselfError)
    won.when(awards(A, B, by=MARRIED)).then_refused(PrizeToOneselfError)
    won.when(awards()).then_refused(TeamUnknownError, "team 1 has nobody")
    nothing = replace(STANDING, last_submitted_at=None)
    won.when(awards(A, B, standing=nothing)).then_refused(TeamUnknownError)


def test_a_stream_that_does_not_begin_with_a_challenge_or_has_two_is_not_folded() -> None:
    again = ChallengeCreated(**{**created.model_dump(), "originator_version": 2})
    with pytest.raises(AssertionError, match="created once"):
        Challenge.fold(None, [created, again])
    with pytest.raises(AssertionError, match="begins by being created"):
        Challenge.fold(None, history(*team(1, A))[1:])
