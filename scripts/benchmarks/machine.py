"""The machine the figures come from, and a PostgreSQL of its own for the time of one run."""

import itertools
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg

from api.local_paths import find_binaries, folder
from api.local_postgres import Cluster

SETTINGS = {"max_connections": "300", "shared_buffers": "256MB"}


@dataclass(frozen=True)
class Bench:
    """One run: how long it may take and the server it works on, fsync and all."""

    cluster: Cluster
    folder: Path  # for keys and files of this run; a database is of no use without its root key
    cache: Path  # peers that are no dependency of ours are installed here
    quick: bool
    filled: dict[tuple[type, int], str] = field(default_factory=dict)  # what, how much: address
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def rounds(self) -> int:
        return 5

    @property
    def seconds(self) -> float:
        """How long one round of a throughput figure lasts."""
        return 0.7 if self.quick else 2.0

    def size(self, full: int, quick: int) -> int:
        """How many events, streams or requests."""
        return quick if self.quick else full

    def database(self) -> str:
        """The address of a new, empty database."""
        return self.cluster.start(f"bench_{next(self._numbers)}")

    def drop(self, url: str) -> None:
        """Give the room of a database back; full runs make many."""
        name = psycopg.sql.Identifier(urlsplit(url).path.strip("/"))
        with psycopg.connect(self.cluster.url(), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@contextmanager
def open_bench(*, quick: bool) -> Iterator[Bench]:
    """A throwaway server, removed at the end."""
    place = folder(f"bench-{os.getpid()}")
    cluster = Cluster(place, **SETTINGS)
    with tempfile.TemporaryDirectory() as files:
        try:
            cluster.start()
            yield Bench(cluster, Path(files), _cache(), quick)
        finally:
            cluster.stop()
            shutil.rmtree(place, ignore_errors=True)


def binary(name: str) -> str:
    """A program of the server's installation, such as pgbench."""
    return str(find_binaries() / name)


def describe(bench: Bench) -> dict[str, str]:
    """What a reader needs to compare machines, without names of hosts or folders."""
    with psycopg.connect(bench.cluster.url()) as connection:
        settings = {
            name: connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            for name in ("server_version", "fsync", "synchronous_commit", "shared_buffers")
        }
    values = {name: row[0] if row else "?" for name, row in settings.items()}
    load = os.getloadavg()
    return {
        "machine": f"{os.cpu_count()} cores, {_processor()}, {platform.system()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "load": f"{load[0]:.1f} in the last minute, {load[2]:.1f} in the last 15, ours included",
        "PostgreSQL": f"{values['server_version']}, Unix socket, fsync {values['fsync']}, "
        f"synchronous_commit {values['synchronous_commit']}, "
        f"shared_buffers {values['shared_buffers']}",
    }


def host_of(url: str) -> str:
    """The folder of the socket in an address of ours."""
    return parse_qs(urlsplit(url).query)["host"][0]


def _processor() -> str:
    if Path("/proc/cpuinfo").exists():
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "microcredential-ledger"
