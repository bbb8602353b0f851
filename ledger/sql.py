"""SQL lives in `.sql` files beside the code: `-- name: load_keys` begins the block load_keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, Protocol, cast

from psycopg import Connection
from psycopg.rows import tuple_row

_HEADING = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


class Connections(Protocol):
    """Where connections come from: a pool, as a rule. Each is a transaction of its own."""

    def connection(self) -> AbstractContextManager[Connection[Any]]: ...


@cache
def blocks(package: str, file_name: str) -> Mapping[str, LiteralString]:
    """The named blocks of one `.sql` file of a package."""
    text = files(package).joinpath(file_name).read_text(encoding="utf-8")
    parts = _HEADING.split(text)[1:]
    names, bodies = parts[::2], parts[1::2]
    assert len(set(names)) == len(names), f"{file_name} names a block twice"
    # These texts ship with the code and are as safe as strings defined in it.
    return {
        name: cast("LiteralString", body.strip()) for name, body in zip(names, bodies, strict=True)
    }


def fetch(
    connection: Connection[Any], sql: LiteralString, **parameters: Any
) -> list[tuple[Any, ...]]:
    """The rows of a block; binary, which reads twice as fast as text."""
    with connection.cursor(binary=True, row_factory=tuple_row) as cursor:
        return cursor.execute(sql, parameters).fetchall()


def execute(connection: Connection[Any], sql: LiteralString, **parameters: Any) -> int:
    """Run a block for its effect; how many rows it touched."""
    return connection.execute(sql, parameters).rowcount
