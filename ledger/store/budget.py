"""How many connections this ledger may need at once, and whether the server gives so many.

    API processes × (reads + vault + append and its reads + listening + one import)
    + projector + sealer + what people need beside them   ≤   max_connections - reserved

A connection that is refused shows only under load, and then to everybody at once. So it is counted
before: at the start of the API and in its readiness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from ledger.errors import UnavailableError

# Two lanes, each with one for its tables, one for the log and one for listening; as many again
# for a moment while another process takes over.
PROJECTOR = 2 * 3 * 2
SEALER = 2  # one that seals, one that stands by
# A rebuild with two workers, a migration, an auditor, a backup and its WAL, somebody at a prompt.
BESIDE = 12
_RESERVED = ("superuser_reserved_connections", "reserved_connections")  # the second since 16


class ConnectionsShortError(UnavailableError):
    """The server allows fewer connections than this ledger may need."""

    slug = "connections-short"


@dataclass(frozen=True, slots=True)
class Budget:
    """What is needed at most, and what there is."""

    processes: int
    per_process: int
    allowed: int

    @property
    def needed(self) -> int:
        return self.processes * self.per_process + PROJECTOR + SEALER + BESIDE

    def __str__(self) -> str:
        return (
            f"{self.processes} x {self.per_process} for the API + {PROJECTOR} for views"
            f" + {SEALER} for the seal + {BESIDE} beside = {self.needed} of {self.allowed}"
            " connections"
        )

    def check(self) -> None:
        """Raises ConnectionsShortError that says by how many."""
        if self.needed > self.allowed:
            raise ConnectionsShortError(
                f"{self}: raise max_connections by {self.needed - self.allowed}, or have fewer"
                " processes (MCLEDGER_API_PROCESSES) with fewer connections"
                " (MCLEDGER_READ_CONNECTIONS)",
                needed=self.needed,
                allowed=self.allowed,
            )


def connections_allowed(connection: Connection[Any]) -> int:
    """How many connections the server gives to those who are no superusers."""
    query = "SELECT name, setting::int FROM pg_settings WHERE name = ANY(%s)"
    found = dict(connection.execute(query, [["max_connections", *_RESERVED]]).fetchall())
    return int(found["max_connections"] - sum(found.get(name, 0) for name in _RESERVED))
