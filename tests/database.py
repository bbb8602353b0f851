"""Databases for tests: one server for the whole run, one fresh database for each test.

The run has a name that its processes share. Whatever they make carries it, so that `sweep` finds
everything again, also after a run that was killed.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

from api.local_paths import NoServerError, folder, folder_in, locked
from api.local_postgres import Cluster

ROOT = Path(__file__).resolve().parent.parent
MEMORY = Path("/dev/shm")  # whose folder it is gets checked as everywhere else
MEMORY_BYTES_MIN = 2 * 1024**3  # free; a run holds a few hundred megabytes
FILES = "MCLEDGER_TEST_FILES"  # where a run keeps its files, for all of its processes


def server_folder(name: str) -> Path:
    """Where a server of the tests keeps its files: in memory, where the system has room there.

    The servers flush as ever, so they are what the ledger insists on, but no test waits for a
    disk. What a killed process leaves behind is the same in both places; only a power cut would
    tell them apart, and no test cuts the power.
    """
    if in_memory():
        with suppress(OSError, NoServerError):  # not to be written in, or not by us
            return folder_in(MEMORY, name)
    return folder(name)


def in_memory() -> bool:
    """Whether there was room in memory when this run asked first.

    What is free changes while it runs, and whoever sweeps has to look where the others wrote: so it
    is decided once, and the processes that the run starts find it in their environment.
    """
    if FILES not in os.environ:
        space = os.statvfs(MEMORY) if MEMORY.is_dir() else None
        roomy = space is not None and space.f_bavail * space.f_frsize >= MEMORY_BYTES_MIN
        os.environ[FILES] = "memory" if roomy else "disk"
    return os.environ[FILES] == "memory"


class Server:
    """The PostgreSQL of this test run: DATABASE_URL, or a private one that all workers share."""

    def __init__(self, run: str) -> None:
        self.run = run
        self.template = f"mcledger_test_{run}_template"
        self.projected = f"mcledger_test_{run}_projected"  # with the projections' tables as well
        self.folder = server_folder(f"test-{run}")

    def prepare(
        self, migrate: Callable[[str], None], project: Callable[[str], None] | None = None
    ) -> None:
        """Start the server and migrate the templates, once for all workers."""
        gate = self.folder / "gate"
        gate.mkdir(exist_ok=True)
        with locked(gate):
            url = os.environ.get("DATABASE_URL") or Cluster(self.folder).start()
            (gate / "url").write_text(url)
            if not (gate / "migrated").exists():
                self._make_template(self.template, "template1", migrate)
                if project is not None:
                    self._make_template(self.projected, self.template, project)
                (gate / "migrated").touch()

    def _make_template(self, name: str, template: str, migrate: Callable[[str], None]) -> None:
        self._execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
        self._copy(template, name)
        migrate(self.url(name))

    def _copy(self, template: str, name: str) -> None:
        """Copy a database: in memory by its files, on a disk through the log, which flushes less.

        In memory this takes 31 ms of the processor with the drop, through the log 44.
        """
        by_files = MEMORY in self.folder.parents and not os.environ.get("DATABASE_URL")
        strategy = SQL("FILE_COPY" if by_files else "WAL_LOG")
        create = SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}")
        self._execute(create.format(Identifier(name), Identifier(template), strategy))

    def url(self, database: str) -> str:
        server = (self.folder / "gate" / "url").read_text()
        return urlunsplit(urlsplit(server)._replace(path=f"/{database}"))

    @contextmanager
    def database(self, template: str) -> Iterator[str]:
        """A fresh copy of the template, gone afterwards together with whoever still uses it."""
        name = f"mcledger_test_{self.run}_{secrets.token_hex(4)}"
        self._copy(template, name)
        try:
            yield self.url(name)
        finally:
            self._execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))

    def _execute(self, statement: psycopg.sql.Composed) -> None:
        server = (self.folder / "gate" / "url").read_text()
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(statement)

    def sweep(self) -> None:
        """Remove every server, folder and database of this run."""
        server = self.folder / "gate" / "url"
        if os.environ.get("DATABASE_URL") and server.exists():
            with psycopg.connect(server.read_text(), autocommit=True) as connection:
                named = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
                for (name,) in connection.execute(named, [f"mcledger_test_{self.run}_"]).fetchall():
                    drop = SQL("DROP DATABASE {} WITH (FORCE)")
                    connection.execute(drop.format(Identifier(name)))
        for directory in self.folder.parent.glob(f"{self.folder.name}*"):
            Cluster(directory).stop()
            shutil.rmtree(directory)


def sweep_when_this_process_ends(run: str) -> subprocess.Popen[bytes]:
    """Start a process that sweeps once our end of its pipe closes, however we may end."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.database", run],
        stdin=subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,  # an interrupt from the keyboard is for the tests alone
    )


if __name__ == "__main__":
    sys.stdin.read()
    Server(sys.argv[1]).sweep()
