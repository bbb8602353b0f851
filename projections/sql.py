"""SQL that lives in `.sql` files: named blocks read once, and the two ways to run them.

Rows go to the server as one JSON parameter that the block opens with `json_to_recordset`. Beside
arrays for unnest or COPY that costs the projector's own processor the least (1.8 µs a row of
eleven columns against 11 and 3), and NULLs, arrays and documents need no care.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, TypeVar, cast

import orjson
from psycopg import Connection
from psycopg.rows import class_row, tuple_row

Row = TypeVar("Row")

_HEADING = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


class Blocks(Mapping[str, LiteralString]):
    """The named blocks of one `.sql` file: `-- name: load_lines` begins the block load_lines."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        parts = _HEADING.split(text)[1:]
        names, bodies = parts[::2], parts[1::2]
        assert len(set(names)) == len(names), f"{name}.sql names a block twice"
        # These texts ship with the code and are as safe as strings defined in it.
        self._blocks = {
            key: cast("LiteralString", body.strip())
            for key, body in zip(names, bodies, strict=True)
        }

    def __getitem__(self, name: str) -> LiteralString:
        return self._blocks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)


@cache
def blocks(name: str) -> Blocks:
    """The blocks of `<name>.sql` in this package."""
    return Blocks(name, files("projections").joinpath(f"{name}.sql").read_text(encoding="utf-8"))


def read(
    connection: Connection[Any], row_type: type[Row], sql: LiteralString, **parameters: Any
) -> list[Row]:
    """The rows of a block, each as a `row_type` whose fields are named like the columns."""
    with connection.cursor(binary=True, row_factory=class_row(row_type)) as cursor:
        return cursor.execute(sql, parameters).fetchall()


def rows(
    connection: Connection[Any], sql: LiteralString, **parameters: Any
) -> list[tuple[Any, ...]]:
    """The rows of a block as plain tuples."""
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        return cursor.execute(sql, parameters).fetchall()


def write(connection: Connection[Any], sql: LiteralString, written: Sequence[Any]) -> None:
    """Run a block once for many rows, which it receives as the JSON array `%(rows)s`.

    A row is a dataclass or a dict; ids, dates and instants need no conversion.
    """
    if written:
        connection.execute(sql, {"rows": orjson.dumps(written).decode()})
