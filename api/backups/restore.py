"""Makes a running database of a backup: as of the newest moment received, or of an earlier one.

The copy gets a folder and a server of its own and archives nothing, so whatever is still there of
the ledger that was lost stays as it is. To be told apart: a copy that is older than what was
signed or witnessed is not written to (`mcledger verify --held`, and the readiness of the API).
"""

from __future__ import annotations

import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from api.backups.archive import Archive, BackupError, Base, run
from api.local_paths import NoServerError, find_binaries
from api.local_postgres import Cluster
from ledger.store import Role, connection_info

RECOVERY_SECONDS_MAX = 6 * 3600  # a night of write-ahead log
TRUST = "local all all trust\n"  # behind a folder that only its owner may enter
# What the lost server had and this copy must not, or cannot, have.
NOT_HERE = {
    "archive_mode": "off",
    "shared_preload_libraries": "",
    "synchronous_standby_names": "",
    "ssl": "off",
    # Its log is read here when it does not start, so it is in one place and one language.
    "logging_collector": "off",
    "log_destination": "stderr",
    "lc_messages": "C",
}
# As PostgreSQL says it.
NOT_REACHED = "recovery ended before configured recovery target was reached"
LAST_COMMIT = re.compile(r"last completed transaction was at log time (.+)")
MADE = ("data", "wal", "evidence")  # the folders of a copy
MAJOR = 10_000


class RestoreError(BackupError):
    """The backup does not lead there."""

    slug = "restore-failed"


@dataclass(frozen=True, slots=True)
class Restored:
    """A ledger that was made of a backup."""

    url: str
    position: int  # the last one of its log
    recorded_at: str | None  # of that one
    base: str
    seconds: float


def restore(
    archive: Archive,
    cluster: Cluster,
    *,
    until: datetime | None = None,
    position: int | None = None,
) -> Restored:
    """Restore into an empty folder and start a server on it.

    Args:
        archive: The backups.
        cluster: Where to; its folder must hold nothing yet.
        until: Whatever was committed by then, and nothing after it.
        position: The last event to be there, with those that were recorded together with it.

    Raises:
        RestoreError: no backup is old enough or new enough, what was received ends before the
            moment, or the folder is in use; nothing of the copy is left.
    """
    began = time.monotonic()
    if any((cluster.directory / name).exists() for name in MADE):
        raise RestoreError(f"{cluster.directory} is in use already; name another folder")
    try:
        base = _recover(archive, cluster, until)
        if position is not None:
            until = _moment_after(cluster.url(base.about.database), position)
            if until is not None:
                cluster.stop()
                shutil.rmtree(cluster.data)
                base = _recover(archive, cluster, until)
        _hand_over(cluster, archive.evidence, cluster.directory / "evidence")
        shutil.rmtree(cluster.directory / "wal")
        url = cluster.url(base.about.database)
        last, recorded_at = _last(url)
    except BaseException:
        _take_back(cluster)
        raise
    return Restored(url, last, recorded_at, base.folder.name, time.monotonic() - began)


def _take_back(cluster: Cluster) -> None:
    """Leave nothing of a copy that did not come to be; the folder goes too if it held no more."""
    cluster.stop()
    for name in MADE:
        shutil.rmtree(cluster.directory / name, ignore_errors=True)
    cluster.log.unlink(missing_ok=True)
    with suppress(OSError):  # it holds something of somebody else
        cluster.directory.rmdir()


