"""Where the tables of the projections are, and how the read side connects."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import psycopg
from psycopg import Connection
from psycopg.sql import SQL, Identifier

from ledger.store import Role, connection_info, make_schema, role_name, tables_schema
from projections.sql import blocks, rows

_SQL = blocks("engine")
# Nobody waits for tables that are made beside the live ones.
PATIENT = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "600s"}
# What follows from the log, and the bookmark with it, is folded again if a crash takes it back; so
# a commit need not wait for the disk. PostgreSQL keeps what was committed in order either way.
FOLLOWING = {"synchronous_commit": "off"}


def lock_space(schema: str) -> int:
    """A number for each schema with projections in it, where a lock of 32 + 32 bits wants one."""
    return crc32(schema.encode()) - 2**31


@dataclass(frozen=True, slots=True)
class Database:
    """One ledger's projections. `url` connects as a member of the roles project and read."""

    url: str
    schema: str = "ledger"
    role_prefix: str = "ledger"

    @property
    def live(self) -> str:
        """The schema that everybody reads."""
        return tables_schema(self.schema)

    @property
    def beside(self) -> str:
        """The schema in which tables are rebuilt."""
        return f"{self.schema}_rebuild"

    @property
    def channel(self) -> str:
        """Where every move of a bookmark is announced, once its rows can be seen."""
        return f"{self.schema}_projections"

    @property
    def lock_space(self) -> int:
        """The first half of this ledger's advisory lock keys: a signed 32-bit number."""
        return lock_space(self.live)

    def connect(
        self,
        *path: str,
        role: Role = Role.PROJECT,
        name: str = "projections",
        patient: bool = False,
        following: bool = False,
    ) -> Connection[Any]:
        """A connection that finds tables in the schemas of `path`, then in the log's.

        Without a path it finds the live ones. Statements run on their own unless a transaction is
        begun. A patient one may take its time, for work on tables that nobody else uses. A
        following one writes nothing but what follows from the log.
        """
        settings = {"application_name": f"mcledger-{name}"}
        if patient:
            settings |= PATIENT
        if following:
            settings |= FOLLOWING
        if path:
            settings["search_path"] = ",".join((*path, self.schema))
        return psycopg.connect(self.conninfo(role, **settings), autocommit=True)

    def conninfo(self, role: Role = Role.PROJECT, **settings: str) -> str:
        """How to connect so that the live tables are found."""
        return connection_info(
            self.url, role, schema=self.schema, role_prefix=self.role_prefix, **settings
        )

    @contextmanager
    def turn(self) -> Iterator[Connection[Any]]:
        """As the user of the URL, while nobody else sets up this ledger."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            rows(connection, _SQL["take_turn"], key=f"ledger.migrate.{self.schema}")
            yield connection

    def make_schemas(self, connection: Connection[Any]) -> None:
        """The schema for rebuilds; tables born there can be read once they are swapped in."""
        project = role_name(Role.PROJECT, self.role_prefix)
        names = {
            "schema": Identifier(self.beside),
            "project": Identifier(project),
            "read": Identifier(role_name(Role.READ, self.role_prefix)),
        }
        make_schema(connection, self.beside, project)
        grant = (
            "ALTER DEFAULT PRIVILEGES FOR ROLE {project} IN SCHEMA {schema}"
            " GRANT SELECT ON TABLES TO {read}"
        )
        connection.execute(SQL(grant).format(**names))
