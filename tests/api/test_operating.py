"""What operators rely on: health, logs without anybody in them, and failures that tell nothing."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import psycopg
import pytest
from fastapi import Response
from starlette.requests import Request
from starlette.testclient import TestClient

from api.answers import ListOf, answer_all
from api.app import create_app
from api.clock import now, wall
from api.local_postgres import Cluster
from api.logs import JsonFormatter, request_id
from api.problems import MalformedError
from api.reading import ReadNow
from api.routing import Router
from api.settings import Settings
from ledger import store
from projections.engine import NotMigratedError
from tests.api.conftest import development, running
from tests.api.test_auth import ATTACKS, OKP, signed
from tests.api.world import PNG, World, story


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, as production logs it."""
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.setFormatter(JsonFormatter(with_messages=False))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    monkeypatch.setattr(logging.getLogger("httpx2"), "disabled", True)  # speaks for the client
    root.setLevel(logging.INFO)
    yield told
    root.removeHandler(handler)
    root.setLevel(level)


def lines(told: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in told.getvalue().splitlines()]


def test_a_ledger_that_runs_is_ready(shared_world: World) -> None:
    assert shared_world.client.get("/healthz").json() == {"status": "alive"}
    answer = shared_world.client.get("/readyz")
    assert answer.status_code == 200, answer.text
    assert {check["name"] for check in answer.json()["checks"]} == {
        "database",
        "connections",
        "guards",
        "migrations",
        "views",
        "seal",
        "witnesses",
        "erasures",
    }


def test_views_that_are_late_or_stale_are_not_ready(world: World, database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("UPDATE ledger_read.bookmarks SET digest = 'x' WHERE name = 'history'")
    answer = world.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert "history needs a rebuild" in answer.text


def is_on(setting: str, url: str) -> bool:
    with psycopg.connect(url) as connection:
        return connection.execute("SELECT current_setting(%s)", [setting]).fetchone() == ("on",)


def test_given_a_server_that_comes_to_lose_what_it_acknowledged_then_what_is_off_is_named(
    cluster: Cluster, tmp_path: Path
) -> None:
    url = cluster.start("mcledger")
    store.migrate(url)
    with running(url, tmp_path) as world:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        while is_on("fsync", url):  # a new connection shows it once all others were told
            pass
        answer = world.client.get("/readyz")
    assert answer.status_code == 503
    [refused] = [check for check in answer.json()["checks"] if not check["ok"]]
    assert refused["name"] == "database"
    assert "fsync off" in refused["detail"]


def test_an_app_does_not_start_over_tables_that_are_not_up_to_date(
    empty_database_url: str, tmp_path: Path
) -> None:
    client = TestClient(create_app(development(empty_database_url, tmp_path)))
    with pytest.raises(NotMigratedError):
        client.__enter__()


def test_the_log_names_nobody_and_repeats_nothing(world: World, logged: io.StringIO) -> None:
    one = story(world, token="Confidential").award()
    world.get(one.teacher, f"/v1/people/{one.teacher}", search="Confidential")
    world.post(world.operator, "/v1/districts", {"name": "Confidential\u0007", "zone": 1})
    told = logged.getvalue()
    for secret in ("Ada", "Confidential", "do differently", world.token(one.teacher), "eyJ"):
        assert secret not in told
    requests = [line for line in lines(logged) if line["message"] == "request"]
    assert {"method", "route", "status", "milliseconds", "request_id"} <= set(requests[0])
    assert "/v1/people/{person_id}" in {line["route"] for line in requests}
    assert not [line for line in requests if line["status"] >= 500]


def test_given_a_read_when_a_thread_answers_it_then_it_knows_of_which_request(world: World) -> None:
    router = Router("test")

    @router.read("/heard", ListOf[str])
    def hear(read: ReadNow) -> Response:
        return answer_all([request_id.get(), read.request.url.path])

    world.app.router.routes += router.routes
    told = world.ask(uuid4(), "GET", "/v1/heard", headers={"X-Request-Id": "request-0816"})
    assert told.json() == {"items": ["request-0816", "/v1/heard"]}


def test_a_failure_nobody_foresaw_is_logged_and_not_told(
    world: World, database_url: str, logged: io.StringIO
) -> None:
    teacher = uuid4()
    with psycopg.connect(database_url) as connection:
        connection.execute("DROP TABLE ledger_read.transcript_lines")
    answer = world.ask(
        teacher,
        "GET",
        f"/v1/people/{teacher}/transcript",
        headers={"X-Request-Id": "request-0815"},
    )
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "request-0815"
    assert "transcript_lines" not in answer.text
    [failure] = [line for line in lines(logged) if "failure" in line]
    assert failure["failure"]["class"] == "UndefinedTable"
    assert failure["request_id"] == "request-0815"
    assert "message" not in failure["failure"]


def test_a_request_id_that_could_do_harm_is_replaced(shared_world: World) -> None:
    for hostile in ("a b", "x" * 65, "<script>", '"},{"'):
        answer = shared_world.client.get("/healthz", headers={"X-Request-Id": hostile})
        assert answer.headers["x-request-id"] != hostile


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """An app that takes tokens of the test's issuer; no request gets as far as its database."""
    folder = tmp_path_factory.mktemp("guarded")
    keys = folder / "keys.json"
    keys.write_bytes(orjson.dumps({"keys": [OKP.as_dict(private=False)]}))
    settings = Settings(
        environment="production",
        database_url="postgresql://nowhere/x",
        token_issuer="https://id.example",
        token_keys_file=keys,
        root_key_file=folder / "root-keys",
        evidence_folder=folder / "evidence",
    )
    return TestClient(create_app(settings), raise_server_exceptions=False)


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_a_forged_token_is_answered_401(attack: Any, guarded: TestClient) -> None:
    header = b"Bearer " + attack().encode("utf-8")
    answer = guarded.get("/v1/me", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.json()["type"] == "/problems/not-signed-in"


def test_a_good_token_gets_further_than_a_forged_one(guarded: TestClient) -> None:
    answer = guarded.get("/v1/me", headers={"Authorization": f"Bearer {signed()}"})
    assert answer.status_code == 500, "past the door, where there is no database"


def test_production_keeps_its_own_time(guarded: TestClient) -> None:
    """Whoever could say what day it is would decide what is overdue, expired and due."""
    told = [(b"ledger-time", b"2026-08-24T14:00:00Z")]
    with pytest.raises(MalformedError, match="keeps its own time"):
        now(Request({"type": "http", "app": guarded.app, "headers": told}))
    assert now(Request({"type": "http", "app": guarded.app, "headers": []})) <= wall()


@pytest.mark.long
def test_the_edge_waits_out_a_database_that_is_gone(cluster: Cluster, tmp_path: Path) -> None:
    url = cluster.start("mcledger")
    store.migrate(url)
    with running(url, tmp_path) as world:
        one = story(world).enroll()
        cluster.kill()
        assert world.client.get("/healthz").status_code == 200
        assert world.client.get("/readyz").status_code == 503
        read = world.ask(one.teacher, "GET", f"/v1/people/{one.teacher}/transcript")
        headers = {"Idempotency-Key": "1"}
        written = one.upload("classroom_video", PNG, headers=headers)
        for answer in (read, written):
            assert answer.status_code == 503, answer.text
            assert answer.headers["retry-after"]
        cluster.start("mcledger")
        for _ in range(10):  # connections that died in the pools are found out one by one
            again = one.upload("classroom_video", PNG, headers=headers)
            if again.status_code != 503:
                break
        assert again.status_code == 201, again.text
        assert world.client.get("/readyz").status_code == 200
