"""What counts toward a threshold: years with a limit, steps, units brought along, missing years."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from ledger.events.policy_rule import Rule, UnitsTrigger
from ledger.rules.entitlements.days import Days
from ledger.rules.entitlements.evaluate import evaluate
from ledger.rules.entitlements.facts import Calendar
from ledger.rules.entitlements.occasions import Occasion
from ledger.rules.entitlements.units import (
    balance,
    contributions,
    next_threshold,
    thresholds,
)
from tests.rules.dossiers import POLICY, OnFile, fiscal_years, plain_rule, policy_of, said
from tests.samples import named

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


def award_rule(**changes: Any) -> Rule:
    return counting(unit="award", sources=[{"of": "award"}], thresholds=[2, 3], **changes)


def awards_file(*days: date) -> OnFile:
    file = OnFile(TWO_YEARS).hired(HIRED)
    for number, day in enumerate(days, 1):
        file.award(f"mc {number}", day, started=date(2024, 9, 1))
    return file


def test_a_threshold_has_the_days_and_the_place_of_what_reached_it_and_cites_all_before() -> None:
    file = awards_file(MARCH, date(2025, 4, 1), date(2025, 5, 1))
    first, second = (one.occasion for one in file.findings(award_rule()))
    awards = [held.award for held in file.dossier.awards]
    assert first == Occasion(
        kind="threshold",
        subject_id=first.subject_id,
        days=Days(date(2025, 4, 1), TWO_YEARS, {"started": date(2024, 9, 1), "hired": HIRED}),
        place=(awards[1].position, awards[1].position),
        about=(awards[1].enrollment_id, awards[1].credential_id),
        positions=(5, awards[0].position, awards[1].position),  # the first: of the publication
        turn=1,
        units=Fraction(2),
        reached=2,
    )
    assert (second.turn, second.units, second.reached) == (2, 1, 3)
    assert [str(one.subject_id) for one in (first, second)] == [
        "776c84d5-66cb-5dbf-a623-661695695dbc",
        "a39f1842-1e95-5d3e-a3c9-efee0b9b60de",
    ], "released"


def test_a_threshold_that_only_what_was_revoked_had_reached_falls_on_the_day_of_the_last() -> None:
    file = awards_file(MARCH, date(2025, 4, 1), date(2025, 5, 1))
    rule = award_rule()
    before = [one.occasion.subject_id for one in file.findings(rule)]
    file.revoked("mc 1", date(2025, 7, 10)).revoked("mc 2", date(2025, 6, 10))
    found = contributions(rule, file.dossier, POLICY)
    fallen = thresholds(rule, file.dossier, POLICY, found)
    assert [one.subject_id for one in fallen] == before
    assert [(one.stands, one.ended_on) for one in fallen] == [(False, date(2025, 7, 10))] * 2
    one_left = awards_file(MARCH, date(2025, 4, 1), date(2025, 5, 1)).revoked(
        "mc 3", date(2025, 7, 10)
    )
    found = contributions(rule, one_left.dossier, POLICY)
    both = thresholds(rule, one_left.dossier, POLICY, found)
    assert [(one.reached, one.stands, one.ended_on) for one in both] == [
        (2, True, None),
        (3, False, date(2025, 7, 10)),
    ]


def test_each_year_reaches_thresholds_of_its_own_from_its_first_day_to_its_last() -> None:
    rule = counting(each_year=True)
    days = (date(2024, 7, 1), date(2025, 6, 30), date(2025, 7, 1), date(2026, 6, 30))
    found = courses(TWO_YEARS, *((5, day) for day in days)).findings(rule)
    assert [(one.occasion.reached, one.occasion.days.earned) for one in found] == [
        (10, date(2025, 6, 30)),
        (10, date(2026, 6, 30)),
    ]
    assert len({one.occasion.subject_id for one in found}) == 2


@pytest.mark.parametrize(
    ("most_of_talks", "most_of_courses", "counted"),
    [(5, None, 11), (8, None, 11), (5, 4, 9), (5, 6, 11), (0, 20, 11)],
)
def test_what_is_beyond_the_most_of_a_category_counts_in_the_one_it_overflows_to(
    most_of_talks: int, most_of_courses: int | None, counted: int
) -> None:
    """Eight hours of talks and three of courses."""
    sources = [
        {"of": "activity", "activities": [kind], "category": kind} for kind in ("talk", "course")
    ]
    categories = [
        {"category": "talk", "units_max": most_of_talks, "overflow_to": "course"},
        {"category": "course", "units_max": most_of_courses},
        {"category": "none", "units_min": 0},
    ]
    file = courses(ONE_YEAR, (3, MARCH)).activity("talk", "talk", 800, MARCH)
    left = file.under(counting(sources=sources, categories=categories)).balance
    assert left is not None
    assert (left.unit, left.counted, left.categories_met) == ("hour", counted, True)
    assert left.by_category == {"course": 3, "talk": 8}, "before any limit"
    nowhere = [{"category": "talk", "units_max": 5, "overflow_to": "other"}]
    left = file.under(counting(sources=sources, categories=nowhere)).balance
    assert left is not None
    assert left.counted == 11, "five, three in a category that had nothing, and the course"
    missing = [*categories, {"category": "other", "units_min": 1}]
    left = file.under(counting(sources=sources, categories=missing)).balance
    assert left is not None
    assert (left.counted, left.categories_met) == (counted, False)


def test_a_year_takes_as_many_steps_as_the_rule_says_and_the_others_wait() -> None:
    rule = counting(thresholds=[5, 10, 15], steps_per_year_max=2)
    found = courses(TWO_YEARS, (15, MARCH)).findings(rule)
    assert [(one.occasion.turn, one.occasion.days.earned) for one in found] == [
        (1, MARCH),
        (2, MARCH),
        (3, date(2025, 7, 1)),
    ]
    assert [one.occasion.days.named["hired"] for one in found] == [HIRED] * 3


def test_of_one_day_what_was_recorded_first_counts_first() -> None:
    """Eight of twenty hours are carried over to a July in which four more were recorded before."""
    rule = counting(yearly_units_max=12, excess="carried_over", thresholds=[14])
    july = date(2025, 7, 1)
    file = courses(TWO_YEARS, (4, july), (20, MARCH))
    (found,) = file.findings(rule)
    first_recorded = file.dossier.activities[0]
    assert found.occasion.place == (first_recorded.position, first_recorded.position)


def test_only_awards_that_a_source_names_count_and_no_duplicate_or_activity_does() -> None:
    sources = [{"of": "award", "credential_ids": [named("mc 1"), named("mc 3")]}]
    file = awards_file(MARCH, date(2025, 4, 1), date(2025, 5, 1))
    file.activity("course", "course", 900, date(2025, 1, 1))
    rule = counting(sources=sources, thresholds=[1])
    assert [one.occasion.credential_id for one in file.under(rule).contributions] == [
        named("mc 1"),
        named("mc 3"),
    ]
    *others, last = file.dossier.awards
    double = last._replace(duplicate_of=named("an award of her other record"))
    file.dossier = replace(file.dossier, awards=(*others, double))
    first, second = file.under(rule).contributions
    assert (first.counts, second.counts) == (True, False)
    assert [made["reason"] for made in second.checks] == ["duplicate"]


def test_what_does_not_count_itself_bars_nothing_of_the_same_competency() -> None:
    """The same credential twice: the second counts as soon as the first is revoked."""
    rule = plain_rule(
        trigger=trigger(sources=[{"of": "award"}], thresholds=[1]),
        exclusions=[{"kind": "once_per_competency"}],
    )
    file = OnFile(TWO_YEARS).hired(HIRED)
    file.award("first", MARCH, credential="mc").award("again", date(2025, 4, 1), credential="mc")
    assert [one.counts for one in file.under(rule).contributions] == [True, False]
    file.revoked("first", date(2025, 3, 20))
    assert [one.counts for one in file.under(rule).contributions] == [False, True]


def test_hours_brought_along_are_asked_nothing_and_others_what_the_rule_excludes() -> None:
    """Both were done on paid time; what an earlier system counted stays counted."""
    rule = plain_rule(trigger=trigger(), exclusions=[{"kind": "not_on_paid_time"}])
    file = brought_along(courses(ONE_YEAR, (12, date(2024, 8, 1)), (8, MARCH)))
    for number in range(2):
        file.note("paid_time", f"course {number}", MARCH)
    assert [one.counts for one in file.under(rule).contributions] == [True, False]


@pytest.mark.parametrize(("policy_id", "counts"), [(POLICY, True), (named("other"), False)])
def test_a_request_under_another_policy_makes_nothing_count_and_dates_no_threshold(
    policy_id: UUID,
    counts: bool,  # noqa: FBT001
) -> None:
    asked = date(2025, 3, 20)
    file = awards_file(MARCH, date(2025, 4, 1))
    for name in ("mc 1", "mc 2"):
        file.request(f"for {name}", asked, about=name, policy_id=policy_id)
    (plain,) = file.findings(award_rule())
    assert plain.occasion.days.named.get("filed") == (asked if counts else None)
    asking = plain_rule(trigger=award_rule().trigger, preconditions=[{"kind": "requested"}])
    assert [one.counts for one in file.under(asking).contributions] == [counts] * 2


def test_a_threshold_was_handed_in_when_what_reached_it_was() -> None:
    file = awards_file(MARCH, date(2025, 4, 1))
    awards = [
        held._replace(submitted_on=date(2025, 1, number))
        for number, held in enumerate(file.dossier.awards, 1)
    ]
    file.dossier = replace(file.dossier, awards=tuple(awards))
    (found,) = file.findings(award_rule())
    assert found.occasion.days.named["submitted"] == date(2025, 1, 2)


@pytest.mark.parametrize(("units", "kept", "lost"), [(1, "course", "mc 1"), (3, "mc 1", "course")])
def test_of_an_award_and_the_course_it_became_the_other_is_named(
    units: int, kept: str, lost: str
) -> None:
    """An award of one or three units, and a course of two hours that was given for it."""
    sources = [{"of": "award", "units": units}, COURSES]
    file = awards_file(MARCH).activity("course", "course", 200, date(2025, 4, 1))
    (course,) = file.dossier.activities
    file.dossier = replace(file.dossier, activities=(course._replace(exchanged_for=named("mc 1")),))
    found = {
        one.occasion.subject_id: one for one in file.under(counting(sources=sources)).contributions
    }
    assert (found[named(kept)].counts, found[named(kept)].checks) == (True, [])
    assert not found[named(lost)].counts
    assert found[named(lost)].checks == [
        {
            "rule": "not_exchanged",
            "inputs": {"counts_instead": named(kept)},
            "passed": False,
            "reason": "exchanged",
        }
    ]
