"""Pools that are given out when they close: by lot, or in equal shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from ledger.events.calendar import FiscalYearClosed, PoolDrawn
from ledger.events.dossier import RequestFiled
from ledger.rules.entitlements.caps import lot
from ledger.rules.entitlements.findings import entitlement_id
from ledger.rules.entitlements.pools import mixed_seed
from ledger.values import POSITION_MAX, stream_id
from projections import pay_notices
from projections.entitlements import parts
from projections.payable import derived
from projections.payouts import Payout, Payouts, explain, of_district, totals
from tests.database import Server
from tests.projections.histories import CREDENTIALS, DAYS, POLICIES, TEACHERS
from tests.projections.playing import dumps_however_cut, play, tables_of
from tests.projections.ruled import HERE, RuledWorld, employed
from tests.rules.dossiers import changed, plain_rule, shipped
from tests.samples import named

PAYOUTS = Payouts()
POOL = POLICIES[2]
MAY, FAR = DAYS[1], date(2099, 1, 1)
MANY = [named(f"one of many {n}") for n in range(30)]
FEW = settings().max_examples // 5
LOTTERY = shipped("I24", "lottery")


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, PAYOUTS) as connection:
        yield connection


def asked(world: RuledWorld, person: UUID, day: date = MAY, cost: int = 90_000) -> UUID:
    """A request under the pool's policy; the id of what it entitles to."""
    version = world.file(person, RequestFiled(policy_id=POOL, filed_on=day, cost_cents=cost))
    request = stream_id("request", named(f"dossier of {person}"), version)
    return entitlement_id(POOL, person, request)


def draw(world: RuledWorld, year: int, seed: str = "7 March") -> str:
    """Draw the lots of a year; the seed they follow from."""
    world.set(PoolDrawn(policy_id=POOL, fiscal_year=year, seed=seed))
    return mixed_seed(seed, world.facts[-1].event.occurred_at)


def found(connection: Connection[Any], as_of: int = POSITION_MAX) -> dict[UUID, Payout]:
    page = of_district(connection, HERE, effective_on=FAR, limit=500, as_of=as_of)
    return {one.payout_id: one for one in page}


def said(payouts: Sequence[Payout]) -> list[tuple[str, str | None, int]]:
    return [(one.status, one.reason, one.amount_cents) for one in payouts]


def test_lots_are_drawn_from_what_the_log_has_and_waited_for_until_then(
    connection: Connection[Any],
) -> None:
    """30 want up to 500 dollars of 12,000: 24 prizes, so 6 get none. 24 × 500 = 12,000."""
    world = employed(*MANY)
    world.years(2025)
    world.adopt_rule(LOTTERY, POOL)
    ids = [asked(world, person) for person in MANY]
    before = len(world.facts)
    play(connection, PAYOUTS, world.facts)
    assert set(said(list(found(connection).values()))) == {("pending", "pool_open", 50_000)}
    seed = draw(world, 2025)
    play(connection, PAYOUTS, world.facts)
    after = found(connection)
    won = {one for one, payout in after.items() if payout.status == "due"}
    assert won == set(sorted(ids, key=lambda one: lot(seed, one))[:24])
    assert {after[one].reason for one in set(ids) - won} == {"not_drawn"}
    paid = parts(connection, HERE, effective_on=FAR)
    assert ({one.payout_id for one in paid}, sum(one.amount_cents for one in paid)) == (
        won,
        1_200_000,
    )
    assert set(said(list(found(connection, as_of=before).values()))) == {
        ("pending", "pool_open", 50_000)
    }
    (total,) = totals(connection, HERE, effective_on=FAR)
    assert (total.pairs, total.due, total.not_due, total.due_cents) == (30, 24, 6, 1_200_000)
    why = explain(connection, min(won), effective_on=FAR)
    assert why is not None
    drawn = why.checks[-1]
    assert (drawn["rule"], drawn["passed"], drawn["inputs"]["seed"]) == ("drawn", True, seed)
    assert drawn["inputs"]["lot"] == lot(seed, min(won)).hex()


def test_another_moment_is_another_draw(connection: Connection[Any]) -> None:
    """The same word said at another microsecond draws others: no seed can be tried beforehand."""
    winners = []
    for earlier in range(2):
        world = employed(*MANY)
        world.years(2025)
        world.adopt_rule(LOTTERY, POOL)
        for person in MANY:
            asked(world, person)
        for _ in range(earlier):
            world.years(2026)
        draw(world, 2025)
        play(connection, PAYOUTS, world.facts)
        winners.append({one for one, it in found(connection).items() if it.status == "due"})
    assert winners[0] != winners[1]


