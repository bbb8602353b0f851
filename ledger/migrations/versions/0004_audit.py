"""A role for whoever verifies the log and its seal, and sees nothing else."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_sql_beside(__file__)
