"""A payroll batch with its lines: what was answered to each, and whether the sums meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import ClassVar, Self
from uuid import UUID

from ledger.aggregates.base import Act
from ledger.aggregates.batch import Batch, BatchState
from ledger.aggregates.batch_answers import Answer, Judged, chunks, judge
from ledger.aggregates.batch_draft import LINES_AT_ONCE
from ledger.errors import InvalidError, NothingChangesError
from ledger.events import AnyBatchEvent
from ledger.events.batch import (
    BatchLine,
    BatchLinesListed,
    BatchReconciled,
    Explanation,
    LineResult,
    ReturnLinesListed,
    ReturnRecorded,
    StoredFile,
)
from ledger.rules.payroll import Variance, variance


class VarianceUnexplainedError(InvalidError):
    """The sums do not meet, and nothing says why."""

    slug = "variance-unexplained"


@dataclass(frozen=True, kw_only=True)
class AnsweredBatch(Batch):
    """A batch, its lines by id, and what was answered to each."""

    UNREAD: ClassVar[frozenset[str]] = frozenset()

    listed: tuple[tuple[BatchLine, ...], ...] = ()
    returned: tuple[tuple[LineResult, ...], ...] = ()
    quarantined: frozenset[UUID] = frozenset()

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
    def state(self) -> BatchState:
        state = super().state
        return "acknowledged" if state == "exported" and self._is_answered else state

    @property
    def _is_answered(self) -> bool:
        return all(
            (answer := self.answers.get(line)) is not None
            and answer.status != "pending"
            and answer.exception is None
            for line in self.lines
        )

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
        sums = self.variance
        if self.state != "exported" or sums.pending_cents:
            self._must_be("acknowledged")
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
    def evolve(cls, state: Self | None, event: AnyBatchEvent) -> Self:
        after = super().evolve(state, event)
        match event:
            case BatchLinesListed(lines=lines):
                return replace(after, listed=(*after.listed, lines))
            case ReturnLinesListed(results=results):
                return replace(
                    after,
                    returned=(*after.returned, results),
                    quarantined=after.quarantined | set(event.quarantined_line_ids),
                )
            case _:
                return after
