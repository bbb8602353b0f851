"""What is on file for the sake of pay, read again: by whom, about what, and as of when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.api.world import District, World

AWARD = str(UUID(int=7))
FACTS: list[dict[str, Any]] = [
    {
        "kind": "document_received",
        "subject_id": AWARD,
        "document": "pay_slip",
        "received_on": "2024-09-02",
    },
    {"kind": "status_recorded", "status": "masters", "first_day": "2024-07-01", "last_day": None},
    {
        "kind": "cost_recorded",
        "subject_id": AWARD,
        "cost_cents": 90_000,
        "paid_by": "teacher",
        "paid_on": "2024-09-03",
    },
]


@dataclass
class Filed:
    """A teacher about whom a district has put three facts on file."""

    world: World
    district: District
    teacher: UUID
    positions: list[int]

    @property
    def path(self) -> str:
        return f"/v1/districts/{self.district.id}/people/{self.teacher}/facts"

    def facts(self, who: UUID, **asked: Any) -> list[dict[str, Any]]:
        items = self.world.seen(who, self.path, **asked)["items"]
        return [one["fact"] for one in items]


@pytest.fixture
def filed(shared_world: World) -> Filed:
    district = shared_world.district()
    teacher = district.teacher()
    shared_world.seen(district.office, f"/v1/districts/{district.id}/people")
    one = Filed(shared_world, district, teacher, [])
    for fact in FACTS:
        made = shared_world.done(district.office, one.path, {"fact": fact})
        one.positions.append(made["position"])
    return one


def test_the_person_the_office_and_the_auditor_read_what_is_on_file(filed: Filed) -> None:
    auditor = filed.world.grant("auditor", filed.district.id)
    for who in (filed.teacher, filed.district.office, auditor):
        assert filed.facts(who) == FACTS
    other = filed.world.district()
    payroll = filed.world.grant("payroll", filed.district.id)
    for who in (other.office, other.teacher(), payroll, uuid4()):
        assert filed.world.get(who, filed.path).status_code == 404
    elsewhere = f"/v1/districts/{other.id}/people/{filed.teacher}/facts"
    assert filed.world.get(filed.teacher, elsewhere).status_code == 404


def test_they_are_found_by_what_they_are_about_and_by_their_kind(filed: Filed) -> None:
    assert filed.facts(filed.teacher, subject_id=AWARD) == [FACTS[0], FACTS[2]]
    assert filed.facts(filed.teacher, kind="status_recorded") == [FACTS[1]]
    assert filed.facts(filed.teacher, subject_id=AWARD, kind="status_recorded") == []
    assert filed.world.get(filed.teacher, filed.path, kind="nonsense").status_code == 422
    first = filed.world.get(filed.teacher, filed.path, limit=2)
    assert [one["fact"] for one in first.json()["items"]] == FACTS[:2]
    after = filed.world.ask(filed.teacher, "GET", first.links["next"]["url"])
    assert [one["fact"] for one in after.json()["items"]] == FACTS[2:]


def test_what_was_withdrawn_is_on_file_as_of_the_position_before(filed: Filed) -> None:
    version = filed.world.seen(filed.teacher, filed.path)["items"][0]["version"]
    path = filed.path.replace("/facts", "/fact-withdrawals")
    filed.world.done(filed.district.office, path, {"withdrawn_version": version})
    assert filed.facts(filed.teacher) == FACTS[1:]
    for known, position in enumerate(filed.positions, 1):
        assert filed.facts(filed.teacher, as_of=position) == FACTS[:known]
    assert filed.facts(filed.teacher, as_of="2020-01-01") == []


def test_what_a_school_counts_as_is_read_with_the_calendar(shared_world: World) -> None:
    district = shared_world.district()
    path = f"/v1/districts/{district.id}/calendar"
    school, other = str(uuid4()), str(uuid4())

    def rural(school_id: str, last_day: str | None = None) -> dict[str, Any]:
        days = {"first_day": "2024-07-01", "last_day": last_day}
        kind = "school_attribute_set"
        return {"kind": kind, "school_id": school_id, "attribute": "rural", **days}

    year = {"first_day": "2024-07-01", "last_day": "2025-06-30", "fiscal_year": 2025}
    said = [{"kind": "fiscal_year_set", **year}, rural(school), rural(other)]
    before = [
        shared_world.done(district.office, path, {"fact": fact})["position"] for fact in said
    ][-1]
    shared_world.done(district.office, path, {"fact": rural(school, "2025-01-31")})

    def facts(**asked: Any) -> list[dict[str, Any]]:
        items = shared_world.seen(uuid4(), path, **asked)["items"]
        return [one["fact"] for one in items]

    assert facts() == [said[0], said[2], rural(school, "2025-01-31")]
    assert facts(school_id=school) == [rural(school, "2025-01-31")]
    assert facts(school_id=school, as_of=before) == [rural(school)]
    assert facts(kind="fiscal_year_set") == [said[0]]
    assert shared_world.get(uuid4(), f"/v1/districts/{uuid4()}/calendar").status_code == 404