def _recover(archive: Archive, cluster: Cluster, until: datetime | None) -> Base:
    """Let a server replay the write-ahead log over the base backup that fits."""
    base = _chosen(archive, until)
    cluster.user = base.about.user
    run("pg_verifybackup", "--quiet", str(base.data))
    _hand_over(cluster, base.data, cluster.data)
    wal = cluster.directory / "wal"
    wal.mkdir(exist_ok=True)
    for path in archive.wal_files(base.about.first_wal):
        shutil.copyfile(path, wal / path.name.removesuffix(".partial"))
    _own(cluster, wal)
    (cluster.data / "pg_hba.conf").write_text(TRUST, "utf-8")
    for name in ("recovery.signal", "postgresql.conf"):  # the second is elsewhere on some systems
        (cluster.data / name).touch()
    for name in ("recovery.signal", "postgresql.conf", "pg_hba.conf"):
        _own(cluster, cluster.data / name)
    target = {"recovery_target_time": until.isoformat()} if until else {}
    cluster.settings |= {
        **_at_least(cluster.settings, base.about.settings),
        **NOT_HERE,
        "restore_command": f'cp "{wal}/%f" "%p"',
        "recovery_target_action": "promote",
        **target,
    }
    try:
        cluster.start()
        _wait_until_written_to(cluster)
    except (NoServerError, psycopg.OperationalError):
        if until is not None:
            _must_have_reached(until, cluster.log)
        raise
    return base


def _must_have_reached(until: datetime, log: Path) -> None:
    """Raises RestoreError when the server ended because all that was received ends before then.

    More may have been committed by then than was received, so that is not silently left out.
    """
    said = log.read_text("utf-8", "replace") if log.exists() else ""
    if NOT_REACHED in said:
        commits = LAST_COMMIT.findall(said)
        newest = f" (its last commit is of {commits[-1]})" if commits else ""
        raise RestoreError(
            f"what was received ends before {until}{newest}; without a moment all of it is restored"
        )


def _chosen(archive: Archive, until: datetime | None) -> Base:
    """The newest base backup that ended before the moment. Raises RestoreError."""
    fitting = [
        base
        for base in archive.bases()
        if until is None or datetime.fromisoformat(base.about.taken_at) <= until
    ]
    if not fitting:
        raise RestoreError(f"there is no base backup from before {until or 'now'}")
    base = fitting[-1]
    ours = run("postgres", "--version").split()[2].split(".")[0]
    theirs = base.about.server_version // MAJOR
    if int(ours) != theirs:
        raise RestoreError(
            f"the backup is of PostgreSQL {theirs} and {find_binaries()} is {ours}; put the"
            f" programs of {theirs} first on PATH"
        )
    return base


def _at_least(ours: dict[str, str], theirs: dict[str, str]) -> dict[str, str]:
    return {name: str(max(int(ours.get(name, 0)), int(value))) for name, value in theirs.items()}


def _hand_over(cluster: Cluster, source: Path, target: Path) -> None:
    shutil.copytree(source, target)
    target.chmod(0o700)
    _own(cluster, target)


def _own(cluster: Cluster, path: Path) -> None:
    """Give it to whoever the server runs as: the owner of the folder."""
    owner = cluster.directory.stat()
    for one in (path, *(path.rglob("*") if path.is_dir() else ())):
        shutil.chown(one, owner.st_uid, owner.st_gid)


def _wait_until_written_to(cluster: Cluster) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS_MAX
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        while connection.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
            if time.monotonic() > deadline:
                raise RestoreError("the write-ahead log is not replayed in time")
            time.sleep(0.05)


def _moment_after(url: str, position: int) -> datetime | None:
    """When the first event after those recorded with a position was; null when there is none."""
    with psycopg.connect(connection_info(url, Role.AUDIT), autocommit=True) as connection:
        [(there, moment)] = connection.execute(
            "SELECT count(*), (SELECT min(e.recorded_at) FROM ledger_events e"
            " WHERE e.recorded_at > min(at.recorded_at))"
            " FROM ledger_events at WHERE at.notification_id = %s",
            [position],
        ).fetchall()
    if not there:
        raise RestoreError(f"the newest that can be restored does not reach position {position}")
    assert moment is None or isinstance(moment, datetime)
    return moment


def _last(url: str) -> tuple[int, str | None]:
    with psycopg.connect(connection_info(url, Role.AUDIT), autocommit=True) as connection:
        found = connection.execute(
            "SELECT notification_id, recorded_at FROM ledger_events"
            " ORDER BY notification_id DESC LIMIT 1"
        ).fetchone()
    return (int(found[0]), found[1].astimezone(UTC).isoformat()) if found else (0, None)
