"""What counts in a cycle, whatever the state: pairs, rulings, dates, and sums that tie."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.equivalency import (
    MICRO_CREDENTIAL,
    Cap,
    CarryOver,
    Conversion,
    Need,
    Option,
    Requirement,
)
from ledger.rules.counting import Unit
from ledger.rules.equivalencies import Achievement, Rule, decimal, spoken
from ledger.rules.licenses import Facts, License, Term
from ledger.rules.renewals import RuleName, in_cycle
from tests.rules.licensing import (
    awards,
    earned,
    license_of,
    line,
    local,
    other,
    reasons,
    rules_of,
    ruling,
    units,
)
from tests.samples import DISTRICT, named

TENNESSEE = license_of("us-tn", "2020-07-01", "2025-06-30")
RULES = rules_of("us-tn")
DAY = "2024-06-30"
FIRST = date(2020, 7, 1)


# An award and the course it was exchanged for


def test_of_an_award_and_the_course_it_was_exchanged_for_one_counts_and_the_pair_is_named() -> None:
    """6 PDP for the micro-credential, 10 for its semester hour: 10 count, not 16."""
    (award,) = awards(1, "2024-01-01")
    course = earned("semester_hour", "1", "2024-02-01", exchanged_for=award.id)
    found = line(TENNESSEE, [award, course], RULES, DAY)
    assert units(found) == [0, 1_000]
    assert reasons(found) == ["exchanged", None]
    assert other(found, award.id) == str(course.id)
    assert other(found, course.id) == str(award.id)


def test_the_award_counts_where_the_course_is_worth_less() -> None:
    """Half a semester hour is 5 PDP, the micro-credential 6."""
    (award,) = awards(1, "2024-01-01")
    course = earned("semester_hour", "0.5", "2024-02-01", exchanged_for=award.id)
    found = line(TENNESSEE, [award, course], RULES, DAY)
    assert units(found) == [600, 0]
    assert reasons(found) == [None, "exchanged"]


def test_of_equals_the_course_counts() -> None:
    (award,) = awards(1, "2024-01-01")
    course = earned("hour", "6", "2023-02-01", exchanged_for=award.id)
    assert reasons(line(TENNESSEE, [award, course], RULES, DAY)) == [None, "exchanged"]


def test_where_one_of_the_pair_counts_for_nothing_there_is_nothing_to_choose() -> None:
    """Revoked, the award leaves the course alone; withdrawn, the course leaves the award."""
    (award,) = awards(1, "2024-01-01")
    course = earned("semester_hour", "1", "2024-02-01", exchanged_for=award.id)
    gone = replace(award, void_from=date(2024, 3, 1), void_reason="revoked")
    assert units(line(TENNESSEE, [gone, course], RULES, DAY)) == [0, 1_000]
    back = replace(course, void_from=date(2024, 3, 1), void_reason="withdrawn")
    found = line(TENNESSEE, [award, back], RULES, DAY)
    assert (units(found), reasons(found)) == ([600, 0], [None, "withdrawn"])


def two_cycles() -> License:
    renewed = Term(date(2025, 7, 1), date(2025, 7, 1), date(2030, 6, 30))
    return replace(TENNESSEE, terms=(*TENNESSEE.terms, renewed))


def test_what_has_counted_in_one_cycle_is_not_exchanged_for_units_of_the_next() -> None:
    """The award brought 6 PDP by 2025; its course of 2026 brings no 10 more."""
    (award,) = awards(1, "2024-01-01")
    course = earned("semester_hour", "1", "2026-02-01", exchanged_for=award.id)
    found = line(two_cycles(), [award, course], RULES, "2026-06-30")
    assert (found.cycle, units(found)) == (2, [0, 0])
    assert reasons(found) == ["outside_validity", "exchanged"]
    assert other(found, course.id) == str(award.id)
    gone = replace(award, void_from=date(2026, 1, 1), void_reason="revoked")
    assert units(line(two_cycles(), [gone, course], RULES, "2026-06-30")) == [0, 1_000]


def test_a_course_that_has_counted_leaves_nothing_for_its_award_in_the_next_cycle() -> None:
    (award,) = awards(1, "2025-09-01")
    course = earned("semester_hour", "1", "2025-02-01", exchanged_for=award.id)
    found = line(two_cycles(), [award, course], RULES, "2026-06-30")
    assert reasons(found) == ["outside_validity", "exchanged"]


class Watched(License):
    """A license that notes for which days it was looked at."""

    looked: ClassVar[list[date]] = []

    def facts_on(self, day: date) -> Facts:
        self.looked.append(day)
        return super().facts_on(day)


def test_each_earlier_cycle_is_worked_out_once_however_many_carry_over() -> None:
    """20 hours a year and 10 needed: 10 more are over each time, in the tenth year 20 + 9 × 10."""
    state = rules_of("us-il")[0]
    asked = [
        Requirement(
            purpose=purpose,
            approver="state",
            options=(Option(option="hours", needs=(Need(need="total", needed_hundredths=1_000),)),),
            carry_over=CarryOver(last_months=12),
        )
        for purpose in ("renew", "advance")
    ]
    given = Conversion(kind="hour", gives_hundredths=100)
    terms = state.terms.model_copy(
        update={"requirements": tuple(asked), "conversions": (given,), "governed_by": "issued_on"}
    )
    years = range(2024, 2034)
    cycles = [Term(date(2024, 7, 1), date(y, 7, 1), date(y + 1, 6, 30)) for y in years]
    plain = replace(license_of("us-il", "2024-07-01", None), terms=tuple(cycles))
    held = Watched(**{one.name: getattr(plain, one.name) for one in fields(plain)})
    hours = [earned("hour", "20", f"{year + 1}-03-01") for year in years]
    last = len(cycles) - 1
    held.looked.clear()  # of the class: the test may run twice in one process
    found = in_cycle(held, hours, [replace(state, terms=terms)], date(2034, 6, 1), last)
    assert [line.earned_hundredths for line in found] == [11_000, 11_000]
    assert len(held.looked) <= 8 * len(cycles)


def test_what_counted_two_cycles_ago_is_exchanged_for_nothing_either() -> None:
    """The award counted by 2025, another by 2030: neither's course of 2031 brings anything."""
    third = Term(date(2030, 7, 1), date(2030, 7, 1), date(2035, 6, 30))
    held = replace(two_cycles(), terms=(*two_cycles().terms, third))
    first, second = awards(2, "2024-01-01")
    second = replace(second, earned_on=date(2026, 1, 1))
    courses = [
        earned("semester_hour", "1", "2031-02-01", exchanged_for=one.id) for one in (first, second)
    ]
    found = line(held, [first, second, *courses], RULES, "2031-06-30")
    assert (found.cycle, units(found)) == (3, [0, 0, 0, 0])
    assert reasons(found)[2:] == ["exchanged", "exchanged"]
    assert [other(found, one.id) for one in courses] == [str(first.id), str(second.id)]


