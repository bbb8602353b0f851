"""`mcledger import oneroster` on a real database."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.imports.flaws import FileRefusedError
from api.imports.oneroster import TooManyEndingsError
from tests.imports.rosters import GRAND_BEND, people, role, roster


@pytest.fixture(autouse=True)
def _settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_ROOT_KEY_FILE", str(tmp_path / "root-keys"))
    monkeypatch.setenv("MCLEDGER_EVIDENCE_FOLDER", str(tmp_path / "evidence"))


def imports(path: Path, *options: str) -> Result:
    command = ["import", "oneroster", str(path), "--zone", "America/Chicago", *options]
    return CliRunner().invoke(app, command)


def test_a_roster_is_imported_once() -> None:
    first, again = imports(GRAND_BEND), imports(GRAND_BEND)
    assert first.exit_code == again.exit_code == 0, first.output
    assert "68 persons registered, 69 employments started, 0 changed, 0 ended" in first.stdout
    assert "141 of 141 rows changed nothing" in again.stdout


def test_what_was_skipped_is_said(tmp_path: Path) -> None:
    users, roles = people(2)
    path = roster(tmp_path / "z", users=users, roles=[roles[0], role("r1", "u1", role="student")])
    assert "skipped: 1 of role student" in imports(path).stdout


def test_every_flaw_is_named_and_nothing_is_stored(tmp_path: Path) -> None:
    users, _ = people(2)
    roles = [role("r0", "u0", beginDate="x"), role("r1", "u9")]
    refused = imports(roster(tmp_path / "z", users=users, roles=roles))
    assert isinstance(refused.exception, FileRefusedError)
    assert "roles.csv row 2 beginDate" in refused.stderr
    assert "roles.csv row 3 userSourcedId" in refused.stderr
    assert imports(GRAND_BEND).exit_code == 0


def test_endings_have_to_be_allowed(tmp_path: Path) -> None:
    users, roles = people(3)
    imports(roster(tmp_path / "y", users=users, roles=roles))
    fewer = roster(tmp_path / "z", users=users, roles=roles[1:])
    assert isinstance(imports(fewer).exception, TooManyEndingsError)
    assert "1 ended" in imports(fewer, "--allow-endings", "1").stdout


def test_a_file_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    assert imports(tmp_path / "none.zip").exit_code == 2
