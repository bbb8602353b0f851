"""Challenges: a district asks, teams of its teachers hand in, and the best of them win a prize."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import Response
from pydantic import Field

from api.access import must_act_for_district, must_employ, must_see_challenges
from api.answers import answer, recorded
from api.challenges import award
from api.disclosure_log import ReaderRole
from api.disclosures import shows
from api.paging import PageOf
from api.reading import AsOfReadNow, PagedAsOfReadNow, Read
from api.routing import Router
from api.writing import Write, WriteNow
from ledger.aggregates.challenge import MEMBERS_MAX, MEMBERS_MIN, ChallengeTerms
from ledger.aggregates.challenge import Challenge as Stream
from ledger.aggregates.organization import Organization
from ledger.aggregates.person import Person
from ledger.application import Receipt
from ledger.commands import challenge as commands
from ledger.commands.pre_service import lacking_consent
from ledger.errors import NotFoundError
from ledger.events.challenge import Deadline, Prize, ScoreRule, TieRule
from ledger.rules.challenges import Standing
from ledger.values import Positive, ShortText, Value
from projections import challenges, known
from projections.challenges import Challenge, Member
from projections.leaderboard import VIEWS, Board, board

router = Router("challenges")
CREDENTIALS_MAX = 50


class NewChallenge(Value):
    """What counts, by when, how teams are scored, and what the best of them share."""

    title: ShortText
    credential_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=CREDENTIALS_MAX)]
    deadline: Deadline
    prize: Prize
    members_min: Annotated[int, Field(strict=True, ge=MEMBERS_MIN, le=MEMBERS_MAX)] = MEMBERS_MIN
    score_rule: ScoreRule = "mean"
    tie_rule: TieRule = "earlier_last_submission"


class TeamToJoin(Value):
    """The number of the team."""

    team: Positive


class TeamMembers(Value):
    """Who the team is; whoever sends it belongs to it in any case."""

    member_ids: Annotated[tuple[UUID, ...], Field(max_length=MEMBERS_MAX)]


class Winner(Value):
    """The team that stands first, as it was seen."""

    team: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeView:
    """One challenge. `won_by` is null until the prize is awarded."""

    challenge_id: UUID
    version: int
    district_id: UUID
    title: str
    credential_ids: list[UUID]
    deadline: dict[str, str]
    closes_at: datetime  # the first instant that is too late
    members_min: int
    score_rule: ScoreRule
    tie_rule: TieRule
    prize: dict[str, Any]
    teams: int
    teams_locked: int
    won_by: int | None
    won_with_hundredths: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberView:
    """A member of a team, and her share of the prize."""

    person_id: UUID
    team: int
    share_cents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardView:
    """How the locked teams stand; members are those whom the caller may see."""

    challenge_id: UUID
    district_id: UUID
    closes_at: datetime
    won_by: int | None
    standings: list[Standing]
    members: list[MemberView]


@router.write("/districts/{district_id}/challenges")
def create_challenge(district_id: UUID, body: NewChallenge, write: WriteNow) -> Response:
    """Begin a challenge for teams of a district's teachers."""
    must_act_for_district(write.caller, district_id)
    terms = ChallengeTerms(**dict(body))
    call = write.call(body)
    return recorded(
        commands.create_challenge(write.edge.ledger, call, district_id=district_id, terms=terms)
    )


@router.write("/challenges/{challenge_id}/teams")
def form_team(challenge_id: UUID, write: WriteNow) -> Response:
    """Form a team and be its first member."""
    return recorded(_take_part(write, commands.form_team, None, challenge_id))


@router.write("/challenges/{challenge_id}/members")
def join_team(challenge_id: UUID, body: TeamToJoin, write: WriteNow) -> Response:
    """Join a team that is not locked yet."""
    return recorded(_take_part(write, commands.join_team, body, challenge_id))


@router.write("/challenges/{challenge_id}/departures")
def leave_team(challenge_id: UUID, write: WriteNow) -> Response:
    """Leave your team before it is locked."""
    return recorded(write.run(commands.leave_team, None, **_herself(write, challenge_id)))


@router.write("/challenges/{challenge_id}/locks")
def lock_team(challenge_id: UUID, body: TeamMembers, write: WriteNow) -> Response:
    """Say who your team is. Whoever joined it and is not named is with it no more."""
    return recorded(_take_part(write, commands.lock_team, body, challenge_id))