def test_a_winner_who_falls_frees_the_next_lot_and_takes_nothing_back_when_she_returns(
    connection: Connection[Any],
) -> None:
    """Two prizes of 300 for three: lots a, b, c. While a is revoked c gets hers, and keeps it."""
    anne, bertha, carla = TEACHERS
    world = employed(*TEACHERS)
    world.years(2025)
    pool = {"budget_cents": 60_000, "order": "lottery"}
    world.adopt_rule(plain_rule(pool=pool), POOL)
    awards = {entitlement_id(POOL, one, _award(world, one)): one for one in (anne, bertha, carla)}
    enrollment = {one: entry for entry, one in _enrollments(world).items()}
    seed = draw(world, 2025)
    first, second, third = sorted(awards, key=lambda one: lot(seed, one))
    play(connection, PAYOUTS, world.facts)
    assert _statuses(connection, first, second, third) == ["due", "due", "not_drawn"]
    world.turn(enrollment[awards[first]])
    fallen = len(world.facts)
    play(connection, PAYOUTS, world.facts)
    assert _statuses(connection, first, second, third) == ["award_revoked", "due", "due"]
    world.turn(enrollment[awards[first]])
    play(connection, PAYOUTS, world.facts)
    assert _statuses(connection, first, second, third) == ["not_drawn", "due", "due"]
    assert _statuses(connection, first, second, third, as_of=fallen - 1) == [
        "due",
        "due",
        "not_drawn",
    ]


def test_a_winner_who_falls_frees_nothing_where_the_rule_says_so(
    connection: Connection[Any],
) -> None:
    world = employed(*TEACHERS)
    world.years(2025)
    pool = {"budget_cents": 30_000, "order": "lottery"}
    world.adopt_rule(plain_rule(pool=pool, revocation={"frees_capacity": False}), POOL)
    ids = {entitlement_id(POOL, one, _award(world, one)): one for one in TEACHERS}
    enrollment = {one: entry for entry, one in _enrollments(world).items()}
    seed = draw(world, 2025)
    first, *rest = sorted(ids, key=lambda one: lot(seed, one))
    world.turn(enrollment[ids[first]])
    play(connection, PAYOUTS, world.facts)
    assert _statuses(connection, first, *rest) == ["award_revoked", "not_drawn", "not_drawn"]


def test_what_comes_after_the_draw_finds_the_pool_closed(connection: Connection[Any]) -> None:
    anne, bertha, _ = TEACHERS
    world = employed(*TEACHERS)
    world.years(2025)
    world.adopt_rule(LOTTERY, POOL)
    first = asked(world, anne)
    draw(world, 2025)
    late = asked(world, bertha)
    play(connection, PAYOUTS, world.facts)
    assert _statuses(connection, first, late) == ["due", "pool_closed"]
    empty = employed(anne)
    empty.years(2025)
    empty.adopt_rule(LOTTERY, POOL)
    draw(empty, 2025)
    alone = asked(empty, anne)
    play(connection, PAYOUTS, empty.facts)
    assert _statuses(connection, alone) == ["pool_closed"]


def test_who_won_is_out_for_three_years_and_who_lost_is_not(connection: Connection[Any]) -> None:
    """One prize of 500 dollars each year, two who ask in both, so each of them gets it once.

    Who won in 2025 cannot win in 2026, so the other does whatever her lot.
    """
    anne, bertha, _ = TEACHERS
    world = employed(anne, bertha)
    world.years(2025, 2026)
    world.adopt_rule(changed(LOTTERY, pool={**_pool(50_000), "winners_max": 1}), POOL)
    before = {person: asked(world, person) for person in (anne, bertha)}
    draw(world, 2025)
    again = {person: asked(world, person, date(2025, 9, 10)) for person in (anne, bertha)}
    draw(world, 2026)
    play(connection, PAYOUTS, world.facts)
    (winner,) = [one for one, it in before.items() if found(connection)[it].status == "due"]
    (loser,) = {anne, bertha} - {winner}
    assert _statuses(connection, before[loser], again[winner], again[loser]) == [
        "not_drawn",
        "cap_reached",
        "due",
    ]
    why = explain(connection, again[winner], effective_on=FAR)
    assert why is not None
    assert [one["rule"] for one in why.checks if one["passed"] is False] == [
        "cap_on_times_per_months",
        "drawn",
    ]


