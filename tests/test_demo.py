"""The demo runs as a newcomer runs it: one command, real processes, and it proves itself."""

import os
import signal
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import psycopg
import pytest

from api.demo.run import DATABASE, environment_of, exports

ROOT = Path(__file__).parent.parent
OF_THE_DEMO = "SELECT FROM pg_database WHERE datname = %s"


@pytest.mark.timeout(240)
def test_the_demo_plays_a_year_prints_it_and_finds_live_tables_equal_to_rebuilt_ones(
    database_url: str,
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "demo", "--serve"],
        env={**os.environ, "DATABASE_URL": database_url, "COLUMNS": "200"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None, "it is a pipe"
        lines = list(takewhile(lambda line: line != "Ctrl-C ends it.\n", demo.stdout))
        demo.send_signal(signal.SIGTERM)  # as whoever runs it in the background ends it
        assert demo.wait() == 0, "".join(lines)
    with psycopg.connect(database_url) as connection:
        assert not connection.execute(OF_THE_DEMO, [DATABASE]).fetchall(), "it goes"
    told = " ".join(" ".join(lines).split())
    for said in (
        "Live tables = tables rebuilt from the log: yes",
        "100 %",  # a stack completed
        "60 of 60 us-tn:PDP, met, renewed",  # a license
        "exchanged",  # the award that a course was given for
        "notice to HR",  # base pay is no payroll item
        "budget exhausted",  # the stipend of who came too late
        "award revoked",
        "not employed on award date",  # what was earned before the move
        "The record is what its issuer signed, and it holds.",
    ):
        assert said in told


@pytest.mark.timeout(120)
def test_a_demo_that_is_ended_while_it_plays_leaves_nothing(
    database_url: str, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "from api.cli import main; main()", "demo"],
        env={**os.environ, "DATABASE_URL": database_url, "TMPDIR": str(tmp_path)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout is not None, "it is a pipe"
        assert "importing" in demo.stdout.readline(), "its server runs"
        demo.send_signal(signal.SIGTERM)
        assert demo.wait() != 0
    with psycopg.connect(database_url) as connection:
        assert not connection.execute(OF_THE_DEMO, [DATABASE]).fetchall()
    assert list(tmp_path.iterdir()) == []


def test_the_settings_that_are_printed_are_what_a_shell_takes_in() -> None:
    settings = environment_of(
        "postgresql://me@/demo?host=%2Ftmp&port=5", Path("/tmp/a $folder's"), 8000
    )
    said = subprocess.run(
        ["/bin/sh", "-c", f"{exports(settings)}\nenv"],
        env={},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert {f"{name}={value}" for name, value in settings.items()} <= set(said)
    assert "MCLEDGER_EVIDENCE_FOLDER=/tmp/a $folder's/evidence" in said


def test_a_server_that_looks_at_its_revision_logs_nothing_of_the_library_that_keeps_it() -> None:
    looks = "from ledger.store import head_level; head_level(); import alembic.autogenerate"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from api import logs; logs.configure(in_development=True); {looks}",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
