"""Five of the policies that ship, as different as they come: each result with its arithmetic."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.rules.entitlements.facts import Calendar
from tests.rules.dossiers import OnFile, amounts, changed, fiscal_years, said, shipped

MAY = date(2025, 5, 1)


def troy(evidence: date, awards: int = 16) -> OnFile:
    """20 university credits, then so many awards of the association on 1 March 2025."""
    file = OnFile().hired(date(2020, 8, 17))
    file.activity("university", "university_credit", 2000, date(2024, 12, 20))
    file.note("approval", "university", date(2024, 8, 1))
    file.note("document", "university", date(2025, 1, 10))
    for n in range(awards):
        late = n == awards - 1
        file.award(
            f"mc {n}",
            date(2025, 3, 1),
            issuer="association",
            started=date(2025, 1, 7),
            approved=date(2025, 1, 6),
            documents=evidence if late else date(2025, 3, 10),
        )
    return file


def test_i2_twenty_university_credits_and_sixteen_awards_move_the_lane() -> None:
    """20 + 16 × 1 = 36: one notice. The last papers came on day 90, so they count.

    They came on Friday 30 May 2025 (1 March + 90 days). Full pay periods begin every second
    Saturday from 6 July 2024: 24 May, 7 June. The lane moves on 7 June.
    """
    evaluation = troy(date(2025, 5, 30)).under(shipped("I2"))
    (lane,) = evaluation.findings
    assert lane.notice is not None
    assert (lane.notice.kind, lane.notice.reached, lane.notice.unit) == (
        "lane_change",
        36,
        "board_credit",
    )
    assert lane.notice.effective_on == date(2025, 6, 7)
    assert lane.notice.annual_cents is None  # the salary schedule knows
    assert lane.lines == ()
    assert evaluation.balance is not None
    assert (evaluation.balance.counted, evaluation.balance.banked) == (36, 0)


def test_i2_the_next_lane_is_fifteen_credits_further() -> None:
    """20 + 31 = 51 = 36 + 15: two notices. One award less: 50, 14 of them banked."""
    for awards, reached, banked in ((31, [36, 51], 0), (30, [36], 14)):
        evaluation = troy(date(2025, 5, 30), awards).under(shipped("I2"))
        assert [one.notice and one.notice.reached for one in evaluation.findings] == reached
        assert evaluation.balance is not None
        assert evaluation.balance.banked == banked


def test_i2_evidence_on_day_91_does_not_count() -> None:
    """20 + 15 = 35 of 36: the papers of 31 May are of day 91."""
    evaluation = troy(date(2025, 5, 31)).under(shipped("I2"))
    assert evaluation.findings == ()
    assert evaluation.balance is not None
    assert (evaluation.balance.counted, evaluation.balance.banked) == (35, 35)
    late = [one for one in evaluation.contributions if not one.counts]
    assert [check["reason"] for check in late[0].checks if not check["passed"]] == [
        "documents_too_late"
    ]


def test_i2_without_prior_approval_nothing_counts() -> None:
    file = OnFile().hired(date(2020, 8, 17))
    file.activity("university", "opening", 3500, date(2022, 8, 1))
    file.award("mc", MAY, issuer="association", started=MAY, documents=MAY)
    evaluation = file.under(shipped("I2"))
    assert evaluation.findings == ()
    assert evaluation.contributions[1].checks[1]["reason"] == "approved_missing"


def test_i10_who_leaves_in_month_ten_keeps_the_first_half_and_gets_no_second() -> None:
    """Hired 1 August 2023: 1,500 dollars on 1 February 2024, and none on 1 August 2024."""
    rule = shipped("I10")
    file = OnFile().hired(date(2023, 8, 1))
    first, second = file.findings(rule)
    assert [(one.payable_on, one.amount_cents) for one in (first, second)] == [
        (date(2024, 2, 1), 150_000),
        (date(2024, 8, 1), 150_000),
    ]
    file.paid(first, date(2024, 2, 9), fund="bonus").left(date(2024, 5, 31))
    kept, canceled = file.findings(rule)
    assert (kept.verdict, kept.lines) == ("due", ())  # paid, and nothing is taken back
    assert said((canceled,)) == [("not_due", "employment_interrupted", 0)]
    assert canceled.lines == ()


def washington(*left_out: str, years: int = 2) -> OnFile:
    """Certified on 18 November 2023, half of the time at a high-poverty school, with a loan.

    The district has set fiscal year 2024, and 2025 unless only one is asked for.
    """
    file = OnFile(Calendar(fiscal_years=fiscal_years(2024, 2023 + years)))
    file.hired(date(2019, 9, 1), school="poor", fte=500)
    file.hired(date(2019, 9, 1), school="rich", fte=500)
    file.school_is("poor", "high_poverty", date(2023, 9, 1), date(2024, 8, 31))
    file.award("nbct", date(2023, 11, 18), credential="certificate")
    if "loan" not in left_out:
        file.status("conditional_loan", date(2023, 1, 1))
    if "report" not in left_out:
        file.note("document", "nbct", date(2024, 6, 14), "district_report")
    return file


@pytest.mark.parametrize(
    ("left_out", "cents", "verdict", "reason"),
    [
        ("", 479_860, "due", None),
        ("loan", 622_360, "due", None),
        ("report", 479_860, "pending", "documents_missing"),
    ],
)
def test_i11_the_first_bonus_is_sixty_percent_and_the_school_share_less_the_loan(
    left_out: str, cents: int, verdict: str, reason: str | None
) -> None:
    """6,206.00 × 60 % = 3,723.60; 5,000 × 0.5 = 2,500.00; together 6,223.60.

    Less the loan of 1,425.00 that is 4,798.60, paid on 31 August; the employer's benefits on top.
    """
    found = washington(left_out).findings(shipped("I11"))[0]
    assert said((found,)) == [(verdict, reason, cents)]
    if verdict == "due":
        assert amounts(found) == [("earn", cents, date(2024, 8, 31))]
        assert found.lines[0].employer_benefits


def test_i11_waits_for_the_fiscal_year_in_which_it_is_paid() -> None:
    """31 August 2024 lies in fiscal year 2025, which the district has not set."""
    assert said(washington(years=1).findings(shipped("I11"))) == [
        ("pending", "calendar_missing", 479_860)
    ]


def test_i11_the_second_year_is_paid_whole_and_nets_no_loan() -> None:
    """6,206.00 + 5,000 × 0.5 = 8,706.00; the rate of 2024 stands in for that of 2025 [A]."""
    rule = shipped("I11")
    table = {"kind": "table", "rows": [{"fiscal_year": 2025, "amount_cents": 620_600}]}
    annual, *others = [part.model_dump() for part in rule.amount if part.name != "first_year"]
    rule = changed(rule, amount=[annual | {"basis": table}, *others])
    file = washington(years=3)
    file.school_is("poor", "high_poverty", date(2024, 9, 1))
    second = file.findings(rule)[1]
    assert (second.amount_cents, second.reason) == (870_600, "documents_missing")
    file.note("document", "nbct", date(2025, 6, 15), "district_report")
    assert said(file.findings(rule))[1] == ("due", None, 870_600)


def muscogee() -> OnFile:
    """Three days in February 2025 of 6, 5 and 4 hours, approved in January, off contract."""
    days = ((date(2025, 2, 1), 600), (date(2025, 2, 8), 500), (date(2025, 2, 15), 400))
    file = OnFile().hired(date(2020, 8, 1), school="north")
    file.activity(
        "training", "workshop", 1500, date(2025, 2, 15), first_day=date(2025, 2, 1), days=days
    )
    return file.note("approval", "training", date(2025, 1, 20))


def test_i21_pays_for_the_days_of_five_hours_with_the_next_regular_check() -> None:
    """6 h and 5 h are two days: 2 × 150 = 300 dollars; 4 h are none. 15 h are at least 10 (1 PLU).

    15 February + 10 days to prepare it = 25 February; periods are paid on 21 February and on
    7 March, so it comes on 7 March.
    """
    (found,) = muscogee().findings(shipped("I21"))
    assert amounts(found) == [("earn", 30_000, date(2025, 3, 7))]
    assert found.lines[0].account is not None
    assert found.lines[0].account.startswith("title_i-2213-")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("approved on day 1", "approved_too_late"),
        ("on paid time", "on_paid_time"),
        ("nine hours", "too_few_units"),
        ("after the funding year", "outside_period_of_performance"),
    ],
)
def test_i21_refuses_what_the_grant_does_not_allow(change: str, reason: str) -> None:
    file = muscogee()
    training = file.dossier.activities[0]
    match change:
        case "approved on day 1":
            file = OnFile().hired(date(2020, 8, 1), school="north").add("activities", training)
            file.note("approval", "training", date(2025, 2, 1))
        case "on paid time":
            file.note("paid_time", "training", date(2025, 2, 1))
        case "nine hours":
            file = OnFile().hired(date(2020, 8, 1), school="north")
            file.add("activities", training._replace(hundredths=900))
            file.note("approval", "training", date(2025, 1, 20))
        case "after the funding year":
            file = OnFile().hired(date(2020, 8, 1), school="north")
            last = {"first_day": date(2025, 6, 30), "last_day": date(2025, 7, 1)}
            file.add("activities", training._replace(**last))
            file.note("approval", "training", date(2025, 1, 20))
    rule = shipped("I21")
    if change == "after the funding year":
        rule = rule.model_copy(update={"effective_to": None})
    (found,) = file.findings(rule)
    assert said((found,)) == [("not_due", reason, 0)]


def test_practice_53_what_the_law_requires_is_held_where_a_grant_would_pay_for_it() -> None:
    """Charged to Title II-A it is held until a person has looked; local money just does not pay."""
    rule = shipped("I21")
    grant = rule.account.model_copy(update={"fund": "title_ii_a"})
    local = {"fund": "general", "performance_from": None, "performance_to": None}
    file = muscogee()
    charged = changed(rule, account=grant.model_dump())
    (due,) = file.findings(charged)
    assert said((due,)) == [("due", None, 30_000)]
    file.note("required", "training", date(2025, 2, 1))
    (held,) = file.findings(charged)
    assert said((held,)) == [("pending", "supplanting_risk", 30_000)]
    assert held.lines == ()
    [test] = [one for one in held.checks if one["rule"] == "not_required"]
    assert test["inputs"] == {"required": True, "fund": "title_ii_a"}
    windows = {"windows": [], "account": grant.model_copy(update=local).model_dump()}
    assert said(file.findings(changed(rule, **windows))) == [("not_due", "legally_required", 0)]


PAID_ON = date(2025, 1, 10)


def refunded(key: str, cents: int, left_on: date, reason: str = "resignation") -> OnFile:
    """Three semester hours of December 2024, refunded on 10 January 2025; then she left."""
    file = OnFile().hired(date(2020, 8, 1))
    file.activity("course", "semester_hour", 300, date(2024, 12, 15), cost=cents)
    (found,) = file.findings(shipped("I25", key))
    assert amounts(found)[0][:2] == ("earn", cents)
    return file.paid(found, PAID_ON, fund="tuition").left(left_on, reason)


@pytest.mark.parametrize(
    ("key", "left_on", "percent"),
    [
        ("by_months", date(2025, 6, 30), 100),  # month 6
        ("by_months", date(2026, 1, 10), 100),  # the day on which 12 months are over: month 12
        ("by_months", date(2026, 1, 11), 75),  # month 13
        ("by_months", date(2026, 7, 11), 50),  # month 19
        ("by_months", date(2027, 1, 11), 25),  # month 25
        ("by_months", date(2028, 1, 11), 0),  # month 37
        ("by_years", date(2026, 1, 9), 100),  # before one year is over
        ("by_years", date(2026, 1, 10), 75),  # after 1
        ("by_years", date(2027, 1, 10), 50),  # after 2
        ("by_years", date(2028, 1, 10), 25),  # after 3
        ("by_years", date(2029, 1, 10), 0),  # after 4
        ("from_final_pay", date(2026, 1, 9), 100),
        ("from_final_pay", date(2026, 1, 10), 0),
    ],
)
def test_i25_ladders_by_months_and_years(key: str, left_on: date, percent: int) -> None:
    """3 × 250 = 750.00 and 3 × 500 = 1,500.00 dollars; the others refund what it cost."""
    cents = {"by_months": 75_000, "by_years": 150_000, "from_final_pay": 90_000}[key]
    (found,) = refunded(key, cents, left_on).findings(shipped("I25", key))
    owed = cents * percent // 100
    assert amounts(found) == ([("clawback", -owed, left_on)] if owed else [])
    for line in found.lines:
        assert line.original_tax_year == 2025
        assert line.repay == ("net" if left_on.year == 2025 else "gross")
        assert line.collect == ("final_pay" if key == "from_final_pay" else "receivable")


@pytest.mark.parametrize(
    ("left_on", "owed"),
    [
        (date(2025, 12, 31), 100_000),  # 3/3
        (date(2026, 1, 10), 66_667),  # 2/3 of 1,000.00 = 666.67
        (date(2027, 1, 10), 33_333),  # 1/3 = 333.33
        (date(2028, 1, 10), 0),
    ],
)
def test_i25_thirds_over_three_years(left_on: date, owed: int) -> None:
    rule = shipped("I25", "by_thirds")
    (found,) = refunded("by_thirds", 100_000, left_on).findings(rule)
    assert [line.amount_cents for line in found.lines] == ([-owed] if owed else [])


def test_i25_who_is_laid_off_owes_nothing() -> None:
    file = refunded("by_thirds", 100_000, date(2025, 6, 30), "reduction_in_force")
    assert file.findings(shipped("I25", "by_thirds"))[0].lines == ()


def test_i25_no_more_than_twelve_hours_in_a_year() -> None:
    """9 hours are 2,250.00; of 6 more in the same year 3 are left: 3 × 250 = 750.00."""
    file = OnFile().hired(date(2020, 8, 1))
    file.activity("one", "semester_hour", 900, date(2024, 12, 15))
    file.activity("two", "semester_hour", 600, date(2025, 5, 15))
    file.activity("three", "semester_hour", 300, date(2025, 7, 15))
    found = file.findings(shipped("I25", "by_months"))
    assert [one.amount_cents for one in found] == [225_000, 75_000, 75_000]
