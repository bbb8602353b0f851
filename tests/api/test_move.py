"""A teacher moves to a district of another ledger, and her record moves with her.

Source of the figures: docs/sources.md, the move of fourteen awards.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import pytest
import uvicorn

from api import issuing
from api.clock import wall
from projections import setup
from tests.api.conftest import development, projecting
from tests.api.test_external_records import CAROLINA, Case, arrived
from tests.api.world import Story, World, license_of, rules
from tests.database import Server

AWARDS = 14
HALF = {"outcome": "partly_accepted", "quantity_hundredths": 50, "reason": "half-the-hours"}
WHOLE = {"outcome": "accepted"}
DECLINED = {"outcome": "declined", "reason": "not-in-force"}
LONG_AGO = {"Ledger-Time": "2024-02-01T15:00:00Z"}


@contextmanager
def ledger(server: Server, folder: Path, *, public: bool) -> Iterator[World]:
    """A ledger of its own; a public one answers under the host that its records name."""
    with ExitStack() as stack:
        url = stack.enter_context(server.database(server.template))
        setup.migrate(url)
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

    def earned(self, day: str) -> int:
        """Hundredths of a renewal unit, as of a day."""
        path = f"/v1/people/{self.case.teacher}/renewals"
        [one] = self.case.world.seen(self.case.teacher, path, effective_on=day)["items"]
        hundredths: int = one["earned_hundredths"]
        return hundredths


def welcoming(world: World, old: World) -> New:
    """A district of North Carolina that believes the issuer, and may ask its host."""
    district = world.district("North Carolina")
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
    assert new.earned(today) == 1050

    old.revoke(0)
    found = case.world.ask(
        case.district.office, "POST", f"/v1/external-records/{key}/rechecks"
    ).json()
    assert (found["changed"], found["put_under_review"]) == (1, 1), found
    assert new.earned(today) == 950
    waiting = case.world.seen(
        case.district.office, f"/v1/districts/{case.district.id}/acceptances-under-review"
    )["items"]
    assert [one["review_reason"] for one in waiting] == ["revoked-by-issuer"]
    assert len(case.items()) == AWARDS, "what was taken back stays to be seen"
