"""The transcript: what a teacher set out to earn, what came of it, and which events say so.

The fold is plain and in memory, so it gives the newest lines from the tables and the lines as of
any earlier position from a person's events alone. That an award has expired is no event: it is
compared with a day when the line is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import UnionType
from typing import Any, ClassVar, Literal, TypedDict, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import (
    LedgerEvent,
    enrollment,
)
from projections.contract import Fact, Projection, Table, Viewer, streams_of
from projections.sql import Write, read, to_write

Status = Literal[
    "enrolled", "submitted", "returned", "not_yet", "held", "awarded", "revoked", "withdrawn"
]
Relevant = (
    enrollment.Enrolled
    | enrollment.Submitted
    | enrollment.ReviewDecided
    | enrollment.Awarded
    | enrollment.Resubmitted
    | enrollment.SubmissionReturned
    | enrollment.IntegrityHoldResolved
    | enrollment.Withdrawn
    | enrollment.Revoked
    | enrollment.Reinstated
    | enrollment.AppealOpened
    | enrollment.AppealDecided
)
_End = enrollment.Awarded | enrollment.Withdrawn | enrollment.Revoked | enrollment.Reinstated


class Attempt(TypedDict):
    """One attempt as it stands; days as written in the events, in the line's zone."""

    attempt: int
    state: Literal["submitted", "returned", "not_yet", "held", "void", "awarded"]
    submitted_on: str
    decided_on: str | None


@dataclass(slots=True, kw_only=True)
class Line:
    """One enrollment on a transcript."""

    enrollment_id: UUID
    person_id: UUID
    enrolled_position: int
    credential_id: UUID
    credential_version: int
    issuer_id: UUID
    cycle: int
    renews_enrollment_id: UUID | None
    enrolled_at: datetime
    status: Status = "enrolled"
    attempts: list[Attempt] = field(default_factory=list)
    appeal: Literal["open", "upheld", "overturned"] | None = None
    zone: str | None = None
    decided_on: date | None = None
    awarded_on: date | None = None
    expires_on: date | None = None
    revoked_on: date | None = None
    reason: str | None = None
    positions: list[int] = field(default_factory=list)

    def holds(self, day: date) -> bool:
        """Whether the award is in force on a day."""
        return (
            self.awarded_on is not None
            and self.awarded_on <= day
            and (self.expires_on is None or day < self.expires_on)
            and (self.revoked_on is None or day < self.revoked_on)
        )

    def status_on(self, day: date) -> Status | Literal["expired"]:
        """The status as a reader on that day has to see it.

        Expired from `expires_on` on; a revocation counts from the day it takes effect.
        """
        if self.status not in {"awarded", "revoked"}:
            return self.status
        if self.revoked_on is not None and day >= self.revoked_on:
            return "revoked"
        return "expired" if self.expires_on is not None and day >= self.expires_on else "awarded"


@dataclass(slots=True, kw_only=True)
class TitledLine(Line):
    """A line as people read it. The title is null while the catalog lags behind."""

    title: str | None
    tier: str | None
    issuer_name: str | None
    disputed: bool = True  # whether there may be disputes about what she holds
    brought: bool = True  # whether others may have awarded her something


