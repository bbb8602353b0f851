"""The real thing: PostgreSQL, `mcledger serve` and `mcledger project`, and ways to hurt them."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psycopg

from api.local_paths import find_binaries
from api.local_postgres import Cluster

RESTARTS_MAX = 200
RESTART_SECONDS = 0.2  # as an operator's supervisor would
MCLEDGER = str(Path(sys.executable).with_name("mcledger"))


class Service:
    """A process that is started again whenever it ends, until it is told to stop."""

    def __init__(
        self, name: str, arguments: list[str], environment: Mapping[str, str], log: Path
    ) -> None:
        self.name = name
        self.log = log
        self._command = [MCLEDGER, *arguments]
        self._environment = {**os.environ, **environment}
        self._stopping = threading.Event()
        self._process = self._start()
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    @property
    def process_id(self) -> int:
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._process.pid, number)

    def stop(self) -> None:
        """End it for good; a frozen one as well."""
        self._stopping.set()
        self.signal(signal.SIGKILL)
        self._keeper.join()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _keep(self) -> None:
        while True:
            self._process.wait()
            if self._stopping.wait(RESTART_SECONDS):
                self._process.wait()
                return
            self._process = self._start()


class System:
    """One running ledger, with its faults. `wait_until_ready` is what an operator would see."""

    def __init__(self, cluster: Cluster, environment: Mapping[str, str], folder: Path) -> None:
        self.cluster = cluster
        self.environment = environment
        self.folder = folder
        self.said = ""  # by /readyz, the last time it was asked
        self.port = free_port()
        serve = ["serve", "--port", str(self.port)]
        self.api = Service("api", serve, environment, folder / "serve.log")
        self.projector = Service("projector", ["project"], environment, folder / "project.log")

    def stop(self) -> None:
        self.api.stop()
        self.projector.stop()

    def restart_server(self) -> None:
        """Have PostgreSQL running; while it ends its backends it takes nobody."""
        for _ in range(RESTARTS_MAX):
            try:
                self.cluster.start("mcledger")
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"PostgreSQL does not come back: {self.tail()}")

    def ready(self) -> bool:
        """Whether the API says that it can work."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            answer = connection.getresponse()
            self.said = answer.read().decode()
        except (OSError, HTTPException) as error:
            self.said = repr(error)
            return False
        else:
            return answer.status == 200
        finally:
            connection.close()

    def wait_until_ready(self, seconds_max: float) -> float:
        """Seconds until the API was ready. Raises TimeoutError after `seconds_max`."""
        begun = time.monotonic()
        while not self.ready():
            if time.monotonic() - begun > seconds_max:
                raise TimeoutError(f"not ready after {seconds_max} s: {self.said} {self.tail()}")
            time.sleep(0.05)
        return time.monotonic() - begun

    def tail(self) -> str:
        """The last words of both processes."""
        return "\n".join(
            f"{file.name}: {file.read_text(errors='replace')[-1500:]}"
            for file in sorted(self.folder.glob("*.log"))
        )


Fault = Callable[[System, random.Random], None]


def kill_api(system: System, dice: random.Random) -> None:
    system.api.signal(signal.SIGKILL)


def kill_projector(system: System, dice: random.Random) -> None:
    system.projector.signal(signal.SIGKILL)


def end_a_backend(system: System, dice: random.Random) -> None:
    """One connection is cut by the server, in whatever it was doing."""
    with administrator(system.cluster) as connection:
        backend = dice.choice(backends(connection))
        connection.execute("SELECT pg_terminate_backend(%s)", [backend])


def kill_a_backend(system: System, dice: random.Random) -> None:
    """One backend dies; the postmaster then ends all others and recovers."""
    with administrator(system.cluster) as connection:
        backend = dice.choice(backends(connection))
    with suppress(ProcessLookupError):
        os.kill(backend, signal.SIGKILL)


def kill_postmaster(system: System, dice: random.Random) -> None:
    system.cluster.kill()


def stop_immediately(system: System, dice: random.Random) -> None:
    """What an operator in panic does: no checkpoint, recovery at the next start."""
    owner = system.cluster.directory.stat()
    root = os.geteuid() == 0
    subprocess.run(
        [
            str(find_binaries() / "pg_ctl"),
            "stop",
            "-D",
            str(system.cluster.data),
            "-m",
            "immediate",
        ],
        check=False,
        capture_output=True,
        cwd="/",
        user=owner.st_uid if root else None,
        extra_groups=[] if root else None,
    )


def freeze(system: System, dice: random.Random) -> None:
    """One process stands still for a while and then goes on as if nothing had happened."""
    with administrator(system.cluster) as connection:
        backend = dice.choice(backends(connection))
    process = dice.choice([system.api.process_id, system.projector.process_id, backend])
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGSTOP)
        time.sleep(dice.uniform(1, 3))
        os.kill(process, signal.SIGCONT)


def end_the_lock_connection(system: System, dice: random.Random) -> None:
    """The projector loses the connection that says it is the only one, and that alone."""
    with administrator(system.cluster) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )


FAULTS: tuple[Fault, ...] = (
    kill_api,
    kill_projector,
    end_a_backend,
    kill_a_backend,
    kill_postmaster,
    stop_immediately,
    freeze,
    end_the_lock_connection,
)


def hurt(system: System, fault: Fault, dice: random.Random) -> None:
    """Do it; a server that is not there to be asked has been hurt enough."""
    with suppress(psycopg.OperationalError, IndexError):
        fault(system, dice)


@contextmanager
def administrator(cluster: Cluster) -> Iterator["psycopg.Connection[tuple[Any, ...]]"]:
    """A connection of the owner of everything, in the ledger's database."""
    url = cluster.url("mcledger")
    with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
        yield connection


def backends(connection: "psycopg.Connection[tuple[Any, ...]]") -> list[int]:
    """The server's processes that work for the API or the projector."""
    found = connection.execute(
        "SELECT pid FROM pg_stat_activity"
        " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY pid"
    )
    return [process_id for (process_id,) in found]


def free_port() -> int:
    """A port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
