"""What the field does, with its numbers, as somebody meets it over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import ledger.rules
import projections
from tests.api.test_merges import merge
from tests.api.world import MET, Story, World, license_of, rules, story


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


def test_practice_54_a_district_brings_numbers_of_whole_classes_and_no_small_one(
    shared_world: World,
) -> None:
    """24 students are told of, six are refused; of one teacher's classes no number is given."""
    world, district = shared_world, shared_world.district()
    with at(world, "2024-10-01"):
        one = story(world, district, "Taught").award()
    path = f"/v1/districts/{district.id}/people/{one.teacher}"
    brought = {"term": "2024-25 spring", "classes": [TWENTY_FOUR]}
    early = world.post(
        district.office, f"{path}/class-outcomes", {**brought, "term": "2099-00 fall"}
    )
    assert (early.status_code, early.json()["type"]) == (422, "/problems/term-not-over")
    before_her = world.post(
        district.office, f"{path}/class-outcomes", {**brought, "term": "2012-13 fall"}
    )
    assert (before_her.status_code, before_her.json()["type"]) == (
        422,
        "/problems/not-employed-then",
    )
    six = {**brought, "classes": [TWENTY_FOUR, {**TWENTY_FOUR, "students": 6}]}
    refused = world.post(district.office, f"{path}/class-outcomes", six)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/small-class")
    assert world.post(world.district().office, f"{path}/class-outcomes", brought).status_code == 404
    before = world.position
    world.done(district.office, f"{path}/class-outcomes", brought)
    extract = f"/v1/districts/{district.id}/award-outcomes"
    cell = {"credential_id": one.credential, "term": "2024-25 spring", "measure": "reading"}
    none = {"teachers": None, "students": None, "mean_hundredths": None}
    found = world.seen(district.office, extract)
    assert found == {"cell_min": 10, "cells": [{**cell, "held": True, **none}]}
    assert world.seen(district.office, extract, as_of=before)["cells"] == []
    [shown] = world.seen(one.teacher, f"{path}/class-outcomes")["items"]
    assert shown["classes"] == [TWENTY_FOUR]
    assert world.seen(one.teacher, f"{path}/class-outcomes", as_of=before)["items"] == []
    for who in (one.teacher, world.district().office):
        assert world.get(who, extract).status_code == 404
    newer = district.teacher("Ada", "Known Already")
    world.seen(district.office, f"/v1/districts/{district.id}/people")  # that she works there
    other = {**brought, "classes": [{**TWENTY_FOUR, "students": 12}]}
    said = f"/v1/districts/{district.id}/people/{newer}/class-outcomes"
    world.done(district.office, said, other)
    merge(world, one.teacher, newer)
    [shown] = world.seen(one.teacher, f"{path}/class-outcomes")["items"]
    assert shown["classes"] == other["classes"], "the newer word stands, and is said anew"
    world.done(district.office, f"{path}/class-outcomes", brought)
    [shown] = world.seen(one.teacher, f"{path}/class-outcomes")["items"]
    assert shown["classes"] == [TWENTY_FOUR]
    kept = district.teacher("Ada", "Known At Last")
    merge(world, kept, one.teacher)
    path = f"/v1/districts/{district.id}/people/{kept}"
    taken = {"term": "2024-25 spring", "reason": "mistake"}
    world.done(district.office, f"{path}/class-outcome-withdrawals", taken)
    assert world.seen(district.office, extract)["cells"] == []


TWENTY_FOUR = {"measure": "reading", "students": 24, "mean_hundredths": 7_150}


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


SIZES = {"wait-time": (0, 5), "makerspace": (4, 15)}  # which sample, and its hours


