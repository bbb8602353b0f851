"""Makes the ledger's schema, roles and tables, and brings them up to date.

Revisions are raw SQL and only ever added. Any number of processes may ask for the same at once:
one does the work, the others wait for it and find it done.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import psycopg
from psycopg import Connection, errors
from psycopg.sql import SQL, Identifier, Literal

from ledger.errors import UnavailableError
from ledger.store.connections import Role, checked_name, role_name, tables_schema

_ONE_UPGRADE = Lock()  # alembic keeps what it is doing in a global

SCRIPTS = Path(__file__).parent.parent / "migrations"
TURN_SECONDS_MAX = 120  # for the migration that another process is running
LOCK_MS_MAX = 2_000  # for a table in use: those who wait behind us wait as long
TRIES_MAX = 10
SET_OPTION_SINCE = 160_000  # the version from which being a member is not yet being allowed to act
MADE_BY = (Role.OWNER, Role.PROJECT)  # whoever owns something
NO_USERS = (Role.OWNER, Role.MIGRATE)
SCHEMAS = """
    GRANT USAGE ON SCHEMA {schema} TO {users};
    GRANT USAGE ON SCHEMA {tables} TO {read};
    ALTER DEFAULT PRIVILEGES FOR ROLE {project} IN SCHEMA {tables} GRANT SELECT ON TABLES TO {read};
"""


class MigrationRefusedError(UnavailableError):
    """The database user may not set up the ledger."""

    slug = "migration-refused"


def migrate(url: str, schema: str = "ledger", *, role_prefix: str = "ledger") -> None:
    """Make or update one ledger. Nothing happens when it is up to date.

    Args:
        url: Connects as a superuser, as one who may create roles, or, where all roles are there,
            as a member of the role `migrate`.
        schema: One ledger is one schema; its projections live in `<schema>_read`.
        role_prefix: The roles are `<prefix>_owner` and so on, for the whole server.

    Raises:
        MigrationRefusedError: says what an administrator has to do first.
    """
    checked_name(schema)
    checked_name(role_prefix)
    if migration_level(url, schema) == head_level():
        return
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        _take_turn(connection, schema)
        try:
            _make_roles(connection, role_prefix)
            _make_schemas(connection, schema, role_prefix)
        except errors.InsufficientPrivilege as error:
            raise MigrationRefusedError(_advice(connection, role_prefix, error)) from error
        _upgrade(connection, schema, role_prefix)


def migration_level(url: str, schema: str = "ledger") -> str | None:
    """The revision a ledger is at; None before the first."""
    query = SQL("SELECT version_num FROM {}.ledger_revision").format(Identifier(schema))
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        try:
            row = connection.execute(query).fetchone()
        except (errors.UndefinedTable, errors.InvalidSchemaName):
            return None
    return str(row[0]) if row else None


@cache
def head_level() -> str:
    """The newest revision this code knows."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - slow to load, seldom needed

    head = ScriptDirectory(str(SCRIPTS)).get_current_head()
    assert head is not None, "there are no revisions"
    return head


def run_sql_beside(revision_file: str) -> None:
    """Run the `.sql` file of a revision. `:"append_role"` in it stands for the name of a role."""
    from alembic import context, op  # noqa: PLC0415 - slow to load, seldom needed

    sql = Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8")
    for name, value in context.config.attributes["names"].items():
        sql = sql.replace(f':"{name}"', value)
    op.get_bind().exec_driver_sql(sql, execution_options={"no_parameters": True})


def _take_turn(connection: Connection[Any], schema: str) -> None:
    """Only one process at a time sets up a ledger; the lock goes with the connection."""
    connection.execute(SQL("SET lock_timeout = {}").format(f"{TURN_SECONDS_MAX}s"))
    connection.execute(
        "SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"ledger.migrate.{schema}"]
    )
    connection.execute(SQL("SET lock_timeout = {}").format(f"{LOCK_MS_MAX}ms"))


