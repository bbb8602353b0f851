"""Requests a second of one HTTP server: so many kept connections, each with one request open.

Runs as a process of its own (`python -m benchmarks.load`), so that it takes nothing from the
server's interpreter. One thread and plain sockets: the less it costs, the more the server gets.
"""

import argparse
import selectors
import socket
import time
from pathlib import Path


class Connection:
    """One kept connection: sends a request, reads the whole answer, counts it."""

    def __init__(self, port: int, requests: list[bytes], first: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._requests = requests
        self._next = first
        self._missing = -1  # bytes of the answer still to come; unknown before its head is read
        self._head = b""
        self.answered = 0

    def send(self) -> None:
        self.socket.sendall(self._requests[self._next % len(self._requests)])
        self._next += 1

    def receive(self) -> None:
        """Take what has come; when it completes an answer, send the next request."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the server closed a kept connection")
        if self._missing < 0:
            self._head += data
            head, end, body = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(self._head.decode(errors="replace"))
            length = head.lower().split(b"content-length:")[1].split(b"\r\n")[0]
            self._missing = int(length) - len(body)
        else:
            self._missing -= len(data)
        if self._missing == 0:
            self._missing, self._head = -1, b""
            self.answered += 1
            self.send()


def main() -> None:
    """Print requests per second, measured after a tenth of the time to warm up."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--clients", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--paths", type=Path, required=True, help="a path and a token a line")
    asked = parser.parse_args()
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        for path, token in map(str.split, asked.paths.read_text().splitlines())
    ]
    connections = [
        Connection(asked.port, requests, first * len(requests) // asked.clients)
        for first in range(asked.clients)
    ]
    _serve(connections, asked.seconds / 10)
    before = sum(connection.answered for connection in connections)
    begun = time.perf_counter()
    _serve(connections, asked.seconds)
    answered = sum(connection.answered for connection in connections) - before
    print(answered / (time.perf_counter() - begun))


_open: set[Connection] = set()  # those with a request under way


def _serve(connections: list[Connection], seconds: float) -> None:
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            if connection not in _open:
                _open.add(connection)
                connection.send()
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            for key, _ in selector.select(timeout=0.1):
                key.data.receive()


if __name__ == "__main__":
    main()
