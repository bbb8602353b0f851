"""A challenge and its teams: formed, joined and locked by the deadline; then a prize, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Meant, first_header
from ledger.aggregates.licensure import check_near
from ledger.errors import InvalidError, RuleError
from ledger.events import AnyChallengeEvent
from ledger.events.challenge import (
    ChallengeCreated,
    Deadline,
    Prize,
    PrizeAwarded,
    PrizeShareAwarded,
    ScoreRule,
    TeamFormed,
    TeamJoined,
    TeamLeft,
    TeamLocked,
    TieRule,
)
from ledger.rules.challenges import Standing, closes_at, shares

MEMBERS_MIN = 2
MEMBERS_MAX = 50
LeavingReason = Literal["left", "not_named"]


class DeadlinePassedError(RuleError):
    """The deadline of the challenge has passed."""

    slug = "deadline-passed"


class DeadlineAheadError(RuleError):
    """The deadline of the challenge has not passed, so nobody has won."""

    slug = "deadline-ahead"


class TeamTooSmallError(RuleError):
    """The team has fewer members than the challenge asks for."""

    slug = "team-too-small"


class TeamFullError(RuleError):
    """The team has as many members as a team may have."""

    slug = "team-full"


class TeamLockedError(RuleError):
    """The team is locked: nobody joins or leaves it any more."""

    slug = "team-locked"


class TeamUnknownError(RuleError):
    """There is no such team, or you are with none."""

    slug = "team-unknown"


class InTeamError(RuleError):
    """She is with a team of this challenge already."""

    slug = "in-a-team"


class CredentialTwiceError(InvalidError):
    """A challenge names one micro-credential twice."""

    slug = "challenge-credential-repeated"


class PrizeAwardedError(RuleError):
    """The prize of the challenge was awarded; there is no second one."""

    slug = "prize-awarded"


class PrizeToOneselfError(RuleError):
    """Whoever has won a prize does not award it."""

    slug = "prize-to-oneself"


@dataclass(frozen=True, kw_only=True)
class ChallengeTerms:
    """What counts, by when, how it is scored, and what is won."""

    title: str
    credential_ids: tuple[UUID, ...]
    deadline: Deadline
    prize: Prize
    members_min: int = MEMBERS_MIN
    score_rule: ScoreRule = "mean"
    tie_rule: TieRule = "earlier_last_submission"


@dataclass(frozen=True, slots=True)
class Team:
    """Who is with it, in the order in which they joined."""

    members: tuple[UUID, ...] = ()
    locked: bool = False

    def with_member(self, person_id: UUID) -> Team:
        return replace(self, members=(*self.members, person_id))

    def without(self, person_id: UUID) -> Team:
        return replace(self, members=tuple(one for one in self.members if one != person_id))


def create(
    stream: UUID, act: Act, *, district_id: UUID, terms: ChallengeTerms
) -> Sequence[AnyChallengeEvent]:
    """Begin a challenge, whose deadline is still to come."""
    check_near(terms.deadline.day)
    closing_at = closes_at(terms.deadline)
    if closing_at <= act.at:
        raise DeadlinePassedError(f"{terms.deadline.day} {terms.deadline.time} has passed")
    if len(set(terms.credential_ids)) < len(terms.credential_ids):
        raise CredentialTwiceError("each micro-credential counts once")
    return [
        ChallengeCreated(
            **first_header(stream, act),
            district_id=district_id,
            title=terms.title,
            credential_ids=terms.credential_ids,
            deadline=terms.deadline,
            closes_at=closing_at,
            members_min=terms.members_min,
            score_rule=terms.score_rule,
            tie_rule=terms.tie_rule,
            prize=terms.prize,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Challenge(Aggregate):
    """One challenge of a district."""

    district_id: UUID
    closes_at: datetime
    members_min: int
    prize: Prize
    teams: Mapping[int, Team] = field(default_factory=dict)
    awarded: bool = False

    def form_team(self, act: Act, *, person_id: UUID, meant: Meant) -> Sequence[AnyChallengeEvent]:
        """Form a team, and be its first member."""
        self._must_be_open(act)
        self._must_be_in_none(person_id, meant)
        team = len(self.teams) + 1
        formed = TeamFormed(**self.header(act), district_id=self.district_id, team=team)
        return [formed, self._joined(act, 1, team, person_id)]

    def join(
        self, act: Act, *, team: int, person_id: UUID, meant: Meant
    ) -> Sequence[AnyChallengeEvent]:
        """Be with a team that is not locked yet."""
        self._must_be_open(act)
        self._must_be_in_none(person_id, meant)
        if len(self._unlocked(team).members) >= MEMBERS_MAX:
            raise TeamFullError(f"a team has no more than {MEMBERS_MAX} members")
        return [self._joined(act, 0, team, person_id)]

    def leave(self, act: Act, *, person_id: UUID, meant: Meant) -> Sequence[AnyChallengeEvent]:
        """Leave her team before it is locked."""
        team = self._team_of(person_id, meant)
        own = [one for one in self._unlocked(team).members if meant(one) == meant(person_id)]
        return self._left(act, team, own, reason="left")

    def lock(
        self, act: Act, *, person_id: UUID, member_ids: Sequence[UUID], meant: Meant
    ) -> Sequence[AnyChallengeEvent]:
        """Say who her team is. Whoever has joined it and is not named is with it no more."""
        self._must_be_open(act)
        team = self._team_of(person_id, meant)
        joined = self._unlocked(team).members
        named = {meant(one) for one in (*member_ids, person_id)}
        staying = {meant(one) for one in joined} & named
        if staying != named:
            raise TeamUnknownError("somebody named here has not joined the team")
        if len(staying) < self.members_min:
            raise TeamTooSmallError(f"a team has at least {self.members_min} members")
        going = [one for one in joined if meant(one) not in named]
        left = self._left(act, team, going, reason="not_named")
        locked = TeamLocked(
            **self.header(act, after=len(left)),
            district_id=self.district_id,
            team=team,
            members=len(staying),
        )
        return [*left, locked]

    def award(
        self,
        act: Act,
        *,
        standing: Standing,
        member_ids: Sequence[UUID],
        through_position: int,
        meant: Meant,
    ) -> Sequence[AnyChallengeEvent]:
        """Award the prize, once, in equal shares to those of the team that can be given one."""
        self.must_be_over(act.at)
        if self.awarded:
            raise PrizeAwardedError(f"the prize of challenge {self.id} was awarded")
        if meant(act.actor_id) in member_ids:
            raise PrizeToOneselfError("somebody who has not won it awards a prize")
        if not member_ids or standing.last_submitted_at is None:
            raise TeamUnknownError(f"team {standing.team} has nobody who could be given a prize")
        awarded = PrizeAwarded(
            **self.header(act),
            district_id=self.district_id,
            team=standing.team,
            score_hundredths=standing.score_hundredths,
            last_submitted_at=standing.last_submitted_at,
            submissions=standing.submissions,
            amount_cents=self.prize.amount_cents,
            through_position=through_position,
        )
        given = [
            PrizeShareAwarded(
                **self.header(act, after=after),
                district_id=self.district_id,
                team=standing.team,
                person_id=person_id,
                amount_cents=amount_cents,
            )
            for after, (person_id, amount_cents) in enumerate(
                shares(self.prize.amount_cents, member_ids), 1
            )
        ]
        return [awarded, *given]

    def must_be_over(self, at: datetime) -> None:
        """Raises DeadlineAheadError while what is handed in still counts."""
        if at < self.closes_at:
            raise DeadlineAheadError(f"submissions count until {self.closes_at.isoformat()}")

    def _joined(self, act: Act, after: int, team: int, person_id: UUID) -> TeamJoined:
        return TeamJoined(
            **self.header(act, after=after),
            district_id=self.district_id,
            team=team,
            person_id=person_id,
        )

    def _left(
        self, act: Act, team: int, member_ids: Sequence[UUID], *, reason: LeavingReason
    ) -> list[TeamLeft]:
        """They went, each under the id by which she joined, be it of a record merged since."""
        return [
            TeamLeft(
                **self.header(act, after=after),
                district_id=self.district_id,
                team=team,
                person_id=person_id,
                reason=reason,
            )
            for after, person_id in enumerate(member_ids)
        ]

    def _must_be_open(self, act: Act) -> None:
        if act.at >= self.closes_at:
            raise DeadlinePassedError(f"teams were formed until {self.closes_at.isoformat()}")

    def _must_be_in_none(self, person_id: UUID, meant: Meant) -> None:
        if self._find(person_id, meant) is not None:
            raise InTeamError("one teacher is with one team of a challenge")

    def _unlocked(self, team: int) -> Team:
        found = self.teams.get(team)
        if found is None:
            raise TeamUnknownError(f"challenge {self.id} has no team {team}")
        if found.locked:
            raise TeamLockedError(f"team {team} is locked")
        return found

    def _team_of(self, person_id: UUID, meant: Meant) -> int:
        team = self._find(person_id, meant)
        if team is None:
            raise TeamUnknownError("you are with no team of this challenge")
        return team

    def _find(self, person_id: UUID, meant: Meant) -> int | None:
        wanted = meant(person_id)
        found = (
            number
            for number, team in self.teams.items()
            if any(meant(one) == wanted for one in team.members)
        )
        return next(found, None)

    @classmethod
    def evolve(cls, state: Self | None, event: AnyChallengeEvent) -> Self:
        if state is None:
            assert isinstance(event, ChallengeCreated), "a challenge begins by being created"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                district_id=event.district_id,
                closes_at=event.closes_at,
                members_min=event.members_min,
                prize=event.prize,
            )
        return replace(state.at_version(event.originator_version), **state.changed_by(event))

    def changed_by(self, event: AnyChallengeEvent) -> dict[str, Any]:
        """The fields that an event changes."""
        match event:
            case ChallengeCreated():
                raise AssertionError("a challenge is created once")
            case TeamFormed(team=number):
                team = Team()
            case TeamJoined(team=number, person_id=person_id):
                team = self.teams[number].with_member(person_id)
            case TeamLeft(team=number, person_id=person_id):
                team = self.teams[number].without(person_id)
            case TeamLocked(team=number):
                team = replace(self.teams[number], locked=True)
            case PrizeAwarded():
                return {"awarded": True}
            case PrizeShareAwarded():
                return {}
            case _:
                assert_never(event)
        return {"teams": {**self.teams, number: team}}