def test_practice_9_six_points_each_whatever_effort_was_estimated(shared_world: World) -> None:
    """Wait time of 5 hours and makerspace of 15: 6 PDP each by the rule, and no hours of either."""
    world, district = shared_world, shared_world.district()
    world.done(world.operator, "/v1/equivalencies", rules())
    teacher, issuer = district.teacher(), world.issuer()
    for sample, hours in SIZES.values():
        effort = {"effort_hours_min": hours, "effort_hours_max": hours}
        credential = issuer.credential(sample, valid_months=None, **effort)
        assessors = issuer.assessors(credential, district)
        Story(world, issuer, teacher, credential, assessors).award()
    path, body = f"/v1/districts/{district.id}/licenses", license_of(teacher, valid_to="2099-06-30")
    made = world.done(district.office, path, body)["id"]
    day = {"effective_on": "2090-01-01"}
    [line] = world.seen(teacher, f"/v1/licenses/{made}/explanation", **day)["lines"]
    assert [unit["units_hundredths"] for unit in line["units"]] == [600, 600]
    assert not any("hour" in unit["arithmetic"] for unit in line["units"])


def test_practice_9_only_the_catalog_knows_of_effort() -> None:
    """What counts, what is paid and what is printed as earned cannot rest on an estimate."""
    folders = (Path(ledger.rules.__file__).parent, Path(projections.__file__).parent)
    sources = [
        one for root in folders for one in root.rglob("*.*") if one.suffix in {".py", ".sql"}
    ]
    assert {one.name for one in sources if "effort_hours" in one.read_text()} == {
        "catalog.sql",
        "catalog_rows.py",
    }


PARTNERS = (
    "Center for Teaching Quality",
    "Future Ready Schools",
    "Hope Street Group",
    "Friday Institute",
    "KQED",
    "TNTP",
    "New Teacher Center",
    "ASU",
    "Teaching Matters",
)


def test_practice_40_one_of_nine_issuers_is_suspended_and_its_awards_stand(
    shared_world: World,
) -> None:
    """Nine are active; one is suspended on 1 June."""
    world, district = shared_world, shared_world.district()
    with at(world, "2025-05-01"):
        nine = {world.issuer(name).id for name in PARTNERS[1:]}
        one = story(world, district, PARTNERS[0]).award()
    nine.add(one.issuer.id)
    other = district.teacher("Bea")

    def active(**asked: int) -> set[str]:
        found = world.seen(other, "/v1/issuers", limit=200, **asked)["items"]
        mine = [each for each in found if each["issuer_id"] in nine]
        return {each["issuer_id"] for each in mine if each["approved"] and not each["suspended"]}

    assert active() == nine
    before = world.position
    with at(world, "2025-06-01"):
        path = f"/v1/issuers/{one.issuer.id}/suspensions"
        world.done(world.operator, path, {"reason": "under-inquiry"})
        refused = world.post(other, "/v1/enrollments", {"credential_id": one.credential})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/issuer-suspended")
    assert active() == nine - {one.issuer.id}
    assert active(as_of=before) == nine
    [line] = world.seen(one.teacher, f"/v1/people/{one.teacher}/transcript")["items"]
    assert line["status"] == "awarded"


