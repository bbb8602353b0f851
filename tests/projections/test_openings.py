"""Opening records under rules of pay: counted in units and caps, never an occasion to pay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from psycopg import Connection

from ledger.events.opening import Entry, OpeningPayment, OpeningRecorded, OpeningUnits
from projections.payouts import Payouts, of_person
from tests.database import Server
from tests.projections.histories import CREDENTIALS, DAYS, DISTRICTS, POLICIES, TEACHERS
from tests.projections.playing import dump, play, tables_of
from tests.projections.ruled import RuledWorld
from tests.rules.dossiers import plain_rule, shipped
from tests.samples import ZONE, named

HERE, HER = DISTRICTS[0], TEACHERS[0]
FAR = date(2099, 1, 1)
PAYOUTS = Payouts()


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[object]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


def brought(world: RuledWorld, entry: Entry) -> UUID:
    stream = named(f"opening {len(world.facts)}")
    world.add(
        OpeningRecorded,
        stream,
        person_id=HER,
        district_id=HERE,
        import_id=named("file"),
        as_of=DAYS[0],
        zone=ZONE,
        prepared_by=named("one"),
        confirmed_by=named("another"),
        entry=entry,
    )
    return stream


def test_units_of_before_count_toward_a_lane_and_bring_no_step_themselves(
    connection: Connection[object],
) -> None:
    """Lanes at 9, 18, …: 9 hours brought along alone bring none; with 9 more the second one."""
    world = RuledWorld()
    world.years(2025, 2026)
    world.adopt_rule(shipped("I17", "carried_over"))
    world.employ(HER, HERE)
    units = OpeningUnits(
        unit="credit_hour", quantity_hundredths=900, category=None, earned_on=date(2025, 3, 1)
    )
    brought(world, units)
    play(connection, PAYOUTS, world.facts)
    assert of_person(connection, HER, effective_on=FAR) == []
    world.credit(HER, "credit_hour", 900, DAYS[2])
    play(connection, PAYOUTS, world.facts)
    whole = dump(connection, PAYOUTS)
    assert [one.kind for one in of_person(connection, HER, effective_on=FAR)] == ["threshold"]
    play(connection, PAYOUTS, *[[fact] for fact in world.facts])
    assert dump(connection, PAYOUTS) == whole


def test_what_was_paid_before_is_counted_first_by_every_cap(
    connection: Connection[object],
) -> None:
    """Career cap 1,000.00; 900.00 paid before; the next 300.00 are cut to 100.00."""
    world = RuledWorld()
    world.years(2025, 2026)
    world.adopt_rule(plain_rule(caps=[{"of": "cents", "per": "career", "most": 100_000}]))
    world.employ(HER, HERE)
    paid = OpeningPayment(
        policy_id=POLICIES[2],
        credential_id=CREDENTIALS[1],
        amount_cents=90_000,
        units_hundredths=0,
        paid_on=date(2024, 5, 31),
        fiscal_year=2024,
    )
    brought(world, paid)
    world.award(HER, CREDENTIALS[0], DAYS[1])
    play(connection, PAYOUTS, world.facts)
    [owed] = of_person(connection, HER, effective_on=FAR)
    assert (owed.status, owed.amount_cents, owed.reason) == ("due", 10_000, "reduced_by_cap")
