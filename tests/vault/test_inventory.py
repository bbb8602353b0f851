"""Evidence that broke off is swept and nothing else is; what is missing or changed is found."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from ledger.errors import NotFoundError
from ledger.evidence import EvidenceLateError, EvidenceStore, StoredEvidence, open_blobs
from ledger.inventory import InLog, Inventory
from ledger.segments import encrypt, sealed_bytes
from ledger.vault import Vault
from tests.samples import EARNER, named
from tests.vaults import open_vault

LESSON = b"Lesson plan: photosynthesis.\n" * 1000
UPLOAD = named("upload")
NOW = datetime.now(UTC)  # noqa: TID251 - files have the clock of the machine
LATER = NOW + timedelta(days=2)
MEBIBYTE = 1024 * 1024


class Log(dict[UUID, InLog]):
    """What the log says of files; an event is added as an upload is completed."""

    def add(self, stored: StoredEvidence) -> UUID:
        self[stored.evidence_id] = InLog(stored.ciphertext_sha256)
        return stored.evidence_id


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def inventory(vault: Vault, blobs: Path, log: Log) -> Inventory:
    return Inventory(vault, open_blobs(blobs.as_uri()), lambda: log)


def kinds(inventory: Inventory, at: datetime = NOW, *, digests: bool = True) -> list[str]:
    return sorted(one.kind for one in inventory.check(at, digests=digests))


def two_days_pass(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE ledger.vault_evidence SET sent_at = sent_at - interval '2 days'")


def files(blobs: Path) -> list[str]:
    return sorted(path.name for path in blobs.iterdir())


def test_what_the_log_has_is_sound_and_never_swept(
    inventory: Inventory, evidence: EvidenceStore, log: Log, blobs: Path, database_url: str
) -> None:
    kept = [log.add(evidence.store(uuid4(), EARNER, [LESSON])) for _ in range(3)]
    two_days_pass(database_url)
    assert kinds(inventory, LATER) == []
    assert inventory.sweep(LATER) == []
    assert files(blobs) == sorted(map(str, kept))
    assert [b"".join(evidence.open(one)) for one in kept] == [LESSON] * 3


@pytest.mark.parametrize("size", [1, 17, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 3 * MEBIBYTE])
def test_the_size_of_a_sealed_file_is_known_beforehand(size: int) -> None:
    sealed = encrypt(bytes(32), EARNER, [bytes(size)])
    assert sum(map(len, sealed)) == sealed_bytes(size)


# Killed


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _chunks(*, die: bool) -> Iterator[bytes]:
    yield LESSON
    for number in range(24):
        if die and number == 20:
            _die()
        yield LESSON * 40


class _DiesBeforeRow(EvidenceStore):
    def _add_row(self, *_: object) -> None:
        _die()


class _DiesAfterRow(EvidenceStore):
    def _add_row(self, *arguments: object) -> None:
        super()._add_row(*arguments)  # type: ignore[arg-type]
        _die()


def _upload_until_killed(url: str, folder: Path, blobs: Path, step: str) -> None:
    """In a process of its own: upload, and die at a step."""
    if step == "blob stored":
        os.fsync = lambda *_: _die()  # what flushes the file
    kind = {"blob flushed": _DiesBeforeRow, "row stored": _DiesAfterRow}.get(step, EvidenceStore)
    with open_vault(url, folder) as vault:
        store = kind(vault, open_blobs(blobs.as_uri()), bytes_max=64 * MEBIBYTE)
        store.store(UPLOAD, EARNER, _chunks(die=step == "blob begun"))


@pytest.mark.parametrize(
    ("step", "left"),
    [
        ("blob begun", "unfinished"),
        ("blob stored", "orphan"),
        ("blob flushed", "orphan"),
        ("row stored", "orphan"),
    ],
)
def test_an_upload_killed_at_any_step_can_be_resent_or_is_swept_a_day_later(
    *,
    step: str,
    left: str,
    inventory: Inventory,
    evidence: EvidenceStore,
    log: Log,
    blobs: Path,
    tmp_path: Path,
    database_url: str,
) -> None:
    arguments = (database_url, tmp_path, blobs, step)
    child = multiprocessing.get_context("forkserver").Process(
        target=_upload_until_killed, args=arguments
    )
    child.start()
    child.join()
    assert child.exitcode == -signal.SIGKILL
    assert len(files(blobs)) == 1
    assert kinds(inventory) == [], "it may still be going on"
    assert inventory.sweep(NOW) == []
    assert len(files(blobs)) == 1

    resent = evidence.store(UPLOAD, EARNER, _chunks(die=False))
    kept = log.add(resent)
    two_days_pass(database_url)
    swept = inventory.sweep(LATER)
    assert [one.kind for one in swept] == ([] if step == "row stored" else [left])
    assert files(blobs) == [str(kept)]
    assert kinds(inventory, LATER) == []


@pytest.mark.parametrize("step", ["blob begun", "blob flushed", "row stored"])
def test_an_upload_that_nobody_resends_leaves_nothing(
    step: str, inventory: Inventory, blobs: Path, tmp_path: Path, database_url: str
) -> None:
    arguments = (database_url, tmp_path, blobs, step)
    child = multiprocessing.get_context("forkserver").Process(
        target=_upload_until_killed, args=arguments
    )
    child.start()
    child.join()
    two_days_pass(database_url)
    assert len(kinds(inventory, LATER)) == 1
    assert len(inventory.sweep(LATER)) == 1
    assert files(blobs) == []
    assert kinds(inventory, LATER) == []
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT FROM ledger.vault_evidence").fetchall() == []


@pytest.mark.parametrize("step", [1, 2])
def test_sweeping_that_is_broken_off_is_finished_by_the_next(
    *,
    step: int,
    vault: Vault,
    evidence: EvidenceStore,
    inventory: Inventory,
    blobs: Path,
    database_url: str,
) -> None:
    evidence.store(UPLOAD, EARNER, [LESSON])
    two_days_pass(database_url)

    class BrokenError(Exception):
        pass

    def breaking() -> Callable[[], None]:
        left = [step]

        def count() -> None:
            left[0] -= 1
            if not left[0]:
                raise BrokenError

        return count

    broken = Inventory(vault, open_blobs(blobs.as_uri()), dict, on_step=breaking())
    with pytest.raises(BrokenError):
        broken.sweep(LATER)
    inventory.sweep(LATER)
    assert files(blobs) == []
    assert kinds(inventory, LATER) == []


# Beside others


def test_an_upload_that_is_resent_while_it_is_swept_is_kept(
    vault: Vault, evidence: EvidenceStore, blobs: Path, database_url: str
) -> None:
    stored = evidence.store(UPLOAD, EARNER, [LESSON])
    two_days_pass(database_url)

    def resend() -> Log:
        """Between listing what there is and deleting it."""
        assert evidence.store(UPLOAD, EARNER, [LESSON]) == stored
        return Log()

    assert Inventory(vault, open_blobs(blobs.as_uri()), resend).sweep(LATER) == []
    assert b"".join(evidence.open(stored.evidence_id)) == LESSON


def test_an_upload_that_is_swept_and_then_resent_is_stored_anew(
    inventory: Inventory, evidence: EvidenceStore, database_url: str
) -> None:
    swept = evidence.store(UPLOAD, EARNER, [LESSON])
    two_days_pass(database_url)
    inventory.sweep(LATER)
    with pytest.raises(NotFoundError):
        evidence.open(swept.evidence_id)
    again = evidence.store(UPLOAD, EARNER, [LESSON])
    assert again.evidence_id != swept.evidence_id
    assert b"".join(evidence.open(again.evidence_id)) == LESSON


def test_what_is_uploaded_while_files_are_checked_is_not_taken_for_missing(
    vault: Vault, evidence: EvidenceStore, blobs: Path
) -> None:
    def uploading() -> Log:
        log = Log()
        log.add(evidence.store(uuid4(), EARNER, [LESSON]))
        return log

    assert kinds(Inventory(vault, open_blobs(blobs.as_uri()), uploading)) == []


def test_an_upload_that_hung_for_half_a_day_is_refused(
    evidence: EvidenceStore, blobs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "_now", lambda: NOW - timedelta(hours=13))
    with pytest.raises(EvidenceLateError):
        evidence.store(UPLOAD, EARNER, [LESSON])
    assert files(blobs) == []


# Damage


def test_damage_is_found_and_named(
    inventory: Inventory, evidence: EvidenceStore, log: Log, blobs: Path, database_url: str
) -> None:
    kept = [log.add(evidence.store(uuid4(), EARNER, [LESSON, bytes([65 + n])])) for n in range(5)]
    (blobs / str(kept[0])).unlink()
    content = (blobs / str(kept[1])).read_bytes()
    (blobs / str(kept[1])).write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    (blobs / str(kept[2])).write_bytes(content + b"!")
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM ledger.vault_evidence WHERE evidence_id = %s", [kept[3]])
    log[kept[4]] = InLog("sha256:" + "0" * 64)
    found = {(one.kind, UUID(one.name)) for one in inventory.check(LATER)}
    assert found == {
        ("missing", kept[0]),
        ("changed", kept[1]),
        ("changed", kept[2]),
        ("key-missing", kept[3]),
        ("key-changed", kept[4]),
        ("changed", kept[4]),
    }
    assert all(one.is_damage for one in inventory.check(LATER))
    assert ("changed", kept[1]) not in {
        (one.kind, UUID(one.name)) for one in inventory.check(LATER, digests=False)
    }
    two_days_pass(database_url)
    assert inventory.sweep(LATER) == [], "what has an event is never swept, whatever became of it"


def test_what_was_erased_is_not_missing(
    inventory: Inventory, evidence: EvidenceStore, log: Log, blobs: Path, database_url: str
) -> None:
    erased = log.add(evidence.store(UPLOAD, EARNER, [LESSON]))
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM ledger.vault_evidence")
        connection.execute(
            "INSERT INTO ledger.vault_erasures (subject_id, texts, files, tombstones)"
            " VALUES (%s, 0, 1, 0)",
            [erased],
        )
    (blobs / str(erased)).unlink()
    assert kinds(inventory, LATER) == []


def test_files_that_are_no_evidence_are_left_alone(inventory: Inventory, blobs: Path) -> None:
    (blobs / "payrolls").mkdir()
    others = [blobs / "README", blobs / "payrolls" / str(uuid4()), blobs / f"{{{uuid4()}}}"]
    for path in others:
        path.write_bytes(b"!")
    assert inventory.sweep(LATER) == []
    assert all(path.exists() for path in others)
