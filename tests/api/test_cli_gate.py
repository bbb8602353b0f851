"""No command writes to a ledger that its witnesses do not let write; looking goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from api.witnesses import WitnessesSilentError
from ledger.seal.reads import SealReads
from ledger.seal.witness_folder import WitnessFolder
from tests.api.test_cli import Run, in_place
from tests.seal.logs import owner
from tests.seal.witnesses import witness_folder

SOMEBODY = str(uuid4())
ME = ("--principal", SOMEBODY)
TODAY = datetime.now(UTC).date().isoformat()  # noqa: TID251 - no day of a ledger
MINUTE = ("--board-reference", "Minute 7", "--adopted-on", TODAY)
WRITES = [  # at least one of those that open the ledger alike
    ("grant", SOMEBODY, "operator"),
    ("person", "erase", SOMEBODY, "--reason", "subject-request"),
    ("retention", "run"),
    ("keys", "drop", SOMEBODY),
    ("payroll", "close", "--district", SOMEBODY, "--pay-date", TODAY, *ME),
    ("payroll", "approve", SOMEBODY, *ME),
    ("payroll", "export", SOMEBODY, *ME),
    ("import", "oneroster", "a file", "--zone", "America/Chicago"),
    ("import", "record", "a file", "--person", SOMEBODY, "--district", SOMEBODY),
    ("records", "recheck"),
    ("records", "issue"),
    ("records", "reissue", "--all"),
    ("records", "rotate-key"),
    ("records", "distrust-key", "zKey", "--since", TODAY),
    ("equivalency", "load"),
    ("policy", "load", "I2", "--district", SOMEBODY, "--name", f"association={SOMEBODY}", *MINUTE),
]
LOOKS = [
    ("keys", "list"),
]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Over a ledger that one witness has to let write, and nobody answers for it."""
    folder = witness_folder(tmp_path / "witness", name="witness.example/gone")
    key = WitnessFolder(folder).key().verifier
    (tmp_path / "witnesses").write_text(f"{key} http://127.0.0.1:9\n")
    (tmp_path / "a file").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MCLEDGER_WITNESSES_FILE", str(tmp_path / "witnesses"))
    monkeypatch.setenv("MCLEDGER_WITNESS_QUORUM", "1")
    return in_place(database_url, tmp_path, monkeypatch)


def test_commands_that_write_are_refused_and_those_that_look_are_not(
    run: Run, database_url: str
) -> None:
    for command in WRITES:
        refused = run(*command, refused=WitnessesSilentError)
        assert isinstance(refused.exception, WitnessesSilentError), command
    for command in LOOKS:
        assert run(*command).exit_code == 0, command
    with owner(database_url) as connection:
        assert SealReads(connection).last_position() == 0, "nothing was written"
