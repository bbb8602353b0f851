"""What a draft policy would have come to over past awards, beside the one in force.

The draft is judged as if it had been adopted with the span asked for as its span, in memory and a
page of persons at a time, by the same rules that derive payouts and beside the same closed lines;
no table is touched. What is in a pool that is given out when it closes depends on when everybody
asked for it, so a draft with such a pool is folded from the log, into tables that are dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from ledger.events.policy_rule import Rule
from ledger.rules.allocation import waiting
from ledger.rules.entitlements.findings import RulePolicy, RuleVersion, is_pooled
from ledger.rules.notices import OF_HR
from ledger.values import POSITION_MAX, stream_id
from projections.known import payouts_of_district, payouts_under_draft
from projections.payout_fold import Book
from projections.payout_rows import Row, rule_row
from projections.payout_rules import Judgment, judge_rules
from projections.payout_tables import load_persons, load_rule_policy
from projections.sql import NO_ID, blocks, rows

_SQL = blocks("simulation")
VIEWS = ("payouts",)
PAGE_PERSONS = 500
DRAFT = "draft"  # in the place of a board's minute


@dataclass(frozen=True, slots=True)
class Month:
    """What would be due in a month, as 2025-03, and what is; of base pay the annual amount."""

    month: str
    draft_cents: int
    adopted_cents: int


@dataclass(frozen=True, slots=True)
class Change:
    """Somebody who would get more or less."""

    person_id: UUID
    draft_cents: int
    adopted_cents: int

    @property
    def difference_cents(self) -> int:
        return self.draft_cents - self.adopted_cents


@dataclass(frozen=True, slots=True)
class Reason:
    """How often the draft says this."""

    verdict: str
    reason: str | None
    pairs: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """A draft over past awards. What waits for a fact, or for its pool to be closed, is pending."""

    district_id: UUID
    policy_id: UUID | None  # what it is compared with; null: with nothing
    title: str
    benefit: str
    from_day: date
    to_day: date
    persons: int
    draft_cents: int
    adopted_cents: int
    pending_cents: int
    gain: int  # persons
    lose: int
    unchanged: int
    months: list[Month]
    reasons: list[Reason]
    changes: list[Change]  # the largest first


class _Part(NamedTuple):
    """One amount that is due on a day."""

    person_id: UUID
    due_on: date
    cents: int


class _Claim(NamedTuple):
    """What asks for a year's money; what an earlier version says only takes its place."""

    row: Row
    counts: bool
    parts: list[_Part]


@dataclass(slots=True)
class _Tally:
    """Sums as they grow."""

    draft_months: Counter[str] = field(default_factory=Counter)
    adopted_months: Counter[str] = field(default_factory=Counter)
    draft: Counter[UUID] = field(default_factory=Counter)
    adopted: Counter[UUID] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    pending_cents: int = 0
    persons: int = 0
    pooled: list[_Claim] = field(default_factory=list)

    def owe(self, parts: Sequence[_Part]) -> None:
        for person_id, due_on, cents in parts:
            self.draft[person_id] += cents
            self.draft_months[_month(due_on)] += cents

    def pay(self, parts: Sequence[_Part]) -> None:
        for person_id, due_on, cents in parts:
            self.adopted[person_id] += cents
            self.adopted_months[_month(due_on)] += cents

    def settle(self) -> None:
        """Let each year of the pool fall in order of place, as it does for what is adopted."""
        for year in {one.row.fiscal_year for one in self.pooled}:
            line = [one for one in self.pooled if one.row.fiscal_year == year]
            late = waiting(sorted(asked for one in line for asked in one.row.wanted))
            for one in line:
                if one.counts:
                    self.settle_one(one, waits=one.row.payout_id in late)

    def settle_one(self, claim: _Claim, *, waits: bool) -> None:
        """Owe a claim; while it waits, what payroll has closed of it alone."""
        row, _, parts = claim
        if not waits:
            self.reasons["due", None] += 1
            self.owe(parts)
            return
        self.pending_cents += row.amount_cents - row.closed_cents
        self.reasons["due" if row.closed_cents else "pending", "budget_exhausted"] += 1
        closed = zip(parts, row.closed_parts, strict=False)  # of most nothing is closed
        self.owe([part._replace(cents=cents) for part, cents in closed])


def simulate(
    connection: Connection[Any],
    district_id: UUID,
    rule: Rule,
    *,
    from_day: date,
    to_day: date,
    policy_id: UUID | None = None,
    as_of: int = POSITION_MAX,
) -> Simulation:
    """Judge what was earned from a day to another by a draft, and compare with what is in force.

    Args:
        connection: One that sees everything; nothing is written.
        district_id: Whose teachers.
        rule: The draft. Its own span is put aside.
        from_day: The first day of what was earned.
        to_day: The last.
        policy_id: The policy whose next version it would be; null: a new one.
        as_of: Up to where the log is known.
    """
    tally = _Tally()
    span = {"from_day": from_day, "to_day": to_day}
    compared = () if policy_id is None else (policy_id,)
    with payouts_of_district(connection, district_id, compared, as_of):
        known = None if policy_id is None else load_rule_policy(connection, district_id, policy_id)
        policy, draft = _drafted(known, district_id, policy_id, rule, (from_day, to_day))
        for person_ids in _pages(connection, district_id):
            tally.persons += len(person_ids)
            asked = {"person_ids": person_ids, "policy_id": policy_id, **span}
            tally.pay(_owed(connection, "of_adopted", asked))
            if not is_pooled(rule):
                _judge(connection, tally, policy, draft, person_ids)
    if is_pooled(rule):
        with payouts_under_draft(connection, policy, as_of):
            for person_ids in _pages(connection, district_id):
                _look_up(connection, tally, policy, draft, person_ids)
    tally.settle()
    return _told(tally, rule, district_id, policy_id, (from_day, to_day))


