"""The command line against a real database, as somebody types it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest


def environment(url: str, folder: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "MCLEDGER_ENVIRONMENT": "development",
        "MCLEDGER_STATE_FOLDER": str(folder),
    }


def run(given: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("mcledger")), *words],
        env=dict(given),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture
def given(empty_database_url: str, tmp_path: Path) -> dict[str, str]:
    """A fresh database, migrated by the command itself."""
    found = environment(empty_database_url, tmp_path)
    done = run(found, "migrate")
    assert done.returncode == 0, done.stderr
    return found


@contextmanager
def serving(given: Mapping[str, str], *options: str) -> Iterator[httpx2.Client]:
    """`mcledger serve` as a process of its own, on a port that is free."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("mcledger")), "serve", "--port", str(port)]
    with subprocess.Popen(
        [*command, *options], env=dict(given), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                wait_until_ready(client)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=30)
    assert process.returncode in {0, -signal.SIGTERM}, told
    assert "Traceback" not in told
    for line in told.splitlines():
        assert json.loads(line), "a log line that is not JSON"


def free_port() -> int:

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_until_ready(client: httpx2.Client) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server did not become ready")


@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["one process", "two"])
def test_a_first_operator_is_granted_and_serves_herself(
    options: tuple[str, ...], given: dict[str, str]
) -> None:
    operator = str(uuid4())
    assert run(given, "grant", operator, "operator").returncode == 0
    token = run(given, "token", operator).stdout.strip()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "1"}
    with serving(given, "--with-projector", *options) as client:
        body = {"name": "District", "zone": "America/Chicago"}
        made = client.post("/v1/districts", json=body, headers=headers)
        assert made.status_code == 201, made.text
        position = made.json()["position"]
        shown = client.get("/v1/districts", params={"min_position": position}, headers=headers)
        assert [one["name"] for one in shown.json()["items"]] == ["District"]
        assert shown.headers["server"] != "uvicorn" if "server" in shown.headers else True


def test_rebuild_and_check_say_that_the_views_are_what_the_log_says(given: dict[str, str]) -> None:
    run(given, "grant", str(uuid4()), "operator")
    rebuilt = run(given, "rebuild")
    assert rebuilt.returncode == 0, rebuilt.stderr
    assert "up to position 1" in rebuilt.stdout
    checked = run(given, "check", "history")
    assert checked.returncode == 0, checked.stderr
    assert "history: equal at 1" in checked.stdout


def test_every_table_has_its_class(given: dict[str, str]) -> None:
    listed = json.loads(run(given, "tables", "--json").stdout)
    assert {entry["class"] for entry in listed} <= {"evidence", "derived", "vault", "cache"}
    assert {"evidence", "derived", "vault"} <= {entry["class"] for entry in listed}
    assert all(set(entry) == {"name", "class"} for entry in listed)


def test_a_refusal_is_one_sentence(given: dict[str, str]) -> None:
    operator = str(uuid4())
    run(given, "grant", operator, "operator")
    again = run(given, "grant", operator, "operator")
    assert again.returncode == 1
    assert again.stderr.startswith("mcledger: ")
    assert "[already-granted]" in again.stderr
    assert len(again.stderr.splitlines()) == 1
    assert run(given, "rebuild", "nothing").returncode == 1


def test_production_mints_no_token(given: dict[str, str], tmp_path: Path) -> None:
    refused = run({**given, "MCLEDGER_ENVIRONMENT": "production"}, "token", str(uuid4()))
    assert refused.returncode == 1
    assert "MCLEDGER_TOKEN_KEYS_FILE" in refused.stderr
    assert not refused.stdout


def test_a_ledger_that_is_not_migrated_is_not_served(
    empty_database_url: str, tmp_path: Path
) -> None:
    refused = run(environment(empty_database_url, tmp_path), "serve", "--port", "0")
    assert refused.returncode != 0
    assert "mcledger migrate" in refused.stderr
