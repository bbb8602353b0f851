"""The vault: what is personal, for one role alone."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql_beside(__file__)