def test_the_same_course_twice_counts_once() -> None:
    record = [earned("semester_hour", "3", on, course="edu-501") for on in ("2024-01-01", DAY)]
    found = line(TENNESSEE, record, RULES, DAY)
    assert (units(found), reasons(found)) == ([3_000, 0], [None, "duplicate"])


def test_what_was_revoked_takes_no_place_from_the_same_credential_earned_again() -> None:
    first, second = awards(1, "2022-01-01") + awards(1, "2024-01-01")
    first = replace(first, void_from=date(2023, 1, 1), void_reason="revoked")
    found = line(TENNESSEE, [first, second], RULES, DAY)
    assert (units(found), reasons(found)) == ([0, 600], ["revoked", None])


# Days


def test_an_award_counts_until_the_day_on_which_it_is_revoked_or_expires() -> None:
    (award,) = awards(1, "2022-01-01")
    for gone in (
        replace(award, void_from=date(2024, 6, 30), void_reason="revoked"),
        replace(award, expires_on=date(2024, 6, 30)),
    ):
        assert units(line(TENNESSEE, [gone], RULES, "2024-06-29")) == [600]
        assert units(line(TENNESSEE, [gone], RULES, "2024-06-30")) == [0]


def test_what_expires_after_a_cycle_has_counted_in_it() -> None:
    """A revocation reaches back into a cycle that is over, an expiry does not."""
    (award,) = awards(1, "2022-01-01")
    expired = replace(award, expires_on=date(2025, 7, 1))
    revoked = replace(award, void_from=date(2025, 7, 1), void_reason="revoked")
    day = date(2026, 1, 1)
    assert units(in_cycle(TENNESSEE, [expired], RULES, day, 0)[0]) == [600]
    assert units(in_cycle(TENNESSEE, [revoked], RULES, day, 0)[0]) == [0]


