"""Payroll files whose time to be kept is over: which, and destroying them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from api.edge import Edge
from ledger.aggregates.base import Act
from ledger.commands.payroll_retention import Destroying, Outcome, destroy_files
from ledger.values import local_date

UTC_ZONE = "UTC"


@dataclass(frozen=True, slots=True)
class DueBatch:
    """A batch whose files nobody has to keep by law, and what became of them."""

    batch_id: UUID
    outcome: Outcome


def destroy_due_files(edge: Edge, caller_id: UUID, at: datetime) -> Iterator[DueBatch]:
    """Destroy the payroll files that are due, and finish what broke off; held ones are told of."""
    act = Act(actor_id=caller_id, at=at)
    with_ = Destroying(edge.vault, edge.eraser, lambda: _held(edge))
    with edge.reading() as connection:
        begun = {one.batch_id for one in edge.retentions.payrolls(connection) if one.underway}
    due = edge.payroll_files.due(local_date(at, UTC_ZONE))
    for batch_id in sorted(begun.union(due)):
        outcome = destroy_files(edge.ledger, with_, act, batch_id=batch_id)
        if outcome is not Outcome.KEPT:
            yield DueBatch(batch_id, outcome)


def _held(edge: Edge) -> set[UUID]:
    with edge.reading() as connection:
        return edge.retentions.held(connection)