def _make_roles(connection: Connection[Any], prefix: str) -> None:
    """Roles belong to the whole server, so another database may be making the same ones now."""
    for name in (role_name(role, prefix) for role in Role):
        known = "SELECT FROM pg_roles WHERE rolname = %s"
        if connection.execute(known, [name]).rowcount == 0:
            with suppress(errors.DuplicateObject, errors.UniqueViolation):
                connection.execute(SQL("CREATE ROLE {} NOLOGIN").format(Identifier(name)))
    migrate = role_name(Role.MIGRATE, prefix)
    for role in Role:
        if role in MADE_BY:
            _join(connection, role_name(role, prefix), migrate)
            _join(connection, role_name(role, prefix))
        else:  # whoever only migrates need not be able to act as those who run
            with suppress(errors.InsufficientPrivilege):
                _join(connection, role_name(role, prefix))


def _join(connection: Connection[Any], name: str, member: str | None = None) -> None:
    """Let somebody, or the user who migrates, act as this role; a superuser may anyway."""
    since = connection.info.server_version
    may_act = SQL("SELECT pg_has_role({}, {}, {})").format(
        SQL("current_user") if member is None else Literal(member),
        Literal(name),
        Literal("SET" if since >= SET_OPTION_SINCE else "MEMBER"),
    )
    row = connection.execute(may_act).fetchone()
    if not (row and row[0]):
        whom = SQL("CURRENT_USER") if member is None else Identifier(member)
        with suppress(errors.UniqueViolation, errors.InternalError):  # another has just done it
            connection.execute(SQL("GRANT {} TO {}").format(Identifier(name), whom))


def _make_schemas(connection: Connection[Any], schema: str, prefix: str) -> None:
    roles = {role: Identifier(role_name(role, prefix)) for role in Role}
    names = {
        "schema": Identifier(schema),
        "tables": Identifier(tables_schema(schema)),
        "project": roles[Role.PROJECT],
        "read": roles[Role.READ],
        "users": SQL(", ").join([roles[role] for role in Role if role not in NO_USERS]),
    }
    make_schema(connection, schema, role_name(Role.OWNER, prefix))
    make_schema(connection, tables_schema(schema), role_name(Role.PROJECT, prefix))
    connection.execute(SQL(SCHEMAS).format(**names))


def make_schema(connection: Connection[Any], name: str, owner: str) -> None:
    """Make a schema unless it is there: even IF NOT EXISTS asks who may make one."""
    known = "SELECT FROM pg_namespace WHERE nspname = %s"
    if connection.execute(known, [name]).rowcount == 0:
        make = SQL("CREATE SCHEMA {} AUTHORIZATION {}")
        connection.execute(make.format(Identifier(name), Identifier(owner)))


def _upgrade(connection: Connection[Any], schema: str, prefix: str) -> None:
    """Run what is missing in one transaction, and again while a table stays in use."""
    from alembic import command  # noqa: PLC0415 - slow to load, seldom needed
    from alembic.config import Config  # noqa: PLC0415
    from sqlalchemy import create_engine, pool  # noqa: PLC0415
    from sqlalchemy.exc import OperationalError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    owner, path = Identifier(role_name(Role.OWNER, prefix)), Identifier(schema)
    become_owner = SQL("SET LOCAL ROLE {}; SET LOCAL search_path = {}, pg_temp").format(owner, path)
    config.attributes |= {
        "schema": schema,
        "become_owner": become_owner.as_string(connection),
        "names": {f"{role}_role": f'"{role_name(role, prefix)}"' for role in Role},
    }
    connection.autocommit = False
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connection, poolclass=pool.StaticPool
    )
    for _ in _tries():
        try:
            with _ONE_UPGRADE, engine.begin() as transaction:
                config.attributes["connection"] = transaction
                command.upgrade(config, "head")
        except OperationalError as error:
            if not isinstance(error.orig, errors.LockNotAvailable):
                raise
        else:
            return


def _tries() -> Iterator[None]:
    for attempt in range(TRIES_MAX):
        yield
        time.sleep(0.05 * attempt)
    raise UnavailableError("the ledger stays in use and cannot be migrated now; try again")


def _advice(connection: Connection[Any], prefix: str, error: errors.InsufficientPrivilege) -> str:
    user = connection.info.user
    roles = ", ".join(role_name(role, prefix) for role in Role)
    return (
        f"the database user {user} may not set up the ledger ({error.diag.message_primary});"
        f" migrate as a superuser or as one who may create roles and schemas, or let an"
        f" administrator create the roles {roles} and grant them to {user}, and grant {user}"
        " CREATE on the database"
    )
