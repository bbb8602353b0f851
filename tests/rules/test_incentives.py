"""What one policy makes of one award or stack: terms, conditions, dates, and the reasons given."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ledger.events.policy import (
    AwardTrigger,
    FlatAmount,
    PolicyTerms,
    StackTrigger,
    Tier,
    TieredAmount,
)
from ledger.rules.allocation import judge
from ledger.rules.employments import Duty, Employment
from ledger.rules.incentives import (
    Check,
    Claim,
    Earned,
    Policy,
    Version,
    claim_for,
    governing_version,
    payable_day,
)
from tests.samples import CREDENTIAL, DISTRICT, STACK, named, policy_terms

AWARDED = date(2025, 3, 10)
TIERS = TieredAmount(
    tiers=(
        Tier(tier="basic", amount_cents=20_000),
        Tier(tier="advanced", amount_cents=40_000),
        Tier(tier="expert", amount_cents=60_000),
    )
)


def earned(**changes: Any) -> Earned:
    """An award of 10 March 2025 at position 50."""
    fields: dict[str, Any] = {
        "kind": "award",
        "subject_id": named("enrollment"),
        "credential_id": CREDENTIAL,
        "tier": "basic",
        "day": AWARDED,
        "place": (50, 50),
        "stands": True,
        "positions": (50,),
    }
    return Earned(**fields | changes)


def job(role: str = "teacher", **changes: Any) -> Employment:
    """A position in the district since August 2020, exempt."""
    fields: dict[str, Any] = {
        "employment_id": named(f"job as {role}"),
        "district_id": DISTRICT,
        "first_day": date(2020, 8, 1),
        "last_day": None,
        "exempt": True,
        "positions": (3,),
    } | changes
    duty = Duty(fields["first_day"], role, fields.pop("exempt"))
    return Employment(**fields, duties=(duty,))


def version(number: int = 1, position: int = 10, **changes: Any) -> Version:
    return Version(
        policy_version=number,
        board_reference=f"Minute {number}",
        adopted_on=date(2024, 6, 1),
        position=position,
        terms=policy_terms(**changes),
    )


def policy(*versions: Version, **changes: Any) -> Policy:
    fields: dict[str, Any] = {"policy_id": named("policy"), "district_id": DISTRICT}
    return Policy(**fields | {"versions": versions or (version(),)} | changes)


def claim(thing: Earned | None = None, *jobs: Employment, **terms: Any) -> Claim:
    """The claim of an award under a policy of one version, by a teacher with these positions."""
    one = version(**terms)
    return claim_for(policy(one), one, thing or earned(), jobs or (job(),))


def said(found: Claim) -> tuple[str, str | None, int]:
    return found.verdict, found.reason, found.amount_cents


def check(found: Claim, rule: str) -> Check:
    (one,) = [check for check in found.checks if check["rule"] == rule]
    return one


def test_a_flat_policy_owes_its_amount_for_an_award() -> None:
    found = claim()
    assert said(found) == ("due", None, 30_000)
    assert found.payable_on == AWARDED
    assert found.fiscal_year == 2025
    assert found.positions == [3, 10, 50]


def test_three_tiers_raise_base_pay_by_twelve_hundred_dollars_next_contract_year() -> None:
    """Kettle Moraine: a permanent rise of base pay for each micro-credential, 200 to 600 dollars.

    200 + 400 + 600 = 1,200 dollars. Awarded in the year that ends in June 2025, so the rise
    begins with the contract year of 1 July 2025. That the three amounts are tiers of the
    credential is an assumption; the range and the kind are from the source.

    Source: docs/sources.md#kettle-moraine.
    """
    terms: dict[str, Any] = {"amount": TIERS, "benefit": "base_pay"}
    three = [
        earned(subject_id=named(tier), tier=tier, place=(50 + n, 50 + n))
        for n, tier in enumerate(("basic", "advanced", "expert"))
    ]
    found = [one.claim for one in judge(policy(version(**terms)), three, [job()])]
    assert [one.amount_cents for one in found] == [20_000, 40_000, 60_000]
    assert sum(one.amount_cents for one in found) == 120_000
    assert {one.payable_on for one in found} == {date(2025, 7, 1)}


def test_the_same_award_counts_for_pay_whatever_it_is_worth_for_a_license() -> None:
    """Wisconsin: a credential that renews no license is paid all the same: 400 dollars."""
    assert said(claim(amount=FlatAmount(amount_cents=40_000))) == ("due", None, 40_000)


def test_a_tier_that_the_policy_does_not_list_is_not_paid() -> None:
    found = claim(earned(tier="master"), amount=TIERS)
    assert said(found) == ("not_due", "tier_not_listed", 0)
    assert check(found, "tier")["inputs"] == {
        "tier": "master",
        "listed": ["basic", "advanced", "expert"],
    }
    assert found.terms_cents == 0
    assert said(claim(earned(tier=None), amount=TIERS))[1] == "tier_not_listed"


def test_only_listed_credentials_are_paid() -> None:
    listed = AwardTrigger(credential_ids=(CREDENTIAL, named("other")))
    assert said(claim(trigger=listed)) == ("due", None, 30_000)
    found = claim(earned(credential_id=named("third")), trigger=listed)
    assert said(found) == ("not_due", "credential_not_listed", 0)
    assert check(found, "credential_listed")["inputs"] == {
        "credential_id": named("third"),
        "listed": sorted([CREDENTIAL, named("other")]),
    }


def test_a_stack_is_paid_by_the_policy_that_waits_for_it_and_by_no_other() -> None:
    done = earned(kind="stack", subject_id=STACK, credential_id=None, tier=None)
    waits = policy(version(trigger=StackTrigger(stack_id=STACK)))
    other = policy(version(trigger=StackTrigger(stack_id=named("other stack"))))
    assert [said(one.claim) for one in judge(waits, [done], [job()])] == [("due", None, 30_000)]
    assert judge(other, [done], [job()]) == []
    assert judge(policy(), [done], [job()]) == []
    assert judge(waits, [earned()], [job()]) == []


def test_a_revoked_award_and_an_undone_stack_are_not_due_and_say_why() -> None:
    found = claim(earned(stands=False))
    assert said(found) == ("not_due", "award_revoked", 0)
    assert check(found, "stands")["inputs"] == {"stands": False}
    done = earned(kind="stack", subject_id=STACK, credential_id=None, tier=None, stands=False)
    found = claim(done, trigger=StackTrigger(stack_id=STACK))
    assert said(found) == ("not_due", "stack_invalidated", 0)
    assert found.terms_cents == 30_000


@pytest.mark.parametrize(
    ("day", "due"),
    [
        (date(2025, 2, 28), False),
        (date(2025, 3, 1), True),
        (date(2025, 3, 31), True),
        (date(2025, 4, 1), False),
    ],
)
def test_both_ends_of_an_employment_are_included(day: date, due: bool) -> None:  # noqa: FBT001
    worked = job(first_day=date(2025, 3, 1), last_day=date(2025, 3, 31))
    found = claim(earned(day=day), worked)
    assert said(found)[:2] == (("due", None) if due else ("not_due", "not_employed_on_award_date"))


def test_the_day_of_payment_may_be_the_one_that_counts() -> None:
    """Thirty days after 10 March is 9 April; she left on the 8th, or stayed one day longer."""
    terms: dict[str, Any] = {"employed_on": "payable_date", "waiting_days": 30}
    left = job(last_day=date(2025, 4, 8))
    found = claim(None, left, **terms)
    assert found.payable_on == date(2025, 4, 9)
    assert said(found) == ("not_due", "not_employed_on_payable_date", 0)
    assert said(claim(None, job(last_day=date(2025, 4, 9)), **terms)) == ("due", None, 30_000)


def test_who_left_while_waiting_is_paid_where_the_day_of_the_award_counts() -> None:
    left = job(last_day=AWARDED)
    assert said(claim(None, left, waiting_days=30)) == ("due", None, 30_000)


def test_an_amount_of_nothing_is_due_as_nothing() -> None:
    found = claim(amount=FlatAmount(amount_cents=0), person_cap_cents_per_year=0)
    assert said(found) == ("due", None, 0)
    assert found.terms_cents == 0


def test_what_is_not_in_force_is_passed_over_and_what_follows_is_judged() -> None:
    early = earned(subject_id=named("early"), day=date(2024, 6, 30), place=(40, 40))
    (found,) = judge(policy(), [early, earned()], [job()])
    assert (found.earned, found.version) == (earned(), version())


def test_a_policy_may_not_ask_for_employment_at_all() -> None:
    left = job(last_day=date(2021, 1, 1))
    found = claim(None, left, employed_on=None)
    assert said(found) == ("due", None, 30_000)
    assert {one["rule"] for one in found.checks} == {"in_force", "stands"}


def test_a_named_day_may_be_asked_for_as_well() -> None:
    asked = {"also_employed_on": date(2025, 10, 1)}
    assert said(claim(None, job(), **asked)) == ("due", None, 30_000)
    found = claim(None, job(last_day=date(2025, 9, 30)), **asked)
    assert said(found) == ("not_due", "not_employed_on_named_date", 0)
    assert check(found, "employed_on_named_date")["inputs"] == {
        "day": date(2025, 10, 1),
        "positions_held": [],
    }


def test_positions_in_other_districts_do_not_count() -> None:
    elsewhere = job(district_id=named("elsewhere"), positions=(7,))
    found = claim(None, elsewhere)
    assert said(found) == ("not_due", "not_employed_on_award_date", 0)
    assert 7 not in found.positions


def test_the_role_on_the_day_has_to_be_an_eligible_one() -> None:
    roles = {"roles": ("teacher", "counselor")}
    assert said(claim(None, job("teacher"), **roles)) == ("due", None, 30_000)
    found = claim(None, job("aide"), **roles)
    assert said(found) == ("not_due", "role_not_eligible", 0)
    assert check(found, "role")["inputs"] == {
        "day": AWARDED,
        "roles": ["aide"],
        "eligible": ["counselor", "teacher"],
    }


def test_one_eligible_position_of_two_is_enough() -> None:
    roles = {"roles": ("teacher",)}
    assert said(claim(None, job("aide"), job("teacher"), **roles)) == ("due", None, 30_000)


@pytest.mark.parametrize(
    ("exempt", "expected"),
    [
        ([True], ("due", None, 30_000)),
        ([False], ("not_due", "not_exempt", 0)),
        ([None], ("pending", "exempt_status_unknown", 30_000)),
        ([False, None], ("pending", "exempt_status_unknown", 30_000)),
        ([None, True], ("due", None, 30_000)),
    ],
)
def test_lump_sums_go_to_exempt_positions_only_where_the_policy_says_so(
    exempt: list[bool | None], expected: tuple[str, str | None, int]
) -> None:
    jobs = [job(employment_id=named(f"job {n}"), exempt=one) for n, one in enumerate(exempt)]
    assert said(claim(None, *jobs, exempt_only=True)) == expected
    assert said(claim(None, *jobs)) == ("due", None, 30_000)


def test_what_is_known_of_being_exempt_is_shown() -> None:
    jobs = [job(employment_id=named(f"job {one}"), exempt=one) for one in (None, False)]
    found = claim(None, *jobs, exempt_only=True)
    assert check(found, "exempt")["inputs"] == {"day": AWARDED, "exempt": [False, None]}


def test_only_the_eligible_positions_are_asked_whether_they_are_exempt() -> None:
    jobs = (job("teacher", exempt=False), job("aide", exempt=True))
    found = claim(None, *jobs, roles=("teacher",), exempt_only=True)
    assert said(found) == ("not_due", "not_exempt", 0)


def test_a_rule_that_fails_for_certain_goes_before_a_fact_that_is_missing() -> None:
    found = claim(earned(tier="master"), job(exempt=None), exempt_only=True, amount=TIERS)
    assert said(found) == ("not_due", "tier_not_listed", 0)
    assert check(found, "exempt")["passed"] is None


def test_every_rule_that_was_tried_is_kept_with_its_inputs() -> None:
    found = claim(
        None,
        job(),
        trigger=AwardTrigger(credential_ids=(CREDENTIAL,)),
        also_employed_on=AWARDED,
        roles=("teacher",),
        exempt_only=True,
        amount=TIERS,
    )
    assert [(one["rule"], one["passed"]) for one in found.checks] == [
        ("in_force", True),
        ("stands", True),
        ("credential_listed", True),
        ("employed_on_award_date", True),
        ("employed_on_named_date", True),
        ("role", True),
        ("exempt", True),
        ("tier", True),
    ]
    assert check(found, "in_force")["inputs"] == {
        "earned_on": AWARDED,
        "policy_version": 1,
        "effective_from": date(2024, 7, 1),
        "effective_to": None,
        "last_day": None,
    }
    assert check(found, "employed_on_award_date")["inputs"] == {
        "day": AWARDED,
        "positions_held": [named("job as teacher")],
    }


@pytest.mark.parametrize(
    ("day", "number"),
    [
        (date(2024, 6, 30), None),
        (date(2024, 7, 1), 1),
        (date(2025, 6, 30), 1),
        (date(2025, 7, 1), 2),
        (date(2025, 12, 31), 2),
        (date(2026, 1, 1), 1),
    ],
)
def test_the_version_in_force_on_the_day_governs_whenever_it_is_computed(
    day: date, number: int | None
) -> None:
    """Version 2 holds for the second half of 2025; version 1, without an end, around it."""
    second = version(2, effective_from=date(2025, 7, 1), effective_to=date(2025, 12, 31))
    governing = policy(version(1), second).version_on(day)
    assert (governing and governing.policy_version) == number


def test_a_correction_adopted_later_governs_the_days_it_names() -> None:
    second = version(2, position=90, amount=FlatAmount(amount_cents=35_000))
    corrected = policy(version(1), second)
    found = governing_version(corrected, earned())
    assert found is second
    assert said(claim_for(corrected, second, earned(), [job()])) == ("due", None, 35_000)


def test_nothing_is_earned_after_a_policy_is_retired_and_what_was_earned_stands() -> None:
    retired = policy(last_day=AWARDED, retired_position=77)
    (found,) = judge(retired, [earned()], [job()])
    assert said(found.claim) == ("due", None, 30_000)
    assert 77 in found.claim.positions
    assert judge(retired, [earned(day=date(2025, 3, 11))], [job()]) == []


@pytest.mark.parametrize(
    ("day", "terms", "payable_on"),
    [
        (date(2024, 2, 28), {"waiting_days": 1}, date(2024, 2, 29)),
        (date(2023, 11, 30), {"waiting_days": 90}, date(2024, 2, 28)),
        (date(2025, 6, 30), {"benefit": "base_pay"}, date(2025, 7, 1)),
        (date(2025, 7, 1), {"benefit": "base_pay"}, date(2026, 7, 1)),
        (date(2025, 6, 30), {"benefit": "base_pay", "waiting_days": 1}, date(2025, 7, 1)),
        (date(2025, 6, 30), {"benefit": "base_pay", "waiting_days": 2}, date(2026, 7, 1)),
        (date(2025, 6, 30), {"benefit": "base_pay", "year_starts_month": 1}, date(2026, 1, 1)),
    ],
)
def test_money_is_payable_after_the_waiting_and_base_pay_with_the_next_contract_year(
    day: date, terms: dict[str, Any], payable_on: date
) -> None:
    assert payable_day(policy_terms(**terms), day) == payable_on


def test_a_yearly_cap_reduces_what_goes_beyond_it_and_stops_what_comes_after() -> None:
    """A cap of 700 dollars, three awards of 300: 300, 300, then 100 of 300, then nothing."""
    capped = policy(version(person_cap_cents_per_year=70_000))
    four = [earned(subject_id=named(f"award {n}"), place=(50 + n, 50 + n)) for n in range(4)]
    found = [one.claim for one in judge(capped, reversed(four), [job()])]
    assert [said(one) for one in found] == [
        ("due", None, 30_000),
        ("due", None, 30_000),
        ("due", "reduced_by_yearly_cap", 10_000),
        ("not_due", "yearly_cap_reached", 0),
    ]
    assert [one.terms_cents for one in found] == [30_000] * 4
    assert check(found[2], "yearly_cap") == {
        "rule": "yearly_cap",
        "inputs": {
            "cap_cents": 70_000,
            "used_cents": 60_000,
            "left_cents": 10_000,
            "amount_cents": 30_000,
        },
        "passed": False,
        "reason": "reduced_by_yearly_cap",
    }
    assert check(found[0], "yearly_cap")["passed"] is True
    just = claim(person_cap_cents_per_year=30_000)
    assert said(just) == ("due", None, 30_000)
    assert check(just, "yearly_cap")["passed"] is True


def test_a_cap_begins_anew_with_each_fiscal_year() -> None:
    capped = policy(version(person_cap_cents_per_year=30_000))
    june = earned(subject_id=named("june"), day=date(2025, 6, 30), place=(60, 60))
    july = earned(subject_id=named("july"), day=date(2025, 7, 1), place=(61, 61))
    found = [one.claim for one in judge(capped, [june, july], [job()])]
    assert [(one.fiscal_year, *said(one)) for one in found] == [
        (2025, "due", None, 30_000),
        (2026, "due", None, 30_000),
    ]


def test_what_is_not_due_or_waits_for_a_fact_uses_up_no_cap() -> None:
    capped = policy(version(person_cap_cents_per_year=30_000))
    revoked = earned(subject_id=named("revoked"), stands=False, place=(40, 40))
    found = [one.claim for one in judge(capped, [revoked, earned()], [job()])]
    assert [said(one)[0] for one in found] == ["not_due", "due"]
    unknown = policy(version(person_cap_cents_per_year=30_000, exempt_only=True))
    found = [one.claim for one in judge(unknown, [earned()], [job(exempt=None)])]
    assert said(found[0]) == ("pending", "exempt_status_unknown", 30_000)


def test_two_versions_in_one_year_share_the_year_but_each_has_its_own_cap() -> None:
    """300 dollars under version 1 leave 100 of the 400 that version 2 allows."""
    capped = policy(
        version(1, person_cap_cents_per_year=30_000),
        version(2, effective_from=date(2025, 4, 1), person_cap_cents_per_year=40_000),
    )
    later = earned(subject_id=named("later"), day=date(2025, 4, 1), place=(70, 70))
    found = [one.claim for one in judge(capped, [earned(), later], [job()])]
    assert [one.amount_cents for one in found] == [30_000, 10_000]


def test_a_policy_knows_whether_claims_hang_together() -> None:
    plain, capped = version(), version(2, person_cap_cents_per_year=1)
    budgeted = version(2, budget_cents_per_year=1)
    stack = version(2, trigger=StackTrigger(stack_id=STACK))
    assert [policy(plain, other).capped for other in (plain, capped)] == [False, True]
    assert [policy(plain, other).budgeted for other in (plain, budgeted)] == [False, True]
    assert policy(plain, stack).stack_ids == {STACK}


def test_a_lowered_cap_never_asks_for_money_back() -> None:
    lowered = policy(
        version(1, person_cap_cents_per_year=50_000),
        version(2, effective_from=date(2025, 4, 1), person_cap_cents_per_year=10_000),
    )
    later = earned(subject_id=named("later"), day=date(2025, 4, 1), place=(70, 70))
    found = [one.claim for one in judge(lowered, [earned(), later], [job()])]
    assert said(found[1]) == ("not_due", "yearly_cap_reached", 0)
    assert check(found[1], "yearly_cap")["inputs"]["left_cents"] == 0


def test_terms_of_a_stack_with_tiers_name_no_tier_for_it() -> None:
    terms = policy_terms(trigger=StackTrigger(stack_id=STACK), amount=TIERS)
    assert isinstance(terms, PolicyTerms)
    done = earned(kind="stack", subject_id=STACK, credential_id=None, tier=None)
    one = replace(version(), terms=terms)
    assert said(claim_for(policy(one), one, done, [job()])) == ("not_due", "tier_not_listed", 0)
