"""`mcledger policy` on a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app
from api.edge import open_ledger
from api.problems import PositionUnknownError
from ledger.application import Call
from ledger.commands.organization import register_district
from ledger.rules.policy_file import PolicyFileError
from projections.database import Database
from projections.lanes import catch_up
from projections.registry import PROJECTIONS
from tests.samples import MONDAY, OPERATOR, named

Run = Callable[..., Result]
MINUTE = ("--board-reference", "Minute 7", "--adopted-on", "2024-06-01")


@pytest.fixture
def district(database_url: str) -> str:
    call = Call(caller_id=OPERATOR, command_id=named("call"), body_hash=bytes(32), at=MONDAY)
    with open_ledger(database_url) as ledger:
        return str(register_district(ledger, call, name="Here", zone="America/New_York").stream)


@pytest.fixture
def run(database_url: str, district: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")

    def run(*words: str, refused: type[Exception] | None = None) -> Result:
        result = CliRunner().invoke(app, ["policy", *words])
        assert type(result.exception) is refused if refused else result.exit_code == 0, result
        return result

    return run


def newest(url: str) -> int | None:
    """The newest position of the log; the district is at 1."""
    with open_ledger(url) as ledger:
        return ledger.recorder.max_notification_id()


def test_all_that_ships_is_listed_with_its_sources() -> None:
    lines = CliRunner().invoke(app, ["policy", "list", "--shipped", "--json"]).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert len({row["policy"].split("/")[0] for row in rows}) == 26
    assert all(row["sources"] for row in rows)
    (lane,) = [row for row in rows if row["policy"] == "I2/lane"]
    assert lane["rule"]["trigger"]["sources"][0]["issuer_ids"] == ["@association"]
    assert list(lane["names"]) == ["association"]
    shown = CliRunner().invoke(app, ["policy", "list", "--shipped"]).stdout
    assert "I10/bonus 2023-07-01 Bonus for staying 6 and 12 months" in shown


def test_rules_are_loaded_once_and_listed_as_adopted(
    run: Run, district: str, database_url: str
) -> None:
    load = ("load", "I10", "I21", "--district", district, *MINUTE)
    assert "2 of 2" in run(*load).stdout
    assert "0 of 2" in run(*load).stdout
    catch_up(Database(database_url), [PROJECTIONS])
    lines = run("list", "--district", district, "--json").stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert sorted(row["title"] for row in rows) == [
        "Bonus for staying 6 and 12 months",
        "Stipend for days of training",
    ]
    assert {row["board_reference"] for row in rows} == {"Minute 7"}
    first = run("list", "--district", district, "--as-of", str(newest(database_url)))
    assert len(first.stdout.splitlines()) == 2
    assert run("list", "--district", district, "--as-of", "1").stdout == ""
    assert run("list", "--district", district, "--as-of", "2001-01-01").stdout == ""
    late = ("list", "--district", district, "--as-of", "1000000")
    run(*late, refused=PositionUnknownError)
    assert run("list", "--district", district, "--effective-on", "2001-01-01").stdout == ""
    both = run("list", "--district", district, "--effective-on", "2025-01-01").stdout
    assert len(both.splitlines()) == 2
    run("list", "--shipped", "--as-of", "1", refused=SystemExit)


def test_nothing_is_adopted_without_a_minute(run: Run, district: str, database_url: str) -> None:
    error = run("load", "I10", "--district", district, refused=PolicyFileError).exception
    assert "I10-milestone-bonus.toml: board_reference: the minute" in str(error)
    assert newest(database_url) == 1


def test_a_flaw_in_one_file_loads_none_and_is_named(
    run: Run, district: str, database_url: str, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text(
        """
id = "X1"
name = "Bad"
sources = ["a"]
[[rules]]
key = "one"
title = "One"
zone = "America/Nowhere"
effective_from = 2024-13-01
"""
    )
    words = ("load", "I10", str(bad), "--district", district, *MINUTE)
    error = run(*words, refused=PolicyFileError).exception
    assert "bad.toml:9: TOML: was expected" in str(error)
    bad.write_text(bad.read_text().replace("2024-13-01", "2024-07-01\nbenefit = 'gift'"))
    error = run(*words, refused=PolicyFileError).exception
    assert "bad.toml:8: rules.0.zone: value error, not a time zone" in str(error)
    assert "bad.toml:10: rules.0.benefit: input should be 'one_time'" in str(error)
    assert "bad.toml:5: rules.0.trigger: field required" in str(error)  # its rule begins there
    assert newest(database_url) == 1


def test_what_a_file_calls_by_name_has_to_be_named(run: Run, district: str) -> None:
    error = run("load", "I2", "--district", district, *MINUTE, refused=PolicyFileError).exception
    assert "I02-board-credits.toml:7: names.association: an id for the issuer" in str(error)


def test_a_file_that_is_named_twice_is_no_file_of_two_policies(run: Run, district: str) -> None:
    words = ("load", "I10", "I10", "--district", district, *MINUTE)
    error = run(*words, refused=PolicyFileError).exception
    assert "the files: I10/bonus: one rule of that name among them" in str(error)


def test_a_file_that_is_not_there_is_named(run: Run, district: str) -> None:
    words = ("load", "none.toml", "--district", district, *MINUTE)
    error = run(*words, refused=PolicyFileError).exception
    assert "none.toml: file: a readable file" in str(error)
