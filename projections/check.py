"""Proves that the live tables are what the log says: rebuilds beside them and compares.

Tables first, then rows: an index that somebody dropped changes no row, and a rule may hide some.

Live and rebuilt rows are read side by side in order of the primary key, a page at a time, so that
no snapshot is held for long. The digest of a table is SHA-256 over its rows in that order, as
text; two ledgers with equal logs have equal digests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain, zip_longest
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Composable, Identifier

from ledger.seal.structure import Structure, describe
from projections.contract import Projection
from projections.database import Database
from projections.log import last_position
from projections.rebuild import Beside, Progress, made_beside, nobody
from projections.sql import blocks, rows

PAGE_ROWS = 5000
_SQL = blocks("engine")


@dataclass(frozen=True, slots=True)
class Difference:
    """The first of what is not the same live and rebuilt; null where one has nothing of the kind.

    A row; before that a column, an index or whatever else a table is made of or has upon it.
    """

    table: str
    live: str | None
    rebuilt: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of comparing one projection with the log at a position."""

    name: str
    position: int
    digests: dict[str, str]  # of the live tables, by name; none where they are not as they are made
    difference: Difference | None

    @property
    def equal(self) -> bool:
        return self.difference is None


def check(
    database: Database,
    projections: Sequence[Projection[Any]],
    *,
    workers: int = 1,
    progress: Progress = nobody,
) -> list[Checked]:
    """Compare live projections with the log, each at the position where it stands.

    A projection is read as before, but stands still while the last events are folded beside it
    and its rows are compared.

    Raises:
        RebuildRunningError: one check or rebuild at a time.
    """
    found: list[Checked] = []
    with closing(database.connect()) as connection:
        live = describe(connection, database.live, database.role_prefix)
    for projection in projections:
        with (
            made_beside(
                database, [projection], workers=workers, progress=progress, behind_live=True
            ) as beside,
            beside.standstill() as position,
        ):
            beside.catch_up(position)
            found.append(_compare(beside, live, projection, position))
    return found


def digests(
    connection: Connection[Any], schema: str, projection: Projection[Any]
) -> dict[str, str]:
    """The digest of each table of a projection; meaningful while nothing moves it."""
    return {
        table.name: _digest(row for _, row in _rows(connection, schema, table.name))
        for table in projection.tables
    }


def _compare(
    beside: Beside, live_structure: Structure, projection: Projection[Any], position: int
) -> Checked:
    connection, database = beside.connection, beside.database
    tables = [table.name for table in projection.tables]
    made = describe(connection, database.beside, database.role_prefix)
    difference = _other_structure(live_structure, made, tables)
    if difference is not None:  # without its key nothing can be read in order
        return Checked(projection.name, position, {}, difference)
    difference = next(
        chain.from_iterable(_differences(connection, database, table) for table in tables), None
    )
    if difference is None:
        difference = _parked_difference(connection, database, projection.name)
    if difference is None and position > (end := last_position(connection)):
        # What is appended from here on would be passed over.
        difference = Difference("bookmarks", str(position), str(end))
    live = digests(connection, database.live, projection)
    return Checked(projection.name, position, live, difference)


def _other_structure(live: Structure, made: Structure, tables: Sequence[str]) -> Difference | None:
    """What a table lacks or has beside what the projection makes: an index, a trigger, a rule.

    Policies and grants are compared with what is declared, by `walls.gaps`.
    """
    for table in tables:
        about = re.compile(rf"(column|constraint|index|rule|trigger) .* of {table}|table {table}")
        found, expected = (
            {name: f"{name}: {dict(told)}" for name, told in side.items() if about.fullmatch(name)}
            for side in (live, made)
        )
        for name in sorted(found.keys() | expected.keys()):
            if found.get(name) != expected.get(name):
                return Difference(table, found.get(name), expected.get(name))
    return None


def _differences(
    connection: Connection[Any], database: Database, table: str
) -> Iterator[Difference]:
    """Rows that are not the same, the first one first."""
    live = _rows(connection, database.live, table)
    rebuilt = _rows(connection, database.beside, table)
    for ours, theirs in zip_longest(live, rebuilt):
        if ours != theirs:
            yield _difference(table, ours, theirs)
            return


def _difference(
    table: str, live: tuple[Any, str] | None, rebuilt: tuple[Any, str] | None
) -> Difference:
    """A row that one side lacks is told from one that differs by its key."""
    if live and rebuilt and live[0] < rebuilt[0]:
        rebuilt = None
    elif live and rebuilt and live[0] > rebuilt[0]:
        live = None
    return Difference(table, live and live[1], rebuilt and rebuilt[1])


def _parked_difference(
    connection: Connection[Any], database: Database, name: str
) -> Difference | None:
    """What is parked in one and not in the other, as far as anything is."""
    for live, rebuilt in zip_longest(
        *(
            connection.execute(
                SQL(_SQL["parked_positions"]).format(schema=Identifier(schema)), {"name": name}
            ).fetchall()
            for schema in (database.live, database.beside)
        )
    ):
        if live != rebuilt:
            return Difference("parked", live and str(live[0]), rebuilt and str(rebuilt[0]))
    return None


def _digest(texts: Iterator[str]) -> str:
    digest = sha256()
    for text in texts:
        digest.update(text.encode())
        digest.update(b"\n")
    return f"sha256:{digest.hexdigest()}"


def _rows(
    connection: Connection[Any], schema: str, table: str
) -> Iterator[tuple[tuple[Any, ...], str]]:
    """The key and the whole text of each row, in order of the primary key."""
    columns = [name for (name,) in rows(connection, _SQL["key"], schema=schema, table=table)]
    assert columns, f"{schema}.{table} has no primary key to order it by"
    key: Composable = SQL(", ").join(map(Identifier, columns))
    source = SQL("SELECT {key}, t::text FROM {schema}.{table} t").format(
        key=key, schema=Identifier(schema), table=Identifier(table)
    )
    order = SQL(" ORDER BY {key} LIMIT {limit}").format(key=key, limit=PAGE_ROWS)
    page = connection.execute(source + order).fetchall()
    while page:
        yield from ((row[:-1], row[-1]) for row in page)
        if len(page) < PAGE_ROWS:
            return
        places = SQL(", ").join([SQL("%s")] * len(columns))
        beyond = SQL(" WHERE ({key}) > ({places})").format(key=key, places=places)
        page = connection.execute(source + beyond + order, page[-1][:-1]).fetchall()
