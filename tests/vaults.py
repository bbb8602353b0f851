"""A vault on a test's own database, with root keys in a test's own folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg_pool import ConnectionPool

from ledger.keys import FileKeyProvider
from ledger.store import Role, connection_info
from ledger.vault import Vault

Pool = ConnectionPool[Connection[Any]]


@contextmanager
def vault_connections(url: str) -> Iterator[Pool]:
    """Connections that may enter the vault and nothing else."""
    with ConnectionPool(connection_info(url, Role.VAULT), min_size=1, max_size=4) as pool:
        yield pool


@contextmanager
def open_vault(url: str, folder: Path) -> Iterator[Vault]:
    with vault_connections(url) as connections:
        yield Vault(connections, FileKeyProvider(folder / "root-keys"))
