"""The way into the vault, which can be closed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from psycopg import Connection

from ledger.errors import UnavailableError
from ledger.sql import Connections


class VaultClosedError(UnavailableError):
    """What was erased has not been erased again yet after a restore."""

    slug = "vault-closed"


class Gate:
    """Connections to the vault, and none while it is closed: a restored vault has to forget first.

    Open from the beginning, for a vault without a log has nothing to forget.
    """

    def __init__(self, connections: Connections) -> None:
        self.behind = connections  # for whoever makes it forget
        self.closed = False

    def connection(self) -> AbstractContextManager[Connection[Any]]:
        if self.closed:
            raise VaultClosedError("the vault is closed until it has forgotten what was erased")
        return self.behind.connection()
