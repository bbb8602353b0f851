"""Disputes: which records are said to be wrong, who has to answer by when, what was said.

The fold is plain and in memory, so it gives the newest state from the table and the state as of
any earlier position from a person's events alone. Overdue is compared with a day when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import UnionType
from typing import Any, ClassVar, Literal, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyDisputeEvent, LedgerEvent
from ledger.events.dispute import (
    DisputeAnswered,
    DisputedKind,
    DisputeOpened,
    DisputeOutcome,
    DisputeRebutted,
    DisputeWithdrawn,
)
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import NO_ID, Write, blocks, read, to_write

Relevant = AnyDisputeEvent
Stage = Literal["open", "answered", "withdrawn"]
_SQL = blocks("disputes")


@dataclass(slots=True, kw_only=True)
class Dispute:
    """One dispute as it stands; days are days in its zone, words are in the vault."""

    dispute_id: UUID
    person_id: UUID
    about: DisputedKind
    subject_id: UUID
    number: int
    issuer_id: UUID | None  # that has to answer, or else
    district_id: UUID | None
    zone: str
    opened_at: datetime
    opened_on: date
    due_on: date
    statement_id: UUID
    stage: Stage = "open"
    outcome: DisputeOutcome | None = None
    reason: str | None = None
    words_id: UUID | None = None  # of the answer
    answered_on: date | None = None
    rebuttal_id: UUID | None = None
    version: int = 1
    positions: list[int] = field(default_factory=list)


class Disputes(Projection[Relevant]):
    """Keeps `disputes`."""

    name: ClassVar[str] = "disputes"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        # An employer that is shown a line is shown what she has to say to it.
        Table("disputes", seen_by=(Viewer.PERSON, Viewer.DISTRICT, Viewer.ISSUER, Viewer.EMPLOYER)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        ids = list({fact.event.originator_id for fact in facts})
        known = {one.dispute_id: one for one in read(connection, Dispute, _SQL["load"], ids=ids)}
        for fact in facts:
            _fold(known, fact)
        return to_write(_SQL["save"], rows=list(known.values()))


def of_person(connection: Connection[Any], person_id: UUID) -> list[Dispute]:
    """A person's disputes, the newest first."""
    return read(connection, Dispute, _SQL["of_person"], person_id=person_id)


def queue(
    connection: Connection[Any],
    office_id: UUID,
    *,
    open_only: bool,
    after: tuple[date, UUID] = (date.min, NO_ID),
    limit: int = 100,
) -> list[Dispute]:
    """What an issuer or a district has to answer, the first due first."""
    due_on, dispute_id = after
    asked = {"office_id": office_id, "open_only": open_only, "limit": limit}
    return read(connection, Dispute, _SQL["queue"], due_on=due_on, dispute_id=dispute_id, **asked)


def disputes_of(facts: Iterable[Fact[LedgerEvent]]) -> list[Dispute]:
    """What a person's events come to, the newest first: given those up to a position, as of it."""
    relevant, known = Disputes().relevant, dict[UUID, Dispute]()
    for position, event in facts:
        wanted = relevant(event)
        if wanted is not None:
            _fold(known, Fact(position, wanted))
    return sorted(known.values(), key=lambda one: one.positions[0], reverse=True)


def _fold(known: dict[UUID, Dispute], fact: Fact[Relevant]) -> None:
    position, event = fact
    if isinstance(event, DisputeOpened):
        known[event.originator_id] = _opened(event, position)
        return
    one = known[event.originator_id]
    one.version = event.originator_version
    one.positions.append(position)
    match event:
        case DisputeAnswered():
            one.stage, one.outcome, one.reason = "answered", event.outcome, event.reason
            one.words_id = event.words.text_id if event.words else None
            one.answered_on = event.answered_on
        case DisputeRebutted():
            one.rebuttal_id = event.rebuttal.text_id
        case DisputeWithdrawn():
            one.stage = "withdrawn"
        case _:
            assert_never(event)


def _opened(event: DisputeOpened, position: int) -> Dispute:
    of_issuer = event.office_kind == "issuer"
    return Dispute(
        dispute_id=event.originator_id,
        person_id=event.person_id,
        about=event.about,
        subject_id=event.subject_id,
        number=event.number,
        issuer_id=event.office_id if of_issuer else None,
        district_id=None if of_issuer else event.office_id,
        zone=event.zone,
        opened_at=event.occurred_at,
        opened_on=event.opened_on,
        due_on=event.due_on,
        statement_id=event.statement.text_id,
        positions=[position],
    )
