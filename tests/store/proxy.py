"""A proxy between a client and PostgreSQL that understands message boundaries, and cuts at one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from psycopg.conninfo import conninfo_to_dict, make_conninfo

Side = Literal["client", "server"]


class Proxy:
    """Forwards message by message. `cut(side, n)` closes both ends after n more of that side."""

    def __init__(self, directory: Path, url: str) -> None:
        upstream = conninfo_to_dict(url)
        self._upstream = f"{upstream['host']}/.s.PGSQL.{upstream.get('port', 5432)}"
        self.url = make_conninfo(url, host=str(directory), port="5432", sslmode="disable")
        self.cuts = 0
        self.connections = 0
        self._left: dict[Side, int | None] = {"client": None, "server": None}
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, side: Side, messages: int) -> None:
        """Forward so many more messages of one side, then drop the connection, once."""
        with self._lock:
            self._left = {"client": None, "server": None, side: messages}

    def heal(self) -> None:
        """Cut no more."""
        with self._lock:
            self._left = {"client": None, "server": None}

    def close(self) -> None:
        for one in (self._listener, *self._open):
            _close(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self._upstream)
                self.connections += 1
                self._open += [client, server]
                pairs: tuple[tuple[Side, socket.socket, socket.socket], ...] = (
                    ("client", client, server),
                    ("server", server, client),
                )
                for side, source, target in pairs:
                    threading.Thread(
                        target=self._forward, args=(side, source, target), daemon=True
                    ).start()

    def _forward(self, side: Side, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            for message in _messages(source, has_startup=side == "client"):
                if self._is_cut(side):
                    break
                target.sendall(message)
        _close(source)
        _close(target)

    def _is_cut(self, side: Side) -> bool:
        with self._lock:
            left = self._left[side]
            if left is None:
                return False
            self._left[side] = left - 1
            if left > 0:
                return False
            self._left[side] = None
            self.cuts += 1
            return True


def _messages(source: socket.socket, *, has_startup: bool) -> Iterator[bytes]:
    """The messages of one side. The very first of a client has no letter for its kind."""
    stream = source.makefile("rb")
    letter = 0 if has_startup else 1
    while True:
        head = stream.read(letter + 4)
        if len(head) < letter + 4:
            return
        body = stream.read(int.from_bytes(head[letter:], "big") - 4)
        yield head + body
        letter = 1


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def proxied(directory: Path, url: str) -> Iterator[Proxy]:
    """A proxy in front of the server of `url`, in a folder whose path is short."""
    proxy = Proxy(directory, url)
    try:
        yield proxy
    finally:
        proxy.close()