class Transcript(Projection[Relevant]):
    """Keeps `transcript_lines`."""

    name: ClassVar[str] = "transcript"
    takes: ClassVar[UnionType] = Relevant  # results, not the work that led to them
    tables: ClassVar[tuple[Table, ...]] = (
        Table("transcript_lines", seen_by=(Viewer.PERSON, Viewer.ISSUER, Viewer.EMPLOYER)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        lines: dict[int, Line] = {}
        known = streams_of(facts)
        for _, event in facts:
            if type(event) is enrollment.Enrolled:
                del known[event.originator_id.int]
        if known:
            ids = list(known.values())
            for line in read(connection, Line, self.sql["load"], enrollment_ids=ids):
                lines[line.enrollment_id.int] = line
        for fact in facts:
            fold(lines, fact)
        return to_write(self.sql["save"], rows=list(lines.values()))


def fold(lines: dict[int, Line], fact: Fact[Relevant]) -> None:
    """Move one line, or begin it. Lines are found by the number of their id."""
    position, event = fact
    if isinstance(event, enrollment.Enrolled):
        lines[event.originator_id.int] = _begin(event, position)
        return
    line = lines[event.originator_id.int]
    line.positions.append(position)
    match event:
        case enrollment.Submitted() | enrollment.Resubmitted():
            _hand_in(line, event)
        case enrollment.ReviewDecided():
            _decide(line, event)
        case (
            enrollment.Awarded()
            | enrollment.Withdrawn()
            | enrollment.Revoked()
            | enrollment.Reinstated()
        ):
            _end(line, event)
        case enrollment.SubmissionReturned():
            line.status = line.attempts[-1]["state"] = "returned"
        case enrollment.IntegrityHoldResolved():
            _resolve_hold(line, event)
        case enrollment.AppealOpened():
            line.appeal = "open"
        case enrollment.AppealDecided():
            _decide_appeal(line, event)
        case _:
            assert_never(event)


def lines_of(facts: Iterable[Fact[LedgerEvent]]) -> list[Line]:
    """The lines that a person's events come to, from nothing, in the order of enrolling.

    Given her events up to a position, this is her transcript as of that position.
    """
    relevant, lines = Transcript().relevant, dict[int, Line]()
    for position, event in facts:
        wanted = relevant(event)
        if wanted is not None:
            fold(lines, Fact(position, wanted))
    return list(lines.values())


def of_person(
    connection: Connection[Any], person_id: UUID, *, after: int = 0, limit: int = 100
) -> list[TitledLine]:
    """A person's lines in the order of enrolling; `after` is the last `enrolled_position` seen."""
    sql = Transcript().sql["of_person"]
    return read(connection, TitledLine, sql, person_id=person_id, after=after, limit=limit)


def of_persons(connection: Connection[Any], person_ids: Iterable[UUID]) -> list[TitledLine]:
    """All lines of many persons, those of each together and in the order of enrolling."""
    sql = Transcript().sql["of_persons"]
    return read(connection, TitledLine, sql, person_ids=list(person_ids))


def of_enrollment(connection: Connection[Any], enrollment_id: UUID) -> TitledLine | None:
    """The line of one enrollment."""
    sql = Transcript().sql["of_enrollment"]
    return next(iter(read(connection, TitledLine, sql, enrollment_id=enrollment_id)), None)


def _begin(event: enrollment.Enrolled, position: int) -> Line:
    return Line(
        enrollment_id=event.originator_id,
        person_id=event.person_id,
        enrolled_position=position,
        credential_id=event.credential_id,
        credential_version=event.credential_version,
        issuer_id=event.issuer_id,
        cycle=event.cycle,
        renews_enrollment_id=event.renews_enrollment_id,
        enrolled_at=event.occurred_at,
        positions=[position],
    )


def _hand_in(line: Line, event: enrollment.Submitted | enrollment.Resubmitted) -> None:
    """A return uses no attempt, so the same number handed in again takes its place."""
    attempt = Attempt(
        attempt=event.attempt,
        state="submitted",
        submitted_on=event.submitted_on.isoformat(),
        decided_on=None,
    )
    if line.attempts and line.attempts[-1]["attempt"] == event.attempt:
        line.attempts.pop()
    line.attempts.append(attempt)
    line.status, line.zone, line.appeal = "submitted", event.zone, None


def _decide(line: Line, event: enrollment.ReviewDecided) -> None:
    attempt = line.attempts[-1]
    match event.decision:
        case "award":
            attempt["state"] = "awarded"  # the award itself follows as an event of its own
        case "not_yet":
            line.status = attempt["state"] = "not_yet"
        case "integrity_hold":
            line.status = attempt["state"] = "held"
        case _:
            assert_never(event.decision)
    attempt["decided_on"] = event.decided_on.isoformat()
    line.decided_on, line.zone = event.decided_on, event.zone


def _resolve_hold(line: Line, event: enrollment.IntegrityHoldResolved) -> None:
    """Cleared: the attempt waits for its decision. Confirmed: it is void, and counts as used."""
    attempt = line.attempts[-1]
    if event.finding == "cleared":
        line.status = attempt["state"] = "submitted"
        line.decided_on = attempt["decided_on"] = None
    else:
        line.status, attempt["state"] = "not_yet", "void"
        line.decided_on = event.resolved_on
        attempt["decided_on"] = event.resolved_on.isoformat()


def _end(line: Line, event: _End) -> None:
    match event:
        case enrollment.Awarded():
            line.status, line.zone = "awarded", event.zone
            line.decided_on = line.awarded_on = event.awarded_on
            line.expires_on = event.expires_on
        case enrollment.Withdrawn():
            line.status, line.reason = "withdrawn", event.reason
        case enrollment.Revoked():
            line.status, line.reason, line.appeal = "revoked", event.reason, None
            line.zone, line.revoked_on = event.zone, event.effective_on
        case enrollment.Reinstated():
            line.status, line.reason, line.revoked_on = "awarded", event.reason, None
        case _:
            assert_never(event)


def _decide_appeal(line: Line, event: enrollment.AppealDecided) -> None:
    """Overturned, an attempt is restored; an award comes back by an event of its own."""
    line.appeal = event.finding
    if event.finding == "overturned" and line.status == "not_yet":
        line.status = line.attempts[-1]["state"] = "submitted"
        line.decided_on = line.attempts[-1]["decided_on"] = None
