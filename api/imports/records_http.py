"""Asks an issuer's host for what would prove a record: only hosts that the district has allowed.

The name of a host is looked up once, every address that it has is judged, and the connection goes
to one of those. Nothing is followed elsewhere, nothing is unpacked, and what drips is cut off.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Collection
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Timer
from typing import Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit

from api.webhook_http import judged
from ledger.aggregates.webhook import WebhookAddressError
from ledger.records.received import host_of

SECONDS_MAX = 5.0
BYTES_MAX = 1024 * 1024
ACCEPTED = "application/did+json, application/vc+ld+json, application/json, text/plain"
LOOPBACK = frozenset({"localhost", "127.0.0.1"})

Outcome = Literal["answered", "host-not-allowed", "not-reachable"]


class Asked(NamedTuple):
    """What was asked for, and what came of it."""

    address: str
    outcome: Outcome


def ask(
    address: str, hosts: Collection[str], *, in_development: bool
) -> tuple[Asked, bytes | None]:
    """GET one address, if its host is allowed; never raises.

    Args:
        address: Where the document is.
        hosts: `host` or `host:port`, as the district has allowed them.
        in_development: Addresses inside may be asked, and this machine without encryption.
    """
    host = host_of(address)
    if host is None or host not in hosts:
        return Asked(address, "host-not-allowed"), None
    parts = urlsplit(address)
    plain = in_development and parts.hostname in LOOPBACK
    try:
        content = _get(parts, in_development=in_development, plain=plain)
    except (WebhookAddressError, OSError, HTTPException, ValueError):
        content = None
    return Asked(address, "not-reachable" if content is None else "answered"), content


def _get(parts: SplitResult, *, in_development: bool, plain: bool) -> bytes | None:
    name = parts.hostname or ""
    port = parts.port or (80 if plain else 443)
    address = judged(name, port, in_development=in_development)
    line = socket.create_connection((address, port), timeout=SECONDS_MAX)
    end = Timer(SECONDS_MAX, _cut, [line])
    end.start()
    connection = (HTTPConnection if plain else HTTPSConnection)(name, port, timeout=SECONDS_MAX)
    try:
        connection.sock = line
        if not plain:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(line, server_hostname=name)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        headers = {"Accept": ACCEPTED, "Accept-Encoding": "identity"}
        connection.request("GET", target, headers=headers)
        return _body(connection.getresponse())
    finally:
        end.cancel()
        connection.close()
        line.close()


def _body(answer: HTTPResponse) -> bytes | None:
    """What was answered; nothing of an error, a redirect, an archive or a book."""
    packed = answer.headers.get("Content-Encoding", "identity") != "identity"
    if answer.status != 200 or packed:  # noqa: PLR2004 - OK
        return None
    content = answer.read(BYTES_MAX + 1)
    return content if len(content) <= BYTES_MAX else None


def _cut(line: socket.socket) -> None:
    """End a connection under whoever waits for it, be it for a byte every second."""
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
