"""How far the destruction of a payroll batch's files has come.

    begun ─▶ destroyed
      └────▶ held back ─▶ begun

What is stored for a batch whose files are destroyed is destroyed anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import NothingChangesError
from ledger.events import AnyPayrollRetentionEvent
from ledger.events.payroll_retention import (
    PayrollDestructionBegun,
    PayrollDestructionHeldBack,
    PayrollFilesDestroyed,
)
from ledger.events.retention import Ground
from ledger.values import local_date, stream_id


def payroll_retention_stream(batch_id: UUID) -> UUID:
    """The stream of how long the files of a batch are kept."""
    return stream_id("payroll-retention", batch_id)


@dataclass(frozen=True, kw_only=True)
class PayrollRetention(Aggregate):
    """Whether files of a batch are being destroyed, and which are gone."""

    district_id: UUID
    batch_id: UUID
    underway: bool = False
    destroyed: frozenset[UUID] = frozenset()

    def hold_back(
        self, act: Act, *, grounds: tuple[Ground, ...]
    ) -> Sequence[AnyPayrollRetentionEvent]:
        """Keep the files after all, for nothing of them was destroyed yet."""
        self._must_be_underway()
        return [PayrollDestructionHeldBack(**self._fields(act), grounds=grounds)]

    def confirm(
        self, act: Act, *, file_ids: Collection[UUID]
    ) -> Sequence[AnyPayrollRetentionEvent]:
        """The keys are gone."""
        self._must_be_underway()
        return [PayrollFilesDestroyed(**self._fields(act), file_ids=tuple(sorted(file_ids)))]

    def _must_be_underway(self) -> None:
        if not self.underway:
            raise NothingChangesError("the files of this batch are not being destroyed")

    def _fields(self, act: Act) -> dict[str, Any]:
        about = {"district_id": self.district_id, "batch_id": self.batch_id}
        return {**self.header(act), **about}

    @classmethod
    def evolve(cls, state: Self | None, event: AnyPayrollRetentionEvent) -> Self:
        if state is None:
            state = cls(
                id=event.originator_id,
                version=0,
                district_id=event.district_id,
                batch_id=event.batch_id,
            )
        state = state.at_version(event.originator_version)
        match event:
            case PayrollDestructionBegun():
                return replace(state, underway=True)
            case PayrollDestructionHeldBack():
                return replace(state, underway=False)
            case PayrollFilesDestroyed(file_ids=file_ids):
                return replace(state, underway=False, destroyed=state.destroyed.union(file_ids))
            case _:
                assert_never(event)


def begin(
    known: PayrollRetention | None,
    act: Act,
    *,
    district_id: UUID,
    batch_id: UUID,
    kept_until: date,
    zone: str,
) -> Sequence[AnyPayrollRetentionEvent]:
    """Say that the files are being destroyed; whoever says so has looked whether they may be."""
    if known is not None and known.underway:
        raise NothingChangesError("the files of this batch are being destroyed already")
    stream = payroll_retention_stream(batch_id)
    return [
        PayrollDestructionBegun(
            **(known.header(act) if known else first_header(stream, act)),
            district_id=district_id,
            batch_id=batch_id,
            kept_until=kept_until,
            zone=zone,
            begun_on=local_date(act.at, zone),
        )
    ]
