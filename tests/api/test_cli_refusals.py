"""Whatever is typed wrong is one sentence that says what, and an exit status that is not 0."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from api.cli import _refusal, main
from api.demo.run import DATABASE, free_port, fresh_database
from ledger.errors import UnavailableError
from tests.database import Server

SOMEBODY = str(uuid4())
TOKEN = ("--token-file", "{bytes}")
SPAN = ("--since", "1", "--until", "2")
Said = tuple[str, ...]


def refusal(monkeypatch: pytest.MonkeyPatch, words: Said) -> str:
    """What `mcledger` ends with."""
    monkeypatch.setattr(sys, "argv", ["mcledger", *words])
    with pytest.raises(SystemExit) as ended:
        main()
    said = ended.value.code
    assert isinstance(said, str), "neither success nor wrong usage"
    assert said.startswith("mcledger: "), said
    assert len(said.splitlines()) == 1, said
    return said


@pytest.fixture(autouse=True)
def development(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(tmp_path / "state"))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("postgresql://nobody@127.0.0.1:1/nowhere", "the database: connection failed"),
        ("mysql://me:hunter2@there/it", "DATABASE_URL is no address of a PostgreSQL"),
    ],
)
@pytest.mark.parametrize("words", [("migrate",), ("tables",), ("check",), ("verify",)])
def test_a_database_that_is_not_there_is_told_without_its_password(
    words: Said, address: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", address)
    told = refusal(monkeypatch, words)
    assert said in told
    assert "hunter2" not in told


@pytest.mark.parametrize("words", [("check",), ("rebuild",), ("parked",)])
def test_a_database_without_tables_is_told_as_one(
    words: Said, database_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database_server.database("template0") as url:
        monkeypatch.setenv("DATABASE_URL", url)
        assert "mcledger migrate" in refusal(monkeypatch, words)


def test_a_server_that_never_had_a_ledger_is_told_as_one() -> None:
    failed = 'connection failed: FATAL:  role "{}" does not exist'
    ours, another = (
        _refusal(psycopg.OperationalError(failed.format(role)))
        for role in ("ledger_project", "ledger_api_login")
    )
    assert ours is not None
    assert "mcledger migrate" in ours.detail
    assert another is not None
    assert "ledger_api_login" in another.detail


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("transcript", SOMEBODY, *TOKEN), "bytes is not a text file [invalid-request]"),
        (("changes", *SPAN, "--person", SOMEBODY, *TOKEN), "bytes is not a text file"),
        (("export", "log", "{nowhere}/log"), "nowhere/log"),
        (("records", "rotate-key", "--issuer", SOMEBODY), "[not-found]"),
        (("grant", SOMEBODY, "operator", "--scope", SOMEBODY), "[scope-refused]"),
        (("equivalency", "list", "--jurisdiction", "\udcff"), "no text [invalid-request]"),
    ],
)
def test_what_is_typed_wrong_is_named(
    words: Said, said: str, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    (tmp_path / "bytes").write_bytes(b"\xff\x00")
    places = {"bytes": str(tmp_path / "bytes"), "nowhere": str(tmp_path / "nowhere")}
    assert said in refusal(monkeypatch, tuple(word.format(**places) for word in words))


@pytest.mark.parametrize(
    "words",
    [
        ("seal", "--once", "--seconds", "nan"),
        ("witness", "--folder", "{folder}", "--follow", "inf"),
        ("backup", "list", "{folder}/nowhere"),
        ("restore", "{folder}/nowhere"),
    ],
)
def test_what_no_command_can_use_is_wrong_usage(
    words: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["mcledger", *(one.format(folder=tmp_path) for one in words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2


def test_a_demo_neither_ends_another_one_nor_asks_a_server_that_is_not_its_own(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    with fresh_database() as url, psycopg.connect(url) as playing:
        with pytest.raises(UnavailableError, match="a demo is running"), fresh_database():
            pytest.fail("the other one's database is gone")
        assert playing.execute("SELECT current_database()").fetchone() == (DATABASE,)
    with fresh_database():
        pass  # that it is over is seen
    taken = free_port()
    with socket.create_server(("127.0.0.1", taken)), pytest.raises(UnavailableError, match="port"):
        free_port(taken)


def test_a_damaged_page_is_said_in_a_sentence() -> None:
    """Any command may meet one; what the server says names the file and the block."""
    said = _refusal(psycopg.errors.DataCorrupted("invalid page in block 7 of relation base/5/16"))
    assert said is not None
    assert (said.slug, said.detail) == (
        "database-damaged",
        "the database: invalid page in block 7 of relation base/5/16",
    )