def _judge(
    connection: Connection[Any],
    tally: _Tally,
    policy: RulePolicy,
    draft: RuleVersion,
    person_ids: Sequence[UUID],
) -> None:
    """Add what the draft says of some persons."""
    book = load_persons(connection, policy, set(person_ids))
    for teacher in book.teachers.values():
        if teacher.employed_in(policy.district_id):
            for judged in judge_rules(policy, book.dossier(teacher, policy)):
                _count(tally, book, teacher.person_id, judged, draft)


def _look_up(
    connection: Connection[Any],
    tally: _Tally,
    policy: RulePolicy,
    draft: RuleVersion,
    person_ids: Sequence[UUID],
) -> None:
    """The same where tables have it, as if the draft had been adopted before anything else."""
    asked = {
        "person_ids": list(person_ids),
        "policy_id": policy.policy_id,
        "policy_version": draft.policy_version,
    }
    tally.owe(_owed(connection, "of_draft", asked))
    for verdict, reason, pairs, cents in rows(connection, _SQL["drafted_reasons"], **asked):
        tally.reasons[verdict, reason] += pairs
        tally.pending_cents += cents if verdict == "pending" else 0


def _owed(connection: Connection[Any], narrowed: str, asked: Mapping[str, Any]) -> list[_Part]:
    sql = _SQL["owed"] + "\n" + _SQL[narrowed]
    return [_Part(*row) for row in rows(connection, sql, of_hr=OF_HR, **asked)]


def count_persons(connection: Connection[Any], district_id: UUID) -> int:
    """How many teachers of a district a draft is judged for."""
    return int(rows(connection, _SQL["count_persons"], district_id=district_id)[0][0])


def _drafted(
    known: RulePolicy | None,
    district_id: UUID,
    policy_id: UUID | None,
    rule: Rule,
    span: tuple[date, date],
) -> tuple[RulePolicy, RuleVersion]:
    """The policy with the draft as its newest version, in force for the span."""
    policy = known or RulePolicy(policy_id or stream_id("draft", district_id), district_id, ())
    first, last = span
    bounded = rule.model_copy(update={"effective_from": first, "effective_to": last})
    draft = RuleVersion(len(policy.versions) + 1, DRAFT, first, 0, bounded)
    versions = (*policy.versions, draft)
    return replace(policy, versions=versions, last_day=None, retired_position=None), draft


def _pages(connection: Connection[Any], district_id: UUID) -> Iterator[list[UUID]]:
    after = NO_ID
    while True:
        page = {"district_id": district_id, "after": after, "limit": PAGE_PERSONS}
        found = [person_id for (person_id,) in rows(connection, _SQL["persons"], **page)]
        if not found:
            return
        yield found
        after = found[-1]


def _count(
    tally: _Tally, book: Book, person_id: UUID, judged: Judgment, draft: RuleVersion
) -> None:
    """Add a finding; what an earlier version says only takes its place in the pool."""
    finding, rule = judged.finding, judged.rule
    counts = judged.version is draft
    first_come = rule.pool is not None and rule.pool.order == "first_come"
    if judged.verdict == "due":
        parts = _parts(person_id, judged)
        if first_come:
            (policy,) = book.rules.policies.values()
            row = rule_row(person_id, policy, judged, finding.occasion.place[0])
            about = (person_id, policy.policy_id, finding.occasion.subject_id)
            row.take_closed(book.paid.closed_cents(*about))
            tally.pooled.append(_Claim(row, counts, parts))
            return
        if counts:
            tally.owe(parts)
    if counts:
        tally.reasons[judged.verdict, judged.reason] += 1
        tally.pending_cents += finding.amount_cents if judged.verdict == "pending" else 0


def _parts(person_id: UUID, judged: Judgment) -> list[_Part]:
    if judged.rule.benefit in OF_HR:
        return [_Part(person_id, judged.finding.payable_on, judged.finding.amount_cents)]
    return [_Part(person_id, part["due_on"], part["amount_cents"]) for part in judged.parts]


def _told(
    tally: _Tally,
    rule: Rule,
    district_id: UUID,
    policy_id: UUID | None,
    span: tuple[date, date],
) -> Simulation:
    concerned = tally.draft.keys() | tally.adopted.keys()
    changes = [
        Change(person_id, tally.draft[person_id], tally.adopted[person_id])
        for person_id in concerned
        if tally.draft[person_id] != tally.adopted[person_id]
    ]
    gain = sum(one.difference_cents > 0 for one in changes)
    months = sorted(tally.draft_months.keys() | tally.adopted_months.keys())
    return Simulation(
        district_id=district_id,
        policy_id=policy_id,
        title=rule.title,
        benefit=rule.benefit,
        from_day=span[0],
        to_day=span[1],
        persons=tally.persons,
        draft_cents=tally.draft.total(),
        adopted_cents=tally.adopted.total(),
        pending_cents=tally.pending_cents,
        gain=gain,
        lose=len(changes) - gain,
        unchanged=tally.persons - len(changes),
        months=[
            Month(month, tally.draft_months[month], tally.adopted_months[month]) for month in months
        ],
        reasons=[
            Reason(verdict, reason, pairs)
            for (verdict, reason), pairs in sorted(tally.reasons.items(), key=str)
        ],
        changes=sorted(changes, key=lambda one: (-abs(one.difference_cents), one.person_id)),
    )


def _month(day: date) -> str:
    return f"{day:%Y-%m}"
