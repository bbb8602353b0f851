"""Rows of a CSV file that somebody sent: UTF-8, quoted as RFC 4180 says, or a flaw."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

from api.imports.flaws import Flaws


def csv_rows(file: str, content: bytes, flaws: Flaws) -> Iterator[list[str]]:
    """The rows of a CSV file; a byte order mark at its beginning is no part of it."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        flaws.add(file, "not-utf-8", "is not UTF-8 text", row=line)
        return
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    read = 0
    try:
        for row in rows:
            yield row
            read += 1
    except csv.Error:
        flaws.add(file, "csv-damaged", "is not well-formed CSV from here on", row=read + 1)


def numbered_rows(
    file: str, rows: Iterable[list[str]], header: Sequence[str], flaws: Flaws
) -> Iterator[tuple[int, list[str]]]:
    """The rows below the header with their numbers, as a spreadsheet counts, if as wide as it."""
    for number, row in enumerate(rows, start=2):
        if len(row) == len(header):
            yield number, row
        elif row:  # an empty line says nothing
            why = f"has {len(row)} fields, and the header {len(header)}"
            flaws.add(file, "columns-wrong", why, row=number)
