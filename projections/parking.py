"""Bad events: set aside where everybody sees them, with all that has to wait behind them.

An event is bad when it cannot be decoded or when a projection cannot apply it. It is parked with
its scope: the person it is about; else the credential or policy it defines, and what rests on
that; else the whole ledger. Later events of the scope queue, in order and by name, so nothing is
skipped unseen and nothing is applied on top of a hole. What lies in a parked scope cannot be
paid. Rebuilding the projection (`unpark`) gives every one of them another chance.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from ledger.events import LedgerEvent
from ledger.events.access import AccessEvent
from ledger.events.person import PersonEvent
from projections.contract import Fact
from projections.log import Batch, LogRow
from projections.sql import blocks, read, rows, to_write, write

_SQL = blocks("engine")
_log = logging.getLogger(__name__)

ERROR_CHARACTERS_MAX = 500
ScopeKind = Literal["person", "credential", "policy", "ledger"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a bad event puts in doubt; the id is null for the whole ledger."""

    kind: ScopeKind
    id: UUID | None


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that a projection has not taken in, and why; no error: it queues behind one."""

    name: str
    position: int
    stream: UUID
    topic: str
    scope_kind: ScopeKind
    scope_id: UUID | None
    error: str | None


@dataclass(frozen=True, slots=True)
class _Entry:
    """An event, readable or not, with everything it hangs on as far as it says so itself."""

    position: int
    stream: UUID
    topic: str
    person_id: UUID | None
    credential_id: UUID | None = None
    merged_id: UUID | None = None  # the other of two who are one by this event

    @property
    def ids(self) -> tuple[UUID | None, ...]:
        """Whoever of these is in doubt puts the event in doubt."""
        return (self.stream, self.person_id, self.credential_id, self.merged_id)

    @property
    def scope(self) -> Scope:
        if self.person_id is not None:
            return Scope("person", self.person_id)
        if self.topic.startswith("credential."):
            return Scope("credential", self.stream)
        if self.topic.startswith("policy."):
            return Scope("policy", self.stream)
        return Scope("ledger", None)

    def parked(self, name: str, error: str | None) -> Parked:
        scope = self.scope
        return Parked(name, self.position, self.stream, self.topic, scope.kind, scope.id, error)


def park(connection: Connection[Any], name: str, batch: Batch, error: Exception) -> None:
    """Record the one event of a batch as bad."""
    (entry,) = _entries(batch)
    said = f"{type(error).__name__}: {error}"[:ERROR_CHARACTERS_MAX]
    scope = entry.scope
    fields = {"view": name, "position": entry.position, "topic": entry.topic, "scope": scope.kind}
    # A view that lacks something is no view that is late: nobody would notice by its position.
    _log.error("an event is parked: %s at %s", name, entry.position, extra={"fields": fields})
    write(connection, to_write(_SQL["park"], rows=[entry.parked(name, said)]))


def queue(connection: Connection[Any], name: str, waiting: Batch) -> None:
    """Record events as waiting behind a bad one."""
    entries = [entry.parked(name, None) for entry in _entries(waiting)]
    write(connection, to_write(_SQL["park"], rows=entries))


def held_ids(connection: Connection[Any], name: str) -> set[UUID]:
    """The persons, credentials, policies and streams whose events have to queue."""
    return {row[0] for row in rows(connection, _SQL["held_ids"], name=name)}


def split(batch: Batch, held: Collection[UUID]) -> tuple[Batch, Batch]:
    """What may be applied and what has to queue. A queued event holds its stream from there on."""
    held, waiting = set(held), set()
    for entry in sorted(_entries(batch), key=lambda entry: entry.position):
        if not held.isdisjoint(entry.ids):
            held.add(entry.stream)
            waiting.add(entry.position)
    return batch.where(lambda position: position not in waiting), batch.where(waiting.__contains__)


def parked(connection: Connection[Any]) -> list[Parked]:
    """Everything that some projection has not taken in, in order."""
    return read(connection, Parked, _SQL["parked"])


def parked_scopes(connection: Connection[Any], name: str) -> list[Scope]:
    """What is in doubt in one projection. Nothing that lies in such a scope may be paid."""
    return read(connection, Scope, _SQL["parked_scopes"], name=name)


def _entries(batch: Batch) -> Iterator[_Entry]:
    for fact in batch.facts:
        yield _entry_of_fact(fact)
    for unreadable in batch.unreadable:
        yield _entry_of_row(unreadable.row)


def _entry_of_row(row: LogRow) -> _Entry:
    return _Entry(row.position, row.stream, row.topic, row.person_id)


def _entry_of_fact(fact: Fact[LedgerEvent]) -> _Entry:
    position, event = fact
    if isinstance(event, PersonEvent):
        person_id: UUID | None = event.originator_id
    elif isinstance(event, AccessEvent):
        person_id = event.principal_id
    else:
        person_id = getattr(event, "person_id", None)
    credential_id = getattr(event, "credential_id", None)
    merged_id = getattr(event, "merged_id", None)
    return _Entry(position, event.originator_id, event.TOPIC, person_id, credential_id, merged_id)
