"""A teacher shares parts of her record: what she says and no more, until the day she says."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest

from api import issuing
from api.clock import wall
from api.disclosure_log import DisclosureLog, DisclosureUnwrittenError
from ledger.values import local_date
from tests.api.world import Answer, District, Story, World, story
from tests.privacy.places import Told, in_tables

ZONE = "America/Chicago"  # of the districts of the world, and so of her days
TODAY = local_date(wall(), ZONE)
SOON = (TODAY + timedelta(days=30)).isoformat()
EVERYTHING = ("awards", "hours", "scores", "evidence")


@dataclass
class Sharing:
    """A teacher with two awards who has left her district, and another district."""

    one: Story
    second: str  # another award of hers
    old: District
    new: District

    @property
    def world(self) -> World:
        return self.one.world

    @property
    def teacher(self) -> UUID:
        return self.one.teacher

    def share(self, recipient: dict[str, Any], *parts: str, **changed: Any) -> dict[str, Any]:
        body = {
            "recipient": recipient,
            "scope": parts or ("awards",),
            "purpose": "employment",
            "expires_on": SOON,
            **changed,
        }
        return self.world.done(self.teacher, f"/v1/people/{self.teacher}/shares", body)

    def with_district(self, *parts: str, **changed: Any) -> str:
        recipient = {"kind": "district", "district_id": self.new.id}
        return str(self.share(recipient, *parts, **changed)["id"])

    def link(self, *parts: str, name: str | None = None, **changed: Any) -> tuple[str, str]:
        """A share, and the path of its link."""
        made = self.share({"kind": "link", "name": name}, *parts, **changed)
        return made["id"], made["link"].removeprefix("https://ledger.example")

    def read(self, share_id: str, who: UUID | None = None, *, at: date | None = None) -> Answer:
        path = f"/v1/shares/{share_id}/record"
        return self.world.ask(who or self.new.office, "GET", path, headers=on(at))

    def open(self, path: str, *, at: date | None = None, **headers: str) -> Answer:
        return self.world.ask(None, "GET", path, headers={**on(at), **headers})

    def own(self, share_id: str) -> dict[str, Any]:
        """The share as she sees it."""
        path = f"/v1/people/{self.teacher}/shares"
        items = self.world.seen(self.teacher, path, limit=200)["items"]
        [found] = [one for one in items if one["share_id"] == share_id]
        return dict(found)

    def revoke(self, share_id: str) -> None:
        self.world.done(self.teacher, f"/v1/shares/{share_id}/revocations")


def on(day: date | None) -> dict[str, str]:
    """What sets the clock of a request."""
    return {"Ledger-Time": f"{day.isoformat()}T18:00:00Z"} if day else {}


def two_awards(world: World) -> Sharing:
    old, new = world.district(), world.district("New District")
    one = story(world, old).award()
    second = one.issuer.credential(1)
    other = Story(world, one.issuer, one.teacher, second, one.issuer.assessors(second, old, 2))
    other.award()
    [held] = world.seen(one.teacher, f"/v1/people/{one.teacher}/employments")["items"]
    ended = {"last_day": (TODAY - timedelta(days=1)).isoformat()}
    world.done(old.office, f"/v1/employments/{held['employment_id']}/endings", ended)
    world.edge.visible(issuing.VIEWS, world.position)
    issuing.issue_due(world.edge, wall)
    world.get(one.teacher, f"/v1/people/{one.teacher}/records")
    return Sharing(one, other.enrollment, old, new)


@pytest.fixture(scope="module")
def sharing(shared_world: World) -> Sharing:
    return two_awards(shared_world)


def test_a_district_that_never_employed_her_reads_what_she_shows_it(sharing: Sharing) -> None:
    share = sharing.with_district()
    shown = sharing.read(share)
    assert shown.status_code == 200, shown.text
    found = shown.json()
    assert found["name"] == "Ada Sample"
    assert {one["enrollment_id"] for one in found["awards"]} == {
        sharing.one.enrollment,
        sharing.second,
    }
    for award in found["awards"]:
        assert award["in_force"]
        assert award["title"]
        assert award["record_url"].startswith("https://ledger.example/records/")
        assert (award["hours"], award["scores"], award["evidence"]) == (None, None, None)
    listed = sharing.world.seen(sharing.new.office, f"/v1/districts/{sharing.new.id}/shares")
    assert share in {one["share_id"] for one in listed["items"]}


@pytest.mark.parametrize("part", ["hours", "scores", "evidence"])
def test_a_share_shows_the_parts_that_she_named_and_no_other(part: str, sharing: Sharing) -> None:
    [award, _] = sharing.read(sharing.with_district("awards", part)).json()["awards"]
    others = {"hours", "scores", "evidence"} - {part}
    assert award[part]
    assert {award[name] for name in others} == {None}


def test_everything_is_what_the_award_rests_on(sharing: Sharing) -> None:
    share = sharing.with_district(*EVERYTHING, enrollment_ids=[sharing.one.enrollment])
    [award] = sharing.read(share).json()["awards"]
    assert award["enrollment_id"] == sharing.one.enrollment, "the other one she did not name"
    assert {one["level"] for one in award["scores"]} == {"demonstrated"}
    assert {one["kind"] for one in award["evidence"]} == {
        one["kind"] for one in sharing.one.requirements()
    }
    assert award["hours"]["effort_hours_max"] >= award["hours"]["effort_hours_min"]


def test_what_is_not_shared_with_a_caller_looks_like_what_is_not_there(sharing: Sharing) -> None:
    share = sharing.with_district()
    nothing = sharing.read(str(uuid4()))
    strangers = (sharing.old.office, sharing.one.issuer.approver, sharing.world.operator, uuid4())
    for who in strangers:
        answer = sharing.read(share, who)
        assert (answer.status_code, answer.content) == (404, nothing.content)
    assert sharing.read(share, sharing.teacher).status_code == 200, "she sees what they see"
    _, path = sharing.link()
    link = sharing.own(sharing.link()[0])["share_id"]
    assert sharing.read(link).status_code == 404, "a link is opened by its secret alone"
    assert sharing.open(f"/share/{link}").status_code == 404
    assert sharing.open(path).status_code == 200


def test_thirty_days_are_shown_and_on_the_thirty_first_it_is_gone_and_she_knows(
    sharing: Sharing,
) -> None:
    share, (link_share, path) = sharing.with_district(), sharing.link()
    last, late = TODAY + timedelta(days=29), TODAY + timedelta(days=30)
    assert sharing.read(share, at=last).status_code == 200
    assert sharing.open(path, at=last).status_code == 200
    for answer in (sharing.read(share, at=late), sharing.open(path, at=late)):
        assert answer.status_code == 410
        assert answer.json()["type"] == "/problems/share-expired"
        assert sharing.one.enrollment not in answer.text
    for one in (share, link_share):
        assert (sharing.own(one)["views"], sharing.own(one)["late_views"]) == (1, 1)


def test_what_she_ends_is_gone_at_once_for_everybody(sharing: Sharing) -> None:
    share, (link_share, path) = sharing.with_district(), sharing.link()
    assert sharing.open(path).status_code == 200
    sharing.revoke(share)
    sharing.revoke(link_share)
    assert sharing.read(share).status_code == 404
    nothing = sharing.open("/share/not-a-secret")
    ended = sharing.open(path)
    assert (ended.status_code, ended.content) == (404, nothing.content)
    late = TODAY + timedelta(days=31)
    assert sharing.open(path, at=late).status_code == 404, "not even that there was something"
    assert sharing.own(share)["standing"] == "revoked"
    answer = sharing.world.post(sharing.teacher, f"/v1/shares/{share}/revocations")
    assert answer.json()["type"] == "/problems/nothing-changes"


def test_only_she_grants_and_only_she_ends(sharing: Sharing) -> None:
    world, share = sharing.world, sharing.with_district()
    body = {
        "recipient": {"kind": "district", "district_id": sharing.new.id},
        "scope": ["awards"],
        "purpose": "employment",
        "expires_on": SOON,
    }
    for who in (sharing.old.office, sharing.new.office, world.operator):
        path = f"/v1/people/{sharing.teacher}/shares"
        assert world.post(who, path, body).status_code == 404
        assert world.get(who, path).status_code == 404
        assert world.post(who, f"/v1/shares/{share}/revocations").status_code == 404
    assert sharing.read(share).status_code == 200


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        ({"scope": ["evidence"]}, "share-scope"),
        ({"scope": []}, "share-scope"),
        ({"scope": ["awards", "salary"]}, "invalid-request"),
        ({"expires_on": TODAY.isoformat()}, "share-expiry"),
        ({"expires_on": "2199-01-01"}, "share-expiry"),
        ({"purpose": "To apply for a job"}, "invalid-request"),
        ({"enrollment_ids": [str(uuid4())]}, "not-found"),
        ({"enrollment_ids": [str(uuid4()) for _ in range(201)]}, "share-scope"),
        ({"recipient": {"kind": "district", "district_id": str(uuid4())}}, "not-found"),
        ({"recipient": {"kind": "anybody"}}, "invalid-request"),
    ],
)
def test_a_bad_share_is_refused(changed: dict[str, Any], slug: str, sharing: Sharing) -> None:
    body = {
        "recipient": {"kind": "link"},
        "scope": ["awards"],
        "purpose": "employment",
        "expires_on": SOON,
        **changed,
    }
    before = sharing.world.edge.ledger.recorder.last_position()
    answer = sharing.world.post(sharing.teacher, f"/v1/people/{sharing.teacher}/shares", body)
    assert answer.json()["type"] == f"/problems/{slug}"
    assert sharing.world.edge.ledger.recorder.last_position() == before


def test_anothers_award_cannot_be_shared(sharing: Sharing, shared_world: World) -> None:
    other = story(shared_world, token="Other").award()
    body = {
        "recipient": {"kind": "link"},
        "scope": ["awards"],
        "purpose": "employment",
        "expires_on": SOON,
        "enrollment_ids": [other.enrollment],
    }
    answer = shared_world.post(sharing.teacher, f"/v1/people/{sharing.teacher}/shares", body)
    assert answer.status_code == 404


def test_a_link_is_shown_once_and_only_its_digest_is_kept(sharing: Sharing) -> None:
    world, key = sharing.world, {"Idempotency-Key": str(uuid4())}
    body = {
        "recipient": {"kind": "link", "name": "Principal of another school"},
        "scope": ["awards"],
        "purpose": "employment",
        "expires_on": SOON,
    }
    path = f"/v1/people/{sharing.teacher}/shares"
    first = world.post(sharing.teacher, path, body, headers=key)
    again = world.post(sharing.teacher, path, body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == {**first.json(), "link": None}
    secret = first.json()["link"].rpartition("/")[2]
    assert len(secret) >= 43, "256 bits"
    assert sharing.own(first.json()["id"])["recipient_name"] == "Principal of another school"
    rows = [row.state for row in world.edge.ledger.recorder.read_stream(UUID(first.json()["id"]))]
    assert sha256(secret.encode()).hexdigest().encode() in rows[0]
    assert secret.encode() not in rows[0]
    assert b"Principal" not in rows[0]


@pytest.fixture
def told() -> Iterator[Told]:
    handler = Told()
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.removeHandler(handler)
    root.setLevel(level)


def test_the_secret_is_in_no_log_and_in_no_table(sharing: Sharing, told: Told) -> None:
    share, path = sharing.link()
    secret = path.rpartition("/")[2]
    sharing.open(path)
    sharing.open(path, at=TODAY + timedelta(days=31))
    sharing.open(f"{path}x")
    sharing.revoke(share)
    sharing.open(path)
    assert [line for line in told.lines if "/share/{secret}" in line]
    assert [line for line in told.lines if secret in line] == []
    url = sharing.world.settings.database_url
    assert url is not None
    assert in_tables(url.get_secret_value(), [secret]) == {}


def test_the_page_of_a_link_runs_and_loads_nothing(sharing: Sharing) -> None:
    _, path = sharing.link(*EVERYTHING)
    page = sharing.open(path, Accept="text/html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Ada Sample" in page.text
    for word in ("<script", "src=", "href=", "@import", "url("):
        assert word not in page.text
    as_json = sharing.open(path)
    assert as_json.headers["content-type"] == "application/json"
    assert as_json.headers["cache-control"] == "no-store"
    assert as_json.headers["x-robots-tag"] == "noindex, nofollow"


def test_every_view_is_a_line_that_she_sees(sharing: Sharing) -> None:
    share, (link_share, path) = sharing.with_district(), sharing.link()
    assert sharing.own(share)["last_viewed_at"] is None
    for _ in range(2):
        sharing.read(share)
        sharing.open(path)
    sharing.read(share, sharing.teacher)  # her own look is nobody's business
    for one in (share, link_share):
        seen = sharing.own(one)
        assert seen["views"] == 2
        assert local_date(datetime.fromisoformat(seen["last_viewed_at"]), ZONE) >= TODAY
    lines = sharing.world.seen(sharing.teacher, f"/v1/people/{sharing.teacher}/disclosures")
    own = [one for one in lines["items"] if one["thing_id"] in {share, link_share}]
    said = {(one["role"], one["reader_id"], one["organization_id"]) for one in own}
    assert {one["record"] for one in own} == {"share"}
    assert said == {
        ("recipient", str(sharing.new.office), sharing.new.id),
        ("link", link_share, None),
    }


def test_a_view_that_cannot_be_written_down_is_not_shown(
    sharing: Sharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    share, (_, path) = sharing.with_district(), sharing.link()

    def refuse(_log: DisclosureLog, _lines: object) -> Future[None]:
        raise DisclosureUnwrittenError("not now")

    monkeypatch.setattr(DisclosureLog, "write", refuse)
    for at in (TODAY, TODAY + timedelta(days=31)):
        for answer in (sharing.read(share, at=at), sharing.open(path, at=at)):
            assert answer.status_code == 503
            assert answer.json()["type"] == "/problems/disclosure-unwritten"
            assert sharing.one.enrollment not in answer.text
    assert sharing.read(share, sharing.teacher).status_code == 200


def test_what_is_revoked_later_is_shown_as_revoked(world: World) -> None:
    sharing = two_awards(world)
    share = sharing.with_district()
    revoked = {"reason": "integrity", "authority": "issuer"}
    world.done(sharing.one.issuer.approver, f"{sharing.one.path}/revocations", revoked)
    world.seen(sharing.teacher, f"/v1/people/{sharing.teacher}/transcript")
    awards = {one["enrollment_id"]: one for one in sharing.read(share).json()["awards"]}
    assert awards[sharing.one.enrollment]["status"] == "revoked"
    assert not awards[sharing.one.enrollment]["in_force"]
    assert awards[sharing.second]["in_force"]


def test_with_the_person_her_shares_are_forgotten(world: World) -> None:
    sharing = two_awards(world)
    far = {"expires_on": (TODAY + timedelta(days=1_800)).isoformat()}
    share = sharing.with_district(**far)
    _, path = sharing.link(name="Nobody Sample", **far)
    erasures, body = f"/v1/people/{sharing.teacher}/erasures", {"reason": "subject-request"}
    due = date.fromisoformat(world.post(sharing.teacher, erasures, body).json()["allowed_from"])
    assert sharing.read(share, at=due).status_code == 200
    assert sharing.open(path, at=due).status_code == 200
    again = world.post(sharing.teacher, erasures, body, headers=on(due))
    assert again.json()["status"] == "erased", again.text
    assert sharing.read(share, at=due).status_code == 404
    assert sharing.open(path, at=due).status_code == 404
    listed = world.seen(sharing.new.office, f"/v1/districts/{sharing.new.id}/shares")
    assert {one["standing"] for one in listed["items"]} == {"revoked"}
    before = world.edge.ledger.recorder.last_position()
    new = {
        "recipient": {"kind": "district", "district_id": sharing.new.id},
        "scope": ["awards"],
        "purpose": "employment",
        "expires_on": SOON,
    }
    refused = world.post(sharing.teacher, f"/v1/people/{sharing.teacher}/shares", new)
    assert refused.json()["type"] == "/problems/person-erased"
    assert world.edge.ledger.recorder.last_position() == before


def test_a_share_of_a_record_that_was_merged_shows_the_record_that_was_kept(world: World) -> None:
    sharing = two_awards(world)
    share, (_, path) = sharing.with_district(), sharing.link(name="Board")
    sharing.read(share)
    kept = sharing.old.person("Ada", "Kept")
    body = {
        "person_id": str(kept),
        "merged_id": str(sharing.teacher),
        "reason": "duplicate_account",
    }
    world.post(world.operator, "/v1/merges", body)
    merged = world.post(world.grant("operator"), "/v1/merges", body)
    assert merged.status_code == 201, merged.text
    seen = world.seen(kept, f"/v1/people/{kept}/shares")["items"]
    assert {one["share_id"]: one["views"] for one in seen}[share] == 1
    assert {one["recipient_name"] for one in seen} == {None, "Board"}
    for answer in (sharing.read(share), sharing.open(path)):
        assert len(answer.json()["awards"]) == 2
    world.done(kept, f"/v1/shares/{share}/revocations")
    assert sharing.read(share).status_code == 404
