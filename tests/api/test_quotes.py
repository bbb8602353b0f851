"""What a teacher is told before she enrolls."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from tests.api.test_field import at
from tests.api.world import World, license_of, rules, stipend, story


def test_a_quote_says_what_is_paid_when_and_what_it_counts_for_and_then_it_is_so(
    shared_world: World,
) -> None:
    world = shared_world
    with at(world, "2025-03-03"):
        one = story(world, token="quoted")
        path = f"/v1/people/{one.teacher}"
        job = world.seen(one.teacher, f"{path}/employments")["items"][0]
        district = job["district_id"]
        office = world.grant("district", district)
        terms = stipend(waiting_days=30, person_cap_cents_per_year=20_000)
        world.done(office, f"/v1/districts/{district}/policies", terms)
        world.done(world.operator, "/v1/equivalencies", rules())
        world.done(office, f"/v1/districts/{district}/licenses", license_of(one.teacher))
        wish = {"credential_id": one.credential}
        params = {"min_position": world.position}
        answer = world.post(one.teacher, f"{path}/quote", wish, params=params)
        assert answer.status_code == 200, answer.text
        quote = answer.json()
        assert quote["binding"] is False
        [policy] = quote["policies"]
        [said] = policy["payouts"]
        assert (said["amount_cents"], said["reason"]) == (20_000, "reduced_by_yearly_cap")
        assert said["caps"] == [
            {"rule": "yearly_cap", "most": 20_000, "used": 0, "left": 20_000},
        ]
        assert [unit["counted"]["units_hundredths"] for unit in quote["licenses"]] == [600]
        assert world.seen(one.teacher, f"{path}/payouts")["items"] == []
        one.award()
        [paid] = world.seen(one.teacher, f"{path}/payouts")["items"]
        same = ("payout_id", "amount_cents", "reason", "payable_on", "fiscal_year")
        told: dict[str, Any] = {"reason": paid["reason"]} if paid["status"] == "due" else {}
        assert {name: paid[name] for name in same if name != "reason"} | told == {
            name: said[name] for name in same if name != "reason" or told
        }
        assert quote["enrollment_id"] == one.enrollment


def test_what_cannot_be_earned_or_is_somebody_elses_is_refused(shared_world: World) -> None:
    world = shared_world
    district = world.district()
    teacher, other = district.teacher(), district.teacher()
    wish = {"credential_id": str(uuid4())}
    answer = world.post(teacher, f"/v1/people/{teacher}/quote", wish)
    assert (answer.status_code, answer.json()["type"].rpartition("/")[2]) == (
        422,
        "credential-unpublished",
    )
    assert world.post(other, f"/v1/people/{teacher}/quote", wish).status_code == 404


def test_a_day_that_nobody_can_foresee_is_refused(shared_world: World) -> None:
    one = story(shared_world, token="far")
    wish = {"credential_id": one.credential, "awarded_on": "9999-12-31"}
    known = {"min_position": shared_world.position}  # the catalog shows what she wishes for
    path = f"/v1/people/{one.teacher}/quote"
    answer = shared_world.post(one.teacher, path, wish, params=known)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
