"""Puts row security on the derived tables: each row is shown to whom its table's `seen_by` says.

The projector owns the tables and is not stopped. Whoever reads gets, without a scope, the public
tables and not a row of the others (ledger/store/scope.py says how a scope travels).
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Composable, Identifier, Literal

from ledger.store import Role, role_name
from projections.contract import EVERYTHING, Table, Viewer
from projections.database import Database
from projections.sql import blocks, rows

_SQL = blocks("walls")


def raise_walls(
    connection: Connection[Any], database: Database, schema: str, tables: Iterable[Table]
) -> None:
    """Row security on these tables of a schema, which may be one that a rebuild fills.

    What is there already is left alone: to replace a policy takes the table from its readers.
    """
    _make_functions(connection, database)
    for table in tables:
        condition = _condition(database, table.seen_by)
        digest = _digest(condition.as_string(connection))
        found = rows(connection, _SQL["wall_digest"], schema=schema, table=table.name)
        if found != [(digest,)]:
            wall = SQL(_SQL["wall"]).format(
                table=Identifier(schema, table.name),
                read=Identifier(role_name(Role.READ, database.role_prefix)),
                condition=condition,
                digest=Literal(digest),
            )
            connection.execute(wall)


def gaps(connection: Connection[Any], database: Database) -> list[str]:
    """Where the walls stand open, each as a sentence; asked over a connection that reads."""
    roles = {role: role_name(role, database.role_prefix) for role in Role}
    found = rows(
        connection,
        _SQL["gaps"],
        schema=database.live,
        project=roles[Role.PROJECT],
        read=roles[Role.READ],
        migrate=roles[Role.MIGRATE],
        roles=list(roles.values()),
    )
    return [text for (text,) in found]


def _make_functions(connection: Connection[Any], database: Database) -> None:
    digest = _digest(_SQL["functions"])
    if rows(connection, _SQL["functions_digest"], schema=database.live) != [(digest,)]:
        functions = SQL(_SQL["functions"])
        connection.execute(functions.format(live=Identifier(database.live), digest=Literal(digest)))


def _condition(database: Database, seen_by: Iterable[Viewer]) -> Composable:
    """Any of them is enough. What is compared comes first, what has to be looked up last."""
    viewers = sorted({*seen_by, EVERYTHING}, key=list(Viewer).index)
    live = Identifier(database.live)
    return SQL("\n    OR ").join(SQL(_SQL[viewer.value]).format(live=live) for viewer in viewers)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
