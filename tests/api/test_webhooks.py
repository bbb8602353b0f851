"""Who registered an address is told, signed, until it is taken; and nobody inside ever is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID

import orjson
import psycopg
import pytest
from standardwebhooks import Webhook as Receiver
from standardwebhooks import WebhookVerificationError

from api import webhooks
from api.webhook_http import must_be_outside, post
from ledger.aggregates.webhook import WebhookAddressError
from projections.database import Database
from projections.rebuild import rebuild
from projections.registry import PROJECTIONS
from tests.api.payroll import Payday, payday
from tests.api.test_cli import in_place
from tests.api.world import World


@dataclass
class Ear:
    """A receiver that answers as it is told to."""

    url: str
    status: int = 204
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def listening() -> Iterator[Ear]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            ear.heard.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(ear.status)
            self.send_header("Location", f"{ear.url}/elsewhere")
            self.end_headers()

        def log_message(self, *said: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    ear = Ear(f"http://127.0.0.1:{server.server_port}/hook")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield ear
    finally:  # or a test that fails would never come to its end
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Clock:
    """Time that passes when it is told to; it begins now, for receivers refuse what is old."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))  # noqa: TID251 - the receiver's

    def __call__(self) -> datetime:
        return self.at


def register(day: Payday, url: str, **sent: Any) -> dict[str, Any]:
    return day.world.done(day.office, f"{day.path}/webhooks", {"url": url}, **sent)


def tell(day: Payday, clock: Clock) -> int:
    """One round of whoever follows and sends."""
    day.world.edge.visible(webhooks.VIEW, day.world.position)
    webhooks.fill(day.world.edge, clock())
    return webhooks.deliver(day.world.edge, clock)


def test_what_is_closed_and_exported_is_told_once_and_signed(world: World) -> None:
    day, clock = payday(world), Clock()
    with listening() as ear:
        day.close("2027-01-10")
        made = register(day, ear.url)
        batch = day.close("2027-01-15")
        day.export(batch)

        assert tell(day, clock) == 2
        assert tell(day, clock) == 0

    told = [Receiver(made["secret"]).verify(body, headers) for headers, body in ear.heard]
    assert [one["type"] for one in told] == ["batch.closed", "batch.exported"]
    assert [one["data"]["batch_id"] for one in told] == [batch, batch]
    assert told[1]["data"]["layout"] == "canonical-csv"
    headers, body = ear.heard[0]
    with pytest.raises(WebhookVerificationError):
        Receiver(made["secret"]).verify(body.replace(b"closed", b"open"), headers)
    assert len({headers["webhook-id"] for headers, _ in ear.heard}) == 2


def test_what_is_not_taken_is_tried_again_with_longer_pauses_and_never_lost(world: World) -> None:
    day, clock = payday(world), Clock()
    with listening() as ear:
        made = register(day, ear.url)
        day.close("2027-01-15")
        ear.status = 500
        assert tell(day, clock) == 0
        assert tell(day, clock) == 0
        assert len(ear.heard) == 1, "not before its time"
        for pause in [*webhooks.PAUSES, webhooks.PAUSES[-1]]:
            clock.at += pause - timedelta(seconds=1)
            assert tell(day, clock) == 0
            clock.at += timedelta(seconds=1)
            tell(day, clock)
        assert len(ear.heard) == 11
        ear.status = 302
        clock.at += timedelta(days=1)
        assert tell(day, clock) == 0
        path = f"/v1/webhooks/{made['id']}/deliveries"
        [waiting] = world.seen(day.office, path)["items"]
        assert (waiting["attempts"], waiting["last_answer"]) == (12, "status 302")
        ear.status = 200
        clock.at += timedelta(days=1)
        assert tell(day, clock) == 1
        [done] = world.seen(day.machine, path)["items"]
    assert done["delivered_at"] is not None
    assert len({headers["webhook-id"] for headers, _ in ear.heard}) == 1
    assert len({body for _, body in ear.heard}) == 1


def test_who_dies_while_sending_leaves_it_to_the_next(world: World) -> None:
    day, clock = payday(world), Clock()
    with listening() as ear:
        register(day, ear.url)
        day.close("2027-01-15")
        world.edge.visible(webhooks.VIEW, world.position)
        webhooks.fill(world.edge, clock())
        with world.edge.secrets.connection() as outbox:
            leased = outbox.execute(
                webhooks._SQL["lease"],
                {"now": clock(), "until": clock() + webhooks.LEASE, "limit": 1},
            ).fetchall()
        assert len(leased) == 1
        assert tell(day, clock) == 0
        clock.at += webhooks.LEASE
        assert tell(day, clock) == 1
    assert len(ear.heard) == 1


