"""Terms: each day lies in one half of a school year, and its name leads back to it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.rules.terms import NoSuchTermError, Term, term_named, term_of


@given(st.dates(date(2, 1, 1), date(9998, 12, 31)))
def test_a_day_lies_in_the_term_that_its_name_leads_to(day: date) -> None:
    term = term_of(day)
    assert term.first_day <= day <= term.last_day
    assert term_named(term.name) == term
    assert term_of(term.last_day + timedelta(days=1)).first_day > term.last_day


def test_the_fall_is_until_december_and_the_spring_until_june() -> None:
    fall, spring = term_of(date(2024, 7, 1)), term_of(date(2025, 6, 30))
    assert fall == Term("2024-25 fall", date(2024, 7, 1), date(2024, 12, 31))
    assert spring == Term("2024-25 spring", date(2025, 1, 1), date(2025, 6, 30))
    assert term_of(date(1999, 9, 1)).name == "1999-00 fall"


@pytest.mark.parametrize(
    "name",
    ["", "2024-26 fall", "2024-25 summer", "2024-25fall", "0000-01 fall", "9999-00 spring", "²024"],
)
def test_what_names_no_term_is_refused(name: str) -> None:
    with pytest.raises(NoSuchTermError) as refused:
        term_named(name)
    assert refused.value.slug == "no-such-term"
