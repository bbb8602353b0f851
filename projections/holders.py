"""Who holds a micro-credential, a competency or a stack, of those who agreed to be found.

The reads are two, for the database shows a district the consents given to it, and what somebody
holds only to whoever asks for that person: first whom it may find, then what these hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.values import POSITION_MAX
from projections import consents, stacks
from projections.consents import ANY_DISTRICT, Consents
from projections.contract import Projection
from projections.known import folded
from projections.sql import NO_ID, blocks, read, rows
from projections.stacks import Stacks
from projections.transcript import Transcript

VIEWS = ("consents", "transcript", "stacks", "catalog")
PERSONS_AT_ONCE = 500
_SQL = blocks("holders")
Version = tuple[UUID, int]  # a micro-credential, and which version of it


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAward:
    """An award that is in force on the day asked about."""

    person_id: UUID
    enrollment_id: UUID
    credential_id: UUID
    credential_version: int
    title: str | None
    issuer_id: UUID
    issuer_name: str | None
    awarded_on: date
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class HeldStack:
    """A stack of which nothing is missing on the day asked about."""

    person_id: UUID
    stack_id: UUID
    title: str
    completed_on: date


def versions(
    connection: Connection[Any], credential_id: UUID | None, competency: str | None
) -> list[Version]:
    """Every published version of a micro-credential, or all that attest a competency."""
    asked = {"credential_id": credential_id, "competency": competency}
    return [(one, version) for one, version in rows(connection, _SQL["versions"], **asked)]


def findable(
    connection: Connection[Any], district_id: UUID, at: datetime, *, after: UUID
) -> tuple[UUID | None, list[UUID]]:
    """The next persons whom a district may find now, as `consents.standing` has them."""
    return consents.standing(connection, district_id, at, after=after, limit=PERSONS_AT_ONCE)


def findable_then(
    connection: Connection[Any],
    district_id: UUID,
    at: datetime,
    person_ids: Sequence[UUID],
    position: int,
) -> list[UUID]:
    """Those of them whom it might find by what was known at an earlier position as well.

    Asked of persons whom it may find now: who withdrew since is not found by an earlier position.
    """
    key = {"district_ids": [district_id, ANY_DISTRICT], "person_ids": list(person_ids)}
    with _known(connection, Consents(), position, "streams_of_consents", **key):
        found = set(findable(connection, district_id, at, after=NO_ID)[1])
    return [one for one in person_ids if one in found]


def awards(
    connection: Connection[Any],
    person_ids: Sequence[UUID],
    wanted: Sequence[Version],
    day: date,
    position: int,
) -> list[HeldAward]:
    """Which of the versions these persons hold on a day; the connection may see what is theirs."""
    asked = {
        "person_ids": list(person_ids),
        "credential_ids": [credential_id for credential_id, _ in wanted],
    }
    numbers = [version for _, version in wanted]
    with _known(connection, Transcript(), position, "streams_of_awards", **asked):
        return read(connection, HeldAward, _SQL["awards"], **asked, versions=numbers, day=day)


def stack(
    connection: Connection[Any],
    person_ids: Sequence[UUID],
    stack_id: UUID,
    day: date,
    position: int,
) -> list[HeldStack]:
    """Who of these persons has completed a stack and holds all of it on a day."""
    asked = {"person_ids": list(person_ids), "stack_id": stack_id}
    with _known(connection, Stacks(), position, "streams_of_stack", **asked):
        lines = stacks.of_persons(connection, person_ids, stack_id, effective_on=day)
    return [
        HeldStack(line.person_id, line.stack_id, line.title, line.completed_on)
        for line in lines
        if line.completion_stands
        and line.completed_on is not None
        and line.completed_on <= day
        and line.missing is None
        and line.capstone_missing is None
    ]


@contextmanager
def _known(
    connection: Connection[Any],
    projection: Projection[Any],
    position: int,
    which: str,
    **key: Any,
) -> Iterator[None]:
    """The tables of a projection as they were known at a position."""
    as_it_was: AbstractContextManager[None] = nullcontext()
    if position < POSITION_MAX:
        streams = [stream for (stream,) in rows(connection, _SQL[which], **key)]
        as_it_was = folded(connection, projection, streams, position)
    with as_it_was:
        yield
