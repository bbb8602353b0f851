"""The fold of batches: what each event changes in their tables, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any, assert_never
from uuid import UUID

from ledger.events import AnyBatchEvent, AnyEntitlementEvent
from ledger.events.batch import (
    BatchApproved,
    BatchClosed,
    BatchDownloaded,
    BatchDrafted,
    BatchExported,
    BatchFrozen,
    BatchLine,
    BatchLinesListed,
    BatchReconciled,
    BatchVoided,
    BatchWarningsAcknowledged,
    ReturnLinesListed,
    ReturnRecorded,
    SegregationViolationAttempted,
)
from ledger.events.entitlement import (
    CorrectionAdopted,
    EntitlementApproved,
    EntitlementHeld,
    EntitlementReleased,
    LineReleased,
    LineWrittenOff,
)
from ledger.events.payroll import PayrollEvent, PayrollTermsSet
from ledger.events.payroll_retention import PayrollFilesDestroyed

Relevant = (
    AnyBatchEvent
    | BatchDownloaded
    | SegregationViolationAttempted
    | AnyEntitlementEvent
    | PayrollTermsSet
    | PayrollFilesDestroyed
)
Row = dict[str, Any]
_AfterDraft = (
    BatchLinesListed
    | BatchFrozen
    | BatchApproved
    | BatchWarningsAcknowledged
    | BatchClosed
    | BatchVoided
    | BatchExported
    | ReturnRecorded
    | ReturnLinesListed
    | BatchReconciled
)


@dataclass(slots=True, kw_only=True)
class Batch:
    """One numbered batch. Amounts in cents; `state` leaves out what its lines say."""

    batch_id: UUID
    district_id: UUID
    number: int
    state: str
    pay_date: date
    through_position: int
    terms_version: int
    approvals_needed: int
    line_count: int
    sum_cents: int
    positive_cents: int
    negative_cents: int
    prepared_by: UUID
    approved_by: list[UUID]
    file: dict[str, Any] | None
    exports: dict[str, Any]
    void_reason: str | None
    variance_cents: int | None
    explanation: str | None
    closed_position: int | None
    voided_position: int | None
    version: int
    position: int


@dataclass(slots=True, kw_only=True)
class DecisionRow:
    entitlement_id: UUID
    district_id: UUID
    person_id: UUID
    held_reason: str | None = None
    approved_cents: int | None = None
    position: int = 0


@dataclass(slots=True)
class Changes:
    """What one page of the log comes to."""

    batches: dict[UUID, Batch]
    decisions: dict[UUID, DecisionRow]
    lines: list[Row] = field(default_factory=list)
    answers: dict[tuple[UUID, UUID], Row] = field(default_factory=dict)
    disputes: list[Row] = field(default_factory=list)
    settled: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    adopted: list[Row] = field(default_factory=list)
    terms: list[Row] = field(default_factory=list)
    log: list[Row] = field(default_factory=list)


def fold(changes: Changes, position: int, event: Relevant) -> None:
    match event:
        case PayrollTermsSet():
            changes.terms.append(
                {
                    "district_id": event.district_id,
                    "terms_version": event.terms_version,
                    "terms": event.terms.model_dump(mode="json"),
                    "set_by": event.actor_id,
                    "position": position,
                }
            )
        case BatchDownloaded():
            given = {"layout": event.layout, "file_id": event.file_id}
            _note(changes, position, event, event.batch_id, "downloaded", **given)
        case PayrollFilesDestroyed():
            gone = {"files": len(event.file_ids)}
            _note(changes, position, event, event.batch_id, "files_destroyed", **gone)
        case SegregationViolationAttempted():
            tried, pair = event.batch_id, event.pair
            _note(changes, position, event, tried, "violation_attempted", pair=pair)
        case (
            EntitlementHeld()
            | EntitlementReleased()
            | EntitlementApproved()
            | CorrectionAdopted()
            | LineReleased()
            | LineWrittenOff()
        ):
            _fold_decision(changes, position, event)
        case BatchDrafted():
            changes.batches[event.originator_id] = _begin(event, position)
            _note(changes, position, event, event.originator_id, "drafted")
        case _:
            batch = changes.batches[event.originator_id]
            batch.version, batch.position = event.originator_version, position
            _fold_batch(changes, position, batch, event)


def _begin(event: BatchDrafted, position: int) -> Batch:
    return Batch(
        batch_id=event.originator_id,
        district_id=event.district_id,
        number=event.number,
        state="drafted",
        pay_date=event.pay_date,
        through_position=event.through_position,
        terms_version=event.terms_version,
        approvals_needed=event.approvals_needed,
        line_count=event.line_count,
        sum_cents=event.sum_cents,
        positive_cents=event.positive_cents,
        negative_cents=event.negative_cents,
        prepared_by=event.actor_id,
        approved_by=[],
        file=None,
        exports={},
        void_reason=None,
        variance_cents=None,
        explanation=None,
        closed_position=None,
        voided_position=None,
        version=event.originator_version,
        position=position,
    )


def _fold_batch(  # noqa: C901 - one case for each kind of event
    changes: Changes, position: int, batch: Batch, event: _AfterDraft
) -> None:
    happened, detail = "", Row()
    match event:
        case BatchLinesListed():
            changes.lines += [_line_row(batch, line, position) for line in event.lines]
        case BatchFrozen():
            batch.state, batch.file = "frozen", event.file.model_dump(mode="json")
            happened = "frozen"
        case BatchApproved():
            batch.state, happened = "approved", "approved"
            batch.approved_by = [*batch.approved_by, event.actor_id]
        case BatchWarningsAcknowledged():
            happened = "warnings_acknowledged"
            detail = {"compared_with": event.compared_with, "warnings": event.warnings}
        case BatchClosed():
            batch.state, batch.closed_position, happened = "closed", position, "closed"
        case BatchVoided():
            batch.state, batch.voided_position, happened = "voided", position, "voided"
            batch.void_reason = event.reason
        case BatchExported():
            file = {"version": event.layout_version, **event.file.model_dump(mode="json")}
            batch.state = "exported" if batch.state == "closed" else batch.state
            batch.exports = {**batch.exports, event.layout: file}
            happened, detail = "exported", {"layout": event.layout}
        case ReturnRecorded():
            happened, detail = "return_recorded", {"return_number": event.return_number}
        case ReturnLinesListed():
            _fold_answers(changes, position, batch, event)
        case BatchReconciled():
            batch.state, happened = "reconciled", "reconciled"
            batch.variance_cents, batch.explanation = event.variance_cents, event.explanation
        case _:
            assert_never(event)
    if happened:
        _note(changes, position, event, batch.batch_id, happened, **detail)


def _fold_answers(changes: Changes, position: int, batch: Batch, event: ReturnLinesListed) -> None:
    for result in event.results:
        key = {"batch_id": batch.batch_id, "line_id": result.line_id}
        if result.exception == "contradicts":
            changes.disputes.append(key)
        else:
            answer = {
                "answer": result.status,
                "code": result.code,
                "paid_cents": result.paid_cents,
                "paid_on": result.paid_on,
                "exception": result.exception,
            }
            changes.answers[batch.batch_id, result.line_id] = key | answer
    changes.quarantine += [
        {
            "batch_id": batch.batch_id,
            "line_id": line_id,
            "district_id": batch.district_id,
            "return_number": event.return_number,
            "position": position,
        }
        for line_id in event.quarantined_line_ids
    ]


def _fold_decision(changes: Changes, position: int, event: AnyEntitlementEvent) -> None:
    known = changes.decisions.setdefault(
        event.entitlement_id,
        DecisionRow(
            entitlement_id=event.entitlement_id,
            district_id=event.district_id,
            person_id=event.person_id,
        ),
    )
    known.position = position
    match event:
        case EntitlementHeld(reason=reason):
            known.held_reason = reason
        case EntitlementReleased():
            known.held_reason = None
        case EntitlementApproved(amount_cents=amount_cents):
            known.approved_cents = amount_cents
        case CorrectionAdopted():
            changes.adopted.append(_adopted_row(event, position))
        case LineReleased() | LineWrittenOff():
            settled = "released" if isinstance(event, LineReleased) else "written_off"
            key = {"line_id": event.line_id, "attempt": event.attempt}
            changes.settled.append(key | {"settled": settled})
        case _:
            assert_never(event)


def _line_row(batch: Batch, line: BatchLine, position: int) -> Row:
    original = line.original
    return {
        "line_id": line.line_id,
        "attempt": line.attempt,
        "batch_id": batch.batch_id,
        "district_id": batch.district_id,
        "person_id": line.person_id,
        "kind": line.kind,
        "instalment": line.instalment,
        "entitlement_id": line.entitlement_id,
        "policy_id": line.policy_id,
        "policy_version": line.policy_version,
        "subject_id": line.subject_id,
        "earned_on": line.earned_on,
        "amount_cents": line.amount_cents,
        "earning_code": line.earning_code,
        "fund_source": line.fund_source,
        "account": line.account,
        "original_line_id": original.line_id if original else None,
        "original_pay_date": original.pay_date if original else None,
        "original_tax_year": original.tax_year if original else None,
        "disputed": False,
        "position": position,
    }


def _adopted_row(event: CorrectionAdopted, position: int) -> Row:
    return {
        "line_id": event.line_id,
        "district_id": event.district_id,
        "entitlement_id": event.entitlement_id,
        "person_id": event.person_id,
        "correction": event.correction,
        "kind": event.kind,
        "amount_cents": event.amount_cents,
        "policy_id": event.policy_id,
        "policy_version": event.policy_version,
        "subject_id": event.subject_id,
        "earned_on": event.earned_on,
        "original_line_id": event.original.line_id,
        "original_attempt": event.original.attempt,
        "original_pay_date": event.original.pay_date,
        "original_tax_year": event.original.tax_year,
        "owed_cents": event.owed_cents,
        "closed_cents": event.closed_cents,
        "adopted_by": event.actor_id,
        "position": position,
    }


def _note(
    changes: Changes,
    position: int,
    event: PayrollEvent,
    batch_id: UUID,
    happened: str,
    **detail: Any,
) -> None:
    changes.log.append(
        {
            "position": position,
            "batch_id": batch_id,
            "district_id": event.district_id,
            "happened": happened,
            "actor_id": event.actor_id,
            "occurred_at": event.occurred_at,
            "detail": detail,
        }
    )
