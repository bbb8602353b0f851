"""How far a teacher is toward a lane or a step, over HTTP."""

from __future__ import annotations

from typing import Any

from tests.api.test_pay_notices import adopt, on
from tests.api.world import World, credit_of, story
from tests.rules.dossiers import changed, plain_rule, shipped

UNITS: dict[str, Any] = {
    "kind": "credits_threshold",
    "unit": "credit",
    "sources": [
        {"of": "award", "units": 1, "category": "award"},
        {
            "of": "activity",
            "activities": ["university_credit"],
            "units": 1,
            "category": "university",
        },
    ],
    "thresholds": [2],
    "then_every": 2,
}


def test_a_teacher_reads_what_counts_toward_a_lane_and_of_a_pair_the_other(
    shared_world: World,
) -> None:
    """Three credits and a lane at 2: one is banked, and one more opens the next.

    The award of 15 hours became one of the three, so that the lane counts 3 and not 4.
    """
    world = shared_world
    with on(world, "2025-01-15"):
        district = world.district()
        adopt(district, plain_rule(trigger=UNITS, benefit="lane_change", amount=[]))
        one = story(world, district, "Pair").award()
        path = f"/v1/districts/{district.id}/credits"
        two = credit_of(
            one.teacher,
            kind="university_credit",
            quantity_hundredths=200,
            earned_on="2024-12-15",
        )
        world.seen(district.office, f"/v1/districts/{district.id}/people")
        world.done(district.office, path, two)
    before = world.position
    with on(world, "2025-02-01"):
        course = credit_of(
            one.teacher,
            kind="university_credit",
            earned_on="2025-02-01",
            exchanged_enrollment_id=one.enrollment,
        )
        made = world.done(district.office, path, course)["id"]
    asked = f"/v1/people/{one.teacher}/thresholds"
    [standing] = world.seen(one.teacher, asked, effective_on="2025-03-01")["items"]
    shown = ("unit", "counted", "reached", "banked", "next_threshold", "missing", "held")
    assert {name: standing[name] for name in shown} == {
        "unit": "credit",
        "counted": "3",
        "reached": 2,
        "banked": "1",
        "next_threshold": 4,
        "missing": "1",
        "held": None,
    }
    things = {thing["subject_id"]: thing for thing in standing["things"]}
    award = things[one.enrollment]
    assert (award["counts"], award["reason"], award["other_id"]) == (False, "exchanged", made)
    assert things[made]["counts"] is True
    [known] = world.seen(district.office, asked, effective_on="2025-03-01", as_of=before)["items"]
    assert (known["counted"], known["banked"]) == ("3", "1")  # two credits and the award
    assert {one["counts"] for one in known["things"]} == {True}
    [early] = world.seen(one.teacher, asked, effective_on="2024-12-31")["items"]
    assert (early["counted"], early["banked"], len(early["things"])) == ("2", "0", 1)
    assert world.get(world.district().office, asked).status_code == 404


def test_units_that_expired_are_banked_no_more(shared_world: World) -> None:
    """Credits of 15 hours expire after five years: 10 hours of January 2020 are none in 2025."""
    world = shared_world
    rule = shipped("I18")
    with on(world, "2024-09-01"):
        district = world.district()
        trigger = rule.trigger.model_dump() | {"categories": [{"category": "any"}]}
        adopt(district, changed(rule, windows=[], exclusions=[], trigger=trigger))
        teacher = district.person()
        district.employ(teacher, "2019-08-01")
        world.seen(district.office, f"/v1/districts/{district.id}/people")
        credit = credit_of(
            teacher, kind="in_service", quantity_hundredths=1_000, earned_on="2020-01-31"
        )
        world.done(district.office, f"/v1/districts/{district.id}/credits", credit)
    asked = f"/v1/people/{teacher}/thresholds"
    for day, units in (("2025-01-30", "2/3"), ("2025-01-31", "0")):
        [standing] = world.seen(teacher, asked, effective_on=day)["items"]
        assert standing["banked"] == units
        assert [one["units"] for one in standing["categories"]] == [units]


def test_a_policy_that_waits_for_its_calendar_says_so(shared_world: World) -> None:
    world = shared_world
    with on(world, "2025-01-15"):
        district = world.district()
        yearly = {**UNITS, "each_year": True}
        adopt(district, plain_rule(trigger=yearly, benefit="lane_change", amount=[]))
        teacher = district.teacher()
        world.seen(district.office, f"/v1/districts/{district.id}/people")
        credit = credit_of(teacher, kind="university_credit")
        world.done(district.office, f"/v1/districts/{district.id}/credits", credit)
    [standing] = world.seen(teacher, f"/v1/people/{teacher}/thresholds")["items"]
    assert (standing["held"], standing["counted"]) == ("calendar_missing", "0")
