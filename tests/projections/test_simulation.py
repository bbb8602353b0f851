"""Drafts over past awards: in memory, by the same rules, and beside what is in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from psycopg import Connection

from ledger.events.policy import PolicyRetired, PolicyRuleAdopted
from projections.payouts import Payouts, totals
from projections.simulation import Month, Simulation, simulate
from tests.database import Server
from tests.projections.histories import CREDENTIALS, DAYS, POLICIES, TEACHERS, World, terms
from tests.projections.playing import dump, play, tables_of
from tests.projections.ruled import HERE, RuledWorld, employed, ruled_worlds
from tests.rules.dossiers import changed, plain_rule

PAYOUTS = Payouts()
ANNE, BERTHA, CARLA = TEACHERS
MARCH, MAY = DAYS[0], DAYS[1]
FAR = date(2099, 1, 1)
FEW = settings().max_examples // 3


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


@given(ruled_worlds())
@settings(max_examples=FEW)
def test_a_draft_that_is_what_is_in_force_changes_nothing_for_anybody(
    connection: Connection[Any], world: RuledWorld
) -> None:
    play(connection, PAYOUTS, world.facts)
    stored = dump(connection, PAYOUTS)
    events = [fact.event for fact in world.facts]
    last = {one.originator_id: one.last_day for one in events if isinstance(one, PolicyRetired)}
    owed = {one.policy_id: 0 for one in totals(connection, HERE, effective_on=FAR)}
    for one in totals(connection, HERE, effective_on=FAR):
        owed[one.policy_id] += one.due_cents
    for one in events:
        if isinstance(one, PolicyRuleAdopted):
            found = simulate(
                connection,
                HERE,
                one.rule,
                from_day=one.rule.effective_from,
                to_day=last.get(one.originator_id, FAR),
                policy_id=one.originator_id,
            )
            assert found.changes == []
            assert [month.draft_cents for month in found.months] == [
                month.adopted_cents for month in found.months
            ]
            assert found.draft_cents == found.adopted_cents
            if one.rule.clawback is None:
                assert found.draft_cents == owed.get(one.originator_id, 0)
    assert dump(connection, PAYOUTS) == stored


def drafted(connection: Connection[Any], world: World, **changes: Any) -> Simulation:
    play(connection, PAYOUTS, world.facts)
    rule = changed(plain_rule(), **changes)
    return simulate(connection, HERE, rule, from_day=MARCH, to_day=FAR, policy_id=POLICIES[0])


def test_it_says_month_by_month_who_gains_and_who_loses(connection: Connection[Any]) -> None:
    """300 for each award in force. The draft gives 500 for one credential alone.

    Anne has both: 600 now, 500 then. Bertha has that one: 300 now, 500 then. Carla has none.
    """
    world = World()
    for person in TEACHERS:
        world.employ(person, HERE)
    world.adopt(POLICIES[0], HERE, terms())
    world.award(ANNE, CREDENTIALS[0], MARCH)
    world.award(ANNE, CREDENTIALS[1], MAY)
    world.award(BERTHA, CREDENTIALS[0], MAY)
    amount = [{"name": "flat", "basis": {"kind": "flat", "amount_cents": 50_000}}]
    trigger = {"kind": "award", "credential_ids": [str(CREDENTIALS[0])]}
    found = drafted(connection, world, amount=amount, trigger=trigger)
    assert found.months == [
        Month("2025-03", 50_000, 30_000),
        Month("2025-05", 50_000, 60_000),
    ]
    assert (found.gain, found.lose, found.unchanged, found.persons) == (1, 1, 1, 3)
    told = {one.person_id: one.difference_cents for one in found.changes}
    assert told == {ANNE: -10_000, BERTHA: 20_000}
    reasons = {(one.verdict, one.reason): one.pairs for one in found.reasons}
    assert reasons == {("due", None): 2, ("not_due", "credential_not_listed"): 1}


def test_a_pool_of_the_draft_falls_in_log_order(connection: Connection[Any]) -> None:
    """300 and 300 of 500: the second waits."""
    world = employed(ANNE, BERTHA)
    world.years(2025)
    world.award(ANNE, CREDENTIALS[0], MAY)
    world.award(BERTHA, CREDENTIALS[0], MAY)
    found = drafted(connection, world, pool={"budget_cents": 50_000})
    assert (found.draft_cents, found.adopted_cents, found.pending_cents) == (30_000, 0, 30_000)
    assert [one.person_id for one in found.changes] == [ANNE]


def test_only_what_was_earned_in_the_span_counts(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.award(ANNE, CREDENTIALS[0], MARCH)
    world.award(ANNE, CREDENTIALS[1], MAY)
    play(connection, PAYOUTS, world.facts)
    found = simulate(connection, HERE, plain_rule(), from_day=DAYS[1], to_day=DAYS[2])
    assert found.draft_cents == 30_000
