"""A ledger and its witnesses, each over real HTTP: what is written, what is refused, and why."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from api.app import create_app
from api.auth import mint_development_token
from api.cli import app
from api.settings import Settings, SettingsError
from api.witnesses import named_witnesses
from ledger.seal.keys import FileLogSigner
from ledger.seal.leaves import leaf
from ledger.seal.notes import Note, Proof
from ledger.seal.reads import SealReads
from ledger.seal.trusted_keys import SealKeyError
from ledger.seal.witness_client import parse_witness_keys, parse_witnesses
from ledger.seal.witness_collector import Collector
from ledger.seal.witness_folder import WitnessFolder
from ledger.seal.witness_http import exchange
from ledger.store import Role, connection_info
from projections import setup
from tests.database import Server
from tests.seal.logs import examined, fill, owner, rewrite_tree, tampered
from tests.seal.witnesses import (
    MCLEDGER,
    HttpProcess,
    WitnessProcess,
    clean_environment,
    until,
    witness_folder,
)

ORIGIN = "mcledger-development"  # the default of the settings
AT_ONCE = 0.05


class Site(NamedTuple):
    """One ledger that is sealed from the command line, and two witnesses in processes."""

    url: str
    state: Path
    witnesses: tuple[WitnessProcess, WitnessProcess]
    run: Callable[..., str]

    @property
    def list(self) -> Path:
        return self.state / "witnesses"

    def settings(self, url: str | None = None, **changed: Any) -> Settings:
        return Settings(
            environment="development",
            database_url=url or self.url,
            state_folder=self.state,
            witnesses_file=self.list,
            witness_seconds=AT_ONCE,
            **changed,
        )

    def served(self, url: str | None = None, **changed: Any) -> TestClient:
        setup.migrate(url or self.url)
        return TestClient(create_app(self.settings(url, **changed)))

    def held(self, which: int) -> int:
        newest = WitnessFolder(self.witnesses[which].folder).newest(ORIGIN)
        return newest[0].size if newest else 0


@pytest.fixture(scope="module")
def witness_processes(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[WitnessProcess, WitnessProcess]]:
    folder = tmp_path_factory.mktemp("witnesses")
    district = witness_folder(folder / "district", name="witness.example/district")
    state = witness_folder(folder / "state", name="witness.example/state")
    with WitnessProcess(district) as first, WitnessProcess(state) as second:
        yield first, second


@pytest.fixture
def site(
    database_url: str,
    tmp_path: Path,
    witness_processes: tuple[WitnessProcess, WitnessProcess],
    monkeypatch: pytest.MonkeyPatch,
) -> Site:
    """Sixty events, sealed and cosigned."""
    state = tmp_path / "state"
    state.mkdir()
    (state / "witnesses").write_text("".join(one.line for one in witness_processes))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(state))
    monkeypatch.setenv("MCLEDGER_WITNESSES_FILE", str(state / "witnesses"))

    def run(*words: str | Path, status: int = 0) -> str:
        result = CliRunner().invoke(app, [str(word) for word in words])
        assert result.exit_code == status, (result.output, result.exception)
        return result.output

    trusted = FileLogSigner(state / "seal-keys", ORIGIN).trusted
    for one in witness_processes:
        for kept in [*one.folder.glob("*.checkpoint"), *one.folder.glob("*.roots")]:
            kept.unlink()
        WitnessFolder(one.folder).pin(trusted)
    fill(database_url, 60)
    made = Site(database_url, state, witness_processes, run)
    assert "2 witnesses have cosigned" in run("seal", "--once")
    return made


@pytest.fixture
def connection(site: Site) -> Iterator[psycopg.Connection[Any]]:
    with owner(site.url) as one:
        yield one


def write(client: TestClient) -> Any:
    """A write that is refused for who calls, unless it is refused before for the log's sake."""
    application: Any = client.app
    token = mint_development_token(application.state.settings, uuid4())
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    body = {"name": "Sample District", "zone": "America/Chicago"}
    return client.post("/v1/districts", json=body, headers=headers)


