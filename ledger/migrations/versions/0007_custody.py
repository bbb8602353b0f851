"""Custody: keys that can be exchanged, uploads that can be swept, and who read whose record."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql_beside(__file__)
