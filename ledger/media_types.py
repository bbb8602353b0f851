"""What a file is, read from its bytes; what its sender calls it is never asked.

Only kinds of evidence are let in: text, documents, images, audio, video. Whatever can run (pages,
drawings with scripts, programs, macros) is not among them, under whatever name it comes.
"""

from __future__ import annotations

import io
import re
import zipfile
from codecs import getincrementaldecoder

import puremagic

from ledger.archives import UNREADABLE
from ledger.errors import InvalidError

WINDOW_BYTES = 1024 * 1024  # of the beginning, and of the end, of a file: what is looked at
CONTENT_TYPES_BYTES_MAX = 1024 * 1024
CONTENT_TYPES = "[Content_Types].xml"
OFFICE = "application/vnd.openxmlformats-officedocument."
MAIN_PARTS = {
    "word/document.xml": f"{OFFICE}wordprocessingml.document",
    "ppt/presentation.xml": f"{OFFICE}presentationml.presentation",
    "xl/workbook.xml": f"{OFFICE}spreadsheetml.sheet",
}
OPEN_DOCUMENT_TEXT = "application/vnd.oasis.opendocument.text"
SINGLE_FORMATS = {  # these bytes say all there is to know
    "application/pdf",
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "audio/mpeg",
}
BRANDS = {  # of an ISO media file: the first that is known decides
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1"), "image/heic"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"MSNV"),
        "video/mp4",
    ),
}
OGG_AUDIO = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC", b"Speex   ")
RUNS_OR_RENDERS = re.compile(  # what browsers and shells act upon, were it let in as plain text
    rb"\s*(#!|<[!?%a-zA-Z]|\{\\rtf|%!PS|@echo)", re.IGNORECASE
)


class MediaTypeRefusedError(InvalidError):
    """This kind of file is not taken as evidence."""

    slug = "evidence-type-refused"
    status = 415


class Sniffer:
    """Watches a file go by and says what it is once it is over."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._tail = bytearray()
        self._size = 0
        self._decoder = getincrementaldecoder("utf-8")()
        self._is_text = True

    def feed(self, chunk: bytes) -> None:
        self._size += len(chunk)
        self._head += chunk[: WINDOW_BYTES - len(self._head)]
        self._tail += chunk
        if len(self._tail) > 2 * WINDOW_BYTES:  # not at every chunk: moving bytes costs time
            del self._tail[:-WINDOW_BYTES]
        if self._is_text:
            self._is_text = b"\0" not in chunk and self._decodes(chunk)

    def media_type(self) -> str:
        """Raises MediaTypeRefusedError when the file is none of what evidence may be."""
        head = bytes(self._head)
        found = _binary_type(head) or self._zip_type(head) or self._text_type(head)
        if found is None:
            raise MediaTypeRefusedError(
                "evidence is plain text, PDF, Word, PowerPoint, Excel or OpenDocument text without "
                "macros, a PNG, JPEG, GIF, WebP or HEIC image, MP3, M4A, WAV or Ogg audio, or MP4, "
                "MOV or WebM video; this file is none of these"
            )
        return found

    def _decodes(self, chunk: bytes, *, final: bool = False) -> bool:
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            return False
        return True

    def _text_type(self, head: bytes) -> str | None:
        is_text = self._is_text and self._decodes(b"", final=True)
        return "text/plain" if is_text and not RUNS_OR_RENDERS.match(_without_mark(head)) else None

    def _zip_type(self, head: bytes) -> str | None:
        if not head.startswith(b"PK\x03\x04"):
            return None
        window = _Window(head, bytes(self._tail[-WINDOW_BYTES:]), self._size)
        try:
            with zipfile.ZipFile(window) as archive:
                return _document_type(archive, head)
        except UNREADABLE:
            return None


def _binary_type(head: bytes) -> str | None:
    if head[4:8] == b"ftyp":
        found = _iso_type(head)
    elif head.startswith(b"RIFF") and head[8:12] == b"WAVE":
        found = "audio/wav"
    elif head.startswith(b"ID3"):
        found = "audio/mpeg"
    elif head.startswith(b"OggS"):
        found = "audio/ogg" if any(codec in head[:256] for codec in OGG_AUDIO) else None
    elif head.startswith(b"\x1a\x45\xdf\xa3"):
        found = "video/webm" if b"\x42\x82\x84webm" in head[:256] else None
    elif head[4:8] in {b"moov", b"wide", b"mdat"}:
        found = "video/quicktime"  # written before such files named a brand
    else:
        found = _single_type(head)
    return found


def _single_type(head: bytes) -> str | None:
    try:
        found = puremagic.magic_string(head)[0].mime_type
    except (puremagic.PureError, ValueError):
        return None
    return found if found in SINGLE_FORMATS else None


def _iso_type(head: bytes) -> str | None:
    length = min(int.from_bytes(head[:4], "big"), 512)
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length, 4))]
    if brands[0] in {b"avif", b"avis", b"crx "}:
        return None
    return next((BRANDS[brand] for brand in brands if brand in BRANDS), None)


def _document_type(archive: zipfile.ZipFile, head: bytes) -> str | None:
    """A document's type, or none when it holds programs or is not a document at all."""
    names = {name.casefold() for name in archive.namelist()}
    if OPEN_DOCUMENT_TEXT.encode() in head[30:128] and "content.xml" in names:
        runs = any(name.startswith(("basic/", "scripts/")) for name in names)
        return None if runs else OPEN_DOCUMENT_TEXT
    main = [media_type for part, media_type in MAIN_PARTS.items() if part in names]
    if len(main) != 1 or any("vbaproject" in name for name in names):
        return None
    entry = archive.getinfo(CONTENT_TYPES)
    if entry.file_size > CONTENT_TYPES_BYTES_MAX:
        return None
    declared = archive.read(entry).lower()
    runs = b"macroenabled" in declared or b"vbaproject" in declared
    return main[0] if not runs and main[0].encode() in declared else None


def _without_mark(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf")


class _Window(io.RawIOBase):
    """A file of which only both ends are in memory; asking for the middle is an error.

    A zip's list of entries is at its end, and what declares an office document's parts is small
    and, as programs write it, near one end.
    """

    def __init__(self, head: bytes, tail: bytes, size: int) -> None:
        super().__init__()
        self._head, self._tail, self._size = head, tail, size
        self._at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        if self._at < 0:
            raise OSError("before the beginning")
        return self._at

    def read(self, size: int = -1) -> bytes:
        end = self._size if size < 0 else min(self._at + size, self._size)
        start, self._at = self._at, max(self._at, end)
        if end <= len(self._head):
            return self._head[start:end]
        tail_start = self._size - len(self._tail)
        if start < tail_start:
            raise OSError("this part of the file is not at hand")
        return self._tail[start - tail_start : end - tail_start]
