"""How a budget falls on a line, and what happens when somebody leaves it or joins it."""

from __future__ import annotations

from itertools import accumulate
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.allocation import Line, Turn, Wanted, waiting
from ledger.rules.allocation import wanted as claim_for_year
from tests.samples import named


def wanted(
    number: int, cents: int = 30_000, budget: int | None = 70_000, *, closed: bool = False
) -> Wanted:
    """A claim at position `number`."""
    place = (int(not closed), number, number)
    return Wanted(place, named(f"claim {number}"), cents, budget)


def turn(position: int, *, left: list[Wanted] | None = None, joined: list[Wanted]) -> Turn:
    return Turn(position, tuple(left or ()), tuple(sorted(joined)))


def ids(*numbers: int) -> set[UUID]:
    return {named(f"claim {number}") for number in numbers}


def line_of(*claims: Wanted) -> Line:
    line = Line()
    for one in claims:
        line.take(turn(one.place[1], joined=[one]))
    return line


def test_a_budget_pays_whole_amounts_in_order_and_the_rest_waits() -> None:
    """700 dollars: 300 and 300 fit, the third 300 would make 900."""
    assert waiting([wanted(1), wanted(2), wanted(3)]) == ids(3)
    assert waiting([wanted(1), wanted(2), wanted(3, 10_000)]) == set()


def test_nobody_passes_the_one_who_waits() -> None:
    """600 of 700 are claimed; 300 more waits, and so does the 100 behind it that would fit."""
    assert waiting([wanted(1), wanted(2), wanted(3), wanted(4, 10_000)]) == ids(3, 4)


def test_without_a_budget_nobody_waits_but_what_is_claimed_counts() -> None:
    assert waiting([wanted(1, budget=None), wanted(2, budget=None)]) == set()
    assert waiting([wanted(1, 60_000, None), wanted(2)]) == ids(2)


def test_money_that_is_freed_goes_to_the_next_in_line() -> None:
    line = line_of(*(wanted(n) for n in range(1, 5)))
    assert line.waiting == ids(3, 4)
    assert line.take(turn(9, left=[wanted(1)], joined=[])) == (set(), ids(3))
    assert line.waiting == ids(4)
    assert line.claimed_cents == 90_000


def test_who_comes_back_takes_the_old_place() -> None:
    line = line_of(*(wanted(n) for n in range(1, 4)))
    line.take(turn(8, left=[wanted(1)], joined=[]))
    assert line.waiting == set()
    assert line.take(turn(9, joined=[wanted(1)])) == (ids(3), set())


def test_who_was_paid_stands_before_who_comes_back() -> None:
    """700 dollars: the second and third were paid when the first comes back, so she waits."""
    line = line_of(*(wanted(n, closed=n > 1) for n in (2, 3)))
    assert line.take(turn(9, joined=[wanted(1)])) == (ids(1), set())
    voided = turn(10, left=[wanted(3, closed=True)], joined=[wanted(3)])
    assert line.take(voided) == (ids(3), ids(1))


def test_what_a_claim_has_risen_by_since_it_was_paid_waits_at_its_own_place() -> None:
    """700 dollars: of the third 300 are paid. She rises by 150 behind two who ask for 200 each."""
    asked = {"amount_cents": 45_000, "closed_cents": 30_000, "budget_cents": 70_000}
    third = claim_for_year((3, 3), named("claim 3"), **asked)
    assert [(one.place, one.amount_cents) for one in third] == [
        ((0, 3, 3), 30_000),
        ((1, 3, 3), 15_000),
    ]
    two = [wanted(1, 20_000), wanted(2, 20_000)]
    assert waiting(sorted([*two, *third])) == ids(3)
    assert waiting(sorted([wanted(1, 20_000), *third])) == set()


def test_what_was_paid_waits_for_no_budget() -> None:
    """400 dollars were paid when the board left 300 for the year: nobody is asked to give back."""
    paid = [wanted(1, 20_000, 30_000, closed=True), wanted(2, 20_000, 30_000, closed=True)]
    assert waiting([*paid, wanted(3, 10_000, 30_000)]) == ids(3)


