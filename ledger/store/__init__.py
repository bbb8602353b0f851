"""The log in PostgreSQL: one table, one door, reads, roles, migrations.

- recorder: what the rest of the ledger uses: append, read, follow
- door: the leading writer: groups of commands, retries, recognition of lost answers
- command: a command packed for the way, its outcomes
- link, links: connections that speak to the server in its own binary form (wire)
- scope: connections that say whose rows may be seen
- listener: wake-ups for followers
- connections: roles, time limits, servers that are refused
- budget: how many connections may be needed at once
- migration: schemas, roles and revisions
"""

from ledger.store.budget import Budget, ConnectionsShortError, connections_allowed
from ledger.store.command import (
    CommandStored,
    CommandTooLargeError,
    ReadMoved,
    Stored,
    StreamMoved,
)
from ledger.store.connections import (
    EVERYTHING,
    Role,
    UnsafeServerError,
    connection_info,
    refuse_unsafe_server,
    role_name,
    tables_schema,
)
from ledger.store.link import NotMigratedError
from ledger.store.listener import Listener
from ledger.store.migration import (
    MigrationRefusedError,
    head_level,
    make_schema,
    migrate,
    migration_level,
)
from ledger.store.recorder import Factory, LedgerRecorder, LogEntry, StoredCommand
from ledger.store.scope import ScopedConnection, scope_of

__all__ = [
    "EVERYTHING",
    "Budget",
    "CommandStored",
    "CommandTooLargeError",
    "ConnectionsShortError",
    "Factory",
    "LedgerRecorder",
    "Listener",
    "LogEntry",
    "MigrationRefusedError",
    "NotMigratedError",
    "ReadMoved",
    "Role",
    "ScopedConnection",
    "Stored",
    "StoredCommand",
    "StreamMoved",
    "UnsafeServerError",
    "connection_info",
    "connections_allowed",
    "head_level",
    "make_schema",
    "migrate",
    "migration_level",
    "refuse_unsafe_server",
    "role_name",
    "scope_of",
    "tables_schema",
]
