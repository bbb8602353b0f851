"""The leaderboard of a challenge: folded from what its teams handed in, up to a position.

Nothing of it is kept. The enrollments of a challenge's teams are a few streams of the log, found
by the transcript, and read when somebody asks; so a leaderboard as of a position is the same fold
over fewer events, and no view has to look at submissions that are part of no challenge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import LedgerEvent, enrollment
from ledger.rules.challenges import Standing, Submission, counts, standings
from ledger.rules.review import Scores, agree
from projections import catalog, challenges
from projections.challenges import Challenge, Member
from projections.contract import Fact
from projections.log import facts_of
from projections.sql import blocks, rows

VIEWS = ("challenges", "transcript", "catalog")  # that know which streams to read
ADJUDICATOR_SEAT = 3
Points = Mapping[str, Mapping[str, int]]  # of each criterion's levels
_Reviewed = (
    enrollment.AssessorRecused
    | enrollment.AssignmentLapsed
    | enrollment.Scored
    | enrollment.Adjudicated
    | enrollment.ReviewDecided
    | enrollment.IntegrityHoldResolved
)
_Relevant = (
    _Reviewed
    | enrollment.Submitted
    | enrollment.Resubmitted
    | enrollment.SubmissionReturned
    | enrollment.Withdrawn
    | enrollment.Revoked
    | enrollment.Reinstated
    | enrollment.AppealDecided
)


@dataclass(slots=True)
class _Attempt:
    """One attempt; what is held, or void, has no points."""

    submitted_at: datetime
    seats: dict[int, Scores] = field(default_factory=dict)
    held: bool = False
    void: bool = False

    def points(self, of_levels: Points) -> int | None:
        """The level that both assessors saw at least, or the adjudicator's; null: not settled."""
        first, second = self.seats.get(1), self.seats.get(2)
        if self.held or first is None or second is None:
            return None
        if agree(first, second):
            pairs = zip(_points(first, of_levels), _points(second, of_levels), strict=True)
            return sum(map(min, pairs))
        third = self.seats.get(ADJUDICATOR_SEAT)
        return None if third is None else sum(_points(third, of_levels))


@dataclass(slots=True)
class _Course:
    """One enrollment as far as a challenge looks at it."""

    person_id: UUID
    credential_id: UUID
    credential_version: int
    attempts: dict[int, _Attempt] = field(default_factory=dict)
    over: bool = False  # given up, or revoked

    def submission(self, closing_at: datetime, of_levels: Points) -> Submission | None:
        """The newest attempt that was in time, unless nothing of it stands."""
        in_time = [one for one in self.attempts.values() if counts(one.submitted_at, closing_at)]
        if self.over or not in_time or in_time[-1].void:
            return None
        newest = in_time[-1]
        return Submission(
            self.person_id, self.credential_id, newest.submitted_at, newest.points(of_levels)
        )


@dataclass(frozen=True, slots=True)
class Board:
    """A challenge, who is with its teams, and how the teams that take part stand."""

    challenge: Challenge
    members: list[Member]
    standings: list[Standing]


def board(connection: Connection[Any], challenge_id: UUID, until: int) -> Board | None:
    """The leaderboard by what the log says up to a position; null where there is no challenge.

    The challenge itself is read as the connection has it: as of a position, fold it before.
    """
    challenge = challenges.find(connection, challenge_id)
    if challenge is None:
        return None
    members = challenges.members_of(connection, challenge_id)
    submissions = _submissions(connection, challenge, members, until)
    teams: dict[int, list[Submission]] = {team: [] for team in challenge.locked}
    for one in members:
        if one.team in teams:
            teams[one.team] += submissions.get(one.person_id, [])
    order = standings(challenge.score_rule, challenge.tie_rule, teams)
    return Board(challenge, members, order)


def _submissions(
    connection: Connection[Any], challenge: Challenge, members: Sequence[Member], until: int
) -> dict[UUID, list[Submission]]:
    """What counts, by person: of each micro-credential the newest that was in time."""
    key = {
        "person_ids": [one.person_id for one in members],
        "credential_ids": challenge.credential_ids,
    }
    streams = [stream for (stream,) in rows(connection, _ENROLLMENTS, **key)]
    levels: dict[tuple[UUID, int], Points] = {}
    newest: dict[tuple[UUID, UUID], Submission] = {}
    for course in courses_of(facts_of(connection, streams, until)):
        pinned = (course.credential_id, course.credential_version)
        if pinned not in levels:
            levels[pinned] = _levels(connection, *pinned)
        one = course.submission(challenge.closes_at, levels[pinned])
        if one is not None:
            about = (one.person_id, one.credential_id)
            newest[about] = max(newest.get(about, one), one, key=lambda each: each.submitted_at)
    found: dict[UUID, list[Submission]] = {}
    for one in newest.values():
        found.setdefault(one.person_id, []).append(one)
    return found


def courses_of(facts: Iterable[Fact[LedgerEvent]]) -> list[_Course]:
    """Enrollments as their events have made them."""
    known: dict[UUID, _Course] = {}
    for _, event in facts:
        if isinstance(event, enrollment.Enrolled):
            pinned = (event.credential_id, event.credential_version)
            known[event.originator_id] = _Course(event.person_id, *pinned)
        elif isinstance(event, _Relevant):
            _fold(known[event.originator_id], event)
    return list(known.values())


def _fold(course: _Course, event: _Relevant) -> None:
    match event:
        case enrollment.Withdrawn() | enrollment.Revoked():
            course.over = True
        case enrollment.Reinstated():
            course.over = False
        case enrollment.Submitted() | enrollment.Resubmitted():
            course.attempts[event.attempt] = _Attempt(event.occurred_at)
        case enrollment.SubmissionReturned():
            course.attempts.pop(event.attempt)  # handed in again it is that late
        case enrollment.AppealDecided():
            if event.finding == "overturned" and not course.over:  # it is reviewed anew
                attempt = course.attempts[event.attempt]
                course.attempts[event.attempt] = _Attempt(attempt.submitted_at)
        case _:
            _review(course.attempts[event.attempt], event)


def _review(attempt: _Attempt, event: _Reviewed) -> None:
    match event:
        case enrollment.AssessorRecused() | enrollment.AssignmentLapsed():
            attempt.seats.pop(event.seat, None)
        case enrollment.Scored():
            attempt.seats[event.seat] = event.scores
        case enrollment.Adjudicated():
            attempt.seats[ADJUDICATOR_SEAT] = event.scores
        case enrollment.ReviewDecided():
            attempt.held = event.decision == "integrity_hold"
        case enrollment.IntegrityHoldResolved():
            attempt.held, attempt.void = False, event.finding == "confirmed"
        case _:
            assert_never(event)


def _levels(connection: Connection[Any], credential_id: UUID, version: int) -> Points:
    found = catalog.find_version(connection, credential_id, version)
    assert found is not None, "what she enrolled in was published"
    return {
        criterion["criterion"]: {level["level"]: level["points"] for level in criterion["levels"]}
        for criterion in found.definition["rubric"]
    }


def _points(scores: Scores, of_levels: Points) -> list[int]:
    return [of_levels[score.criterion][score.level] for score in scores]


_ENROLLMENTS = blocks("challenges")["enrollments"]