def test_what_is_earned_later_than_the_day_is_not_looked_at() -> None:
    record = awards(1, "2024-01-01") + awards(1, "2024-07-01")
    assert len(line(TENNESSEE, record, RULES, DAY).units) == 1


def test_nor_is_it_where_no_authority_has_spoken() -> None:
    today, tomorrow = earned("hour", "1.5", DAY, category="arts"), awards(1, "2024-07-01")
    endless = replace(TENNESSEE, terms=(Term(FIRST, FIRST, None),))
    found = line(endless, [today, *tomorrow], [], DAY, None)
    assert (found.state, found.valid_to) == ("no_rule", None)
    assert found.units == (
        Unit(
            achievement_id=str(today.id),
            kind="hour",
            quantity_hundredths=150,
            earned_on=today.earned_on,
            category="arts",
            units_hundredths=0,
            exact=Fraction(0),
            reason="no_equivalency_rule",
            arithmetic="1.5 hour",
            rule_id=None,
            rule_version=None,
            other_id=None,
            position=today.position,
        ),
    )


def asking(*requirements: Requirement, **changes: object) -> Rule:
    """Tennessee's rules, were these all that it asks."""
    (rule,) = RULES
    changed = {"requirements": requirements, **changes}
    return replace(rule, terms=rule.terms.model_copy(update=changed))


def renewal(*needs: Need, **more: Any) -> Requirement:
    """What all have to bring; nothing where nothing is named."""
    options = (Option(option="hours", needs=needs),) if needs else ()
    return Requirement(purpose="renew", approver="state", options=options, **more)


def test_a_line_says_whose_license_it_is_and_cites_the_rules_it_is_measured_by() -> None:
    (rule,) = RULES
    by_state = RuleName(str(rule.rule_id), 1, None, "shipped", rule.terms.title)
    found = line(TENNESSEE, [], RULES, DAY)
    of = (found.license_id, found.person_id, found.jurisdiction, found.license_type)
    assert of == (str(named("license")), str(named("teacher")), "us-tn", "professional")
    assert (found.valid_from, found.valid_to, found.rule) == (FIRST, date(2025, 6, 30), by_state)
    own = local("us-tn", "us-tn:PDP", requirements=(renewal(),))
    by_district = RuleName(str(own.rule_id), 1, str(DISTRICT), "Minute 8", "The district's own")
    assert line(TENNESSEE, [], [asking(), own], DAY).rule == by_district
    blank = line(TENNESSEE, [], [asking()], DAY, None)
    assert (blank.state, blank.options, blank.rule) == ("no_requirement", (), by_state)


def test_a_line_shows_the_first_need_of_the_nearest_option_and_without_one_what_counts() -> None:
    """Four hours of literacy are asked; of two that were earned one is in arts."""
    literacy = Need(need="literacy", needed_hundredths=400, categories=("literacy",))
    record = [
        earned("hour", "1", "2024-01-01", category="arts"),
        earned("hour", "1", "2024-01-02", category="literacy"),
    ]
    found = line(TENNESSEE, record, [asking(renewal(literacy))], DAY)
    assert (found.needed_hundredths, found.earned_hundredths) == (400, 100)
    assert (found.missing_hundredths, found.state) == (300, "missing")
    found = line(TENNESSEE, record, [asking(renewal())], DAY)
    assert (found.needed_hundredths, found.earned_hundredths) == (0, 200)
    assert (found.missing_hundredths, found.state) == (0, "exempt")


