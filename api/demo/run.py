"""Sets up a ledger of its own, plays the year on a real server, prints, and proves the tables."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from threading import Event
from uuid import UUID, uuid4

import httpx2
import psycopg
from psycopg.conninfo import make_conninfo
from rich.console import Console

from api import local_postgres
from api.demo.show import show
from api.demo.stage import Stage
from api.demo.story import Year, play
from api.settings import read_settings
from api.stopping import end_as_interrupted, set_when_stopped
from ledger.errors import UnavailableError

DATABASE = "mcledger_demo"
IN_USE = "SELECT FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
START_SECONDS_MAX = 120  # of a slow machine that compiles it all for the first time


def run(console: Console, *, serve: bool, port: int) -> bool:
    """Play the demo. Answers whether live tables and tables rebuilt from the log are the same."""
    started, port = time.monotonic(), free_port(port)
    end_as_interrupted()
    with fresh_database() as url, tempfile.TemporaryDirectory(prefix="mcledger-demo-") as name:
        folder = Path(name)
        environment = environment_of(url, folder, port)
        os.environ.update(environment)
        settings, operator = read_settings(), uuid4()
        mcledger("migrate")
        mcledger("grant", str(operator), "operator")
        with server(port, folder / "server.log") as address:
            stage = Stage(address, settings)
            year = play(stage, operator, folder, console.print)
            console.print()
            show(stage, year, console)
            same = prove(console)
            seconds = time.monotonic() - started
            console.print(
                f"{stage.position} events and {stage.requests} requests in {seconds:.0f} s.\n"
            )
            if serve:
                keep_serving(console, stage, year, address, environment)
            stage.close()
    return same


@contextmanager
def fresh_database() -> Iterator[str]:
    """An empty database of the demo's own; it goes, and a server started for it stops."""
    running = local_postgres.is_running()
    url = local_postgres.start()
    with psycopg.connect(url, autocommit=True) as connection:
        if connection.execute(IN_USE, [DATABASE]).rowcount:
            raise UnavailableError("a demo is running on this server; end it first")
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    try:
        yield make_conninfo(url, dbname=DATABASE)
    finally:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
        if not running:
            local_postgres.stop()


def environment_of(url: str, folder: Path, port: int) -> dict[str, str]:
    """The settings of the demo's processes: keys and files in a folder that goes with it."""
    return {
        "MCLEDGER_ENVIRONMENT": "development",
        "DATABASE_URL": url,
        "MCLEDGER_ROOT_KEY_FILE": str(folder / "root-keys"),
        "MCLEDGER_EVIDENCE_FOLDER": str(folder / "evidence"),
        "MCLEDGER_PUBLIC_HOST": f"127.0.0.1:{port}",
    }


def mcledger(*arguments: str) -> None:
    """Run a command of this package. Raises UnavailableError with what it said."""
    done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnavailableError(f"mcledger {arguments[0]} failed: {done.stderr.strip()}")


def command(*arguments: str) -> list[str]:
    """The command line of `mcledger` in this interpreter."""
    return [sys.executable, "-c", "from api.cli import main; main()", *arguments]


@contextmanager
def server(port: int, log: Path) -> Iterator[str]:
    """The API and the projections in a process of their own, until the end of the block."""
    address = f"http://127.0.0.1:{port}"
    arguments = command("serve", "--with-projector", "--port", str(port))
    with log.open("wb") as file:
        process = subprocess.Popen(arguments, stdout=file, stderr=file)
    try:
        wait_until_ready(address, process, log)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(START_SECONDS_MAX)


def free_port(port: int = 0) -> int:
    """This port, or any. Raises UnavailableError where somebody else listens at it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise UnavailableError(f"port {port}: {error.strerror}") from None
        return int(probe.getsockname()[1])


def wait_until_ready(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for /readyz. Raises UnavailableError when the server ends or does not get ready."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx2.get(f"{address}/readyz").is_success:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    raise UnavailableError(f"the server did not get ready: {log.read_text().strip()}")


def prove(console: Console) -> bool:
    """Whether every projection, rebuilt from the log alone, equals the live one."""
    done = subprocess.run(command("check"), check=False)
    same = done.returncode == 0
    console.print(
        "Live tables = tables rebuilt from the log: " + ("yes" if same else "NO"), style="bold"
    )
    return same


def exports(environment: Mapping[str, str]) -> str:
    """Lines that give a shell these settings."""
    return "\n".join(f"export {name}={quote(value)}" for name, value in environment.items())


def keep_serving(
    console: Console, stage: Stage, year: Year, address: str, environment: Mapping[str, str]
) -> None:
    """Print tokens and settings to try things with, and wait until somebody ends it."""
    people: dict[str, UUID] = {
        "operator": year.cast.operator,
        "issuer approver": year.cast.approver,
        "teacher": year.heroine,
        "assessor": year.cast.assessors[0],
        f"office of {year.grand_bend.name}": year.grand_bend.office,
        f"payroll of {year.grand_bend.name}": year.grand_bend.payroll,
    }
    console.print(f"Serving on {address}; the routes are in {address}/openapi.json. Tokens:")
    for who, principal in people.items():
        console.print(f"  {who} ({principal})")
        console.print(f"    {stage.token(principal)}", soft_wrap=True)
    path = f"/v1/people/{year.heroine}/transcript"
    console.print(f'Try: curl -H "Authorization: Bearer TOKEN" {address}{path}', soft_wrap=True)
    console.print("To run mcledger on this ledger from another shell, give that shell:")
    console.print(exports(environment), soft_wrap=True, markup=False, highlight=False)
    stopped = set_when_stopped(Event())
    console.print("Ctrl-C ends it.")
    stopped.wait()
    console.print()
