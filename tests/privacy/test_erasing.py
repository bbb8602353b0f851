"""Forgetting over HTTP: who may ask, what stands in the way, what is left."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.api.world import Answer, District, World, story

LATER = {"Ledger-Time": "2030-02-01T12:00:00Z"}  # payroll of 2025 is kept until January 31
EARLIER = {"Ledger-Time": "2030-01-31T12:00:00Z"}
LAST_DAY = "2025-06-30"


def leaves(world: World, district: District, person: UUID, last_day: str = LAST_DAY) -> None:
    for held in world.seen(person, f"/v1/people/{person}/employments")["items"]:
        path = f"/v1/employments/{held['employment_id']}/endings"
        world.done(district.office, path, {"last_day": last_day})


def erasure(world: World, who: UUID, person: UUID, **sent: Any) -> Answer:
    body = {"reason": "subject-request"}
    return world.post(who, f"/v1/people/{person}/erasures", body, **sent)


def test_who_works_here_is_not_forgotten(shared_world: World) -> None:
    district = shared_world.district()
    person = district.teacher("Ada", "Employed")
    made = erasure(shared_world, person, person).json()
    assert (made["status"], made["grounds"], made["allowed_from"]) == (
        "deferred",
        ["employed"],
        None,
    )


def test_smoke(world: World) -> None:
    one = story(world).award()
    held = world.seen(one.teacher, f"/v1/people/{one.teacher}/employments")["items"][0]
    district = District(world, held["district_id"], world.grant("district", held["district_id"]))
    leaves(world, district, one.teacher)
    made = erasure(world, one.teacher, one.teacher, headers=EARLIER).json()
    assert made["grounds"] == ["payroll-retention"], made
    assert made["allowed_from"] == "2030-02-01"
    made = erasure(world, one.teacher, one.teacher, headers=LATER)
    assert made.status_code == 201, made.text
    assert made.json()["status"] == "erased"
    assert world.seen(one.teacher, f"/v1/people/{one.teacher}")["details"] is None
