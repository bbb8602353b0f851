"""What the field does, with its numbers, as somebody meets it over HTTP."""

from __future__ import annotations

from uuid import uuid4

from tests.api.world import World, story


def test_practice_1_the_map_of_the_states_is_that_of_the_day(shared_world: World) -> None:
    world, who, path = shared_world, uuid4(), "/v1/state-readiness"
    then = world.seen(who, path, effective_on="2018-12-31")["edition"]
    assert [(one["group"], one["states"]) for one in then["groups"]] == [
        ("advanced", 17),
        ("developing", 13),
        ("emerging", 18),
        ("none", 2),
    ]
    assert then["groups"][3]["named"] == ["us-ca", "us-wy"]
    assert world.seen(who, path)["edition"]["published_on"] == "2019-05-30"
    assert world.seen(who, path, effective_on="2000-01-01")["edition"] is None


def test_practice_54_a_district_gives_away_no_count_of_one(shared_world: World) -> None:
    world, district = shared_world, shared_world.district()
    one, path = story(world, district, "Counted"), f"/v1/districts/{district.id}/award-counts"
    before = world.position
    one.award()
    next_year = "2100-01-01"  # when the term is over
    [found] = world.seen(district.office, path, effective_on=next_year)["counts"]
    assert (found["credential_id"], found["term"], found["teachers"]) == (
        one.credential,
        None,
        None,
    )
    assert world.seen(district.office, path)["counts"] == [], "the term is not over"
    assert world.seen(district.office, path, effective_on=next_year, as_of=before)["counts"] == []
    for who in (one.teacher, world.district().office):
        assert world.get(who, path).status_code == 404