def test_practice_42_a_coach_does_not_judge_whom_she_coaches(shared_world: World) -> None:
    world, district = shared_world, shared_world.district()
    with at(world, "2024-09-02"):
        one, focus = story(world, district, "Coached"), {"focus": "data-literacy"}
        coach, path = one.assessors[0], f"/v1/districts/{district.id}/people/{one.teacher}"
        body = {"coach_id": str(coach), **focus}
        world.done(district.office, f"{path}/coachings", body)
        again = world.post(district.office, f"{path}/coachings", body)
        assert again.json()["type"] == "/problems/nothing-changes"
        nobody = {"coach_id": str(uuid4()), **focus}
        assert world.post(district.office, f"{path}/coachings", nobody).status_code == 404
        begun = world.position
    with at(world, "2024-09-09"):
        session = {"coach_id": str(coach), "held_on": "2024-09-09", "minutes": 50, **focus}
        world.done(district.office, f"{path}/coaching-sessions", session)
        early = {**session, "held_on": "2024-09-01"}
        refused = world.post(district.office, f"{path}/coaching-sessions", early)
        assert refused.json()["type"] == "/problems/session-outside-coaching"
        one.enroll().hand_in()
        judged_by_coach(one, coach)
        [shown] = world.seen(one.teacher, f"{path}/coachings")["items"]
        assert [each["minutes"] for each in shown["sessions"]] == [50]
        [then] = world.seen(one.teacher, f"{path}/coachings", as_of=begun)["items"]
        assert then == {**shown, "sessions": []}
        end = {"coach_id": str(coach), "reason": "moved"}
        stranger = world.district()
        assert world.post(stranger.office, f"{path}/coaching-endings", end).status_code == 404
        world.done(district.office, f"{path}/coaching-endings", end)
        judged_by_coach(one, coach)  # it was handed in while she coached her
        refused = world.post(district.office, f"{path}/coaching-sessions", session)
        assert refused.json()["type"] == "/problems/not-coaching"
    replace(one, teacher=district.teacher("Bea")).enroll().hand_in().review(MET)  # never coached
    second = world.district()
    second.employ(one.teacher)
    path = f"/v1/districts/{second.id}/people/{one.teacher}/coachings"
    assert world.seen(second.office, path)["items"] == [], "what another arranged is not its own"
    body = {"role": "issuer_approver", "scope_id": one.issuer.id}
    world.done(world.operator, f"/v1/principals/{coach}/grants", body)
    decided = world.post(coach, f"{one.path}/decisions", {"decision": "award"})
    assert decided.json()["type"] == "/problems/conflict-of-interest"
    kept = district.person("Coach", "Known Already")
    merge(world, kept, coach)
    judged_by_coach(one, kept)
    path = f"/v1/districts/{district.id}/people/{one.teacher}/coachings"
    [shown] = world.seen(district.office, path)["items"]
    assert shown["coach_id"] == str(kept), "under whichever id she was named"


def judged_by_coach(one: Story, coach: UUID) -> None:
    body = {"assessor_id": str(coach)}
    refused = one.world.post(one.issuer.approver, f"{one.path}/assignments", body)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict-of-interest")


def test_an_auditor_sees_who_could_prepare_payroll_and_approve_it_on_a_day(
    shared_world: World,
) -> None:
    world, district = shared_world, shared_world.district()
    path = f"/v1/districts/{district.id}/grants"
    auditor, payer = world.grant("auditor", district.id), world.grant("payroll", district.id)
    both = {"role": "payroll", "scope_id": district.id}
    world.done(world.operator, f"/v1/principals/{district.office}/grants", both)

    def seen(**asked: int) -> dict[str, tuple[set[str], bool, bool]]:
        return {
            one["principal_id"]: (
                {held["role"] for held in one["roles"]},
                one["may_prepare_payroll"],
                one["may_approve_payroll"],
            )
            for one in world.seen(auditor, path, **asked)["items"]
        }

    office, others = (
        str(district.office),
        {
            str(auditor): ({"auditor"}, False, False),
            str(payer): ({"payroll"}, True, True),
        },
    )
    whole = others | {office: ({"district", "payroll"}, True, True)}
    assert seen() == whole
    before = world.position
    world.done(world.operator, f"/v1/principals/{district.office}/grant-withdrawals", both)
    assert seen() == others | {office: ({"district"}, False, True)}
    assert seen(as_of=before) == whole
    for who in (district.office, payer, world.grant("auditor", world.district().id)):
        assert world.get(who, path).status_code == 404
    first, second = district.teacher("Ada"), district.teacher("Ada", "Twice")
    for one in (first, second):
        world.done(world.operator, f"/v1/principals/{one}/grants", both)
    merge(world, first, second)
    world.done(world.operator, f"/v1/principals/{first}/grant-withdrawals", both)
    assert seen()[str(first)] == ({"payroll"}, True, True), "as the other id she still has it"
