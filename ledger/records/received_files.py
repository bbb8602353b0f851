"""What a stranger's file holds: a record as JSON or token, alone, baked into a PNG, or in a bundle.

Nothing is believed here. The file is bounded in size, depth and number of parts before anything
looks into it, and JSON that says one thing twice is refused: two readers would see two records.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from base64 import urlsafe_b64decode
from binascii import Error
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from ledger.archives import UNREADABLE
from ledger.records.badges2 import is_assertion, is_beside
from ledger.records.canonical import DEPTH_MAX
from ledger.records.documents import Document, RecordError, compact_json, types_of
from ledger.records.proofs import ProofRefusedError
from ledger.records.tokens import HEADER

RECORD_BYTES_MAX: Final = 256 * 1024  # of one award
TRANSCRIPT_BYTES_MAX: Final = 1024 * 1024  # of a file with many, or of a picture with one
BUNDLE_BYTES_MAX: Final = 16 * 1024 * 1024
DOCUMENT_BYTES_MAX: Final = 4 * 1024 * 1024  # of a certificate as somebody scanned it
ELSEWHERE: Final = "elsewhere/"  # the folder of a bundle for records of others
_BUNDLE_FILES_MAX: Final = 1_000
_UNPACKED_BYTES_MAX: Final = 8 * 1024 * 1024  # of all that a bundle says in JSON and tokens
_PARTS_MAX: Final = 40_000
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_ZIP: Final = b"PK\x03\x04"
_PDF: Final = b"%PDF-"
_BAKED: Final = (b"openbadgecredential", b"openbadges")  # Open Badges 3.0, and 2.0
_ALGORITHMS: Final = ("ES256", "RS256")

Carrier = Literal["json", "token", "png", "bundle"]


class RecordTooLargeError(RecordError):
    """The file is larger, deeper or has more parts than records have."""

    slug = "record-too-large"


class RecordUnreadableError(RecordError):
    """The file is none that records come in."""

    slug = "record-unreadable"


class RecordAmbiguousError(RecordError):
    """The file says two things where a record says one."""

    slug = "record-ambiguous"


@dataclass(frozen=True, slots=True)
class Received:
    """One record as it came: its words, its token if it came as one, and what came along."""

    carrier: Carrier
    original: bytes  # of a bundle the record in it, else the whole file
    document: Document
    token: str | None = None
    issuers: tuple[Document, ...] = ()  # documents of issuers that came along
    lists: tuple[Document | str, ...] = ()  # and status lists, as JSON or token
    beside: tuple[Document, ...] = ()  # and what Open Badges 2.0 has instead of these


def is_document(content: bytes) -> bool:
    """Whether a file is a PDF, which only people can read. Raises RecordTooLargeError."""
    if content.startswith(_PDF) and len(content) > DOCUMENT_BYTES_MAX:
        raise RecordTooLargeError(f"a document has at most {DOCUMENT_BYTES_MAX} bytes")
    return content.startswith(_PDF)


def read_file(content: bytes) -> Received:
    """The record in a file. Raises RecordError, or a refusal below it, which says what is wrong."""
    if content.startswith(_ZIP):
        return _from_bundle(content)
    if len(content) > TRANSCRIPT_BYTES_MAX:
        raise RecordTooLargeError(f"a record has at most {TRANSCRIPT_BYTES_MAX} bytes")
    if content.startswith(_PNG):
        return _from_text("png", content, _baked(content))
    text = _decoded(content)
    return _from_text("json" if text.lstrip().startswith("{") else "token", content, text)


def strict_json(text: str | bytes) -> Any:
    """JSON that means one thing: no member twice, no NaN, no half characters, not endless."""
    try:
        found = json.loads(text, object_pairs_hook=_members, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise RecordUnreadableError("this is not JSON, or too deeply nested") from None
    _must_be_bounded(found)
    try:
        compact_json(found)
    except ValueError:  # also of text that has no bytes
        why = "the record holds half a character, or a number beyond all bounds"
        raise RecordError(why) from None
    return found


def token_document(token: str) -> dict[str, Any]:
    """What a token says, unproven. A header that could turn its proof around is refused."""
    header, payload = _parts_of(token)
    if header.get("alg") not in _ALGORITHMS:
        raise ProofRefusedError("a token is signed with ES256 or RS256")
    if not set(header) <= HEADER:  # say a key, or where to fetch one
        raise ProofRefusedError("the token has another header than records have")
    return payload


def key_of_token(token: str) -> str:
    """By which name a token means the key that signed it."""
    return str(_parts_of(token)[0].get("kid"))


def _parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):  # noqa: PLR2004 - header, content, signature
        raise RecordUnreadableError("this is neither JSON nor a signed token")
    header, payload = (strict_json(_unpacked(part)) for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise RecordUnreadableError("the token does not hold a record")
    return header, payload


def _from_text(carrier: Carrier, original: bytes, text: str) -> Received:
    if text.lstrip().startswith("{"):
        document = strict_json(text)
        assert isinstance(document, dict), "JSON that begins with a brace is an object"
        return Received(carrier, original, document)
    token = text.strip()
    return Received(carrier, original, token_document(token), token)


def _from_bundle(content: bytes) -> Received:
    """The one transcript of a bundle, or its one award, with the documents beside it."""
    if len(content) > BUNDLE_BYTES_MAX:
        raise RecordTooLargeError(f"a bundle has at most {BUNDLE_BYTES_MAX} bytes")
    found = [_from_text("bundle", one, _decoded(one)) for one in _texts(content)]
    records = [one for one in found if types_of(one.document) & {"ClrCredential"}] or [
        one for one in found if _is_award(one.document)
    ]
    if len({one.document.get("id") for one in records}) != 1:
        raise RecordAmbiguousError("a bundle holds one transcript, or else one award")
    return _beside(next((one for one in records if _by_its_words(one)), records[0]), found)


def with_files(record: Received, files: Iterable[bytes]) -> Received:
    """A record with what stands in other files, as if they had come along in a bundle.

    Raises RecordError, or a refusal below it, for a file that holds no document.
    """
    return _beside(record, [_from_text("bundle", one, _decoded(one)) for one in files])


def _beside(record: Received, found: Sequence[Received]) -> Received:
    issuers = tuple(one.document for one in found if "verificationMethod" in one.document)
    lists = tuple(one.token or one.document for one in found if _is_list(one.document))
    beside = (one.document for one in found if one.token is None and is_beside(one.document))
    return replace(
        record,
        issuers=(*record.issuers, *issuers),
        lists=(*record.lists, *lists),
        beside=(*record.beside, *beside),
    )


def _is_looked_at(name: str) -> bool:
    """What its holder brought from yet elsewhere is a record by itself, and no part of this one."""
    return name.endswith((".json", ".jwt")) and not name.startswith(ELSEWHERE)


def _by_its_words(record: Received) -> bool:
    """Whether a record is to be taken over its token: of Open Badges 2.0 the token is signed."""
    return (record.token is None) != is_assertion(record.document)


def _texts(content: bytes) -> Iterator[bytes]:
    """What a zip holds in JSON and tokens, no more of it than a record can have."""
    left = _UNPACKED_BYTES_MAX
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            names = bundle.infolist()
            if len(names) > _BUNDLE_FILES_MAX:
                raise RecordTooLargeError(f"a bundle has at most {_BUNDLE_FILES_MAX} files")
            for name in names:
                if not _is_looked_at(name.filename):
                    continue
                with bundle.open(name) as file:
                    text = file.read(min(left, TRANSCRIPT_BYTES_MAX) + 1)
                left -= len(text)
                if left < 0 or len(text) > TRANSCRIPT_BYTES_MAX:
                    raise RecordTooLargeError("a bundle holds more than a record can")
                yield text
    except UNREADABLE:
        raise RecordUnreadableError("the bundle is no zip file, or damaged") from None


def _baked(content: bytes) -> str:
    """The record inside a picture. Raises RecordError when there is none, or more than one."""
    found = [text for keyword, text in _text_chunks(content) if keyword in _BAKED]
    if len(found) != 1:
        raise RecordAmbiguousError(f"the picture holds {len(found)} records instead of one")
    return _decoded(found[0])


def _text_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The international texts of a PNG, by their keywords (PNG, section 11.3.4.5)."""
    at = len(_PNG)
    while at + 12 <= len(content):
        length, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        data, check = content[at + 8 : at + 8 + length], content[at + 8 + length :][:4]
        if len(check) < 4 or zlib.crc32(kind + data) != int.from_bytes(check):  # noqa: PLR2004
            raise RecordUnreadableError("the picture is damaged")
        if kind == b"iTXt":
            yield _text_of(data)
        at += 12 + length


