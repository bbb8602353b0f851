"""A badge as a picture, plain, with its record baked into it: the picture is the record's carrier.

The same words give the same bytes: the picture is drawn with the fonts that come with the
typesetter and none of the machine's, and nothing in it depends on when it was drawn.

Sources: Open Badges Specification 3.0, section 5.3; PNG, section 11.3.4.5; docs/sources.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import typst

from ledger.records.documents import Document, RecordError, compact_json

Picture = Literal["png", "svg"]
_PIXELS_AN_INCH: Final = 180.0  # 500 pixels across
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_KEYWORD: Final = b"openbadgecredential"
_UNCOMPRESSED: Final = b"\0\0\0\0\0"  # end of keyword, no compression, no language, no translation
_NAMESPACE: Final = "https://purl.imsglobal.org/ob/v3p0"


def badge(title: str, issuer_name: str, picture: Picture = "png") -> bytes:
    """The picture of a badge: what was earned and who says so. Long words get smaller letters."""
    drawn = typst.compile(
        _drawing(),
        format=picture,
        ppi=_PIXELS_AN_INCH,
        sys_inputs={"kind": "Micro-credential", "title": title, "issuer": issuer_name},
        ignore_system_fonts=True,
    )
    assert isinstance(drawn, bytes), "a badge is one page"
    return drawn


def baked(picture: bytes, record: Document | str) -> bytes:
    """The picture with a record inside: a signed document, or a token as text.

    Raises RecordError when the picture is no whole PNG or SVG, or holds a record already.
    """
    if picture.startswith(_SIGNATURE):
        return _baked_png(picture, record)
    if picture.startswith(b"<svg "):
        return _baked_svg(picture, record)
    raise RecordError("a record is baked into a PNG or SVG")


def _baked_png(picture: bytes, record: Document | str) -> bytes:
    chunks = list(_chunks(picture))
    if any(kind == b"iTXt" and data.startswith(_KEYWORD + b"\0") for kind, data in chunks):
        raise RecordError("the picture holds a record already")
    text = record.encode() if isinstance(record, str) else compact_json(record)
    if not chunks or chunks[-1][0] != b"IEND":
        raise RecordError("the picture is damaged")
    inside = (b"iTXt", _KEYWORD + _UNCOMPRESSED + text)
    return _SIGNATURE + b"".join(_chunk(*each) for each in (*chunks[:-1], inside, chunks[-1]))


def _baked_svg(picture: bytes, record: Document | str) -> bytes:
    """A `]]>` would end the text too early, so its last character is written as JSON may."""
    if _NAMESPACE.encode() in picture:
        raise RecordError("the picture holds a record already")
    if isinstance(record, Mapping):
        text = compact_json(record).decode().replace("]]>", "]]\\u003e")
        inside = f"<openbadges:credential><![CDATA[{text}]]></openbadges:credential>"
    else:
        inside = f'<openbadges:credential verify="{record}"></openbadges:credential>'
    opening, _, rest = picture.partition(b">")
    return b"".join([opening, f' xmlns:openbadges="{_NAMESPACE}">'.encode(), inside.encode(), rest])


def _chunks(picture: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at < len(picture):
        length = int.from_bytes(picture[at : at + 4])
        yield picture[at + 4 : at + 8], picture[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


@cache
def _drawing() -> bytes:
    return (files("ledger.records") / "badge.typ").read_bytes()
