"""One signed message to an address that somebody else chose: nowhere inside, never redirected.

The name is looked up once, every address that it has is judged, and the connection goes to one of
those that were judged: a name that answers differently the second time gains nothing.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from ledger.aggregates.webhook import WebhookAddressError

SECONDS_MAX = 10.0
ANSWER_BYTES_MAX = 4096  # nobody reads it; more is not waited for
UNICAST = ip_network("2000::/3")  # all that was ever handed out; the rest is special, or may be
SPECIAL = tuple(map(ip_network, ("3fff::/20", "192.0.0.0/24", "192.88.99.0/24")))
DELIVERED = range(200, 300)


def must_be_outside(url: str, *, in_development: bool) -> None:
    """Raises WebhookAddressError for what production tells nothing: plain http, and us."""
    parts = urlsplit(url)
    if in_development:
        return
    if parts.scheme != "https":
        raise WebhookAddressError("production tells https:// addresses only")
    host = parts.hostname or ""
    try:
        literal = ip_address(host)
    except ValueError:
        if host == "localhost" or host.endswith((".localhost", ".local", ".internal")):
            raise WebhookAddressError("this name leads inside") from None
    else:
        if not _is_outside(literal):
            raise WebhookAddressError("this address leads inside")


def post(url: str, body: bytes, headers: Mapping[str, str], *, in_development: bool) -> str:
    """Send one message. Answers "" when it was taken, else why it was not."""
    try:
        must_be_outside(url, in_development=in_development)
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        address = judged(parts.hostname or "", port, in_development=in_development)
        status = _exchange(parts, port, address, body, headers)
    except WebhookAddressError as error:
        return error.detail
    except (OSError, HTTPException, ValueError) as error:
        return type(error).__name__
    return "" if status in DELIVERED else f"status {status}"


def judged(host: str, port: int, *, in_development: bool) -> str:
    """One of the addresses of a name. Raises WebhookAddressError when any of them is inside."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [str(entry[4][0]) for entry in found]
    if not in_development and not all(map(_is_outside, map(ip_address, addresses))):
        raise WebhookAddressError("this name leads inside")
    return addresses[0]


def _is_outside(address: IPv4Address | IPv6Address) -> bool:
    """Whether everybody knows it by that address; none that has another one written inside it."""
    if isinstance(address, IPv6Address) and (
        address not in UNICAST or address.sixtofour or address.teredo
    ):
        return False
    special = address.is_multicast or any(address in one for one in SPECIAL)
    return address.is_global and not special


def _exchange(
    parts: SplitResult, port: int, address: str, body: bytes, headers: Mapping[str, str]
) -> int:
    host = parts.hostname or ""
    connection: HTTPConnection
    if parts.scheme == "https":
        connection = HTTPSConnection(host, port, timeout=SECONDS_MAX)
    else:
        connection = HTTPConnection(host, port, timeout=SECONDS_MAX)
    plain = socket.create_connection((address, port), timeout=SECONDS_MAX)
    try:
        connection.sock = plain
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=host)
        path = parts.path or "/"
        target = f"{path}?{parts.query}" if parts.query else path
        connection.request("POST", target, body=body, headers=dict(headers))
        answer = connection.getresponse()
        answer.read(ANSWER_BYTES_MAX)
        return answer.status
    finally:
        connection.close()
        plain.close()
