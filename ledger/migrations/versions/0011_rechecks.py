"""How far the daily round has come that asks issuers of received records again."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql_beside(__file__)
