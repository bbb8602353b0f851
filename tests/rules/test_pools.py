"""Pools that are given out when they close, beside a draw that is done over for each turn."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import pairwise
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.caps import Used, Wish, lot, pro_rata
from ledger.rules.entitlements.pools import Claim, Close, Given, Won, given_out, mixed_seed
from ledger.values import POSITION_MAX
from tests.rules.dossiers import plain_rule
from tests.samples import named

CLOSE = Close(2025, 50, "seed")
AMOUNTS = st.sampled_from([0, 1, 3_333, 10_000, 20_000, 30_000])


def pool(order: str, cents: int, *, winners: int | None = None, frees: bool = True) -> Rule:
    return plain_rule(
        pool={"budget_cents": cents, "order": order, "winners_max": winners},
        revocation={"frees_capacity": frees},
    )


def claim(name: int, begin: int, end: int | None, cents: int) -> Claim:
    entitlement, person = named(f"claim {name}"), named(f"claimant {name}")
    return Claim(entitlement, person, begin, end, (name, name), cents, date(2025, 5, 1), None)


@st.composite
def claims(draw: st.DrawFn) -> list[Claim]:
    """Versions of some claims, one after another or with a pause, before and after the close."""
    made = []
    for name in range(draw(st.integers(1, 7))):
        turns = sorted(draw(st.sets(st.integers(40, 70), min_size=1, max_size=6)))
        for begin, end in zip(turns, [*turns[1:], None], strict=True):
            if draw(st.sampled_from([True, True, True, False])):
                made.append(claim(name, begin, end, draw(AMOUNTS)))
    return made


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    order = draw(st.sampled_from(["lottery", "lottery", "pro_rata"]))
    winners = draw(st.sampled_from([None, None, 1, 2, 3])) if order == "lottery" else None
    cents = draw(st.sampled_from([1, 9_999, 40_000, 65_000]))
    return pool(order, cents, winners=winners, frees=draw(st.booleans()))


class Slow:
    """The same pool, given out anew over all lots wherever anything changes."""

    def __init__(self, rule: Rule, made: Sequence[Claim]) -> None:
        assert rule.pool is not None
        self.rule, self.pool = rule, rule.pool
        self.hat = {one.entitlement_id: one for one in made if one.stands_at(CLOSE.position)}
        self.made = made
        self.held: dict[UUID, int] = {}

    def spans(self) -> dict[int, dict[UUID, int]]:
        """What each claim has that stands at a position, for every position from the close on."""
        found = {}
        for position in range(CLOSE.position, 75):
            live = {one.entitlement_id: one for one in self.made if one.stands_at(position)}
            self.give({one: each.cents for one, each in live.items() if one in self.hat})
            found[position] = {
                one: min(self.held.get(one, 0), each.cents) for one, each in live.items()
            }
        return found

    def give(self, standing: dict[UUID, int]) -> None:
        if self.pool.order == "pro_rata":
            if not self.held:
                asked = [one for one in self.hat.values() if one.cents]
                wishes = [Wish(one.place, one.entitlement_id, one.cents) for one in asked]
                self.held = pro_rata(self.pool.budget_cents, wishes)
            return
        frees = self.rule.revocation.frees_capacity
        self.held = {
            one: min(cents, standing.get(one, cents))
            for one, cents in self.held.items()
            if one in standing or not frees
        }
        left = self.pool.budget_cents - sum(self.held.values())
        for one in sorted(self.hat, key=lambda one: lot("seed", one)):
            more = min(self.hat[one].cents, standing.get(one, 0)) - self.held.get(one, 0)
            full = self.pool.winners_max is not None and len(self.held) >= self.pool.winners_max
            if more <= 0 or (full and one not in self.held):
                continue
            if more > left:
                break
            self.held[one] = self.held.get(one, 0) + more
            left -= more


def at(spans: Sequence[Given], position: int) -> dict[UUID, int]:
    return {
        one.entitlement_id: one.cents
        for one in spans
        if one.from_position <= position < (one.to_position or POSITION_MAX)
    }


@given(rules(), claims())
def test_every_claim_has_at_every_position_what_drawing_all_lots_anew_gives(
    rule: Rule, made: list[Claim]
) -> None:
    given_spans = given_out(rule, CLOSE, made)
    for position, expected in Slow(rule, made).spans().items():
        assert at(given_spans, position) == expected


@given(rules(), claims())
def test_spans_of_a_claim_follow_on_one_another_and_each_says_something_new(
    rule: Rule, made: list[Claim]
) -> None:
    spans: dict[UUID, list[Given]] = {}
    for one in given_out(rule, CLOSE, made):
        spans.setdefault(one.entitlement_id, []).append(one)
    begins = {(one.entitlement_id, max(one.from_position, CLOSE.position)) for one in made}
    for of_one in spans.values():
        for before, after in pairwise(of_one):
            assert before.to_position is not None
            assert before.to_position <= after.from_position
            if (after.entitlement_id, after.from_position) not in begins:
                told = [(span.cents, span.reason) for span in (before, after)]
                assert told[0] != told[1]


def test_a_draw_with_many_turns_costs_what_they_change() -> None:
    """2,000 claims of 1.00 for 1,000.00, of which every winner falls: 1,000 others follow.

    Drawn over at each of 2,000 turns it would be four million lots; every claim is looked at a
    few times instead, which a count of the spans shows, however fast the machine is.
    """
    rule = pool("lottery", 100_000)
    standing = [claim(name, 10, None, 100) for name in range(2_000)]
    first = {one for one, cents in at(given_out(rule, CLOSE, standing), 50).items() if cents}
    assert len(first) == 1_000
    turned = [
        one._replace(to_position=60 + turn) if one.entitlement_id in first else one
        for turn, one in enumerate(standing)
    ]
    spans = given_out(rule, CLOSE, turned)
    assert len(spans) == 3_000  # a span for each who fell, two for each who waited and then won
    after = at(spans, 5_000)
    assert set(after.values()) == {100}
    assert first.isdisjoint(after)


def test_a_lot_that_no_longer_fits_ends_the_draw() -> None:
    """Whoever comes behind it gets nothing, even what would have fitted."""
    claims = [claim(name, 10, None, 20_000) for name in range(3)]
    first, second, third = sorted(claims, key=lambda one: lot(CLOSE.seed or "", one.entitlement_id))
    asks = [first, second, third._replace(cents=1)]
    for budget_cents, winners in ((30_000, [first]), (40_000, [first, second])):
        drawn = at(given_out(pool("lottery", budget_cents), CLOSE, asks), 50)
        given = {one.entitlement_id: 20_000 for one in winners}
        assert {one: cents for one, cents in drawn.items() if cents} == given


def test_what_she_won_before_counts_in_her_limits_while_she_has_it() -> None:
    """At the most 300.00 a career: 200.00 of last year's pool leave 100.00 of this one's."""
    rule = plain_rule(
        pool={"budget_cents": 100_000, "order": "pro_rata"},
        caps=[{"of": "cents", "most": 30_000, "per": "career"}],
    )
    asks = claim(1, 40, None, 30_000)

    def given_with(from_position: int, to_position: int | None) -> int:
        used = Used(date(2024, 5, 1), 2024, None, 20_000)
        won = Won(asks.person_id, from_position, to_position, used)
        return at(given_out(rule, CLOSE, [asks], [won]), 50)[asks.entitlement_id]

    assert given_with(30, None) == 10_000
    assert given_with(50, 51) == 10_000
    assert given_with(30, 50) == 30_000, "it was taken back as this pool closed"
    assert given_with(51, None) == 30_000, "it was not hers yet"


def test_a_seed_is_of_what_was_said_and_of_the_moment() -> None:
    moment = datetime(2025, 3, 3, 12, tzinfo=UTC)
    seed = mixed_seed("seven", moment)
    assert seed == mixed_seed("seven", moment)
    others = [("eight", moment), ("seven", moment.replace(microsecond=1))]
    assert seed not in {mixed_seed(*other) for other in others}
