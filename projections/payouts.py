"""Payouts: every award × policy in force, as due, pending or not due with a reason.

Two steps. `apply` folds claims by person: what each policy's terms and her own yearly cap make of
an award or a completed stack, kept as versions by position. `finish` lets each line, one policy
in one year, run through the program's budget in order of place, and notes from where to where in
the log a claim has waited for it. What depends on today (payable later) is compared by the reads.

Which pairs there are is decided in `ledger/rules/incentives.py` for policies with plain terms; what
a policy written as a rule owes, in `ledger/rules/entitlements`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from types import UnionType
from typing import Any, ClassVar, Literal, LiteralString
from uuid import UUID

from psycopg import Connection

from ledger.events.merge import PersonsMerged
from ledger.events.policy_rule import BenefitKind
from ledger.rules.notices import OF_HR
from ledger.values import POSITION_MAX
from projections.contract import Fact, Projection, Table, Viewer
from projections.payout_begun import noted, written
from projections.payout_fold import PayoutEvent
from projections.payout_lines import settle_marked
from projections.payout_tables import load_book, merge
from projections.payout_writes import changes
from projections.sql import NO_ID, Write, blocks, read, rows

Status = Literal["due", "pending", "not_due"]
Benefit = Literal["base_pay"] | BenefitKind  # base pay is what plain terms call a base add
Kind = Literal["award", "stack", "threshold", "milestone", "year", "request", "activity"]

OF_SUBJECT_MAX = 1000  # policies of all her districts
_SQL = blocks("payouts")


class Payouts(Projection[PayoutEvent]):
    """Keeps `payouts` and the facts they rest on."""

    name: ClassVar[str] = "payouts"
    takes: ClassVar[UnionType] = PayoutEvent
    version: ClassVar[int] = 4
    tables: ClassVar[tuple[Table, ...]] = (
        Table("payout_policies", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("payout_stacks", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("payout_tiers", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("payout_awards", seen_by=(Viewer.PERSON,)),
        Table("payout_begun"),
        Table("payout_ids"),
        Table("payout_employments", apart=True, seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("payout_records", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("payout_calendars", by_person=False, seen_by=(Viewer.EVERYBODY,)),
        Table("payouts", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("payout_wishes"),
        Table("payout_paid", apart=True),
        Table("payout_marks"),
        Table("payout_lines", by_person=False),
        Table("payout_waits", seen_by=(Viewer.EVERYBODY,)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[PayoutEvent]], connection: Connection[Any]) -> list[Write]:
        facts, begun = noted(facts)
        if not facts:
            return written(begun)
        book = load_book(connection, facts, begun=begun)
        for fact in facts:
            book.fold(fact)
        return [*written(begun), *changes(book)]

    def merge(self, fact: Fact[PersonsMerged], connection: Connection[Any]) -> list[Write]:
        event = fact.event
        return changes(merge(connection, event.person_id, event.merged_id, fact.position))

    def finish(self, connection: Connection[Any]) -> None:
        settle_marked(connection)


@dataclass(frozen=True, slots=True)
class Payout:
    """One award × policy, as known at a position and compared with a day.

    `terms_cents` is what the policy gives for it, `amount_cents` what is owed after the teacher's
    yearly cap, or would be once what it waits for has come.
    """

    payout_id: UUID
    person_id: UUID
    district_id: UUID
    policy_id: UUID
    policy_version: int
    policy_title: str
    board_reference: str
    kind: Kind
    subject_id: UUID
    credential_id: UUID | None
    earned_on: date
    earned_position: int
    fiscal_year: int
    benefit: Benefit
    status: Status
    reason: str | None
    terms_cents: int
    amount_cents: int
    payable_on: date
    positions: list[int]


@dataclass(frozen=True, slots=True)
class Total:
    """What one policy comes to in one of its fiscal years; `pairs` is the sum of the counts."""

    policy_id: UUID
    fiscal_year: int
    benefit: Benefit
    pairs: int
    due: int
    pending: int
    not_due: int
    due_cents: int
    pending_cents: int


@dataclass(frozen=True, slots=True)
class Notice:
    """What HR has to be told: from a day on, so much more base pay a year. Never a payroll line.

    `in_force`: whether it has begun on the day asked for; what is still to come is told ahead.
    """

    person_id: UUID
    district_id: UUID
    begins_on: date
    in_force: bool
    annual_cents: int
    payout_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One adopted version of a policy."""

    policy_id: UUID
    policy_version: int
    district_id: UUID
    board_reference: str
    adopted_on: date
    position: int
    terms: dict[str, Any]
    last_day: date | None
    retired_position: int | None

    def holds_on(self, day: date) -> bool:
        """Whether the days it says of itself hold this one, and the policy has not ended."""
        ends = [self.terms.get("effective_to"), self.last_day and self.last_day.isoformat()]
        text = day.isoformat()
        return self.terms["effective_from"] <= text and all(text <= end for end in ends if end)


