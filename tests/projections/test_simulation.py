"""Drafts over past awards: in memory, by the same rules, and beside what is in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from psycopg import Connection

from ledger.events.dossier import SeparationRecorded
from ledger.events.merge import MERGES, PersonsMerged
from ledger.events.policy import PolicyRetired, PolicyRuleAdopted
from ledger.events.policy_rule import Rule
from projections.batches import Batches
from projections.payouts import Payouts, totals
from projections.simulation import Month, Simulation, simulate
from projections.sql import write
from tests.database import Server
from tests.projections.histories import CREDENTIALS, DAYS, POLICIES, TEACHERS, World, terms
from tests.projections.logs import Log, a_log
from tests.projections.playing import dump, play, play_on, tables_of
from tests.projections.ruled import HERE, RuledWorld, employed, ruled_worlds
from tests.projections.test_payout_pools import LOTTERY, asked, draw, pooled_worlds
from tests.rules.dossiers import changed, plain_rule
from tests.samples import named

PAYOUTS = Payouts()
ANNE, BERTHA, CARLA = TEACHERS
MARCH, MAY = DAYS[0], DAYS[1]
FAR = date(2099, 1, 1)
FEW = settings().max_examples // 3


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


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


@given(pooled_worlds(versions=1))
@settings(max_examples=FEW)
def test_a_draft_with_the_pool_in_force_gives_everybody_what_its_draw_gave(
    log: Log, world: RuledWorld
) -> None:
    log.empty()
    log.fill([fact.event for fact in world.facts])
    log.catch_up([PAYOUTS, Batches()])
    stored = log.dump()
    events = [fact.event for fact in world.facts]
    [rule] = [event.rule for event in events if isinstance(event, PolicyRuleAdopted)]
    found = simulate(
        log.reader, HERE, rule, from_day=rule.effective_from, to_day=FAR, policy_id=POLICIES[2]
    )
    told = totals(log.reader, HERE, effective_on=FAR)
    assert found.changes == []
    assert found.draft_cents == found.adopted_cents == sum(one.due_cents for one in told)
    assert found.pending_cents == sum(one.pending_cents for one in told)
    assert sum(one.pairs for one in found.reasons) == sum(one.pairs for one in told)
    assert log.dump() == stored


def test_a_draft_with_less_in_the_pool_draws_the_same_lots_and_ends_sooner(log: Log) -> None:
    """Three want 500.00 each. In force there are 1,000.00, for two; by the draft 600.00, for one.

    The lots follow from the seed of the draw and the ids, which are the same for both.
    """
    world = employed(*TEACHERS)
    world.years(2025)
    in_force = with_pool(100_000)
    world.adopt_rule(in_force, POLICIES[2])
    for person in TEACHERS:
        asked(world, person)
    draw(world, 2025)
    log.empty()
    log.fill([fact.event for fact in world.facts])
    log.catch_up([PAYOUTS, Batches()])
    about: dict[str, Any] = {"from_day": MARCH, "to_day": FAR, "policy_id": POLICIES[2]}
    found = simulate(log.reader, HERE, with_pool(60_000), **about)
    assert (found.draft_cents, found.adopted_cents) == (50_000, 100_000), found.reasons
    assert (found.gain, found.lose, found.pending_cents) == (0, 1, 0)
    early = simulate(log.reader, HERE, with_pool(60_000), **about, as_of=len(world.facts) - 1)
    assert (early.draft_cents, early.pending_cents) == (0, 150_000)  # nobody has drawn yet


def with_pool(cents: int) -> Rule:
    return changed(LOTTERY, pool={"budget_cents": cents, "order": "lottery"}, caps=[])


def test_a_draft_counts_a_ladder_from_the_day_on_which_the_closed_line_was_paid(
    connection: Connection[Any],
) -> None:
    """300.00 of March paid in May 2025; she leaves in April 2026, within twelve months of that.

    The draft takes all back within 12 months of payment and half within 24: nothing stays. Had
    nobody told it of the payment, it would count from March 2025, and 150.00 would stay.
    """
    world = employed(ANNE)
    world.adopt_rule(plain_rule(), POLICIES[2])
    world.award(ANNE, CREDENTIALS[0], MARCH)
    world.close(world.lines([POLICIES[2]]), MAY)
    world.file(ANNE, SeparationRecorded(reason="resignation", last_day=date(2026, 4, 15)))
    play(connection, PAYOUTS, world.facts)
    rungs = [{"months": 12, "percent": 100}, {"months": 24, "percent": 50}]
    schedule = {"kind": "ladder", "rungs": rungs}
    rule = changed(plain_rule(), clawback={"schedule": schedule, "since": "paid"})
    about: dict[str, Any] = {"from_day": MARCH, "to_day": FAR, "policy_id": POLICIES[2]}
    found = simulate(connection, HERE, rule, **about)
    assert (found.draft_cents, found.adopted_cents) == (0, 30_000)


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


def test_what_was_paid_to_a_record_that_is_merged_stands_first_in_the_pool_of_a_draft(
    connection: Connection[Any],
) -> None:
    """A pool of 300: Bertha's is paid before Carla's award comes back, and Bertha is Anne by now.

    Payroll knows the claim by the id that it had, and so does the policy in force.
    """
    rule = plain_rule(pool={"budget_cents": 30_000})
    world = employed(*TEACHERS)
    world.years(2025)
    world.adopt_rule(rule)
    late, _ = (world.award(person, CREDENTIALS[0], MAY) for person in (CARLA, BERTHA))
    assert late is not None
    world.turn(late)
    paid = [line for line in world.lines([POLICIES[2]]) if line.person_id == BERTHA]
    world.close(paid, MAY)
    play(connection, PAYOUTS, world.facts)
    merged = {"person_id": ANNE, "merged_id": BERTHA, "reason": "duplicate_account"}
    people = {"requested_by": named("one"), "confirmed_by": named("another")}
    world.add(PersonsMerged, MERGES, **merged, **people)
    with connection.transaction():
        write(connection, PAYOUTS.merge(world.facts[-1], connection))
        PAYOUTS.finish(connection)
    world.turn(late)
    play_on(connection, PAYOUTS, world.facts[-1:])
    found = simulate(connection, HERE, rule, from_day=MARCH, to_day=FAR, policy_id=POLICIES[2])
    assert (found.changes, found.draft_cents, found.pending_cents) == ([], 30_000, 30_000)


def test_a_draft_that_raises_what_was_paid_owes_the_rise_as_far_as_the_pool_goes(
    connection: Connection[Any],
) -> None:
    """700 in the pool, 300 paid to each of two: at 380 each there is 80 for Anne, none for Bertha.

    The next version is what the draft said, so it gains nobody anything more.
    """
    pool = {"budget_cents": 70_000}
    world = employed(*TEACHERS)
    world.years(2025)
    world.adopt_rule(plain_rule(pool=pool), POLICIES[0])
    for person in (ANNE, BERTHA):
        assert world.award(person, CREDENTIALS[0], MAY) is not None
    world.close(world.lines([POLICIES[0]]), MAY)
    more = [{"name": "flat", "basis": {"kind": "flat", "amount_cents": 38_000}}]
    found = drafted(connection, world, pool=pool, amount=more)
    assert [(one.person_id, one.difference_cents) for one in found.changes] == [(ANNE, 8_000)]
    assert (found.draft_cents, found.adopted_cents, found.pending_cents) == (68_000, 60_000, 8_000)
    world.adopt_rule(plain_rule(pool=pool, amount=more), POLICIES[0])
    again = drafted(connection, world, pool=pool, amount=more)
    assert (again.changes, again.draft_cents, again.adopted_cents) == ([], 68_000, 68_000)


def test_only_what_was_earned_in_the_span_counts(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.award(ANNE, CREDENTIALS[0], MARCH)
    world.award(ANNE, CREDENTIALS[1], MAY)
    play(connection, PAYOUTS, world.facts)
    found = simulate(connection, HERE, plain_rule(), from_day=DAYS[1], to_day=DAYS[2])
    assert found.draft_cents == 30_000
