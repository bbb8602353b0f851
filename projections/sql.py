"""The ways to run the named blocks of this package's `.sql` files.

Rows go to the server as one JSON parameter that the block opens with `json_populate_recordset`.
Beside arrays for unnest or COPY that costs the projector's own processor the least (1.8 µs a row
of eleven columns against 11 and 3), and NULLs, arrays and documents need no care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, TypeVar
from uuid import UUID

import orjson
from psycopg import Connection
from psycopg.rows import class_row, tuple_row

from ledger.sql import blocks as blocks_of

Row = TypeVar("Row")
NO_ID = UUID(int=0)  # sorts before every other, so a page after it is the first


def blocks(name: str) -> Mapping[str, LiteralString]:
    """The named blocks of `<name>.sql` in this package."""
    return blocks_of("projections", f"{name}.sql")


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
        connection.execute(sql, {"rows": as_json(written)})


def write_all(connection: Connection[Any], sql: LiteralString, **written: Sequence[Any]) -> None:
    """As `write`, for a block that fills several tables at once: an array for each name."""
    if any(written.values()):
        connection.execute(sql, {name: as_json(found) for name, found in written.items()})


def as_json(written: Sequence[Any]) -> str:
    """Rows as a block takes them in `%(rows)s`."""
    return orjson.dumps(written).decode()
