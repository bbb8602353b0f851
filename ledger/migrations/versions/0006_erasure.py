"""Erasure: what the vault has forgotten, and how the log's list of it is found."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql_beside(__file__)