@pytest.mark.parametrize("closed_by", ["draw", "year"])
def test_equal_shares_are_known_once_the_pool_is_closed(
    connection: Connection[Any], closed_by: str
) -> None:
    """1,000.01 dollars for three of 500: 100,001 × 50,000 / 150,000 = 33,333.66, so 333.33 each.

    33,333 × 3 = 99,999; the two cents left go to the first two by place.
    """
    world = employed(*TEACHERS)
    world.years(2025)
    world.adopt_rule(changed(LOTTERY, pool=_pool(100_001, "pro_rata")), POOL)
    ids = [asked(world, person) for person in TEACHERS]
    if closed_by == "draw":
        draw(world, 2025)
    else:
        world.set(FiscalYearClosed(fiscal_year=2025))
    play(connection, PAYOUTS, world.facts)
    shares = [("due", "reduced_by_pool", cents) for cents in (33_334, 33_334, 33_333)]
    assert said([found(connection)[one] for one in ids]) == shares
    assert [one.amount_cents for one in parts(connection, HERE, effective_on=FAR)] == [
        33_334,
        33_334,
        33_333,
    ]


def test_steps_under_a_pool_are_told_to_hr_once_it_is_closed_and_reduced_alike(
    connection: Connection[Any],
) -> None:
    """1,000 dollars for two steps of 1,500: 150,000 × 100,000 / 300,000 = 500 dollars each."""
    anne, bertha, _ = TEACHERS
    world = employed(anne, bertha)
    world.years(2025, 2026)
    world.adopt_rule(changed(shipped("I15"), pool=_pool(100_000, "pro_rata")), POOL)
    for person in (anne, bertha):
        world.credit(person, "district_points", 50_000, MAY)
    play(connection, PAYOUTS, world.facts)
    assert pay_notices.of_district(connection, HERE, effective_on=MAY) == []
    world.set(FiscalYearClosed(fiscal_year=2025))
    play(connection, PAYOUTS, world.facts)
    told = pay_notices.of_district(connection, HERE, effective_on=MAY)
    assert [one.annual_cents for one in told] == [50_000, 50_000]


def test_instalments_of_a_reduced_share_come_to_the_share(connection: Connection[Any]) -> None:
    """300 dollars in three parts of 100; the pool has 200 for two, so 100 each.

    10,000 × 10,000 / 30,000 = 33.33 dollars a part, and the odd cent in the last: 33.34.
    """
    anne, bertha, _ = TEACHERS
    world = employed(anne, bertha)
    world.years(2025)
    timing = {"instalments": {"count": 3}}
    world.adopt_rule(plain_rule(pool=_pool(20_000, "pro_rata"), timing=timing), POOL)
    for person in (anne, bertha):
        world.award(person, CREDENTIALS[0], MAY)
    world.set(FiscalYearClosed(fiscal_year=2025))
    play(connection, PAYOUTS, world.facts)
    paid = parts(connection, HERE, effective_on=FAR)
    assert [one.amount_cents for one in paid] == [3_333, 3_333, 3_334] * 2


def test_funds_pay_their_percents_of_a_reduced_share_to_the_cent(
    connection: Connection[Any],
) -> None:
    """100.01 each of two funds, 60 and 40 percent; the pool has 66.67 for two.

    The first has 33.34 and the second 33.33: 60 % are 20.004 and 19.998, so 20.00 and 20.00, and
    40 % are 13.336 and 13.332, so 13.34 and 13.33.
    """
    world = employed(*TEACHERS[:2])
    world.years(2025)
    split = [{"fund": "title-ii", "percent": 60}, {"fund": "general", "percent": 40}]
    account = {"fund": "title-ii", "shares": split}
    amount = [{"name": "flat", "basis": {"kind": "flat", "amount_cents": 10_001}}]
    pool = _pool(6_667, "pro_rata")
    world.adopt_rule(plain_rule(pool=pool, amount=amount, account=account), POOL)
    for person in TEACHERS[:2]:
        world.award(person, CREDENTIALS[0], MAY)
    world.set(FiscalYearClosed(fiscal_year=2025))
    play(connection, PAYOUTS, world.facts)
    paid = parts(connection, HERE, effective_on=FAR)
    assert [one.amount_cents for one in paid] == [3_334, 3_333]
    lines = derived(connection, HERE, through=POSITION_MAX, pay_date=FAR)
    assert [(one.fund_source, one.amount_cents) for one in lines] == [
        ("title-ii", 2_000),
        ("general", 1_334),
        ("title-ii", 2_000),
        ("general", 1_333),
    ]


CLOSED = ("lottery", "pro_rata")


