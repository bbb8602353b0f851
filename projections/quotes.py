"""What an award would bring that has not happened: the same fold, and nothing of it is kept.

The award is folded into a book that was loaded as for any batch; what the fold would have written
is the quote. So a quote cannot differ from what is derived once the award is real and nothing
else has changed meanwhile. It binds nobody: policies, pools and facts may change until then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.events.enrollment import Awarded
from ledger.events.policy import PolicyTerms
from ledger.events.policy_rule import CreditTrigger, Rule, UnitsTrigger
from ledger.rules.allocation import Turn, Wanted
from ledger.rules.entitlements.evaluate import evaluate
from ledger.rules.entitlements.findings import RulePolicy, RuleVersion
from ledger.rules.incentives import Policy, Version
from projections.contract import Fact
from projections.payout_begun import NOTHING, Begun
from projections.payout_fold import Book, PayoutEvent
from projections.payout_lines import claimed, line_after
from projections.payout_rows import Row
from projections.payout_tables import load_book


@dataclass(frozen=True, slots=True)
class Instalment:
    """One part of what would be paid, and the first day on which it may be."""

    due_on: date
    amount_cents: int


@dataclass(frozen=True, slots=True)
class CapLeft:
    """What a teacher's own cap leaves, before this award; of times, or of cents."""

    rule: str
    most: int
    used: int
    left: int


@dataclass(frozen=True, slots=True)
class PoolLeft:
    """What a year's budget leaves, before this award; others may come first."""

    budget_cents: int
    claimed_cents: int
    left_cents: int


@dataclass(frozen=True, slots=True)
class QuotedPayout:
    """One payout that the award would bring or change.

    `before_cents` is what it comes to already without the award, null where there is none.
    """

    payout_id: UUID
    kind: str
    subject_id: UUID
    fiscal_year: int
    status: str  # due, pending or not_due, before the day is looked at
    reason: str | None
    terms_cents: int
    amount_cents: int
    before_cents: int | None
    payable_on: date
    instalments: list[Instalment]
    conditions: list[dict[str, Any]]  # every rule tried: inputs, passed (null: a fact is missing)
    not_met: list[str]  # the reasons of those that are not
    caps: list[CapLeft]
    pool: PoolLeft | None


@dataclass(frozen=True, slots=True)
class QuotedUnits:
    """What the award would count toward a threshold; units as exact fractions, such as 2/3."""

    unit: str
    units: str
    counts: bool
    conditions: list[dict[str, Any]]
    counted: str  # with the award, everything that counts
    banked: str  # of it what no threshold has used


@dataclass(frozen=True, slots=True)
class CreditRate:
    """What a policy grants for hours, to whoever files a request with this choice."""

    choice: str
    unit: str
    unit_hundredths: int
    each_hours: int


@dataclass(frozen=True, slots=True)
class PolicyQuote:
    """What one policy in force on the day would make of the award; nothing, where both are empty.

    A policy that waits for something else (a stack, a request, a milestone) has no payout here
    unless this award is what it waits for.
    """

    policy_id: UUID
    policy_version: int
    district_id: UUID
    title: str
    board_reference: str
    trigger: str
    benefit: str
    payouts: list[QuotedPayout]
    units: QuotedUnits | None
    credit: CreditRate | None  # null: it gives no credit to choose


def quote(connection: Connection[Any], award: Awarded, position: int) -> list[PolicyQuote]:
    """What every policy of hers that is in force on the day would make of an award.

    Args:
        connection: One that sees everything; nothing is written.
        award: As it would be recorded.
        position: Of the award in the log, behind everything that the tables show.
    """
    [found] = quote_each(connection, [award], position)
    return found


def quote_each(
    connection: Connection[Any], awards: Sequence[Awarded], position: int
) -> list[list[PolicyQuote]]:
    """The same for each of several awards by itself, as if none of the others were to come."""
    book = load_book(connection, [Fact[PayoutEvent](position, award) for award in awards])
    return [_quote(connection, _copy(book, one.person_id), one, position) for one in awards]


