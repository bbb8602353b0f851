"""Everywhere a word could be: tables, dumps, files, the server's own files, log lines."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Collection, Iterator
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from api.local_paths import find_binaries
from api.logs import JsonFormatter

EVERY_TABLE = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     ORDER BY 1, 2
"""


class Told(logging.Handler):
    """Every log line of whatever level, as a process would write it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(JsonFormatter(with_messages=True))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if not record.name.startswith("http"):  # what the client says of its own requests
            self.lines.append(self.format(record))


def forms(words: Collection[str]) -> dict[bytes, str]:
    """What to look for: a word as it is, in capitals, and as the database writes bytes."""
    found = {}
    for word in words:
        for text in (word, word.upper()):
            found[text.encode()] = word
            found[text.encode().hex().encode()] = word
    return found


def found_in(content: bytes, words: Collection[str]) -> set[str]:
    """The words that these bytes hold."""
    return {word for form, word in forms(words).items() if form in content}


def in_tables(url: str, words: Collection[str]) -> dict[str, set[str]]:
    """The words in each table, every row and column of it."""
    found = {}
    with psycopg.connect(url) as connection:
        for schema, name in connection.execute(EVERY_TABLE).fetchall():
            copy = SQL("COPY {} TO STDOUT").format(Identifier(schema, name))
            with connection.cursor().copy(copy) as rows:
                here = found_in(b"".join(bytes(row) for row in rows), words)
            if here:
                found[f"{schema}.{name}"] = here
    return found


def dump(url: str, *options: str) -> bytes:
    """What pg_dump takes away."""
    command = [str(find_binaries() / "pg_dump"), *options, url]
    return subprocess.run(command, check=True, capture_output=True).stdout


def in_files(folder: Path, words: Collection[str]) -> dict[str, set[str]]:
    """The words in each file of a folder, and in the names of the files."""
    found = {}
    for path in files(folder):
        here = found_in(path.read_bytes(), words) | found_in(path.name.encode(), words)
        if here:
            found[str(path)] = here
    return found


def files(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.rglob("*") if path.is_file())


def in_server(url: str, words: Collection[str]) -> list[str]:
    """The files of this database, and of the log that the server keeps of all, that hold a word."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        row = connection.execute(
            "SELECT current_setting('data_directory'), oid FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    folders = [Path(row[0]) / "base" / str(row[1]), Path(row[0]) / "pg_wal"]
    command = ["grep", "-rlaF", *(part for word in words for part in ("-e", word))]
    done = subprocess.run([*command, *map(str, folders)], check=False, capture_output=True)
    return done.stdout.decode().splitlines()
