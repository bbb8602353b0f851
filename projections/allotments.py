"""Money from outside of which a share has to reach staff, beside what policies make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.events.calendar import AllotmentSet
from ledger.rules.notices import OF_HR
from ledger.values import POSITION_MAX
from projections.budgets import BudgetLine
from projections.sql import blocks, rows

PERCENT = 100
_SQL = blocks("allotments")
_fact = lru_cache(1024)(AllotmentSet.model_validate_json)


@dataclass(frozen=True, slots=True)
class AllotmentLine:
    """One fund in one fiscal year, in cents: what came, what of it has to reach staff, what does.

    `distributed_cents` is what the policies owe from the fund, its share alone where several funds
    pay; `short_cents` is what is missing of the floor, and `violated` says that something is.
    """

    fund: str
    fiscal_year: int
    amount_cents: int
    floor_percent: int
    floor_cents: int
    distributed_cents: int
    short_cents: int
    violated: bool
    policy_ids: list[UUID]


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    budgets: Iterable[BudgetLine],
    *,
    as_of: int = POSITION_MAX,
) -> list[AllotmentLine]:
    """The newest word on each fund and year as known at a position, beside its budgets of then."""
    found = rows(connection, _SQL["allotments"], district_id=district_id, as_of=as_of)
    facts = [_fact(text) for (text,) in found]
    newest = {(one.fund, one.fiscal_year): one for one in facts}
    owed: dict[tuple[str, int], dict[UUID, int]] = {}
    for policy_id, year, fund, cents in rows(
        connection, _SQL["owed_by_fund"], district_id=district_id, as_of=as_of, of_hr=OF_HR
    ):
        owed.setdefault((fund, year), {})[policy_id] = cents
    lines = list(budgets)
    return [_line(newest[key], lines, owed.get(key, {})) for key in sorted(newest)]


def _line(fact: AllotmentSet, budgets: list[BudgetLine], owed: Mapping[UUID, int]) -> AllotmentLine:
    """A fund's year beside the policies whose account names it, and those it pays a share of."""
    year = [one for one in budgets if one.fiscal_year == fact.fiscal_year]
    mine = [one for one in year if one.fund == fact.fund or one.policy_id in owed]
    floor_cents = -(-fact.amount_cents * fact.floor_percent // PERCENT)  # at least so much
    distributed = sum(owed.values())
    short = max(floor_cents - distributed, 0)
    return AllotmentLine(
        fund=fact.fund,
        fiscal_year=fact.fiscal_year,
        amount_cents=fact.amount_cents,
        floor_percent=fact.floor_percent,
        floor_cents=floor_cents,
        distributed_cents=distributed,
        short_cents=short,
        violated=short > 0,
        policy_ids=[one.policy_id for one in mine],
    )
