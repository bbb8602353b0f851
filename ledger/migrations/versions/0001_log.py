"""The log: one table, one door, and nobody who may change what is in it."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql_beside(__file__)