@router.write("/challenges/{challenge_id}/prizes")
def award_prize(challenge_id: UUID, body: Winner, write: WriteNow) -> Response:
    """Award the prize to the team that stands first, in equal shares, to the cent."""
    challenge = write.edge.ledger.get(Stream, challenge_id)
    must_act_for_district(write.caller, challenge.district_id)
    call = write.call(body)
    return recorded(award(write.edge, call, challenge=challenge, team=body.team))


@router.read("/districts/{district_id}/challenges", PageOf[ChallengeView])
def list_challenges(district_id: UUID, read: PagedAsOfReadNow) -> Response:
    """The challenges of a district, the oldest first."""
    with read.connection(party_to=district_id) as connection:
        must_see_challenges(read.caller, connection, district_id)
        position = read.visible("challenges")
        zone = read.edge.ledger.get(Organization, district_id).zone
        as_of = read.known(connection, read.query.as_of, zone, "challenges")
        with known.challenges_of_district(connection, district_id, as_of):
            after = read.page.after(int, 0)
            found = challenges.of_district(
                connection, district_id, after=after, limit=read.page.limit
            )
    key = found[-1].position if found else None
    return read.page.answer(list(map(_view, found)), min(as_of, position), key=key)


@router.read("/challenges/{challenge_id}/leaderboard", LeaderboardView)
def read_leaderboard(challenge_id: UUID, read: AsOfReadNow) -> Response:
    """How the teams stand, and who is with them: with yours, or with all for the office."""
    district_id = read.edge.ledger.get(Stream, challenge_id).district_id
    with read.connection(party_to=district_id) as connection:
        office = must_see_challenges(read.caller, connection, district_id)
        position = read.visible(*VIEWS)
        zone = read.edge.ledger.get(Organization, district_id).zone
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
        with known.challenges_of_district(connection, district_id, as_of):
            found = board(connection, challenge_id, min(as_of, position))
    if found is None:
        raise NotFoundError(f"there was no challenge {challenge_id} yet")
    seen = found.members if office else _own_team(read, found.members)
    role: ReaderRole | None = None if office else "teammate"
    person_ids = {one.person_id for one in seen}
    shows(read, "challenge", person_ids, within=[district_id], role=role, thing_id=challenge_id)
    return answer(_leaderboard(found, seen), position=min(as_of, position))


def _take_part(
    write: Write, command: Callable[..., Receipt], body: Value | None, challenge_id: UUID
) -> Receipt:
    """What a guardian has a say in, while she is a minor: the vault knows until when."""
    edge, asked = write.edge, dict(body) if body is not None else {}
    known = _herself(write, challenge_id)
    return command(edge.ledger, edge.vault, write.call(body), **asked, **known)


def _herself(write: Write, challenge_id: UUID) -> dict[str, UUID]:
    """A challenge is there for whom its district employs or employed; each speaks for herself."""
    person_id = write.caller.person_id
    district_id = write.edge.ledger.get(Stream, challenge_id).district_id
    employed = partial(must_employ, district_id=district_id, person_id=person_id)
    write.find({write.caller.principal_id, district_id}, employed)
    return {"challenge_id": challenge_id, "person_id": person_id}


def _own_team(read: Read[Any], members: Sequence[Member]) -> list[Member]:
    """Without minors whose guardian lets nobody be shown them any more, at whatever position."""
    teams = {one.team for one in members if read.caller.is_person(one.person_id)}
    own = [one for one in members if one.team in teams]
    persons = read.edge.ledger.find_many(Person, {one.person_id for one in own}).values()
    hidden = lacking_consent(read.edge.vault, persons, "sharing", read.at)
    return [
        one for one in own if one.person_id not in hidden or read.caller.is_person(one.person_id)
    ]


def _view(one: Challenge) -> ChallengeView:
    return ChallengeView(
        challenge_id=one.challenge_id,
        version=one.version,
        district_id=one.district_id,
        title=one.title,
        credential_ids=one.credential_ids,
        deadline=one.deadline,
        closes_at=one.closes_at,
        members_min=one.members_min,
        score_rule=one.score_rule,
        tie_rule=one.tie_rule,
        prize=one.prize,
        teams=one.teams,
        teams_locked=len(one.locked),
        won_by=one.won_by,
        won_with_hundredths=one.won_with,
    )


def _leaderboard(found: Board, seen: Sequence[Member]) -> LeaderboardView:
    challenge = found.challenge
    return LeaderboardView(
        challenge_id=challenge.challenge_id,
        district_id=challenge.district_id,
        closes_at=challenge.closes_at,
        won_by=challenge.won_by,
        standings=found.standings,
        members=[
            MemberView(person_id=one.person_id, team=one.team, share_cents=one.share_cents)
            for one in seen
        ],
    )
