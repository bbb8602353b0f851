"""How a district takes micro-credentials up, in the numbers of the field."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from ledger.events.employment import EmploymentStarted
from ledger.events.enrollment import Awarded, Enrolled, Revoked, Submitted
from projections import award_counts
from projections.adoption import Adoption, of_district, per_mille
from projections.contract import Fact
from projections.employments import Employments
from projections.transcript import Transcript
from tests.database import Server
from tests.projections.playing import play, tables_of
from tests.samples import DISTRICT, ISSUER, ZONE, named

CREDENTIAL, OTHER = named("credential"), named("other credential")
AT = datetime(2024, 10, 1, 3, 30, tzinfo=UTC)  # in New York the evening of 30 September


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, Transcript()) as connection:
        connection.execute(Employments().sql["create"])
        yield connection


class Staff:
    """Facts about teachers of a district, told one after the other."""

    def __init__(self) -> None:
        self.facts: list[Fact[Any]] = []

    def add(self, event_class: Any, stream: str, version: int = 1, **fields: Any) -> None:
        header = {
            "originator_id": named(stream),
            "originator_version": version,
            "occurred_at": AT,
            "actor_id": named("actor"),
        }
        self.facts.append(Fact(len(self.facts) + 1, event_class(**header, **fields)))

    def hire(
        self,
        number: int,
        district: Any = DISTRICT,
        *,
        first: date = date(2020, 8, 1),
        school: UUID | None = None,
        job: str = "job",
        last: date | None = None,
    ) -> None:
        self.add(
            EmploymentStarted,
            f"{job} {number} {district}",
            person_id=named(f"teacher {number}"),
            district_id=district,
            school_id=school,
            role="teacher",
            fte_thousandths=None,
            exempt=None,
            zone=ZONE,
            first_day=first,
            last_day=last,
        )

    def live(
        self,
        number: int,
        steps: int,
        credential: Any = CREDENTIAL,
        awarded_on: date = date(2024, 12, 1),
    ) -> None:
        """She enrolls, hands in, is awarded, and has it revoked: so many of the four."""
        stream, person = f"{number} {credential}", named(f"teacher {number}")
        of = {"person_id": person, "credential_id": credential, "credential_version": 1}
        self.add(Enrolled, stream, **of, issuer_id=ISSUER, cycle=1, renews_enrollment_id=None)
        if steps > 1:
            self.add(
                Submitted,
                stream,
                2,
                person_id=person,
                attempt=1,
                evidence_ids=(),
                reflection=None,
                zone=ZONE,
                submitted_on=date(2024, 11, 1),
            )
        if steps > 2:
            more = {"issuer_id": ISSUER, "attempt": 1, "zone": ZONE, "expires_on": None}
            self.add(Awarded, stream, 3, **of, **more, awarded_on=awarded_on)
        if steps > 3:
            why = {"person_id": person, "reason": "misconduct", "authority": "issuer"}
            self.add(Revoked, stream, 4, **why, zone=ZONE, effective_on=date(2025, 2, 1))

    def play(self, connection: Connection[Any]) -> None:
        for projection in (Transcript(), Employments()):
            play(connection, projection, self.facts)


def test_of_412_enrolled_and_230_submitted_150_earned_are_652_in_a_thousand(
    connection: Connection[Any],
) -> None:
    staff = Staff()
    for number in range(412):
        staff.hire(number)
        staff.live(number, 3 if number < 150 else 2 if number < 230 else 1)
    staff.play(connection)
    [found] = of_district(connection, DISTRICT, ZONE)
    assert found == Adoption(
        credential_id=CREDENTIAL, persons=412, enrolled=412, submitted=230, earned=150, revoked=0
    )
    assert found.earned_per_mille == 652  # 150 / 230 = 65.2 %


def test_what_was_revoked_since_was_earned_and_is_counted_by_itself(
    connection: Connection[Any],
) -> None:
    staff = Staff()
    for number, steps in enumerate((4, 3, 1)):
        staff.hire(number)
        staff.live(number, steps)
    staff.play(connection)
    [found] = of_district(connection, DISTRICT, ZONE)
    assert (found.enrolled, found.submitted, found.earned, found.revoked) == (3, 2, 2, 1)


def test_an_enrollment_is_the_districts_that_employed_her_when_it_began(
    connection: Connection[Any],
) -> None:
    """One is of another district, one was hired on the day after; one began on her first day."""
    staff = Staff()
    staff.hire(1)
    staff.hire(2, named("another district"))
    staff.hire(3, first=date(2024, 10, 1))
    staff.hire(4, first=date(2024, 9, 30))
    for number in range(1, 5):
        staff.live(number, 1, OTHER)
    staff.live(1, 1)
    staff.hire(1, named("another district"))  # in both districts at once: it is counted in both
    staff.play(connection)
    counted = {one.credential_id: one.enrolled for one in of_district(connection, DISTRICT, ZONE)}
    assert counted == {OTHER: 2, CREDENTIAL: 1}
    there = of_district(connection, named("another district"), ZONE)
    assert {one.credential_id: one.enrolled for one in there} == {OTHER: 2, CREDENTIAL: 1}


def test_a_span_of_days_is_of_the_districts_zone(connection: Connection[Any]) -> None:
    staff = Staff()
    staff.hire(1)
    staff.live(1, 2)
    staff.play(connection)
    september = date(2024, 9, 30)
    assert len(of_district(connection, DISTRICT, ZONE, to_day=september)) == 1
    assert of_district(connection, DISTRICT, ZONE, from_day=date(2024, 10, 1)) == []
    assert of_district(connection, DISTRICT, "UTC", to_day=september) == []
    whole = {"from_day": date.min, "to_day": date.max}
    assert len(of_district(connection, DISTRICT, ZONE, **whole)) == 1


def test_a_position_counts_through_its_last_day_even_the_last_of_all(
    connection: Connection[Any],
) -> None:
    staff = Staff()
    for number, last in enumerate((date(2024, 9, 29), date(2024, 9, 30), date.max)):
        staff.hire(number, last=last)
        staff.live(number, 1)
    staff.play(connection)
    [found] = of_district(connection, DISTRICT, ZONE)
    assert found.enrolled == 2, "the first had left on the evening before"


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(0, 0, None), (0, 3, 0), (1, 3, 333), (2, 3, 667), (1, 2000, 1)]
)
def test_a_share_is_rounded_half_up_and_of_nothing_there_is_none(
    part: int, whole: int, expected: int | None
) -> None:
    assert per_mille(part, whole) == expected


NORTH, SOUTH = named("north school"), named("south school")
SPRING = date(2025, 3, 1)


def counts(connection: Connection[Any], on: date = date(2025, 7, 1)) -> dict[Any, int | None]:
    found = award_counts.of_district(connection, DISTRICT, on)
    assert {one.credential_id for one in found} <= {CREDENTIAL}
    return {(one.term, one.school_id): one.teachers for one in found}


def earn(staff: Staff, numbers: range, school: UUID, **more: Any) -> None:
    for number in numbers:
        staff.hire(number, school=school)
        staff.live(number, 3, **more)


def test_practice_54_six_of_a_school_are_not_shown_nor_found_from_the_total(
    connection: Connection[Any],
) -> None:
    """In fall 20 in the north and 6 in the south, in spring 15 and 11."""
    staff = Staff()
    earn(staff, range(20), NORTH)
    earn(staff, range(20, 26), SOUTH)
    earn(staff, range(26, 41), NORTH, awarded_on=SPRING)
    earn(staff, range(41, 52), SOUTH, awarded_on=SPRING)
    staff.play(connection)
    assert counts(connection) == {
        (None, None): 52,
        ("2024-25 fall", None): 26,
        ("2024-25 fall", NORTH): None,
        ("2024-25 fall", SOUTH): None,
        ("2024-25 spring", None): 26,
        ("2024-25 spring", NORTH): 15,
        ("2024-25 spring", SOUTH): 11,
    }
    assert counts(connection, date(2025, 6, 30))[None, None] == 26, "spring is not over"
    assert counts(connection, date(2024, 12, 31)) == {}


def test_a_teacher_counts_once_and_not_by_what_was_revoked_or_earned_elsewhere(
    connection: Connection[Any],
) -> None:
    """Ten, of whom one has two positions; beside them one revoked, and one who came later."""
    staff = Staff()
    earn(staff, range(10), NORTH)
    staff.hire(0, school=NORTH, job="second job")
    staff.hire(10, school=NORTH)
    staff.live(10, 4)
    staff.hire(11, first=date(2024, 12, 2), school=NORTH)
    staff.live(11, 3)
    staff.play(connection)
    assert counts(connection) == {
        (None, None): 10,
        ("2024-25 fall", None): 10,
        ("2024-25 fall", NORTH): 10,
    }
