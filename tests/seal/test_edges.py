"""The seal over HTTP and on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import Result
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app
from api.settings import Settings
from ledger.seal.leaves import leaf
from ledger.seal.notes import Proof, open_checkpoint
from ledger.seal.reads import SealReads
from ledger.store import migrate
from projections import setup
from tests.database import Server
from tests.seal.conftest import Sealed
from tests.seal.logs import fill, owner

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def client(sealed_server: Sealed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    setup.migrate(sealed_server.url)
    settings = Settings(
        environment="development",
        database_url=sealed_server.url,
        state_folder=tmp_path_factory.mktemp("state"),
    )
    with TestClient(create_app(settings)) as one:
        yield one


def test_anybody_gets_the_newest_checkpoint(client: TestClient, sealed: Sealed) -> None:
    answer = client.get("/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert open_checkpoint(answer.text, [one.key for one in sealed.keys]).size == 1_000


def test_anybody_gets_proofs_and_they_hold(client: TestClient, sealed: Sealed) -> None:
    for row in SealReads(sealed.connection).rows(250, 260):
        answer = client.get(f"/proofs/{row.position}")
        proof = Proof.parse(answer.text)
        assert proof.index == row.position - 1
        assert proof.check(leaf(row), [one.key for one in sealed.keys]).size == 1_000


def test_tiles_are_served_as_static_files_would_be(client: TestClient, sealed: Sealed) -> None:
    rows = SealReads(sealed.connection).rows(1, 1_000)
    whole = client.get("/tile/0/001")
    assert whole.content == b"".join(map(leaf, rows[256:512]))
    assert "immutable" in whole.headers["cache-control"]
    part = client.get("/tile/0/003.p/232")
    assert part.content == b"".join(map(leaf, rows[768:]))
    assert len(client.get("/tile/1/000.p/3").content) == 96


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tile/0/003", 404),
        ("/tile/0/003.p/233", 404),
        ("/tile/0/004.p/1", 404),
        ("/tile/8/000", 404),
        ("/tile/entries/000", 404),
        ("/tile/0/x000/001", 404),
        ("/proofs/0", 422),
        ("/proofs/1001", 404),
        ("/proofs/9223372036854775807", 404),
        ("/proofs/9223372036854775808", 422),
        ("/proofs/x", 422),
    ],
)
def test_what_is_not_there_is_a_problem(client: TestClient, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_what_is_not_sealed_yet_is_to_be_asked_for_again(database_url: str, tmp_path: Path) -> None:
    fill(database_url, 3)
    settings = Settings(environment="development", database_url=database_url, state_folder=tmp_path)
    with TestClient(create_app(settings)) as client:
        for path in ("/checkpoint", "/proofs/3"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["type"] == "/problems/not-sealed-yet"


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(tmp_path))

    def run(*words: str, status: int = 0) -> Result:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == status, (result.output, result.exception)
        return result

    return run


def test_a_log_is_sealed_verified_exported_and_brought_in_from_the_command_line(
    run: Run,
    database_url: str,
    tmp_path: Path,
    database_server: Server,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(database_url, 60)
    run("verify", status=1)
    assert "60 events sealed" in run("seal", "--once").output
    keys, exported = tmp_path / "keys", tmp_path / "log.jsonl"
    keys.write_text(run("seal-keys").output)
    report = json.loads(run("verify", "--json").stdout)
    assert report | {"damages": []} == {
        "sound": True,
        "exit_status": 0,
        "events": 60,
        "sealed": 60,
        "checkpoints": 1,
        "damages": [],
        "structure": [],
    }
    run("export", "log", str(exported))
    assert "sound" in run("verify", str(exported), "--keys", str(keys)).output
    with database_server.database("template0") as elsewhere:
        migrate(elsewhere)
        monkeypatch.setenv("DATABASE_URL", elsewhere)
        run("import", "log", str(exported), "--keys", str(keys))
        assert "60 events, 60 proved" in run("verify", "--keys", str(keys)).output


def test_verify_names_the_damage_and_says_so_by_its_exit_status(
    run: Run, database_url: str, tmp_path: Path
) -> None:
    fill(database_url, 20)
    run("seal", "--once")
    held = tmp_path / "held"
    with owner(database_url) as connection:
        held.write_text(str(SealReads(connection).proof(11)), "utf-8")
        connection.execute("ALTER TABLE ledger_events DISABLE TRIGGER ALL")
        connection.execute("UPDATE ledger_events SET state = '{}' WHERE notification_id = 11")
        found = connection.execute(
            "SELECT originator_id || '/' || originator_version FROM ledger_events"
            " WHERE notification_id = 11"
        ).fetchone()
    assert found is not None
    output = run("verify", "--held", str(held), status=3).output
    assert "state at 11, " in output
    assert str(found[0]) in output
    assert "TAMPERED" in output
    report = json.loads(run("verify", "--json", status=3).stdout)
    assert [(one["kind"], one["first"], one["event_id"]) for one in report["damages"]] == [
        ("state", 11, found[0])
    ]


def test_a_new_key_is_made_on_request_and_both_are_told(run: Run, database_url: str) -> None:
    fill(database_url, 5)
    run("seal", "--once")
    first = run("seal-keys").output.split()
    old, new = run("seal-keys", "--rotate").output.splitlines()
    assert old == f"{first[0]} until 5"
    assert new != first[0]
    fill(database_url, 5, seed=2)
    run("seal", "--once")
    run("verify")


def test_readiness_tells_how_far_the_seal_is_behind(client: TestClient) -> None:
    checks = {check["name"]: check for check in client.get("/readyz").json()["checks"]}
    assert checks["seal"] == {"name": "seal", "ok": True, "detail": "0 events behind"}
