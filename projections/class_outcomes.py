"""What came of the classes of holders of a micro-credential, beside those of the others.

Districts bring numbers of whole classes. Who taught them is joined with what she had earned when
the term began, and is not told: a cell is of ten teachers and more. That two means differ says
nothing of why.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from types import UnionType
from typing import Any, ClassVar, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyClassOutcomeEvent
from ledger.events.class_outcome import ClassOutcomesReported, ClassOutcomesWithdrawn
from ledger.rules.suppression import CELL_MIN
from ledger.rules.terms import term_named
from ledger.values import POSITION_MAX
from projections import adoption
from projections.contract import Fact, Projection, Table, Viewer
from projections.known import folded
from projections.sql import Write, blocks, read, rows, to_write

VIEWS = ("class_outcomes", *adoption.VIEWS)
_SQL = blocks("class_outcomes")


@dataclass(frozen=True, slots=True, kw_only=True)
class TermOutcomes:
    """What a district said last of one teacher's classes in a term."""

    outcomes_id: UUID
    district_id: UUID
    person_id: UUID
    term: str
    first_day: date  # of the term
    classes: list[dict[str, Any]]  # each a `ledger.events.class_outcome.ClassOutcome`
    position: int


@dataclass(frozen=True, slots=True)
class OutcomeCell:
    """The classes of a term by one measure, of holders of a micro-credential or of the others.

    The numbers are null where it or its counterpart is of one to nine teachers.
    """

    credential_id: UUID
    term: str
    measure: str
    held: bool  # by their teachers, when the term began
    teachers: int | None
    students: int | None
    mean_hundredths: int | None  # of all their students, rounded half up


class ClassOutcomes(Projection[AnyClassOutcomeEvent]):
    """Keeps `class_outcomes`."""

    name: ClassVar[str] = "class_outcomes"
    takes: ClassVar[UnionType] = AnyClassOutcomeEvent
    tables: ClassVar[tuple[Table, ...]] = (
        Table("class_outcomes", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
    )
    sharded: ClassVar[bool] = True

    def apply(
        self, facts: Sequence[Fact[AnyClassOutcomeEvent]], _connection: Connection[Any]
    ) -> list[Write]:
        newest = {event.originator_id: _row(event, position) for position, event in facts}
        return to_write(_SQL["save"], rows=list(newest.values()))


def of_person(
    connection: Connection[Any], district_id: UUID, person_id: UUID
) -> list[TermOutcomes]:
    """What a district says of a teacher's classes, by term; what was taken back is left out."""
    key = {"district_id": district_id, "person_id": person_id}
    return read(connection, TermOutcomes, _SQL["of_person"], **key)


def of_district(connection: Connection[Any], district_id: UUID) -> list[OutcomeCell]:
    """The cells of a district, those of holders first; of what nobody holds there is none."""
    pairs: dict[tuple[UUID, str, str], dict[bool, tuple[int, int, int]]] = defaultdict(dict)
    for credential_id, term, measure, held, *numbers in rows(
        connection, _SQL["of_district"], district_id=district_id
    ):
        teachers, students, hundredths = map(int, numbers)
        pairs[credential_id, term, measure][held] = (teachers, students, hundredths)
    return [
        OutcomeCell(*key, held, *(_told(*pair[held]) if _may_be_told(pair) else (None,) * 3))
        for key, pair in sorted(pairs.items())
        for held in (True, False)
        if held in pair
    ]


@contextmanager
def known(connection: Connection[Any], district_id: UUID, position: int) -> Iterator[None]:
    """The tables as they were known at a position, for this district."""
    if position >= POSITION_MAX:
        yield
        return
    with (
        known_of_person(connection, district_id, None, position),
        adoption.known(connection, district_id, position),
    ):
        yield


@contextmanager
def known_of_person(
    connection: Connection[Any], district_id: UUID, person_id: UUID | None, position: int
) -> Iterator[None]:
    """What a district had said by then of one teacher's classes; null: of everybody's."""
    if position >= POSITION_MAX:
        yield
        return
    key = {"district_id": district_id, "person_id": person_id}
    streams = [one for (one,) in rows(connection, _SQL["streams"], **key)]
    with folded(connection, ClassOutcomes(), streams, position):
        yield


def _may_be_told(pair: dict[bool, tuple[int, int, int]]) -> bool:
    """Whether neither is small: all classes of a term are known from another micro-credential."""
    return all(teachers >= CELL_MIN for teachers, *_ in pair.values())


def _told(teachers: int, students: int, hundredths: int) -> tuple[int, int, int]:
    return teachers, students, (2 * hundredths + students) // (2 * students)


def _row(event: AnyClassOutcomeEvent, position: int) -> TermOutcomes:
    match event:
        case ClassOutcomesReported():
            classes = [one.model_dump() for one in event.classes]
        case ClassOutcomesWithdrawn():
            classes = []
        case _:
            assert_never(event)
    return TermOutcomes(
        outcomes_id=event.originator_id,
        district_id=event.district_id,
        person_id=event.person_id,
        term=event.term,
        first_day=term_named(event.term).first_day,
        classes=classes,
        position=position,
    )