def test_the_years_of_a_cycle_begin_in_the_month_that_the_rules_say() -> None:
    """Years that begin in January: New Year's Eve lies in one, New Year's Day in the next."""
    yearly = Need(need="total", needed_hundredths=100, every_year=True)
    held = license_of("us-tn", "2023-01-01", "2027-12-31")
    record = [earned("hour", "1", "2023-12-31"), earned("hour", "2", "2024-01-01")]
    rules = [asking(renewal(yearly), year_starts_month=1)]
    (total,) = line(held, record, rules, "2024-01-01").options[0].needs
    assert [(one.year, one.earned_hundredths) for one in total.years] == [(2023, 100), (2024, 200)]


@pytest.mark.parametrize(("each_category", "taken"), [(True, [200, 300]), (False, [200, 100])])
def test_a_limit_is_one_for_all_categories_or_one_for_each(
    taken: list[int], *, each_category: bool
) -> None:
    cap = Cap(cap="hours", limit_hundredths=300, each_category=each_category)
    record = [
        earned("hour", "2", "2024-01-01", category="arts"),
        earned("hour", "3", "2024-01-02", category="literacy"),
    ]
    found = line(TENNESSEE, record, [asking(renewal(caps=(cap,)))], DAY)
    assert units(found) == taken
    said = "3 hour: 1 for each 1 = 3 us-tn:PDP"
    cut = "" if each_category else "; of these 1 within hours (3)"
    assert found.units[1].arithmetic == said + cut


def test_the_facts_of_the_day_decide_what_is_asked() -> None:
    later = Facts(date(2024, 1, 1), "teacher", ("public-school",))
    held = replace(TENNESSEE, facts=(*TENNESSEE.facts, later))
    assert line(held, [], RULES, "2023-12-31").approver == "state"
    assert line(held, [], RULES, "2024-01-01").approver == "district"


def test_a_renewal_begins_a_cycle_of_its_own_on_its_first_day() -> None:
    renewed = Term(date(2025, 5, 1), date(2025, 7, 1), date(2030, 6, 30))
    held = replace(TENNESSEE, terms=(*TENNESSEE.terms, renewed))
    record = awards(1, "2025-06-30")
    old, new = (line(held, record, RULES, day) for day in ("2025-06-30", "2025-07-01"))
    assert (old.cycle, old.earned_hundredths) == (1, 600)
    assert (new.cycle, new.earned_hundredths) == (2, 0)


def test_a_license_that_is_not_valid_yet_stands_in_its_first_cycle() -> None:
    found = line(TENNESSEE, awards(1, "2020-06-30"), RULES, "2020-06-30")
    assert (found.cycle, found.earned_hundredths) == (1, 0)


def test_what_each_category_brought_is_listed_by_name_and_what_has_none_last() -> None:
    record = [
        earned("hour", "1", "2024-01-01"),
        earned("hour", "2", "2024-01-02", category="literacy"),
        earned("hour", "3", "2024-01-03", category="arts"),
        earned("hour", "4", "2024-01-04", category="arts"),
        earned("guided_tour", "5", "2024-01-05", category="travel"),
    ]
    found = line(TENNESSEE, record, RULES, DAY).categories
    assert [(one.category, one.earned_hundredths) for one in found] == [
        ("arts", 700),
        ("literacy", 200),
        (None, 100),
    ]


def test_a_closed_license_says_so_from_its_day_on() -> None:
    held = replace(TENNESSEE, closed_on=date(2024, 6, 30), closed_reason="surrendered")
    assert line(held, [], RULES, "2024-06-29").state == "missing"
    assert line(held, [], RULES, "2024-06-30").state == "closed"


# Versions


def two_versions(**later: object) -> list[Rule]:
    """The second gives 5 instead of 6 points for a micro-credential."""
    (first,) = RULES
    cheaper = (Conversion(kind=MICRO_CREDENTIAL, gives_hundredths=500),)
    terms = first.terms.model_copy(update={"conversions": cheaper, **later})
    return [first, replace(first, rule_version=2, terms=terms)]


