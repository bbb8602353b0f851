"""Challenges: teams hand in by a deadline, and the team with the highest score wins a prize.

A team has a number and no name. What its members hand in stays in their own enrollments, and the
leaderboard is derived from those; the prize is decided once and never derived again.
"""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from ledger.events.base import Event
from ledger.events.payroll import Position
from ledger.values import (
    Cents,
    Count,
    Day,
    Instant,
    Positive,
    ShortText,
    Slug,
    Value,
    ZoneName,
)

# Closed lists: ledger/rules/challenges.py has one pure function for each.
ScoreRule = Literal["sum", "mean", "best_of_each_credential"]
TieRule = Literal["earlier_last_submission"]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Hundredths = Annotated[int, Field(strict=True, ge=0, le=10**9)]  # 9.00 points are 900


class Deadline(Value):
    """The last minute in which a submission counts, as clocks show it in a zone."""

    day: Day
    time: ClockTime
    zone: ZoneName


class Prize(Value):
    """What the winners share, and what says that it may be paid.

    With a policy it is filed with the dossiers of the winners as what they ask for under that
    policy, and payroll pays it; without one it is paid by others and only told here.
    """

    amount_cents: Cents
    board_reference: ShortText
    fund: Slug
    policy_id: UUID | None = None


class ChallengeEvent(Event):
    """Stream: one challenge of a district, with its teams."""

    district_id: UUID


class ChallengeCreated(ChallengeEvent):
    """What counts, by when, how it is scored, and what is won."""

    TOPIC: ClassVar[str] = "challenge.created.v1"

    title: ShortText
    credential_ids: Annotated[tuple[UUID, ...], Field(min_length=1)]
    deadline: Deadline
    closes_at: Instant  # the first that is too late, as it followed from the deadline
    members_min: Positive
    score_rule: ScoreRule
    tie_rule: TieRule
    prize: Prize


class TeamFormed(ChallengeEvent):
    """There is a team; whoever formed it has joined it."""

    TOPIC: ClassVar[str] = "challenge.team-formed.v1"

    team: Positive  # the first of a challenge is 1


class TeamJoined(ChallengeEvent):
    """She is with a team, and with no other of this challenge."""

    TOPIC: ClassVar[str] = "challenge.team-joined.v1"

    team: Positive
    person_id: UUID


class TeamLeft(ChallengeEvent):
    """She went, or was not among those named when the team was locked."""

    TOPIC: ClassVar[str] = "challenge.team-left.v1"

    team: Positive
    person_id: UUID
    reason: Literal["left", "not_named"]


class TeamLocked(ChallengeEvent):
    """Nobody joins or leaves any more; only what is locked by the deadline takes part."""

    TOPIC: ClassVar[str] = "challenge.team-locked.v1"

    team: Positive
    members: Positive


class PrizeAwarded(ChallengeEvent):
    """A team won, by the leaderboard as it followed from the log through a position."""

    TOPIC: ClassVar[str] = "challenge.prize-awarded.v1"

    team: Positive
    score_hundredths: Hundredths
    last_submitted_at: Instant
    submissions: Count
    amount_cents: Cents
    through_position: Position


class PrizeShareAwarded(ChallengeEvent):
    """What one winner gets; the shares of a prize add up to it, to the cent."""

    TOPIC: ClassVar[str] = "challenge.prize-share-awarded.v1"

    team: Positive
    person_id: UUID
    amount_cents: Cents
