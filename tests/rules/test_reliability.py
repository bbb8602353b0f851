"""Agreement and kappa of two assessors, in the numbers of the field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.reliability import Agreement, agreement_of, percentile

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60)


def judged(both: int, first: int, second: int, neither: int) -> list[tuple[bool, bool]]:
    kinds = ((True, True), (True, False), (False, True), (False, False))
    counts = (both, first, second, neither)
    return [kind for kind, count in zip(kinds, counts, strict=True) for _ in range(count)]


def test_seven_of_ten_agree_and_kappa_is_forty_percent() -> None:
    """Both pass 20, one alone 5, the other alone 10, neither 15: (0.70 - 0.50) / 0.50 = 0.40.

    The standard error is sqrt(0.7 * 0.3 / 50) / 0.5 = 0.1296, so 0.40 ± 0.254.
    """
    assert agreement_of(judged(20, 5, 10, 15)) == Agreement(
        50, 20, 5, 10, 15, 700, 400, 146, 654, unstable=False
    )


def test_where_nearly_all_pass_nine_of_ten_agree_and_kappa_says_little() -> None:
    """90, 5, 5, 0: (0.90 - 0.905) / 0.095 = -0.053."""
    found = agreement_of(judged(90, 5, 5, 0))
    assert (found.agreement_per_mille, found.kappa_per_mille) == (900, -53)
    assert found.unstable


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 0, 0, 0), (None, None, True)),
        ((12, 0, 0, 0), (1000, None, True)),
        ((5, 0, 0, 4), (1000, 1000, True)),
        ((5, 0, 0, 5), (1000, 1000, False)),
        ((0, 5, 5, 0), (0, -1000, False)),
    ],
)
def test_of_nothing_of_few_and_of_one_kind_alone(
    counts: tuple[int, int, int, int], expected: tuple[int | None, int | None, bool]
) -> None:
    found = agreement_of(judged(*counts))
    assert (found.agreement_per_mille, found.kappa_per_mille, found.unstable) == expected


@given(PAIRS)
def test_who_of_the_two_is_called_first_makes_no_difference(
    pairs: list[tuple[bool, bool]],
) -> None:
    one, other = agreement_of(pairs), agreement_of([(second, first) for first, second in pairs])
    assert (one.kappa_per_mille, one.unstable) == (other.kappa_per_mille, other.unstable)
    assert (one.first_met, one.second_met) == (other.second_met, other.first_met)


@given(PAIRS)
def test_kappa_lies_in_its_interval_and_is_no_more_than_the_agreement(
    pairs: list[tuple[bool, bool]],
) -> None:
    found = agreement_of(pairs)
    if found.kappa_per_mille is None:
        return
    assert found.agreement_per_mille is not None
    assert found.kappa_low_per_mille is not None
    assert found.kappa_high_per_mille is not None
    assert -1000 <= found.kappa_low_per_mille <= found.kappa_per_mille
    assert found.kappa_per_mille <= min(found.kappa_high_per_mille, found.agreement_per_mille)
    assert found.kappa_high_per_mille <= 1000


def test_nine_of_ten_do_not_exceed_the_ninth_smallest() -> None:
    days = [9, 1, 8, 2, 7, 3, 6, 4, 5, 30]
    assert (percentile(days, 50), percentile(days, 90), percentile(days, 100)) == (5, 9, 30)
    assert (percentile([4], 50), percentile([], 90)) == (4, None)
