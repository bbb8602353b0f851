"""Quotes, against what is derived once the award has really happened."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection, Cursor

from ledger.events.enrollment import Awarded, Enrolled, Submitted
from projections.contract import Fact
from projections.payouts import Payout, Payouts, explain, of_person
from projections.quotes import PolicyQuote, QuotedPayout, quote, quote_each, rows_brought
from tests.database import Server
from tests.projections.histories import (
    CREDENTIALS,
    DAYS,
    DISTRICTS,
    POLICIES,
    TEACHERS,
    World,
    terms,
    worlds,
)
from tests.projections.playing import dump, play, play_on, tables_of
from tests.projections.ruled import RuledWorld, employed, ruled_worlds
from tests.rules.dossiers import changed, plain_rule, shipped

PAYOUTS = Payouts()
HERE = DISTRICTS[0]
ANNE, BERTHA, CARLA = TEACHERS
MARCH, MAY = DAYS[0], DAYS[1]
FAR = date(2099, 1, 1)
FEW = settings().max_examples // 3


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


def imagined(world: World, person: UUID, credential: UUID, day: date) -> Fact[Awarded] | None:
    """The award as the world would record it next, without recording it there."""
    facts = list(world.facts)
    world.award(person, credential, day)
    made, world.facts[:] = world.facts[len(facts) :], facts
    return made[0] if made else None


def quoted(connection: Connection[Any], award: Fact[Awarded]) -> list[PolicyQuote]:
    return quote(connection, award.event, award.position)


def payouts_of(connection: Connection[Any], person: UUID) -> dict[UUID, Payout]:
    found = of_person(connection, person, effective_on=FAR, limit=1000)
    return {one.payout_id: one for one in found}


def begun_now(world: World, award: Fact[Awarded]) -> list[Fact[Any]]:
    """She enrolls and hands in at the moment of the award, where she has not: as a quote has it."""
    event = award.event
    if any(fact.event.originator_id == event.originator_id for fact in world.facts):
        return []
    head: dict[str, Any] = {
        "originator_id": event.originator_id,
        "occurred_at": event.occurred_at,
        "actor_id": event.person_id,
        "person_id": event.person_id,
    }
    enrolled = Enrolled(
        **head,
        originator_version=1,
        credential_id=event.credential_id,
        credential_version=1,
        issuer_id=event.issuer_id,
        cycle=1,
        renews_enrollment_id=None,
    )
    submitted = Submitted(
        **head,
        originator_version=2,
        attempt=1,
        evidence_ids=(),
        reflection=None,
        zone=event.zone,
        submitted_on=event.awarded_on,
    )
    return [Fact(award.position, enrolled), Fact(award.position, submitted)]


def money(one: Payout | QuotedPayout) -> tuple[Any, ...]:
    return (one.kind, one.subject_id, one.fiscal_year, one.terms_cents, one.amount_cents)


def all_that_is_said(one: Payout | QuotedPayout, checks: Any) -> tuple[Any, ...]:
    return (*money(one), one.status, one.reason, one.payable_on, checks)


def checks_of(connection: Connection[Any], payout_id: UUID) -> Any:
    why = explain(connection, payout_id, effective_on=FAR)
    assert why is not None
    return why.checks


class Compared(NamedTuple):
    """What is said of each payout, by its id."""

    quoted: dict[UUID, tuple[Any, ...]]
    derived: dict[UUID, tuple[Any, ...]]  # of each that is quoted or that the award changed


def quoted_and_derived(connection: Connection[Any], world: World, data: Any) -> Compared:
    """Quote an award, then let it happen; nothing of the quote is kept."""
    play(connection, PAYOUTS, world.facts)
    person = data.draw(st.sampled_from(TEACHERS))
    credential = data.draw(st.sampled_from(CREDENTIALS))
    award = imagined(world, person, credential, data.draw(st.sampled_from(DAYS)))
    if award is None:
        return Compared({}, {})
    stored, before = dump(connection, PAYOUTS), payouts_of(connection, person)
    others = [imagined(world, person, one, MAY) for one in CREDENTIALS if one != credential]
    beside = [one.event for one in others if one is not None]
    *_, alone = quote_each(connection, [*beside, award.event], award.position)
    said = {one.payout_id: one for each in alone for one in each.payouts}
    assert dump(connection, PAYOUTS) == stored
    play_on(connection, PAYOUTS, [*begun_now(world, award), award])
    return Compared(
        {key: all_that_is_said(one, one.conditions) for key, one in said.items()},
        {
            key: all_that_is_said(one, checks_of(connection, key))
            for key, one in payouts_of(connection, person).items()
            if key in said or key not in before or money(before[key]) != money(one)
        },
    )


@given(worlds(), st.data())
@settings(max_examples=FEW)
def test_what_is_quoted_is_what_is_derived_when_it_happens_under_terms(
    connection: Connection[Any], world: World, data: st.DataObject
) -> None:
    found = quoted_and_derived(connection, world, data)
    assert found.quoted == found.derived


@given(ruled_worlds(), st.data())
@settings(max_examples=FEW)
def test_what_is_quoted_is_what_is_derived_when_it_happens_under_rules(
    connection: Connection[Any], world: RuledWorld, data: st.DataObject
) -> None:
    found = quoted_and_derived(connection, world, data)
    assert found.quoted == found.derived


def one_quote(connection: Connection[Any], world: World, credential: UUID = CREDENTIALS[0]) -> Any:
    play(connection, PAYOUTS, world.facts)
    award = imagined(world, ANNE, credential, MAY)
    assert award is not None
    (found,) = quoted(connection, award)
    return found


def test_a_quote_names_the_cap_and_the_pool_that_are_left(connection: Connection[Any]) -> None:
    """A year of 500 for her and of 700 for all; 300 and 300 are claimed: 200 and 100 are left."""
    world = World()
    for person in (ANNE, BERTHA):
        world.employ(person, HERE)
    world.adopt(
        POLICIES[0],
        HERE,
        terms(person_cap_cents_per_year=50_000, budget_cents_per_year=70_000),
    )
    world.award(ANNE, CREDENTIALS[1], MARCH)
    world.award(BERTHA, CREDENTIALS[1], MARCH)
    (payout,) = one_quote(connection, world).payouts
    assert [(cap.used, cap.left) for cap in payout.caps] == [(30_000, 20_000)]
    assert (payout.pool.claimed_cents, payout.pool.left_cents) == (60_000, 10_000)
    assert (payout.status, payout.reason) == ("pending", "budget_exhausted")
    assert (payout.amount_cents, payout.before_cents) == (20_000, None)


def test_a_condition_that_is_not_met_is_named_with_its_inputs(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.adopt_rule(plain_rule(preconditions=[{"kind": "documents", "documents": ["pay_slip"]}]))
    (payout,) = one_quote(connection, world).payouts
    assert payout.not_met == ["documents_missing"]
    assert (payout.status, payout.amount_cents) == ("pending", 30_000)
    failed = [one for one in payout.conditions if one["passed"] is None]
    assert [one["rule"] for one in failed] == ["documents"]


def test_what_only_counts_toward_a_threshold_is_quoted_in_units(
    connection: Connection[Any],
) -> None:
    world = employed(ANNE)
    world.years(2025)
    rule = shipped("I3")
    source = {"of": "award", "units": 10, "each": 15}
    world.adopt_rule(changed(rule, trigger=rule.trigger.model_dump() | {"sources": [source]}))
    found = one_quote(connection, world)
    assert found.payouts == []
    assert found.units.units == found.units.counted == "2/3"


def test_what_is_known_is_read_once_for_however_many_awards(connection: Connection[Any]) -> None:
    world = World()
    world.employ(ANNE, HERE)
    world.adopt(POLICIES[0], HERE, terms())
    play(connection, PAYOUTS, world.facts)
    awards = [imagined(world, ANNE, credential, MAY) for credential in CREDENTIALS]
    events = [one.event for one in awards if one is not None]
    asked: list[object] = []

    class Counted(Cursor[Any]):
        def execute(self, *said: Any, **how: Any) -> Any:
            asked.append(said)
            return super().execute(*said, **how)

    before, connection.cursor_factory = connection.cursor_factory, Counted
    try:
        [one] = quote_each(connection, events[:1], len(world.facts) + 1)
        few = len(asked)
        found = quote_each(connection, events, len(world.facts) + 1)
    finally:
        connection.cursor_factory = before
    assert [sum(p.amount_cents for p in each.payouts) for [each] in found] == [30_000] * len(events)
    assert found[0] == one
    assert len(asked) == 2 * few
    assert len(events) > 2


def test_many_awards_are_asked_for_one_after_the_other(connection: Connection[Any]) -> None:
    """300 each with a most of 500 a year: the second brings 200."""
    world = World()
    world.employ(ANNE, HERE)
    world.adopt(POLICIES[0], HERE, terms(person_cap_cents_per_year=50_000))
    play(connection, PAYOUTS, world.facts)
    awards = [imagined(world, ANNE, credential, MAY) for credential in CREDENTIALS[:2]]
    events = [one.event for one in awards if one is not None]
    brought = rows_brought(connection, events, len(world.facts) + 1)
    assert sorted(cents for _, cents in brought) == [20_000, 30_000]
