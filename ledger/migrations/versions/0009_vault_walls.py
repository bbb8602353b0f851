"""Row security of the vault: a wall behind the code that reads what is personal."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    run_sql_beside(__file__)