def readiness(client: TestClient) -> dict[str, Any]:
    checks = {check["name"]: check for check in client.get("/readyz").json()["checks"]}
    found: dict[str, Any] = checks["witnesses"]
    return found


def test_checkpoints_and_proofs_carry_what_witnesses_have_signed(
    site: Site, connection: psycopg.Connection[Any]
) -> None:
    keys = parse_witness_keys(site.list.read_text())
    with site.served() as client:
        for note in (
            client.get("/checkpoint").text,
            Proof.parse(client.get("/proofs/7").text).checkpoint,
        ):
            assert Note.parse(note).signers(keys) == list(keys)
        fill(site.url, 5, seed=2)
        site.witnesses[1].process.send_signal(signal.SIGSTOP)
        try:
            before = site.list.read_text()
            site.list.write_text(site.witnesses[0].line)
            assert "1 witnesses have cosigned" in site.run("seal", "--once")
            site.list.write_text(before)
        finally:
            site.witnesses[1].process.send_signal(signal.SIGCONT)
        assert Note.parse(client.get("/checkpoint").text).signers(keys) == [keys[0]]
        # The one that both have signed is worth more, as far as it goes.
        both = Proof.parse(client.get("/proofs/7").text)
        assert Note.parse(both.checkpoint).signers(keys) == list(keys)
        row = SealReads(connection).rows(63, 63)[0]
        proof = Proof.parse(client.get("/proofs/63").text)
        trusted = FileLogSigner(site.state / "seal-keys", ORIGIN).trusted
        assert proof.check(leaf(row), [one.key for one in trusted]).size == 65


def test_what_the_witnesses_hold_lets_a_ledger_write(site: Site) -> None:
    with site.served(witness_quorum=2) as client:
        assert write(client).status_code == 403
        found = readiness(client)
        assert (found["ok"], found["detail"]) == (True, "2 of 2 answer")


def test_a_restored_backup_is_not_written_to_and_says_by_how_many_events_it_is_behind(
    site: Site, database_server: Server
) -> None:
    with database_server.database(urlsplit(site.url).path[1:]) as restored:
        fill(site.url, 25, seed=2)
        site.run("seal", "--once")
        with site.served(restored) as client:
            answer = write(client)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert answer.json()["type"] == "/problems/log-behind-witnesses"
            assert "the log ends at position 60" in answer.json()["detail"]
            assert "it is behind by 25 events" in answer.json()["detail"]
            found = readiness(client)
            assert not found["ok"]
            assert "behind by 25 events" in found["detail"]
            # Reads go on.
            assert client.get("/checkpoint").status_code == 200
            assert client.get("/proofs/60").status_code == 200
            # And once the log is whole again, so do writes.
            fill(restored, 25, seed=2)
            different = until(lambda: "contradicts" in write(client).json()["type"])
            assert different, "the same number of other events is another log"
    with site.served() as client:
        assert write(client).status_code == 403


@pytest.mark.long
def test_a_drill_in_which_everything_is_a_process(site: Site, database_server: Server) -> None:
    """Sealer, ledger and two witnesses, and a copy of the database that takes the log's place."""
    environment = {
        "MCLEDGER_ENVIRONMENT": "development",
        "MCLEDGER_STATE_FOLDER": str(site.state),
        "MCLEDGER_WITNESSES_FILE": str(site.list),
        "MCLEDGER_WITNESS_QUORUM": "2",
    }
    with database_server.database(urlsplit(site.url).path[1:]) as copy:
        sealing = subprocess.Popen(
            [MCLEDGER, "seal", "--seconds", "0.05"],
            env=clean_environment(environment | {"DATABASE_URL": site.url}),
            stderr=subprocess.DEVNULL,
        )
        try:
            fill(site.url, 25, seed=2)
            until(lambda: site.held(0) == site.held(1) == 85)
        finally:
            sealing.kill()
            sealing.wait()
        setup.migrate(copy)
        with HttpProcess("serve", environment=environment | {"DATABASE_URL": copy}) as ledger:
            token = mint_development_token(site.settings(), uuid4())
            request = urllib.request.Request(
                f"{ledger.url}/v1/districts",
                data=b"{}",
                headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            )
            request.add_header("Idempotency-Key", "k")
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(request, timeout=60)
            with refused.value as answer:
                problem = json.load(answer)
            assert (refused.value.code, problem["type"]) == (503, "/problems/log-behind-witnesses")
            assert "it is behind by 25 events" in problem["detail"]
            assert exchange(f"{ledger.url}/checkpoint", seconds=60).status == 200


