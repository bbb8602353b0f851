"""What awards come to in each state that counts them, without any license."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ledger.events.equivalency import MICRO_CREDENTIAL, Conversion
from ledger.rules.equivalencies import Achievement, Rule
from ledger.rules.wallet import StateUnits, in_states
from tests.rules.licensing import awards, earned, local, rules_of
from tests.samples import DISTRICT, named

DAY = date(2024, 6, 30)
EARNED = "2024-03-01"
(TENNESSEE,) = rules_of("us-tn")  # six points each, and one competency once


def held(achievements: Sequence[Achievement], *rules: Rule, **asked: Any) -> list[StateUnits]:
    return in_states(achievements, rules, DAY, **{"district_id": DISTRICT, **asked})


def come_to(found: Sequence[StateUnits]) -> dict[str, tuple[int, int, dict[str, int]]]:
    return {one.unit: (one.units_hundredths, one.awards, dict(one.nothing)) for one in found}


def rule(version: int = 1, **terms: Any) -> Rule:
    changed = TENNESSEE.terms.model_copy(update=terms)
    return replace(TENNESSEE, rule_version=version, terms=changed)


def gives(hundredths: int, **more: Any) -> Conversion:
    return Conversion(kind=MICRO_CREDENTIAL, gives_hundredths=hundredths, **more)


def test_ten_awards_are_sixty_points_in_one_state_and_nothing_in_another() -> None:
    found = held(awards(10, EARNED), *rules_of("us-wi"), TENNESSEE)
    assert [one.jurisdiction for one in found] == ["us-tn", "us-wi"]
    assert come_to(found) == {
        "us-tn:PDP": (6_000, 10, {}),
        "us-wi:credit": (0, 0, {"not_accepted": 10}),
    }
    said = (found[0].rule_id, found[0].rule_version, found[0].title)
    assert said == (TENNESSEE.rule_id, TENNESSEE.rule_version, TENNESSEE.terms.title)


def test_who_has_earned_nothing_sees_what_there_is_and_without_rules_there_is_nothing() -> None:
    assert come_to(held([], TENNESSEE)) == {"us-tn:PDP": (0, 0, {})}
    assert held(awards(1, EARNED)) == []


def test_the_newest_version_that_holds_on_the_day_speaks_in_whatever_order_they_come() -> None:
    old, new = rule(conversions=(gives(100),)), rule(2, conversions=(gives(200),))
    later = rule(3, conversions=(gives(300),), effective_from=date(2024, 7, 1))
    for rules in ((old, new, later), (later, new, old)):
        assert come_to(held(awards(1, EARNED), *rules)) == {"us-tn:PDP": (200, 1, {})}


def test_what_was_earned_after_the_day_or_has_fallen_by_it_brings_nothing() -> None:
    [first] = awards(1, EARNED)
    [revoked, later, expired] = (
        replace(one, id=named(f"other {number}"))
        for number, one in enumerate(awards(4, EARNED)[1:])
    )
    revoked = replace(revoked, void_from=DAY)
    later = replace(later, earned_on=date(2024, 7, 1))
    expired = replace(expired, expires_on=DAY)
    found = held([later, expired, revoked, first], TENNESSEE)
    assert come_to(found) == {"us-tn:PDP": (600, 1, {"expired": 1, "revoked": 1})}
    assert list(found[0].nothing) == ["expired", "revoked"], "in the order of their names"


def test_a_course_brings_no_line_of_its_own_and_takes_the_place_of_the_award_it_was_given_for() -> (
    None
):
    [award] = awards(1, EARNED)
    course = earned("semester_hour", "3", "2024-04-01", exchanged_for=award.id)
    assert come_to(held([course], TENNESSEE)) == {"us-tn:PDP": (0, 0, {})}
    assert come_to(held([award, course], TENNESSEE)) == {"us-tn:PDP": (0, 0, {"exchanged": 1})}


def test_what_a_state_leaves_to_districts_is_what_the_one_she_works_for_gives() -> None:
    [own] = [one for one in rules_of("us-nc") if one.covers(DAY)]
    unit = own.terms.unit
    here = local("us-nc", unit, gives(50))
    elsewhere = local("us-tn", TENNESSEE.terms.unit, gives(9_900))
    earned_here, theirs = awards(2, EARNED), {"district_id": named("another district")}
    assert come_to(held(earned_here, own, here, elsewhere)) == {unit: (100, 2, {})}
    left = {unit: (0, 0, {"left_to_district": 2})}
    assert come_to(held(earned_here, own, here, elsewhere, **theirs)) == left
    assert held(earned_here, here) == [], "a district's rule alone is no state's"


def test_of_one_competency_the_first_that_was_earned_counts_where_the_state_says_so() -> None:
    first, second = awards(2, EARNED)
    first = replace(first, earned_on=date(2024, 5, 1))
    same = [frozenset(one.credential_id for one in (first, second) if one.credential_id)]
    (line,) = held([first, second], TENNESSEE, equal=same)
    assert come_to([line]) == {"us-tn:PDP": (600, 1, {"same_competency": 1})}
    loose = rule(once_per_competency=False)
    assert come_to(held([first, second], loose, equal=same)) == {"us-tn:PDP": (1_200, 2, {})}


def test_parts_of_a_unit_add_up_before_they_are_rounded_down() -> None:
    third = rule(conversions=(gives(100, per_hundredths=300),))
    assert come_to(held(awards(2, EARNED), third)) == {"us-tn:PDP": (66, 2, {})}
    assert come_to(held(awards(3, EARNED), third)) == {"us-tn:PDP": (100, 3, {})}
