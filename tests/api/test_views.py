"""What each party is shown: as much as is theirs, of what was known and in force then."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.api.world import MET, NOT_MET, PNG, District, Story, World, stipend, story


@pytest.fixture(scope="module")
def employer(shared_world: World) -> District:
    return shared_world.district()


@pytest.fixture(scope="module")
def awarded(shared_world: World, employer: District) -> Story:
    return story(shared_world, employer).award()


def path_of(person: UUID, view: str = "") -> str:
    return f"/v1/people/{person}{view}"


def test_the_words_of_a_teacher_are_nowhere_in_the_log(awarded: Story) -> None:
    recorder = awarded.world.edge.ledger.recorder
    states = b"".join(entry[-1] for entry in recorder.read_log(0, 10_000))
    for words in (b"Ada", b"do differently", b"to the point"):
        assert words not in states


def test_an_assessor_is_not_told_whose_work_it_is(shared_world: World) -> None:
    one = story(shared_world, shared_world.district()).enroll().hand_in()
    one.review()
    body = {"assessor_id": str(one.assessors[0])}
    shared_world.done(one.issuer.approver, f"{one.path}/assignments", body)

    worklist = shared_world.get(one.assessors[0], "/v1/assignments")
    shown = shared_world.get(one.assessors[0], one.path)

    assert [item["enrollment_id"] for item in worklist.json()["items"]] == [one.enrollment]
    for answer in (worklist, shown):
        assert str(one.teacher) not in answer.text
        assert "Ada" not in answer.text
    assert shown.json()["person_id"] is None
    assert len(shown.json()["evidence"]) == 2


def test_scores_stay_hidden_until_both_are_in(shared_world: World) -> None:
    one = story(shared_world, shared_world.district()).enroll().hand_in()
    one.review(MET)
    second = {"assessor_id": str(one.assessors[1])}
    shared_world.done(one.issuer.approver, f"{one.path}/assignments", second)

    def passed(who: UUID) -> list[Any]:
        return [seat["passed"] for seat in shared_world.seen(who, one.path)["seats"]]

    assert passed(one.issuer.approver) == [None, None]
    assert passed(one.assessors[1]) == [None]
    assert shared_world.seen(one.teacher, one.path)["seats"] == []

    shared_world.done(one.assessors[1], f"{one.path}/scores", {"levels": NOT_MET})
    criteria = ["effect", "plan", "practice", "reflection"]
    without_effect = ["plan", "practice", "reflection"]
    assert passed(one.issuer.approver) == [criteria, without_effect]


def test_whoever_judges_is_told_how_many_handed_in_the_same_file(shared_world: World) -> None:
    """And not who; nothing is refused for it, for a team may hand in what it made together."""
    one, two = (story(shared_world, token=name).enroll() for name in ("One", "Two"))
    alone = []
    for each, own in ((one, b"hers"), (two, b"his")):
        each.upload("classroom_video", PNG + b"copied")
        each.upload("teacher_reflection", PNG + own)
        each.submit()
        each.review(MET)
        alone.append(shared_world.position)

    def told(who: UUID, **asked: int) -> list[int | None]:
        seen = shared_world.seen(who, one.path, **asked)
        return [file["others_with_it"] for file in seen["evidence"]]

    assert told(one.assessors[0]) == told(one.issuer.approver) == [1, 0]
    assert told(one.teacher) == [None, None]
    assert [told(one.issuer.approver, as_of=position) for position in alone] == [[0, 0], [1, 0]]


def test_a_teacher_sees_where_her_submission_is_and_by_when(shared_world: World) -> None:
    one = story(shared_world, shared_world.district()).enroll().hand_in()
    shown = shared_world.seen(one.teacher, one.path)
    assert (shown["state"], shown["attempt"], shown["acts_next"]) == ("in_review", 1, "assessor")
    assert shown["due_on"] > shown["submitted_on"]
    assert shown["overdue"] is False
    late = shared_world.ask(
        one.teacher, "GET", one.path, headers={"Ledger-Time": "2100-01-01T00:00:00Z"}
    )
    assert late.json()["overdue"] is True
    [waiting] = shared_world.seen(one.issuer.approver, f"/v1/issuers/{one.issuer.id}/reviews")[
        "items"
    ]
    assert waiting["enrollment_id"] == one.enrollment


def test_evidence_comes_back_as_it_was_and_is_never_rendered(awarded: Story) -> None:
    world = awarded.world
    [item, _] = world.seen(awarded.teacher, awarded.path)["evidence"]
    for who in (awarded.teacher, awarded.assessors[0], awarded.issuer.approver):
        answer = world.get(who, f"{awarded.path}/evidence/{item['evidence_id']}")
        assert answer.status_code == 200
        assert answer.content == PNG + item["kind"].encode()
        assert answer.headers["content-type"] == "image/png"
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert int(answer.headers["content-length"]) == len(answer.content)


def test_a_draft_of_evidence_is_her_own_until_it_is_handed_in(shared_world: World) -> None:
    one = story(shared_world, shared_world.district()).enroll()
    uploaded = one.upload().json()
    path = f"{one.path}/evidence/{uploaded['evidence_id']}"
    assert shared_world.get(one.teacher, path).status_code == 200
    assert shared_world.get(one.issuer.approver, path).status_code == 404
    assert shared_world.get(one.teacher, f"{one.path}/evidence/{uuid4()}").status_code == 404
    seen = shared_world.seen(one.issuer.approver, one.path)
    assert seen["evidence"] == []


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"<html><script>alert(1)</script></html>", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", 415),
        (b"MZ" + bytes(100), 415),
        (b"\x7fELF" + bytes(100), 415),
        (b"PK\x03\x04" + bytes(100), 415),
    ],
    ids=["empty", "page", "drawing", "program", "library", "archive"],
)
def test_a_file_that_is_no_evidence_is_refused(
    content: bytes, status: int, shared_story: Story
) -> None:
    before = shared_story.world.edge.ledger.recorder.last_position()
    answer = shared_story.upload(content=content)
    assert answer.status_code == status, answer.text
    assert shared_story.world.edge.ledger.recorder.last_position() == before


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\x00b.png", "x" * 5000, '"; rm -rf /', "evidence\r\nX: y.png"]
)
def test_what_a_file_is_called_makes_no_difference(name: str, shared_story: Story) -> None:
    answer = shared_story.world.post(
        shared_story.teacher,
        f"{shared_story.path}/evidence",
        files={"file": (name, PNG + name.encode())},
        data={"kind": "project"},
    )
    assert answer.status_code in {201, 400, 422}, answer.text
    if answer.status_code == 201:
        got = shared_story.world.get(
            shared_story.teacher,
            f"{shared_story.path}/evidence/{answer.json()['evidence_id']}",
        )
        assert "passwd" not in got.headers["content-disposition"]


NAMES = ["O'Brien", "Null", "=1+1", "Zoë", "\u202eadA", "\U0001f469‍\U0001f3eb", "x" * 300, "李"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_comes_back_as_it_was(name: str, shared_world: World, employer: District) -> None:
    person = employer.teacher(name, "Hostile")
    shown = shared_world.seen(person, path_of(person))
    assert shown["details"]["given_name"] == name
    found = shared_world.seen(
        employer.office, f"/v1/districts/{employer.id}/people", search=name[:200]
    )["items"]
    assert str(person) in {one["person_id"] for one in found}


def test_people_are_paged_by_name(world: World) -> None:
    district = world.district()
    for number in range(5):
        district.teacher(f"Teacher {number}", "Sample")
    path = f"/v1/districts/{district.id}/people"
    first = world.get(district.office, path, limit=2)
    assert [one["name"] for one in first.json()["items"]] == [
        "Teacher 0 Sample",
        "Teacher 1 Sample",
    ]
    link = first.headers["link"]
    assert link.endswith('; rel="next"')
    seen = [one["name"] for one in first.json()["items"]]
    while link:
        page = world.ask(district.office, "GET", link[1 : link.index(">")])
        seen += [one["name"] for one in page.json()["items"]]
        link = page.headers.get("link")
    assert seen == [f"Teacher {number} Sample" for number in range(5)]


def test_a_former_employer_sees_what_was_decided_in_its_time_only(world: World) -> None:
    first, second = world.district("First"), world.district("Second")
    issuer = world.issuer()
    teacher = first.person()
    left = first.employ(teacher)
    early, late = issuer.credential(0), issuer.credential(1)
    assessors = issuer.assessors(early, first)
    for person in assessors:
        body = {"person_id": str(person), "reason": "founding"}
        world.done(issuer.approver, f"/v1/credentials/{late}/assessor-appointments", body)
    Story(world, issuer, teacher, early, assessors).award()
    yesterday = world.seen(teacher, path_of(teacher, "/transcript"))["items"][0]["awarded_on"]
    world.done(first.office, f"/v1/employments/{left}/endings", {"last_day": yesterday})
    second.employ(teacher, first_day="2100-01-01")

    headers = {"Ledger-Time": "2100-02-01T18:00:00Z"}
    world.client.headers.update(headers)
    Story(world, issuer, teacher, late, assessors).award()

    def titles(who: UUID) -> list[str]:
        shown = world.seen(who, path_of(teacher, "/transcript"))
        return [line["title"] for line in shown["items"]]

    assert titles(teacher) == ["Wait time", "Checking for understanding"]
    assert titles(first.office) == ["Wait time"]
    assert titles(second.office) == ["Checking for understanding"]
    own = world.seen(first.office, path_of(teacher, "/employments"))["items"]
    assert [one["employment_id"] for one in own] == [left]


def test_a_transcript_as_of_an_earlier_position_is_what_was_known_then(awarded: Story) -> None:
    world, path = awarded.world, path_of(awarded.teacher, "/transcript")
    [now] = world.seen(awarded.teacher, path)["items"]
    statuses = []
    for position in now["positions"]:
        answer = world.get(awarded.teacher, path, as_of=position)
        assert answer.headers["Ledger-Position"] == str(position)
        [then] = answer.json()["items"]
        assert then["positions"] == [p for p in now["positions"] if p <= position]
        statuses.append(then["status"])
    assert statuses == ["enrolled", "submitted", "submitted", "awarded"]
    assert world.seen(awarded.teacher, path, as_of=now["positions"][0] - 1)["items"] == []
    assert world.seen(awarded.teacher, path, as_of="2001-01-01")["items"] == []
    assert world.seen(awarded.teacher, path, as_of="2100-01-01")["items"] == [now]


def test_an_award_that_has_expired_is_shown_as_such_on_that_day(awarded: Story) -> None:
    path = path_of(awarded.teacher, "/transcript")
    [later] = awarded.world.seen(awarded.teacher, path, effective_on="2100-01-01")["items"]
    assert (later["status"], later["in_force"]) == ("expired", False)


def test_a_line_explains_itself_by_its_events(awarded: Story) -> None:
    world, base = awarded.world, path_of(awarded.teacher, "/transcript")
    explained = world.seen(awarded.teacher, f"{base}/{awarded.enrollment}/explanation")
    assert [event["topic"] for event in explained["events"]] == [
        "enrollment.enrolled.v1",
        "enrollment.submitted.v1",
        "enrollment.review-decided.v1",
        "enrollment.awarded.v1",
    ]
    assert [event["position"] for event in explained["events"]] == explained["line"]["positions"]
    assert explained["events"][0]["actor_id"] == str(awarded.teacher)
    assert explained["events"][-1]["actor_id"] == str(awarded.issuer.approver)


def test_a_history_is_paged_and_whole(awarded: Story) -> None:
    world, path = awarded.world, path_of(awarded.teacher, "/history")
    whole = world.seen(awarded.teacher, path, limit=200)["items"]
    pieces: list[Any] = []
    cursor: dict[str, Any] = {}
    while True:
        page = world.seen(awarded.teacher, path, limit=3, **cursor)
        pieces += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert pieces == whole
    assert [event["position"] for event in whole] == sorted(event["position"] for event in whole)


def test_a_payout_is_named_for_its_district_and_explains_itself(world: World) -> None:
    district = world.district()
    world.done(district.office, f"/v1/districts/{district.id}/policies", stipend())
    one = story(world, district).award()
    payroll = world.grant("payroll", district.id)

    [due] = world.seen(payroll, f"/v1/districts/{district.id}/payouts", status="due")["items"]
    [own] = world.seen(one.teacher, path_of(one.teacher, "/payouts"))["items"]
    [total] = world.seen(payroll, f"/v1/districts/{district.id}/payout-totals")["items"]
    explained = world.seen(one.teacher, f"/v1/payouts/{own['payout_id']}/explanation")

    assert due["payout"] == own
    assert due["name"] == "Ada Sample"
    assert (own["amount_cents"], own["status"]) == (30_000, "due")
    assert (total["pairs"], total["due"], total["due_cents"]) == (1, 1, 30_000)
    assert explained["payout"] == own
    assert all(check["passed"] for check in explained["checks"])
    assert world.seen(payroll, f"/v1/districts/{district.id}/payouts", status="not_due") == {
        "items": [],
        "next": None,
    }
    assert json.dumps(explained).count("Ada") == 0


def test_the_catalog_is_narrowed_by_its_facets(world: World) -> None:
    issuer = world.issuer()
    for sample in range(4):
        issuer.credential(sample)
    facets = world.seen(issuer.approver, "/v1/facets")["items"]
    kinds = {one["value"]: one["credentials"] for one in facets if one["facet"] == "evidence_kind"}
    for kind, count in kinds.items():
        found = world.seen(issuer.approver, "/v1/credentials", evidence_kind=kind)["items"]
        assert len(found) == count


def test_a_draft_is_its_issuers_alone(world: World) -> None:
    issuer = world.issuer()
    body = {"issuer_id": issuer.id, "definition": {"title": "Secret draft", "summary": "S"}}
    draft = world.done(issuer.approver, "/v1/credentials", body)["id"]
    stranger = uuid4()
    assert world.get(issuer.approver, f"/v1/credentials/{draft}").status_code == 200
    assert world.get(stranger, f"/v1/credentials/{draft}").status_code == 404
    assert world.post(stranger, f"/v1/credentials/{draft}/versions").status_code == 404
    assert "Secret" not in world.get(stranger, "/v1/credentials").text


def test_an_issuer_sees_how_alike_a_micro_credential_is_scored(shared_world: World) -> None:
    """Both see all met; they split on one criterion; after an appeal both see it met after all."""
    world = shared_world
    one = story(world, token="Alike").award()
    path = f"/v1/credentials/{one.credential}/reliability"
    before = world.seen(one.issuer.approver, path)
    assert (before["outcome"]["pairs"], before["outcome"]["agreement_per_mille"]) == (1, 1000)
    position = world.position
    other = replace(one, teacher=world.district().teacher("Bea")).enroll().hand_in()
    other.review(MET, NOT_MET)
    third = {"assessor_id": str(one.assessors[2])}
    world.done(one.issuer.approver, f"{other.path}/assignments", third)
    levels = {"levels": NOT_MET, "feedback": "Not yet."}
    world.done(one.assessors[2], f"{other.path}/scores", levels)
    other.decide("not_yet")
    world.done(other.teacher, f"{other.path}/appeals", {"ground": "process"})
    fallen = {"finding": "overturned", "reason": "looked"}
    another = world.grant("issuer_approver", one.issuer.id)
    world.done(another, f"{other.path}/appeal-decisions", fallen)
    found = world.seen(one.issuer.approver, path)
    assert (found["enrollments"], found["adjudicated"]) == (2, 1)
    assert (found["appeals"], found["overturned"], found["decided"]) == (1, 1, 2)
    assert (found["days_p50"], found["days_p90"]) == (0, 0)
    outcome = found["outcome"]
    assert (outcome["pairs"], outcome["both_met"], outcome["first_met"]) == (2, 1, 1)
    assert outcome["unstable"] is True
    split = [(one["criterion"], one["agreement"]["first_met"]) for one in found["criteria"]]
    assert split == [("effect", 1), ("plan", 0), ("practice", 0), ("reflection", 0)]
    assert world.seen(one.issuer.approver, path, as_of=position) == before
    for who in (one.teacher, one.assessors[0], world.issuer().approver):
        assert world.get(who, path).status_code == 404