def test_the_newest_version_that_covers_the_governing_date_holds_for_the_whole_cycle() -> None:
    record = awards(2, "2024-01-01")
    found = line(TENNESSEE, record, two_versions(), DAY)
    assert units(found) == [500, 500]
    assert found.rule is not None
    assert found.rule.rule_version == 2
    later = two_versions(effective_from=date(2020, 7, 2))
    assert units(line(TENNESSEE, record, later, DAY)) == [600, 600]


def test_a_retired_rule_covers_no_later_date() -> None:
    (rule,) = RULES
    before = replace(rule, last_day=date(2020, 6, 30))
    on_time = replace(rule, last_day=date(2020, 7, 1))
    assert line(TENNESSEE, [], [before], DAY, None).state == "no_rule"
    assert line(TENNESSEE, [], [on_time], DAY).state == "missing"


def test_a_rate_may_begin_and_end_within_a_cycle() -> None:
    (rule,) = RULES
    conversions = (
        Conversion(kind="hour", gives_hundredths=100, earned_to=date(2023, 12, 31)),
        Conversion(kind="hour", gives_hundredths=200, earned_from=date(2024, 1, 1)),
    )
    terms = rule.terms.model_copy(update={"conversions": conversions})
    record = [earned("hour", "1", on) for on in ("2023-12-31", "2024-01-01")]
    assert units(line(TENNESSEE, record, [replace(rule, terms=terms)], DAY)) == [100, 200]


def test_a_better_rate_for_a_trait_is_hers_who_has_it_and_the_plain_one_the_others() -> None:
    """7 for whoever works in an entity, 3 for all; whoever has no rate is told what she lacks."""
    (rule,) = RULES
    better = Conversion(kind="hour", gives_hundredths=700, trait="entity")
    plain = Conversion(kind="hour", gives_hundredths=300)
    terms = rule.terms.model_copy(update={"conversions": (better, plain)})
    only = rule.terms.model_copy(update={"conversions": (better,)})
    record = [earned("hour", "1", "2024-01-01")]
    inside = replace(TENNESSEE, facts=(Facts(FIRST, "teacher", ("entity",)),))
    assert units(line(inside, record, [replace(rule, terms=terms)], DAY)) == [700]
    assert units(line(TENNESSEE, record, [replace(rule, terms=terms)], DAY)) == [300]
    found = line(TENNESSEE, record, [replace(rule, terms=only)], DAY)
    assert (units(found), reasons(found)) == ([0], ["needs_entity"])


def test_of_a_districts_own_versions_the_newest_that_covers_the_day_holds() -> None:
    """One unit from 2000 on, two from 2024 on: an award of 2023 is one, one of 2024 two."""
    one = local("us-nc", "us-nc:unit", Conversion(kind=MICRO_CREDENTIAL, gives_hundredths=100))
    gives = (Conversion(kind=MICRO_CREDENTIAL, gives_hundredths=200),)
    changes = {"conversions": gives, "effective_from": date(2024, 1, 1)}
    two = replace(one, rule_version=2, terms=one.terms.model_copy(update=changes))
    first, second = awards(2, "2023-12-31")
    record = [first, replace(second, earned_on=date(2024, 1, 1))]
    carolina = license_of("us-nc", "2020-07-01", "2025-06-30")
    for rules in ([*rules_of("us-nc"), one, two], [two, one, *rules_of("us-nc")]):
        assert units(line(carolina, record, rules, DAY)) == [100, 200]


def test_a_rate_may_be_for_some_issuers_alone() -> None:
    (rule,) = RULES
    mine = Conversion(
        kind=MICRO_CREDENTIAL, gives_hundredths=100, issuer_ids=(named("other issuer"),)
    )
    terms = rule.terms.model_copy(update={"conversions": (mine,)})
    record = awards(1, "2024-01-01") + [
        replace(one, issuer_id=named("other issuer")) for one in awards(2, "2024-01-02")[1:]
    ]
    found = line(TENNESSEE, record, [replace(rule, terms=terms)], DAY)
    assert reasons(found) == ["no_equivalency_rule", None]


