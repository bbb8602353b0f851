"""Why not paid: over random histories, every award × policy in force is accounted for once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from psycopg import Connection

from ledger.events.policy import PolicyRetired, PolicyRuleAdopted
from ledger.events.policy_rule import AwardTrigger, Versioning
from projections import unpaid
from projections.payouts import Payouts, of_district
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
from tests.projections.playing import play, tables_of
from tests.projections.ruled import HERE, RuledWorld, ruled_worlds
from tests.projections.slow_payouts import payouts

PAYOUTS = Payouts()
FAR = date(2099, 1, 1)
FEW = settings().max_examples // 3


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


@given(worlds())
@settings(max_examples=FEW)
def test_what_is_due_and_what_is_not_add_up_to_award_times_policy_in_force(
    connection: Connection[Any], world: World
) -> None:
    play(connection, PAYOUTS, world.facts)
    pairs = payouts(world.facts)
    expected = Counter((key.policy_id, one.status, one.reason) for key, one in pairs.items())
    found = [one for here in DISTRICTS for one in unpaid.counts(connection, here, effective_on=FAR)]
    assert {(one.policy_id, one.status, one.reason): one.pairs for one in found} == expected
    listed = [
        one
        for here in DISTRICTS
        for one in unpaid.of_district(connection, here, effective_on=FAR, limit=1000)
    ]
    told = Counter((one.policy_id, one.status, one.reason) for one in listed)
    assert told == {key: count for key, count in expected.items() if key[1] != "due"}
    assert all(one.reason for one in listed)


def award_rules_in_force(world: RuledWorld) -> Counter[Any]:
    """For each award of somebody ever employed here, the rules about awards in force on its day.

    Policies with a version that another day governs, or what she began under, are left out.
    """
    adopted = [
        event
        for _, event in world.facts
        if isinstance(event, PolicyRuleAdopted) and isinstance(event.rule.trigger, AwardTrigger)
    ]
    elsewhen = {one.originator_id for one in adopted if one.rule.versioning != Versioning()}
    here = {job.person_id for job in world.jobs.values() if job.district_id == HERE}
    ended = {
        fact.event.originator_id: fact.event.last_day
        for fact in world.facts
        if isinstance(fact.event, PolicyRetired)
    }
    pairs: Counter[Any] = Counter()
    for event in adopted:
        if event.originator_id not in elsewhen:
            last = min(event.rule.effective_to or FAR, ended.get(event.originator_id, FAR))
            pairs[event.originator_id] += sum(
                award.person_id in here and event.rule.effective_from <= award.awarded_on <= last
                for award in world.awards.values()
            )
    return +pairs


@given(ruled_worlds())
@settings(max_examples=FEW)
def test_under_rules_every_award_in_force_has_its_line_too(
    connection: Connection[Any], world: RuledWorld
) -> None:
    play(connection, PAYOUTS, world.facts)
    pairs = award_rules_in_force(world)
    found = of_district(connection, HERE, effective_on=FAR, limit=1000)
    assert Counter(one.policy_id for one in found if one.policy_id in pairs) == pairs
    counted = unpaid.counts(connection, HERE, effective_on=FAR)
    assert sum(one.pairs for one in counted) == len(found)


def test_the_list_is_narrowed_to_a_person_and_to_a_reason(connection: Connection[Any]) -> None:
    world = World()
    for person in TEACHERS:
        world.employ(person, HERE, exempt=None)
    world.adopt(POLICIES[0], HERE, terms(exempt_only=True))
    for person in TEACHERS:
        world.award(person, CREDENTIALS[0], DAYS[1])
    play(connection, PAYOUTS, world.facts)
    asked: dict[str, Any] = {"effective_on": FAR, "person_id": TEACHERS[0]}
    [one] = unpaid.of_district(connection, HERE, **asked)
    assert (one.person_id, one.reason) == (TEACHERS[0], "exempt_status_unknown")
    assert [one.pairs for one in unpaid.counts(connection, HERE, **asked)] == [1]
    assert unpaid.of_district(connection, HERE, effective_on=FAR, reason="not_exempt") == []
