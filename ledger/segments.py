"""A long file as sealed segments, so that it streams in bounded memory and no part can be moved.

One header (form, random prefix), then segments of 1 MiB, each under AES-256-GCM with the nonce
prefix ‖ counter ‖ last and the file's id as associated data. A segment that was cut off, swapped,
repeated, changed or taken from another file does not open.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.errors import LedgerError

SEGMENT_BYTES = 1024 * 1024
TAG_BYTES = 16
FORM = b"\x01"  # AES-256-GCM in segments of 1 MiB; the first byte of every file
PREFIX_BYTES = 7
HEADER_BYTES = len(FORM) + PREFIX_BYTES


class EvidenceDamagedError(LedgerError):
    """The stored file is not the one that was handed in."""

    slug = "evidence-damaged"
    status = 500


def sealed_bytes(size_bytes: int) -> int:
    """How long a file of this size is once it is sealed."""
    segments = max(1, -(-size_bytes // SEGMENT_BYTES))
    return HEADER_BYTES + size_bytes + segments * TAG_BYTES


def encrypt(secret: bytes, file_id: UUID, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The header, then one sealed segment after the other."""
    cipher = AESGCM(secret)
    prefix = secrets.token_bytes(PREFIX_BYTES)
    yield FORM + prefix
    for counter, (segment, last) in enumerate(_pieces(chunks, SEGMENT_BYTES)):
        yield cipher.encrypt(_nonce(prefix, counter, last=last), segment, file_id.bytes)


def decrypt(secret: bytes, file_id: UUID, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The file again, each piece proved before it is given.

    Raises:
        EvidenceDamagedError: at the first piece that is not the one stored, or is missing.
    """
    cipher = AESGCM(secret)
    stream = iter(chunks)
    header, rest = _take(stream, HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(FORM):
        raise EvidenceDamagedError(f"the file of evidence {file_id} does not begin as it should")
    prefix = header[len(FORM) :]
    sealed = _pieces(_after(rest, stream), SEGMENT_BYTES + TAG_BYTES)
    ended = False
    for counter, (segment, last) in enumerate(sealed):
        try:
            yield cipher.decrypt(_nonce(prefix, counter, last=last), segment, file_id.bytes)
        except InvalidTag:
            raise EvidenceDamagedError(
                f"the file of evidence {file_id} was changed or cut off in segment {counter}"
            ) from None
        ended = last
    if not ended:
        raise EvidenceDamagedError(f"the file of evidence {file_id} has lost its segments")


def _nonce(prefix: bytes, counter: int, *, last: bool) -> bytes:
    return prefix + counter.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def _pieces(chunks: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """The same bytes in pieces of one size, and of each whether it is the last."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while len(buffer) > size:  # so that something is left to be the last piece
            yield bytes(buffer[:size]), False
            del buffer[:size]
    if buffer:
        yield bytes(buffer), True


def _take(stream: Iterator[bytes], size: int) -> tuple[bytes, bytes]:
    """The first bytes of a stream, and what came with them."""
    taken = b""
    for chunk in stream:
        taken += chunk
        if len(taken) >= size:
            break
    return taken[:size], taken[size:]


def _after(first: bytes, stream: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from stream