# Rulings


def test_a_district_rules_on_units_only_where_the_state_leaves_it_something() -> None:
    """Half a unit in North Carolina, which leaves it to districts; nothing in Wisconsin."""
    (award,) = awards(1, "2015-01-01")
    half = {award.id: ruling(50, "literacy")}
    carolina = license_of("us-nc", "2014-07-01", "2019-06-29", rulings=half)
    found = line(carolina, [award], rules_of("us-nc"), "2019-06-29")
    assert (units(found), found.units[0].category) == ([50], "literacy")
    assert reasons(found) == [None]
    assert found.units[0].arithmetic.endswith("; the district accepted it at 0.5: seen")
    none = replace(carolina, rulings={award.id: ruling(0)})
    found = line(none, [award], rules_of("us-nc"), "2019-06-29")
    assert (units(found), reasons(found)) == ([0], ["not_accepted"])
    wisconsin = license_of("us-wi", "2014-07-01", "2019-06-30", rulings=half)
    found = line(wisconsin, [award], rules_of("us-wi"), "2019-06-30")
    assert (units(found), reasons(found)) == ([0], ["not_accepted"])


def test_what_another_district_ruled_does_not_hold_where_the_documents_are_now() -> None:
    (award,) = awards(1, "2024-01-01")
    elsewhere = {award.id: ruling(outcome="declined", district_id=named("another district"))}
    held = replace(TENNESSEE, rulings=elsewhere)
    assert units(line(held, [award], RULES, DAY)) == [600]


def test_what_a_district_accepted_from_elsewhere_counts_by_the_rules_and_nowhere_else() -> None:
    """Half an award at six points each is three; a third district decides for itself."""
    (award,) = awards(1, "2024-01-01")
    half = replace(
        award,
        quantity_hundredths=50,
        category="literacy",
        accepted_by=TENNESSEE.district_id,
        said="partly accepted by the district: shorter",
    )
    found = line(TENNESSEE, [half], RULES, DAY)
    assert (units(found), found.units[0].category) == ([300], "literacy")
    assert found.units[0].arithmetic.endswith("; partly accepted by the district: shorter")
    moved = replace(TENNESSEE, district_id=named("another district"))
    assert line(moved, [half], RULES, DAY).units == ()
    assert reasons(line(TENNESSEE, [half], [], DAY, None)) == ["no_equivalency_rule"]
    assert line(moved, [half], [], DAY, None).units == ()


def test_what_a_district_declined_or_has_in_question_is_shown_and_counts_for_nothing() -> None:
    declined, reviewed = awards(2, "2024-01-01")
    district = TENNESSEE.district_id
    record = [
        replace(declined, accepted_by=district, declined=True, said="declined by the district: x"),
        replace(
            reviewed,
            accepted_by=district,
            void_from=date(2024, 2, 1),
            void_reason="under_review",
        ),
    ]
    found = line(TENNESSEE, record, RULES, DAY)
    assert (units(found), reasons(found)) == ([0, 0], ["declined", "under_review"])
    unsaid = replace(record[1], void_reason=None)
    assert reasons(line(TENNESSEE, [unsaid], RULES, DAY)) == ["revoked"]


def test_a_ruling_without_units_leaves_the_rate_and_may_say_the_category() -> None:
    (award,) = awards(1, "2024-01-01")
    held = replace(TENNESSEE, rulings={award.id: ruling(category="literacy")})
    found = line(held, [award], RULES, DAY)
    assert (units(found), found.units[0].category) == ([600], "literacy")


# Every unit says how it was worked out


def test_the_arithmetic_is_written_beside_every_unit() -> None:
    record = [*awards(1, "2024-01-01"), earned("ceu", "1.5", "2024-01-02")]
    record.append(earned("guided_tour", "1", "2024-01-03"))
    found = line(TENNESSEE, record, RULES, DAY)
    assert [unit.arithmetic for unit in found.units] == [
        "1 micro credential: 6 for each 1 = 6 us-tn:PDP",
        "1.5 ceu: 5 for each 1 = 7.5 us-tn:PDP",
        "1 guided tour",
    ]
    assert {(unit.rule_id, unit.rule_version) for unit in found.units} == {
        (str(RULES[0].rule_id), 1)
    }
    assert [unit.position for unit in found.units] == [one.position for one in record]


