"""A year's rise of base pay over its pays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.base_pay import over_pays


def test_practice_20_twelve_hundred_dollars_are_25_pays_of_4615_cents_and_one_of_4625() -> None:
    assert over_pays(20_000 + 40_000 + 60_000, 26) == (26, 4_615, 4_625)
    assert 25 * 4_615 + 4_625 == 120_000


@given(st.integers(0, 10**9), st.integers(1, 60))
def test_pays_add_up_to_the_year_and_the_last_has_what_is_left(cents: int, pays: int) -> None:
    split = over_pays(cents, pays)
    assert split.each_cents * (pays - 1) + split.last_cents == cents
    assert 0 <= split.last_cents - split.each_cents < pays
