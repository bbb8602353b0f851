"""The seal: the tree over the log, and the checkpoints that were signed of it."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql_beside(__file__)
