"""One payroll batch: drafted, frozen, approved by others than who made it, closed, exported.

Its lines are left out here, for there may be a hundred thousand, and whoever closes a batch needs
none of them as values: `ledger.commands.batch_lines` reads them as the log has them, and
`ledger.aggregates.batch_returns` compares them with what was answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import ClassVar, Literal, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate
from ledger.errors import NothingChangesError, RuleError
from ledger.events import AnyBatchEvent
from ledger.events.batch import (
    BatchApproved,
    BatchClosed,
    BatchDrafted,
    BatchExported,
    BatchFrozen,
    BatchLinesListed,
    BatchReconciled,
    BatchVoided,
    BatchWarningsAcknowledged,
    ReturnLinesListed,
    ReturnRecorded,
    StoredFile,
    VoidReason,
)
from ledger.rules.batch_comparison import Comparison

BatchState = Literal[
    "drafted", "frozen", "approved", "closed", "exported", "acknowledged", "reconciled", "voided"
]


class BatchOpenError(RuleError):
    """The batch before is neither closed nor voided."""

    slug = "batch-open"


class BatchStateError(RuleError):
    """The batch is not in a state that allows this."""

    slug = "batch-state"


class BatchIncompleteError(RuleError):
    """Whoever drafted the batch did not come to list all of its lines: void it and begin anew."""

    slug = "batch-incomplete"


class WarningsUnseenError(RuleError):
    """Something differs much from the batch before, and whoever approves has to say she saw it."""

    slug = "warnings-unseen"


@dataclass(frozen=True, kw_only=True)
class Batch(Aggregate):
    """A batch without its lines: how far it has come, who acted, and which files it has."""

    UNREAD: ClassVar[frozenset[str]] = frozenset({BatchLinesListed.TOPIC, ReturnLinesListed.TOPIC})

    drafted: BatchDrafted
    preparers: frozenset[UUID]
    file: StoredFile | None = None
    approvals: tuple[BatchApproved, ...] = ()
    closed: bool = False
    voided: bool = False
    exports: Mapping[str, StoredFile] = field(default_factory=dict)
    returns: int = 0
    reconciled: bool = False

    @property
    def district_id(self) -> UUID:
        return self.drafted.district_id

    @property
    def approvers(self) -> tuple[UUID, ...]:
        """Who approved, in order."""
        return tuple(one.actor_id for one in self.approvals)

    @property
    def state(self) -> BatchState:
        """How far it has come; that everything is answered shows with its lines alone."""
        if self.voided:
            return "voided"
        if self.reconciled:
            return "reconciled"
        if self.closed:
            return "exported" if self.exports else "closed"
        if self.approvals:
            return "approved"
        return "frozen" if self.file else "drafted"

    @property
    def closed_until(self) -> date | None:
        """The pay date up to which everything is closed, once this batch is done."""
        paid = self.closed and not self.voided
        return self.drafted.pay_date if paid else self.drafted.closed_until

    def must_be_done(self) -> None:
        """Raises BatchOpenError unless the next number may begin."""
        if not (self.closed or self.voided):
            number = self.drafted.number
            raise BatchOpenError(f"batch {number} is {self.state}; close or void it first")

    def _must_be(self, *states: BatchState) -> None:
        if self.state not in states:
            wanted = " or ".join(states)
            raise BatchStateError(
                f"batch {self.drafted.number} is {self.state}, not {wanted}", state=self.state
            )

    def must_be_drafted(self, *, listed: int) -> None:
        """Raises unless it has all of its lines, of which so many are listed, and no file yet."""
        self._must_be("drafted")
        if listed < self.drafted.line_count:
            raise BatchIncompleteError(
                f"{listed} of {self.drafted.line_count} lines are listed; void the batch"
            )

    def must_be_frozen(self) -> None:
        """Raises BatchStateError unless somebody may approve."""
        self._must_be("frozen", "approved")

    def must_be_closed(self) -> None:
        """Raises BatchStateError before everybody needed has approved, and after voiding."""
        self._must_be("closed", "exported", "acknowledged", "reconciled")

    def must_take_answers(self) -> None:
        """Raises BatchStateError while nobody can have loaded it."""
        self._must_be("exported", "acknowledged", "reconciled")

    def freeze(self, act: Act, *, file: StoredFile, listed: int) -> Sequence[AnyBatchEvent]:
        self.must_be_drafted(listed=listed)
        return [BatchFrozen(**self.header(act), district_id=self.district_id, file=file)]

    def approve(
        self, act: Act, *, compared: Comparison | None = None, warnings_seen: int = 0
    ) -> Sequence[AnyBatchEvent]:
        """Approve; the last approval that is needed closes the batch.

        Raises WarningsUnseenError unless as many warnings were seen as there are.
        """
        self.must_be_frozen()
        seen = self._acknowledge(act, compared, warnings_seen)
        return [*seen, *self._approve(act, after=len(seen))]

    def _acknowledge(
        self, act: Act, compared: Comparison | None, warnings_seen: int
    ) -> Sequence[AnyBatchEvent]:
        warnings = len(compared.warnings) if compared else 0
        if warnings != warnings_seen:
            raise WarningsUnseenError(
                f"there are {warnings} warnings, and {warnings_seen} were seen; look again",
                warnings=warnings,
            )
        if compared is None or not warnings:
            return []
        return [
            BatchWarningsAcknowledged(
                **self.header(act),
                district_id=self.district_id,
                compared_with=compared.compared_with,
                warnings=warnings,
            )
        ]

    def _approve(self, act: Act, *, after: int) -> Sequence[AnyBatchEvent]:
        assert self.file is not None, "a frozen batch has a file"
        approval = len(self.approvals) + 1
        drafted, district_id = self.drafted, self.district_id
        approved = BatchApproved(
            **self.header(act, after=after), district_id=district_id, approval=approval
        )
        if approval < drafted.approvals_needed:
            return [approved]
        closed = BatchClosed(
            **self.header(act, after=after + 1),
            district_id=district_id,
            number=drafted.number,
            pay_date=drafted.pay_date,
            through_position=drafted.through_position,
            line_count=drafted.line_count,
            sum_cents=drafted.sum_cents,
            positive_cents=drafted.positive_cents,
            negative_cents=drafted.negative_cents,
            ciphertext_sha256=self.file.ciphertext_sha256,
        )
        return [approved, closed]

    def void(self, act: Act, *, reason: VoidReason) -> Sequence[AnyBatchEvent]:
        """Give the batch up, as long as nobody can have loaded it."""
        self._must_be("drafted", "frozen", "approved", "closed")
        return [BatchVoided(**self.header(act), district_id=self.district_id, reason=reason)]

    def export(
        self, act: Act, *, layout: str, layout_version: int, file: StoredFile
    ) -> Sequence[AnyBatchEvent]:
        """Say that the batch was rendered in a layout."""
        self.must_be_closed()
        if layout in self.exports:
            raise NothingChangesError(f"batch {self.drafted.number} is exported as {layout}")
        return [
            BatchExported(
                **self.header(act),
                district_id=self.district_id,
                layout=layout,
                layout_version=layout_version,
                file=file,
            )
        ]

    @classmethod
    def evolve(  # noqa: C901, PLR0911 - one line for each kind of event
        cls, state: Self | None, event: AnyBatchEvent
    ) -> Self:
        if state is None:
            assert isinstance(event, BatchDrafted), "a batch begins as a draft"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                drafted=event,
                preparers=frozenset({event.actor_id}),
            )
        state = state.at_version(event.originator_version)
        match event:
            case BatchDrafted():
                raise AssertionError("a batch is drafted once")
            case BatchLinesListed() | ReturnLinesListed() | BatchWarningsAcknowledged():
                return state
            case BatchFrozen(file=file):
                return replace(state, file=file, preparers=state.preparers | {event.actor_id})
            case BatchApproved():
                return replace(state, approvals=(*state.approvals, event))
            case BatchClosed():
                return replace(state, closed=True)
            case BatchVoided():
                return replace(state, voided=True)
            case BatchExported(layout=layout, file=file):
                return replace(state, exports={**state.exports, layout: file})
            case ReturnRecorded(return_number=number):
                return replace(state, returns=number)
            case BatchReconciled():
                return replace(state, reconciled=True)
            case _:
                assert_never(event)
