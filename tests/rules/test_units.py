"""What counts toward a threshold: years with a limit, steps, units brought along, missing years."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from ledger.events.policy_rule import Rule, UnitsTrigger
from ledger.rules.entitlements.evaluate import evaluate
from ledger.rules.entitlements.facts import Calendar
from ledger.rules.entitlements.units import balance, next_threshold
from tests.rules.dossiers import OnFile, fiscal_years, plain_rule, policy_of, said

HIRED = date(2020, 8, 17)
MARCH = date(2025, 3, 10)
ONE_YEAR = Calendar(fiscal_years(2025, 2025))
TWO_YEARS = Calendar(fiscal_years(2025, 2026))
NO_YEARS = Calendar()
COURSES = {"of": "activity", "activities": ["course"]}


def trigger(**changes: Any) -> dict[str, Any]:
    """A threshold every ten hours of courses, three at the most."""
    fields = {"unit": "hour", "sources": [COURSES], "thresholds": [10, 20, 30]}
    return {"kind": "credits_threshold", **fields, **changes}


def counting(**changes: Any) -> Rule:
    return plain_rule(trigger=trigger(**changes))


def courses(calendar: Calendar, *taken: tuple[int, date]) -> OnFile:
    """Hours of courses, each on its day."""
    file = OnFile(calendar).hired(HIRED)
    for number, (hours, day) in enumerate(taken):
        file.activity(f"course {number}", "course", hours * 100, day)
    return file


def brought_along(file: OnFile) -> OnFile:
    """The same file, whose first activity comes from an earlier system."""
    first, *others = file.dossier.activities
    file.dossier = replace(file.dossier, activities=(first._replace(opening=True), *others))
    return file


def test_what_no_source_of_the_rule_names_counts_for_nothing() -> None:
    file = courses(ONE_YEAR, (9, MARCH)).activity("talk", "lecture", 900, MARCH)
    found = file.under(counting())
    assert [one.units for one in found.contributions] == [9]
    assert found.findings == ()


def test_what_a_year_cannot_take_waits_for_a_year_that_is_not_set_yet() -> None:
    """Twenty hours, of which a year counts twelve; the other eight reach 20 in the next one."""
    rule = counting(yearly_units_max=12, excess="carried_over")
    waiting = courses(ONE_YEAR, (20, MARCH)).under(rule)
    assert [one.occasion.reached for one in waiting.findings] == [10]
    assert waiting.balance is not None
    assert (waiting.balance.counted, waiting.balance.banked) == (12, 2)
    then = courses(TWO_YEARS, (20, MARCH)).under(rule)
    assert [(one.occasion.reached, one.occasion.days.earned) for one in then.findings] == [
        (10, MARCH),
        (20, date(2025, 7, 1)),
    ]


def test_a_year_that_is_full_brings_nothing_more_and_the_next_begins_anew() -> None:
    rule = counting(yearly_units_max=12, excess="lost")
    file = courses(TWO_YEARS, (12, MARCH), (5, date(2025, 4, 1)), (8, date(2025, 9, 1)))
    assert [one.occasion.days.earned for one in file.findings(rule)] == [MARCH, date(2025, 9, 1)]
    left = file.under(rule).balance
    assert left is not None
    assert left.counted == 20, "the five of April are lost"


def test_a_step_in_a_year_that_nobody_has_set_waits_for_it() -> None:
    """The first step has a year; the second has to wait for one that the calendar lacks."""
    rule = counting(steps_per_year_max=1)
    found = courses(ONE_YEAR, (20, MARCH)).findings(rule)
    assert said(found) == [
        ("due", None, 30_000),
        ("pending", "calendar_missing", 30_000),
    ]


def test_hours_brought_along_count_and_bring_no_step_by_themselves() -> None:
    file = brought_along(courses(ONE_YEAR, (12, date(2024, 8, 1)), (8, MARCH)))
    found = file.findings(counting())
    assert [(one.occasion.reached, one.occasion.days.earned) for one in found] == [(20, MARCH)]


@pytest.mark.parametrize(
    ("day", "counted", "used"),
    [
        (date(2025, 3, 9), 0, 0),
        (MARCH, 12, 10),
        (date(2025, 5, 1), 21, 20),
        (date(2026, 3, 9), 21, 20),
        (date(2026, 3, 10), 9, 0),
    ],
)
def test_a_balance_as_of_a_day_leaves_out_what_is_later_and_what_has_expired(
    day: date, counted: int, used: int
) -> None:
    """Twelve hours on 10 March and nine on 1 May 2025, each for twelve months."""
    rule = counting(expire_months=12)
    file = courses(TWO_YEARS, (12, MARCH), (9, date(2025, 5, 1)))
    found = file.under(rule).contributions
    then = balance(rule, TWO_YEARS, found, day)
    assert (then.counted, then.used) == (counted, used)


@pytest.mark.parametrize(
    ("used", "then_every", "ahead"),
    [(0, None, 10), (10, None, 20), (29, None, 30), (30, None, None), (30, 15, 45), (45, 15, 60)],
)
def test_the_next_threshold_is_the_first_one_beyond(
    used: int, then_every: int | None, ahead: int | None
) -> None:
    asked = UnitsTrigger.model_validate(trigger(then_every=then_every))
    assert next_threshold(asked, Fraction(used)) == ahead


def test_what_counts_by_years_waits_while_no_year_is_set() -> None:
    """One finding stands for whatever will be found, dated by the newest thing on file."""
    rule = counting(yearly_units_max=12)
    (found,) = courses(NO_YEARS, (12, MARCH), (5, date(2025, 4, 1))).findings(rule)
    assert (found.verdict, found.reason) == ("pending", "calendar_missing")
    assert found.occasion.kind == "threshold"
    assert found.occasion.days.earned == date(2025, 4, 1)


def test_with_nothing_on_file_nothing_waits_for_the_calendar() -> None:
    rule = plain_rule(trigger={"kind": "annual_recertification", "held_on": "--10-01"})
    assert evaluate(policy_of(rule), OnFile(NO_YEARS).hired(HIRED).dossier).findings == ()
    waiting = OnFile(NO_YEARS).hired(HIRED).award("mc", MARCH).findings(rule)
    assert [(one.occasion.kind, one.verdict, one.reason) for one in waiting] == [
        ("year", "pending", "calendar_missing")
    ]


def test_hours_count_from_the_day_they_were_taken_however_late_they_are_recorded() -> None:
    """Six hours of April are recorded first, six of March later: ten are together in April."""
    april = date(2025, 4, 1)
    (found,) = courses(ONE_YEAR, (6, april), (6, MARCH)).findings(counting())
    assert (found.occasion.reached, found.occasion.days.earned) == (10, april)


def test_a_balance_by_years_is_that_of_the_year_of_the_day_asked_for() -> None:
    rule = counting(each_year=True)
    found = courses(TWO_YEARS, (12, MARCH), (8, date(2025, 9, 1))).under(rule).contributions
    balances = [balance(rule, TWO_YEARS, found, day) for day in (MARCH, date(2025, 9, 1))]
    assert [(one.counted, one.used) for one in balances] == [(12, 10), (8, 0)]


def test_no_threshold_is_used_while_a_category_lacks_what_it_has_to_bring() -> None:
    """Twelve hours in all, and none of the three on teaching that the rule asks for."""
    rule = counting(categories=[{"category": "any"}, {"category": "teaching", "units_min": 3}])
    found = courses(ONE_YEAR, (12, MARCH)).under(rule)
    assert found.findings == ()
    assert found.balance is not None
    assert not found.balance.categories_met
    assert (found.balance.counted, found.balance.used, found.balance.banked) == (12, 0, 12)


def test_what_is_carried_over_comes_after_what_was_brought_along_meanwhile() -> None:
    """Twelve of twenty hours count in March, twelve brought along in April, eight more in July.

    The second threshold falls to the hours brought along, which bring no step; the third is July's.
    """
    rule = counting(yearly_units_max=12, excess="carried_over")
    file = courses(TWO_YEARS, (12, date(2025, 4, 1)), (20, MARCH))
    found = brought_along(file).findings(rule)
    assert [(one.occasion.reached, one.occasion.days.earned) for one in found] == [
        (10, MARCH),
        (30, date(2025, 7, 1)),
    ]
