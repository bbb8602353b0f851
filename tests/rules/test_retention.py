"""How long what was paid keeps somebody from being forgotten."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given as for_all
from hypothesis import strategies as st

from ledger.rules.retention import (
    NOTHING,
    Employed,
    Hindrance,
    evidence_hindrance,
    payroll_kept_until,
    person_hindrance,
    with_hold,
)

DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
TODAY = date(2026, 11, 22)


def hindrance(*spans: tuple[str, str | None], paid: str | None = None, today: str) -> Hindrance:
    held = [
        Employed(date.fromisoformat(first), date.fromisoformat(last) if last else None)
        for first, last in spans
    ]
    paid_until = date.fromisoformat(paid) if paid else None
    return person_hindrance(held, paid_until=paid_until, today=date.fromisoformat(today))


def test_payroll_is_kept_four_years_after_the_return_of_the_fourth_quarter() -> None:
    assert payroll_kept_until(date(2025, 1, 1)) == date(2030, 1, 31)
    assert payroll_kept_until(date(2025, 12, 31)) == date(2030, 1, 31)
    assert payroll_kept_until(date(2026, 1, 1)) == date(2031, 1, 31)
    assert payroll_kept_until(date(1999, 6, 1)) == date(2004, 1, 31), "before the first period"


def test_whoever_works_somewhere_is_not_forgotten_and_nobody_knows_until_when() -> None:
    both = hindrance(("2020-08-01", "2021-06-30"), ("2022-08-01", None), today="2035-01-01")
    assert both == Hindrance(("employed",), None)


def test_an_end_that_lies_ahead_gives_a_day() -> None:
    found = hindrance(("2020-08-01", "2026-06-30"), today="2026-06-30")
    assert found == Hindrance(("employed", "payroll-retention"), date(2031, 2, 1))


def test_the_last_day_of_all_districts_and_payments_counts() -> None:
    spans = (("2020-08-01", "2021-06-30"), ("2019-08-01", "2020-06-30"))
    assert hindrance(*spans, today="2026-01-31").allowed_from == date(2026, 2, 1)
    assert hindrance(*spans, today="2026-02-01") == NOTHING
    later = hindrance(*spans, paid="2022-01-15", today="2026-02-01")
    assert later == Hindrance(("payroll-retention",), date(2027, 2, 1))


def test_whoever_was_never_employed_nor_paid_may_go_at_once() -> None:
    assert hindrance(today="2026-01-01") == NOTHING
    assert not NOTHING


@for_all(last=DAYS, today=DAYS, paid=st.none() | DAYS)
def test_what_is_named_as_the_day_is_the_first_on_which_nothing_hinders(
    last: date, today: date, paid: date | None
) -> None:
    held = [Employed(date(1990, 1, 1), last)]
    found = person_hindrance(held, paid_until=paid, today=today)
    if found:
        assert found.allowed_from is not None
        assert found.allowed_from > today
        day = found.allowed_from
        assert not person_hindrance(held, paid_until=paid, today=day)
        assert person_hindrance(held, paid_until=paid, today=day - timedelta(days=1))


def test_a_file_waits_for_the_decision_and_for_the_time_to_appeal() -> None:
    waits = evidence_hindrance(reviewed=True, appeal_possible_until=None, today=TODAY)
    assert waits == Hindrance(("under-review",), None)
    until = evidence_hindrance(reviewed=False, appeal_possible_until=TODAY, today=TODAY)
    assert until == Hindrance(("under-review",), TODAY + timedelta(days=1))
    yesterday = TODAY - timedelta(days=1)
    assert not evidence_hindrance(reviewed=False, appeal_possible_until=yesterday, today=TODAY)
    assert not evidence_hindrance(reviewed=False, appeal_possible_until=None, today=TODAY)


def test_under_a_hold_nobody_can_name_a_day() -> None:
    assert with_hold(NOTHING) == Hindrance(("legal-hold",), None)
    dated = Hindrance(("payroll-retention",), TODAY)
    assert with_hold(dated) == Hindrance(("legal-hold", "payroll-retention"), None)
