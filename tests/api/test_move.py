"""A teacher moves to another district, of another ledger or of this one, and her record with her.

The days of the example are moved to those around today, for real issuers sign as of now. Source of
the figures: docs/sources.md, the move of fourteen awards.
"""

from __future__ import annotations

import io
import socket
import time
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import orjson
import pytest
import uvicorn

from api import issuing, rechecking, webhooks
from api.clock import wall
from ledger.aggregates.share import PARTS
from ledger.values import local_date
from tests.api.conftest import development, projecting
from tests.api.sharing import new_share
from tests.api.test_external_records import CAROLINA, Case, arrived, line
from tests.api.test_webhooks import listening
from tests.api.world import Story, World, license_of, rules, stipend, story
from tests.database import Server

AWARDS = 14
HALF = {
    "outcome": "partly_accepted",
    "quantity_hundredths": 50,
    "category": "literacy",
    "reason": "half-the-hours",
}
WHOLE = {"outcome": "accepted", "category": "subject"}
DECLINED = {"outcome": "declined", "reason": "not-in-force"}
LONG_AGO = {"Ledger-Time": "2024-02-01T15:00:00Z"}


@contextmanager
def ledger(server: Server, folder: Path, *, public: bool) -> Iterator[World]:
    """A ledger of its own; a public one answers under the host that its records name."""
    with ExitStack() as stack:
        url = stack.enter_context(server.database(server.projected))
        stack.enter_context(projecting(url))
        settings = development(url, folder)
        if public:
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            host = f"127.0.0.1:{listener.getsockname()[1]}"
            settings = settings.model_copy(update={"public_host": host})
            world = stack.enter_context(World(settings))
            stack.enter_context(answering(world, listener))
        else:
            world = stack.enter_context(World(settings))
        yield world


