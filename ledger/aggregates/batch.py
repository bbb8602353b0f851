"""One payroll batch: drafted, frozen, approved by others than who made it, closed, answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import chain
from typing import Literal, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.batch_answers import Answer, Judged, chunks, judge
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyBatchEvent
from ledger.events.batch import (
    BatchApproved,
    BatchClosed,
    BatchDrafted,
    BatchExported,
    BatchFrozen,
    BatchLine,
    BatchLinesListed,
    BatchReconciled,
    BatchVoided,
    Explanation,
    LineResult,
    ReturnLinesListed,
    ReturnRecorded,
    StoredFile,
    VoidReason,
)
from ledger.events.payroll import PayrollTerms
from ledger.rules.payroll import Variance, totals, variance

BatchState = Literal[
    "drafted", "frozen", "approved", "closed", "exported", "acknowledged", "reconciled", "voided"
]
LINES_AT_ONCE = 500  # in one event, which has to stay well below a megabyte
LINES_PER_COMMAND = 3_000  # whose events have to stay well below four


class BatchOpenError(RuleError):
    """The batch before is neither closed nor voided."""

    slug = "batch-open"


class PeriodClosedError(RuleError):
    """A batch with this pay date or a later one is closed; what is new goes into the next."""

    slug = "period-closed"


class BatchStateError(RuleError):
    """The batch is not in a state that allows this."""

    slug = "batch-state"


class BatchIncompleteError(RuleError):
    """Whoever drafted the batch did not come to list all of its lines: void it and begin anew."""

    slug = "batch-incomplete"


class LineTooLargeError(RuleError):
    """A line is larger than the district's terms allow."""

    slug = "line-too-large"


class VarianceUnexplainedError(InvalidError):
    """The sums do not meet, and nothing says why."""

    slug = "variance-unexplained"


def draft(
    stream: UUID,
    act: Act,
    *,
    district_id: UUID,
    number: int,
    pay_date: date,
    through_position: int,
    closed_until: date | None,
    terms_version: int,
    terms: PayrollTerms,
    lines: Sequence[BatchLine],
) -> Sequence[AnyBatchEvent]:
    """Begin a batch, of which the first lines are listed; it may have none, and says so."""
    if closed_until is not None and pay_date <= closed_until:
        raise PeriodClosedError(f"the period of {closed_until} is closed; pay later than that")
    ceiling = terms.line_cents_max
    large = [one.line_id for one in lines if ceiling is not None and one.amount_cents > ceiling]
    if large:
        raise LineTooLargeError(f"{len(large)} lines are above {ceiling} cents", lines=large)
    assert len({one.line_id for one in lines}) == len(lines), "a line is in a batch once"
    sums = totals(one.amount_cents for one in lines)
    drafted = BatchDrafted(
        **first_header(stream, act),
        district_id=district_id,
        number=number,
        pay_date=pay_date,
        through_position=through_position,
        closed_until=closed_until,
        terms_version=terms_version,
        company_code=terms.company_code,
        batch_prefix=terms.batch_prefix,
        approvals_needed=2 if sums.positive_cents > terms.second_approval_above_cents else 1,
        line_count=sums.lines,
        sum_cents=sums.sum_cents,
        positive_cents=sums.positive_cents,
        negative_cents=sums.negative_cents,
    )
    first = lines[:LINES_PER_COMMAND]
    return [drafted, *list_lines(stream, act, district_id=district_id, after=1, lines=first)]


def list_lines(
    stream: UUID, act: Act, *, district_id: UUID, after: int, lines: Sequence[BatchLine]
) -> Sequence[AnyBatchEvent]:
    """List lines of a batch that was just drafted, behind the version that it has come to.

    Nobody loads the batch for that, which would be the longer the more it lists: the store
    refuses a version that somebody else has written.
    """
    return [
        BatchLinesListed(
            originator_id=stream,
            originator_version=version,
            occurred_at=act.at,
            actor_id=act.actor_id,
            district_id=district_id,
            lines=chunk,
        )
        for version, chunk in enumerate(chunks(lines, LINES_AT_ONCE), after + 1)
    ]


