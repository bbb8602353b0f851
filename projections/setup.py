"""Makes the tables of the projections, and says how far each has come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from ledger.store import Role, role_name
from projections.contract import Projection, Table, Viewer
from projections.database import Database
from projections.registry import PROJECTIONS
from projections.sql import blocks, read, rows
from projections.walls import gaps, raise_walls

_SQL = blocks("engine")
ENGINE_TABLES = (Table("bookmarks", seen_by=(Viewer.EVERYBODY,)), Table("parked"))
TableKind = Literal["evidence", "derived", "vault", "cache"]


@dataclass(frozen=True, slots=True)
class Lag:
    """How far one projection is behind the log, and what it has not taken in."""

    name: str
    position: int
    digest: str
    last_position: int
    parked: int  # bad events
    queued: int  # good ones behind them

    @property
    def behind(self) -> int:
        """How many events are still to be looked at."""
        return self.last_position - self.position

    @property
    def needs_rebuild(self) -> bool:
        """Whether the rows were made by tables or a fold that this code no longer has."""
        return self.digest != next((p.digest for p in PROJECTIONS if p.name == self.name), None)


@dataclass(frozen=True, slots=True)
class TableClass:
    """What would be lost with a table: nothing when it is derived, or a cache."""

    name: str
    kind: TableKind


def migrate(
    url: str,
    schema: str = "ledger",
    *,
    role_prefix: str = "ledger",
    projections: Sequence[Projection[Any]] = PROJECTIONS,
) -> None:
    """Make what is missing of the projections' tables. Nothing happens when all is there.

    The ledger itself has to be migrated before. Tables that were made by an older fold are left
    as they are: the projection stands still until it is rebuilt, and `lag` says so.
    """
    database = Database(url, schema, role_prefix)
    with database.turn() as connection:
        database.make_schemas(connection)
        project = Identifier(role_name(Role.PROJECT, role_prefix))
        connection.execute(SQL("SET ROLE {}").format(project))
        make_tables(connection, database, database.live, projections)


def make_tables(
    connection: Connection[Any],
    database: Database,
    schema: str,
    projections: Sequence[Projection[Any]],
) -> None:
    """Make the engine's and the projections' tables in a schema, with bookmarks at the start."""
    with connection.transaction():
        path = SQL("SET LOCAL search_path = {}, pg_temp").format(Identifier(schema))
        connection.execute(path)
        connection.execute(_SQL["create"])
        for projection in projections:
            connection.execute(projection.sql["create"])
            register = {"name": projection.name, "digest": projection.digest}
            connection.execute(_SQL["register"], register)
        made = [table for projection in projections for table in projection.tables]
        raise_walls(connection, database, schema, [*ENGINE_TABLES, *made])


def wall_gaps(
    connection: Connection[Any], database: Database, *, asking: Role = Role.READ
) -> list[str]:
    """Where row security is not as the projections say; `mcledger migrate` mends most of it."""
    made = [table for projection in PROJECTIONS for table in projection.tables]
    return gaps(connection, database, [*ENGINE_TABLES, *made], asking=asking)


def lag(connection: Connection[Any]) -> list[Lag]:
    """How far each projection has come. Raises what psycopg raises where nothing is migrated."""
    return read(connection, Lag, _SQL["lag"])


def tables(connection: Connection[Any], database: Database) -> list[TableClass]:
    """Every table of one ledger, by what would be lost with it."""
    schemas = [database.schema, database.live, database.beside]
    return [
        TableClass(f"{schema}.{name}", _kind(database, schema, name))
        for schema, name in rows(connection, _SQL["tables"], schemas=schemas)
    ]


def _kind(database: Database, schema: str, name: str) -> TableKind:
    if schema == database.live:
        return "derived"
    if schema == database.beside:
        return "cache"  # of a rebuild that is under way, or that was broken off
    return "vault" if name.startswith("vault_") else "evidence"
