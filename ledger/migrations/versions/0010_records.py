"""Portable records: where their documents and their keys are."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    run_sql_beside(__file__)
