"""The whole life of an enrollment over HTTP."""

from __future__ import annotations

from tests.api.world import MET, NOT_MET, World, story


def test_a_teacher_enrolls_hands_in_and_is_awarded(world: World) -> None:
    one = story(world)

    one.award()

    [line] = world.seen(one.teacher, f"/v1/people/{one.teacher}/transcript")["items"]
    assert line["status"] == "awarded"
    assert line["in_force"] is True
    assert line["title"] == "Wait time"
    assert [attempt["state"] for attempt in line["attempts"]] == ["awarded"]


def test_a_teacher_is_told_not_yet_and_why_and_tries_again(world: World) -> None:
    one = story(world)
    one.enroll().hand_in().review(NOT_MET, NOT_MET).decide("not_yet", feedback="Show the effect.")

    [decision] = world.seen(one.teacher, f"{one.path}/decisions")["items"]
    assert {result["criterion"] for result in decision["results"] if not result["met"]} == {
        "effect"
    }
    assert decision["feedback"] == ["Clear and to the point."] * 2 + ["Show the effect."]
    assert world.seen(one.teacher, one.path)["acts_next"] == "teacher"

    one.submit()
    one.review(MET, MET).decide()

    [line] = world.seen(one.teacher, f"/v1/people/{one.teacher}/transcript")["items"]
    assert [attempt["state"] for attempt in line["attempts"]] == ["not_yet", "awarded"]