@dataclass(frozen=True, kw_only=True)
class Batch(Aggregate):
    """A batch, its lines by id, and what was answered to each."""

    drafted: BatchDrafted
    preparers: frozenset[UUID]
    listed: tuple[tuple[BatchLine, ...], ...] = ()
    file: StoredFile | None = None
    approvers: tuple[UUID, ...] = ()
    closed: bool = False
    voided: bool = False
    exports: Mapping[str, StoredFile] = field(default_factory=dict)
    returned: tuple[tuple[LineResult, ...], ...] = ()
    quarantined: frozenset[UUID] = frozenset()
    returns: int = 0
    reconciled: bool = False

    @cached_property
    def lines(self) -> Mapping[UUID, BatchLine]:
        """The lines by their ids. Made once: a batch may have a hundred thousand."""
        return {line.line_id: line for lines in self.listed for line in lines}

    @cached_property
    def answers(self) -> Mapping[UUID, LineResult]:
        """The newest answer to each line that counts."""
        every = chain.from_iterable(self.returned)
        return {one.line_id: one for one in every if one.exception != "contradicts"}

    @cached_property
    def disputed(self) -> frozenset[LineResult]:
        """Answers that contradict those."""
        every = chain.from_iterable(self.returned)
        return frozenset(one for one in every if one.exception == "contradicts")

    @property
    def district_id(self) -> UUID:
        return self.drafted.district_id

    @property
    def state(self) -> BatchState:
        if self.voided:
            return "voided"
        if self.reconciled:
            return "reconciled"
        if self.closed:
            return "acknowledged" if self._answered else "exported" if self.exports else "closed"
        if self.approvers:
            return "approved"
        return "frozen" if self.file else "drafted"

    @property
    def _answered(self) -> bool:
        return bool(self.exports) and all(
            (answer := self.answers.get(line)) is not None
            and answer.status != "pending"
            and answer.exception is None
            for line in self.lines
        )

    @property
    def closed_until(self) -> date | None:
        """The pay date up to which everything is closed, once this batch is done."""
        paid = self.closed and not self.voided
        return self.drafted.pay_date if paid else self.drafted.closed_until

    @property
    def policy_ids(self) -> frozenset[UUID]:
        return frozenset(line.policy_id for line in self.lines.values())

    @property
    def payees(self) -> frozenset[UUID]:
        return frozenset(line.person_id for line in self.lines.values())

    @property
    def variance(self) -> Variance:
        return variance(
            (
                line.amount_cents,
                answer.status if (answer := self.answers.get(line.line_id)) else None,
                answer.paid_cents if answer else None,
            )
            for line in self.lines.values()
        )

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

    def must_be_drafted(self) -> None:
        """Raises unless every line is listed, and none was put into a file."""
        self._must_be("drafted")
        if len(self.lines) < self.drafted.line_count:
            raise BatchIncompleteError(
                f"{len(self.lines)} of {self.drafted.line_count} lines are listed; void the batch"
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

    def freeze(self, act: Act, *, file: StoredFile) -> Sequence[AnyBatchEvent]:
        self.must_be_drafted()
        return [BatchFrozen(**self.header(act), district_id=self.district_id, file=file)]

    def approve(self, act: Act) -> Sequence[AnyBatchEvent]:
        """Approve; the last approval that is needed closes the batch."""
        self.must_be_frozen()
        assert self.file is not None, "a frozen batch has a file"
        approval = len(self.approvers) + 1
        drafted, district_id = self.drafted, self.district_id
        approved = BatchApproved(**self.header(act), district_id=district_id, approval=approval)
        if approval < drafted.approvals_needed:
            return [approved]
        closed = BatchClosed(
            **self.header(act, after=1),
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

    def record_return(
        self, act: Act, *, file: StoredFile, file_hmac: str, answers: Sequence[Answer]
    ) -> Sequence[AnyBatchEvent]:
        """Record what the payroll system answered. What was said before changes nothing."""
        self.must_take_answers()
        judged = judge(answers, self.lines, self)
        if not (judged.results or judged.quarantined):
            raise NothingChangesError("this file says nothing that was not known")
        number = self.returns + 1
        recorded = ReturnRecorded(
            **self.header(act),
            district_id=self.district_id,
            return_number=number,
            file=file,
            file_hmac=file_hmac,
            **judged.counts(),
        )
        return [recorded, *self._listed(act, number, judged)]

    def _listed(self, act: Act, number: int, judged: Judged) -> Sequence[AnyBatchEvent]:
        pieces = [(results, ()) for results in chunks(judged.results, LINES_AT_ONCE)]
        strange = [((), ids) for ids in chunks(judged.quarantined, LINES_AT_ONCE)]
        return [
            ReturnLinesListed(
                **self.header(act, after=place),
                district_id=self.district_id,
                return_number=number,
                results=results,
                quarantined_line_ids=ids,
            )
            for place, (results, ids) in enumerate([*pieces, *strange], 1)
        ]

    def reconcile(self, act: Act, *, explanation: Explanation | None) -> Sequence[AnyBatchEvent]:
        """Sign that every line is answered; a variance that is left has to be explained."""
        if self.state != "exported" or self.variance.pending_cents:
            self._must_be("acknowledged")
        sums = self.variance
        if sums.variance_cents and explanation is None:
            raise VarianceUnexplainedError(
                f"{sums.variance_cents} cents are left; correct them or say why"
            )
        return [
            BatchReconciled(
                **self.header(act),
                district_id=self.district_id,
                accepted_cents=sums.accepted_cents,
                rejected_cents=sums.rejected_cents,
                bypassed_cents=sums.bypassed_cents,
                pending_cents=sums.pending_cents,
                variance_cents=sums.variance_cents,
                explanation=explanation,
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
        state = replace(state, version=event.originator_version)
        match event:
            case BatchDrafted():
                raise AssertionError("a batch is drafted once")
            case BatchLinesListed(lines=lines):
                return replace(state, listed=(*state.listed, lines))
            case BatchFrozen(file=file):
                return replace(state, file=file, preparers=state.preparers | {event.actor_id})
            case BatchApproved():
                return replace(state, approvers=(*state.approvers, event.actor_id))
            case BatchClosed():
                return replace(state, closed=True)
            case BatchVoided():
                return replace(state, voided=True)
            case BatchExported(layout=layout, file=file):
                return replace(state, exports={**state.exports, layout: file})
            case ReturnRecorded(return_number=number):
                return replace(state, returns=number)
            case ReturnLinesListed(results=results):
                return replace(
                    state,
                    returned=(*state.returned, results),
                    quarantined=state.quarantined | set(event.quarantined_line_ids),
                )
            case BatchReconciled():
                return replace(state, reconciled=True)
            case _:
                assert_never(event)
