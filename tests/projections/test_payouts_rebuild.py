"""Payouts and stack progress over a real log: live, rebuilt by one process, rebuilt by two."""

from __future__ import annotations

import random
import secrets
from contextlib import closing
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import psycopg
from eventsourcing.persistence import StoredEvent
from psycopg.sql import SQL, Identifier

from ledger.codec import encode
from ledger.events.calendar import FiscalYearSet, PoolDrawn
from ledger.events.dossier import SeparationRecorded
from ledger.events.policy import FlatAmount, StackTrigger
from ledger.store import LedgerRecorder
from projections import setup
from projections.contract import Projection
from projections.database import Database
from projections.engine import Engine
from projections.log import LogReader
from projections.payouts import Payouts
from projections.rebuild import rebuild
from projections.stacks import Stacks
from tests.projections.histories import (
    CREDENTIALS,
    DAYS,
    DISTRICTS,
    POLICIES,
    STACKS,
    World,
    all_of,
    terms,
    tiers,
)
from tests.projections.ruled import RuledWorld
from tests.rules.dossiers import plain_rule, shipped
from tests.samples import named

YEARS = [
    FiscalYearSet(fiscal_year=year, first_day=date(year - 1, 7, 1), last_day=date(year, 6, 30))
    for year in (2025, 2026)
]
LOTS = named("lots")
BOTH: tuple[Projection[Any], ...] = (Stacks(), Payouts())


def busy_world(chance: random.Random) -> World:
    """Forty teachers of two districts, with policies and stacks that change among the awards.

    The first district also has rules, and facts that they ask for.
    """
    world = RuledWorld()
    world.adopt_rule(plain_rule(pool={"budget_cents": 300_000}), named("pool"))
    world.adopt_rule(plain_rule(pool={"budget_cents": 200_000, "order": "lottery"}), LOTS)
    world.adopt_rule(plain_rule(revocation={"if_paid": "keep"}), named("keeps"))
    world.adopt_rule(shipped("I17", "carried_over"), named("lanes"))
    people = [UUID(int=chance.getrandbits(128), version=4) for _ in range(40)]
    for person in people:
        world.employ(person, chance.choice(DISTRICTS), exempt=chance.choice([True, None, False]))
    for turn in range(400):
        settle(world, turn)
        if chance.randrange(4) == 0:
            ask_for_rules(world, chance, people)
            continue
        match chance.randrange(12):
            case 0:
                one = chance.choice(
                    [
                        terms(budget_cents_per_year=500_000),
                        terms(person_cap_cents_per_year=50_000, budget_cents_per_year=900_000),
                        terms(exempt_only=True, amount=tiers(basic=20_000, advanced=40_000)),
                        terms(
                            trigger=StackTrigger(stack_id=STACKS[0]),
                            amount=FlatAmount(amount_cents=70_000),
                            budget_cents_per_year=200_000,
                        ),
                    ]
                )
                world.adopt(chance.choice(POLICIES), chance.choice(DISTRICTS), one)
            case 1:
                needed = chance.choice([1, 2, 3])
                world.define(STACKS[0], all_of(*CREDENTIALS, needed=needed), None, DAYS[2])
            case 2 | 3 if world.awards:
                world.turn(chance.choice(sorted(world.awards)))
            case 4:
                job = chance.choice(sorted(world.jobs))
                world.end(job, chance.choice([None, *DAYS]))
            case 5:
                world.employ(chance.choice(people), chance.choice(DISTRICTS))
            case _:
                world.award(chance.choice(people), chance.choice(CREDENTIALS), chance.choice(DAYS))
    return world


def settle(world: RuledWorld, turn: int) -> None:
    """Lots are drawn at one point and a batch is closed at another."""
    if turn == 300:
        world.set(YEARS[0])
        world.set(PoolDrawn(policy_id=LOTS, fiscal_year=2025, seed="lots of the board"))
    elif turn == 350:
        world.close(world.lines([named("keeps")]), DAYS[5])


def ask_for_rules(world: RuledWorld, chance: random.Random, people: list[UUID]) -> None:
    """One more of the facts that only rules ask for."""
    person, day = chance.choice(people), chance.choice(DAYS)
    match chance.randrange(3):
        case 0:
            world.set(chance.choice(YEARS))
        case 1:
            world.credit(person, "credit_hour", 600, day)
        case _:
            world.file(person, SeparationRecorded(reason="resignation", last_day=day))


def append(url: str, world: World) -> None:
    with closing(LedgerRecorder(url)) as recorder:
        rows = [
            StoredEvent(
                fact.event.originator_id,
                fact.event.originator_version,
                fact.event.TOPIC,
                encode(fact.event),
            )
            for fact in world.facts
        ]
        recorder.append(rows, command_id=uuid4(), body_hash=bytes(32))


def live(database: Database, chance: random.Random) -> None:
    """Catch up in small pages, with a new engine now and then, as after a restart."""
    moved = 1
    while moved:
        with (
            closing(database.connect()) as connection,
            closing(LogReader(database.connect(), page_events=chance.randint(5, 40))) as reader,
        ):
            engine = Engine(
                connection,
                reader,
                BOTH,
                channel=database.channel,
                lock_space=database.lock_space,
            )
            moved = sum(engine.step() for _ in range(chance.randint(1, 4)))


def tables(url: str, database: Database) -> dict[str, list[Any]]:
    query = SQL("SELECT to_jsonb(t)::text FROM {}.{} t ORDER BY 1")
    with psycopg.connect(url) as connection:
        return {
            table.name: connection.execute(
                query.format(Identifier(database.live), Identifier(table.name))
            ).fetchall()
            for projection in BOTH
            for table in projection.tables
        }


def test_live_and_rebuilt_by_one_process_or_by_two_are_the_same(database_url: str) -> None:
    seed = secrets.randbits(32)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    chance = random.Random(seed)
    database = Database(database_url)
    setup.migrate(database_url)
    append(database_url, busy_world(chance))
    live(database, chance)
    found = tables(database_url, database)
    assert found["payout_waits"]
    assert found["stack_progress"]
    assert found["payout_records"]
    assert any("kept_instalments" in row for (row,) in found["payouts"])
    assert any('"not_drawn"' in row for (row,) in found["payouts"])
    assert any('"kind": "threshold"' in row for (row,) in found["payouts"])
    for workers in (1, 2):
        rebuild(database, BOTH, workers=workers)
        for name, rows in tables(database_url, database).items():
            assert set(rows) ^ set(found[name]) == set(), f"{name} by {workers} workers"
