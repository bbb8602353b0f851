"""What witnesses have signed below the checkpoints of this log."""

from __future__ import annotations

from ledger.store.migration import run_sql_beside

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_sql_beside(__file__)
