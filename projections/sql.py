"""The ways to run the named blocks of this package's `.sql` files.

Rows go to the server as one JSON parameter that the block opens with `json_populate_recordset`.
Beside arrays for unnest or COPY that costs the projector's own processor the least (1.8 µs a row
of eleven columns against 11 and 3), and NULLs, arrays and documents need no care.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, NamedTuple, TypeVar
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


class Write(NamedTuple):
    """A block that is to be run once for many rows, which it receives as JSON arrays by name."""

    sql: LiteralString
    arrays: Mapping[str, str]


def to_write(sql: LiteralString, **written: Sequence[Any]) -> list[Write]:
    """What has to be run so that a block writes these rows; nothing when there are none.

    The block receives an array for each name, such as `%(rows)s`. A row is a dataclass or a
    dict; ids, dates and instants need no conversion.
    """
    if not any(written.values()):
        return []
    return [Write(sql, {name: as_json(found) for name, found in written.items()})]


def as_json(written: Sequence[Any]) -> str:
    """Rows as a block takes them, or whatever else a block compares with rows."""
    return orjson.dumps(written).decode()


def write(connection: Connection[Any], writes: Sequence[Write]) -> None:
    """Run the blocks in their order, in one trip to the server."""
    if len(writes) == 1:
        connection.execute(*writes[0])
    elif writes:
        with connection.pipeline():
            for one in writes:
                connection.execute(*one)