def test_a_rebuild_of_the_views_tells_nobody_twice(world: World) -> None:
    day, clock = payday(world), Clock()
    with listening() as ear:
        register(day, ear.url)
        day.close("2027-01-15")
        assert tell(day, clock) == 1
        rebuild(Database(world.edge.settings.database_url.get_secret_value()), PROJECTIONS)
        assert tell(day, clock) == 0
        day.close("2027-01-31")
        assert tell(day, clock) == 1
    assert len(ear.heard) == 2


def test_an_address_that_was_removed_hears_nothing_more(world: World) -> None:
    day, clock = payday(world), Clock()
    with listening() as ear:
        made = register(day, ear.url)
        day.close("2027-01-15")
        world.done(day.office, f"/v1/webhooks/{made['id']}/removals")
        day.close("2027-01-31")
        assert tell(day, clock) == 0
    assert ear.heard == []
    [known] = world.seen(day.office, f"{day.path}/webhooks")["items"]
    assert known["removed_position"] is not None


def test_a_message_that_follows_from_nothing_is_parked_and_named_until_it_is_mended(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was tried again every five seconds for ever, and nobody was told."""
    day, clock = payday(world), Clock()
    url = world.edge.settings.database_url.get_secret_value()
    run = in_place(url, tmp_path, monkeypatch)
    with listening() as ear:
        made = register(day, ear.url)
        day.close("2027-01-15")
        world.edge.visible(webhooks.VIEW, world.position)
        webhooks.fill(world.edge, clock())
        with psycopg.connect(url) as owner:
            owner.execute("DELETE FROM ledger_read.webhook_messages")
        assert webhooks.deliver(world.edge, clock) == 0
        [waiting] = world.seen(day.office, f"/v1/webhooks/{made['id']}/deliveries")["items"]
        assert waiting["last_answer"] == "not derived"
        assert datetime.fromisoformat(waiting["next_try_at"]) == clock.at + webhooks.PAUSES[-1]
        told = run("check", "catalog", "--workers", "1", exit_code=1).stdout
        assert f"parked in the outbox: message {waiting['message_id']} of" in told
        [warning] = world.client.get("/readyz").json()["warnings"]
        assert warning == "1 messages of webhooks are parked; see mcledger check"

        run("rebuild", "webhooks", "--workers", "1")
        clock.at += webhooks.PAUSES[-1]
        assert tell(day, clock) == 1
    assert len(ear.heard) == 1
    assert webhooks.parked(world.edge) == []


def test_the_secret_is_shown_again_to_whoever_resends_and_lies_in_the_vault(world: World) -> None:
    day = payday(world)
    headers = {"Idempotency-Key": "one-address"}
    first = register(day, "https://payroll.example/hook", headers=headers)
    again = register(day, "https://payroll.example/hook", headers=headers)
    assert first["secret"] == again["secret"]
    assert first["secret"].startswith("whsec_")
    events = list(world.edge.ledger.events.get(UUID(first["id"])))
    assert first["secret"] not in repr(events)


@pytest.mark.parametrize(
    "url",
    [
        "http://payroll.example/hook",
        "https://127.0.0.1/hook",
        "https://10.1.2.3/hook",
        "https://169.254.169.254/latest",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://localhost/",
        "https://ledger.internal/",
    ],
)
def test_production_tells_nobody_inside(url: str) -> None:
    with pytest.raises(WebhookAddressError):
        must_be_outside(url, in_development=False)


def test_a_name_that_leads_inside_is_told_nothing_either(monkeypatch: pytest.MonkeyPatch) -> None:
    must_be_outside("https://payroll.example/hook", in_development=False)

    def inside(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", ("1.1.1.1", 443)), (0, 0, 0, "", ("192.168.0.9", 443))]

    def nowhere(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("socket.getaddrinfo", inside)
    monkeypatch.setattr("socket.create_connection", nowhere)
    assert "inside" in post("https://payroll.example/hook", b"", {}, in_development=False)


@pytest.mark.parametrize(
    "url", ["ftp://x.example/", "https://", "https://u:p@x.example/", "https://x.example/#f", "x y"]
)
def test_what_is_no_address_is_not_registered(url: str, shared_world: World) -> None:
    day = payday(shared_world)
    answer = shared_world.post(day.office, f"{day.path}/webhooks", {"url": url})
    assert answer.json()["type"] == "/problems/webhook-address-unusable"


def test_a_message_says_nothing_of_anybody(world: World) -> None:
    day, clock = payday(world), Clock()
    with listening() as ear:
        register(day, ear.url)
        day.close("2027-01-15")
        tell(day, clock)
    [(_, body)] = ear.heard
    assert set(orjson.loads(body)["data"]) == {
        "batch_id",
        "district_id",
        "number",
        "pay_date",
        "position",
    }
