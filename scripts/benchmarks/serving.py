"""Transcripts over HTTP, beside the least that could answer the same bytes to the same callers."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psycopg

from benchmarks import ours
from benchmarks.machine import Bench
from benchmarks.measure import Contest, Row

CLIENTS = 8
TABLE = "CREATE TABLE answers (path text PRIMARY KEY, body bytea NOT NULL)"


@contextmanager
def stage(bench: Bench) -> Iterator[Contest]:
    """The same paths, tokens and bytes; the peer finds them ready by their key."""
    events = bench.size(100_000, 20_000)
    with tempfile.TemporaryDirectory() as place, ours.filled(bench, events, caught_up=True) as url:
        environment = {**ours.settings(url, Path(place)), "PYTHONPATH": os.pathsep.join(sys.path)}
        token = ours.operator_token(url, environment)
        paths = ours.transcript_paths(url)[:500]
        file = Path(place) / "paths"
        file.write_text("\n".join(paths))
        with serving(["-m", "api.cli", "serve"], environment) as our_port:
            _keep_answers(url, our_port, token, paths)
            with serving(["-m", "benchmarks.serving_peer"], environment) as peer_port:
                yield Contest(
                    lambda: _load(our_port, token, file, bench.seconds),
                    {"one SELECT by key": lambda: _load(peer_port, token, file, bench.seconds)},
                )
        with psycopg.connect(url) as connection:
            connection.execute("DROP TABLE answers")


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


def _keep_answers(url: str, port: int, token: str, paths: list[str]) -> None:
    """Ask ours for everything once, and keep what it said for the peer to repeat."""
    asker = HTTPConnection("127.0.0.1", port)
    with psycopg.connect(url) as connection:
        connection.execute("DROP TABLE IF EXISTS answers")
        connection.execute(TABLE)
        for path in paths:
            asker.request("GET", path, headers={"Authorization": f"Bearer {token}"})
            answer = asker.getresponse()
            body = answer.read()
            assert answer.status == 200, body  # noqa: PLR2004 - or the figure means nothing
            connection.execute("INSERT INTO answers VALUES (%s, %s)", [path, body])


def _load(port: int, token: str, paths: Path, seconds: float) -> float:
    command = [
        sys.executable,
        "-m",
        "benchmarks.load",
        "--port",
        str(port),
        "--clients",
        str(CLIENTS),
        "--seconds",
        str(seconds),
        "--paths",
        str(paths),
    ]
    done = subprocess.run(command, input=token, capture_output=True, text=True, check=True)
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
