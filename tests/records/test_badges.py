"""Badges: the same words give the same picture, and the record inside comes out as it went in."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.records.badges import badge, baked
from ledger.records.documents import RecordError
from ledger.records.proofs import proven
from ledger.records.received_files import read_file
from ledger.records.tokens import as_token, from_token
from tests.records.samples import ISSUER, ISSUER_ID, TOKEN, TOKEN_KEY, signed

TITLE, ISSUER_NAME = "Wait time in discussions", "District Example"
PNG, SVG = badge(TITLE, ISSUER_NAME), badge(TITLE, ISSUER_NAME, "svg")
RECORD = signed()
TOKEN_TEXT = as_token(RECORD, TOKEN_KEY, TOKEN.method(ISSUER_ID))
CREDENTIAL = "{https://purl.imsglobal.org/ob/v3p0}credential"


def chunks(picture: bytes) -> list[tuple[bytes, bytes]]:
    """What a PNG consists of, each part checked."""
    found, at = [], 8
    while at < len(picture):
        length = int.from_bytes(picture[at : at + 4])
        kind, data = picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        assert zlib.crc32(kind + data) == int.from_bytes(picture[at + 8 + length :][:4])
        found.append((kind, data))
        at += 12 + length
    return found


def test_the_same_words_give_the_same_bytes_in_another_process() -> None:
    program = (
        "import sys; from ledger.records.badges import badge;"
        "sys.stdout.buffer.write(badge(sys.argv[1], sys.argv[2], sys.argv[3]))"
    )
    for picture, here in (("png", PNG), ("svg", SVG)):
        command = [sys.executable, "-c", program, TITLE, ISSUER_NAME, picture]
        assert subprocess.run(command, capture_output=True, check=True).stdout == here


def test_other_words_give_another_picture() -> None:
    assert len({badge(title, name) for title in ("A", "B") for name in ("C", "D")}) == 4


@settings(max_examples=25)
@given(st.text(max_size=200), st.text(max_size=200))
def test_whatever_is_on_a_badge_is_drawn_and_never_taken_for_markup(title: str, name: str) -> None:
    header = dict(chunks(badge(title, name)))[b"IHDR"]
    assert [int.from_bytes(header[at : at + 4]) for at in (0, 4)] == [500, 500]


def test_words_that_would_be_orders_to_the_typesetter_are_words() -> None:
    assert badge('#panic("x")', ISSUER_NAME) != badge("#pagebreak()", ISSUER_NAME)


def test_a_baked_png_holds_the_record_once_uncompressed_and_before_its_end() -> None:
    found = chunks(baked(PNG, RECORD))
    assert [kind for kind, _ in found][-2:] == [b"iTXt", b"IEND"]
    assert [kind for kind, _ in found].count(b"iTXt") == 1
    head, text = found[-2][1][:24], found[-2][1][24:]
    assert head == b"openbadgecredential" + bytes(5)
    assert json.loads(text) == RECORD
    assert [each for each in found if each[0] != b"iTXt"] == chunks(PNG)


def test_what_was_baked_is_read_and_proven() -> None:
    document = read_file(baked(PNG, RECORD))
    assert document.document == RECORD
    assert proven(document.document, ISSUER)
    token = read_file(baked(PNG, TOKEN_TEXT)).token
    assert token == TOKEN_TEXT
    assert from_token(token, ISSUER)["id"] == RECORD["id"]


@pytest.mark.parametrize("name", ["]]>", "<b>&amp;</b>", 'é漢😀 "quoted"\n'])
def test_a_baked_svg_is_xml_with_the_record_as_its_first_part(name: str) -> None:
    record = {**RECORD, "name": name}
    first = ET.fromstring(baked(SVG, record))[0]
    assert first.tag == CREDENTIAL
    assert json.loads(first.text or "") == record
    assert first.attrib == {}


def test_a_token_in_an_svg_is_an_attribute() -> None:
    first = ET.fromstring(baked(SVG, TOKEN_TEXT))[0]
    assert (first.tag, first.attrib, first.text) == (CREDENTIAL, {"verify": TOKEN_TEXT}, None)


@pytest.mark.parametrize("picture", [PNG, SVG], ids=["png", "svg"])
@pytest.mark.parametrize("record", [RECORD, TOKEN_TEXT], ids=["document", "token"])
def test_a_picture_holds_one_record(picture: bytes, record: Any) -> None:
    with pytest.raises(RecordError):
        baked(baked(picture, record), RECORD)
    assert baked(picture, record) == baked(picture, record)


@pytest.mark.parametrize("picture", [b"", b"GIF89a", PNG[:8], PNG[:-12]], ids=range(4))
def test_what_is_no_whole_picture_takes_no_record(picture: bytes) -> None:
    with pytest.raises(RecordError):
        baked(picture, RECORD)
