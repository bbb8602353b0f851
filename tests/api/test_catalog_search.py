"""The catalog as somebody searches it who has a focus, a kind of evidence and a state in mind."""

from __future__ import annotations

from typing import Any

from tests.api.world import World, rules, stack_of, stipend

LEFT = {"gives_hundredths": 0, "left_to": "district"}


def test_practice_17_a_video_without_students_about_data_is_found_where_a_state_counts_it(
    shared_world: World,
) -> None:
    """Focus on data literacy, a video as evidence, no student in any of it: exactly these two."""
    world, issuer, other = shared_world, shared_world.issuer("First"), shared_world.issuer("Other")
    video, plan = [{"kind": "teacher_video"}], [{"kind": "lesson_plan"}]
    data: dict[str, Any] = {"focus_areas": ["data-literacy"], "evidence": video}
    wanted = {issuer.credential(**data), other.credential(**data)}
    issuer.credential(**data | {"evidence": [{"kind": "classroom_video"}]})
    issuer.credential(**data | {"evidence": [*video, {"kind": "student_work"}]})
    issuer.credential(**data | {"evidence": plan})
    issuer.credential(**data | {"focus_areas": ["deeper-learning"]})
    asked = {"focus_area": "data-literacy", "evidence_kind": "teacher_video"}
    asked |= {"needs_students": False}

    def found(**more: Any) -> set[str]:
        items = world.seen(issuer.approver, "/v1/credentials", **asked, **more)["items"]
        return {one["credential_id"] for one in items}

    assert found() == wanted
    assert found(counts_in="us-nv") == set(), "no rule is no unit"
    before = world.position
    rates = [
        {"kind": "micro_credential", "gives_hundredths": 0, "issuer_ids": [other.id]},
        {"kind": "micro_credential", "gives_hundredths": 600},
    ]
    nevada = rules(jurisdiction="us-nv", unit="us-nv:hour", conversions=rates)
    world.done(world.operator, "/v1/equivalencies", nevada)
    left = rules(jurisdiction="us-oh", unit="us-oh:unit", conversions=[{**rates[1], **LEFT}])
    world.done(world.operator, "/v1/equivalencies", left)
    [counted] = found(counts_in="us-nv")
    one = world.seen(issuer.approver, f"/v1/credentials/{counted}")
    assert one["issuer_id"] == issuer.id, "the first rate that fits the other issuer gives nothing"
    assert found(counts_in="us-oh") == set(), "what a state leaves to its districts is no rate"
    assert found(counts_in="us-nv", as_of=before) == set()
    facets = world.seen(issuer.approver, "/v1/facets")["items"]
    states = {one["value"]: one["credentials"] for one in facets if one["facet"] == "counts_in"}
    everything = world.seen(issuer.approver, "/v1/credentials", counts_in="us-nv", limit=200)
    assert states["us-nv"] == len(everything["items"])
    assert "us-oh" not in states
    then = world.seen(issuer.approver, "/v1/facets", as_of=before)["items"]
    assert "us-nv" not in {one["value"] for one in then}


def test_practice_51_a_districts_approved_list_is_what_its_policies_in_force_are_for(
    shared_world: World,
) -> None:
    """Of five one is named by a policy, two are a stack's; a policy for all approves all five."""
    world, issuer, district = shared_world, shared_world.issuer("Listed"), shared_world.district()
    five = [issuer.credential() for _ in range(5)]
    path = f"/v1/districts/{district.id}"

    def approved(**more: Any) -> list[int]:
        asked = {"issuer_id": issuer.id, "approved_by": district.id, **more}
        found = world.seen(district.office, "/v1/credentials", **asked)["items"]
        return sorted(five.index(one["credential_id"]) for one in found)

    assert approved() == [], "a district without policies approves of nothing"
    named = stipend(trigger={"kind": "award", "credential_ids": [five[0]]})
    world.done(district.office, f"{path}/policies", named)
    over = {"kind": "award", "credential_ids": [five[3]]}
    world.done(
        district.office, f"{path}/policies", stipend(trigger=over, effective_to="2021-06-30")
    )
    assert approved() == [0], "the other policy has ended"
    before = str(world.position)
    stack = world.done(issuer.approver, "/v1/stacks", stack_of(issuer.id, *five[1:3]))["id"]
    whole = stipend(trigger={"kind": "stack", "stack_id": stack})
    world.done(district.office, f"{path}/policies", whole)
    assert (approved(), approved(as_of=before)) == ([0, 1, 2], [0])
    world.done(district.office, f"{path}/policies", stipend())
    assert approved() == [0, 1, 2, 3, 4]
