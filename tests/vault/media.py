"""The beginnings of real files, and whole documents, as small as they can be."""

from __future__ import annotations

import io
import zipfile

OFFICE = "application/vnd.openxmlformats-officedocument."
WORD = f"{OFFICE}wordprocessingml.document"
POWERPOINT = f"{OFFICE}presentationml.presentation"
EXCEL = f"{OFFICE}spreadsheetml.sheet"
MACROS = '<Override PartName="/word/a.bin" ContentType="application/vnd.ms-office.vbaProject"/>'
OPEN_TEXT = "application/vnd.oasis.opendocument.text"


def zipped(*entries: tuple[str, str | bytes], stored: bool = False) -> bytes:
    file = io.BytesIO()
    method = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return file.getvalue()


def office(main: str, declared: str, *more: tuple[str, str | bytes]) -> bytes:
    types = f'<Types><Override PartName="/{main}" ContentType="{declared}.main+xml"/></Types>'
    return zipped(("[Content_Types].xml", types), (main, "<w/>"), *more)


def iso(brand: bytes, *compatible: bytes) -> bytes:
    brands = brand + b"\0\0\2\0" + b"".join(compatible)
    return (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands + b"\0\0\0\x08free" + bytes(64)


TAKEN = {
    "plain text": ("text/plain", b"Exit ticket: what did you learn?\n"),
    "text of one letter": ("text/plain", b"A"),
    "text with accents": ("text/plain", "Núñez, Zoë, 学校, 🎓".encode()),
    "text with a byte order mark": ("text/plain", b"\xef\xbb\xbfUnit 1"),
    "text that talks of markup": ("text/plain", b"Use <b> for bold."),
    "pdf": ("application/pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"),
    "docx": (WORD, office("word/document.xml", WORD)),
    "pptx": (POWERPOINT, office("ppt/presentation.xml", POWERPOINT)),
    "xlsx": (EXCEL, office("xl/workbook.xml", EXCEL)),
    "odt": (OPEN_TEXT, zipped(("mimetype", OPEN_TEXT), ("content.xml", "<o/>"), stored=True)),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(20)),
    "jpeg": ("image/jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1" + bytes(20)),
    "jpeg of a camera": ("image/jpeg", b"\xff\xd8\xff\xe1\0\x10Exif\0\0" + bytes(20)),
    "gif": ("image/gif", b"GIF89a\1\0\1\0\x80\0\0"),
    "webp": ("image/webp", b"RIFF\x24\0\0\0WEBPVP8 " + bytes(20)),
    "heic": ("image/heic", iso(b"heic", b"mif1")),
    "heic by its second brand": ("image/heic", iso(b"mif1", b"heic")),
    "mp3 with a title": ("audio/mpeg", b"ID3\x03\0\0\0\0\0\x21" + bytes(40)),
    "mp3": ("audio/mpeg", b"\xff\xfb\x90\x64" + bytes(40)),
    "m4a": ("audio/mp4", iso(b"M4A ", b"mp42", b"isom")),
    "wav": ("audio/wav", b"RIFF\x24\0\0\0WAVEfmt " + bytes(20)),
    "ogg vorbis": ("audio/ogg", b"OggS\0\2" + bytes(20) + b"\x01\x1e\x01vorbis" + bytes(20)),
    "ogg opus": ("audio/ogg", b"OggS\0\2" + bytes(20) + b"\x01\x13OpusHead" + bytes(20)),
    "mp4": ("video/mp4", iso(b"isom", b"iso2", b"avc1", b"mp41")),
    "mp4 of a phone": ("video/mp4", iso(b"mp42", b"isom")),
    "mp4 of an unknown brand": ("video/mp4", iso(b"XAVC", b"mp42")),
    "mov": ("video/quicktime", iso(b"qt  ")),
    "mov of old": ("video/quicktime", b"\0\0\0\x08wide\0\0\0\x18mdat" + bytes(30)),
    "webm": ("video/webm", b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\x82\x84webm" + bytes(30)),
}

REFUSED = {
    "html": b"<!DOCTYPE html><html><script>alert(1)</script>",
    "html after spaces": b" \r\n\t<script>alert(1)</script>",
    "html with a byte order mark": b"\xef\xbb\xbf<html>",
    "html that also is a pdf": b"<html><!--%PDF-1.7\n1 0 obj-->",
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "svg as xml": b'<?xml version="1.0"?><svg/>',
    "comment": b"<!-- nothing --><p>",
    "shell script": b"#!/bin/sh\nrm -rf /\n",
    "batch file": b"@ECHO OFF\r\ndel *.*\r\n",
    "php": b"<?php system($_GET['c']);",
    "rtf": b"{\\rtf1\\ansi{\\object}}",
    "postscript": b"%!PS-Adobe-3.0\n",
    "windows program": b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff\0\0" + bytes(60),
    "linux program": b"\x7fELF\2\1\1" + bytes(60),
    "java class": b"\xca\xfe\xba\xbe\0\0\0\x34",
    "old word": bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600),
    "avif": iso(b"avif", b"mif1", b"heic"),
    "unknown video": iso(b"abcd"),
    "avi": b"RIFF\x24\0\0\0AVI LIST" + bytes(20),
    "ogg video": b"OggS\0\2" + bytes(20) + b"\x01\x2a\x80theora" + bytes(20),
    "matroska": b"\x1a\x45\xdf\xa3\x9fB\x86\x81\1B\x82\x88matroska" + bytes(30),
    "utf-16": "Exit ticket".encode("utf-16"),
    "latin-1": "Schülerarbeit".encode("latin-1"),
    "text with a zero byte": b"Exit\0ticket",
    "text cut in a letter": "Zoë".encode()[:-1],
    "zip": zipped(("a.txt", "x")),
    "zip in a zip": zipped(("0.zip", zipped(("1.zip", "x")))),
    "jar": zipped(("META-INF/MANIFEST.MF", "Main-Class: A"), ("A.class", b"\xca\xfe\xba\xbe")),
    "zip cut off": zipped(("word/document.xml", "x" * 500))[:-30],
    "docm": office("word/document.xml", "application/vnd.ms-word.document.macroEnabled"),
    "docm called docx": office("word/document.xml", WORD, ("word/vbaProject.bin", b"\0")),
    "docm with its macros by another name": zipped(
        (
            "[Content_Types].xml",
            f'<Override PartName="/word/document.xml" ContentType="{WORD}.main+xml"/>{MACROS}',
        ),
        ("word/document.xml", "x"),
        ("word/a.bin", b"\0"),
    ),
    "docm beside a docx": zipped(
        ("[Content_Types].xml", f"{WORD}.main+xml application/vnd.ms-word.macroEnabled.main+xml"),
        ("word/document.xml", "x"),
    ),
    "docx that declares nothing": zipped(("word/document.xml", "x")),
    "docx that declares something else": office("word/document.xml", EXCEL),
    "docx and xlsx in one": office("word/document.xml", WORD, ("xl/workbook.xml", "x")),
    "docx with endless declarations": zipped(
        ("[Content_Types].xml", WORD + " " * 2_000_000), ("word/document.xml", "x")
    ),
    "odt with macros": zipped(
        ("mimetype", OPEN_TEXT), ("content.xml", "x"), ("Basic/Standard/M.xml", "x"), stored=True
    ),
    "spreadsheet of another kind": zipped(
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"), ("content.xml", "x")
    ),
    "noise": bytes(range(128, 256)) * 4,
}
