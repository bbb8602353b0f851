"""Upkeep from the command line: evidence that is checked and swept, events that are parked."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from ledger.seal.sealer import NICENESS
from tests.api.conftest import running
from tests.api.test_cli import MCLEDGER, Run, in_place
from tests.api.world import Story, story
from tests.seal.witnesses import until

TWO_DAYS_SECONDS = 2 * 24 * 3600


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return in_place(database_url, tmp_path, monkeypatch)


@pytest.fixture
def one(database_url: str, tmp_path: Path) -> Iterator[Story]:
    with running(database_url, tmp_path) as world:
        yield story(world).enroll().hand_in()


def test_evidence_is_checked_swept_and_found_missing(run: Run, one: Story, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    assert "evidence: as the log has it" in run("check", "evidence").stdout
    kept = sorted(folder.iterdir())
    orphan = folder / str(uuid4())
    orphan.write_bytes(b"nobody has its key")
    long_ago = time.time() - TWO_DAYS_SECONDS
    os.utime(orphan, (long_ago, long_ago))
    checked = run("check", "evidence", "--sizes").stdout
    assert f"orphan {orphan.name}" in checked
    assert "as the log has it" in checked, "it is no damage"
    swept = run("evidence", "sweep").stdout
    assert f"orphan {orphan.name}" in swept
    assert swept.endswith("1 swept\n")
    assert sorted(folder.iterdir()) == kept
    kept[0].unlink()
    damaged = run("check", "evidence", exit_code=1).stdout
    assert "evidence: DAMAGED" in damaged
    assert f"missing {kept[0].name}" in damaged


def test_a_damaged_view_is_named_by_check_and_is_no_tampering(
    run: Run, one: Story, database_url: str
) -> None:
    run("seal", "--once")
    one.world.seen(one.teacher, f"/v1/people/{one.teacher}/transcript")  # the views are there
    with psycopg.connect(database_url) as owner:
        done = owner.execute("UPDATE ledger_read.transcript_lines SET cycle = 7")
    assert done.rowcount == 1
    assert run("verify").stdout.endswith(": sound\n")
    told = run("check", "transcript", "--workers", "1", exit_code=1).stdout
    assert "transcript: DIFFERENT" in told
    assert "mcledger verify" in told
    assert one.enrollment in told, "the row is named"
    run("rebuild", "transcript", "--workers", "1")
    assert "transcript: equal" in run("check", "transcript", "--workers", "1").stdout


def test_the_process_that_seals_stands_back_for_those_that_write(
    run: Run, one: Story, database_url: str
) -> None:
    with (
        psycopg.connect(database_url, autocommit=True) as owner,
        subprocess.Popen([MCLEDGER, "seal"]) as sealing,
    ):
        try:
            until(lambda: owner.execute("SELECT size FROM ledger.seal_checkpoints").fetchall())
            assert os.getpriority(os.PRIO_PROCESS, sealing.pid) == NICENESS
        finally:
            sealing.terminate()
    assert sealing.returncode == 0
    assert run("verify").stdout.endswith(": sound\n")


def test_words_that_somebody_took_out_of_the_vault_are_named(
    run: Run, one: Story, database_url: str
) -> None:
    assert run("check", "vault").stdout.startswith("vault: as the log has it\n")
    with psycopg.connect(database_url) as owner:
        [(text_id,)] = owner.execute(
            "DELETE FROM ledger.vault_texts WHERE person_id = %s AND purpose = 'reflection'"
            " RETURNING text_id",
            [one.teacher],
        ).fetchall()
    told = run("check", "vault", exit_code=1).stdout
    assert "vault: DAMAGED" in told
    assert f"text-missing {text_id}: of {one.teacher}, event " in told


def test_row_security_that_is_not_as_declared_is_named_and_mended(
    run: Run, one: Story, database_url: str
) -> None:
    assert one.enrollment
    assert "row security: as the views declare" in run("check", "catalog", "--workers", "1").stdout
    with psycopg.connect(database_url) as owner:
        owner.execute("ALTER POLICY seen ON ledger_read.payouts USING (true)")
        owner.execute("ALTER FUNCTION ledger_read.scope_counts SECURITY DEFINER")
    told = run("check", "catalog", "--workers", "1", exit_code=1).stdout
    assert "row security: DIFFERENT" in told
    assert "  table ledger_read.payouts shows its rows to others" in told
    assert "  function ledger_read.scope_counts is not as it was made" in told
    run("migrate")
    assert "row security: as the views declare" in run("check", "catalog", "--workers", "1").stdout


def rewrite(url: str, state: bytes) -> tuple[int, bytes]:
    """Let the log hold other bytes for the enrollment; its position, and what was there."""
    with psycopg.connect(url) as connection:
        connection.execute("ALTER TABLE ledger.ledger_events DISABLE TRIGGER append_only")
        [(position, before)] = connection.execute(
            "SELECT notification_id, state FROM ledger.ledger_events"
            " WHERE topic = 'enrollment.enrolled.v1'"
        ).fetchall()
        connection.execute(
            "UPDATE ledger.ledger_events SET state = %s WHERE notification_id = %s",
            [state, position],
        )
        connection.execute("ALTER TABLE ledger.ledger_events ENABLE ALWAYS TRIGGER append_only")
    return position, before


def test_what_is_parked_is_listed_heard_of_and_given_another_chance(
    run: Run, one: Story, database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert run("parked").stdout == ""
    assert one.world.client.get("/readyz").json()["warnings"] == []
    position, state = rewrite(database_url, b"{")
    with caplog.at_level(logging.ERROR, "projections.parking"):
        run("rebuild", "transcript", "--workers", "1")
    assert f"an event is parked: transcript at {position}" in caplog.text

    listed = run("parked", exit_code=1).stdout
    assert f"parked in transcript: enrollment.enrolled.v1 at {position}" in listed
    as_json = json.loads(run("parked", "--json", exit_code=1).stdout)
    assert {(one["name"], one["scope_kind"]) for one in as_json} <= {
        ("transcript", "person"),
        ("transcript", "ledger"),
    }
    assert f"at {position}" in run("check", "catalog", "--workers", "1", exit_code=1).stdout
    ready = one.world.client.get("/readyz")
    assert ready.status_code == 200
    assert "1 in transcript" in ready.json()["warnings"][0]

    still = run("unpark", "--workers", "1", exit_code=1).stdout
    assert "rebuilt transcript" in still
    assert f"at {position}" in still
    rewrite(database_url, state)
    assert "nothing of that" in run("unpark", "--position", str(position + 1)).stdout
    assert "nothing of that" in run("unpark", "catalog").stdout
    unparked = run("unpark", "--position", str(position), "--workers", "1")
    assert unparked.stdout == "rebuilt transcript\n"
    assert run("parked").stdout == ""
    assert one.world.client.get("/readyz").json()["warnings"] == []


def test_lines_of_old_reads_are_forgotten_and_no_younger_ones(run: Run, one: Story) -> None:
    assert run("disclosures", "forget", "--years", "3").stdout == "0 forgotten\n"
    run("disclosures", "forget", "--years", "2", exit_code=2)
