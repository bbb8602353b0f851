"""A folder of backups: base copies, the write-ahead log between and after them, the evidence.

base/<time>/data      a copy of the database's files, as pg_basebackup makes it
base/<time>/evidence  the names of the evidence files there were
base/<time>/about     what was copied, as JSON
wal/                  the write-ahead log, a file for each 16 MiB
evidence/             every evidence file once: they are encrypted and never change
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from api.local_paths import find_binaries, locked
from ledger.errors import UnavailableError

UNFINISHED = ".unfinished"
SLOT = "mcledger_backup"  # lets the server keep what was not received yet


class BackupError(UnavailableError):
    """A backup could not be made, or is not good."""

    slug = "backup-failed"


@dataclass(frozen=True, slots=True)
class About:
    """What a base backup is a copy of."""

    taken_at: str  # when copying ended, in UTC; to no earlier moment can it be restored
    position: int  # of the log; at least so many events are in it
    first_wal: str  # the file with which restoring begins
    server_version: int
    user: str  # who took it; a superuser of the copy, or one who may become its readers
    database: str
    settings: dict[str, str]  # which a server that restores must not have smaller
    bytes: int


@dataclass(frozen=True, slots=True)
class Base:
    """One base backup."""

    folder: Path
    about: About

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def evidence_names(self) -> set[str]:
        return set((self.folder / "evidence").read_text("utf-8").split())


@dataclass(frozen=True, slots=True)
class Archive:
    """The folder that holds it all."""

    folder: Path

    @property
    def wal(self) -> Path:
        return self.folder / "wal"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    def make(self) -> None:
        """Make the folders; nobody else may look into them."""
        for part in (self.folder, self.folder / "base", self.wal, self.evidence):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)

    def remove_unfinished(self) -> None:
        """What is left of backups that were broken off."""
        for folder in (self.folder / "base").glob(f"*{UNFINISHED}"):
            shutil.rmtree(folder)

    def bases(self) -> list[Base]:
        """Every finished base backup, the oldest first."""
        found = sorted((self.folder / "base").glob("*/about"))
        return [
            Base(path.parent, About(**orjson.loads(path.read_bytes())))
            for path in found
            if path.parent.suffix != UNFINISHED
        ]

    def wal_files(self, first: str = "") -> Iterator[Path]:
        """The files of the write-ahead log from one on, and the histories of its time lines."""
        for path in sorted(self.wal.iterdir()):
            if path.suffix == ".history" or path.name >= first:
                yield path

    def copy_evidence(self, source: Path) -> set[str]:
        """Copy what is new of the evidence; the names of all there is. Names never come twice."""
        with locked(self.evidence):
            names = evidence_in(source)
            known = {path.name for path in self.evidence.iterdir()}
            for name in sorted(names - known):
                unfinished = self.evidence / f"{name}{UNFINISHED}"
                try:
                    shutil.copyfile(source / name, unfinished)
                except FileNotFoundError:
                    names.discard(name)  # erased meanwhile
                    continue
                flush(unfinished)
                unfinished.rename(self.evidence / name)
            flush(self.evidence)
        return names

    def prune(self, keep: int, source: Path) -> None:
        """Remove all but the newest base backups, and what only the removed ones needed.

        Evidence stays while a kept backup or the ledger itself knows it; so what was erased is
        gone from here, too, with the last backup of the time before.
        """
        bases = self.bases()
        for old in bases[:-keep]:
            shutil.rmtree(old.folder)
        kept = bases[-keep:]
        with locked(self.evidence):
            needed = evidence_in(source).union(*(base.evidence_names for base in kept))
            for path in self.evidence.iterdir():
                if path.name not in needed:
                    path.unlink()
        if kept and (self.wal / kept[0].about.first_wal).exists():
            run("pg_archivecleanup", str(self.wal), kept[0].about.first_wal)

    def write(self, folder: Path, about: About, evidence: set[str]) -> None:
        """Say what a base backup is, and give it its name: from now on it is one."""
        (folder / "evidence").write_text("\n".join(sorted(evidence)), "utf-8")
        (folder / "about").write_bytes(orjson.dumps(asdict(about), option=orjson.OPT_INDENT_2))
        for name in ("evidence", "about"):
            flush(folder / name)
        flush(folder)
        folder.rename(folder.with_suffix(""))
        flush(folder.parent)


def evidence_in(folder: Path) -> set[str]:
    """The names of the evidence files in a folder, but for those that are still being written."""
    found = folder.iterdir() if folder.exists() else ()
    return {path.name for path in found if "#" not in path.name}


def run(program: str, *arguments: str, url: str | None = None) -> str:
    """Run a program of PostgreSQL as this user. Raises BackupError with what it said."""
    done = subprocess.run(
        command_of(program, *arguments, url=url),
        env=environment_of(url),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def command_of(program: str, *arguments: str, url: str | None = None) -> list[str]:
    """The call of a program; an address goes without its password, which others could read."""
    known = conninfo_to_dict(url or "")
    known.pop("password", None)
    address = ["--dbname", make_conninfo("", **known)] if url else []
    return [str(find_binaries() / program), *address, *arguments]


def environment_of(url: str | None) -> dict[str, str]:
    password = conninfo_to_dict(url or "").get("password")
    secret = {"PGPASSWORD": str(password)} if password else {}
    return {**os.environ, "LC_ALL": "C", "TZ": "UTC", **secret}


def flush(path: Path) -> None:
    """Let a file, or the names in a folder, be on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
