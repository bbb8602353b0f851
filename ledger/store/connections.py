"""How this process connects: as one role, into one schema, never waiting without end."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.errors import InvalidError, UnavailableError

EVERYTHING = UUID(int=0)  # in a scope (scope.py): no row is hidden
CONNECT_SECONDS_MAX = 5
TCP_UNANSWERED_MS_MAX = 10_000
SETTINGS = {"client_connection_check_interval": "5s", "timezone": "UTC"}
# What a crash of the server must not take back: without these an acknowledged event may be lost.
DURABILITY = ("fsync", "full_page_writes", "synchronous_commit")


class Role(StrEnum):
    """What a connection may do; the database knows each as `<prefix>_<role>`."""

    OWNER = "owner"  # owns the log, the seal and the vault; no process runs as it
    APPEND = "append"  # appends through the one door, and reads the log
    PROJECT = "project"  # reads the log, owns the tables of the projections, adds to the seal
    READ = "read"  # reads the log, and of the projections what row security lets through
    VAULT = "vault"  # reads and writes what is personal, and nothing else
    MIGRATE = "migrate"  # may become owner and project: for whoever sets up and updates
    AUDIT = "audit"  # reads the log and its seal, to verify them
    DISCLOSE = "disclose"  # writes down who read whose record, and looks it up


# How long a statement, a wait for a lock and a pause within a transaction may last. Whoever
# answers somebody gives up before that somebody does; whoever works alone may take its time.
ANSWERING = ("5s", "2s", "2s")
WORKING = ("60s", "2s", "60s")
TIMEOUTS = {
    Role.OWNER: WORKING,
    Role.APPEND: ANSWERING,
    Role.PROJECT: WORKING,
    Role.READ: ANSWERING,
    Role.VAULT: ANSWERING,
    Role.MIGRATE: WORKING,
    Role.AUDIT: WORKING,
    Role.DISCLOSE: ANSWERING,
}
TIMEOUT_NAMES = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


class UnsafeServerError(UnavailableError):
    """The database would lose acknowledged events in a crash."""

    slug = "unsafe-server"


def checked_name(name: str) -> str:
    """A schema or a prefix of roles, safe to put into SQL. Raises InvalidError."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise InvalidError(
            f"{name!r} cannot name a schema or roles: use at most 40 lower-case letters, digits"
            " and underscores, beginning with a letter",
            name=name,
        )
    return name


def role_name(role: Role, prefix: str = "ledger") -> str:
    return f"{checked_name(prefix)}_{role}"


def tables_schema(schema: str) -> str:
    """Where the projections keep their tables."""
    return f"{checked_name(schema)}_read"


def connection_info(
    url: str,
    role: Role,
    *,
    schema: str = "ledger",
    role_prefix: str = "ledger",
    **settings: str,
) -> str:
    """How to connect as `role`, with tables found without naming their schema.

    The role is part of the connection, so it is back after whatever a session does to itself.
    Options that the URL brings are kept; ours follow and win.
    """
    path = [checked_name(schema), "pg_temp"]
    if role in {Role.PROJECT, Role.READ}:
        path.insert(0, tables_schema(schema))
    # The vault's keeper exchanges keys and forgets; what it opens for somebody it narrows itself.
    scope = {"mcledger.scope": f"{{{EVERYTHING}}}"} if role is Role.VAULT else {}
    ours = {
        "role": role_name(role, role_prefix),
        "search_path": ",".join(path),
        **SETTINGS,
        **scope,
        **dict(zip(TIMEOUT_NAMES, TIMEOUTS[role], strict=True)),
        **settings,
    }
    given = str(conninfo_to_dict(url).get("options") or "")
    options = " ".join([given, *(f"-c {name}={value}" for name, value in ours.items())])
    return make_conninfo(
        url,
        options=options.strip(),
        connect_timeout=CONNECT_SECONDS_MAX,
        tcp_user_timeout=TCP_UNANSWERED_MS_MAX,
    )


def refuse_unsafe_server(connection: Connection[Any]) -> tuple[str, ...]:
    """Refuse a server that acknowledges what it may lose; answer with what to be warned of.

    Raises:
        UnsafeServerError: names every setting that is off.
    """
    names = (*DURABILITY, "data_checksums")
    query = "SELECT name, setting FROM pg_settings WHERE name = ANY(%s)"
    found = dict(connection.execute(query, [list(names)]).fetchall())
    off = [name for name in DURABILITY if found[name] == "off"]
    if off:
        raise UnsafeServerError(
            f"PostgreSQL runs with {', '.join(off)} off: acknowledged events would be lost in a"
            " crash; turn on what is off",
            settings=off,
        )
    if found["data_checksums"] == "off":
        return ("data_checksums is off: damage by the disk goes unnoticed",)
    return ()