def _copy(book: Book, person_id: UUID) -> Book:
    """A book about one person, in which an award can be folded without a trace in the first."""
    teacher = book.teacher(person_id)
    hers = replace(teacher, awards={**teacher.awards}, rows={**teacher.rows})
    return Book(
        teachers={person_id: hers},
        policies=book.policies,
        stacks=book.stacks,
        by_district=book.by_district,
        tiers=book.tiers,
        rules=book.rules,
        paid=book.paid,
        begun={**book.begun},
    )


def _quote(
    connection: Connection[Any], book: Book, award: Awarded, position: int
) -> list[PolicyQuote]:
    stream = award.originator_id
    said = book.begun.get(stream, NOTHING)
    started_at, submitted_on = said.started_at, said.submitted_on  # else as if it were today
    book.begun[stream] = Begun(
        stream, started_at or award.occurred_at, submitted_on or award.awarded_on
    )
    teacher = book.teacher(award.person_id)
    before = dict(teacher.rows)
    book.fold(Fact[PayoutEvent](position, award))
    waiting = _waiting(connection, before, teacher.rows, position)
    brought: dict[UUID, list[QuotedPayout]] = {}
    for row in sorted(teacher.rows.values(), key=lambda row: (row.payable_on, row.payout_id)):
        old = before.get(row.payout_id)
        if row != old:
            made = _payout(connection, row, old, waits=row.payout_id in waiting)
            brought.setdefault(row.policy_id, []).append(made)
    districts = {job.district_id for job in teacher.employments.values()}
    policies: list[Policy | RulePolicy] = [*book.policies.values(), *book.rules.policies.values()]
    return [
        _policy(policy, version, brought.get(policy.policy_id, []), _units(book, policy, award))
        for policy in policies
        if policy.district_id in districts
        for version in _versions(policy, award.awarded_on, brought)
    ]


def rows_brought(
    connection: Connection[Any], awards: Sequence[Awarded], position: int
) -> list[tuple[Row, int]]:
    """What many awards would bring, one after the other, each row with the cents it adds.

    Budgets are not looked at: this is what would be asked of them.
    """
    facts = [Fact[PayoutEvent](place, award) for place, award in enumerate(awards, position)]
    book = load_book(connection, facts)
    before = {key: row for one in book.teachers.values() for key, row in one.rows.items()}
    for fact in facts:
        book.fold(fact)
    after = [row for one in book.teachers.values() for row in one.rows.values()]
    return [
        (row, row.amount_cents - _cents(before.get(row.payout_id)))
        for row in after
        if row != before.get(row.payout_id)
    ]


def _cents(row: Row | None) -> int:
    return 0 if row is None else row.amount_cents


def _versions(
    policy: Policy | RulePolicy, day: date, brought: Mapping[UUID, Sequence[object]]
) -> list[Version | RuleVersion]:
    """The version to be named: the newest that is in force, else the newest if it says anything."""
    ended = policy.last_day is not None and day > policy.last_day
    found: list[Version | RuleVersion] = [
        version for version in policy.versions if not ended and _covers(_terms(version), day)
    ]
    if not found and policy.policy_id in brought:
        found = list(policy.versions)
    return found[-1:]


def _terms(version: Version | RuleVersion) -> PolicyTerms | Rule:
    return version.rule if isinstance(version, RuleVersion) else version.terms


def _covers(terms: PolicyTerms | Rule, day: date) -> bool:
    begun = terms.effective_from <= day
    return begun and (terms.effective_to is None or day <= terms.effective_to)


def _waiting(
    connection: Connection[Any],
    before: Mapping[UUID, Row],
    after: Mapping[UUID, Row],
    position: int,
) -> set[UUID]:
    """Who of hers would wait for a budget in the lines that the award changes."""
    left, joined = _wanted(before), _wanted(after)
    found: set[UUID] = set()
    for key in left.keys() | joined.keys():
        gone, come = left.get(key, set()), joined.get(key, set())
        if gone != come:
            turn = Turn(position, tuple(gone - come), tuple(sorted(come - gone)))
            found |= line_after(connection, *key, turn)
    return found


