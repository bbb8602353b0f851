"""What the routes of one process work with: the ledger, the vault, the evidence, the views."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool

from api.disclosure_log import DisclosureLog
from api.problems import NotYetVisibleError, PositionUnknownError
from api.settings import Settings, SettingsError
from api.witnesses import Witnesses
from ledger.application import Ledger
from ledger.commands.retention import forget_again
from ledger.erasure import EraseFile, Eraser, Retentions
from ledger.errors import LedgerError
from ledger.evidence import EvidenceStore, open_blobs
from ledger.keys import FileKeyProvider
from ledger.payroll_files import PayrollFiles
from ledger.store import (
    Budget,
    Role,
    ScopedConnection,
    connection_info,
    connections_allowed,
    head_level,
    migration_level,
    scope_of,
)
from ledger.vault import Vault
from projections.database import Database
from projections.engine import NotMigratedError
from projections.runner import Watch

log = logging.getLogger("mcledger.edge")
POOL_WAIT_SECONDS = 5
# A pool waits twice as long before each new try, so after a long outage it would come back late.
# Having given up early, it tries anew with the next request.
RECONNECT_SECONDS = 1
VAULT_CONNECTIONS = 4
DISCLOSURE_CONNECTIONS = 2  # one writes, one is looked up with
LEDGER_CONNECTIONS = 8  # that read streams; one more appends
OTHER_CONNECTIONS = 4  # appends, an import that appends, hears of the views, looks at the revision
AnyConnection = TypeVar("AnyConnection", bound=Connection[Any])


@dataclass(frozen=True, slots=True)
class Edge:
    """Opened once in each process, and shared by its threads."""

    settings: Settings
    ledger: Ledger
    vault: Vault
    evidence: EvidenceStore
    payroll_files: PayrollFiles
    reads: ConnectionPool[ScopedConnection]
    secrets: ConnectionPool[Connection[Any]]
    watch: Watch
    witnesses: Witnesses
    eraser: Eraser
    retentions: Retentions
    disclosing: ConnectionPool[Connection[Any]]
    disclosures: DisclosureLog

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Connect. The vault makes its keys on first use, and forgets what a copy brought back."""
        url = database_url(settings)
        if migration_level(url) != head_level():
            raise NotMigratedError("the ledger's tables are not up to date; run: mcledger migrate")
        secrets = _pool(url, Role.VAULT, VAULT_CONNECTIONS, Connection)
        vault = Vault(secrets, FileKeyProvider(settings.root_keys))
        # A view is read in one statement, so that it is of one moment without a transaction.
        reads = _pool(url, Role.READ, settings.read_connections, ScopedConnection, autocommit=True)
        blobs = open_blobs(settings.evidence_files.absolute().as_uri())
        disclosing = _pool(url, Role.DISCLOSE, DISCLOSURE_CONNECTIONS, Connection)
        edge = cls(
            settings=settings,
            ledger=open_ledger(url),
            vault=vault,
            evidence=EvidenceStore(vault, blobs, bytes_max=settings.evidence_bytes_max),
            payroll_files=PayrollFiles(vault, blobs),
            reads=reads,
            secrets=secrets,
            watch=Watch(Database(url)),
            witnesses=Witnesses.open(settings, reads.connection),
            eraser=Eraser(vault, blobs, EraseFile(settings.erase_list)),
            retentions=Retentions(),
            disclosing=disclosing,
            disclosures=DisclosureLog(disclosing),
        )
        vault.gate.closed = True
        try:
            edge.forget_again()
        except (LedgerError, OSError, psycopg.Error) as error:
            log.exception("the vault stays closed: %s", type(error).__name__)
        return edge

    def forget_again(self) -> int:
        """Let a vault that an older copy replaced forget again, and open it; how much there was."""
        with self.reading() as connection:
            logged = self.retentions.erased(connection)
            batches = self.retentions.payrolls(connection)
        files = [file_id for one in batches for file_id in one.destroyed]
        return forget_again(self.ledger, self.vault, self.eraser, logged, files)

    def close(self) -> None:
        self.disclosures.close()
        self.disclosing.close()
        self.witnesses.close()
        self.watch.close()
        self.ledger.close()
        self.reads.close()
        self.secrets.close()

    @contextmanager
    def reading(self, scope: Iterable[UUID] = ()) -> Iterator[Connection[Any]]:
        """A connection that reads the log and the views: what is public, and the scope's rows.

        The database hides every other row, whatever is asked for (projections/walls.py).
        """
        with self.reads.connection() as connection:
            connection.scope = scope_of(scope)
            yield connection

    def visible(self, views: Sequence[str], position: int) -> int:
        """How far these views have come, once they show the log up to a position.

        Raises:
            PositionUnknownError: the log has not come that far, so there is nothing to wait for.
            NotYetVisibleError: the views take longer than a caller should wait.
        """
        if not self.watch.wait_for(position, views, seconds=0):
            last = self.ledger.recorder.last_position()
            if position > last:
                raise PositionUnknownError(f"the log ends at {last}, before {position}")
            patience = self.settings.visible_wait_seconds
            if not self.watch.wait_for(position, views, seconds=patience):
                raise NotYetVisibleError(f"the view does not show {position} yet; ask again")
        return self.watch.position(views)


def database_url(settings: Settings) -> str:
    """Where the ledger is. Raises SettingsError when nobody has said so."""
    if settings.database_url is None:
        raise SettingsError("DATABASE_URL is not set; for a local one, run: mcledger db start")
    return settings.database_url.get_secret_value()


def open_ledger(url: str) -> Ledger:
    """The write side over one database."""
    return Ledger(
        {
            "PERSISTENCE_MODULE": "ledger.store",
            "MAPPER_TOPIC": "ledger.codec:LedgerMapper",
            "DATABASE_URL": url,
            "LEDGER_CONNECTIONS": str(LEDGER_CONNECTIONS),
        }
    )


def budget(settings: Settings, connection: Connection[Any]) -> Budget:
    """How many connections this ledger may need, and how many its server gives it."""
    pools = (
        settings.read_connections + VAULT_CONNECTIONS + DISCLOSURE_CONNECTIONS + LEDGER_CONNECTIONS
    )
    return Budget(
        processes=settings.api_processes,
        per_process=pools + OTHER_CONNECTIONS,
        allowed=connections_allowed(connection),
    )


def _pool(
    url: str, role: Role, size: int, kind: type[AnyConnection], *, autocommit: bool = False
) -> ConnectionPool[AnyConnection]:
    """Connections of one role, opened when needed; statements are prepared at once."""
    return ConnectionPool(
        connection_info(url, role),
        connection_class=kind,
        min_size=1,
        max_size=size,
        timeout=POOL_WAIT_SECONDS,
        reconnect_timeout=RECONNECT_SECONDS,
        kwargs={"autocommit": autocommit, "prepare_threshold": 1},
        open=True,
    )