@st.composite
def pooled_worlds(
    draw_from: st.DrawFn, *, versions: int = 2, orders: Sequence[str] = CLOSED
) -> RuledWorld:
    """Requests, awards, draws and reversals in any order, under pools of some kinds."""
    world = employed(*TEACHERS)
    order = draw_from(st.sampled_from(orders))
    caps = draw_from(st.sampled_from([[], [{"of": "times", "most": 1, "per": "career"}]]))
    frees = draw_from(st.booleans())
    rule = plain_rule(pool=_pool(40_000, order), caps=caps, revocation={"frees_capacity": frees})
    kinds = ["award"] * 9 + ["turn"] * 4 + ["draw 2025", "draw 2026", "close", "years"]
    kinds += ["adopt"] * (versions - 1)
    world.adopt_rule(rule, POOL)
    for kind in draw_from(st.permutations(kinds)):
        if kind == "award":
            day = draw_from(st.sampled_from(DAYS[:6]))
            credential = draw_from(st.sampled_from(CREDENTIALS))
            world.award(draw_from(st.sampled_from(TEACHERS)), credential, day)
        elif kind == "turn" and world.awards:
            world.turn(draw_from(st.sampled_from(sorted(world.awards))))
        elif kind.startswith("draw"):
            draw(world, int(kind.removeprefix("draw ")))
        elif kind == "close":
            world.set(FiscalYearClosed(fiscal_year=2025))
        elif kind == "years":
            world.years(2025, 2026)
        elif kind == "adopt":
            world.adopt_rule(changed(rule, pool=_pool(50_000)), POOL)
    return world


@given(pooled_worlds(), st.data())
@settings(max_examples=FEW)
def test_it_does_not_matter_how_a_log_with_pools_is_cut(
    connection: Connection[Any], world: RuledWorld, data: st.DataObject
) -> None:
    at_once, one_by_one, cut = dumps_however_cut(connection, PAYOUTS, world.facts, data)
    assert at_once == one_by_one == cut


@given(pooled_worlds())
@settings(max_examples=FEW)
def test_no_pool_gives_more_than_it_has_at_any_position(
    connection: Connection[Any], world: RuledWorld
) -> None:
    play(connection, PAYOUTS, world.facts)
    for position in range(1, len(world.facts) + 1):
        given_cents: dict[int, int] = {}
        for one in found(connection, as_of=position).values():
            if one.status == "due":
                year = one.fiscal_year
                given_cents[year] = given_cents.get(year, 0) + one.amount_cents
        assert all(cents <= 50_000 for cents in given_cents.values())


def test_i24_first_come_in_the_order_of_the_log(connection: Connection[Any]) -> None:
    """6,000 + 8,000 = 14,000 of 15,000; the 2,000 of the third do not fit, and nobody passes her.

    The first falls: 8,000 + 2,000 + 500 = 10,500 fit.
    """
    four = MANY[:4]
    world = employed(*four)
    world.years(2025)
    world.adopt_rule(shipped("I24", "first_come"), POOL)
    request = RequestFiled(policy_id=POOL, filed_on=MAY, cost_cents=600_000)
    first = world.file(four[0], request)
    rest = [
        asked(world, person, cost=cents)
        for person, cents in zip(four[1:], (800_000, 200_000, 50_000), strict=True)
    ]
    play(connection, PAYOUTS, world.facts)
    assert _statuses(connection, *rest) == ["due", "budget_exhausted", "budget_exhausted"]
    world.withdraw(four[0], first)
    play(connection, PAYOUTS, world.facts)
    assert _statuses(connection, *rest) == ["due", "due", "due"]
    assert sum(found(connection)[one].amount_cents for one in rest) == 1_050_000


@given(pooled_worlds(versions=1, orders=["first_come"]))
@settings(max_examples=FEW)
def test_a_first_come_pool_pays_in_log_order_at_every_position_and_a_reversal_moves_the_line_up(
    connection: Connection[Any], world: RuledWorld
) -> None:
    """Whole amounts in the order of the log, until one does not fit; nobody passes her."""
    play(connection, PAYOUTS, world.facts)
    for position in range(1, len(world.facts) + 1):
        lines: dict[int, list[Payout]] = {}
        for one in found(connection, as_of=position).values():
            if one.status == "due" or one.reason == "budget_exhausted":
                lines.setdefault(one.fiscal_year, []).append(one)
        for line in lines.values():
            left, told = 40_000, []
            for one in sorted(line, key=lambda one: one.earned_position):
                left = left - one.amount_cents if one.amount_cents <= left else -1
                told.append((one.payout_id, "due" if left >= 0 else "pending"))
            assert told == [
                (one.payout_id, one.status)
                for one in sorted(line, key=lambda one: one.earned_position)
            ]


def _pool(cents: int, order: str = "lottery") -> dict[str, Any]:
    return {"budget_cents": cents, "order": order}


def _award(world: RuledWorld, person: UUID) -> UUID:
    enrollment = world.award(person, CREDENTIALS[0], MAY)
    assert enrollment is not None
    return enrollment


def _enrollments(world: RuledWorld) -> dict[UUID, UUID]:
    return {enrollment: event.person_id for enrollment, event in world.awards.items()}


def _statuses(connection: Connection[Any], *ids: UUID, as_of: int = POSITION_MAX) -> list[str]:
    payouts = found(connection, as_of)
    return [payouts[one].reason or payouts[one].status for one in ids]
