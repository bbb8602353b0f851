"""Two records of one person over HTTP: two operators, one record, nothing paid again."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.api.conftest import running
from tests.api.payroll import Payday, hire, payday
from tests.api.world import (
    MET,
    NOT_MET,
    District,
    Issuer,
    Story,
    World,
    credit_of,
    license_of,
    rules,
    story,
)
from tests.database import Server

STAFF = {"source": "sis", "source_id": "4711"}


@pytest.fixture(scope="module")
def world(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        world.client.headers["Ledger-Time"] = "2024-10-01T15:00:00Z"
        yield world


@pytest.fixture
def day(world: World) -> Payday:
    return payday(world)


def merge(world: World, kept: UUID, other: UUID) -> None:
    body = {"person_id": str(kept), "merged_id": str(other), "reason": "duplicate_account"}
    asked = world.done(world.operator, "/v1/merges", body)
    again = world.post(world.operator, "/v1/merges", body)
    assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (
        409,
        "second-person-needed",
    ), asked
    waiting = world.seen(world.operator, "/v1/merges")["items"]
    assert str(other) in {one["merged_id"] for one in waiting}
    world.done(world.grant("operator"), "/v1/merges", body)


def grant_of(day: Payday) -> dict[str, str]:
    return {"role": "payroll", "scope_id": day.district.id}


def awarded(
    world: World, issuer: Issuer, credential: str, teacher: UUID, district: District
) -> Story:
    assessors = issuer.assessors(credential, district, 2)
    return Story(world, issuer, teacher, credential, assessors).award()


def lines_of(world: World, who: UUID, person: UUID) -> dict[str, Any]:
    found = world.seen(who, f"/v1/people/{person}/transcript")["items"]
    return {line["enrollment_id"]: line for line in found}


def test_what_was_paid_to_both_records_is_proposed_back_once_they_are_one(day: Payday) -> None:
    """300.00 to each, one of them for the same micro-credential: 300.00 is to come back."""
    world, district = day.world, day.district
    issuer = world.issuer()
    credential = issuer.credential()
    day.policy(credential)
    kept, other = hire(day, "1"), hire(day, "2", "Adelaide")
    first = awarded(world, issuer, credential, kept, day.district)
    second = awarded(world, issuer, credential, other, day.district)
    batch = day.close("2024-10-15")
    assert [line["amount_cents"] for line in day.lines(batch)] == [30_000, 30_000]
    day.export(batch)

    merge(world, kept, other)

    shown = lines_of(world, kept, kept)
    assert shown[first.enrollment]["duplicate_of"] is None
    assert shown[second.enrollment]["duplicate_of"] == first.enrollment
    # The old id answers as the new one to whoever may see it, and to nobody else.
    assert lines_of(world, district.office, other) == lines_of(world, district.office, kept)
    assert lines_of(world, other, kept) == shown  # her other sign-in is hers as well
    assert world.get(uuid4(), f"/v1/people/{other}/transcript").status_code == 404
    history = world.seen(kept, f"/v1/people/{kept}/history", limit=200)["items"]
    assert "merge.persons-merged.v1" in [one["topic"] for one in history]
    employers = world.seen(kept, f"/v1/people/{kept}/employments")["items"]
    assert len(employers) == 2

    path = f"{day.path}/correction-proposals"
    [proposal] = world.seen(day.office, path)["items"]
    assert (proposal["amount_cents"], proposal["kind"]) == (-30_000, "reversal")
    assert proposal["person_id"] == str(kept)
    assert day.lines(day.close("2024-10-20")) == []  # nothing again, nothing taken back unasked
    day.adopt_all()
    [line] = day.lines(day.close("2024-10-25"))
    assert (line["amount_cents"], line["person_id"]) == (-30_000, str(kept))
    assert world.seen(day.office, path)["items"] == []


def test_a_batch_that_was_drafted_before_a_merge_pays_whoever_is_kept(day: Payday) -> None:
    world, issuer = day.world, day.world.issuer()
    credential = issuer.credential()
    day.policy(credential)
    kept, other = hire(day, "11"), hire(day, "12", "Adelaide")
    awarded(world, issuer, credential, other, day.district)
    drafted = world.done(day.office, f"{day.path}/batches", {"pay_date": "2024-10-15"})
    batch = str(drafted["id"])
    assert day.lines(batch)[0]["person_id"] == str(other)

    merge(world, kept, other)

    world.done(world.operator, f"/v1/principals/{kept}/grants", grant_of(day))
    refused = world.post(kept, f"/v1/batches/{batch}/freezes")
    assert refused.json()["type"] == "/problems/segregation-violated"  # it pays herself
    world.done(day.office, f"/v1/batches/{batch}/freezes")
    day.approve(batch)
    [header, row] = list(csv.reader(day.export(batch).decode().splitlines()))
    assert row[header.index("employee_no")] == "11"
    [line] = day.lines(batch)
    assert line["person_id"] == str(kept)
    answer = day.answer(batch, f"batch_no,line_id,status\r\n1,{line['line_id']},accepted\r\n")
    assert answer.json()["accepted"] == 1
    [paid] = world.seen(kept, f"/v1/people/{kept}/payments")["items"]
    assert (paid["line_id"], paid["status"]) == (line["line_id"], "accepted")


def test_who_assesses_and_approves_by_two_records_is_blind_and_decides_nothing(
    world: World,
) -> None:
    district, issuer = world.district(), world.issuer()
    credential = issuer.credential()
    assessors = issuer.assessors(credential, district)
    earner = district.teacher()
    story = Story(world, issuer, earner, credential, assessors).enroll().hand_in().review(MET, MET)
    approver = district.teacher("Adelaide")
    grant = {"role": "issuer_approver", "scope_id": issuer.id}
    world.done(world.operator, f"/v1/principals/{approver}/grants", grant)
    assert world.seen(approver, story.path)["person_id"] == str(earner)

    merge(world, approver, assessors[0])

    assert world.seen(approver, story.path)["person_id"] is None
    assert [one["seat"] for one in world.seen(approver, story.path)["seats"]] == [1]
    refused = world.post(approver, f"{story.path}/decisions", {"decision": "award"})
    assert refused.json()["type"] == "/problems/decider-is-assessor"
    story.decide()  # another approver may


def test_an_assessor_is_named_by_any_id_of_hers(world: World) -> None:
    district, issuer = world.district(), world.issuer()
    credential = issuer.credential()
    appointed, other = issuer.assessors(credential, district)
    seated = Story(world, issuer, district.teacher(), credential, [appointed, other])
    seated.enroll().hand_in()
    world.done(issuer.approver, f"{seated.path}/assignments", {"assessor_id": str(appointed)})
    kept = district.teacher("Adelaide")

    merge(world, kept, appointed)

    new = Story(world, issuer, district.teacher(), credential, [kept, other]).enroll().hand_in()
    world.done(issuer.approver, f"{new.path}/assignments", {"assessor_id": str(kept)})
    third = Story(world, issuer, district.teacher(), credential, [appointed]).enroll().hand_in()
    world.done(issuer.approver, f"{third.path}/assignments", {"assessor_id": str(appointed)})
    waiting = {one.enrollment for one in (seated, new, third)}
    for hers in (kept, appointed):
        listed = world.seen(hers, "/v1/assignments")["items"]
        assert {one["enrollment_id"] for one in listed} == waiting
        assert {world.seen(hers, one.path)["state"] for one in (seated, new)} == {"in_review"}
    recusal = {"assessor_id": str(kept), "reason": "no-time"}
    world.done(issuer.approver, f"{third.path}/recusals", recusal)
    world.done(kept, f"{seated.path}/scores", {"levels": MET})
    world.done(appointed, f"{new.path}/scores", {"levels": MET})
    assert world.seen(kept, "/v1/assignments")["items"] == []
    seated.assessors = [other]
    seated.review(MET).decide()


def test_an_assessor_is_appointed_and_withdrawn_by_any_id_of_hers(world: World) -> None:
    district, issuer = world.district(), world.issuer()
    credential = issuer.credential()
    kept, appointed = district.teacher("Adelaide"), *issuer.assessors(credential, district, 1)
    merge(world, kept, appointed)
    path = f"/v1/credentials/{credential}"
    story = Story(world, issuer, district.teacher(), credential, []).enroll().hand_in()

    def refused(ending: str, **body: str) -> str:
        asked = f"{path}/{ending}" if ending.startswith("assessor") else f"{story.path}/{ending}"
        answer = world.post(issuer.approver, asked, body)
        assert answer.status_code == 409, answer.text
        return str(answer.json()["type"]).removeprefix("/problems/")

    named = {"person_id": str(kept), "reason": "founding"}
    assert refused("assessor-appointments", **named) == "nothing-changes"
    world.done(issuer.approver, f"{path}/assessor-withdrawals", named)
    for one in (kept, appointed):
        assert refused("assignments", assessor_id=str(one)) == "not-an-assessor"
        gone = {"person_id": str(one), "reason": "left"}
        assert refused("assessor-withdrawals", **gone) == "not-an-assessor"
    world.done(issuer.approver, f"{path}/assessor-appointments", named)
    world.done(issuer.approver, f"{story.path}/assignments", {"assessor_id": str(appointed)})


def test_who_qualified_by_one_record_assesses_by_the_other(world: World) -> None:
    district, issuer = world.district(), world.issuer()
    credential = issuer.credential()
    kept, holder = district.teacher("Adelaide"), district.teacher("Ada")
    award = awarded(world, issuer, credential, holder, district)
    qualifying = {"enrollment_id": award.enrollment, "agreement_percent": 90}
    path = f"/v1/credentials/{credential}/assessor-qualifications"
    world.done(issuer.approver, path, qualifying)
    story = Story(world, issuer, district.teacher(), credential, []).enroll().hand_in()
    named = {"assessor_id": str(kept)}
    before = world.post(issuer.approver, f"{story.path}/assignments", named)
    assert before.json()["type"] == "/problems/not-an-assessor"

    merge(world, kept, holder)

    world.done(issuer.approver, f"{story.path}/assignments", named)
    assert [one["enrollment_id"] for one in world.seen(holder, "/v1/assignments")["items"]] == [
        story.enrollment
    ]


def test_only_operators_merge_and_what_is_merged_is_merged_once(world: World) -> None:
    district = world.district()
    one, two, three = (district.teacher(name) for name in ("Ada", "Bea", "Cleo"))
    body = {"person_id": str(one), "merged_id": str(two), "reason": "imported_twice"}
    assert world.post(district.office, "/v1/merges", body).status_code == 403
    merge(world, one, two)
    again = world.post(world.operator, "/v1/merges", body)
    assert (again.status_code, again.json()["type"].rpartition("/")[2]) == (409, "nothing-changes")
    body = {"person_id": str(three), "merged_id": str(two), "reason": "imported_twice"}
    refused = world.post(world.operator, "/v1/merges", body)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (
        409,
        "person-merged",
    )
    body = {"person_id": str(one), "merged_id": str(one), "reason": "imported_twice"}
    assert (
        world.post(world.operator, "/v1/merges", body).json()["type"].rpartition("/")[2]
        == "merged-with-self"
    )


def test_what_was_asked_of_a_record_that_is_merged_meanwhile_waits_for_nobody(
    world: World,
) -> None:
    district = world.district()
    one, two, three = (district.teacher(name) for name in ("Ada", "Bea", "Cleo"))
    for kept, other in ((three, two), (two, one), (three, one)):
        body = {"person_id": str(kept), "merged_id": str(other), "reason": "imported_twice"}
        world.done(world.operator, "/v1/merges", body)
    merge(world, one, two)
    hers = {str(one), str(two)}
    waiting = world.seen(world.operator, "/v1/merges")["items"]
    asked = [(w["person_id"], w["merged_id"]) for w in waiting if w["merged_id"] in hers]
    assert asked == [(str(three), str(one))]
    world.done(world.grant("operator"), "/v1/merges", body)  # which can happen still
    waiting = world.seen(world.operator, "/v1/merges")["items"]
    assert not {w["merged_id"] for w in waiting} & (hers | {str(three)})


def test_who_is_known_to_a_district_by_the_other_record_keeps_her_name_there(world: World) -> None:
    here, there = world.district(), world.district("Elsewhere")
    kept, other = here.teacher("Ada"), there.teacher("Adelaide")
    merge(world, kept, other)
    shown = world.seen(there.office, f"/v1/people/{other}")
    assert (shown["person_id"], shown["details"]["given_name"]) == (str(kept), "Adelaide")
    assert world.seen(here.office, f"/v1/people/{kept}")["details"]["given_name"] == "Ada"


def test_a_number_given_to_somebody_else_joins_nobody(world: World) -> None:
    """The district gave number 4711 to another teacher: the two stay two (trap T17)."""
    district = world.district()
    first, second = district.teacher("Ada"), district.teacher("Bea")
    body = {**STAFF, "district_id": district.id}
    world.done(world.operator, f"/v1/people/{first}/identities", body)
    refused = world.post(world.operator, f"/v1/people/{second}/identities", body)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (
        409,
        "identity-taken",
    )
    waiting = world.seen(world.operator, "/v1/merges")["items"]
    both = {str(first), str(second)}
    assert [w for w in waiting if both & {w["person_id"], w["merged_id"]}] == []
    assert lines_of(world, district.office, second) == {}
    shown = world.seen(district.office, f"/v1/people/{second}")
    assert shown["person_id"] == str(second)


def test_whoever_is_forgotten_is_forgotten_under_both_ids(world: World) -> None:
    district = world.district()
    kept, other = district.person("Ada"), district.person("Adelaide")
    merge(world, kept, other)
    body = {"reason": "subject-request"}
    world.done(kept, f"/v1/people/{kept}/erasures", body)
    assert world.edge.vault.erased([kept, other]) == {kept, other}


def test_a_license_and_a_credit_of_the_other_record_are_kept_up_as_hers(world: World) -> None:
    world.done(world.operator, "/v1/equivalencies", rules())
    district = world.district()
    kept, other = district.teacher("Ada"), district.teacher("Adelaide")
    issuer = world.issuer()
    credential = issuer.credential()
    story = Story(world, issuer, kept, credential, issuer.assessors(credential, district)).award()
    path = f"/v1/districts/{district.id}"
    numbered, documented = license_of(other, number="TN-7"), credit_of(other, documents="12 June")
    license_ = world.done(district.office, f"{path}/licenses", numbered)["id"]
    credit = world.done(district.office, f"{path}/credits", documented)["id"]
    merge(world, kept, other)
    (held,) = world.seen(kept, f"/v1/people/{kept}/licenses")["items"]
    assert (held["license_id"], held["person_id"]) == (license_, str(kept))
    assert held["number"] == "TN-7"
    (earned,) = world.seen(kept, f"/v1/people/{kept}/credits")["items"]
    assert earned["documents"] == "12 June"
    body = {"role": "teacher", "traits": ["masters"], "effective_on": "2024-09-01"}
    world.done(district.office, f"{path}/licenses/{license_}/changes", body)
    ruling = {"of": "award", "achievement_id": story.enrollment, "outcome": "declined"}
    told = ruling | {"reason": "not-in-field"}
    world.done(district.office, f"{path}/licenses/{license_}/rulings", told)
    course = credit_of(kept, exchanged_enrollment_id=story.enrollment, course="ed-77")
    world.done(district.office, f"{path}/credits", course)
    end = {"reason": "recorded-twice", "effective_on": "2024-09-01"}
    world.done(district.office, f"/v1/credits/{credit}/withdrawals", end)
    shown = world.seen(kept, f"/v1/people/{kept}/licenses")["items"]
    assert [one["facts"][-1]["traits"] for one in shown] == [["masters"]]


def test_an_enrollment_of_the_other_record_stays_with_whoever_judges_it(world: World) -> None:
    district = world.district()
    one = story(world, district, "Judged").enroll().hand_in()
    one.review(NOT_MET, NOT_MET).decide("not_yet")
    appeal = {"ground": "procedure", "statement": "The second video was not looked at."}
    world.done(one.teacher, f"{one.path}/appeals", appeal)
    before, kept = world.position, district.teacher("Ada")
    everybody = (kept, one.teacher, one.issuer.approver)

    merge(world, kept, one.teacher)

    for who in everybody:
        shown = world.seen(who, one.path)
        assert (shown["person_id"], shown["statement"]) == (str(kept), appeal["statement"])
    then = world.seen(one.issuer.approver, one.path, as_of=before)
    assert (then["state"], then["statement"]) == ("not_yet", appeal["statement"])
    finding = {"finding": "overturned", "reason": "procedure-not-followed"}
    decides = world.grant("issuer_approver", one.issuer.id)
    world.done(decides, f"{one.path}/appeal-decisions", finding)
    assert world.get(decides, one.path).status_code == 200
