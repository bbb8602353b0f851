"""Outcomes of classes: of terms that are over, and of no class that is small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate
from ledger.errors import InvalidError, NothingChangesError
from ledger.events import AnyClassOutcomeEvent
from ledger.events.class_outcome import (
    ClassOutcome,
    ClassOutcomesReported,
    ClassOutcomesWithdrawn,
)
from ledger.rules.suppression import CELL_MIN
from ledger.rules.terms import term_named
from ledger.values import local_date, stream_id

NEVER = datetime.min.replace(tzinfo=UTC)


class SmallClassError(InvalidError):
    """What came of fewer than ten students would say too much of each."""

    slug = "small-class"


class TermNotOverError(InvalidError):
    """What came of a term is told when it is over."""

    slug = "term-not-over"


def class_outcomes_stream(district_id: UUID, person_id: UUID, term: str) -> UUID:
    """The stream of what a district says of a teacher's classes in a term."""
    return stream_id("class-outcomes", district_id, person_id, term)


@dataclass(frozen=True, kw_only=True)
class ClassOutcomes(Aggregate):
    """What stands of one district, teacher and term; nothing before the first event."""

    district_id: UUID
    person_id: UUID
    term: str
    classes: tuple[ClassOutcome, ...] = ()
    said_at: datetime = NEVER  # when the last word was

    @classmethod
    def none_yet(cls, district_id: UUID, person_id: UUID, term: str) -> Self:
        stream = class_outcomes_stream(district_id, person_id, term)
        return cls(id=stream, version=0, district_id=district_id, person_id=person_id, term=term)

    def report(
        self, act: Act, *, zone: str, classes: Sequence[ClassOutcome]
    ) -> Sequence[AnyClassOutcomeEvent]:
        """Say what came of all classes of the term; one flaw refuses the whole list.

        Raises NoSuchTermError, TermNotOverError, SmallClassError, NothingChangesError.
        """
        last_day = term_named(self.term).last_day
        if local_date(act.at, zone) <= last_day:
            raise TermNotOverError(f"{self.term} ends on {last_day}")
        for number, one in enumerate(classes, 1):
            if one.students < CELL_MIN:
                raise SmallClassError(f"number {number} is of fewer than {CELL_MIN} students")
        if tuple(classes) == self.classes:
            raise NothingChangesError("the same was said before")
        about = self._about
        return [ClassOutcomesReported(**self.header(act), **about, classes=tuple(classes))]

    def withdraw(self, act: Act, *, reason: str) -> Sequence[AnyClassOutcomeEvent]:
        """Take it back. Raises NothingChangesError."""
        if not self.classes:
            raise NothingChangesError("nothing is said of these classes")
        return [ClassOutcomesWithdrawn(**self.header(act), **self._about, reason=reason)]

    @property
    def _about(self) -> dict[str, Any]:
        return {"district_id": self.district_id, "person_id": self.person_id, "term": self.term}

    @classmethod
    def evolve(cls, state: Self | None, event: AnyClassOutcomeEvent) -> Self:
        if state is None:
            state = cls.none_yet(event.district_id, event.person_id, event.term)
        state = replace(state.at_version(event.originator_version), said_at=event.occurred_at)
        match event:
            case ClassOutcomesReported(classes=classes):
                return replace(state, classes=classes)
            case ClassOutcomesWithdrawn():
                return replace(state, classes=())
            case _:
                assert_never(event)
