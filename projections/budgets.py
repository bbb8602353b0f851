"""What a year costs: adopted, reserved, obligated, paid, left, and what is still in review.

Reserved is what is owed and in no closed batch yet; obligated what is closed and not yet answered
as paid. For each policy and year, and each of them in cents:

    owed + to_recover = reserved + obligated + paid + written_off
    left = adopted - reserved - obligated - paid

What has to be taken back is not left before it has come back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from ledger.events.enrollment import Awarded
from ledger.rules.calendars import fiscal_year
from ledger.rules.notices import OF_HR
from ledger.values import POSITION_MAX
from projections import known
from projections.payouts import PolicyVersion
from projections.quotes import rows_brought
from projections.sql import blocks, read

_SQL = blocks("budgets")
VIEWS = ("payouts", "batches", "reviews")
JULY = 7


@dataclass(frozen=True, slots=True)
class Money:
    """What one policy comes to in one fiscal year, as derived and as closed by payroll."""

    policy_id: UUID
    fiscal_year: int
    policy_version: int  # the newest that anything of the year was judged by
    benefit: str
    owed_cents: int
    pending_cents: int  # waits for a fact, or for the budget
    reserved_cents: int
    to_recover_cents: int
    obligated_cents: int
    paid_cents: int
    written_off_cents: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would be added if everything in review were awarded today; nobody has decided that."""

    submissions: int
    amount_cents: int


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """One policy in one fiscal year; of base pay the amounts are annual."""

    policy_id: UUID
    title: str
    board_reference: str
    fund: str | None
    fiscal_year: int
    money: Money
    adopted_cents: int | None  # null: no budget was adopted
    left_cents: int | None
    forecast: Forecast


class _InReview(NamedTuple):
    enrollment_id: UUID
    person_id: UUID
    credential_id: UUID
    credential_version: int
    issuer_id: UUID
    zone: str


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    *,
    at: datetime,
    today: date,
    position: int,
    as_of: int = POSITION_MAX,
) -> list[BudgetLine]:
    """Every policy and fiscal year of a district, by year; this year where a budget is untouched.

    Args:
        connection: One that sees everything.
        district_id: Whose.
        at: The moment at which what is in review is imagined to be awarded.
        today: Its day in the zone of the district.
        position: Of the log, up to which the views have come.
        as_of: As it was known at this position, which is none behind that one.
    """
    with known.payroll_of_district(connection, district_id, as_of):
        found = read(
            connection, Money, _SQL["money"], district_id=district_id, as_of=as_of, of_hr=OF_HR
        )
    money = {(one.policy_id, one.fiscal_year): one for one in found}
    versions = {
        (one.policy_id, one.policy_version): one
        for one in known.policies_known(connection, district_id, as_of)
    }
    newest = {policy_id: version for (policy_id, _), version in versions.items()}
    with known.in_review_of_district(connection, district_id, newest, as_of):
        coming = _forecast(connection, district_id, at, today, min(as_of, position))
    for policy_id, year in [*_untouched(newest, today), *coming]:
        if (policy_id, year) not in money and policy_id in newest:
            money[policy_id, year] = _nothing(newest[policy_id], year)
    nothing = Forecast(0, 0)
    lines = [
        _line(one, versions[one.policy_id, one.policy_version], coming.get(key, nothing))
        for key, one in money.items()
    ]
    return sorted(lines, key=lambda one: (one.fiscal_year, one.title, one.policy_id))


def _line(money: Money, version: PolicyVersion, forecast: Forecast) -> BudgetLine:
    adopted = budget_of(version.terms)
    spent = money.reserved_cents + money.obligated_cents + money.paid_cents
    account = version.terms.get("account")
    return BudgetLine(
        policy_id=money.policy_id,
        title=version.terms["title"],
        board_reference=version.board_reference,
        fund=account["fund"] if account else None,
        fiscal_year=money.fiscal_year,
        money=money,
        adopted_cents=adopted,
        left_cents=None if adopted is None else adopted - spent,
        forecast=forecast,
    )


def budget_of(terms: Mapping[str, Any]) -> int | None:
    """A year's budget, in either form of a policy and however it is given out."""
    pool = terms.get("pool")
    found: int | None = pool["budget_cents"] if pool else terms.get("budget_cents_per_year")
    return found


def _untouched(newest: Mapping[UUID, PolicyVersion], today: date) -> Iterator[tuple[UUID, int]]:
    """The current year of every policy that has a budget and is in force."""
    for policy_id, version in newest.items():
        terms = version.terms
        ends = [
            version.last_day,
            terms["effective_to"] and date.fromisoformat(terms["effective_to"]),
        ]
        in_force = date.fromisoformat(terms["effective_from"]) <= today
        if budget_of(terms) is not None and in_force and all(not e or today <= e for e in ends):
            yield policy_id, fiscal_year(today, terms.get("year_starts_month", JULY))


def _nothing(version: PolicyVersion, year: int) -> Money:
    benefit = str(version.terms["benefit"])
    return Money(version.policy_id, year, version.policy_version, benefit, 0, 0, 0, 0, 0, 0, 0)


def _forecast(
    connection: Connection[Any], district_id: UUID, at: datetime, today: date, position: int
) -> dict[tuple[UUID, int], Forecast]:
    waiting = read(connection, _InReview, _SQL["in_review"], district_id=district_id)
    if not waiting:
        return {}
    awards = list(_imagined(waiting, at, today))
    counts: dict[tuple[UUID, int], set[UUID]] = defaultdict(set)
    cents: dict[tuple[UUID, int], int] = defaultdict(int)
    for row, added in rows_brought(connection, awards, position + 1):
        if row.district_id == district_id and row.verdict != "not_due":
            key = (row.policy_id, row.fiscal_year)
            counts[key].add(row.subject_id)
            cents[key] += added
    return {key: Forecast(len(subjects), cents[key]) for key, subjects in counts.items()}


def _imagined(waiting: Iterable[_InReview], at: datetime, today: date) -> Iterator[Awarded]:
    for one in waiting:
        yield Awarded(
            originator_id=one.enrollment_id,
            originator_version=1,
            occurred_at=at,
            actor_id=one.person_id,
            person_id=one.person_id,
            credential_id=one.credential_id,
            credential_version=one.credential_version,
            issuer_id=one.issuer_id,
            attempt=1,
            zone=one.zone,
            awarded_on=today,
            expires_on=None,
        )