def test_a_log_that_went_another_way_is_not_written_to(
    site: Site, connection: psycopg.Connection[Any]
) -> None:
    with site.served() as client:
        assert write(client).status_code == 403
        connection.execute("ALTER TABLE seal_tiles DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE seal_tiles SET hashes = overlay(hashes PLACING '\\x00' FROM 1 FOR 1)"
            " WHERE level = 0"
        )
        until(lambda: write(client).status_code == 503)
        assert write(client).json()["type"] == "/problems/log-contradicts-witnesses"


def test_a_witness_that_is_not_reached_is_told_and_no_more_unless_it_has_to_answer(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    gone = site.witnesses[1]
    port = gone.port
    gone.stop()
    try:
        with site.served(witness_quorum=1) as client:
            assert write(client).status_code == 403
            found = readiness(client)
            assert found["ok"]
            assert "1 of 2 answer; witness.example/state does not" in found["detail"]
            assert "witness witness.example/state is not reached" in caplog.text
        with site.served(witness_quorum=2) as client:
            answer = write(client)
            assert answer.json()["type"] == "/problems/witnesses-silent"
            assert "1 of 2 witnesses answer, and 2 have to" in answer.json()["detail"]
            assert client.get("/checkpoint").status_code == 200
            gone.port = port
            gone.start()
            until(lambda: write(client).status_code == 403)
    finally:
        if gone.process.poll() is not None:
            gone.start()


@pytest.mark.long
def test_a_witness_that_is_killed_before_it_answers_has_stored_or_has_not_signed(
    site: Site, connection: psycopg.Connection[Any]
) -> None:
    """It is stopped in the middle of a request, killed, and started again."""
    first = site.witnesses[0]
    for turn in range(2):
        fill(site.url, 5, seed=turn + 2)
        size = 65 + 5 * turn
        first.process.send_signal(signal.SIGSTOP)
        site.list.write_text(first.line)
        sealing = Thread(target=site.run, args=("seal", "--once"))
        sealing.start()
        until(lambda size=size: (SealReads(connection).last_checkpoint() or (0,))[0] == size)
        if turn == 1:  # it may go on for as long as it takes to store
            first.process.send_signal(signal.SIGCONT)
            until(lambda size=size: site.held(0) == size)
        first.stop()
        sealing.join()
        first.start()
        # Whatever came of it: what is signed is held, and the rest is signed when asked again.
        assert site.held(0) >= (size if turn == 1 else size - 5)
        site.run("seal", "--once")
        assert site.held(0) == size
        lines = connection.execute(
            "SELECT count(*) FROM seal_cosignatures WHERE size = %s", [size]
        ).fetchone()
        assert lines == (1,)


def test_a_stranger_who_answers_for_a_witness_is_not_believed(site: Site, tmp_path: Path) -> None:
    stranger = witness_folder(tmp_path / "stranger", name="witness.example/district")
    key = WitnessFolder(stranger).key().verifier
    site.list.write_text(f"{key} {site.witnesses[0].url}\n")
    with site.served(witness_quorum=1) as client:
        assert write(client).json()["type"] == "/problems/witnesses-silent"
        assert "not one that its key has signed" in readiness(client)["detail"]
    fill(site.url, 5, seed=2)
    assert "0 witnesses have cosigned" in site.run("seal", "--once")


def test_collecting_goes_on_beside_sealing(
    site: Site, connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo = connection_info(site.url, Role.PROJECT)
    collector = Collector(conninfo, named_witnesses(site.settings()), seconds=0.01)
    stop = Event()
    thread = Thread(target=collector.run, args=(stop,))
    thread.start()
    try:
        monkeypatch.delenv("MCLEDGER_WITNESSES_FILE")
        for turn in (1, 2):
            fill(site.url, 5, seed=turn + 1)
            assert "cosigned" not in site.run("seal", "--once"), "who seals asks nobody here"
            until(lambda size=60 + 5 * turn: site.held(0) == site.held(1) == size)
    finally:
        stop.set()
        thread.join()
    kept = connection.execute(
        "SELECT size, count(*) FROM seal_cosignatures WHERE size > 60 GROUP BY size ORDER BY size"
    ).fetchall()
    assert kept == [(65, 2), (70, 2)], "what both have signed is kept, of each checkpoint"


def test_verify_checks_what_trusted_witnesses_have_signed(
    site: Site, connection: psycopg.Connection[Any]
) -> None:
    said = json.loads(site.run("verify", "--witnesses", site.list, "--json").splitlines()[-1])
    assert said["witnessed"] == {"witness.example/district": 60, "witness.example/state": 60}
    assert "has cosigned up to 60" in site.run("verify", "--witnesses", site.list)
    exported = site.state / "log.jsonl"
    site.run("export", "log", exported)
    assert "up to 60" in site.run("verify", exported, "--witnesses", site.list)
    trusted = FileLogSigner(site.state / "seal-keys", ORIGIN).trusted
    keys = parse_witness_keys(site.list.read_text())
    # The whole log written anew and signed with the right key: the witnesses have not signed that.
    signer = FileLogSigner(site.state / "seal-keys", ORIGIN)
    with tampered(connection, "UPDATE ledger_events SET state = '{}' WHERE notification_id = 9"):
        connection.execute("ALTER TABLE seal_cosignatures DISABLE TRIGGER ALL")
        rewrite_tree(connection, signer._keys[-1][0])
        assert examined(connection, trusted).exit_status == 0
        found = examined(connection, trusted, witnesses=keys)
        assert found.exit_status == 3
        assert "witness.example" in found.damages[0].detail
        connection.execute("DELETE FROM seal_cosignatures")
        assert examined(connection, trusted, witnesses=keys).exit_status == 1


def test_an_imported_log_keeps_what_witnesses_have_signed(
    site: Site, database_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = site.state / "log.jsonl"
    site.run("export", "log", exported)
    with database_server.database(database_server.template) as elsewhere:
        monkeypatch.setenv("DATABASE_URL", elsewhere)
        site.run("import", "log", exported)
        again = site.state / "again.jsonl"
        site.run("export", "log", again)
        assert again.read_bytes() == exported.read_bytes()
        with owner(site.url) as here, owner(elsewhere) as there:
            for table in ("seal_cosignatures", "seal_checkpoints"):
                query = f"SELECT * FROM {table} ORDER BY 1, 2"
                assert here.execute(query).fetchall() == there.execute(query).fetchall()


@pytest.mark.parametrize(
    "text", ["", "no key https://x", "witness.example+00000000+AAAA https://x"]
)
def test_what_is_no_list_of_witnesses_is_refused(text: str) -> None:
    with pytest.raises(SealKeyError):
        parse_witnesses(text)


def test_a_list_of_witnesses_has_keys_that_cosign_each_once_with_an_address(site: Site) -> None:
    first = site.witnesses[0].line
    for wrong in (first + first, first.split()[0], f"{first.split()[0]} nowhere"):
        with pytest.raises(SealKeyError):
            parse_witnesses(wrong)
    log_key = FileLogSigner(site.state / "seal-keys", ORIGIN).trusted[0]
    with pytest.raises(SealKeyError, match="not a key to cosign with"):
        parse_witnesses(f"{log_key} https://x")


def test_settings_that_ask_for_more_witnesses_than_there_are_do_not_start(site: Site) -> None:
    with pytest.raises(SettingsError, match="is 3, and MCLEDGER_WITNESSES_FILE names 2"):
        named_witnesses(site.settings(witness_quorum=3))
    site.list.unlink()
    with pytest.raises(SettingsError, match="FileNotFoundError"):
        named_witnesses(site.settings())
