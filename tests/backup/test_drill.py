"""The disaster, played: a database is destroyed and made again of what was copied elsewhere.

With `--log-cli-level=INFO` it says how long restoring took and how much was lost.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread
from uuid import uuid4

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from typer.testing import CliRunner

from api.backups.archive import Archive, BackupError
from api.backups.follow import NAME, follow
from api.backups.restore import Restored, RestoreError, restore
from api.backups.take import KeysInTheWayError, take
from api.cli import app
from api.local_postgres import Cluster
from ledger import store
from ledger.seal.diagnosis import Damage
from ledger.seal.keys import FileLogSigner
from ledger.seal.reads import DatabaseLog
from ledger.seal.report import SOUND
from ledger.seal.sealer import SealRefusedError
from ledger.seal.verify import verify
from ledger.store import LedgerRecorder, Role, connection_info
from projections import setup
from tests.database import server_folder
from tests.seal.logs import ORIGIN, seal
from tests.store.helpers import append, assert_sound, rows

CAUGHT_UP = """
    SELECT flush_lsn >= pg_current_wal_flush_lsn() FROM pg_stat_replication
     WHERE application_name = %s
"""


@dataclass
class Scene:
    """A ledger that is being copied, and what of it is kept elsewhere."""

    cluster: Cluster
    url: str
    archive: Archive
    evidence: Path
    keys: Path  # of the seal, with the last signed checkpoint beside them

    def write(self, count: int) -> int:
        """So many commands and an evidence file, sealed; how far the log has come."""
        with closing(LedgerRecorder(self.url)) as recorder:
            last = [append(recorder).last_position for _ in range(count)][-1]
        (self.evidence / str(uuid4())).write_bytes(os.urandom(1000))
        seal(self.url, self.keys)
        return last

    def received(self) -> None:
        """Wait until everything committed is in the archive."""
        while rows(self.url, CAUGHT_UP, NAME) != [(True,)]:
            time.sleep(0.01)

    def verdict(self, url: str, *held: str) -> tuple[int, list[Damage]]:
        trusted = FileLogSigner(self.keys / "seal-keys", ORIGIN).trusted
        with psycopg.connect(connection_info(url, Role.AUDIT), autocommit=True) as connection:
            report = verify(DatabaseLog(connection), trusted, held)
        return report.exit_status, list(report.damages)


@pytest.fixture(scope="module")
def server(run_name: str) -> Iterator[Cluster]:
    """A whole PostgreSQL with a ledger in it."""
    alone = Cluster(server_folder(f"test-{run_name}-{secrets.token_hex(4)}"))
    url = alone.start("mcledger")
    store.migrate(url)
    setup.migrate(url)
    yield alone
    alone.stop()


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def scene(server: Cluster, keys: Path, tmp_path: Path) -> Scene:
    """A fresh folder of backups, and evidence of its own."""
    (tmp_path / "evidence").mkdir()
    archive = Archive(tmp_path / "backup")
    return Scene(server, server.url("mcledger"), archive, tmp_path / "evidence", keys)


@contextmanager
def lost(scene: Scene) -> Iterator[None]:
    """The server is killed and its files are gone, until the end of the test."""
    process_id = scene.cluster.process_id()
    assert process_id is not None
    os.kill(process_id, signal.SIGKILL)
    gone = scene.cluster.data.with_name("gone")
    scene.cluster.data.rename(gone)
    try:
        yield
    finally:
        gone.rename(scene.cluster.data)
        scene.cluster.start("mcledger")


@contextmanager
def followed(scene: Scene) -> Iterator[None]:
    """The write-ahead log is received meanwhile."""
    stop = Event()
    thread = Thread(target=follow, args=(scene.url, scene.archive, scene.evidence, stop))
    thread.start()
    try:
        while not rows(scene.url, CAUGHT_UP, NAME):
            time.sleep(0.01)
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def restored(
    scene: Scene, run_name: str, *, position: int | None = None, until: datetime | None = None
) -> Iterator[Restored]:
    copy = Cluster(server_folder(f"test-{run_name}-{secrets.token_hex(4)}"))
    made = restore(scene.archive, copy, position=position, until=until)
    try:
        yield made
    finally:
        copy.stop()


def base(scene: Scene, keep: int = 7) -> str:
    kept = [scene.keys / "seal-keys"]
    made = take(scene.url, scene.archive, scene.evidence, keep=keep, secrets=kept)
    return made.folder.name


def test_what_was_received_survives_the_loss_of_the_server(scene: Scene, run_name: str) -> None:
    with ExitStack() as disaster:
        with followed(scene):
            early = scene.write(20)
            base(scene)
            scene.write(20)
            acknowledged = scene.write(20)
            held = (scene.keys / "last-checkpoint").read_text()
            scene.received()
            disaster.enter_context(lost(scene))
        _all_is_back(scene, run_name, acknowledged, held)
        _what_is_behind_is_told(scene, run_name, early + 5, acknowledged, held)


def _all_is_back(scene: Scene, run_name: str, acknowledged: int, held: str) -> None:
    with restored(scene, run_name) as newest:
        assert newest.position == acknowledged, "nothing that was acknowledged is lost"
        assert_sound(newest.url)
        assert scene.verdict(newest.url, held) == (SOUND, [])
        assert seal(newest.url, scene.keys) == 0
        copied = {path.name for path in Path(_folder(newest.url), "evidence").iterdir()}
        assert copied == {path.name for path in scene.evidence.iterdir()}
        with closing(LedgerRecorder(newest.url)) as recorder:
            assert append(recorder).first_position == acknowledged + 1
    took = f"{newest.seconds:.1f} s for {newest.position} events"
    logging.getLogger(__name__).info("restored in %s; events lost: 0", took)


def _what_is_behind_is_told(
    scene: Scene, run_name: str, position: int, acknowledged: int, held: str
) -> None:
    """By what is kept elsewhere: in itself the older copy is as good as it was then."""
    with restored(scene, run_name, position=position) as earlier:
        assert earlier.position == position
        assert_sound(earlier.url)
        assert scene.verdict(earlier.url) == (SOUND, [])
        status, damages = scene.verdict(earlier.url, held)
        assert status != SOUND
        assert damages[-1].last == acknowledged
        with pytest.raises(SealRefusedError, match=f"{acknowledged - position} events are lost"):
            seal(earlier.url, scene.keys)


def _folder(url: str) -> str:
    return str(psycopg.conninfo.conninfo_to_dict(url)["host"])


@pytest.mark.long
def test_a_ledger_is_restored_as_of_a_moment(scene: Scene, run_name: str) -> None:
    with followed(scene):
        base(scene)
        then = scene.write(3)
        [(moment,)] = rows(scene.url, "SELECT clock_timestamp()")
        scene.write(3)
        scene.received()
    with restored(scene, run_name, until=moment) as copy:
        assert copy.position == then
    with pytest.raises(RestoreError, match="no base backup from before"):
        restore(
            scene.archive,
            Cluster(server_folder(f"test-{run_name}-{secrets.token_hex(4)}")),
            until=datetime(2020, 1, 1, tzinfo=UTC),
        )
    with pytest.raises(RestoreError, match="in use already"):
        restore(scene.archive, scene.cluster)


def test_a_base_backup_is_whole_without_the_log_after_it(scene: Scene, run_name: str) -> None:
    last = scene.write(3)
    base(scene)
    with restored(scene, run_name) as copy:
        assert copy.position == last


def test_no_key_is_in_a_backup(scene: Scene) -> None:
    scene.write(1)
    secret = (scene.keys / "seal-keys").read_bytes().split()[-1]
    with pytest.raises(KeysInTheWayError, match="seal-keys"):
        take(
            scene.url,
            scene.archive,
            scene.keys,
            keep=1,
            secrets=[scene.keys / "seal-keys"],
        )
    base(scene)
    copied = [path for path in scene.archive.folder.rglob("*") if path.is_file()]
    assert len(copied) > 100
    assert not [path for path in copied if secret in path.read_bytes()]


@pytest.mark.long
def test_so_many_backups_stay_and_what_only_older_ones_knew_goes(scene: Scene) -> None:
    with followed(scene):
        erased = scene.evidence / "erased-later"
        erased.write_bytes(b"ciphertext")
        first = base(scene)
        erased.unlink()
        scene.write(1)
        second = base(scene, keep=2)
        rows(scene.url, "SELECT pg_switch_wal()")
        newest = base(scene, keep=2)
        kept = [one.folder.name for one in scene.archive.bases()]
    assert first not in kept
    assert kept == [second, newest]
    assert not (scene.archive.evidence / erased.name).exists()
    oldest = scene.archive.bases()[0].about.first_wal
    assert min(path.name for path in scene.archive.wal_files()) >= oldest


@pytest.mark.long
def test_a_damaged_base_backup_is_not_restored(scene: Scene, run_name: str) -> None:
    scene.write(1)
    base(scene)
    [made] = scene.archive.bases()
    damaged = max((made.data / "base").rglob("*"), key=lambda path: path.stat().st_size)
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    with (
        pytest.raises(BackupError, match="pg_verifybackup failed"),
        restored(scene, run_name),
    ):
        pass


def test_a_backup_that_cannot_be_made_removes_nothing(scene: Scene) -> None:
    base(scene)
    refused = make_conninfo(scene.url, user="nobody_of_that_name")
    with pytest.raises((BackupError, psycopg.OperationalError)):
        take(refused, scene.archive, scene.evidence, keep=1, secrets=[])
    assert len(scene.archive.bases()) == 1


def test_the_commands_copy_list_and_restore(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", scene.url)
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(scene.keys))
    monkeypatch.setenv("MCLEDGER_EVIDENCE_FOLDER", str(scene.evidence))
    last = scene.write(2)
    place = str(scene.archive.folder)
    taken = CliRunner().invoke(app, ["backup", "take", place, "--keep", "1"])
    assert taken.exit_code == 0, taken.output
    assert f"position {last}" in taken.output
    assert "Keys are not in it" in taken.output
    listed = CliRunner().invoke(app, ["backup", "list", place])
    assert f"position {last}" in listed.output
    for refused in (["--time", "yesterday"], ["--time", "2026-01-01T00:00:00"]):
        answer = CliRunner().invoke(app, ["restore", place, *refused])
        assert answer.exit_code != 0
    _is_restored_to_a_place_of_ones_own(scene, last)
    _a_copy_that_cannot_be_made_leaves_nothing(scene, last)


def _is_restored_to_a_place_of_ones_own(scene: Scene, last: int) -> None:
    """As root, too, whom PostgreSQL refuses: its server gets the folder, so that has to be new."""
    target = scene.cluster.directory.with_name(f"{scene.cluster.directory.name}-copy")
    command = ["restore", str(scene.archive.folder), "--to", str(target)]
    restored = CliRunner().invoke(app, command)
    try:
        assert restored.exit_code == 0, restored.output
        assert f"up to position {last}" in restored.output
        again = CliRunner().invoke(app, command)
        assert again.exit_code != 0
        assert "already" in str(again.exception)
    finally:
        Cluster(target).stop()


def _a_copy_that_cannot_be_made_leaves_nothing(scene: Scene, last: int) -> None:
    """Neither where no backup fits, nor where the server that was started has too little."""
    target = scene.cluster.directory.with_name(f"{scene.cluster.directory.name}-none")
    for asked, why in (
        (["--time", "2020-01-01T00:00:00Z"], "no base backup from before"),
        (["--time", "2999-01-01T00:00:00Z"], "received ends before 2999-01-01 00:00:00+00:00"),
        (["--position", str(last + 1)], f"does not reach position {last + 1}"),
    ):
        command = ["restore", str(scene.archive.folder), "--to", str(target), *asked]
        refused = CliRunner().invoke(app, command)
        assert refused.exit_code != 0
        assert why in str(refused.exception)
        assert not target.exists()
