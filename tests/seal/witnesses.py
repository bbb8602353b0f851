"""Logs in memory for a witness to look at, and real witnesses in processes of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Self

from ledger.seal.notes import Checkpoint, Note, SigningKey
from ledger.seal.tiles import consistency_proof, parse_tile_path
from ledger.seal.trusted_keys import TrustedKey
from ledger.seal.witness import Request, Witness
from ledger.seal.witness_folder import WitnessFolder
from tests.seal.trees import Tiles, leaves

ORIGIN = "ledger.example/district"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MCLEDGER = str(Path(sys.executable).with_name("mcledger"))
PATIENCE_SECONDS = 60


class LogInMemory:
    """A log that may grow, go back, and become another, and signs whatever it is."""

    def __init__(self, size: int, *, key: SigningKey | None = None, origin: str = ORIGIN) -> None:
        self.key = key or SigningKey.new(origin)
        self.become(size)

    def become(self, size: int, salt: str = "", common: int = 0) -> None:
        """So many leaves, others from a size on."""
        self.tiles = Tiles()
        self.tiles.append([*leaves(size)[:common], *leaves(size, salt)[common:]])
        self.size = size

    @property
    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.key.name, self.size, self.tiles.edge.root)

    @property
    def note(self) -> str:
        text = self.checkpoint.text()
        return str(Note(text, (self.key.sign(text),)))

    def request(self, old: int) -> Request:
        return Request(old, tuple(consistency_proof(old, self.size, self.tiles.read)), self.note)


class _Handler(BaseHTTPRequestHandler):
    log: LogInMemory

    def do_GET(self) -> None:
        content = self.log.note.encode() if self.path == "/checkpoint" else self._tile()
        self.send_response(200 if content else 404)
        self.end_headers()
        self.wfile.write(content)

    def _tile(self) -> bytes:
        named = parse_tile_path(self.path.removeprefix("/tile/"))
        if named is None:
            return b""
        level, number, width = named
        hashes = self.log.tiles.read(level, number)[: width * 32]
        return hashes if len(hashes) == width * 32 else b""

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - its name above
        pass


@contextmanager
def serving(log: LogInMemory) -> Iterator[str]:
    """The log over HTTP, as a ledger shows it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"log": log}))
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def witness_folder(path: Path, *keys: TrustedKey, name: str = "witness.example/state") -> Path:
    """The folder of a witness who has pinned these keys."""
    path.mkdir(mode=0o700, exist_ok=True)
    folder = WitnessFolder(path)
    folder.key(name)
    folder.pin(keys)
    return path


def witness_in(path: Path) -> Witness:
    return Witness(WitnessFolder(path), lambda: NOON)


class HttpProcess:
    """A command of ours that answers HTTP, in a process of its own, until it is stopped."""

    def __init__(self, *command: str | Path, environment: Mapping[str, str]) -> None:
        self.command = [MCLEDGER, *map(str, command)]
        self.environment = environment
        self.port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, again at the same port, and wait until it listens there."""
        self.process = subprocess.Popen(
            [*self.command, *self.address()],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=clean_environment(self.environment),
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(rb"http://127\.0\.0\.1:(\d+)", line):
                self.port = int(found[1])
                break
        self.told = b""
        self._drain = Thread(target=self._listen)
        self._drain.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.told += line

    def address(self) -> list[str]:
        return ["--port", str(self.port)]

    def stop(self) -> None:
        """Kill it, as a loss of power would."""
        self.process.kill()
        self.process.wait()
        self._drain.join()
        assert self.process.stderr is not None
        self.process.stderr.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class WitnessProcess(HttpProcess):
    """`mcledger witness`, which needs nothing of a ledger's."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.folder = folder
        super().__init__("witness", "--folder", folder, *arguments, environment={})

    def address(self) -> list[str]:
        return ["--listen", f"127.0.0.1:{self.port}"]

    @property
    def line(self) -> str:
        """As a ledger names it in its list of witnesses."""
        return f"{WitnessFolder(self.folder).key().verifier} {self.url}\n"


def clean_environment(added: Mapping[str, str]) -> dict[str, str]:
    """Nothing of a ledger's: no database, no settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("MCLEDGER_") and name != "DATABASE_URL"
    }
    return kept | dict(added)


def until(what: Any, seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true answer; fails when none comes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := what():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")
