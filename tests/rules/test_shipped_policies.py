"""The other policies that ship: each with its expected result, and the arithmetic where it is ours.

Sources: docs/sources.md#incentive-policies.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from ledger.events.stack import Group
from ledger.rules.completions import Era, completion
from ledger.rules.entitlements.caps import Wish, pro_rata
from ledger.rules.entitlements.facts import Calendar
from ledger.rules.entitlements.findings import Evaluation
from ledger.rules.notices import Notice
from tests.rules.dossiers import (
    CALENDAR,
    OnFile,
    amounts,
    changed,
    fiscal_years,
    pay_periods,
    said,
    shipped,
    shipped_files,
)
from tests.samples import MONDAY, named

LONG_AGO = date(2015, 8, 17)
MAY = date(2025, 5, 1)
JULY = date(2025, 7, 1)


def notices(evaluation: Evaluation) -> list[Notice]:
    return [one.notice for one in evaluation.findings if one.notice is not None]


def test_all_twenty_six_ship_with_their_sources() -> None:
    assert sorted(shipped_files(), key=lambda name: int(name[1:])) == [
        f"I{n}" for n in range(1, 27)
    ]
    assert all(file.sources for file in shipped_files().values())
    assert all(file.board_reference is None for file in shipped_files().values())


def test_i1_three_tiers_raise_base_pay_by_twelve_hundred() -> None:
    """200 + 400 + 600 = 1,200 dollars a year from 1 July 2025; nothing for payroll."""
    file = OnFile().hired(LONG_AGO)
    for tier in ("basic", "advanced", "expert"):
        file.award(tier, MAY, tier=tier, started=date(2025, 2, 1), approved=date(2025, 1, 15))
    evaluation = file.under(shipped("I1"))
    assert sum(one.annual_cents or 0 for one in notices(evaluation)) == 120_000
    assert {one.effective_on for one in notices(evaluation)} == {JULY}
    assert all(one.lines == () for one in evaluation.findings)


def test_i1_a_plan_that_was_not_approved_before_raises_nothing() -> None:
    file = OnFile().hired(LONG_AGO)
    file.award("late", MAY, tier="basic", started=date(2025, 2, 1), approved=date(2025, 2, 2))
    assert said(file.findings(shipped("I1"))) == [("not_due", "approved_too_late", 0)]


@pytest.mark.parametrize(("awards", "whole", "banked_hours"), [(3, 2, 0), (2, 1, 5), (1, 0, 10)])
def test_i3_ten_hours_each_and_fifteen_a_credit(awards: int, whole: int, banked_hours: int) -> None:
    """3 × 10 h = 30 h = 2 credits; 2 × 10 h = 20 h = 1 credit and 5 h banked."""
    file = OnFile().hired(LONG_AGO)
    for n in range(awards):
        file.award(f"mc {n}", MAY, issuer="association")
    evaluation = file.under(shipped("I3"))
    assert len(notices(evaluation)) == whole
    assert evaluation.balance is not None
    assert evaluation.balance.banked * 15 == banked_hours


def muskego(foundational: int, elective: int) -> OnFile:
    file = OnFile().hired(LONG_AGO)
    for n in range(foundational):
        file.award(f"f {n}", MAY, tier="foundational")
    for n in range(elective):
        file.award(f"e {n}", MAY, tier="elective")
    return file


@pytest.mark.parametrize(
    ("foundational", "elective", "told"), [(15, 15, 1), (15, 14, 0), (16, 14, 0), (20, 20, 1)]
)
def test_i4_the_thirtieth_brings_one_notice(foundational: int, elective: int, told: int) -> None:
    """15 + 15 = 30; of 16 foundational 15 count, and 15 + 14 = 29."""
    assert len(notices(muskego(foundational, elective).under(shipped("I4")))) == told


def test_i4_a_surplus_counts_as_elective_where_a_rule_says_so() -> None:
    """16 foundational are 15 and 1 more elective: 15 + (14 + 1) = 30."""
    rule = shipped("I4")
    first, second = (one.model_dump() for one in rule.trigger.categories)  # type: ignore[union-attr]
    trigger = rule.trigger.model_dump() | {
        "categories": [first | {"overflow_to": "elective"}, second]
    }
    assert len(notices(muskego(16, 14).under(changed(rule, trigger=trigger)))) == 1


def montgomery(graduate: int) -> OnFile:
    file = OnFile().hired(LONG_AGO)
    file.activity("cpd", "cpd_credit", 1800, date(2024, 11, 1))
    file.activity("graduate", "graduate_hour", graduate * 100, date(2025, 1, 31))
    for name in ("cpd", "graduate"):
        file.note("document", name, date(2025, 2, 12), "transcript")
    return file


def test_i5_no_more_than_fifteen_cpd_count_toward_thirty() -> None:
    """18 CPD and 14 graduate: 15 + 14 = 29, no. One more graduate hour: 15 + 15 = 30, yes.

    Documents on 12 February 2025; full periods begin on 15 February and 1 March, and the second
    is the last on which the lane may change.
    """
    short = montgomery(14).under(shipped("I5"))
    assert notices(short) == []
    assert short.balance is not None
    assert short.balance.counted == 29
    (lane,) = notices(montgomery(15).under(shipped("I5")))
    assert (lane.reached, lane.effective_on) == (30, date(2025, 3, 1))


def stack(*names: str, capstone: str | None = None) -> Era:
    ids = tuple(named(name) for name in names)
    group = Group(title="All", needed=len(ids), credential_ids=ids)
    return Era(1, group, None if capstone is None else named(capstone), 1, MONDAY)


def with_stack(file: OnFile, name: str, era: Era) -> OnFile:
    done = completion([era], [held.award for held in file.dossier.awards])
    return file if done is None else file.completed(name, done)


BALTIMORE = replace(CALENDAR, pay_periods=pay_periods(date(2024, 8, 3), 20))


@pytest.mark.parametrize(
    ("hired", "documents", "effective", "retro_days"),
    [
        # Wednesday 16 October; periods begin on 12 and 26 October: the first full one after it.
        (LONG_AGO, date(2024, 10, 16), date(2024, 10, 26), 0),
        # Hired on 19 August, day 0: 17 November is day 90, so it holds from the first day.
        (date(2024, 8, 19), date(2024, 11, 17), date(2024, 8, 19), 90),
        (date(2024, 8, 19), date(2024, 11, 18), date(2024, 11, 23), 0),
    ],
)
def test_i6_the_lane_begins_after_the_documents_or_with_the_job(
    hired: date, documents: date, effective: date, retro_days: int
) -> None:
    file = OnFile(BALTIMORE).hired(hired).award("masters", date(2024, 8, 20))
    with_stack(file, "master", stack("masters"))
    file.note("document", "master", documents, "transcript")
    (lane,) = notices(file.under(shipped("I6")))
    assert (lane.effective_on, lane.retro_days) == (effective, retro_days)


def test_i6_counting_the_first_day_as_day_one_ends_the_span_a_day_earlier() -> None:
    """With 19 August as day 1, 16 November is day 90 and 17 November too late.

    What is owed for the past comes within two full periods after 16 November: they begin on 23
    November and 7 December, and the second is paid on 27 December.
    """
    rule = shipped("I6")
    timing = rule.timing.model_dump() | {"new_hire": {"days": 90, "first_day": 1}}
    strict = changed(rule, timing=timing)
    for documents, effective in (
        (date(2024, 11, 16), date(2024, 8, 19)),
        (date(2024, 11, 17), date(2024, 11, 23)),
    ):
        file = OnFile(BALTIMORE).hired(date(2024, 8, 19)).award("masters", date(2024, 8, 20))
        with_stack(file, "master", stack("masters"))
        file.note("document", "master", documents, "transcript")
        (lane,) = notices(file.under(strict))
        assert lane.effective_on == effective
        assert lane.settle_by == date(2024, 12, 27)


def test_i7_eighteen_without_the_capstone_are_no_program() -> None:
    file = OnFile().hired(LONG_AGO)
    names = [f"mc {n}" for n in range(18)]
    for name in names:
        file.award(name, MAY)
    program = stack(*names, capstone="capstone")
    assert with_stack(file, "program", program).findings(shipped("I7")) == ()
    file.award("capstone", date(2025, 6, 1))
    (rank,) = notices(with_stack(file, "program", program).under(shipped("I7")))
    assert rank.effective_on == JULY


def rise(day: date, issuer: str = "district") -> OnFile:
    file = OnFile().hired(LONG_AGO, school="rise school")
    file.school_is("rise school", "rise", date(2021, 7, 1), date(2022, 6, 30))
    return file.award("first", day, issuer=issuer)


def test_i8_only_the_first_of_the_districts_own_in_its_terms() -> None:
    """First: 150 dollars. Second: 0. One of another issuer: 0. In term 4: 0."""
    file = rise(date(2022, 1, 10)).award("second", date(2022, 2, 1), issuer="district")
    rule = shipped("I8")
    assert said(file.findings(rule)) == [("due", None, 15_000), ("not_due", "cap_reached", 0)]
    other = rise(date(2022, 1, 10), "association")
    assert said(other.findings(rule)) == [("not_due", "issuer_not_listed", 0)]
    assert said(rise(date(2022, 4, 20)).findings(rule)) == [("not_due", "earned_too_late", 0)]


@pytest.mark.parametrize(
    ("day", "role", "slip", "expected"),
    [
        (date(2025, 5, 27), "teacher", 1, ("due", None, 100_000)),
        (date(2025, 5, 28), "teacher", 1, ("not_due", "earned_too_late", 0)),
        (date(2024, 10, 22), "teacher", 1, ("not_due", "earned_too_early", 0)),
        (date(2025, 5, 27), "aide", 1, ("not_due", "role_not_eligible", 0)),
        (date(2025, 5, 27), "teacher", 0, ("pending", "documents_missing", 100_000)),
    ],
)
def test_i9_completed_in_its_days_in_an_eligible_role_with_a_pay_slip(
    day: date, role: str, slip: int, expected: tuple[str, str | None, int]
) -> None:
    """8 weeks are 56 days: with the slip of 2 June 2025 it is paid by 28 July."""
    file = OnFile().hired(LONG_AGO, role=role).award("mc", day, credential="literacy")
    if slip:
        file.note("document", "mc", date(2025, 6, 2), "pay_slip")
    (found,) = file.findings(shipped("I9"))
    assert said((found,)) == [expected]
    if found.verdict == "due":
        assert found.payable_on == date(2025, 7, 28)


ONE_YEAR = Calendar(fiscal_years=fiscal_years(2025, 2026))


@pytest.mark.parametrize(
    ("attribute", "cents"), [("high_needs", 480_000), ("rural", 480_000), (None, 160_000)]
)
def test_i12_moving_between_such_schools_keeps_the_bonus(attribute: str | None, cents: int) -> None:
    """In both years at such a school: 1,600 + 3,200 = 4,800. After moving to another: 1,600."""
    file = (
        OnFile(ONE_YEAR)
        .hired(LONG_AGO, school="first")
        .school_is("first", "high_needs", date(2020, 7, 1))
    )
    if attribute is not None:
        file.school_is("second", attribute, date(2020, 7, 1))
    file.award("nbct", date(2023, 11, 18), credential="certificate").moved(
        date(2025, 8, 1), "second"
    )
    assert [one.amount_cents for one in file.findings(shipped("I12"))] == [480_000, cents]


def batavia(filed: date | None, awarded: date = date(2022, 9, 1)) -> OnFile:
    file = OnFile(Calendar(fiscal_years=fiscal_years(2025, 2026)))
    file.hired(LONG_AGO).award("nbct", awarded, credential="certificate")
    return file if filed is None else file.request("asked", filed, about="nbct")


def test_i13_each_year_is_asked_for_anew_and_odd_years_are_paid_twice() -> None:
    """Certified on 1 September 2022; the named days are 1 October of 2022, 2023, 2024, 2025.

    2024-25 is year 3: 1,000 + 1,000 = 2,000 dollars, asked for on 20 September, so 1,000 on 31
    October and 1,000 seven months later, on 31 May. Year 4 was not asked for.
    """
    third, fourth = batavia(date(2024, 9, 20)).findings(shipped("I13"))
    assert amounts(third) == [
        ("earn", 100_000, date(2024, 10, 31)),
        ("earn", 100_000, date(2025, 5, 31)),
    ]
    assert said((fourth,)) == [("pending", "request_missing", 100_000)]


@pytest.mark.parametrize(
    ("filed", "expected", "day"),
    [
        (date(2024, 10, 1), ("due", None, 100_000), date(2024, 10, 31)),
        (date(2024, 10, 2), ("due", None, 100_000), date(2025, 5, 31)),
        (date(2025, 5, 1), ("due", None, 100_000), date(2025, 5, 31)),
        (date(2025, 5, 2), ("not_due", "request_too_late", 0), None),
    ],
)
def test_i13_two_cut_offs_decide_the_pay_day(
    filed: date, expected: tuple[str, str | None, int], day: date | None
) -> None:
    """Certified on 1 September 2023, so 2024-25 is year 2: 1,000 dollars, once."""
    found = batavia(filed, date(2023, 9, 1)).findings(shipped("I13"))[0]
    assert said((found,)) == [expected]
    if day is not None:
        assert found.payable_on == day


@pytest.mark.parametrize(("points", "cents"), [(35, 80_000), (34, 0)])
def test_i14_thirty_five_points_are_a_step(points: int, cents: int) -> None:
    """35 points: 800 dollars; 34: none. All of 987 staff: 987 × 800 = 789,600, about 790,000."""
    file = OnFile().hired(LONG_AGO)
    file.activity("points", "district_points", points * 100, MAY)
    told = notices(file.under(shipped("I14")))
    assert sum(one.annual_cents or 0 for one in told) == cents
    assert 987 * 80_000 == 78_960_000


def test_i14_points_of_two_years_are_not_added() -> None:
    file = OnFile().hired(LONG_AGO)
    file.activity("june", "district_points", 2000, date(2025, 6, 30))
    file.activity("july", "district_points", 2000, date(2025, 7, 1))
    assert notices(file.under(shipped("I14"))) == []


@pytest.mark.parametrize(
    ("status", "begins"),
    [(None, [date(2025, 7, 1), date(2026, 7, 1)]), ("masters", [JULY, JULY])],
)
def test_i15_one_step_a_year_or_two_with_a_masters_and_the_rest_is_banked(
    status: str | None, begins: list[date]
) -> None:
    """1,200 points are 2 steps of 500 × 3 = 1,500 dollars and 200 points banked.

    With one step a year the second is reached on 1 July 2025 and begins on 1 July 2026.
    """
    file = OnFile().hired(LONG_AGO)
    if status is not None:
        file.status(status, LONG_AGO)
    file.activity("points", "district_points", 120_000, MAY)
    evaluation = file.under(shipped("I15"))
    assert [one.effective_on for one in notices(evaluation)] == begins
    assert [one.annual_cents for one in notices(evaluation)] == [150_000, 150_000]
    assert evaluation.balance is not None
    assert evaluation.balance.banked == 200


def test_i15_the_board_reduces_all_steps_alike_when_funds_lack() -> None:
    """1,000 dollars for two steps of 1,500: 1,500 × 1,000 / 3,000 = 500 each; a cent by place."""
    wishes = [Wish((n, n), named(f"step {n}"), 150_000) for n in (1, 2)]
    assert list(pro_rata(100_000, wishes).values()) == [50_000, 50_000]
    assert list(pro_rata(100_001, wishes).values()) == [50_001, 50_000]
    assert list(pro_rata(300_000, wishes).values()) == [150_000, 150_000]


def wautoma(outreach: int = 40, papers: date = date(2025, 5, 31)) -> OnFile:
    file = OnFile().hired(LONG_AGO)
    instruction = 400 - 60 - outreach
    for name, points, day, received in (
        ("instruction", instruction, date(2021, 9, 1), date(2021, 9, 20)),
        ("leadership", 60, date(2023, 3, 1), date(2023, 3, 20)),
        ("outreach", outreach, MAY, papers),
    ):
        file.activity(name, name, points * 100, day)
        file.note("approval", name, date(2021, 8, 1))
        file.note("document", name, received)
    return file


def test_i16_four_hundred_points_in_three_categories_are_a_raise() -> None:
    """300 + 60 + 40 = 400, each above its least of 120, 30 and 30, within six years."""
    (raised,) = notices(wautoma().under(shipped("I16")))
    assert (raised.annual_cents, raised.effective_on) == (150_000, JULY)


def test_i16_four_hundred_with_twenty_in_outreach_are_none() -> None:
    """320 + 60 + 20 = 400, but 20 of 30."""
    assert notices(wautoma(outreach=20).under(shipped("I16"))) == []


def test_i16_handed_in_on_day_31_counts_nothing() -> None:
    """1 May + 30 days is 31 May; on 1 June the 40 points are lost: 360 of 400."""
    evaluation = wautoma(papers=date(2025, 6, 1)).under(shipped("I16"))
    assert notices(evaluation) == []
    assert evaluation.balance is not None
    assert evaluation.balance.counted == 360


def test_i16_handed_in_after_the_fiscal_year_counts_nothing() -> None:
    """Earned on 20 June, handed in on 1 July: day 11 of 30, but another fiscal year."""
    file = OnFile().hired(LONG_AGO)
    file.activity("a", "outreach", 4000, date(2025, 6, 20)).note("approval", "a", LONG_AGO)
    file.note("document", "a", JULY)
    (brought,) = file.under(shipped("I16")).contributions
    assert not brought.counts


def test_i17_three_of_before_and_ten_are_thirteen_and_paid_at_nine() -> None:
    file = OnFile().hired(LONG_AGO)
    file.activity("before", "opening", 300, date(2020, 8, 1))
    file.activity("new", "credit_hour", 1000, MAY)
    evaluation = file.under(shipped("I17", "lost"))
    assert [one.reached for one in notices(evaluation)] == [9]
    assert evaluation.balance is not None
    assert evaluation.balance.counted == 13


@pytest.mark.parametrize(("key", "counted"), [("lost", 18), ("carried_over", 20)])
def test_i17_of_twenty_hours_in_a_year_eighteen_count(key: str, counted: int) -> None:
    """The other 2 are lost, or count from 1 July; lanes at 9 and 18 either way."""
    file = OnFile().hired(LONG_AGO).activity("hours", "credit_hour", 2000, MAY)
    evaluation = file.under(shipped("I17", key))
    assert [one.reached for one in notices(evaluation)] == [9, 18]
    assert evaluation.balance is not None
    assert evaluation.balance.counted == counted


def test_i17_hours_carried_over_open_the_next_lane_a_year_later() -> None:
    """18 + 2 carried over + 7 of August = 27: the third lane, from 1 July 2026."""
    file = OnFile().hired(LONG_AGO).activity("hours", "credit_hour", 2000, MAY)
    file.activity("more", "credit_hour", 700, date(2025, 8, 1))
    told = notices(file.under(shipped("I17", "carried_over")))
    assert [(one.reached, one.effective_on) for one in told][2:] == [(27, date(2026, 7, 1))]


def test_i18_credits_expire_after_five_years() -> None:
    """10 h in May 2020 and 5 h in April 2025 are 15 h, one credit; in May 2025 the 10 h are gone.

    Handed in on 1 September 2025: by 30 September, so it holds from 15 October.
    """
    for day, expected in ((date(2025, 4, 30), [date(2025, 10, 15)]), (MAY, [])):
        file = OnFile().hired(LONG_AGO)
        file.activity("old", "in_service", 1000, date(2020, 5, 1))
        file.activity("new", "in_service", 500, day)
        file.note("document", "new", date(2025, 9, 1))
        told = notices(file.under(shipped("I18")))
        assert [one.effective_on for one in told] == expected
        assert [one.annual_cents for one in told] == [6_000] * len(expected)


def test_i18_paid_hours_count_nothing() -> None:
    file = OnFile().hired(LONG_AGO).activity("paid", "in_service", 1500, MAY)
    assert notices(file.note("paid_time", "paid", MAY).under(shipped("I18"))) == []


@pytest.mark.parametrize(
    ("hundredths", "hired", "expected"),
    [
        (1500, date(2024, 9, 3), [("due", None, 35_000)]),
        (1450, date(2024, 9, 3), []),
        (1500, date(2025, 1, 6), [("not_due", "hired_too_late", 0)]),
    ],
)
def test_i19_fifteen_hours_of_who_started_in_september(
    hundredths: int, hired: date, expected: list[tuple[str, str | None, int]]
) -> None:
    """15 h: 350 dollars. 14.5 h: none. Hired in January: none."""
    file = OnFile().hired(hired).activity("hours", "professional_hours", hundredths, MAY)
    file.note("approval", "hours", date(2025, 4, 1))
    assert said(file.findings(shipped("I19"))) == expected


def growth(*facts: str) -> OnFile:
    """180 hours, so 180 / 15 = 12 units, finished and filed for in May 2025."""
    file = OnFile(Calendar(fiscal_years=fiscal_years(2025, 2028)))
    file.hired(LONG_AGO).activity("hours", "growth_hours", 18_000, MAY)
    if "not filed" not in facts:
        file.request("filing", date(2025, 6, 30), about="hours")
    if "cost" in facts:
        file.note("cost_paid", "hours", MAY)
    if "paid time" in facts:
        file.note("paid_time", "hours", MAY)
    return file


def test_i20_twelve_units_are_four_hundred_dollars_in_every_year_that_follows() -> None:
    """From fiscal year 2026 on; the calendar knows 2026, 2027 and 2028: 3 × 400 = 1,200."""
    (found,) = growth().findings(shipped("I20"))
    assert amounts(found) == [
        ("earn", 40_000, date(2025, 7, 1)),
        ("earn", 40_000, date(2026, 7, 1)),
        ("earn", 40_000, date(2027, 7, 1)),
    ]


def test_i20_it_ends_with_the_job() -> None:
    (found,) = growth().left(date(2026, 6, 30)).findings(shipped("I20"))
    assert amounts(found) == [("earn", 40_000, date(2025, 7, 1))]


@pytest.mark.parametrize("fact", ["cost", "paid time", "not filed"])
def test_i20_nothing_where_the_district_paid_or_nobody_filed(fact: str) -> None:
    assert growth(fact).findings(shipped("I20")) == ()


def test_i20_four_in_a_career() -> None:
    """900 hours are 60 units: five times 12, of which four are paid."""
    file = OnFile(Calendar(fiscal_years=fiscal_years(2025, 2026))).hired(LONG_AGO)
    file.activity("hours", "growth_hours", 90_000, MAY).request("r", MAY, about="hours")
    found = file.findings(shipped("I20"))
    assert [one.amount_cents for one in found] == [40_000] * 4 + [0]
    assert found[4].reason == "cap_reached"


def test_i22_who_chose_the_stipend_is_refused_the_credit() -> None:
    """16 hours × 20 dollars [A] = 320 dollars; the credit asked for later is refused."""
    file = OnFile().hired(LONG_AGO).activity("course", "course", 1600, date(2025, 4, 1))
    file.request("first", MAY, about="course", choice="stipend")
    file.request("later", date(2025, 5, 20), about="course", choice="credit")
    assert said(file.findings(shipped("I22", "stipend"))) == [("due", None, 32_000)]
    assert said(file.findings(shipped("I22", "credit"))) == [("not_due", "chosen_otherwise", 0)]


@pytest.mark.parametrize(
    ("hours", "granted", "refused"),
    [
        (1600, 100, None),
        (800, 50, None),
        (1590, 50, None),
        (2400, 150, None),
        (799, None, "too_few_units"),
    ],
)
def test_i22_sixteen_hours_are_a_credit_and_eight_are_half_a_one(
    hours: int, granted: int | None, refused: str | None
) -> None:
    """16 / 8 = 2 × 0.50 = 1.00 credit; 8 hours 0.50; 15.9 hours hold one full eight [A]: 0.50."""
    file = OnFile().hired(LONG_AGO).activity("course", "course", hours, date(2025, 4, 1))
    file.request("asked", MAY, about="course", choice="credit")
    (found,) = file.findings(shipped("I22", "credit"))
    assert found.reason == refused
    told = found.notice and (found.notice.unit, found.notice.credit_hundredths)
    assert told == (granted and ("salary_credit", granted))


def test_a_cap_on_hours_leaves_as_much_credit_as_it_leaves_full_eights() -> None:
    """24 hours in a fiscal year: 16 are 1.00 credit, 8 of the next 16 are left, 0.50, then none."""
    file = OnFile().hired(LONG_AGO)
    for name in ("first", "second", "third"):
        file.activity(name, "course", 1600, date(2025, 4, 1))
        file.request(f"for the {name}", MAY, about=name, choice="credit")
    cap = {"of": "units", "most": 24, "per": "fiscal_year"}
    found = file.findings(changed(shipped("I22", "credit"), caps=[cap]))
    told = [one.notice and one.notice.credit_hundredths for one in found]
    assert told == [100, 50, None]
    assert [(one.verdict, one.reason) for one in found] == [
        ("due", None),
        ("due", None),
        ("not_due", "cap_reached"),
    ]


@pytest.mark.parametrize("choice", ["stipend", "credit"])
def test_i22_a_course_brings_what_was_chosen_once(choice: str) -> None:
    """She asks again for the same course: 320 dollars, or 1.00 credit, and no more."""
    file = OnFile().hired(LONG_AGO).activity("course", "course", 1600, date(2025, 4, 1))
    file.request("first", MAY, about="course", choice=choice)
    file.request("again", date(2025, 5, 20), about="course", choice=choice)
    first, again = file.findings(shipped("I22", choice))
    assert (first.verdict, again.verdict, again.reason) == ("due", "not_due", "asked_before")
    assert again.notice is None


@pytest.mark.parametrize(
    ("awarded", "exempt", "expected", "day"),
    [
        (date(2024, 10, 15), "exempt", ("due", None, 50_000), date(2024, 12, 1)),
        (date(2024, 10, 16), "exempt", ("due", None, 50_000), date(2025, 6, 1)),
        (date(2025, 4, 1), "exempt", ("due", None, 50_000), date(2025, 12, 1)),
        (date(2024, 10, 16), "hourly", ("not_due", "routed_to_timesheet", 0), date(2025, 6, 1)),
    ],
)
def test_i23_two_pay_days_and_hourly_staff_fill_in_a_timesheet(
    awarded: date, exempt: str, expected: tuple[str, str | None, int], day: date
) -> None:
    """By 15 October on 1 December, by 31 March on 1 June, later in the next year."""
    file = OnFile().hired(LONG_AGO, exempt=exempt == "exempt").award("mc", awarded)
    (found,) = file.findings(shipped("I23"))
    assert (said((found,)), found.payable_on) == ([expected], day)


def test_i24_is_paid_by_quarters() -> None:
    """Filed on 10 November: the quarter of October to December ends on 31 December."""
    file = OnFile().hired(LONG_AGO).request("r", date(2024, 11, 10), cost=600_000)
    (found,) = file.findings(shipped("I24", "first_come"))
    assert amounts(found) == [("earn", 600_000, date(2024, 12, 31))]


@pytest.mark.parametrize("key", ["first_come", "lottery"])
def test_i24_a_course_that_is_asked_for_twice_is_refunded_once(key: str) -> None:
    """6,000 dollars of one course, asked for on 10 and again on 12 November; another one counts."""
    file = OnFile().hired(LONG_AGO).activity("course", "course", 1600, date(2024, 10, 1))
    file.request("first", date(2024, 11, 10), about="course", cost=600_000)
    file.request("again", date(2024, 11, 12), about="course", cost=600_000)
    file.request("other", date(2024, 11, 12), cost=50_000)
    first, again, other = file.findings(shipped("I24", key))
    assert (first.verdict, again.reason) == ("due", "asked_before")
    assert (other.reason == "cap_reached") is (key == "lottery")


def test_i24_who_won_the_lottery_is_out_for_three_years() -> None:
    """Won on 1 March 2022: on 1 March 2025 three years are over, and a day later she has won."""
    file = OnFile().hired(LONG_AGO).request("won", date(2022, 3, 1), cost=90_000)
    file.request("too soon", date(2025, 3, 1), cost=90_000)
    file.request("again", date(2025, 3, 2), cost=90_000)
    found = file.findings(shipped("I24", "lottery"))
    assert [one.amount_cents for one in found] == [50_000, 50_000, 0]


def test_i26_ten_years_and_more_in_a_school_with_many_in_need() -> None:
    """Year 1: 2,000. Nine more: 9 × 2,500 = 22,500; at such a school 9 × 2,500 = 22,500 more.

    Here she moves to one for the years 2 to 4: 2,000 + 9 × 2,500 + 3 × 2,500 = 32,000. There is
    no year 11.
    """
    file = OnFile(Calendar(fiscal_years=fiscal_years(2024, 2036)))
    file.hired(LONG_AGO, school="first").award("n", date(2023, 9, 1), credential="certificate")
    file.moved(date(2024, 8, 1), "second").moved(date(2027, 8, 1), "first")
    file.school_is("second", "free_lunch_60", date(2020, 7, 1))
    found = file.findings(shipped("I26"))
    assert [one.amount_cents for one in found] == [200_000, *[500_000] * 3, *[250_000] * 6]
    assert sum(one.amount_cents for one in found) == 3_200_000
