"""The outbox of webhooks keeps how far each message has come, and no longer what it says."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql_beside(__file__)
