"""Payouts as people read them: stories with the amounts worked out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection

from ledger.events.policy import AwardTrigger, FlatAmount, StackTrigger
from projections.payouts import (
    Notice,
    Payout,
    Payouts,
    explain,
    notices,
    of_district,
    of_person,
    policies_of_district,
    totals,
)
from tests.database import Server
from tests.projections.histories import (
    CREDENTIALS,
    DAYS,
    DISTRICTS,
    POLICIES,
    STACKS,
    TEACHERS,
    World,
    all_of,
    terms,
    tiers,
)
from tests.projections.playing import play, tables_of
from tests.samples import named

PAYOUTS = Payouts()
HERE, ELSEWHERE = DISTRICTS
ANNE, BERTHA, CARLA = TEACHERS
MARCH, MAY, JULY = DAYS[0], DAYS[1], DAYS[3]
FAR = date(2099, 1, 1)


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


def here(connection: Connection[Any], **asked: Any) -> list[Payout]:
    return of_district(connection, HERE, **{"effective_on": FAR} | asked)


def said(payouts: list[Payout]) -> list[tuple[str, str | None, int]]:
    return [(one.status, one.reason, one.amount_cents) for one in payouts]


def employed(*persons: UUID) -> World:
    """A world in which these teachers work here, since the first of March."""
    world = World()
    for person in persons:
        world.employ(person, HERE)
    return world


def test_three_tiers_become_one_notice_of_twelve_hundred_dollars(
    connection: Connection[Any],
) -> None:
    """Kettle Moraine: 200 + 400 + 600 = 1,200 dollars more base pay from the next contract year.

    The credentials have the tiers basic, advanced and expert; which tier pays what is an
    assumption. All three were awarded before July 2025, so the rise begins on 1 July 2025.

    Source: docs/sources.md#kettle-moraine.
    """
    world = employed(ANNE)
    paid = tiers(basic=20_000, advanced=40_000, expert=60_000)
    world.adopt(POLICIES[0], HERE, terms(benefit="base_pay", amount=paid))
    for credential in CREDENTIALS[:3]:
        world.award(ANNE, credential, MAY)
    play(connection, PAYOUTS, world.facts)
    rises = here(connection)
    assert [one.amount_cents for one in rises] == [20_000, 40_000, 60_000]
    last_day = date(2025, 6, 30)
    assert not notices(connection, HERE, effective_on=last_day)[0].in_force
    assert notices(connection, HERE, effective_on=date(2025, 7, 1)) == [
        Notice(
            person_id=ANNE,
            district_id=HERE,
            begins_on=date(2025, 7, 1),
            in_force=True,
            annual_cents=120_000,
            payout_ids=[one.payout_id for one in rises],
        )
    ]
    assert here(connection, benefit="one_time") == []
    assert len(here(connection, benefit="base_pay")) == 3


def test_a_stipend_is_never_a_notice(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.adopt(POLICIES[0], HERE, terms())
    world.award(ANNE, CREDENTIALS[0], MAY)
    play(connection, PAYOUTS, world.facts)
    assert notices(connection, HERE, effective_on=FAR) == []
    assert said(here(connection, benefit="one_time")) == [("due", None, 30_000)]


def test_a_stack_is_paid_once_when_the_last_part_is_earned_and_flagged_when_undone(
    connection: Connection[Any],
) -> None:
    """Three of three complete it: 500 dollars, once, also when a fourth credential comes.

    Revoking one of the three leaves the payout, as not due: the stack was invalidated.
    Reinstating it brings the same payout back.
    """
    world = employed(ANNE)
    world.define(STACKS[0], all_of(*CREDENTIALS[:3]), None, MARCH)
    stack = StackTrigger(stack_id=STACKS[0])
    world.adopt(POLICIES[0], HERE, terms(trigger=stack, amount=FlatAmount(amount_cents=50_000)))
    first = world.award(ANNE, CREDENTIALS[0], MAY)
    world.award(ANNE, CREDENTIALS[1], MAY)
    open_at = len(world.facts)
    world.award(ANNE, CREDENTIALS[2], MAY)
    world.award(ANNE, CREDENTIALS[3], MAY)
    complete_at = len(world.facts)
    assert first is not None
    undone_at = world.turn(first)
    world.turn(first)
    play(connection, PAYOUTS, world.facts)
    assert here(connection, as_of=open_at) == []
    (complete,) = here(connection, as_of=complete_at)
    assert said([complete]) == [("due", None, 50_000)]
    assert (complete.kind, complete.subject_id) == ("stack", STACKS[0])
    assert complete.earned_position == complete_at - 1
    (undone,) = here(connection, as_of=undone_at)
    assert said([undone]) == [("not_due", "stack_invalidated", 0)]
    assert undone.payout_id == complete.payout_id
    assert undone_at in undone.positions
    assert said(here(connection)) == [("due", None, 50_000)]


def test_a_budget_is_first_come_first_served_and_freed_money_goes_to_the_next_in_line(
    connection: Connection[Any],
) -> None:
    """700 dollars a year, 300 each: the first two are paid and the third waits.

    When the first award is revoked, 400 are left and the third is paid, as of that very event.
    """
    world = employed(ANNE, BERTHA, CARLA)
    world.adopt(POLICIES[0], HERE, terms(budget_cents_per_year=70_000))
    first = world.award(ANNE, CREDENTIALS[0], MAY)
    world.award(BERTHA, CREDENTIALS[0], MAY)
    world.award(CARLA, CREDENTIALS[0], MARCH)  # earlier by the day, but later in the log
    waits_at = len(world.facts)
    assert first is not None
    freed_at = world.turn(first)
    play(connection, PAYOUTS, world.facts)
    assert said(here(connection, as_of=waits_at)) == [
        ("due", None, 30_000),
        ("due", None, 30_000),
        ("pending", "budget_exhausted", 30_000),
    ]
    assert said(here(connection, as_of=freed_at)) == [
        ("not_due", "award_revoked", 0),
        ("due", None, 30_000),
        ("due", None, 30_000),
    ]
    carla = here(connection)[2]
    before = explain(connection, carla.payout_id, effective_on=FAR, as_of=waits_at)
    after = explain(connection, carla.payout_id, effective_on=FAR)
    assert before is not None
    assert before.budget is not None
    assert before.budget.claimed_ahead_cents == 60_000
    assert before.budget.claims_ahead == 2
    assert before.budget.left_cents == 10_000
    assert before.budget.waits == [(waits_at, None)]
    assert after is not None
    assert after.budget is not None
    assert after.budget.left_cents == 40_000
    assert after.budget.waits == [(waits_at, freed_at)]


def test_a_budget_begins_anew_with_each_fiscal_year(connection: Connection[Any]) -> None:
    world = employed(ANNE, BERTHA)
    world.adopt(POLICIES[0], HERE, terms(budget_cents_per_year=30_000))
    world.award(ANNE, CREDENTIALS[0], date(2025, 6, 30))
    world.award(BERTHA, CREDENTIALS[0], date(2025, 7, 1))
    play(connection, PAYOUTS, world.facts)
    assert [(one.fiscal_year, one.status) for one in here(connection)] == [
        (2025, "due"),
        (2026, "due"),
    ]


def test_a_budget_that_comes_with_a_later_version_counts_what_was_claimed_before(
    connection: Connection[Any],
) -> None:
    """300 under version 1, without a budget, leave 100 of the 400 that version 2 sets."""
    world = employed(ANNE, BERTHA)
    world.adopt(POLICIES[0], HERE, terms())
    world.award(ANNE, CREDENTIALS[0], MARCH)
    world.adopt(POLICIES[0], HERE, terms(effective_from=MAY, budget_cents_per_year=40_000))
    world.award(BERTHA, CREDENTIALS[0], MAY)
    world.award(BERTHA, CREDENTIALS[1], MAY)
    play(connection, PAYOUTS, world.facts)
    assert said(here(connection)) == [
        ("due", None, 30_000),
        ("pending", "budget_exhausted", 30_000),
        ("pending", "budget_exhausted", 30_000),
    ]


def test_a_transfer_in_mid_year_leaves_each_district_its_own_payouts(
    connection: Connection[Any],
) -> None:
    """She leaves on 30 June and begins elsewhere on 1 July; each district pays for its time."""
    world = World()
    world.employ(ANNE, HERE, last_day=date(2025, 6, 30))
    world.employ(ANNE, ELSEWHERE, first_day=JULY)
    world.adopt(POLICIES[0], HERE, terms())
    world.adopt(POLICIES[1], ELSEWHERE, terms(amount=FlatAmount(amount_cents=25_000)))
    world.award(ANNE, CREDENTIALS[0], MAY)
    world.award(ANNE, CREDENTIALS[1], JULY)
    play(connection, PAYOUTS, world.facts)
    no = ("not_due", "not_employed_on_award_date", 0)
    assert said(here(connection)) == [("due", None, 30_000), no]
    assert said(of_district(connection, ELSEWHERE, effective_on=FAR)) == [no, ("due", None, 25_000)]
    assert len(of_person(connection, ANNE, effective_on=FAR)) == 4


def test_an_employment_recorded_late_makes_an_earlier_award_due_from_there_on(
    connection: Connection[Any],
) -> None:
    world = World()
    world.adopt(POLICIES[0], HERE, terms())
    world.award(ANNE, CREDENTIALS[0], MAY)
    unknown_at = len(world.facts)
    world.employ(ANNE, HERE)
    play(connection, PAYOUTS, world.facts)
    assert here(connection, as_of=unknown_at) == []
    (found,) = here(connection)
    assert said([found]) == [("due", None, 30_000)]
    published = 1
    assert found.positions == [published, unknown_at - 1, unknown_at, len(world.facts)]


def test_a_policy_adopted_late_for_earlier_days_pays_for_them(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.award(ANNE, CREDENTIALS[0], MAY)
    world.award(ANNE, CREDENTIALS[1], DAYS[5])
    world.adopt(POLICIES[0], HERE, terms(effective_from=MARCH, effective_to=date(2025, 6, 30)))
    play(connection, PAYOUTS, world.facts)
    (found,) = here(connection)
    assert (found.credential_id, found.status) == (CREDENTIALS[0], "due")


def test_what_is_payable_later_is_pending_until_its_day(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.adopt(POLICIES[0], HERE, terms(waiting_days=30))
    world.award(ANNE, CREDENTIALS[0], MAY)
    play(connection, PAYOUTS, world.facts)
    (eve,) = here(connection, effective_on=date(2025, 6, 13))
    assert said([eve]) == [("pending", "payable_later", 30_000)]
    assert eve.payable_on == date(2025, 6, 14)
    assert said(here(connection, effective_on=date(2025, 6, 14))) == [("due", None, 30_000)]
    (total,) = totals(connection, HERE, effective_on=date(2025, 6, 13))
    assert (total.due, total.pending, total.pending_cents) == (0, 1, 30_000)


def test_totals_tell_each_policy_and_year_apart(connection: Connection[Any]) -> None:
    world = employed(ANNE, BERTHA)
    listed = AwardTrigger(credential_ids=(CREDENTIALS[0],))
    world.adopt(POLICIES[0], HERE, terms(trigger=listed))
    world.adopt(POLICIES[1], HERE, terms(benefit="base_pay"))
    for person in (ANNE, BERTHA):
        world.award(person, CREDENTIALS[0], MAY)
        world.award(person, CREDENTIALS[1], JULY)
    play(connection, PAYOUTS, world.facts)
    found = totals(connection, HERE, effective_on=FAR)
    counts = {
        (one.policy_id, one.fiscal_year): (one.pairs, one.due, one.not_due, one.due_cents)
        for one in found
    }
    assert counts == {
        (POLICIES[0], 2025): (2, 2, 0, 60_000),
        (POLICIES[0], 2026): (2, 0, 2, 0),
        (POLICIES[1], 2025): (2, 2, 0, 60_000),
        (POLICIES[1], 2026): (2, 2, 0, 60_000),
    }


def test_a_district_is_read_in_pages_that_miss_nothing(connection: Connection[Any]) -> None:
    world = employed(ANNE, BERTHA, CARLA)
    world.adopt(POLICIES[0], HERE, terms(trigger=AwardTrigger(credential_ids=(CREDENTIALS[0],))))
    world.adopt(POLICIES[1], HERE, terms())
    for person in TEACHERS:
        for credential in CREDENTIALS:
            world.award(person, credential, MAY)
    play(connection, PAYOUTS, world.facts)
    whole = here(connection, limit=100)
    assert len(whole) == 3 * 4 * 2
    paged: list[Payout] = []
    after = (0, UUID(int=0))
    while page := here(connection, after=after, limit=5):
        paged += page
        after = (page[-1].earned_position, page[-1].payout_id)
    assert paged == whole
    due = here(connection, status="due", limit=100)
    assert due == [one for one in whole if one.status == "due"]
    assert len(due) == 3 + 12
    assert len(of_person(connection, ANNE, effective_on=FAR, limit=3)) == 3


def test_notices_are_read_in_pages(connection: Connection[Any]) -> None:
    world = employed(*TEACHERS)
    world.adopt(POLICIES[0], HERE, terms(benefit="base_pay"))
    for person in TEACHERS:
        world.award(person, CREDENTIALS[0], MAY)
        world.award(person, CREDENTIALS[1], JULY)
    play(connection, PAYOUTS, world.facts)
    day = date(2025, 12, 31)
    whole = notices(connection, HERE, effective_on=day)
    assert [one.in_force for one in whole] == [True] * 3 + [False] * 3
    assert [one.begins_on for one in whole] == [date(2025, 7, 1)] * 3 + [date(2026, 7, 1)] * 3
    first = notices(connection, HERE, effective_on=day, limit=4)
    after = (first[-1].begins_on, first[-1].person_id)
    assert first + notices(connection, HERE, effective_on=day, after=after) == whole


def test_a_payout_explains_itself(connection: Connection[Any]) -> None:
    """Which version and board minute, which events, which rules with what input, what cap."""
    world = employed(ANNE)
    world.adopt(POLICIES[0], HERE, terms(roles=("teacher",), person_cap_cents_per_year=50_000))
    world.award(ANNE, CREDENTIALS[0], MAY)
    world.award(ANNE, CREDENTIALS[1], MAY)
    play(connection, PAYOUTS, world.facts)
    second = here(connection)[1]
    why = explain(connection, second.payout_id, effective_on=FAR)
    assert why is not None
    assert why.payout == second
    assert (second.reason, second.terms_cents, second.amount_cents) == (
        "reduced_by_yearly_cap",
        30_000,
        20_000,
    )
    assert (second.policy_version, second.board_reference) == (1, "Minute 1")
    assert (second.policy_title, why.adopted_on) == ("Stipend", date(2025, 2, 1))
    published, job, adopted, awarded = 2, 5, 6, 8
    assert second.positions == [published, job, adopted, awarded]
    assert why.policy_position == adopted
    assert [(check["rule"], check["passed"]) for check in why.checks] == [
        ("in_force", True),
        ("stands", True),
        ("employed_on_award_date", True),
        ("role", True),
        ("yearly_cap", False),
    ]
    assert why.checks[-1]["inputs"] == {
        "cap_cents": 50_000,
        "used_cents": 30_000,
        "left_cents": 20_000,
        "amount_cents": 30_000,
    }
    assert why.budget is None
    assert why.terms["person_cap_cents_per_year"] == 50_000


def test_nothing_explains_what_is_not_there(connection: Connection[Any]) -> None:
    world = employed(ANNE)
    world.adopt(POLICIES[0], HERE, terms())
    world.award(ANNE, CREDENTIALS[0], MAY)
    play(connection, PAYOUTS, world.facts)
    (found,) = here(connection)
    assert explain(connection, named("nothing"), effective_on=FAR) is None
    assert explain(connection, found.payout_id, effective_on=FAR, as_of=1) is None


def test_every_version_of_a_policy_is_kept_with_its_board_minute(
    connection: Connection[Any],
) -> None:
    world = employed(ANNE)
    world.adopt(POLICIES[0], HERE, terms())
    world.adopt(POLICIES[0], HERE, terms(effective_from=MAY))
    retired_at = world.retire(POLICIES[0], JULY)
    play(connection, PAYOUTS, world.facts)
    found = policies_of_district(connection, HERE)
    assert [(one.policy_version, one.board_reference) for one in found] == [
        (1, "Minute 1"),
        (2, "Minute 2"),
    ]
    assert {(one.last_day, one.retired_position) for one in found} == {(JULY, retired_at)}
    assert found[1].terms["effective_from"] == MAY.isoformat()
    assert policies_of_district(connection, ELSEWHERE) == []
