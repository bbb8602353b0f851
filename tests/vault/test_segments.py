"""Sealed segments: everything that can be done to them is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from uuid import UUID

import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from ledger.segments import (
    HEADER_BYTES,
    SEGMENT_BYTES,
    TAG_BYTES,
    EvidenceDamagedError,
    decrypt,
    encrypt,
)
from tests.samples import named

SECRET, OTHER_SECRET = bytes(range(32)), bytes(32)
FILE, OTHER_FILE = named("file"), named("other file")
SEALED_BYTES = SEGMENT_BYTES + TAG_BYTES
CONTENT = Random(1).randbytes(2 * SEGMENT_BYTES + 100)


def sealed(content: bytes = CONTENT, secret: bytes = SECRET, file_id: UUID = FILE) -> bytes:
    return b"".join(encrypt(secret, file_id, [content]))


def opened(blob: bytes, secret: bytes = SECRET, file_id: UUID = FILE, piece: int = 65_537) -> bytes:
    pieces = (blob[start : start + piece] for start in range(0, len(blob), piece))
    return b"".join(decrypt(secret, file_id, pieces))


def parts(blob: bytes) -> tuple[bytes, list[bytes]]:
    body = blob[HEADER_BYTES:]
    return blob[:HEADER_BYTES], [
        body[start : start + SEALED_BYTES] for start in range(0, len(body), SEALED_BYTES)
    ]


@settings(max_examples=20)
@for_all(
    size=st.sampled_from([1, 100, SEGMENT_BYTES - 1, SEGMENT_BYTES, SEGMENT_BYTES + 1])
    | st.integers(1, 3 * SEGMENT_BYTES),
    piece=st.integers(1000, 2 * SEGMENT_BYTES),
)
def test_a_file_comes_back_however_it_is_cut(size: int, piece: int) -> None:
    content = Random(size).randbytes(size)

    def chunks() -> Iterator[bytes]:
        yield from (content[start : start + piece] for start in range(0, size, piece))

    blob = b"".join(encrypt(SECRET, FILE, chunks()))
    segments = -(-size // SEGMENT_BYTES)
    assert len(blob) == HEADER_BYTES + size + segments * TAG_BYTES
    assert opened(blob, piece=piece) == content


def test_a_header_may_arrive_in_crumbs() -> None:
    assert opened(sealed(b"lesson"), piece=1) == b"lesson"


def test_two_files_with_one_content_have_nothing_in_common() -> None:
    assert sealed()[HEADER_BYTES:][:64] != sealed()[HEADER_BYTES:][:64]


@pytest.mark.parametrize(
    "size",
    [
        0,
        1,
        HEADER_BYTES - 1,
        HEADER_BYTES,
        HEADER_BYTES + 1,
        HEADER_BYTES + SEALED_BYTES,
        HEADER_BYTES + 2 * SEALED_BYTES,
        len(CONTENT),
    ],
)
def test_a_file_that_was_cut_off_is_noticed(size: int) -> None:
    """Also between two segments, each of which is whole."""
    with pytest.raises(EvidenceDamagedError):
        opened(sealed()[:size])


def test_what_was_appended_is_noticed() -> None:
    for more in (b"\0", sealed(), parts(sealed())[1][-1]):
        with pytest.raises(EvidenceDamagedError):
            opened(sealed() + more)


def test_segments_in_another_order_are_noticed() -> None:
    header, segments = parts(sealed(CONTENT[: 2 * SEGMENT_BYTES]))
    for order in ((1, 0), (0, 0), (1, 1), (0, 0, 1), (1,)):
        with pytest.raises(EvidenceDamagedError):
            opened(header + b"".join(segments[n] for n in order))


def test_a_segment_of_another_file_is_noticed() -> None:
    header, segments = parts(sealed())
    for _, foreign in (parts(sealed()), parts(sealed(file_id=OTHER_FILE))):
        with pytest.raises(EvidenceDamagedError):
            opened(header + segments[0] + foreign[1] + segments[2])


def test_a_file_under_another_name_or_key_is_noticed() -> None:
    with pytest.raises(EvidenceDamagedError):
        opened(sealed(), file_id=OTHER_FILE)
    with pytest.raises(EvidenceDamagedError):
        opened(sealed(), secret=OTHER_SECRET)


def test_every_flipped_bit_is_noticed() -> None:
    blob = sealed(b"Reflection")
    for at in range(len(blob) * 8):
        damaged = bytearray(blob)
        damaged[at // 8] ^= 1 << at % 8
        with pytest.raises(EvidenceDamagedError):
            opened(bytes(damaged))


def test_no_piece_is_given_before_it_is_proved() -> None:
    header, segments = parts(sealed())
    damaged = segments[1][:-1] + bytes([segments[1][-1] ^ 1])
    given: list[bytes] = []
    with pytest.raises(EvidenceDamagedError, match="segment 1"):
        given.extend(decrypt(SECRET, FILE, [header + segments[0] + damaged + segments[2]]))
    assert b"".join(given) == CONTENT[:SEGMENT_BYTES]