def _wanted(held: Mapping[UUID, Row]) -> dict[tuple[UUID, int], set[Wanted]]:
    found: dict[tuple[UUID, int], set[Wanted]] = {}
    for row in held.values():
        if row.verdict == "due" and row.budget_cents is not None:
            found.setdefault((row.policy_id, row.fiscal_year), set()).update(row.wanted)
    return found


def _payout(
    connection: Connection[Any], row: Row, before: Row | None, *, waits: bool
) -> QuotedPayout:
    row = row.while_waiting() if waits else row
    checks: list[dict[str, Any]] = orjson.loads(row.checks)
    parts = [] if row.parts is None else orjson.loads(row.parts)
    pool = None
    if row.budget_cents is not None:
        spent = claimed(connection, row.policy_id, row.fiscal_year)
        pool = PoolLeft(row.budget_cents, spent, max(row.budget_cents - spent, 0))
    return QuotedPayout(
        payout_id=row.payout_id,
        kind=row.kind,
        subject_id=row.subject_id,
        fiscal_year=row.fiscal_year,
        status=row.verdict,
        reason=row.reason,
        terms_cents=row.terms_cents,
        amount_cents=row.amount_cents,
        before_cents=None if before is None else before.amount_cents,
        payable_on=row.payable_on,
        instalments=[
            Instalment(date.fromisoformat(part["due_on"]), part["amount_cents"]) for part in parts
        ]
        if parts or row.verdict == "not_due"
        else [Instalment(row.payable_on, row.amount_cents)],
        conditions=checks,
        not_met=[check["reason"] for check in checks if check["passed"] is not True],
        caps=[cap for check in checks if (cap := _cap(check)) is not None],
        pool=pool,
    )


def _cap(check: Mapping[str, Any]) -> CapLeft | None:
    """What a cap's test says of what is left."""
    rule, inputs = str(check["rule"]), check["inputs"]
    if rule == "yearly_cap":
        return CapLeft(rule, inputs["cap_cents"], inputs["used_cents"], inputs["left_cents"])
    if rule.startswith("cap_on_"):
        most, used = inputs["most"], inputs["used"]
        return CapLeft(rule, most, used, max(most - used, 0))
    return None


def _policy(
    policy: Policy | RulePolicy,
    version: Version | RuleVersion,
    payouts: list[QuotedPayout],
    units: QuotedUnits | None,
) -> PolicyQuote:
    terms = _terms(version)
    return PolicyQuote(
        policy_id=policy.policy_id,
        policy_version=version.policy_version,
        district_id=policy.district_id,
        title=terms.title,
        board_reference=version.board_reference,
        trigger=terms.trigger.kind,
        benefit=terms.benefit,
        payouts=payouts,
        units=units,
        credit=_rate(terms.trigger),
    )


def _rate(trigger: object) -> CreditRate | None:
    if not isinstance(trigger, CreditTrigger):
        return None
    return CreditRate(trigger.choice, trigger.unit, trigger.unit_hundredths, trigger.each_hours)


def _units(book: Book, policy: Policy | RulePolicy, award: Awarded) -> QuotedUnits | None:
    """What the award counts under a policy that waits for a number of units."""
    if not isinstance(policy, RulePolicy) or not any(
        isinstance(version.rule.trigger, UnitsTrigger) for version in policy.versions
    ):
        return None
    judged = evaluate(policy, book.dossier(book.teacher(award.person_id), policy))
    for one in judged.contributions:
        if one.occasion.subject_id == award.originator_id and judged.balance is not None:
            return QuotedUnits(
                unit=judged.balance.unit,
                units=str(one.units),
                counts=one.counts,
                conditions=orjson.loads(orjson.dumps(one.checks)),
                counted=str(judged.balance.counted),
                banked=str(judged.balance.banked),
            )
    return None