def test_claims_of_one_position_stand_in_order_of_the_award_behind_them() -> None:
    first = Wanted((1, 50, 7), named("first"), 40_000, 70_000)
    second = Wanted((1, 50, 9), named("second"), 40_000, 70_000)
    line = Line()
    assert line.take(turn(50, joined=[second, first])) == ({named("second")}, set())


def test_a_line_that_only_grows_needs_no_more_than_its_sum_and_end() -> None:
    known = line_of(wanted(1), wanted(2))
    short = Line(known.claimed_cents, known.end)
    turns = [turn(3, joined=[wanted(3)]), turn(4, joined=[wanted(4, 0)])]
    assert short.only_grows(turns)
    assert [short.take(one) for one in turns] == [known.take(one) for one in turns]
    assert (short.claimed_cents, short.end) == (known.claimed_cents, known.end)


@pytest.mark.parametrize(
    "change",
    [
        turn(9, left=[wanted(1)], joined=[]),
        turn(9, joined=[wanted(1)]),
        turn(9, left=[wanted(2)], joined=[wanted(2, 10_000)]),
        turn(9, joined=[wanted(9, closed=True)]),
    ],
)
def test_a_change_in_the_midst_of_a_line_is_no_growth(change: Turn) -> None:
    line = line_of(wanted(2))
    assert not line.only_grows([turn(3, joined=[wanted(3)]), change])


STEPS = st.lists(
    st.tuples(st.integers(1, 12), st.sampled_from([0, 10_000, 30_000, 45_000])), max_size=25
)
BUDGETS = st.sampled_from([None, 0, 40_000, 100_000])


@given(STEPS, BUDGETS, st.data())
def test_a_line_changed_step_by_step_is_the_line_as_a_whole(
    steps: list[tuple[int, int]], budget: int | None, data: st.DataObject
) -> None:
    """Each step one joins at its place, or leaves when it is there already."""
    line, here = Line(), dict[int, Wanted]()
    waits, last = set[UUID](), (0, 0)
    for position, (number, cents) in enumerate(steps, start=20):
        if number in here:
            change = turn(position, left=[here.pop(number)], joined=[])
        else:
            own, closed = data.draw(st.sampled_from([budget, 60_000])), data.draw(st.booleans())
            here[number] = wanted(number, cents, own, closed=closed)
            last = max(last, (number, number))
            change = turn(position, joined=[here[number]])
        began, ended = line.take(change)
        assert not began & waits
        assert ended <= waits
        waits = (waits | began) - ended
        assert waits == waiting(sorted(here.values())) == line.waiting
        assert line.end == last, "whatever payroll has closed, and however a log is cut"


@given(STEPS, st.integers(0, 150_000))
def test_what_is_paid_never_exceeds_the_budget_and_the_first_who_waits_did_not_fit(
    steps: list[tuple[int, int]], budget: int
) -> None:
    line = [wanted(n, cents, budget) for n, (_, cents) in enumerate(steps)]
    waits = waiting(line)
    paid = [one.amount_cents for one in line if one.payout_id not in waits]
    assert sum(paid) <= budget
    if waits:
        first = next(one for one in line if one.payout_id in waits)
        assert sum(paid) + first.amount_cents > budget
        assert paid == [one.amount_cents for one in line[: len(paid)]]


@given(STEPS, st.integers(0, 150_000), st.data())
def test_leaving_never_takes_anything_from_anybody(
    steps: list[tuple[int, int]], budget: int, data: st.DataObject
) -> None:
    line = [wanted(n, cents, budget) for n, (_, cents) in enumerate(steps, start=1)]
    if line:
        gone = data.draw(st.sampled_from(line))
        rest = [one for one in line if one is not gone]
        assert waiting(rest) <= waiting(line)


def test_the_sum_runs_along_the_line() -> None:
    claims = [wanted(n, n * 10_000) for n in range(1, 6)]
    sums = list(accumulate(one.amount_cents for one in claims))
    assert waiting(claims) == {
        one.payout_id for one, cents in zip(claims, sums, strict=True) if cents > 70_000
    }
