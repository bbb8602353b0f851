"""Transcripts over HTTP, beside the least that could answer the same bytes to the same callers."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import UUID

import psycopg
from pydantic import SecretStr

from api.auth import mint_development_token
from api.settings import Settings
from benchmarks import ours
from benchmarks.data import ENROLLMENTS_PER_PERSON
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row

CLIENTS = 8
TEACHERS = 400
OUR_SERVER = ["-c", "from api.cli import main; main()", "serve"]
PEER = ["-m", "benchmarks.serving_peer"]
TABLE = "CREATE TABLE answers (path text PRIMARY KEY, body bytea NOT NULL)"


@contextmanager
def stage(bench: Bench) -> Iterator[Contest]:
    """The same paths, tokens and bytes; the peer finds them ready by their key."""
    events = bench.size(100_000, 20_000)
    with ours.filled(bench, events) as url:
        ours.catch_up(url)
        environment = settings(url, bench.folder)
        file = bench.folder / "paths"
        write_paths(file, ours.teachers(url)[:TEACHERS], read_settings_of(environment))
        with serving(OUR_SERVER, environment) as our_port:
            _keep_answers(url, our_port, file)
            with serving(PEER, environment) as peer_port:
                yield Contest(
                    lambda: load(our_port, file, bench.seconds),
                    {"one SELECT by key": lambda: load(peer_port, file, bench.seconds)},
                )


def settings(url: str, place: Path) -> dict[str, str]:
    """The environment of a server on that database; what it keeps goes with the folder."""
    return {
        "DATABASE_URL": url,
        "MCLEDGER_ENVIRONMENT": "development",
        "MCLEDGER_ROOT_KEY_FILE": str(place / "root-keys"),
        "MCLEDGER_EVIDENCE_FOLDER": str(place / "evidence"),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }


def read_settings_of(environment: Mapping[str, str]) -> Settings:
    """The same settings in this process."""
    return Settings(
        environment="development",
        database_url=SecretStr(environment["DATABASE_URL"]),
        root_key_file=Path(environment["MCLEDGER_ROOT_KEY_FILE"]),
        evidence_folder=Path(environment["MCLEDGER_EVIDENCE_FOLDER"]),
    )


def write_paths(file: Path, teachers: Sequence[UUID], of: Settings) -> None:
    """Each teacher asks for her own transcript."""
    file.write_text(
        "\n".join(
            f"/v1/people/{teacher}/transcript {mint_development_token(of, teacher)}"
            for teacher in teachers
        )
    )


@contextmanager
def serving(arguments: list[str], environment: Mapping[str, str]) -> Iterator[int]:
    """An HTTP server in a process of its own; answers the port it listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    command = [sys.executable, *arguments, "--port", str(port)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=said, stderr=said
        )
        try:
            _wait(port, process)
            yield port
        except TimeoutError as error:
            said.seek(0)
            raise TimeoutError(said.read().decode(errors="replace")[-2000:]) from error
        finally:
            process.terminate()
            process.wait()


def _wait(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status < 500:  # noqa: PLR2004 - the server answers
                return
        except (OSError, HTTPException):
            time.sleep(0.05)
        finally:
            connection.close()
    raise TimeoutError("the server did not start")


def _keep_answers(url: str, port: int, file: Path) -> None:
    """Ask ours for everything once, and keep what it said for the peer to repeat."""
    asker = HTTPConnection("127.0.0.1", port)
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS answers")
        connection.execute(TABLE)
        for path, token in map(str.split, file.read_text().splitlines()):
            asker.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = asker.getresponse()
            body = answer.read()
            assert answer.status == 200, body  # noqa: PLR2004 - or the figure means nothing
            assert body.count(b'"enrollment_id"') == ENROLLMENTS_PER_PERSON, body
            connection.execute("INSERT INTO answers VALUES (%s, %s)", [path, body])
    asker.close()


def load(port: int, paths: Path, seconds: float) -> float:
    """Requests a second of the server on that port."""
    command = [
        *(sys.executable, "-m", "benchmarks.load", "--port", str(port), "--paths", str(paths)),
        *("--clients", str(CLIENTS), "--seconds", str(seconds)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout)


ROWS = (
    Row(
        name="transcript GET",
        unit="requests/s",
        better="higher",
        stage=stage,
        floor=0.7,
        aim=0.9,
    ),
)
