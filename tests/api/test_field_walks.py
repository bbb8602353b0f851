"""Practices of the field that rules alone were tried for, with their numbers, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.test_field import at
from tests.api.world import MET, World, license_of, story
from tests.rules.dossiers import plain_rule

LABOR_DAY = {"year": 2021, "holidays": ["2021-09-06"]}


def test_practice_32_without_a_rate_of_the_state_nothing_counts_and_it_says_so(
    shared_world: World,
) -> None:
    """New Hampshire has published no rate: 0 units, and no guess."""
    world, district = shared_world, shared_world.district()
    one = story(world, district, "New Hampshire").award()
    body = license_of(one.teacher, jurisdiction="us-nh", valid_to="2099-06-30")
    held = world.done(district.office, f"/v1/districts/{district.id}/licenses", body)["id"]
    day = {"effective_on": "2090-01-01"}
    [line] = world.seen(one.teacher, f"/v1/licenses/{held}/explanation", **day)["lines"]
    [unit] = line["units"]
    assert (unit["units_hundredths"], unit["reason"]) == (0, "no_equivalency_rule")


@pytest.mark.parametrize(
    ("submitted", "due"), [("2021-08-06", "2021-08-13"), ("2021-09-03", "2021-09-13")]
)
def test_practice_36_five_business_days_pass_over_labor_day(
    submitted: str, due: str, shared_world: World
) -> None:
    """Handed in on a Friday it is due the next, and after Labor Day on the Monday after that."""
    world, district = shared_world, shared_world.district()
    with at(world, submitted):
        one, path = story(world, district, "Five days"), "/v1/issuers"
        approver, terms = one.issuer.approver, {"terms": {"decision_business_days": 5}}
        world.done(approver, f"{path}/{one.issuer.id}/terms", terms)
        world.done(approver, f"{path}/{one.issuer.id}/holidays", LABOR_DAY)
        one.enroll().hand_in()
        shown = world.seen(one.teacher, one.path)
        assert (shown["submitted_on"], shown["due_on"]) == (submitted, due)
        body = {"assessor_id": str(one.assessors[0])}
        world.done(approver, f"{one.path}/assignments", body)
        [waiting] = world.seen(one.assessors[0], "/v1/assignments")["items"]
        assert (waiting["due_on"], waiting["enrollment_id"]) == (due, one.enrollment)
        assert str(one.teacher) not in str(waiting), "an id of the submission, and not whose it is"


def test_practice_38_a_void_of_1_march_is_contested_until_22_march(shared_world: World) -> None:
    world, district = shared_world, shared_world.district()
    with at(world, "2024-03-01"):
        stories = [story(world, district, f"Void {n}").enroll().hand_in() for n in range(2)]
        for one in stories:
            one.review(MET, MET).decide("integrity_hold", reason="doubt")
            resolved = {"finding": "confirmed", "reason": "copied"}
            world.done(one.issuer.approver, f"{one.path}/hold-resolutions", resolved)
    in_time, late = stories
    with at(world, "2024-03-22"):
        world.done(in_time.teacher, f"{in_time.path}/appeals", {"ground": "process"})
    with at(world, "2024-03-23"):
        refused = world.post(late.teacher, f"{late.path}/appeals", {"ground": "process"})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/appeal-window-closed")


def adopt(world: World, district: Any, **rule: Any) -> None:
    adopted = {
        "board_reference": "Minute 7",
        "adopted_on": "2024-06-01",
        "rule": plain_rule(**rule).model_dump(mode="json"),
    }
    world.done(district.office, f"/v1/districts/{district.id}/policy-rules", adopted)


def told(world: World, district: Any) -> list[tuple[str, str | None]]:
    """What became of each award of the district's people, without the order."""
    found = world.seen(district.office, f"/v1/districts/{district.id}/payouts")["items"]
    found += world.seen(district.office, f"/v1/districts/{district.id}/unpaid")["items"]
    lines = [one.get("payout", one) for one in found]
    unique = {one["subject_id"]: (one["status"], one["reason"]) for one in lines}
    return sorted(unique.values(), key=str)


def test_practice_47_two_of_three_that_are_tagged_to_a_goal_are_paid(shared_world: World) -> None:
    world, district = shared_world, shared_world.district()
    adopt(world, district, preconditions=[{"kind": "plan_goal"}])
    earned = [story(world, district, f"Goal {n}").award() for n in range(3)]
    for one in earned[:2]:
        goal = {"kind": "plan_goal_tagged", "subject_id": one.enrollment, "goal": "literacy"}
        fact = {"fact": {**goal, "tagged_on": "2024-09-01"}}
        path = f"/v1/districts/{district.id}/people/{one.teacher}/facts"
        world.done(district.office, path, fact)
    assert told(world, district) == [
        ("due", None),
        ("due", None),
        ("not_due", "plan_goal_missing"),
    ]


def test_practice_53_what_the_law_requires_is_held_where_title_ii_would_pay(
    shared_world: World,
) -> None:
    world, district = shared_world, shared_world.district()
    grant = {"fund": "title_ii_a", "performance_from": "2020-07-01", "performance_to": "2099-06-30"}
    adopt(world, district, exclusions=[{"kind": "not_required"}], account=grant)
    free, required = (story(world, district, f"Grant {n}").award() for n in range(2))
    tag = {"kind": "requirement_tagged", "subject_id": required.enrollment}
    fact = {"fact": {**tag, "requirement": "seclusion", "tagged_on": "2024-09-01"}}
    path = f"/v1/districts/{district.id}/people/{required.teacher}/facts"
    version = world.done(district.office, path, fact)["version"]
    assert told(world, district) == [("due", None), ("pending", "supplanting_risk")]
    withdrawal = {"withdrawn_version": version}
    path = f"/v1/districts/{district.id}/people/{required.teacher}/fact-withdrawals"
    world.done(district.office, path, withdrawal)
    assert told(world, district) == [("due", None), ("due", None)]
    assert free.teacher != required.teacher
