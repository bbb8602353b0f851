"""The process that stands ready to check records: started when first needed, or when it ended."""

from __future__ import annotations

import atexit
import socket
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock

import api
from api.imports.records_worker import BEGUN

_FOLDER = Path(api.__file__).resolve().parent.parent


class Apart:
    """Hands jobs to a process that forks for each. It knows nothing of what this process knows."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._door: socket.socket | None = None
        atexit.register(self.close)

    def ask(self, job: bytes, seconds: float) -> bytes | None:
        """What was answered, cut off where the work was ended; null where it was not begun.

        Args:
            job: What is to be done.
            seconds: How long to wait for anything at all.
        """
        for _ in range(2):  # whoever was to fork may just have ended; another does as well
            door, answer = self._asked(job, seconds)
            if answer.startswith(BEGUN):
                return answer.removeprefix(BEGUN)
            self._close(door)
        return None

    def close(self) -> None:
        """End the process; the next job starts another."""
        self._close(self._door)

    def _close(self, asked: socket.socket | None) -> None:
        """End the process that was asked; one that was started since has the jobs of others."""
        with self._lock:
            if self._door is not asked:
                return
            door, process, self._door, self._process = self._door, self._process, None, None
        if door is not None and process is not None:
            door.close()
            process.kill()  # what it has forked goes on, and ends by its own limits
            process.wait()

    def _asked(self, job: bytes, seconds: float) -> tuple[socket.socket | None, bytes]:
        found, door = bytearray(), None
        ours, theirs = socket.socketpair()
        with ours, suppress(OSError):  # whoever ends meanwhile does not answer either
            ours.settimeout(seconds)
            with theirs, self._lock:
                door = self._open_door()
                socket.send_fds(door, [b"."], [theirs.fileno()])
            ours.sendall(job)
            ours.shutdown(socket.SHUT_WR)
            while part := ours.recv(65_536):
                found += part
        return door, bytes(found)

    def _open_door(self) -> socket.socket:
        if self._door is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._process = subprocess.Popen(
                    self._command,
                    stdin=theirs.fileno(),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,  # its words may be those of a record
                    cwd=_FOLDER,
                    env={},
                    start_new_session=True,  # what interrupts this process is not for that one
                )
            self._door = ours
        return self._door
