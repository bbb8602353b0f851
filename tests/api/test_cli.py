"""The command line against a real database, as somebody types it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app
from api.settings import SettingsError
from ledger.aggregates.access import AlreadyGrantedError
from projections.rebuild import UnknownProjectionError

MCLEDGER = str(Path(sys.executable).with_name("mcledger"))
Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands over a fresh ledger, in this process."""
    return in_place(database_url, tmp_path, monkeypatch)


def in_place(url: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(folder))

    def run(*words: str, refused: type[Exception] | None = None, exit_code: int = 0) -> Result:
        result = CliRunner().invoke(app, list(words))
        ended = type(result.exception) is refused if refused else result.exit_code == exit_code
        assert ended, result
        return result

    return run


@contextmanager
def serving(*options: str) -> Iterator[httpx2.Client]:
    """`mcledger serve` as a process of its own, on a port that is free."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [MCLEDGER, "serve", "--port", str(port), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
                wait_until_ready(client, process)
                yield client
        finally:
            process.send_signal(signal.SIGTERM)
            _, told = process.communicate(timeout=60)
    assert "Traceback" not in told
    for line in told.splitlines():
        assert json.loads(line), "a log line that is not JSON"


def wait_until_ready(client: httpx2.Client, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError("the server did not become ready")


@pytest.mark.parametrize(
    "workers",
    [pytest.param(1, id="one process"), pytest.param(2, id="two", marks=pytest.mark.long)],
)
def test_a_first_operator_is_granted_and_served(workers: int, run: Run) -> None:
    operator = str(uuid4())
    run("grant", operator, "operator")
    token = run("token", operator).stdout.strip()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "1"}
    with serving("--with-projector", "--workers", str(workers)) as client:
        body = {"name": "District", "zone": "America/Chicago"}
        made = client.post("/v1/districts", json=body, headers=headers)
        assert made.status_code == 201, made.text
        position = made.json()["position"]
        shown = client.get("/v1/districts", params={"min_position": position}, headers=headers)
        assert [one["name"] for one in shown.json()["items"]] == ["District"]
        assert "uvicorn" not in shown.headers.get("server", "")


def test_rebuild_and_check_say_that_the_views_are_what_the_log_says(run: Run) -> None:
    run("grant", str(uuid4()), "operator")
    assert "up to position 1" in run("rebuild", "--workers", "1").stdout
    assert "history: equal at 1" in run("check", "history", "--workers", "1").stdout


def test_every_table_has_its_class(run: Run) -> None:
    listed = json.loads(run("tables", "--json").stdout)
    assert {entry["class"] for entry in listed} <= {"evidence", "derived", "vault", "cache"}
    assert {"evidence", "derived", "vault"} <= {entry["class"] for entry in listed}
    assert all(set(entry) == {"name", "class"} for entry in listed)


def test_what_the_ledger_refuses_is_refused(run: Run) -> None:
    operator = str(uuid4())
    run("grant", operator, "operator")
    run("grant", operator, "operator", refused=AlreadyGrantedError)
    run("rebuild", "nothing", refused=UnknownProjectionError)


def test_production_mints_no_token(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "production")
    refused = run("token", str(uuid4()), refused=SettingsError)
    assert not refused.stdout


def test_a_ledger_is_migrated_once_and_a_refusal_is_one_sentence(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = in_place(empty_database_url, tmp_path, monkeypatch)
    command = [MCLEDGER, "grant", str(uuid4()), "operator"]
    refused = subprocess.run(
        command, env=os.environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.startswith("mcledger: ")
    assert "mcledger migrate" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert run("migrate").stdout == run("migrate").stdout
    run("grant", str(uuid4()), "operator")
