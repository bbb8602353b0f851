"""What files are let in as evidence: by their bytes, never by their names."""

from __future__ import annotations

import zipfile
from contextlib import suppress
from io import BytesIO
from random import Random

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from ledger.media_types import WINDOW_BYTES, MediaTypeRefusedError, Sniffer
from tests.vault.media import OFFICE, REFUSED, TAKEN, WORD, zipped

PIECES = (1, 7, 64 * 1024, WINDOW_BYTES, 64 * WINDOW_BYTES)


def sniff(content: bytes, piece: int = WINDOW_BYTES) -> str:
    sniffer = Sniffer()
    for start in range(0, len(content), piece):
        sniffer.feed(content[start : start + piece])
    return sniffer.media_type()


@pytest.mark.parametrize("name", TAKEN)
def test_evidence_is_known_by_its_bytes(name: str) -> None:
    media_type, content = TAKEN[name]
    assert {sniff(content, piece) for piece in PIECES} == {media_type}


@pytest.mark.parametrize("name", REFUSED)
def test_what_runs_or_is_unknown_is_refused(name: str) -> None:
    for piece in PIECES[1:] if len(REFUSED[name]) > 10_000 else PIECES:
        with pytest.raises(MediaTypeRefusedError) as refused:
            sniff(REFUSED[name], piece)
        assert refused.value.slug == "evidence-type-refused"


def test_long_text_is_text_to_its_last_byte() -> None:
    line = "Zoë explains photosynthesis to her group. 🌱\n".encode()
    text = line * (3 * WINDOW_BYTES // len(line))
    assert sniff(text, 9973) == "text/plain"
    with pytest.raises(MediaTypeRefusedError):
        sniff(text + b"\xff", 9973)
    with pytest.raises(MediaTypeRefusedError):
        sniff(text[: 2 * WINDOW_BYTES] + b"\0" + text, 9973)


def long_document(*, declares_in_the_middle: bool = False, runs: bool = False) -> bytes:
    """A presentation of 8 MB, as a lesson with photographs is."""
    declared = OFFICE + "presentationml.presentation.main+xml"
    photographs = [(f"ppt/media/{n}.jpeg", Random(n).randbytes(1_000_000)) for n in range(8)]
    types: tuple[str, str | bytes] = ("[Content_Types].xml", f'<Types t="{declared}"/>')
    main: tuple[str, str | bytes] = ("ppt/presentation.xml", "<p/>")
    macros: list[tuple[str, str | bytes]] = [("ppt/vbaProject.bin", b"\0")] if runs else []
    half = 4 if declares_in_the_middle else 0
    return zipped(main, *photographs[:half], types, *photographs[half:], *macros)


def test_a_long_document_is_known_by_its_ends() -> None:
    assert sniff(long_document()) == OFFICE + "presentationml.presentation"
    with pytest.raises(MediaTypeRefusedError):
        sniff(long_document(runs=True))


def test_a_document_that_hides_what_it_declares_is_refused() -> None:
    with pytest.raises(MediaTypeRefusedError):
        sniff(long_document(declares_in_the_middle=True))


def test_a_document_damaged_in_its_packing_is_refused() -> None:
    content = BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("[Content_Types].xml", bytes(range(256)) * 8)
        archive.writestr("word/document.xml", b"")
    packed = content.getvalue()
    with pytest.raises(MediaTypeRefusedError):
        sniff(packed[:70] + b"\xff" * 100 + packed[170:])


def test_an_encrypted_document_is_refused() -> None:
    """Nobody could see what is in it: the bit that says so is set in both headers."""
    content = bytearray(TAKEN["docx"][1])
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.namelist()[0] == "[Content_Types].xml"
    content[6] |= 1
    directory = content.index(b"PK\x01\x02")
    content[directory + 8] |= 1
    with pytest.raises(MediaTypeRefusedError):
        sniff(bytes(content))


@for_all(
    st.binary(max_size=2000), st.sampled_from([b"", b"PK\x03\x04", b"\0\0\0\x20ftyp", b"OggS"])
)
def test_no_bytes_break_the_sniffer(content: bytes, start: bytes) -> None:
    try:
        found = sniff(start + content, 97)
    except MediaTypeRefusedError:
        return
    assert found in {media_type for media_type, _ in TAKEN.values()}


@for_all(st.integers(0, 10_000), st.integers(0, 255))
def test_no_damage_to_a_document_breaks_the_sniffer(at: int, value: int) -> None:
    content = bytearray(TAKEN["docx"][1])
    content[at % len(content)] = value
    with suppress(MediaTypeRefusedError):
        assert sniff(bytes(content)) == WORD
