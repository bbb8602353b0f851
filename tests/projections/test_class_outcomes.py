"""What came of classes, of holders of a micro-credential and of the others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg import Connection

from ledger.aggregates.class_outcome import class_outcomes_stream
from ledger.events.class_outcome import (
    ClassOutcome,
    ClassOutcomesReported,
    ClassOutcomesWithdrawn,
)
from ledger.events.enrollment import Awarded
from projections import class_outcomes
from projections.class_outcomes import ClassOutcomes, OutcomeCell
from projections.contract import Fact
from projections.employments import Employments
from projections.transcript import Transcript
from tests.database import Server
from tests.projections.playing import play, tables_of
from tests.projections.test_adoption import CREDENTIAL, OTHER, Staff
from tests.samples import DISTRICT, ISSUER, ZONE, named

IN_TIME, LATE = date(2025, 1, 1), date(2025, 1, 2)
SPRING = "2024-25 spring"
PROJECTIONS = (Transcript(), Employments(), ClassOutcomes())


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PROJECTIONS[0]) as connection:
        for other in PROJECTIONS[1:]:
            connection.execute(other.sql["create"])
        yield connection


class Classes(Staff):
    """Teachers of a district, and what it says came of their classes in spring."""

    def teach(self, number: int, *classes: tuple[str, int, int], version: int = 1) -> None:
        self.add_of(
            ClassOutcomesReported,
            number,
            version,
            classes=tuple(
                ClassOutcome(measure=measure, students=students, mean_hundredths=mean)
                for measure, students, mean in classes
            ),
        )

    def add_of(self, event_class: Any, number: int, version: int, **fields: Any) -> None:
        person = named(f"teacher {number}")
        header = {
            "originator_id": class_outcomes_stream(DISTRICT, person, SPRING),
            "originator_version": version,
            "occurred_at": datetime(2025, 8, 1, tzinfo=UTC),
            "actor_id": named("actor"),
        }
        of = {"district_id": DISTRICT, "person_id": person, "term": SPRING}
        self.facts.append(Fact(len(self.facts) + 1, event_class(**header, **of, **fields)))

    def holders(self, numbers: range, credential: Any = CREDENTIAL, day: date = IN_TIME) -> None:
        for number in numbers:
            self.live(number, 3, credential, awarded_on=day)

    def expire(self, number: int, day: date) -> None:
        """Awarded long ago, and valid until the day before."""
        self.live(number, 2)
        of = {"credential_id": CREDENTIAL, "credential_version": 1, "issuer_id": ISSUER}
        when = {"zone": ZONE, "awarded_on": date(2024, 12, 1), "expires_on": day}
        person = {"person_id": named(f"teacher {number}"), "attempt": 1}
        self.add(Awarded, f"{number} {CREDENTIAL}", 3, **of, **person, **when)

    def play(self, connection: Connection[Any]) -> None:
        for projection in PROJECTIONS:
            play(connection, projection, self.facts)

    def cells(self, connection: Connection[Any]) -> dict[Any, Any]:
        self.play(connection)
        found = class_outcomes.of_district(connection, DISTRICT)
        return {
            (one.credential_id, one.measure, one.held): (
                one.teachers,
                one.students,
                one.mean_hundredths,
            )
            for one in found
        }


def staff(count: int, *classes: tuple[str, int, int]) -> Classes:
    """So many teachers with the same classes."""
    made = Classes()
    for number in range(count):
        made.hire(number)
        made.teach(number, *(classes or (("reading", 24, 7_000),)))
    return made


def test_practice_54_ten_teachers_are_a_cell_and_six_are_suppressed_with_their_counterpart(
    connection: Connection[Any],
) -> None:
    """Of 25 who teach 24 students each ten hold one award and six another."""
    taught = staff(25)
    taught.holders(range(10))
    taught.holders(range(10, 16), OTHER)
    taught.teach(0, ("reading", 30, 8_001), ("reading", 10, 6_000), version=2)
    assert taught.cells(connection) == {
        # (9 × 24 × 70.00 + 30 × 80.01 + 10 × 60.00) / 256 = 70.7824…
        (CREDENTIAL, "reading", True): (10, 256, 7_078),
        (CREDENTIAL, "reading", False): (15, 360, 7_000),
        (OTHER, "reading", True): (None, None, None),
        (OTHER, "reading", False): (None, None, None),
    }
    [first, *_] = class_outcomes.of_district(connection, DISTRICT)
    assert isinstance(first, OutcomeCell)
    assert first.term == SPRING


def test_nine_others_are_hidden_and_the_holders_with_them(connection: Connection[Any]) -> None:
    """Of 20 ten hold it and ten do not; then eleven do, and nine do not; then all do."""
    for holders, numbers in ((10, [10, 10]), (11, [None, None]), (20, [20])):
        taught = staff(20)
        taught.holders(range(holders))
        found = taught.cells(connection)
        assert [teachers for teachers, *_ in found.values()] == numbers


def test_who_held_it_when_the_term_began_by_an_award_that_stands_and_the_district_sees(
    connection: Connection[Any],
) -> None:
    taught = staff(30)
    taught.holders(range(10))
    taught.holders(range(10, 12), day=LATE)
    taught.live(12, 4, awarded_on=IN_TIME)  # revoked since
    taught.expire(13, IN_TIME)
    taught.hire(30, first=LATE)
    taught.teach(30, ("reading", 24, 7_000))
    taught.live(30, 3, awarded_on=IN_TIME)  # where she was before
    taught.hire(0, job="second job")
    assert taught.cells(connection) == {
        (CREDENTIAL, "reading", True): (10, 240, 7_000),
        (CREDENTIAL, "reading", False): (21, 504, 7_000),
    }


def test_measures_are_not_mixed_and_what_is_taken_back_is_gone(
    connection: Connection[Any],
) -> None:
    taught = staff(21, ("reading", 10, -50), ("math", 20, 25))
    taught.holders(range(10))
    taught.add_of(ClassOutcomesWithdrawn, 20, 2, reason="mistake")
    assert taught.cells(connection) == {
        (CREDENTIAL, measure, held): (10, 10 * students, mean)
        for measure, students, mean in (("reading", 10, -50), ("math", 20, 25))
        for held in (True, False)
    }
    [shown] = class_outcomes.of_person(connection, DISTRICT, named("teacher 0"))
    assert [one["measure"] for one in shown.classes] == ["reading", "math"]
    assert class_outcomes.of_person(connection, DISTRICT, named("teacher 20")) == []
