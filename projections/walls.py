"""Puts row security on the derived tables: each row is shown to whom its table's `seen_by` says.

The projector owns the tables and is not stopped. Whoever reads gets, without a scope, the public
tables and not a row of the others (ledger/store/scope.py says how a scope travels).

What is there is compared by definition. The server writes a condition down in its own words, which
differ from ours and between its versions, so it is asked for them: by a table of its session that
carries each condition once and is gone again at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from psycopg import Connection, errors
from psycopg.sql import SQL, Composable, Identifier, Literal

from ledger.store import Role, role_name
from projections.contract import EVERYTHING, Table, Viewer
from projections.database import Database
from projections.sql import blocks, rows

SELECT, PERMISSIVE = "r", True
_SQL = blocks("walls")
_FUNCTION = re.compile(
    r"CREATE OR REPLACE FUNCTION [^.]+\.(\w+)\((.*?)\) RETURNS (\S+)\s+"
    r"LANGUAGE plpgsql STABLE(.*?) AS \$\$(.*?)\$\$;",
    re.DOTALL,
)
Written = Mapping[tuple[Viewer, ...], str]
# What the server said before: asking takes a table, though one of the session's alone.
_written: dict[tuple[Any, ...], Written] = {}


class _Policy(NamedTuple):
    """The policy of a table as the database has it."""

    table: str
    command: str | None  # null: there is none
    permissive: bool | None
    roles: list[str]
    condition: str | None
    added_condition: str | None


class _Function(NamedTuple):
    """A function that policies call."""

    name: str
    arguments: str
    result: str
    source: str
    language: str
    volatility: str
    as_owner: bool
    path: str  # which search path it sets: none, own or other
    owner: str


def raise_walls(
    connection: Connection[Any], database: Database, schema: str, tables: Sequence[Table]
) -> None:
    """Row security on these tables of a schema, which may be one that a rebuild fills.

    What is there already is left alone: to replace a policy takes the table from its readers.
    """
    mending = schema == database.live  # a table that is only just made cannot have been changed
    _make_functions(connection, database, mending=mending)
    wrong = set(_wrong(connection, database, tables)) if mending else set()
    for table in tables:
        condition = _condition(database, table.seen_by)
        digest = _digest(condition.as_string(connection))
        found = rows(connection, _SQL["wall_digest"], schema=schema, table=table.name)
        if found != [(digest,)] or table.name in wrong:
            wall = SQL(_SQL["wall"]).format(
                table=Identifier(schema, table.name),
                read=Identifier(role_name(Role.READ, database.role_prefix)),
                condition=condition,
                digest=Literal(digest),
            )
            connection.execute(wall)


def gaps(
    connection: Connection[Any],
    database: Database,
    tables: Sequence[Table],
    *,
    asking: Role = Role.READ,
) -> list[str]:
    """Where the walls stand open or are others than the tables say, each as a sentence.

    Args:
        connection: Acts as the role that is `asking`.
        database: Whose derived tables.
        tables: All that there should be.
        asking: Which role the connection should act as.
    """
    roles = {role: role_name(role, database.role_prefix) for role in Role}
    found = rows(
        connection,
        _SQL["gaps"],
        schema=database.live,
        project=roles[Role.PROJECT],
        read=roles[Role.READ],
        migrate=roles[Role.MIGRATE],
        asking=roles[asking],
        roles=list(roles.values()),
    )
    said = [text for (text,) in found]
    said += _function_flaws(connection, database)
    try:
        wrong = list(_wrong(connection, database, tables))
    except errors.UndefinedFunction:
        wrong = []  # which of them is missing is told already
    named = f"table {database.live}"
    said += [f"{named}.{name} shows its rows to others than its projection says" for name in wrong]
    there = {one.table for one in _policies(connection, database)}
    declared = {one.name for one in tables}
    said += [f"{named}.{name} is of no projection" for name in sorted(there - declared)]
    return said + [f"{named}.{name} is missing" for name in sorted(declared - there)]


def _wrong(
    connection: Connection[Any], database: Database, tables: Sequence[Table]
) -> Iterator[str]:
    """The tables whose policy is there and is not the one that follows from `seen_by`."""
    written = _conditions(connection, database, tables)
    seen_by = {one.name: one.seen_by for one in tables}
    read = role_name(Role.READ, database.role_prefix)
    for one in _policies(connection, database):
        if one.table in seen_by and one.command is not None:
            condition = written[seen_by[one.table]]
            if one[1:] != (SELECT, PERMISSIVE, [read], condition, None):
                yield one.table


def _policies(connection: Connection[Any], database: Database) -> list[_Policy]:
    return [_Policy(*row) for row in rows(connection, _SQL["policies"], schema=database.live)]


def _conditions(
    connection: Connection[Any], database: Database, tables: Iterable[Table]
) -> Written:
    """Every condition as the server writes it down."""
    kinds = sorted({table.seen_by for table in tables})
    [(path,)] = rows(connection, _SQL["search_path"])
    key = (connection.info.server_version, path, database.live, *kinds)
    if key not in _written:
        with connection.transaction(force_rollback=True):
            connection.execute(_SQL["sample"])
            for number, kind in enumerate(kinds):
                name, condition = Identifier(str(number)), _condition(database, kind)
                policy = SQL(_SQL["sample_policy"]).format(name=name, condition=condition)
                connection.execute(policy)
            found = dict(rows(connection, _SQL["sample_conditions"]))
        _written[key] = {kind: found[str(number)] for number, kind in enumerate(kinds)}
    return _written[key]


def _make_functions(connection: Connection[Any], database: Database, *, mending: bool) -> None:
    digest = _digest(_SQL["functions"])
    made = rows(connection, _SQL["functions_digest"], schema=database.live) == [(digest,)]
    if not made or (mending and _function_flaws(connection, database)):
        functions = SQL(_SQL["functions"])
        connection.execute(functions.format(live=Identifier(database.live), digest=Literal(digest)))


def _function_flaws(connection: Connection[Any], database: Database) -> list[str]:
    """The functions that are missing, others than they were made, or not made by us."""
    found = {
        (one.name, one.arguments): one
        for one in (
            _Function(*row)
            for row in rows(connection, _SQL["functions_found"], schema=database.live)
        )
    }
    expected = {(one.name, one.arguments): one for one in _functions(connection, database)}
    flaws = []
    for name, arguments in sorted(found.keys() | expected.keys()):
        there, made = found.get((name, arguments)), expected.get((name, arguments))
        if there != made:
            flaw = "was not made by the projections" if made is None else "is not as it was made"
            flaw = flaw if there is not None else "is missing"
            flaws.append(f"function {database.live}.{name} {flaw}")
    return flaws


def _functions(connection: Connection[Any], database: Database) -> Iterator[_Function]:
    """The functions as they are made."""
    made = SQL(_SQL["functions"]).format(live=Identifier(database.live), digest=Literal(""))
    owner = role_name(Role.PROJECT, database.role_prefix)
    for name, arguments, result, options, source in _FUNCTION.findall(made.as_string(connection)):
        as_owner = "SECURITY DEFINER" in options
        path = "own" if "search_path" in options else "none"
        yield _Function(name, arguments, result, source, "plpgsql", "s", as_owner, path, owner)


def _condition(database: Database, seen_by: Iterable[Viewer]) -> Composable:
    """Any of them is enough. What is compared comes first, what has to be looked up last."""
    viewers = sorted({*seen_by, EVERYTHING}, key=list(Viewer).index)
    live = Identifier(database.live)
    return SQL("\n    OR ").join(SQL(_SQL[viewer.value]).format(live=live) for viewer in viewers)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
