"""Budgets, against the totals of the payouts and against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from psycopg import Connection

from projections.batches import Batches
from projections.budgets import BudgetLine, of_district
from projections.payouts import Payouts, totals
from projections.reviews import Reviews
from tests.database import Server
from tests.projections.histories import DAYS, DISTRICTS, POLICIES, TEACHERS, World, terms, worlds
from tests.projections.playing import play, tables_of
from tests.samples import MONDAY

PAYOUTS = Payouts()
HERE = DISTRICTS[0]
FAR = date(2099, 1, 1)
FEW = settings().max_examples // 3


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        for other in (Batches(), Reviews()):
            connection.execute(other.sql["create"])
        yield connection


def budgets(connection: Connection[Any], district: Any = HERE) -> list[BudgetLine]:
    return of_district(connection, district, at=MONDAY, today=DAYS[1], position=10_000)


@given(worlds())
@settings(max_examples=FEW)
def test_what_is_reserved_is_what_is_due_as_long_as_payroll_has_closed_nothing(
    connection: Connection[Any], world: World
) -> None:
    play(connection, PAYOUTS, world.facts)
    for district in DISTRICTS:
        due: Counter[Any] = Counter()
        pending: Counter[Any] = Counter()
        for one in totals(connection, district, effective_on=FAR):
            due[one.policy_id, one.fiscal_year] += one.due_cents
            pending[one.policy_id, one.fiscal_year] += one.pending_cents
        lines = budgets(connection, district)
        money = {(one.policy_id, one.fiscal_year): one.money for one in lines}
        assert len(money) == len(lines)
        assert due.keys() <= money.keys()
        for key, one in money.items():
            assert one.owed_cents == one.reserved_cents == due[key]
            assert one.pending_cents == pending[key]
            assert one.paid_cents == one.obligated_cents == one.to_recover_cents == 0
        for line in lines:
            if line.adopted_cents is not None:
                assert line.left_cents == line.adopted_cents - line.money.reserved_cents


def test_a_budget_that_nobody_has_touched_is_there_for_the_year_that_is_on(
    connection: Connection[Any],
) -> None:
    world = World()
    world.adopt(POLICIES[0], HERE, terms(budget_cents_per_year=70_000))
    world.adopt(POLICIES[1], HERE, terms())
    play(connection, PAYOUTS, world.facts)
    [line] = budgets(connection)
    assert (line.fiscal_year, line.adopted_cents, line.left_cents) == (2025, 70_000, 70_000)
    world.employ(TEACHERS[0], HERE)
    world.retire(POLICIES[0], DAYS[0])
    play(connection, PAYOUTS, world.facts)
    assert budgets(connection) == []
