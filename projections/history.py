"""The history: an index of everything that happened to one teacher, in order.

A row lists the positions of one stream, so that a batch adds to it without reading it first; a
challenge is of many, so each of them has a row of it. From the positions her events are read out of
the log itself: for a page of her history, and to fold anything as of an earlier position.

Lines of payroll batches are left to the view of payments: an event there names thousands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import UnionType
from typing import Any, ClassVar
from uuid import UUID

from psycopg import Connection

from ledger.events import (
    AnyAcceptanceEvent,
    AnyAccessEvent,
    AnyAssessorEvent,
    AnyClassOutcomeEvent,
    AnyCoachingEvent,
    AnyConsentEvent,
    AnyCreditEvent,
    AnyDisputeEvent,
    AnyDossierEvent,
    AnyEmploymentEvent,
    AnyEnrollmentEvent,
    AnyEntitlementEvent,
    AnyExternalRecordEvent,
    AnyLearningEvent,
    AnyLearningPlanEvent,
    AnyLicenseEvent,
    AnyNotificationEvent,
    AnyPayNoticeEvent,
    AnyPersonEvent,
    AnyPhysicalBadgeEvent,
    AnyRecordEvent,
    AnyRetentionEvent,
    AnyShareEvent,
    LedgerEvent,
)
from ledger.events.access import AccessEvent
from ledger.events.challenge import ChallengeEvent, PrizeShareAwarded, TeamJoined, TeamLeft
from ledger.events.merge import PersonsMerged
from ledger.events.opening import OpeningRecorded
from ledger.events.person import PersonEvent
from ledger.values import POSITION_MAX, stream_id
from projections.contract import Fact, Projection, Table, Viewer
from projections.log import facts_at
from projections.sql import Write, read, rows, to_write

Relevant = (
    AnyEnrollmentEvent
    | AnyEmploymentEvent
    | AnyPersonEvent
    | AnyAssessorEvent
    | AnyCoachingEvent
    | AnyAccessEvent
    | AnyRetentionEvent
    | AnyLicenseEvent
    | AnyCreditEvent
    | AnyExternalRecordEvent
    | AnyAcceptanceEvent
    | AnyShareEvent
    | AnyConsentEvent
    | AnyDisputeEvent
    | AnyNotificationEvent
    | AnyPayNoticeEvent
    | AnyLearningPlanEvent
    | AnyLearningEvent
    | AnyRecordEvent
    | AnyPhysicalBadgeEvent
    | AnyDossierEvent
    | AnyEntitlementEvent
    | TeamJoined
    | TeamLeft
    | PrizeShareAwarded
    | AnyClassOutcomeEvent
    | OpeningRecorded
)
PAGE_EVENTS = 5000  # read at once


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of a teacher's history."""

    position: int
    topic: str
    stream: UUID
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class _Stream:
    stream_id: UUID
    person_id: UUID
    kind: str
    positions: list[int]


class History(Projection[Relevant]):
    """Keeps `history_streams`."""

    name: ClassVar[str] = "history"
    version: ClassVar[int] = 2
    takes: ClassVar[UnionType] = Relevant  # not what is about nobody in particular
    tables: ClassVar[tuple[Table, ...]] = (
        Table("history_streams", seen_by=(Viewer.PERSON, Viewer.EMPLOYER, Viewer.ISSUER_OF_PERSON)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], _connection: Connection[Any]) -> list[Write]:
        streams: dict[int, _Stream] = {}
        for position, event in facts:
            row_id = _row_id(event)
            key = row_id.int
            if key not in streams:
                streams[key] = _begin(row_id, event)
            streams[key].positions.append(position)
        return to_write(self.sql["append"], rows=list(streams.values()))

    def merge(self, fact: Fact[PersonsMerged], connection: Connection[Any]) -> list[Write]:
        """All merges share a stream, so this one is listed behind what the other record says."""
        super().merge(fact, connection)
        listed = {"stream_id": fact.event.merged_id, "position": fact.position}
        connection.execute(self.sql["list_merge"], listed)
        return []


def of_person(
    connection: Connection[Any],
    person_id: UUID,
    *,
    after: int = 0,
    until: int = POSITION_MAX,
    limit: int = 100,
) -> list[Happening]:
    """What happened to her after a position and up to another, in order."""
    sql, span = History().sql["of_person"], {"after": after, "until": until}
    return read(connection, Happening, sql, person_id=person_id, **span, limit=limit)


def events_of(
    connection: Connection[Any], person_id: UUID, *kinds: str, until: int
) -> list[Fact[LedgerEvent]]:
    """Her events of these kinds ("enrollment", "employment", …) up to a position, in order."""
    return events_of_persons(connection, [person_id], *kinds, until=until)


def events_of_persons(
    connection: Connection[Any], person_ids: Iterable[UUID], *kinds: str, until: int
) -> list[Fact[LedgerEvent]]:
    """The same of many persons at once, all in the order of the log."""
    sql = History().sql["positions"]
    found = rows(connection, sql, person_ids=list(person_ids), kinds=list(kinds), until=until)
    positions = [position for (position,) in found]
    return [
        fact
        for start in range(0, len(positions), PAGE_EVENTS)
        for fact in facts_at(connection, positions[start : start + PAGE_EVENTS])
    ]


def _row_id(event: Relevant) -> UUID:
    """Under what a stream is listed: its id, and of a stream of many persons one id for each."""
    if isinstance(event, ChallengeEvent):
        return stream_id("history", event.originator_id, event.person_id)
    return event.originator_id


def _begin(row_id: UUID, event: Relevant) -> _Stream:
    if isinstance(event, PersonEvent):
        person_id = event.originator_id
    elif isinstance(event, AccessEvent):
        person_id = event.principal_id
    else:
        person_id = event.person_id
    return _Stream(row_id, person_id, event.TOPIC.partition(".")[0], [])
