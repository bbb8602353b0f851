"""Batches: what districts closed for payment, line by line, and what became of each line.

Everything here follows from the events of payroll alone: a closed line says what it was when it
was closed, whatever the rules say now. So rules may count these lines as spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import UnionType
from typing import Any, ClassVar, LiteralString
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyEntitlementEvent
from ledger.events.batch import LineKind, OriginalLine, ResultException, ResultStatus
from ledger.rules.batch_comparison import Comparison, compare, paid
from ledger.rules.payroll import Correction, Decided, LastTry, LineStatus, Variance
from ledger.values import POSITION_MAX
from projections.batch_fold import Batch, Changes, DecisionRow, Relevant, fold
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import NO_ID, Write, blocks, read, rows, to_write

_SQL = blocks("batches")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One attempt of one line, and what it has come to."""

    line_id: UUID
    attempt: int
    batch_id: UUID
    number: int
    person_id: UUID
    kind: LineKind
    instalment: int
    entitlement_id: UUID
    policy_id: UUID
    policy_version: int
    subject_id: UUID
    earned_on: date
    amount_cents: int
    earning_code: str
    fund_source: str | None
    account: str | None
    original_line_id: UUID | None
    original_pay_date: date | None
    original_tax_year: int | None
    pay_date: date
    status: LineStatus
    answer: ResultStatus | None
    code: str | None
    paid_cents: int | None
    paid_on: date | None
    exception: ResultException | None
    disputed: bool
    closed_position: int | None
    voided_position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """A correction that somebody adopted."""

    line_id: UUID
    correction: int
    kind: LineKind
    amount_cents: int
    entitlement_id: UUID
    person_id: UUID
    policy_id: UUID
    policy_version: int
    subject_id: UUID
    earned_on: date
    original_line_id: UUID
    original_attempt: int
    original_pay_date: date
    original_tax_year: int
    owed_cents: int
    closed_cents: int
    adopted_by: UUID
    position: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What people decided about one entitlement."""

    entitlement_id: UUID
    held_reason: str | None
    approved_cents: int | None


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was done with a batch, or tried."""

    position: int
    happened: str
    actor_id: UUID
    occurred_at: datetime
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A line that a return file named and the batch does not have."""

    line_id: UUID
    return_number: int
    position: int


@dataclass(frozen=True, slots=True)
class Terms:
    """One version of how a district pays."""

    terms_version: int
    terms: dict[str, Any]
    set_by: UUID
    position: int


@dataclass(frozen=True, slots=True)
class Sums(Variance):
    """What was exported by what came of it, in cents; and how many lines need a look."""

    exceptions: int


class Batches(Projection[Relevant]):
    """Keeps batches, their lines, and what was decided about entitlements."""

    name: ClassVar[str] = "batches"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("batches", by_person=False, seen_by=(Viewer.DISTRICT,)),
        Table("batch_lines", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("batch_quarantine", by_person=False, seen_by=(Viewer.DISTRICT,)),
        Table("batch_log", by_person=False, seen_by=(Viewer.DISTRICT,)),
        Table("entitlement_decisions", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("corrections", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("payroll_terms", by_person=False, seen_by=(Viewer.DISTRICT,)),
    )
    sharded: ClassVar[bool] = False  # the lines of a batch are of many persons

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        streams = list({fact.event.originator_id for fact in facts})
        entitlements = [
            event.entitlement_id for _, event in facts if isinstance(event, AnyEntitlementEvent)
        ]
        held = read(connection, Batch, _SQL["load"], batch_ids=streams)
        decided = read(
            connection, DecisionRow, _SQL["load_decisions"], entitlement_ids=entitlements
        )
        changes = Changes(
            {one.batch_id: one for one in held}, {one.entitlement_id: one for one in decided}
        )
        for position, event in facts:
            fold(changes, position, event)
        return [
            *to_write(_SQL["save"], rows=list(changes.batches.values())),
            *to_write(_SQL["add_lines"], rows=changes.lines),
            *to_write(_SQL["answer_lines"], rows=list(changes.answers.values())),
            *to_write(_SQL["dispute_lines"], rows=changes.disputes),
            *to_write(_SQL["settle_lines"], rows=changes.settled),
            *to_write(
                _SQL["add_rest"],
                quarantine=changes.quarantine,
                adopted=changes.adopted,
                terms=changes.terms,
                decisions=list(changes.decisions.values()),
                log=changes.log,
            ),
        ]


def of_district(
    connection: Connection[Any], district_id: UUID, *, before: int = 2**31 - 1, limit: int = 100
) -> list[Batch]:
    """A district's batches with numbers below one, the newest first."""
    sql = _SQL["of_district"]
    return read(connection, Batch, sql, district_id=district_id, before=before, limit=limit)