@pytest.mark.parametrize(
    ("hundredths", "said"), [(0, "0"), (5, "0.05"), (50, "0.5"), (100, "1"), (1_250, "12.5")]
)
def test_hundredths_are_said_as_people_write_them(hundredths: int, said: str) -> None:
    assert decimal(hundredths) == said
    assert spoken(Fraction(hundredths, 100)) == said


def test_a_number_that_is_no_decimal_is_said_as_a_fraction() -> None:
    assert spoken(Fraction(2, 3)) == "2/3"


# Laws

KINDS = ("hour", "ceu", "semester_hour", "guided_tour")
ACHIEVEMENTS = st.lists(
    st.builds(
        lambda number, kind, quantity, days: Achievement(
            id=named(f"drawn {number}"),
            position=number,
            kind=kind,
            quantity_hundredths=quantity,
            earned_on=FIRST + timedelta(days=days),
        ),
        st.integers(1, 10**6),
        st.sampled_from(KINDS),
        st.integers(1, 5_000),
        st.integers(-30, 1_460),
    ),
    max_size=8,
    unique_by=lambda one: one.position,
)
THIRDS = local("us-tn", "us-tn:PDP")
LIMIT = 2_000
CAPPED = replace(
    THIRDS,
    district_id=None,
    terms=THIRDS.terms.model_copy(
        update={
            "conversions": (
                Conversion(kind="hour", gives_hundredths=200, per_hundredths=300),
                Conversion(kind="ceu", gives_hundredths=1_000),
                Conversion(kind="semester_hour", gives_hundredths=1_300, per_hundredths=700),
            ),
            "requirements": (
                Requirement(
                    purpose="renew",
                    approver="state",
                    options=(
                        Option(option="all", needs=(Need(need="total", needed_hundredths=6_000),)),
                    ),
                    caps=(Cap(cap="ceus", limit_hundredths=LIMIT, kinds=("ceu",)),),
                ),
            ),
        }
    ),
)


@given(ACHIEVEMENTS, st.randoms())
def test_the_order_in_which_things_are_read_changes_nothing(
    record: list[Achievement], chance: object
) -> None:
    shuffled = list(record)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # a Random of hypothesis
    assert line(TENNESSEE, shuffled, [CAPPED], DAY) == line(TENNESSEE, record, [CAPPED], DAY)


@given(ACHIEVEMENTS)
def test_the_parts_add_up_to_the_exact_sum_rounded_down_once(record: list[Achievement]) -> None:
    found = line(TENNESSEE, record, [CAPPED], DAY)
    exact = sum((unit.exact for unit in found.units), Fraction(0))
    assert sum(units(found)) == found.earned_hundredths == int(exact * 100)
    assert found.missing_hundredths == max(6_000 - found.earned_hundredths, 0)
    assert all(unit.units_hundredths >= 0 for unit in found.units)
    assert all(unit.units_hundredths or unit.reason or unit.exact for unit in found.units)


@given(ACHIEVEMENTS)
def test_no_cap_lets_more_through_than_it_says(record: list[Achievement]) -> None:
    found = line(TENNESSEE, record, [CAPPED], DAY)
    assert sum(unit.exact for unit in found.units if unit.kind == "ceu") <= LIMIT // 100


@given(ACHIEVEMENTS, ACHIEVEMENTS)
def test_one_more_achievement_never_makes_it_less(
    record: list[Achievement], more: list[Achievement]
) -> None:
    """Without a pair, a duplicate or a ruling, of which none is drawn here."""
    fresh = [
        replace(one, id=named(f"more {one.position}"), position=one.position + 10**7)
        for one in more
    ]
    before = line(TENNESSEE, record, [CAPPED], DAY).earned_hundredths
    assert line(TENNESSEE, [*record, *fresh], [CAPPED], DAY).earned_hundredths >= before
