"""When each enrollment was begun and handed in: days that only some rules ask for.

Most of the log is enrollments, and few of them are ever asked about. So these events are noted
without looking anything up, and read again where a rule needs them, once there is an award.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.events.enrollment import Enrolled, Resubmitted, Submitted
from ledger.rules.completions import Award
from ledger.values import local_date
from projections.contract import Fact
from projections.sql import Write, blocks, read, to_write

BegunEvent = Enrolled | Submitted | Resubmitted
_SQL = blocks("payouts")


@dataclass(slots=True)
class Begun:
    """When she enrolled, and on which day she handed in last."""

    enrollment_id: UUID
    started_at: datetime | None = None
    submitted_on: date | None = None

    def started_on(self, award: Award) -> date | None:
        """The day on which she enrolled, where the award was given."""
        return None if self.started_at is None else local_date(self.started_at, award.zone)


NOTHING = Begun(UUID(int=0))


def noted(facts: Sequence[Fact[Any]]) -> tuple[list[Fact[Any]], dict[UUID, Begun]]:
    """What a page says of these days, taken out of the rest of it."""
    rest: list[Fact[Any]] = []
    found: dict[UUID, Begun] = {}
    for fact in facts:
        event = fact.event
        kind = type(event)
        if kind is Enrolled:
            found[event.originator_id] = Begun(event.originator_id, event.occurred_at)
        elif kind is Submitted or kind is Resubmitted:
            stream = event.originator_id
            found.setdefault(stream, Begun(stream)).submitted_on = event.submitted_on
        else:
            rest.append(fact)
    return rest, found


def load_begun(
    connection: Connection[Any], enrollment_ids: Collection[UUID], said: Mapping[UUID, Begun]
) -> dict[UUID, Begun]:
    """What is known of some enrollments, with what the page at hand says of them."""
    sql = _SQL["load_begun"]
    known = {
        one.enrollment_id: one
        for one in read(connection, Begun, sql, enrollment_ids=list(enrollment_ids))
    }
    for stream, new in said.items():
        old = known.get(stream, NOTHING)
        known[stream] = Begun(
            stream, old.started_at or new.started_at, new.submitted_on or old.submitted_on
        )
    return known


def written(said: Mapping[UUID, Begun]) -> list[Write]:
    """What has to be written of a page."""
    return to_write(_SQL["save_begun"], rows=list(said.values()))
