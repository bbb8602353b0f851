"""What the field does, with its numbers, as somebody meets it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID, uuid4

from tests.api.test_merges import merge
from tests.api.world import MET, Story, World, story


@contextmanager
def at(world: World, day: str) -> Iterator[None]:
    """On a day, as the ledger's clock has it."""
    world.client.headers["Ledger-Time"] = f"{day}T18:00:00Z"
    try:
        yield
    finally:
        del world.client.headers["Ledger-Time"]


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


def test_practice_12_what_a_revoked_assessor_scored_stands_and_is_listed(
    shared_world: World,
) -> None:
    """Twelve until 28 February; revoked on 1 March; an assignment on 2 March is refused."""
    world, district = shared_world, shared_world.district()
    with at(world, "2024-10-01"):
        own = story(world, district, "Reviewer").award()
        qualified = {"enrollment_id": own.enrollment, "agreement_percent": 80}
        path = f"/v1/credentials/{own.credential}/assessor-qualifications"
        world.done(own.issuer.approver, path, qualified)
    approver, listed = own.issuer.approver, f"/v1/issuers/{own.issuer.id}/reviews-of-record"
    with at(world, "2025-02-28"):
        scored = [handed_in(world, own, district.person(f"Teacher {n}")) for n in range(12)]
        for one in scored:
            one.review(MET)
        scored[0].assessors.insert(0, own.assessors[0])
        scored[0].review(MET).decide()
        waiting, given = (handed_in(world, own, district.person(name)) for name in ("Ada", "Bea"))
        body = {"assessor_id": str(own.teacher)}
        world.done(approver, f"{given.path}/assignments", body)
    assert world.seen(approver, listed)["items"] == []
    before = world.position
    with at(world, "2025-03-01"):
        revocation = {"reason": "plagiarism", "authority": "issuer"}
        world.done(approver, f"{own.path}/revocations", revocation)
    with at(world, "2025-03-02"):
        refused = world.post(approver, f"{waiting.path}/assignments", body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/not-a-holder")
    found = world.seen(approver, listed)["items"]
    assert [one["enrollment_id"] for one in found] == [one.enrollment for one in scored]
    assert [one["status"] for one in found] == ["awarded"] + ["submitted"] * 11
    assert {(one["assessor_id"], one["revoked_on"]) for one in found} == {
        (str(own.teacher), "2025-03-01")
    }
    assert world.seen(approver, listed, as_of=before)["items"] == []
    revoked = world.position
    with at(world, "2025-03-03"):
        levels = {"levels": MET, "feedback": "Scored after all."}
        world.done(own.teacher, f"{given.path}/scores", levels)
    kept = district.person("Reviewer", "Known Already")
    merge(world, kept, own.teacher)
    late = world.seen(approver, listed)["items"]
    assert [one["enrollment_id"] for one in late[12:]] == [given.enrollment]
    assert {one["assessor_id"] for one in late} == {str(kept)}
    reinstated = {"reason": "appeal", "authority": "issuer"}
    world.done(approver, f"{own.path}/reinstatements", reinstated)
    assert world.seen(approver, listed)["items"] == []
    then = world.seen(approver, listed, as_of=revoked)["items"]
    assert then == [{**one, "assessor_id": str(kept)} for one in found]
    assert world.get(own.teacher, listed).status_code == 404


def handed_in(world: World, like: Story, teacher: UUID) -> Story:
    """An attempt of somebody else at the same, to be scored by the teacher of the first."""
    return replace(like, teacher=teacher, assessors=[like.teacher]).enroll().hand_in()
