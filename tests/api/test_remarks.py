"""Not yet, and what she is told: words about each criterion, and a coach after the third time."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from tests.api.test_field import at
from tests.api.world import MET, NOT_MET, Story, World, story

EFFECT = "Name what learners did differently."
PLAN = "The plan is sound; keep it."


def assigned(one: Story) -> None:
    for assessor in one.assessors[:2]:
        body = {"assessor_id": str(assessor)}
        one.world.done(one.issuer.approver, f"{one.path}/assignments", body)


def scored(one: Story, seat: int, **said: Any) -> Any:
    body = {"levels": NOT_MET, **said}
    return one.world.post(one.assessors[seat], f"{one.path}/scores", body)


def test_practice_13_a_not_yet_says_why_criterion_by_criterion(shared_world: World) -> None:
    """Both assessors and the issuer speak of what is missing; each criterion has its words."""
    world, one = shared_world, story(shared_world, token="Told")
    one.enroll().hand_in()
    assigned(one)
    unknown = scored(one, 0, remarks={"style": "There is no such criterion."})
    assert (unknown.status_code, unknown.json()["type"]) == (422, "/problems/rubric-mismatch")
    assert scored(one, 0, remarks={"effect": EFFECT, "plan": PLAN}).status_code == 201
    other = "Two of three pieces show no change."
    assert scored(one, 1, remarks={"effect": other}).status_code == 201
    assert world.seen(one.teacher, f"{one.path}/decisions")["items"] == [], "nothing is decided"
    one.decide("not_yet", remarks={"effect": "Hand in what you have of May."}, feedback="Go on.")
    [decision] = world.seen(one.teacher, f"{one.path}/decisions")["items"]
    assert decision["remarks"] == [
        {"criterion": "plan", "words": [PLAN]},
        {"criterion": "effect", "words": [EFFECT, other, "Hand in what you have of May."]},
    ]
    assert decision["feedback"] == ["Go on."]
    one.submit()
    one.review(MET, MET).decide("award", remarks={"effect": "Now it shows."})
    [_, award] = world.seen(one.teacher, f"{one.path}/decisions")["items"]
    assert award["remarks"] == [{"criterion": "effect", "words": ["Now it shows."]}]
    [line] = world.seen(one.teacher, f"/v1/people/{one.teacher}/transcript")["items"]
    assert line["status"] == "awarded"
    states = b"".join(row[-1] for row in world.edge.ledger.recorder.read_log(0, 100_000))
    assert b"learners did differently" not in states, "words are in the vault alone"


def test_words_of_an_assessor_with_a_tie_are_shown_as_little_as_her_scores(
    shared_world: World,
) -> None:
    """She scored and spoke before the tie came out; a third scores in her place."""
    world, one = shared_world, story(shared_world, token="Tied")
    one.enroll().hand_in()
    assigned(one)
    scored(one, 0, remarks={"effect": "She owes me money."}, feedback="Not for me to say.")
    scored(one, 1, remarks={"effect": EFFECT}, feedback="Sound.")
    tie = {"conflicted_person_id": str(one.assessors[0]), "reason": "same-household"}
    world.done(one.assessors[0], f"{one.path}/conflicts", tie)
    third = {"assessor_id": str(one.assessors[2])}
    world.done(one.issuer.approver, f"{one.path}/assignments", third)
    scored(one, 2, feedback="Nearly.")
    one.decide("not_yet", remarks={})  # the second assessor has said what is missing
    [decision] = world.seen(one.teacher, f"{one.path}/decisions")["items"]
    assert decision["remarks"] == [{"criterion": "effect", "words": [EFFECT]}]
    assert decision["feedback"] == ["Sound.", "Nearly."]


def test_practice_13_no_decision_of_not_yet_is_without_words(shared_world: World) -> None:
    world, one = shared_world, story(shared_world, token="Silent")
    one.enroll().hand_in().review(NOT_MET, NOT_MET)
    refused = world.post(one.issuer.approver, f"{one.path}/decisions", {"decision": "not_yet"})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/feedback-missing")
    assert "effect" in refused.json()["detail"]
    assert world.seen(one.teacher, f"{one.path}/decisions")["items"] == []


def test_practice_13_after_the_third_not_yet_a_meeting_with_a_coach_comes_first(
    shared_world: World,
) -> None:
    world, approver = shared_world, (one := story(shared_world, token="Coached")).issuer.approver
    path = f"/v1/issuers/{one.issuer.id}"
    with at(world, "2024-11-04"):
        terms = world.seen(approver, path)["terms"] | {"attempts_before_coaching": 3}
        world.done(approver, f"{path}/terms", {"terms": terms})
        one.enroll().hand_in()
        for attempt in range(3):
            one.review(NOT_MET, NOT_MET).decide("not_yet")
            if attempt < 2:
                one.submit()
        body = {"integrity_attested": True}
        refused = world.post(one.teacher, f"{one.path}/submissions", body)
        assert refused.json()["type"] == "/problems/coach-meeting-required"
        coach = {"coach_id": str(one.assessors[2])}
        world.done(approver, f"{one.path}/coaches", coach)
    with at(world, "2024-11-06"):
        met = coach | {"met_on": "2024-11-06"}
        world.done(approver, f"{one.path}/coach-meetings", met)
        fourth = one.submit()
    assert "enrollment.resubmitted.v1" in fourth["events"]


def test_given_words_with_an_attempt_when_it_is_judged_then_who_judges_reads_them(
    shared_world: World,
) -> None:
    """A reflection is part of what was handed in, and an appeal is decided on its statement."""
    world, one = shared_world, story(shared_world, token="Reflecting").enroll().hand_in()
    assigned(one)
    first = world.position
    body = {"integrity_attested": True, "reflection": "Pairs first, then the class."}
    for seat in (0, 1):
        scored(one, seat)
    one.decide("not_yet")
    appeal = {"ground": "procedure", "statement": "The second video was not looked at."}
    world.done(one.teacher, f"{one.path}/appeals", appeal)
    finding = {"finding": "upheld", "reason": "procedure-followed"}
    decides = world.grant("issuer_approver", one.issuer.id)

    def read(who: UUID, **asked: Any) -> tuple[str | None, str | None]:
        shown = world.seen(who, one.path, **asked)
        return shown["reflection"], shown["statement"]

    said = ("What I would do differently.", appeal["statement"])
    assert read(decides) == read(one.teacher) == said
    world.done(decides, f"{one.path}/appeal-decisions", finding)
    world.done(one.teacher, f"{one.path}/submissions", body)
    assigned(one)
    assert read(one.assessors[0]) == (body["reflection"], None), "what an appeal says is not hers"
    assert read(one.teacher, as_of=first) == (said[0], None)
    lists = ("/v1/assignments", f"/v1/issuers/{one.issuer.id}/reviews")
    for who, path in zip((one.assessors[0], decides), lists, strict=True):
        [listed] = world.seen(who, path)["items"]
        assert (listed["reflection"], listed["statement"]) == (None, None)
