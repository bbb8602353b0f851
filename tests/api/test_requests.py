"""Requests as nobody should send them: each gets one clear problem document, and stores nothing."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from api import problems
from tests.api.conftest import development, running
from tests.api.world import PNG, Answer, Story, World, license_of


def assert_problem(answer: Answer, status: int, slug: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{slug}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


def last_position(world: World) -> int:
    return world.edge.ledger.recorder.last_position()


def raw(world: World, content: bytes, **headers: str) -> Answer:
    """A body as it is, to a route that takes names and zones."""
    sent = {"Content-Type": "application/json", **headers}
    return world.ask(world.operator, "POST", "/v1/districts", content=content, headers=sent)


GOOD = b'{"name": "District", "zone": "America/Chicago"}'
BAD_BODIES: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 422),
    "no JSON": (b"{name: 1}", 400),
    "half of it": (GOOD[:-5], 400),
    "not a number": (b'{"name": NaN, "zone": "UTC"}', 400),
    "infinity": (b'{"name": Infinity, "zone": "UTC"}', 400),
    "half a character": (rb'{"name": "\ud800", "zone": "UTC"}', 400),
    "half a character as a field": (rb'{"\ud800": "x", "zone": "UTC"}', 400),
    "no UTF-8": (b'{"name": "\xff\xfe", "zone": "UTC"}', 400),
    "NUL": (rb'{"name": "a\u0000b", "zone": "UTC"}', 422),
    "a control character": (rb'{"name": "a\u0007b", "zone": "UTC"}', 422),
    "deep lists": (b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", 400),
    "deep objects": (b'{"a":' * 900 + b"1" + b"}" * 900, 422),
    "a list": (b"[]", 422),
    "a text": (b'"x"', 422),
    "null": (b"null", 422),
    "an unknown field": (b'{"name": "x", "zone": "UTC", "admin": true}', 422),
    "a field missing": (b'{"name": "x"}', 422),
    "a number for a name": (b'{"name": 7, "zone": "UTC"}', 422),
    "a zone that is none": (b'{"name": "x", "zone": "../../etc/passwd"}', 422),
    "spaces only": (b'{"name": "   ", "zone": "UTC"}', 422),
    "a name too long": (b'{"name": "' + b"x" * 301 + b'", "zone": "UTC"}', 422),
    "a name that is an object": (b'{"name": {"_type_": "a", "_data_": 1}, "zone": "UTC"}', 422),
    "a very large number": (b'{"name": ' + b"9" * 400 + b', "zone": "UTC"}', 400),
    "one name twice": (b'{"name": "x", "zone": "UTC", "na\\u006de": "y"}', 400),
    "one name twice, deep inside": (b'{"name": [{"a": 1, "a": 1}], "zone": "UTC"}', 400),
}


@pytest.mark.parametrize(("content", "status"), BAD_BODIES.values(), ids=BAD_BODIES)
def test_a_bad_body_is_refused_and_leaves_nothing(
    content: bytes, status: int, shared_world: World
) -> None:
    before = last_position(shared_world)
    answer = raw(shared_world, content)
    assert_problem(answer, status, "malformed-request" if status == 400 else "invalid-request")
    assert last_position(shared_world) == before


def test_a_refusal_says_where_and_never_repeats_what_was_sent(shared_world: World) -> None:
    secret = "hunter2-\u0007"
    answer = shared_world.post(
        shared_world.operator, "/v1/districts", {"name": secret, "zone": secret, "hunter2": 1}
    )
    body = assert_problem(answer, 422, "invalid-request")
    assert {flaw["where"] for flaw in body["errors"]} >= {"body.name", "body.zone"}
    assert "hunter2-" not in answer.text


def test_names_in_texts_and_again_in_other_objects_are_no_repetition(shared_world: World) -> None:
    district = shared_world.district("Quoting")
    name = '"given_name": "x", \\"given_name" : 1'
    details = {"given_name": name, "family_name": name, "email": "", "middle_name": "\\"}
    path = f"/v1/districts/{district.id}/people"
    made = shared_world.done(district.office, path, {"details": details})
    shown = shared_world.seen(UUID(made["id"]), f"/v1/people/{made['id']}")["details"]
    assert details.items() <= shown.items(), "kept to the letter"


def test_a_refusal_names_the_fields_that_were_sent_and_nothing_of_how_they_are_checked(
    shared_world: World,
) -> None:
    district = shared_world.district("Where")
    body = {"details": {"given_name": "a\x00"}, "odd[0]": 1}
    refused = shared_world.post(district.office, f"/v1/districts/{district.id}/people", body)
    flaws = assert_problem(refused, 422, "invalid-request")["errors"]
    assert {one["where"] for one in flaws} == {"body.details.given_name", "body.odd[0]"}


@pytest.mark.parametrize("name", ["Authorization", "Idempotency-Key", "If-Match", "Ledger-Time"])
def test_a_header_that_says_two_things_is_refused(name: str, shared_world: World) -> None:
    token = f"Bearer {shared_world.token(shared_world.operator)}"
    good = {
        "Authorization": token,
        "Content-Type": "application/json",
        "Idempotency-Key": str(uuid4()),
        "If-Match": '"0"',
        "Ledger-Time": "2026-01-01T00:00:00Z",
    }
    headers = [*good.items(), (name, good[name])]
    refused = shared_world.client.post("/v1/districts", content=GOOD, headers=headers)
    assert_problem(refused, 400, "malformed-request")


@pytest.mark.parametrize(
    "more",
    [
        [("kind", (None, "lesson_plan"))],
        [("file", ("another.png", b"one more file"))],
        [("contains_student", (None, "true"))],
    ],
    ids=["a field twice", "a second file", "a slip in a name"],
)
def test_a_form_says_each_thing_once_and_nothing_else(more: Any, shared_story: Story) -> None:
    """What was meant would be lost: which of two, or that there are students in it."""
    one = shared_story
    before = last_position(one.world)
    sent = [("kind", (None, "lesson_plan")), ("file", ("a.png", PNG)), *more]
    refused = one.world.ask(one.teacher, "POST", f"{one.path}/evidence", files=sent)
    assert_problem(refused, 400, "malformed-request")
    assert last_position(one.world) == before


@pytest.mark.parametrize("day", ["0", "1767225600", "2026-01-01T00:00:00", "20260101", "2026-1-1"])
def test_a_day_is_written_out_in_addresses_and_bodies(day: str, shared_world: World) -> None:
    district = shared_world.district("Days")
    teacher = district.teacher()
    asked = shared_world.get(teacher, f"/v1/people/{teacher}/transcript", effective_on=day)
    body = {"person_id": str(teacher), "position": "x", "role": "teacher", "first_day": day}
    path = f"/v1/districts/{district.id}/employments"
    hired = shared_world.post(district.office, path, body)
    for answer in (asked, hired):
        assert_problem(answer, 422, "invalid-request")


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/xml", "multipart/form-data", "", "application/jsonx"],
)
def test_json_has_to_be_called_json(content_type: str, shared_world: World) -> None:
    assert_problem(
        raw(shared_world, GOOD, **{"Content-Type": content_type}), 415, "unsupported-media-type"
    )


def test_a_body_has_its_limit_however_it_is_announced(shared_world: World) -> None:
    limit = shared_world.settings.body_bytes_max
    large = b'{"name": "' + b"x" * limit + b'"}'
    assert_problem(raw(shared_world, large), 413, "too-large")

    def piecewise() -> Any:
        for start in range(0, len(large), 65_536):
            yield large[start : start + 65_536]

    answer = shared_world.ask(
        shared_world.operator,
        "POST",
        "/v1/districts",
        content=piecewise(),
        headers={"Content-Type": "application/json"},
    )
    assert_problem(answer, 413, "too-large")


def test_a_file_has_its_limit(shared_story: Story) -> None:
    answer = shared_story.upload(content=bytes(shared_story.world.settings.evidence_bytes_max + 1))
    assert_problem(answer, 413, "evidence-too-large")
    answer = shared_story.upload(content=bytes(6 * 1024 * 1024))
    assert_problem(answer, 413, "too-large")


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "clé", "a b"])
def test_an_idempotency_key_is_visible_ascii_of_at_most_255(key: str, shared_world: World) -> None:
    answer = raw(shared_world, GOOD, **{"Idempotency-Key": key.encode()})  # type: ignore[arg-type]
    assert_problem(answer, 400, "malformed-request")


def test_a_change_without_a_key_is_refused(shared_world: World) -> None:
    headers = {"Authorization": f"Bearer {shared_world.token(shared_world.operator)}"}
    answer = shared_world.client.post(
        "/v1/districts", content=GOOD, headers={**headers, "Content-Type": "application/json"}
    )
    assert_problem(answer, 400, "idempotency-key-missing")


@pytest.mark.parametrize("tag", ["7", 'W/"7"', '"7", "8"', '"-1"', '"x"', "*", '"99999999999999"'])
def test_if_match_takes_one_strong_tag_of_ours(tag: str, shared_world: World) -> None:
    assert_problem(raw(shared_world, GOOD, **{"If-Match": tag}), 400, "malformed-request")


@pytest.mark.parametrize(
    "moment", ["yesterday", "2026-01-01", "2026-01-01T00:00:00", "1e9", "0", "9999-12-31T23:59:59Z"]
)
def test_ledger_time_is_an_instant_with_its_zone(moment: str, shared_world: World) -> None:
    assert_problem(raw(shared_world, GOOD, **{"Ledger-Time": moment}), 400, "malformed-request")


NUL = base64.urlsafe_b64encode(b'["\\u0000","00000000-0000-0000-0000-000000000000"]').decode()
BAD_ADDRESSES: dict[str, tuple[str, int, str]] = {
    "nowhere": ("/v1/nowhere", 404, "not-found"),
    "outside": ("/", 404, "not-found"),
    "upwards": ("/v1/../etc/passwd", 404, "not-found"),
    "a person that is no id": ("/v1/people/me/transcript", 422, "invalid-request"),
    "half a character": ("/v1/people/%ed%a0%80/transcript", 422, "invalid-request"),
    "NUL": ("/v1/people/%00/transcript", 422, "invalid-request"),
    "no limit": ("/v1/credentials?limit=0", 422, "invalid-request"),
    "too large a limit": ("/v1/credentials?limit=201", 422, "invalid-request"),
    "a cursor that is none": ("/v1/credentials?cursor=AAAA", 422, "invalid-cursor"),
    "a cursor of half base64": ("/v1/credentials?cursor=x", 422, "invalid-cursor"),
    "a cursor of another list": ("/v1/credentials?cursor=WyI3Il0", 422, "invalid-cursor"),
    "a cursor with a NUL": (f"/v1/credentials?cursor={NUL}", 422, "invalid-cursor"),
    "a cursor in Greek": ("/v1/credentials?cursor=%CE%B1", 422, "invalid-cursor"),
    "a negative position": ("/v1/credentials?min_position=-1", 422, "invalid-request"),
    "a position too large": (f"/v1/credentials?min_position={2**70}", 422, "invalid-request"),
    "NUL in a word": ("/v1/credentials?words=a%00b", 422, "invalid-request"),
    "half a character in a word": ("/v1/credentials?words=%ed%a0%80", 200, ""),
    "a filter that is no slug": ("/v1/credentials?focus_area=A'--", 422, "invalid-request"),
    "no such day": ("/v1/credentials?effective_on=2026-02-30", 422, "invalid-request"),
}


@pytest.mark.parametrize(("path", "status", "slug"), BAD_ADDRESSES.values(), ids=BAD_ADDRESSES)
def test_a_bad_address_is_refused(path: str, status: int, slug: str, shared_world: World) -> None:
    answer = shared_world.ask(shared_world.operator, "GET", path)
    if status == 200:
        assert answer.status_code == 200
    else:
        assert_problem(answer, status, slug)


@pytest.mark.parametrize("as_of", ["yesterday", "-1", "2026-02-30", "1" * 19, "2026-1-1"])
def test_what_was_known_then_needs_a_position_or_a_day(as_of: str, shared_story: Story) -> None:
    teacher = shared_story.teacher
    answer = shared_story.world.get(teacher, f"/v1/people/{teacher}/transcript", as_of=as_of)
    assert answer.status_code == 422
    assert answer.json()["type"] in {"/problems/invalid-request", "/problems/no-such-day"}


def test_a_method_that_is_not_there_names_those_that_are(shared_world: World) -> None:
    answer = shared_world.ask(shared_world.operator, "DELETE", "/v1/districts")
    assert_problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"]


def test_who_does_not_sign_in_is_told_how(shared_world: World) -> None:
    answer = shared_world.get(None, "/v1/me")
    assert_problem(answer, 401, "not-signed-in")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic dTpw", "Bearer a.b.c", "bearer " + "x" * 20_000]
)
def test_a_header_without_a_good_token_signs_nobody_in(header: str, shared_world: World) -> None:
    answer = shared_world.client.get("/v1/me", headers={"Authorization": header})
    assert_problem(answer, 401, "not-signed-in")


def test_a_large_body_is_not_read_before_the_token(shared_world: World) -> None:
    answer = shared_world.client.post(
        f"/v1/enrollments/{uuid4()}/evidence", files={"file": ("x", bytes(5_000_000))}
    )
    assert_problem(answer, 401, "not-signed-in")


def test_every_answer_keeps_browsers_and_caches_out(shared_world: World) -> None:
    for path in ("/healthz", "/v1/me", "/v1/nowhere"):
        headers = shared_world.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"]


def test_a_position_that_the_log_has_not_is_nothing_to_wait_for(shared_world: World) -> None:
    answer = shared_world.ask(
        shared_world.operator, "GET", "/v1/credentials", params={"min_position": 10**9}
    )
    assert_problem(answer, 422, "position-unknown")


def test_a_view_that_takes_too_long_is_asked_again_later(database_url: str, tmp_path: Path) -> None:
    """Nothing brings the views up to the log here."""
    hasty = {"visible_wait_seconds": 0.01}
    settings = development(database_url, tmp_path).model_copy(update=hasty)
    with World(settings) as world:
        world.issuer()
        answer = world.get(world.operator, "/v1/credentials")
        assert_problem(answer, 503, "not-yet-visible")
        assert answer.headers["Retry-After"] == "1"
        then = world.get(world.operator, "/v1/credentials", min_position=0, as_of=1)
        assert_problem(then, 503, "not-yet-visible")


def test_whom_a_district_hired_a_moment_ago_is_not_said_to_be_not_there(
    database_url: str, tmp_path: Path
) -> None:
    """The views come after the log, so a write is decided when they show all that came before."""
    hasty = {"visible_wait_seconds": 0.01}
    settings = development(database_url, tmp_path).model_copy(update=hasty)
    with World(settings) as world:
        district = world.district()
        person = district.teacher()
        path, body = f"/v1/districts/{district.id}/licenses", license_of(person)
        assert_problem(world.post(district.office, path, body), 503, "not-yet-visible")
    with running(database_url, tmp_path) as world:
        world.done(district.office, path, body)
        unknown = license_of(uuid4())
        assert_problem(world.post(district.office, path, unknown), 404, "not-found")


def test_every_status_has_a_slug_of_its_own() -> None:
    slugs = {error.slug for error in problems.BY_STATUS.values()}
    assert len(slugs) == len(problems.BY_STATUS)
