"""Outcomes of classes: what a district says came of the classes of a teacher in a term.

Numbers of whole classes alone. No student is in the log, by no name, number or row.
"""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from ledger.events.base import Event
from ledger.values import Positive, Slug, Value

TermName = Annotated[str, StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2} (fall|spring)$")]
MeanHundredths = Annotated[int, Field(strict=True, ge=-(10**9), le=10**9)]


class ClassOutcome(Value):
    """One class by one measure: how many students it was taken of, and their mean."""

    measure: Slug  # as the district names it; means of two measures are never put together
    students: Positive
    mean_hundredths: MeanHundredths  # in hundredths of the measure's own unit


Classes = Annotated[tuple[ClassOutcome, ...], Field(min_length=1, max_length=100)]


class ClassOutcomesEvent(Event):
    """Stream: one district, teacher and term, which decide its id."""

    district_id: UUID
    person_id: UUID  # who taught the classes
    term: TermName


class ClassOutcomesReported(ClassOutcomesEvent):
    """What came of all her classes of a term that is over; the newest list stands whole."""

    TOPIC: ClassVar[str] = "class-outcomes.reported.v1"

    classes: Classes


class ClassOutcomesWithdrawn(ClassOutcomesEvent):
    """Nothing is said of them any more."""

    TOPIC: ClassVar[str] = "class-outcomes.withdrawn.v1"

    reason: Slug