def districts(connection: Connection[Any]) -> list[UUID]:
    """The districts that ever made a batch."""
    return [row[0] for row in rows(connection, _SQL["districts"])]


def find(connection: Connection[Any], batch_id: UUID) -> Batch | None:
    """One batch, or null when there is none."""
    found = read(connection, Batch, _SQL["batch"], batch_id=batch_id)
    return found[0] if found else None


def comparison(connection: Connection[Any], batch: Batch) -> Comparison | None:
    """A batch beside the last one before it that was frozen and not voided; null for the first."""
    named = {"district_id": batch.district_id, "number": batch.number}
    found = read(connection, Batch, _SQL["batch_before"], **named)
    if not found:
        return None
    earlier = rows(connection, _SQL["paid_in"], batch_id=found[0].batch_id)
    now = rows(connection, _SQL["paid_in"], batch_id=batch.batch_id)
    return compare(found[0].number, paid(earlier), paid(now))


def lines_of_batch(
    connection: Connection[Any], batch_id: UUID, *, after: UUID = NO_ID, limit: int = 100
) -> list[Line]:
    """The lines of a batch by their ids, after the last one seen."""
    sql = _lines("lines_of_batch")
    return read(connection, Line, sql, batch_id=batch_id, after=after, limit=limit)


def line_ids_of_batch(connection: Connection[Any], batch_id: UUID) -> list[UUID]:
    """The ids of all lines of a batch, in no order."""
    return [row[0] for row in rows(connection, _SQL["line_ids_of_batch"], batch_id=batch_id)]


def payers_of_person(connection: Connection[Any], person_id: UUID) -> set[UUID]:
    """The districts that ever made a line for a person."""
    return {row[0] for row in rows(connection, _SQL["payers_of_person"], person_id=person_id)}


def lines_of_person(connection: Connection[Any], person_id: UUID) -> list[Line]:
    """Every attempt of every line that was ever made for a person."""
    return read(connection, Line, _lines("lines_of_person"), person_id=person_id)


def lines_for_person(connection: Connection[Any], person_id: UUID, district_id: UUID) -> list[Line]:
    """Every attempt of every line that one district ever made for a person."""
    sql = _lines("lines_for_person")
    return read(connection, Line, sql, person_id=person_id, district_id=district_id)


def closed_lines(
    connection: Connection[Any], district_id: UUID, *, as_of: int = POSITION_MAX
) -> list[Line]:
    """What a district closed up to a position and nobody sent back: rules count it as spent."""
    sql = _lines("closed_lines")
    return read(connection, Line, sql, district_id=district_id, as_of=as_of)


def line(connection: Connection[Any], line_id: UUID, attempt: int) -> Line | None:
    """One attempt of a line, or null when there is none."""
    found = read(connection, Line, _lines("line"), line_id=line_id, attempt=attempt)
    return found[0] if found else None


def sums_of_batch(connection: Connection[Any], batch_id: UUID) -> Sums:
    """What came of the lines of a batch; all zero for one without lines."""
    return read(connection, Sums, _SQL["sums_of_batch"], batch_id=batch_id)[0]


def quarantine(connection: Connection[Any], batch_id: UUID) -> list[Quarantined]:
    """Lines that came back and were never sent."""
    return read(connection, Quarantined, _SQL["quarantine"], batch_id=batch_id)


