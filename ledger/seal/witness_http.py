"""One HTTP exchange with somebody who is not trusted: bounded in size, never redirected.

A proxy that the environment names is used. Whoever answers proves what it says by signatures.
"""

from __future__ import annotations

import time
from http.client import HTTPException
from typing import IO, Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ledger.errors import InvalidError, UnavailableError

SECONDS_MAX = 5.0
BYTES_MAX = 1_000_000
TEXT = "text/plain; charset=utf-8"
_READ_BYTES = 65_536


class AddressError(InvalidError):
    """That is no address of a ledger or a witness."""

    slug = "address-unusable"


class UnreachableError(UnavailableError):
    """Nobody answers there as expected."""

    slug = "unreachable"


class Answer(NamedTuple):
    """What came back, whatever its status."""

    status: int
    body: bytes

    def text(self) -> str:
        """The body as text. Raises UnreachableError."""
        try:
            return self.body.decode()
        except UnicodeDecodeError:
            raise UnreachableError("the answer is not text") from None


def checked_address(url: str) -> str:
    """The address without a slash at its end. Raises AddressError."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
        usable = usable and not (parts.query or parts.fragment)
    except ValueError:
        usable = False
    if not usable or any(c.isspace() for c in url):
        raise AddressError("an address is written https://host[:port][/path]")
    return url.rstrip("/")


def exchange(url: str, body: bytes | None = None, *, seconds: float = SECONDS_MAX) -> Answer:
    """GET an address, or POST a body to it.

    Args:
        url: An address that `checked_address` let pass, and a path.
        body: What is posted; None asks only.
        seconds: How long nothing at all may come, and how long a body may go on coming.

    Raises:
        UnreachableError: no answer, too late, or too long.
    """
    headers = {} if body is None else {"Content-Type": TEXT}
    request = Request(url, data=body, headers=headers)  # noqa: S310 - the scheme was checked
    until = time.monotonic() + seconds
    try:
        with _OPENER.open(request, timeout=seconds) as response:
            return Answer(response.status, _read(response, until))
    except HTTPError as error:
        with error:
            return Answer(error.code, _read(error, until))
    except (OSError, HTTPException, ValueError) as error:
        # The message of the system may hold an address with a password.
        raise UnreachableError(f"no answer: {type(error).__name__}") from error


class _NoRedirect(HTTPRedirectHandler):
    """A moved witness is for its operator to announce, not for whoever answers there."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = build_opener(_NoRedirect)


def _read(response: IO[bytes], until: float) -> bytes:
    """The body, in parts: one that drips must not hold us beyond our time."""
    content = bytearray()
    read = getattr(response, "read1", response.read)
    try:
        while part := read(_READ_BYTES):
            content += part
            if len(content) > BYTES_MAX:
                raise UnreachableError(f"the answer is longer than {BYTES_MAX} bytes")
            if time.monotonic() > until:
                raise UnreachableError("the answer takes too long")
    except (OSError, HTTPException) as error:
        raise UnreachableError(f"the answer broke off: {type(error).__name__}") from error
    return bytes(content)