@dataclass(frozen=True, slots=True)
class Budget:
    """Where a claim stands in its year's line, as known at the position asked for."""

    budget_cents: int
    claimed_ahead_cents: int
    claims_ahead: int
    left_cents: int  # for this claim, after everybody ahead; never below zero
    waits: list[tuple[int, int | None]]  # from which position to which it has waited


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a payout is what it is: the policy version, every rule tried, and the money left."""

    payout: Payout
    terms: dict[str, Any]
    adopted_on: date
    policy_position: int
    checks: list[dict[str, Any]]  # rule, inputs, passed (null: a fact is missing), reason
    budget: Budget | None


def page_of(
    connection: Connection[Any],
    asked: Sequence[LiteralString],
    *,
    after: tuple[int, UUID],
    limit: int,
    **values: object,
) -> list[Payout]:
    """A page of the payouts that conditions (as SQL) leave, in order of what earned them.

    `after` is the key of the last one seen: its `earned_position` and its `payout_id`.
    """
    return read(
        connection,
        Payout,
        "\n".join([_SQL["lines"], *asked, _SQL["page_of_lines"]]),
        after_position=after[0],
        after_id=after[1],
        limit=limit,
        **values,
    )


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    status: Status | None = None,
    benefit: Benefit | None = None,
    after: tuple[int, UUID] = (0, NO_ID),
    limit: int = 100,
) -> list[Payout]:
    """A page of a district's payouts, of one status or one kind of benefit if named."""
    asked = [_SQL["lines_of_district"]]
    asked += [_SQL["lines_with_status"]] if status is not None else []
    asked += [_SQL["lines_of_benefit"]] if benefit is not None else []
    return page_of(
        connection,
        asked,
        after=after,
        limit=limit,
        district_id=district_id,
        effective_on=effective_on,
        as_of=as_of,
        status=status,
        benefit=benefit,
    )


def of_person(
    connection: Connection[Any],
    person_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    after: tuple[int, UUID] = (0, NO_ID),
    limit: int = 100,
) -> list[Payout]:
    """A page of one person's payouts of all districts; a district may be shown its own alone."""
    return page_of(
        connection,
        [_SQL["lines_of_person"]],
        after=after,
        limit=limit,
        person_id=person_id,
        effective_on=effective_on,
        as_of=as_of,
    )


def of_subject(
    connection: Connection[Any],
    person_id: UUID,
    subject_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
) -> list[Payout]:
    """What every policy makes of one thing that somebody earned."""
    return page_of(
        connection,
        [_SQL["lines_of_person"], _SQL["lines_of_subject"]],
        after=(0, NO_ID),
        limit=OF_SUBJECT_MAX,
        person_id=person_id,
        subject_id=subject_id,
        effective_on=effective_on,
        as_of=as_of,
    )


def find_payout(
    connection: Connection[Any], payout_id: UUID, *, effective_on: date, as_of: int = POSITION_MAX
) -> Payout | None:
    """One payout; null when there is none at that position."""
    lines = read(
        connection,
        Payout,
        _SQL["lines"] + "\n" + _SQL["lines_of_payout"],
        payout_id=payout_id,
        effective_on=effective_on,
        as_of=as_of,
    )
    return next(iter(lines), None)


def explain(
    connection: Connection[Any], payout_id: UUID, *, effective_on: date, as_of: int = POSITION_MAX
) -> Explanation | None:
    """Everything that a payout follows from; null when there is none at that position."""
    payout = find_payout(connection, payout_id, effective_on=effective_on, as_of=as_of)
    if payout is None:
        return None
    key = {"payout_id": payout_id, "as_of": as_of}
    (version,) = rows(connection, _SQL["version_of_payout"], **key)
    terms, adopted_on, policy_position, checks = version
    return Explanation(
        payout=payout,
        terms=terms,
        adopted_on=adopted_on,
        policy_position=policy_position,
        checks=checks,
        budget=_budget(connection, _budget_of(terms), key),
    )


def totals(
    connection: Connection[Any], district_id: UUID, *, effective_on: date, as_of: int = POSITION_MAX
) -> list[Total]:
    """What each policy of a district comes to, year by year."""
    return read(
        connection,
        Total,
        _SQL["totals"],
        district_id=district_id,
        effective_on=effective_on,
        as_of=as_of,
    )


def notices(
    connection: Connection[Any],
    district_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    after: tuple[date, UUID] = (date.min, NO_ID),
    limit: int = 100,
) -> list[Notice]:
    """A district's notices of higher base pay; `after` is the last `begins_on` and `person_id`."""
    return read(
        connection,
        Notice,
        _SQL["notices"],
        district_id=district_id,
        of_hr=OF_HR,
        effective_on=effective_on,
        as_of=as_of,
        after_day=after[0],
        after_id=after[1],
        limit=limit,
    )


def policies_of_district(connection: Connection[Any], district_id: UUID) -> list[PolicyVersion]:
    """Every version of every policy that a district's board ever adopted."""
    return read(connection, PolicyVersion, _SQL["policies_of_district"], district_id=district_id)


def in_force_on(versions: Iterable[PolicyVersion], day: date) -> list[PolicyVersion]:
    """Of each policy the newest version whose span holds a day."""
    return list({one.policy_id: one for one in versions if one.holds_on(day)}.values())


def _budget_of(terms: dict[str, Any]) -> int | None:
    """A year's budget that goes to whoever comes first, in either form of a policy."""
    cents: int | None = terms.get("budget_cents_per_year")
    pool = terms.get("pool")
    if pool is not None and pool["order"] == "first_come":
        cents = pool["budget_cents"]
    return cents


def _budget(
    connection: Connection[Any], budget_cents: int | None, key: dict[str, Any]
) -> Budget | None:
    if budget_cents is None:
        return None
    ((ahead_cents, claims_ahead),) = rows(connection, _SQL["claimed_ahead"], **key)
    return Budget(
        budget_cents=budget_cents,
        claimed_ahead_cents=ahead_cents,
        claims_ahead=claims_ahead,
        left_cents=max(budget_cents - ahead_cents, 0),
        waits=[(began, ended) for began, ended in rows(connection, _SQL["waits_of"], **key)],
    )
