"""Payroll: where the keys of its files are, and what was told to whom."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql_beside(__file__)
