"""A request sent again, under whatever circumstances, happens once and is answered alike."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from tests.api.world import MET, PNG, World, story

KEY = "a-key-of-the-client"
DISTRICT = {"name": "Sample District", "zone": "America/Chicago"}


def events(world: World) -> int:
    return world.edge.ledger.recorder.last_position()


def test_sixteen_resends_at_once_make_one_event_and_sixteen_equal_answers(world: World) -> None:
    before = events(world)

    def send(_: int) -> tuple[int, str, str]:
        headers = {"Idempotency-Key": KEY}
        answer = world.post(world.operator, "/v1/districts", DISTRICT, headers=headers)
        return answer.status_code, answer.text, answer.headers["ETag"]

    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(send, range(16)))

    assert len(answers) == 1
    assert answers.pop()[0] == 201
    assert events(world) == before + 1


def test_a_resend_says_that_it_is_one(shared_world: World) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    first = shared_world.post(shared_world.operator, "/v1/districts", DISTRICT, headers=headers)
    second = shared_world.post(shared_world.operator, "/v1/districts", DISTRICT, headers=headers)
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.content == first.content
    assert second.headers["Ledger-Position"] == first.headers["Ledger-Position"]


def test_the_same_key_for_another_request_is_refused(shared_world: World) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    shared_world.done(shared_world.operator, "/v1/districts", DISTRICT, headers=headers)
    before = events(shared_world)
    other = {**DISTRICT, "name": "Another District"}
    answer = shared_world.post(shared_world.operator, "/v1/districts", other, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["type"] == "/problems/idempotency-key-reused"
    assert events(shared_world) == before


def test_the_same_body_written_otherwise_is_the_same_request(shared_world: World) -> None:
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": "application/json"}
    bodies = (
        b'{"name": "District", "zone": "UTC"}',
        b'{ "zone":"UTC",\n "name":"\\u0044istrict" }',
    )
    answers = [
        shared_world.ask(
            shared_world.operator, "POST", "/v1/districts", content=body, headers=headers
        )
        for body in bodies
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].content == answers[1].content


def test_a_key_belongs_to_its_caller_and_its_route(shared_world: World) -> None:
    headers = {"Idempotency-Key": str(uuid4())}
    other = shared_world.grant("operator")
    ids = {
        shared_world.done(who, "/v1/districts", DISTRICT, headers=headers)["id"]
        for who in (shared_world.operator, other)
    }
    issuer = {"name": "Issuer", "zone": "UTC"}
    ids.add(shared_world.done(other, "/v1/issuers", issuer, headers=headers)["id"])
    assert len(ids) == 3


def test_evidence_sent_again_is_kept_once_and_another_file_is_refused(world: World) -> None:
    one = story(world).enroll()
    headers = {"Idempotency-Key": str(uuid4())}
    first = one.upload("lesson_plan", PNG + b"1", headers=headers)
    again = one.upload("lesson_plan", PNG + b"1", headers=headers)
    other = one.upload("lesson_plan", PNG + b"2", headers=headers)
    fields = one.upload("project", PNG + b"1", headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert other.status_code == fields.status_code == 422
    assert other.json()["type"] == fields.json()["type"] == "/problems/idempotency-key-reused"


def test_a_resend_is_answered_although_the_next_step_has_been_taken(world: World) -> None:
    one = story(world).enroll()
    headers = {"Idempotency-Key": KEY}
    uploaded = one.upload("classroom_video", PNG, headers=headers)
    one.upload("teacher_reflection", PNG + b"2")
    one.submit()
    assert one.upload("classroom_video", PNG, headers=headers).content == uploaded.content

    one.review(MET)
    body = {"assessor_id": str(one.assessors[1]), "reason": "too-close"}
    world.done(one.issuer.approver, f"{one.path}/assignments", {"assessor_id": body["assessor_id"]})
    path = f"{one.path}/recusals"
    stepped_back = world.post(one.assessors[1], path, body, headers=headers)
    assert stepped_back.status_code == 201
    assert world.post(one.assessors[1], path, body, headers=headers).content == stepped_back.content


def test_of_two_who_read_the_same_version_one_writes(world: World) -> None:
    issuer = world.issuer()
    tag = '"2"'  # it was registered, then vetted

    def change(days: int) -> int:
        body = {"terms": {"decision_business_days": days}}
        answer = world.post(
            issuer.approver, f"/v1/issuers/{issuer.id}/terms", body, headers={"If-Match": tag}
        )
        return int(answer.status_code)

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(change, range(20, 28)))

    assert statuses == [201] + [412] * 7


def test_a_tag_that_was_read_is_the_one_to_send_back(world: World) -> None:
    one = story(world).enroll()
    one.upload("lesson_plan", PNG)
    read = world.get(one.teacher, one.path)
    body = {"reason": "changed-plans"}
    path = f"{one.path}/withdrawals"
    stale = {"If-Match": '"1"'}
    assert world.post(one.teacher, path, body, headers=stale).status_code == 412
    fresh = {"If-Match": read.headers["ETag"]}
    assert world.post(one.teacher, path, body, headers=fresh).status_code == 201