@contextmanager
def answering(world: World, listener: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(world.app, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Old:
    """The ledger that she comes from: fourteen awards, of which one was revoked, one expired."""

    world: World
    stories: list[Story]

    @property
    def teacher(self) -> UUID:
        return self.stories[0].teacher

    def revoke(self, number: int) -> None:
        one = self.stories[number]
        [line] = [x for x in self.transcript() if x["enrollment_id"] == one.enrollment]
        body = {"reason": "misconduct", "authority": "issuer", "effective_on": line["awarded_on"]}
        self.world.done(one.issuer.approver, f"{one.path}/revocations", body)
        self.world.edge.visible(issuing.VIEWS, self.world.position)

    def transcript(self) -> list[dict[str, Any]]:
        path = f"/v1/people/{self.teacher}/transcript"
        found: list[dict[str, Any]] = self.world.seen(self.teacher, path)["items"]
        return found

    def share(self) -> str:
        """A link for the new district, for thirty days, with what stood behind each award."""
        path = f"/v1/people/{self.teacher}/shares"
        link: str = self.world.done(self.teacher, path, new_share({"kind": "link"}, *PARTS))["link"]
        return link.partition("/share/")[2]

    def shared(self) -> dict[str, Any]:
        """The share as she sees it."""
        [found] = self.world.seen(self.teacher, f"/v1/people/{self.teacher}/shares")["items"]
        return dict(found)

    def look(self, link: str, *, after_days: int) -> Any:
        at = (wall() + timedelta(days=after_days)).isoformat()
        return self.world.ask(None, "GET", f"/share/{link}", headers={"Ledger-Time": at})

    def bundle(self) -> bytes:
        content: bytes = self.world.get(self.teacher, f"/v1/people/{self.teacher}/bundle").content
        return content


def earned(world: World) -> Old:
    """Fourteen micro-credentials of one issuer, the last of which held for a year."""
    district, issuer = world.district("Tennessee"), world.issuer("Issuer Sample")
    teacher = district.teacher()
    stories = []
    for number in range(AWARDS):
        expiring = number == AWARDS - 1
        if expiring:
            world.client.headers.update(LONG_AGO)
        credential = issuer.credential(
            summary=f"Practice {number}.", **({"valid_months": 12} if expiring else {})
        )
        assessors = issuer.assessors(credential, district)
        stories.append(Story(world, issuer, teacher, credential, assessors).award())
    for name in LONG_AGO:
        world.client.headers.pop(name)
    world.edge.visible(issuing.VIEWS, world.position)
    while issuing.issue_due(world.edge, wall):
        pass
    world.position = world.edge.ledger.recorder.last_position()
    old = Old(world, stories)
    old.revoke(AWARDS - 2)
    return old


@dataclass
class New:
    """The district that she comes to, on a ledger of its own, and what it counts her awards for."""

    case: Case
    license_id: str

    def earned(self, day: str) -> tuple[int, dict[str | None, int]]:
        """Hundredths of a renewal unit as of a day: in all, and by category."""
        return line(self.case, day)

    def transcript(self) -> list[dict[str, Any]]:
        path = f"/v1/people/{self.case.teacher}/transcript"
        found: list[dict[str, Any]] = self.case.world.seen(self.case.teacher, path)["items"]
        return found


def welcoming(world: World, old: World) -> New:
    """A district of North Carolina that believes the issuer, and may ask its host.

    It pays for awards of its own ledger, and never for one from elsewhere.
    """
    district = world.district("North Carolina")
    world.done(district.office, f"/v1/districts/{district.id}/policies", stipend())
    case = arrived(world, district)
    assert old.settings.public_host is not None
    host = old.settings.public_host
    for issuer in [f"did:web:{host.replace(':', '%3A')}", *issuers_of(old)]:
        body = {
            "issuer_id": issuer,
            "hosts": [host],
            "effective_on": "2026-07-01",
            "authority_reference": "Minute 12",
        }
        world.done(district.office, f"/v1/districts/{district.id}/trusted-issuers", body)
    world.done(world.operator, "/v1/equivalencies", rules(**CAROLINA))
    conversions = [{"kind": "micro_credential", "gives_hundredths": 100}]
    own = rules(**CAROLINA | {"conversions": conversions, "requirements": []})
    world.done(district.office, f"/v1/districts/{district.id}/equivalencies", own)
    body = license_of(case.teacher, jurisdiction="us-nc", valid_to="2029-06-30")
    made = world.done(district.office, f"/v1/districts/{district.id}/licenses", body)
    return New(case, made["id"])


def files_of(bundle: bytes) -> list[bytes]:
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        return [archive.read(name) for name in archive.namelist()]


def issuers_of(old: World) -> list[str]:
    host = str(old.settings.public_host).replace(":", "%3A")
    with old.edge.reading() as connection:
        found = connection.execute("SELECT issuer_id FROM catalog_issuers").fetchall()
    return [f"did:web:{host}:issuers:{issuer_id}" for (issuer_id,) in found]


@pytest.fixture
def ledgers(database_server: Server, tmp_path: Path) -> Iterator[tuple[World, World]]:
    with (
        ledger(database_server, tmp_path / "old", public=True) as old,
        ledger(database_server, tmp_path / "new", public=False) as new,
    ):
        yield old, new


def test_fourteen_awards_move_between_two_ledgers_that_share_nothing(
    ledgers: tuple[World, World],
) -> None:
    """9 count one unit each and 3 half a one: 9 + 1.5 = 10.5. One is revoked: 9.5."""
    old, new = earned(ledgers[0]), welcoming(ledgers[1], ledgers[0])
    case = new.case
    link = old.share()
    for days in (0, 29):
        assert len(old.look(link, after_days=days).json()["awards"]) == AWARDS
    assert b"amount_cents" not in b"".join(files_of(old.bundle())), "what was paid stays behind"

    brought = case.world.ask(
        case.district.office,
        "POST",
        f"/v1/people/{case.teacher}/external-records",
        files={"file": ("record.zip", old.bundle())},
        data={"district_id": case.district.id},
    )
    assert brought.status_code == 200, brought.text
    record = brought.json()["record"]
    key, items = record["external_record_id"], record["items"]
    assert [one["status"] for one in items] == ["active"] * 12 + ["revoked", "expired"]
    assert {one["standing"] for one in items} == {"external_verified"}
    for number, item in enumerate(items):
        decision = WHOLE if number < 9 else HALF if number < 12 else DECLINED
        outcome = {name: value for name, value in decision.items() if name != "outcome"}
        case.decide(key, item["item_id"], str(decision["outcome"]), **outcome)
    today = wall().date().isoformat()
    assert new.earned(today) == (1050, {"subject": 900, "literacy": 150})
    assert sum(one["accepted"]["quantity_hundredths"] for one in new.transcript()) == 1050
    assert case.world.seen(case.teacher, f"/v1/people/{case.teacher}/payouts")["items"] == []

    old.revoke(0)
    with listening() as ear:
        url = f"/v1/districts/{case.district.id}/webhooks"
        case.world.done(case.world.grant("payroll", case.district.id), url, {"url": ear.url})
        while rechecking.recheck_some(case.world.edge, wall):
            pass
        case.world.position = case.world.edge.ledger.recorder.last_position()
        case.world.edge.visible(webhooks.VIEW, case.world.position)
        webhooks.fill(case.world.edge, wall())
        assert webhooks.deliver(case.world.edge, wall) == 1, "the district gets a notice"
    assert orjson.loads(ear.heard[0][1])["type"] == "acceptance.under-review"
    assert new.earned(today) == (950, {"subject": 800, "literacy": 150})
    waiting = case.world.seen(
        case.district.office, f"/v1/districts/{case.district.id}/acceptances-under-review"
    )["items"]
    assert [one["review_reason"] for one in waiting] == ["revoked-by-issuer"]
    assert len(case.items()) == AWARDS, "what was taken back stays to be seen"
    assert [one["status"] for one in new.transcript()] == ["revoked", *["awarded"] * 11]

    late = old.look(link, after_days=30)
    assert (late.status_code, late.json()["type"]) == (410, "/problems/share-expired")
    assert (old.shared()["views"], old.shared()["late_views"]) == (2, 1), "she sees who came late"
    assert len(case.items(case.district.office)) == AWARDS, "the imported copy remains"


def test_an_award_that_one_district_paid_for_is_a_unit_in_the_next_and_no_money(
    world: World,
) -> None:
    """Practice 52: $600 at A; the same award is 1.0 CEU at B, and $0. One ledger, no copy."""
    old, new = world.district("A"), world.district("B")
    paid = {"kind": "flat", "amount_cents": 60_000}
    for district in (old, new):
        path = f"/v1/districts/{district.id}/policies"
        world.done(district.office, path, stipend(amount=paid))
    one = story(world, old, "Move").award()
    teacher, today = one.teacher, local_date(wall(), "America/Chicago")
    [held] = world.seen(teacher, f"/v1/people/{teacher}/employments")["items"]
    world.done(
        old.office,
        f"/v1/employments/{held['employment_id']}/endings",
        {"last_day": today.isoformat()},
    )
    recipient = {"kind": "district", "district_id": new.id}
    path = f"/v1/people/{teacher}/shares"
    share = world.done(teacher, path, new_share(recipient, "awards", "hours"))["id"]
    [shared] = world.seen(new.office, f"/v1/shares/{share}/record")["awards"]
    assert (shared["in_force"], shared["evidence"]) == (True, None)
    assert world.get(old.office, f"/v1/shares/{share}/record").status_code == 404

    unit = {**CAROLINA, "unit": "us-nc:CEU"}
    world.done(world.operator, "/v1/equivalencies", rules(**unit))
    conversions = [{"kind": "micro_credential", "gives_hundredths": 100}]
    own = rules(**unit | {"conversions": conversions, "requirements": []})
    world.done(new.office, f"/v1/districts/{new.id}/equivalencies", own)
    before, tomorrow = world.position, (today + timedelta(days=1)).isoformat()
    new.employ(teacher, tomorrow)
    world.seen(new.office, f"/v1/districts/{new.id}/people")  # that she works there
    licensed = license_of(teacher, jurisdiction="us-nc", valid_to="2029-06-30")
    world.done(new.office, f"/v1/districts/{new.id}/licenses", licensed)
    [progress] = world.seen(teacher, f"/v1/people/{teacher}/renewals")["items"]
    assert (progress["earned_hundredths"], progress["unit"]) == (100, "us-nc:CEU")
    wallet: dict[str, Any] = {"effective_on": tomorrow}
    for asked, worth in (
        (wallet, (100, {})),
        ({"effective_on": today.isoformat()}, (0, {"left_to_district": 1})),  # she is A's still
        ({**wallet, "as_of": before}, (0, {"left_to_district": 1})),
    ):
        [state] = world.seen(teacher, f"/v1/people/{teacher}/wallet", **asked)["states"]
        assert (state["units_hundredths"], state["nothing"]) == worth
    owed = world.seen(teacher, f"/v1/people/{teacher}/payouts")["items"]
    assert {each["district_id"]: each["amount_cents"] for each in owed} == {
        old.id: 60_000,
        new.id: 0,  # and it says why
    }
    assert world.seen(new.office, f"/v1/people/{teacher}/transcript")["items"] == []
    [line_of_old] = world.seen(old.office, f"/v1/people/{teacher}/transcript")["items"]
    assert line_of_old["enrollment_id"] == one.enrollment
    late = (wall() + timedelta(days=30)).isoformat()
    answer = world.ask(
        new.office, "GET", f"/v1/shares/{share}/record", headers={"Ledger-Time": late}
    )
    assert answer.status_code == 410
