"""Laws of payouts, over random logs in a real database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from projections.contract import Fact
from projections.payouts import Payouts, explain, of_district, of_person, totals
from tests.database import Server
from tests.projections.histories import CREDENTIALS, DISTRICTS, TEACHERS, World, worlds
from tests.projections.playing import Facts, dumps_however_cut, play, play_on, tables_of
from tests.projections.slow_payouts import Key, Owed, payouts

PAYOUTS = Payouts()
FEW = settings().max_examples // 3  # each example plays a log into a real database
FAR = date(2099, 1, 1)  # by then everything is payable


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


def told(connection: Connection[Any], as_of: int) -> dict[Key, tuple[Any, ...]]:
    """What the tables say of everybody as of a position."""
    return {
        Key(one.policy_id, one.person_id, one.subject_id): (
            one.status,
            one.reason,
            one.amount_cents,
            one.policy_version,
            one.fiscal_year,
            one.payable_on,
        )
        for person in TEACHERS
        for one in of_person(connection, person, effective_on=FAR, as_of=as_of, limit=1000)
    }


def expected(facts: Facts) -> dict[Key, tuple[Any, ...]]:
    """What the slow reference says of everybody."""

    def said(one: Owed) -> tuple[Any, ...]:
        return (
            one.status,
            one.reason,
            one.amount_cents,
            one.policy_version,
            one.fiscal_year,
            one.payable_on,
        )

    return {key: said(one) for key, one in payouts(facts).items()}


@given(worlds())
@settings(max_examples=FEW)
def test_at_every_position_payouts_are_what_the_log_so_far_comes_to(
    connection: Connection[Any], world: World
) -> None:
    play(connection, PAYOUTS, world.facts)
    for end in range(len(CREDENTIALS), len(world.facts) + 1):
        assert told(connection, end) == expected(world.facts[:end])


@given(worlds(), st.data())
@settings(max_examples=FEW)
def test_it_does_not_matter_how_the_log_is_cut(
    connection: Connection[Any], world: World, data: st.DataObject
) -> None:
    at_once, one_by_one, cut = dumps_however_cut(connection, PAYOUTS, world.facts, data)
    assert at_once == one_by_one == cut


@given(worlds())
@settings(max_examples=FEW)
def test_no_year_pays_more_than_its_budget_and_no_teacher_more_than_her_cap(
    connection: Connection[Any], world: World
) -> None:
    play(connection, PAYOUTS, world.facts)
    program: dict[Any, list[tuple[int, int | None]]] = defaultdict(list)
    teacher: dict[Any, list[tuple[int, int | None]]] = defaultdict(list)
    for district in DISTRICTS:
        for one in of_district(connection, district, effective_on=FAR, status="due", limit=1000):
            why = explain(connection, one.payout_id, effective_on=FAR)
            assert why is not None
            key = (one.policy_id, one.fiscal_year)
            program[key].append((one.amount_cents, why.terms["budget_cents_per_year"]))
            cap = why.terms["person_cap_cents_per_year"]
            teacher[*key, one.person_id].append((one.amount_cents, cap))
    for paid in (*program.values(), *teacher.values()):
        limits = [limit for _, limit in paid if limit is not None]
        if len(limits) == len(paid):
            assert sum(cents for cents, _ in paid) <= max(limits)


@given(worlds())
@settings(max_examples=FEW)
def test_the_counts_of_the_totals_tie_to_the_pairs_and_their_sums_to_the_payouts(
    connection: Connection[Any], world: World
) -> None:
    play(connection, PAYOUTS, world.facts)
    pairs = payouts(world.facts)
    found = [t for d in DISTRICTS for t in totals(connection, d, effective_on=FAR)]
    assert sum(total.pairs for total in found) == len(pairs)
    for total in found:
        mine = [
            one
            for key, one in pairs.items()
            if (key.policy_id, one.fiscal_year) == (total.policy_id, total.fiscal_year)
        ]
        due = [one.amount_cents for one in mine if one.status == "due"]
        pending = [one.amount_cents for one in mine if one.status == "pending"]
        by_benefit = [t for t in found if t.policy_id == total.policy_id]
        same_year = [t for t in by_benefit if t.fiscal_year == total.fiscal_year]
        assert total.pairs == total.due + total.pending + total.not_due
        assert sum(t.pairs for t in same_year) == len(mine)
        assert sum(t.due_cents for t in same_year) == sum(due)
        assert sum(t.pending_cents for t in same_year) == sum(pending)


def personal(fact: Fact[Any]) -> Any:
    return getattr(fact.event, "person_id", None)


def claims(connection: Connection[Any]) -> set[tuple[Any, ...]]:
    """What every teacher's own facts come to, before anybody else's claims on a budget."""
    return set(
        connection.execute(
            """SELECT payout_id, policy_version, earned_on, fiscal_year, verdict, reason,
                      terms_cents, amount_cents, payable_on, checks
                 FROM payouts WHERE to_position IS NULL"""
        ).fetchall()
    )


@given(worlds(), st.permutations(TEACHERS))
@settings(max_examples=FEW)
def test_in_which_order_different_teachers_act_changes_nobody_s_claims(
    connection: Connection[Any], world: World, order: list[Any]
) -> None:
    """Between two facts about nobody, the facts of one teacher come before those of the next."""
    stretches: list[list[Any]] = [[]]
    for fact in world.facts:
        if personal(fact) is None:
            stretches += [[fact.event], []]
        else:
            stretches[-1].append(fact.event)
    events = [
        event
        for stretch in stretches
        for event in sorted(
            stretch,
            key=lambda e: order.index(e.person_id) if hasattr(e, "person_id") else 0,
        )
    ]
    play(connection, PAYOUTS, world.facts)
    before = claims(connection)
    play(connection, PAYOUTS, [Fact(n, event) for n, event in enumerate(events, start=1)])
    assert claims(connection) == before


@given(worlds(), st.data())
@settings(max_examples=FEW)
def test_a_revocation_takes_nothing_from_any_other_teacher(
    connection: Connection[Any], world: World, data: st.DataObject
) -> None:
    standing = sorted(world.awards.keys() - world.revoked)
    if not standing:
        return
    play(connection, PAYOUTS, world.facts)
    before = told(connection, len(world.facts))
    enrollment = data.draw(st.sampled_from(standing))
    her = world.awards[enrollment].person_id
    position = world.turn(enrollment)
    play_on(connection, PAYOUTS, world.facts[-1:])
    for key, (status, _, amount_cents, *_rest) in told(connection, position).items():
        if key.person_id != her and before[key][0] == "due":
            assert (status, amount_cents) == ("due", before[key][2])


@given(worlds())
@settings(max_examples=FEW)
def test_undoing_a_revocation_leaves_everything_as_it_was(
    connection: Connection[Any], world: World
) -> None:
    standing = world.awards.keys() - world.revoked
    if not standing:
        return
    enrollment = min(standing)  # one that is revoked may complete a stack while it is reinstated
    play(connection, PAYOUTS, world.facts)
    before = told(connection, len(world.facts))
    world.turn(enrollment)
    world.turn(enrollment)
    play_on(connection, PAYOUTS, world.facts[-2:])
    assert told(connection, len(world.facts)) == before