def log_of_batch(
    connection: Connection[Any],
    batch_id: UUID,
    *,
    after: int = 0,
    until: int = POSITION_MAX,
    limit: int = 100,
) -> list[Happening]:
    """What was done with a batch or tried up to a position, by whom, in order."""
    asked = {"batch_id": batch_id, "after": after, "until": until, "limit": limit}
    return read(connection, Happening, _SQL["log_of_batch"], **asked)


def terms_of_district(connection: Connection[Any], district_id: UUID) -> list[Terms]:
    """Every version of how a district pays."""
    return read(connection, Terms, _SQL["terms_of_district"], district_id=district_id)


def corrections_of_district(
    connection: Connection[Any], district_id: UUID, *, as_of: int = POSITION_MAX
) -> list[Adopted]:
    """The corrections adopted up to a position, in order."""
    sql = _SQL["corrections_of_district"]
    return read(connection, Adopted, sql, district_id=district_id, as_of=as_of)


def last_tries(connection: Connection[Any], district_id: UUID) -> dict[UUID, LastTry]:
    """The newest attempt of every line of a district, by the line's id."""
    found = read(connection, Line, _lines("last_tries"), district_id=district_id)
    return {one.line_id: _last_try(one) for one in found}


def tries_of(
    connection: Connection[Any], entitlement_ids: Sequence[UUID]
) -> dict[UUID, list[LastTry]]:
    """The newest attempts of the lines of some entitlements, by entitlement."""
    sql = _lines("tries_of_entitlements")
    found: dict[UUID, list[LastTry]] = {}
    for one in read(connection, Line, sql, entitlement_ids=list(entitlement_ids)):
        found.setdefault(one.entitlement_id, []).append(_last_try(one))
    return found


def decided(connection: Connection[Any], district_id: UUID) -> dict[UUID, Decided]:
    """What people decided about entitlements of a district, by entitlement."""
    sql = _SQL["decisions_of_district"]
    return _by_entitlement(read(connection, Decision, sql, district_id=district_id))


def decided_of(connection: Connection[Any], entitlement_ids: Sequence[UUID]) -> dict[UUID, Decided]:
    """What people decided about some entitlements."""
    sql = _SQL["decisions_of_entitlements"]
    ids = list(entitlement_ids)
    return _by_entitlement(read(connection, Decision, sql, entitlement_ids=ids))


def _by_entitlement(found: Sequence[Decision]) -> dict[UUID, Decided]:
    return {
        one.entitlement_id: Decided(
            held=one.held_reason is not None,
            held_reason=one.held_reason,
            approved_cents=one.approved_cents,
        )
        for one in found
    }


def _last_try(one: Line) -> LastTry:
    return LastTry(
        line_id=one.line_id,
        attempt=one.attempt,
        status=one.status,
        kind=one.kind,
        instalment=one.instalment,
        amount_cents=one.amount_cents,
        entitlement_id=one.entitlement_id,
        person_id=one.person_id,
        policy_id=one.policy_id,
        policy_version=one.policy_version,
        subject_id=one.subject_id,
        earned_on=one.earned_on,
        pay_date=one.pay_date,
        fund_source=one.fund_source,
        account=one.account,
    )


def as_correction(adopted: Adopted) -> Correction:
    """A correction as the rules take it."""
    return Correction(
        line_id=adopted.line_id,
        correction=adopted.correction,
        kind=adopted.kind,
        amount_cents=adopted.amount_cents,
        entitlement_id=adopted.entitlement_id,
        person_id=adopted.person_id,
        policy_id=adopted.policy_id,
        policy_version=adopted.policy_version,
        subject_id=adopted.subject_id,
        earned_on=adopted.earned_on,
        original=OriginalLine(
            line_id=adopted.original_line_id,
            attempt=adopted.original_attempt,
            pay_date=adopted.original_pay_date,
            tax_year=adopted.original_tax_year,
        ),
    )


def _lines(block: str) -> LiteralString:
    return f"{_SQL['lines']}\n{_SQL[block]}"
