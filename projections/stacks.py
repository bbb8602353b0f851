"""Stack progress: how far each teacher is with each stack, what is missing, what completed it.

A line is measured by the newest definition and follows from all that is recorded of the person
and the stack, so it is computed whole when either changes. When a stack was completed, and that a
revocation undid it, is for `ledger/rules/completions.py` to say. That a credential has expired is
no event: it is compared with a day when a line is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import UnionType
from typing import Any, ClassVar
from uuid import UUID

from psycopg import Connection

from ledger.events.merge import PersonsMerged
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import NO_ID, Write, blocks, read, to_write
from projections.stack_book import (
    Book,
    Line,
    Relevant,
    load_awards,
    load_book,
    load_definitions,
    merged_book,
)

_SQL = blocks("stacks")


class Stacks(Projection[Relevant]):
    """Keeps `stack_progress`, and the definitions and awards it rests on."""

    name: ClassVar[str] = "stacks"
    takes: ClassVar[UnionType] = Relevant  # progress is what is held, not what is under way
    tables: ClassVar[tuple[Table, ...]] = (
        Table("stack_definitions", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table(
            "stack_awards",
            apart=True,
            seen_by=(Viewer.PERSON, Viewer.EMPLOYER, Viewer.ISSUER_OF_STACK_AWARD),
        ),
        Table("stack_progress", seen_by=(Viewer.PERSON, Viewer.ISSUER_OF_STACK)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        book = load_book(connection, facts)
        for fact in facts:
            book.fold(fact)
        return to_write(
            _SQL["save"],
            definitions=list(book.definition_rows()),
            awards=list(book.award_rows()),
            lines=list(book.lines()),
        )

    def merge(self, fact: Fact[PersonsMerged], connection: Connection[Any]) -> list[Write]:
        event = fact.event
        connection.execute(_SQL["forget_progress"], {"person_id": event.merged_id})
        super().merge(fact, connection)
        book = merged_book(connection, event.person_id)
        return to_write(_SQL["save"], definitions=[], awards=[], lines=list(book.lines()))


@dataclass(slots=True)
class TitledLine(Line):
    """A line as people read it."""

    title: str
    issuer_id: UUID
    retired: bool


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of a stack; the newest is closed (`to_position`) when the stack is retired."""

    stack_id: UUID
    stack_version: int
    issuer_id: UUID
    title: str
    requirement: dict[str, Any]
    capstone_credential_id: UUID | None
    from_position: int
    to_position: int | None


def of_person(
    connection: Connection[Any], person_id: UUID, *, effective_on: date
) -> list[TitledLine]:
    """A person's progress with every stack she was ever awarded a part of, as it is on a day."""
    lines = read(connection, TitledLine, _SQL["of_person"], person_id=person_id)
    return _on(connection, lines, effective_on)


def of_stack(
    connection: Connection[Any],
    stack_id: UUID,
    *,
    effective_on: date,
    after: UUID = NO_ID,
    limit: int = 100,
) -> list[TitledLine]:
    """Everybody's progress with one stack, in order of `person_id`; `after` is the last seen."""
    span = {"stack_id": stack_id, "after": after, "limit": limit}
    lines = read(connection, TitledLine, _SQL["of_stack"], **span)
    return _on(connection, lines, effective_on)


def of_persons(
    connection: Connection[Any],
    person_ids: Sequence[UUID],
    stack_id: UUID,
    *,
    effective_on: date,
) -> list[TitledLine]:
    """The progress of some persons with one stack, in order of `person_id`, as it is on a day."""
    asked = {"stack_id": stack_id, "person_ids": list(person_ids)}
    return _on(connection, read(connection, TitledLine, _SQL["of_persons"], **asked), effective_on)


def definitions(connection: Connection[Any], stack_ids: Iterable[UUID]) -> list[Definition]:
    """Every version of some stacks."""
    return read(connection, Definition, _SQL["definitions"], stack_ids=list(stack_ids))


def _on(connection: Connection[Any], lines: list[TitledLine], day: date) -> list[TitledLine]:
    """The lines as they are on a day: what has expired by then counts no more."""
    stale = {x.person_id for x in lines if x.next_expiry_on and x.next_expiry_on <= day}
    if not stale:
        return lines
    book = Book()
    load_awards(connection, book, stale)
    load_definitions(connection, book, {line.stack_id for line in lines}, set())
    return [
        replace(line, **book.measure(line.person_id, line.stack_id, day))
        if line.person_id in stale
        else line
        for line in lines
    ]
