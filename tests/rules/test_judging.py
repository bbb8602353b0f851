"""One occasion under one rule: what the finding is called, shows, takes from caps, and tells HR."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest

from ledger.rules.entitlements.caps import Used
from ledger.rules.entitlements.conditions import Case
from ledger.rules.entitlements.days import Days
from ledger.rules.entitlements.findings import Finding
from ledger.rules.entitlements.judging import judge_case
from ledger.rules.entitlements.occasions import Occasion
from tests.rules.dossiers import (
    CALENDAR,
    POLICY,
    OnFile,
    amounts,
    failed,
    plain_rule,
    policy_of,
    said,
)
from tests.samples import DISTRICT, EARNER, named

HIRED, EARNED = date(2020, 8, 17), date(2025, 3, 10)
DAY = timedelta(days=1)
MC = named("mc")


def on_file() -> OnFile:
    return OnFile().hired(HIRED).award("mc", EARNED)


def shown(finding: Finding, rule: str) -> list[dict[str, Any]]:
    return [dict(one) for one in finding.checks if one["rule"] == rule]


def judged(file: OnFile, **rule: Any) -> tuple[Finding, Used | None]:
    """The first award on file under a rule, with what it takes from the caps."""
    (held, *_) = file.dossier.awards
    place = (held.award.position, held.award.position)
    days = Days(EARNED, CALENDAR, {})
    one = Occasion("award", MC, days, place, (MC,), award=held, units=Fraction(5, 2))
    asked = plain_rule(**rule)
    (version,) = policy_of(asked).versions
    return judge_case(Case(POLICY, asked, file.dossier, one), version, [])


def test_an_entitlement_is_called_by_policy_person_and_what_it_is_for() -> None:
    """Payroll's lines and answers name it for ever, so it is written down and not worked out."""
    (found,) = on_file().findings(plain_rule())
    assert str(found.entitlement_id) == "94518736-fd6c-521d-80f9-0af13fe5e7b6"


@pytest.mark.parametrize(
    ("pool", "pooled"), [("first_come", False), ("lottery", True), ("pro_rata", True)]
)
def test_what_is_due_takes_from_the_caps_and_what_waits_for_a_draw_says_so(
    pool: str, *, pooled: bool
) -> None:
    _, taken = judged(on_file(), pool={"budget_cents": 10**6, "order": pool})
    assert taken == Used(EARNED, 2025, MC, 30_000, Fraction(5, 2), pooled)


def test_what_is_not_due_takes_nothing() -> None:
    found, taken = judged(on_file(), eligibility=[{"kind": "role", "roles": ["counselor"]}])
    assert (found.verdict, taken) == ("not_due", None)


def test_the_caps_that_were_tried_are_among_the_tests() -> None:
    rule = plain_rule(caps=[{"of": "cents", "most": 20_000, "per": "career"}])
    (found,) = on_file().findings(rule)
    (cap,) = (one for one in found.checks if one["reason"] == "reduced_by_cap")
    assert cap["passed"] is False
    assert said((found,)) == [("due", "reduced_by_cap", 20_000)]


CREDIT = {
    "kind": "credit_requested",
    "choice": "credit",
    "unit": "step",
    "unit_hundredths": 50,
    "each_hours": 15,
}


@pytest.mark.parametrize(
    ("hundredths", "credit", "expected"),
    [
        (1_499, 0, ("not_due", "too_few_units", 0)),
        (1_500, 50, ("due", None, 0)),
        (2_999, 50, ("due", None, 0)),
        (3_000, 100, ("due", None, 0)),
    ],
)
def test_only_each_full_fifteen_hours_are_half_a_credit(
    hundredths: int, credit: int, expected: Any
) -> None:
    file = OnFile().hired(HIRED).activity("course", "course", hundredths, EARNED)
    file.request("asks", EARNED, about="course", choice="credit")
    rule = plain_rule(trigger=CREDIT, benefit="step", amount=[])
    (found,) = file.findings(rule)
    assert said((found,)) == [expected]
    (made,) = shown(found, "credit")
    assert made["inputs"] == {
        "hours_hundredths": hundredths,
        "counted_hundredths": hundredths,
        "each_hours": 15,
        "unit": "step",
        "credit_hundredths": credit,
    }
    assert (found.notice and found.notice.credit_hundredths) == (credit or None)


@pytest.mark.parametrize(
    ("employed", "paid", "canceled"),
    [(True, [date(2025, 3, 10), date(2025, 4, 10)], 1), (False, None, 0)],
)
def test_an_instalment_after_she_has_left_is_canceled_where_it_asks_for_a_position(
    *, employed: bool, paid: list[date] | None, canceled: int
) -> None:
    """100.00 on 10 March, April and May; she leaves on 10 April, which is still a day of hers."""
    file = on_file().left(date(2025, 4, 10))
    rule = plain_rule(timing={"instalments": {"count": 3, "apart": "months", "employed": employed}})
    (found,) = file.findings(rule)
    days = paid or [date(2025, 3, 10), date(2025, 4, 10), date(2025, 5, 10)]
    assert amounts(found) == [("earn", 10_000, day) for day in days]
    assert failed(found) == ["instalment_canceled"] * canceled


BASE = {"benefit": "base_add", "timing": {"after": "earned"}}


@pytest.mark.parametrize(
    ("revoked_on", "ends_on"),
    [(EARNED - DAY, "none"), (EARNED, "none"), (EARNED + DAY, EARNED)],
)
def test_a_base_add_that_had_begun_ends_the_day_before_its_revocation(
    revoked_on: date, ends_on: Any
) -> None:
    """One that is revoked on the very day it begins has never begun: HR is told nothing."""
    (found,) = on_file().revoked("mc", revoked_on).findings(plain_rule(**BASE))
    assert (found.notice.ends_on if found.notice else "none") == ends_on


def test_a_notice_names_whom_what_and_by_which_policy() -> None:
    (found,) = on_file().findings(plain_rule(**BASE))
    notice = found.notice
    assert notice is not None
    ids: tuple[UUID, ...] = (notice.entitlement_id, notice.person_id)
    assert ids == (found.entitlement_id, EARNER)
    assert (notice.district_id, notice.policy_id) == (DISTRICT, POLICY)
    assert (notice.kind, notice.effective_on, notice.ends_on) == ("base_add", EARNED, None)
    assert (notice.annual_cents, notice.retro_days) == (30_000, 0)


@pytest.mark.parametrize(
    ("if_unpaid", "left"),
    [
        ("keep", [("earn", 10_000, date(2025, 4, 10)), ("earn", 10_000, date(2025, 5, 10))]),
        ("reverse", []),
    ],
)
def test_of_a_revoked_award_the_paid_instalment_stays_and_the_others_as_the_rule_says(
    if_unpaid: str, left: list[Any]
) -> None:
    """100.00 of 300.00 was paid when the award was revoked, and what was paid is kept."""
    rule = plain_rule(
        timing={"instalments": {"count": 3, "employed": False}},
        revocation={"if_paid": "keep", "if_unpaid": if_unpaid},
    )
    file = on_file()
    (found,) = file.findings(rule)
    file.paid(found, EARNED, 10_000).revoked("mc", EARNED + DAY)
    (fallen,) = file.findings(rule)
    assert amounts(fallen) == left
    assert fallen.amount_cents == 10_000 + sum(cents for _, cents, _ in left)
