"""Payroll files that are missing, changed or left over are found, and named with their batch."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from api.upkeep import KEPT, inventory
from ledger.commands.payroll_retention import files_of_batch
from ledger.events.batch import StoredFile
from ledger.inventory import Finding
from ledger.payroll_files import PayrollFileLateError, PayrollFiles
from tests.api.test_cli import Run, in_place
from tests.api.world import World
from tests.privacy.test_drill import url_of
from tests.privacy.test_payroll_files import Paid, pay

NOW = datetime.now(UTC)  # noqa: TID251 - files have the clock of the machine
LATER = NOW + timedelta(days=2)
[PAYROLL] = [one for one in KEPT if one.shelf.name == "payroll"]


@pytest.fixture(scope="module")
def paid(shared_world: World) -> Paid:
    return pay(shared_world)


@pytest.fixture
def run(paid: Paid, monkeypatch: pytest.MonkeyPatch) -> Run:
    return in_place(url_of(paid.world), paid.world.settings.state_folder, monkeypatch)


def folder(paid: Paid) -> Path:
    return paid.world.settings.evidence_files


def found(paid: Paid, at: datetime = LATER) -> list[Finding]:
    return list(inventory(paid.world.edge, PAYROLL).check(at))


def store(paid: Paid) -> StoredFile:
    """As far as a batch that breaks off comes before the log hears of it."""
    return paid.world.edge.payroll_files.store(
        district_id=UUID(paid.day.district.id),
        batch_id=UUID(paid.batch),
        pay_date=date(2024, 10, 15),
        content=[b"lines"],
    )


def two_days_pass(paid: Paid, file_id: UUID) -> None:
    query = """UPDATE ledger.vault_payroll_files SET created_at = created_at - interval '2 days'
                WHERE file_id = %s"""
    with psycopg.connect(url_of(paid.world)) as connection:
        connection.execute(query, [file_id])


def test_damage_is_found_and_named_with_its_batch(shared_world: World, run: Run) -> None:
    paid = pay(shared_world)
    named = sorted(files_of_batch(shared_world.edge.ledger, UUID(paid.batch)))
    gone, changed, longer = (folder(paid) / f"payroll-{one}" for one in named)
    assert "payroll files: as the log has it" in run("check", "payroll").stdout
    before = {path: path.read_bytes() for path in (gone, changed, longer)}
    gone.unlink()
    changed.write_bytes(before[changed][:-1] + bytes([before[changed][-1] ^ 1]))
    longer.write_bytes(before[longer] + b"!")

    told = run("check", "payroll", exit_code=1).stdout

    assert "payroll files: DAMAGED" in told
    for kind, path in (("missing", gone), ("changed", changed), ("changed", longer)):
        assert f"  {kind} {path.name}: batch {paid.batch}: " in told
    assert changed.name not in run("check", "payroll", "--sizes", exit_code=1).stdout
    assert "evidence: as the log has it" in run("check", "evidence").stdout
    assert run("evidence", "sweep").stdout == "0 swept\n", "what has an event is never swept"
    for path, content in before.items():
        path.write_bytes(content)
    assert found(paid) == []


def test_a_key_that_is_gone_is_damage(shared_world: World) -> None:
    paid = pay(shared_world)
    [file_id, *_] = files_of_batch(shared_world.edge.ledger, UUID(paid.batch))
    with psycopg.connect(url_of(shared_world)) as connection:
        lost = connection.execute(
            "DELETE FROM ledger.vault_payroll_files WHERE file_id = %s RETURNING *", [file_id]
        ).fetchone()
    [one] = [one for one in found(paid) if paid.batch in one.detail]
    assert (one.kind, one.name, one.is_damage) == ("key-missing", f"payroll-{file_id}", True)
    assert lost is not None
    with psycopg.connect(url_of(shared_world)) as connection:  # others look at the same ledger
        places = ", ".join(["%s"] * len(lost))
        connection.execute(f"INSERT INTO ledger.vault_payroll_files VALUES ({places})", lost)
    assert [one for one in found(paid) if paid.batch in one.detail] == []


def test_what_broke_off_before_its_event_is_swept_a_day_later(paid: Paid) -> None:
    stored = store(paid)
    name, sweep = f"payroll-{stored.file_id}", inventory(paid.world.edge, PAYROLL).sweep
    assert name not in [one.name for one in found(paid)], "it may still be going on"
    assert name not in [one.name for one in sweep(LATER)]

    two_days_pass(paid, stored.file_id)

    [one] = [one for one in found(paid) if one.name == name]
    assert (one.kind, one.is_damage) == ("orphan", False)
    assert one.detail.startswith(f"batch {paid.batch}: ")
    assert name in [one.name for one in sweep(LATER)]
    assert not (folder(paid) / name).exists()
    assert name not in [one.name for one in found(paid)]


def test_a_file_without_a_key_is_swept_by_its_own_kind_alone(paid: Paid, run: Run) -> None:
    orphan, begun = folder(paid) / f"payroll-{uuid4()}", folder(paid) / f"payroll-{uuid4()}#1"
    for path in (orphan, begun):
        path.write_bytes(b"nobody has its key")
        os.utime(path, (LATER.timestamp() - 4 * 86_400,) * 2)
    [evidence] = [one for one in KEPT if one.shelf.name == "evidence"]
    assert list(inventory(paid.world.edge, evidence).check(LATER)) == []
    listed = {(one.kind, one.name) for one in found(paid, NOW)}
    assert listed >= {("orphan", orphan.name), ("unfinished", begun.name)}
    swept = run("evidence", "sweep").stdout
    assert f"orphan {orphan.name}" in swept
    assert not orphan.exists()
    assert not begun.exists()


def test_a_destroyed_file_that_comes_back_is_swept(shared_world: World) -> None:
    paid = pay(shared_world)
    [file_id, *_] = files_of_batch(shared_world.edge.ledger, UUID(paid.batch))
    path = folder(paid) / f"payroll-{file_id}"
    content = path.read_bytes()
    assert paid.run() == ["destroyed"]
    assert path.name not in [one.name for one in found(paid)], "what was destroyed is not missing"
    path.write_bytes(content)
    assert path.name in [one.name for one in inventory(shared_world.edge, PAYROLL).sweep(LATER)]
    assert not path.exists()


def test_a_file_that_hung_for_half_a_day_is_refused(
    paid: Paid, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sorted(folder(paid).iterdir())
    monkeypatch.setattr(PayrollFiles, "_now", lambda _: NOW - timedelta(hours=13))
    with pytest.raises(PayrollFileLateError):
        store(paid)
    assert sorted(folder(paid).iterdir()) == before
