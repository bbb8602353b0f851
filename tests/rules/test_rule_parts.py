"""Single parts of a rule: what each says when it holds, when it does not, and when a fact lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.facts import Calendar, FiscalYear
from tests.rules.dossiers import (
    OnFile,
    amounts,
    failed,
    fiscal_years,
    pay_periods,
    plain_rule,
    said,
)
from tests.samples import named

HIRED = date(2020, 8, 17)
MARCH = date(2025, 3, 10)
NOT_YET = ("pending", "calendar_missing", 30_000)


def awarded(*names: str, calendar: Calendar | None = None, **position: Any) -> OnFile:
    """Hired on 17 August 2020; these awards on 10 March 2025."""
    file = OnFile() if calendar is None else OnFile(calendar)
    file.hired(HIRED, **position)
    for name in names or ("mc",):
        file.award(name, MARCH)
    return file


def flat(**component: Any) -> list[dict[str, Any]]:
    return [{"name": "flat", "basis": {"kind": "flat", "amount_cents": 30_000}, **component}]


@pytest.mark.parametrize(
    ("by", "reasons"), [("2020-08-17", []), ("2020-08-16", ["hired_too_late"])]
)
def test_hired_by_a_day_includes_it(by: str, reasons: list[str]) -> None:
    (found,) = awarded().findings(plain_rule(eligibility=[{"kind": "hired_by", "by": by}]))
    assert failed(found) == reasons


@pytest.mark.parametrize(
    ("months", "expected"),
    [(54, ("due", None, 30_000)), (55, ("not_due", "tenure_too_short", 0))],
)
def test_tenure_asks_for_so_many_months_since_she_was_hired(months: int, expected: Any) -> None:
    """From 17 August 2020 to 10 March 2025 are 54 months and some days."""
    rule = plain_rule(eligibility=[{"kind": "tenure", "months": months}])
    assert said(awarded().findings(rule)) == [expected]


@pytest.mark.parametrize(("day", "reasons"), [(16, ["tenure_too_short"]), (17, [])])
def test_the_months_of_a_tenure_are_full_on_their_last_day(day: int, reasons: list[str]) -> None:
    """Hired on 17 August 2020, she has 54 months on 17 February 2025; the test names all three."""
    file = OnFile()
    file.hired(HIRED)
    file.award("mc", date(2025, 2, day))
    (found,) = file.findings(plain_rule(eligibility=[{"kind": "tenure", "months": 54}]))
    assert failed(found) == reasons
    (check,) = (one for one in found.checks if one["rule"] == "tenure")
    assert check["inputs"] == {"day": date(2025, 2, day), "hired": HIRED, "months": 54}


@pytest.mark.parametrize(
    ("exempt", "expected"),
    [
        (True, ("due", None, 30_000)),
        (False, ("not_due", "not_exempt", 0)),
        (None, ("pending", "exempt_status_unknown", 30_000)),
    ],
)
def test_whether_she_is_exempt_may_not_be_known(*, exempt: bool | None, expected: Any) -> None:
    rule = plain_rule(eligibility=[{"kind": "exempt"}])
    assert said(awarded(exempt=exempt).findings(rule)) == [expected]


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        ({"school": "poor"}, ("due", None, 30_000)),
        ({"school": "rich"}, ("not_due", "school_without_attribute", 0)),
        ({}, ("pending", "school_missing", 30_000)),
    ],
)
def test_whose_school_is_not_on_file_waits(position: dict[str, Any], expected: Any) -> None:
    file = awarded(**position).school_is("poor", "high_poverty", date(2020, 7, 1))
    rule = plain_rule(eligibility=[{"kind": "school", "attributes": ["high_poverty"]}])
    assert said(file.findings(rule)) == [expected]


@pytest.mark.parametrize(
    ("fte", "expected"),
    [(500, ("due", None, 15_000)), (None, ("pending", "fte_missing", 0))],
)
def test_a_share_of_full_time_needs_to_be_on_file(fte: int | None, expected: Any) -> None:
    rule = plain_rule(amount=flat(share="fte"))
    assert said(awarded(fte=fte).findings(rule)) == [expected]


def test_issuers_may_be_paid_differently_and_one_not_listed_not_at_all() -> None:
    """200 dollars for the one, 450 for the other, and nothing for a third."""
    issuers = [
        {"issuer_id": str(named("nea")), "amount_cents": 20_000},
        {"issuer_id": str(named("board")), "amount_cents": 45_000},
    ]
    rule = plain_rule(amount=[{"name": "by", "basis": {"kind": "issuer", "issuers": issuers}}])
    file = OnFile().hired(HIRED)
    for issuer in ("nea", "board", "third"):
        file.award(f"mc of {issuer}", MARCH, issuer=issuer)
    found = file.findings(rule)
    assert [one.amount_cents for one in found] == [20_000, 45_000, 0]
    assert [one.verdict for one in found] == ["due", "due", "not_due"]


TWO_YEARS = Calendar(fiscal_years(2025, 2026), pay_periods(date(2025, 3, 1), 3))


@pytest.mark.parametrize(
    ("apart", "days"),
    [
        ("months", [date(2025, 3, 10), date(2025, 4, 10), date(2025, 5, 10)]),
        ("fiscal_years", [date(2025, 3, 10), date(2026, 3, 10), date(2027, 3, 10)]),
        ("pay_dates", [date(2025, 3, 21), date(2025, 4, 4), date(2025, 4, 18)]),
    ],
)
def test_instalments_are_so_far_apart(apart: str, days: list[date]) -> None:
    """100 dollars each of 300: by months, by years, or on the pay dates that follow."""
    rule = plain_rule(timing={"instalments": {"count": 3, "apart": apart}})
    (found,) = awarded(calendar=TWO_YEARS).findings(rule)
    assert amounts(found) == [("earn", 10_000, day) for day in days]


@pytest.mark.parametrize(
    "timing",
    [
        {"instalments": {"count": 4, "apart": "pay_dates"}},
        {"paid_on": {"kind": "pay_period", "number": 4}},
        {"paid_on": {"kind": "next_pay_date", "lead_days": 60}},
    ],
)
def test_what_lies_beyond_the_calendar_waits_for_it(timing: dict[str, Any]) -> None:
    assert said(awarded(calendar=TWO_YEARS).findings(plain_rule(timing=timing))) == [NOT_YET]


@pytest.mark.parametrize(
    ("paid_on", "day"),
    [
        ({"kind": "pay_period"}, date(2025, 3, 15)),
        ({"kind": "pay_period", "on": "pay_date"}, date(2025, 4, 4)),
        ({"kind": "next_pay_date"}, date(2025, 3, 21)),
        ({"kind": "next_pay_date", "lead_days": 12}, date(2025, 4, 4)),
        ({"kind": "period_end", "period": "month"}, date(2025, 3, 31)),
        ({"kind": "period_end", "period": "quarter"}, date(2025, 3, 31)),
    ],
)
def test_a_pay_day_follows_the_calendar(paid_on: dict[str, Any], day: date) -> None:
    """Periods begin on 1, 15 and 29 March 2025, each paid on the Friday after it has ended."""
    (found,) = awarded(calendar=TWO_YEARS).findings(plain_rule(timing={"paid_on": paid_on}))
    assert (found.verdict, found.payable_on) == ("due", day)


@pytest.mark.parametrize(
    ("cap", "cents"),
    [
        ({"per": "career"}, [30_000, 10_000, 0, 0]),
        ({"per": "fiscal_year"}, [30_000, 10_000, 0, 30_000]),
        ({"per": "day"}, [30_000, 10_000, 30_000, 30_000]),
        ({"per": "months", "months": 2}, [30_000, 10_000, 0, 30_000]),
        ({"per": "credential"}, [30_000] * 4),
    ],
)
def test_a_limit_of_400_dollars_in_one_span_or_another(
    cap: dict[str, Any], cents: list[int]
) -> None:
    """Two awards on 10 March, one on 9 May of the same fiscal year, one on 9 July of the next."""
    file = awarded("one", "two")
    file.award("three", date(2025, 5, 9)).award("four", date(2025, 7, 9))
    found = file.findings(plain_rule(caps=[{"of": "cents", "most": 40_000, **cap}]))
    assert [one.amount_cents for one in found] == cents


def test_who_has_not_chosen_yet_waits_and_the_first_choice_counts() -> None:
    rule = plain_rule(exclusions=[{"kind": "one_choice", "choice": "stipend"}])
    assert said(awarded().findings(rule)) == [("pending", "choice_missing", 30_000)]
    chosen = awarded().request("first", MARCH, about="mc", choice="stipend")
    assert said(chosen.findings(rule)) == [("due", None, 30_000)]
    chosen.request("later", MARCH, about="mc", choice="credit")
    assert said(chosen.findings(rule)) == [("due", None, 30_000)]


def base_pay(**changes: Any) -> Rule:
    return plain_rule(benefit="base_add", **changes)


@pytest.mark.parametrize(
    ("base_pay_after", "ends"), [("ends_prospectively", date(2025, 8, 31)), ("keep", None)]
)
def test_a_revocation_ends_base_pay_the_day_before_or_leaves_it(
    base_pay_after: str, ends: date | None
) -> None:
    file = awarded().revoked("mc", date(2025, 9, 1))
    (found,) = file.findings(base_pay(revocation={"base_pay": base_pay_after}))
    assert found.notice is not None
    assert (found.notice.effective_on, found.notice.ends_on) == (MARCH, ends)
    assert found.notice.annual_cents == 30_000


@pytest.mark.parametrize(("periods", "day"), [(2, date(2025, 4, 18)), (3, None)])
def test_a_notice_says_by_when_the_past_is_paid_as_far_as_pay_dates_are_set(
    periods: int, day: date | None
) -> None:
    """Full periods after 10 March begin on the 15th and 29th; the third is not set."""
    rule = base_pay(timing={"retro_within_periods": periods})
    (found,) = awarded(calendar=TWO_YEARS).findings(rule)
    assert found.notice is not None
    assert found.notice.settle_by == day


def test_a_limit_by_the_year_waits_for_the_year_and_one_for_ever_does_not() -> None:
    def found(per: str) -> Any:
        rule = plain_rule(caps=[{"of": "cents", "most": 40_000, "per": per}])
        return said(awarded(calendar=Calendar()).findings(rule))

    assert found("fiscal_year") == [NOT_YET]
    assert found("career") == [("due", None, 30_000)]


@pytest.mark.parametrize(
    ("late", "last", "expected"),
    [
        ("hold", 2026, ("pending", "fiscal_year_closed", date(2025, 3, 10))),
        ("next_fiscal_year", 2026, ("due", None, date(2025, 7, 1))),
        ("next_fiscal_year", 2025, (*NOT_YET[:2], date(2025, 3, 10))),
    ],
)
def test_what_is_late_is_held_or_waits_for_the_next_year_to_be_set(
    late: str, last: int, expected: Any
) -> None:
    closed = Calendar(fiscal_years(2025, last), closed_through=date(2025, 6, 30), closed_position=1)
    (found,) = awarded(calendar=closed).findings(plain_rule(timing={"late": late}))
    assert (found.verdict, found.reason, found.payable_on) == expected


@pytest.mark.parametrize(
    ("basis", "cents"),
    [
        ({}, 2_500),
        ({"whole_units": True}, 2_000),
        ({"units_max": 2}, 2_000),
        ({"units_max": 3}, 2_500),
    ],
)
def test_units_are_paid_in_part_or_whole_and_up_to_the_most(
    basis: dict[str, Any], cents: int
) -> None:
    """Two and a half hours at 10 dollars."""
    each = {"kind": "per_unit", "amount_cents": 1_000, **basis}
    rule = plain_rule(
        trigger={"kind": "activity", "activities": ["workshop"]},
        amount=[{"name": "hours", "basis": each}],
    )
    file = OnFile().hired(HIRED).activity("a workshop", "workshop", 250, MARCH)
    assert said(file.findings(rule)) == [("due", None, cents)]


def test_a_part_of_an_amount_that_hangs_on_what_nobody_has_recorded_waits() -> None:
    rule = plain_rule(amount=flat(when=[{"kind": "hired_by", "by": "documents"}]))
    assert said(awarded().findings(rule)) == [("pending", "documents_missing", 0)]


@pytest.mark.parametrize(("days", "expected"), [(3, ("due", None, 30_000)), (40, NOT_YET)])
def test_business_days_need_the_holidays_of_the_years_they_reach(days: int, expected: Any) -> None:
    """From 10 December 2025; nobody has set the holidays of 2026."""
    december = Calendar(fiscal_years(2025, 2026), holidays={2025: frozenset()})
    window = {"kind": "within", "what": "earned", "after": "earned", "days": days}
    rule = plain_rule(windows=[window | {"counting": "business"}])
    file = OnFile(december).hired(HIRED).award("mc", date(2025, 12, 10))
    assert said(file.findings(rule)) == [expected]


def test_a_day_of_the_year_that_a_short_year_does_not_have_is_missing() -> None:
    """A first year of two months, as of a district that has just begun."""
    short = Calendar((FiscalYear(2025, date(2025, 2, 1), date(2025, 3, 31)),))
    rule = plain_rule(eligibility=[{"kind": "employed", "on": "--10-01"}])
    assert said(awarded(calendar=short).findings(rule)) == [NOT_YET]


@pytest.mark.parametrize(
    ("goals", "expected"),
    [
        (None, ("due", None, 30_000)),
        (["math", "literacy"], ("due", None, 30_000)),
        (["math"], ("not_due", "plan_goal_missing", 0)),
    ],
)
def test_it_serves_a_goal_of_her_plan_or_one_of_those_named(
    goals: list[str] | None, expected: Any
) -> None:
    rule = plain_rule(preconditions=[{"kind": "plan_goal", "goals": goals}])
    file = awarded().note("plan_goal", "mc", MARCH, "literacy")
    assert said(file.findings(rule)) == [expected]
    assert said(awarded().findings(rule)) == [("not_due", "plan_goal_missing", 0)]


def test_a_refund_waits_until_somebody_says_what_it_cost() -> None:
    rule = plain_rule(
        trigger={"kind": "activity", "activities": ["course"]},
        amount=[{"name": "refund", "basis": {"kind": "cost", "percent": 50}}],
    )
    file = OnFile().hired(HIRED).activity("a course", "course", 300, MARCH, cost=40_000)
    file.activity("another", "course", 300, MARCH)
    assert said(file.findings(rule)) == [
        ("due", None, 20_000),
        ("pending", "cost_missing", 0),
    ]


@pytest.mark.parametrize(
    ("before", "detail", "expected"),
    [
        ("started", "not_begun", ("due", None, 30_000)),
        ("started", None, ("pending", "started_missing", 30_000)),
        ("earned", None, ("due", None, 30_000)),
    ],
)
def test_an_approval_of_what_had_not_been_begun_is_prior(
    before: str, detail: str | None, expected: Any
) -> None:
    rule = plain_rule(preconditions=[{"kind": "approved", "before": before}])
    file = awarded().note("approval", "mc", date(2025, 3, 1), detail)
    assert said(file.findings(rule)) == [expected]


@pytest.mark.parametrize(
    ("policy", "paid", "expected"),
    [
        ("other", [50_000], ("not_due", "already_compensated", 0)),
        ("other", [50_000, -50_000], ("due", None, 30_000)),
    ],
)
def test_what_another_policy_has_paid_and_not_taken_back_is_not_paid_again(
    policy: str, paid: list[int], expected: Any
) -> None:
    rule = plain_rule(exclusions=[{"kind": "not_compensated"}])
    file = awarded()
    (found,) = file.findings(rule)
    for cents in paid:
        file.paid(found, MARCH, cents)
    others = tuple(one._replace(policy_id=named(policy)) for one in file.dossier.prior)
    file.dossier = replace(file.dossier, prior=others)
    assert said(file.findings(rule)) == [expected]


def test_what_was_paid_and_is_no_longer_due_is_reversed_whole() -> None:
    """Somebody finds out that she was hired a day too late."""
    file = awarded()
    (found,) = file.findings(plain_rule())
    file.paid(found, MARCH)
    (fallen,) = file.findings(plain_rule(eligibility=[{"kind": "hired_by", "by": "2020-08-16"}]))
    assert [(line.kind, line.amount_cents) for line in fallen.lines] == [("reversal", -30_000)]


@pytest.mark.parametrize(
    ("frees", "second"),
    [(True, ("due", None, 30_000)), (False, ("due", "reduced_by_cap", 10_000))],
)
def test_a_revoked_award_gives_its_room_under_a_cap_back_as_the_rule_says(
    frees: bool,  # noqa: FBT001 - as the parameter is named
    second: Any,
) -> None:
    """Two awards of 300.00 under a cap of 400.00 for a career; the first is revoked."""
    file = awarded("first", "second").revoked("first", date(2025, 9, 1))
    rule = plain_rule(
        caps=[{"of": "cents", "most": 40_000, "per": "career"}],
        revocation={"frees_capacity": frees},
    )
    assert said(file.findings(rule)) == [("not_due", "award_revoked", 0), second]
