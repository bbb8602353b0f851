"""A batch beside the one before: what is a warning, and what is only counted."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.batch_comparison import compare, paid
from tests.samples import named

ADA, BEA, EVA = (str(named(name)) for name in ("Ada", "Bea", "Eva"))
PAID = st.lists(st.tuples(st.sampled_from([ADA, BEA, EVA]), st.integers(-(10**6), 10**6)))


@pytest.mark.parametrize(
    ("now", "warned"),
    [(7_499, True), (7_500, False), (10_000, False), (12_500, False), (12_501, True), (0, True)],
)
def test_more_than_a_quarter_is_a_warning_and_a_quarter_is_none(*, now: int, warned: bool) -> None:
    found = compare(1, paid([(ADA, 10_000)]), paid([(ADA, now)]))
    assert [one.about for one in found.warnings] == ["sum", "positive", "person"] * warned


def test_the_lines_of_one_person_are_taken_together() -> None:
    found = compare(7, paid([(ADA, 6_000), (ADA, 4_000)]), paid([(ADA, 20_000), (ADA, -10_000)]))
    assert found.compared_with == 7
    assert [(one.about, one.before_cents, one.now_cents) for one in found.warnings] == [
        ("positive", 10_000, 20_000),
        ("negative", 0, -10_000),
    ]


def test_who_is_paid_in_one_of_them_alone_is_counted() -> None:
    found = compare(1, paid([(ADA, 100), (EVA, 100)]), paid([(BEA, 100), (EVA, 100)]))
    assert found.warnings == ()
    assert (found.new_persons, found.absent_persons) == (1, 1)


@given(PAID)
def test_a_batch_does_not_differ_from_itself(lines: list[tuple[str, int]]) -> None:
    found = compare(1, paid(lines), paid(reversed(lines)))
    assert (found.warnings, found.new_persons, found.absent_persons) == ((), 0, 0)
    assert found.before == found.now


@given(PAID, PAID)
def test_whoever_is_warned_of_is_in_both_and_gets_another_amount(
    before: list[tuple[str, int]], now: list[tuple[str, int]]
) -> None:
    found = compare(1, paid(before), paid(now))
    both = {who for who, _ in before} & {who for who, _ in now}
    persons = [one for one in found.warnings if one.about == "person"]
    warned = [str(one.person_id) for one in persons]
    assert set(warned) <= both
    assert warned == sorted(warned)
    assert all(one.before_cents != one.now_cents for one in found.warnings)
    assert found.new_persons + len(both) == len({who for who, _ in now})
    assert found.absent_persons + len(both) == len({who for who, _ in before})


@given(PAID)
def test_two_records_of_one_person_are_added_up_as_one(lines: list[tuple[str, int]]) -> None:
    meant = {BEA: ADA}
    assert paid(lines).meaning(meant) == paid(
        [(meant.get(who, who), cents) for who, cents in lines]
    )


def test_lines_of_two_records_are_of_one_person_once_those_were_merged() -> None:
    lines = paid([(ADA, 6_000), (BEA, 4_000), (EVA, 100)])
    assert lines.meaning({}) == lines
    merged = lines.meaning({BEA: ADA})
    assert merged.by_person == {ADA: 10_000, EVA: 100}
    assert merged.sums == lines.sums
    found = compare(1, merged, paid([(ADA, 10_000), (EVA, 100)]))
    assert (found.warnings, found.new_persons, found.absent_persons) == ((), 0, 0)
