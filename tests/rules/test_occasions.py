"""What a rule finds to pay for: anniversaries, yearly verifications, activities."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.occasions import spells
from tests.rules.dossiers import OnFile, plain_rule, said
from tests.samples import named

MARCH = date(2022, 3, 10)


def anniversaries(anchor: str, **more: Any) -> Rule:
    fields = {"kind": "employment_milestone", "after_months": [12, 36], "anchor": anchor}
    return plain_rule(trigger={**fields, **more})


def yearly(**more: Any) -> Rule:
    """On the first of October of each fiscal year in which an award is held."""
    fields = {"kind": "annual_recertification", "held_on": "--10-01", "years_max": 3}
    return plain_rule(trigger={**fields, **more})


def days_of(file: OnFile, rule: Rule) -> list[date]:
    return [one.occasion.days.earned for one in file.findings(rule)]


def test_an_award_has_its_anniversaries_and_another_that_is_not_listed_has_none() -> None:
    file = OnFile().hired(date(2020, 8, 17)).award("listed", MARCH).award("other", MARCH)
    rule = anniversaries("award", credential_ids=[str(named("listed"))])
    assert days_of(file, rule) == [date(2023, 3, 10), date(2025, 3, 10)]
    assert len(days_of(file, anniversaries("award"))) == 4, "any award, where none is listed"
    assert [one.occasion.turn for one in file.findings(rule)] == [1, 2]


def test_a_revoked_award_has_no_anniversary_to_pay_for() -> None:
    file = OnFile().hired(date(2020, 8, 17)).award("mc", MARCH).revoked("mc", date(2022, 9, 1))
    found = file.findings(anniversaries("award"))
    assert said(found) == [("not_due", "award_revoked", 0)] * 2
    assert {one.occasion.ended_on for one in found} == {date(2022, 9, 1)}


def test_whoever_came_back_has_the_anniversaries_of_her_return() -> None:
    """A day without any position begins the count anew; one that follows at once does not."""
    file = OnFile().hired(date(2015, 8, 17), date(2018, 6, 30))
    file.hired(date(2019, 8, 19), date(2020, 6, 30)).hired(date(2020, 7, 1))
    assert spells(file.dossier.employments) == [
        (date(2015, 8, 17), date(2018, 6, 30)),
        (date(2019, 8, 19), None),
    ]
    assert days_of(file, anniversaries("hired")) == [date(2020, 8, 19), date(2022, 8, 19)]


def test_whoever_never_held_a_position_has_no_anniversary() -> None:
    assert days_of(OnFile().award("mc", MARCH), anniversaries("hired")) == []


def test_an_award_is_verified_each_year_for_so_many_years() -> None:
    file = OnFile().hired(date(2020, 8, 17)).award("listed", MARCH).award("other", MARCH)
    rule = yearly(credential_ids=[str(named("listed"))])
    assert days_of(file, rule) == [date(2022, 10, 1), date(2023, 10, 1), date(2024, 10, 1)]


def test_an_award_is_not_verified_from_the_day_on_which_it_has_expired() -> None:
    file = OnFile().hired(date(2020, 8, 17))
    file.award("by then", MARCH, expires=date(2023, 10, 1))
    file.award("a day later", MARCH, expires=date(2023, 10, 2))
    days = days_of(file, yearly())
    assert days.count(date(2022, 10, 1)) == 2
    assert days.count(date(2023, 10, 1)) == 1


def test_only_activities_of_the_named_kinds_are_paid_and_none_brought_along() -> None:
    rule = plain_rule(trigger={"kind": "activity", "activities": ["workshop"]})
    file = OnFile().hired(date(2020, 8, 17)).activity("a workshop", "workshop", 600, MARCH)
    file.activity("a course", "course", 600, MARCH)
    assert [one.occasion.subject_id for one in file.findings(rule)] == [named("a workshop")]
    first, *others = file.dossier.activities
    file.dossier = replace(file.dossier, activities=(first._replace(opening=True), *others))
    assert file.findings(rule) == ()
