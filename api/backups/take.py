"""Takes a base backup of a running server: a whole copy, checked file by file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import Connection

from api.backups.archive import UNFINISHED, About, Archive, BackupError, Base, run
from api.local_paths import locked
from ledger.store import Role, connection_info

# A server that replays the log of another must allow at least as much of these.
AT_LEAST = (
    "max_connections",
    "max_worker_processes",
    "max_wal_senders",
    "max_prepared_transactions",
    "max_locks_per_transaction",
)
FIRST_WAL = re.compile(r"^START WAL LOCATION: \S+ \(file (\w+)\)$", re.MULTILINE)


class KeysInTheWayError(BackupError):
    """A key lies where it would be copied along with what it locks."""

    slug = "keys-in-backup"


def take(url: str, archive: Archive, evidence: Path, *, keep: int, secrets: Iterable[Path]) -> Base:
    """Copy the database and what is new of the evidence, and remove old backups.

    Args:
        url: Connects as one who may replicate, and as a member of the audit role.
        archive: Where to; made when missing.
        evidence: The folder of the evidence files.
        keep: So many base backups stay, this one counted.
        secrets: The files of keys, which must not be in the evidence's folder.

    Raises:
        BackupError: nothing was removed.
    """
    _refuse_secrets(evidence, archive.folder, secrets)
    archive.make()
    with locked(archive.folder):
        begun_at, position = _now(url)
        archive.remove_unfinished()
        folder = archive.folder / "base" / f"{begun_at}{UNFINISHED}"
        folder.mkdir(mode=0o700)
        run(
            "pg_basebackup",
            f"--pgdata={folder / 'data'}",
            "--wal-method=stream",
            "--checkpoint=fast",
            "--manifest-checksums=SHA256",
            f"--label=mcledger {begun_at}",
            url=url,
        )
        run("pg_verifybackup", "--quiet", str(folder / "data"))
        # A blob is written before the row that names it: none that the copy names is missing.
        names = archive.copy_evidence(evidence)
        archive.write(folder, _about(url, folder / "data", position), names)
        archive.prune(keep, evidence)
        return archive.bases()[-1]


def _refuse_secrets(evidence: Path, archive: Path, secrets: Iterable[Path]) -> None:
    for secret in secrets:
        # Where its name is as well as where a link leads: both would be copied.
        places = (secret.parent.resolve() / secret.name, secret.resolve())
        for folder in (evidence.resolve(), archive.resolve()):
            if any(place.is_relative_to(folder) for place in places):
                raise KeysInTheWayError(
                    f"{secret.name} lies in a folder that is copied ({folder.name}); keys are kept"
                    " apart from what they lock, so put it elsewhere"
                )


def _now(url: str) -> tuple[str, int]:
    """The time, and how far the log has come: whatever is copied from now on holds that much."""
    with _connect(url) as connection:
        [(time, position)] = connection.execute(
            "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC',"
            ' \'YYYY-MM-DD"T"HH24MISS.US"Z"\'),'
            " (SELECT coalesce(max(notification_id), 0) FROM ledger_events)"
        ).fetchall()
    return str(time), int(position)


def _about(url: str, data: Path, position: int) -> About:
    first_wal = FIRST_WAL.search((data / "backup_label").read_text("utf-8"))
    assert first_wal is not None, "pg_basebackup says where restoring begins"
    with _connect(url) as connection:
        [(taken_at,)] = connection.execute("SELECT clock_timestamp()::text").fetchall()
        settings = {name: connection.execute(f"SHOW {name}".encode()) for name in AT_LEAST}
        return About(
            taken_at=str(taken_at),
            position=position,
            first_wal=first_wal[1],
            server_version=connection.info.server_version,
            user=connection.info.user,
            database=connection.info.dbname,
            settings={name: str(found.fetchall()[0][0]) for name, found in settings.items()},
            bytes=sum(path.stat().st_size for path in data.rglob("*") if path.is_file()),
        )


def _connect(url: str) -> Connection[Any]:
    return psycopg.connect(connection_info(url, Role.AUDIT), autocommit=True)
