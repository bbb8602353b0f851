"""Challenges: what is asked, who is in which team, and who won.

Submissions and scores are not taken in: they belong to enrollments, of which one in ten thousand is
part of a challenge. `projections/leaderboard.py` reads those few out of the log when asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import UnionType
from typing import Any, ClassVar, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyChallengeEvent
from ledger.events.challenge import (
    ChallengeCreated,
    PrizeAwarded,
    PrizeShareAwarded,
    ScoreRule,
    TeamFormed,
    TeamJoined,
    TeamLeft,
    TeamLocked,
    TieRule,
)
from ledger.events.merge import PersonsMerged
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import Write, blocks, read, to_write

Relevant = AnyChallengeEvent
_SQL = blocks("challenges")
_Key = tuple[UUID, UUID, int]  # challenge, person, team


@dataclass(slots=True, kw_only=True)
class Challenge:
    """One challenge as it stands."""

    challenge_id: UUID
    district_id: UUID
    position: int
    title: str
    credential_ids: list[UUID]
    deadline: dict[str, str]
    closes_at: datetime
    members_min: int
    score_rule: ScoreRule
    tie_rule: TieRule
    prize: dict[str, Any]
    teams: int = 0
    locked: list[int] = field(default_factory=list)
    version: int = 1
    won_by: int | None = None
    won_with: int | None = None
    won_through: int | None = None


@dataclass(slots=True, kw_only=True)
class Member:
    """Who joined which team; `gone` when she left it again."""

    challenge_id: UUID
    person_id: UUID
    district_id: UUID
    team: int
    position: int
    gone: bool = False
    share_cents: int | None = None


class Challenges(Projection[Relevant]):
    """Keeps `challenges` and `challenge_members`."""

    name: ClassVar[str] = "challenges"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("challenges", by_person=False, seen_by=(Viewer.DISTRICT,)),
        Table("challenge_members", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
    )
    sharded: ClassVar[bool] = False  # a challenge is of many persons

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        ids = list({fact.event.originator_id for fact in facts})
        known = {
            one.challenge_id: one for one in read(connection, Challenge, _SQL["load"], ids=ids)
        }
        members = {
            (one.challenge_id, one.person_id, one.team): one
            for one in read(connection, Member, _SQL["load_members"], ids=ids)
        }
        for fact in facts:
            _fold(known, members, fact)
        return [
            *to_write(_SQL["save"], rows=list(known.values())),
            *to_write(_SQL["save_members"], rows=list(members.values())),
        ]

    def merge(self, fact: Fact[PersonsMerged], connection: Connection[Any]) -> list[Write]:
        event = fact.event
        named = {"person_id": event.person_id, "merged_id": event.merged_id}
        connection.execute(_SQL["merge_members"], named)
        return super().merge(fact, connection)


def find(connection: Connection[Any], challenge_id: UUID) -> Challenge | None:
    """One challenge."""
    return next(iter(read(connection, Challenge, _SQL["load"], ids=[challenge_id])), None)


def of_district(
    connection: Connection[Any], district_id: UUID, *, after: int = 0, limit: int = 100
) -> list[Challenge]:
    """A district's challenges, the oldest first; `after` is the last `position` seen."""
    span = {"district_id": district_id, "after": after, "limit": limit}
    return read(connection, Challenge, _SQL["of_district"], **span)


def members_of(connection: Connection[Any], challenge_id: UUID) -> list[Member]:
    """Who is with a team of a challenge, in the order of joining."""
    return read(connection, Member, _SQL["members"], challenge_id=challenge_id)


def _fold(known: dict[UUID, Challenge], members: dict[_Key, Member], fact: Fact[Relevant]) -> None:
    position, event = fact
    stream = event.originator_id
    if isinstance(event, ChallengeCreated):
        known[stream] = _created(event, position)
        return
    one = known[stream]
    one.version = event.originator_version
    match event:
        case TeamFormed():
            one.teams = event.team
        case TeamJoined(person_id=person_id):
            members[stream, person_id, event.team] = Member(
                challenge_id=stream,
                person_id=person_id,
                district_id=event.district_id,
                team=event.team,
                position=position,
            )
        case TeamLeft(person_id=person_id):
            members[stream, person_id, event.team].gone = True
        case TeamLocked():
            one.locked.append(event.team)
        case PrizeAwarded():
            one.won_by, one.won_with = event.team, event.score_hundredths
            one.won_through = event.through_position
        case PrizeShareAwarded(person_id=person_id):
            members[stream, person_id, event.team].share_cents = event.amount_cents
        case _:
            assert_never(event)


def _created(event: ChallengeCreated, position: int) -> Challenge:
    return Challenge(
        challenge_id=event.originator_id,
        district_id=event.district_id,
        position=position,
        title=event.title,
        credential_ids=list(event.credential_ids),
        deadline=event.deadline.model_dump(mode="json"),
        closes_at=event.closes_at,
        members_min=event.members_min,
        score_rule=event.score_rule,
        tie_rule=event.tie_rule,
        prize=event.prize.model_dump(mode="json"),
    )
