"""The catalog as somebody searches it who has a focus, a kind of evidence and a state in mind."""

from __future__ import annotations

from typing import Any

from tests.api.world import World, rules

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
