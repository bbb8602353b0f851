"""How a district takes micro-credentials up, over HTTP."""

from __future__ import annotations

from uuid import uuid4

from tests.api.world import World, story


def test_a_district_reads_how_many_began_handed_in_and_earned(shared_world: World) -> None:
    world, district = shared_world, shared_world.district()
    one, two = story(world, district, "Earned"), story(world, district, "Begun")
    two.enroll()
    before = world.position
    one.award()
    path = f"/v1/districts/{district.id}/adoption"
    found = world.seen(district.office, path)
    assert found["total"] == {
        "enrolled": 2,
        "submitted": 1,
        "earned": 1,
        "revoked": 0,
        "earned_per_mille": 1000,
    }
    by_credential = {each["credential_id"]: each for each in found["credentials"]}
    assert by_credential[two.credential]["earned_per_mille"] is None
    assert by_credential[one.credential]["persons"] == 1
    then = world.seen(district.office, path, as_of=before)["total"]
    assert (then["enrolled"], then["submitted"], then["earned"]) == (1, 0, 0)
    assert world.seen(district.office, path, to_day="2000-01-01")["total"]["enrolled"] == 0
    other = world.district()
    assert world.seen(other.office, f"/v1/districts/{other.id}/adoption")["credentials"] == []
    for who in (other.office, one.teacher, uuid4()):
        assert world.get(who, path).status_code == 404