def _text_of(data: bytes) -> tuple[bytes, bytes]:
    keyword, _, rest = data.partition(b"\0")
    compressed, parts = rest[:1], rest[2:].split(b"\0", 2)
    if len(parts) != 3:  # noqa: PLR2004 - language, translated keyword, text
        raise RecordUnreadableError("the picture is damaged")
    if compressed != b"\x01":
        return keyword, parts[2]
    unpacking = zlib.decompressobj()
    try:
        text = unpacking.decompress(parts[2], TRANSCRIPT_BYTES_MAX)
    except zlib.error:
        raise RecordUnreadableError("the picture is damaged") from None
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise RecordTooLargeError("the text inside the picture is too long")
    return keyword, text


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RecordUnreadableError("this is not text of a record, a picture or a bundle") from None


def _unpacked(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (Error, ValueError):
        raise RecordUnreadableError("the token is not written as base64url") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RecordAmbiguousError(f"the record says {twice[:100]!r} twice")
    return members


def _no_number(text: str) -> Any:
    raise RecordUnreadableError(f"{text} is no JSON")


def _must_be_bounded(found: Any) -> None:
    """Counts the parts, and how deep they go, without going deeper than they may."""
    level, parts, depth = [found], 0, 0
    while level:
        parts, depth = parts + len(level), depth + 1
        if depth > DEPTH_MAX + 1 or parts > _PARTS_MAX:
            raise RecordTooLargeError(
                f"a record has at most {_PARTS_MAX} parts, nested {DEPTH_MAX} deep"
            )
        level = [inner for part in level for inner in _inside(part)]


def _inside(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return list(part.values())
    return part if isinstance(part, list) else []


def _is_award(document: Mapping[str, Any]) -> bool:
    return is_assertion(document) or ("credentialSubject" in document and not _is_list(document))


def _is_list(document: Mapping[str, Any]) -> bool:
    return "BitstringStatusListCredential" in types_of(document)
