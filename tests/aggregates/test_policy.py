"""Incentive policies."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.aggregates.policy import (
    AdoptedInFutureError,
    BoardReferenceMissingError,
    Policy,
    PolicyFormChangedError,
    PolicyRetiredError,
    PolicySpanReversedError,
    RetiredInPastError,
    RuleMisfitError,
    TierRepeatedError,
    adopt,
)
from ledger.errors import NothingChangesError
from ledger.events.policy import (
    PolicyAdopted,
    PolicyRetired,
    PolicyRuleAdopted,
    Tier,
    TieredAmount,
)
from ledger.events.policy_rule import Rule
from tests.given import Outcome, fact, given
from tests.samples import DISTRICT, act, header, named, policy_terms

POLICY = named("policy")
TODAY = date(2024, 11, 18)
MINUTE = "Board minute 2024-117"


def adopted(**changes: Any) -> PolicyAdopted:
    return PolicyAdopted(
        **header(POLICY),
        district_id=DISTRICT,
        policy_version=1,
        board_reference=MINUTE,
        adopted_on=TODAY,
        terms=policy_terms(**changes),
    )


retired = PolicyRetired(
    **header(POLICY, 2), district_id=DISTRICT, board_reference=MINUTE, last_day=TODAY
)


def adopting(reference: str = MINUTE, on: date = TODAY, **changes: Any) -> Outcome:
    return given().when(
        lambda _: adopt(
            POLICY,
            act(),
            district_id=DISTRICT,
            board_reference=reference,
            adopted_on=on,
            terms=policy_terms(**changes),
        )
    )


def adopting_next(reference: str = MINUTE, on: date = TODAY, **changes: Any) -> Outcome:
    return given(adopted()).when(
        lambda p: p.adopt(
            act(), board_reference=reference, adopted_on=on, terms=policy_terms(**changes)
        )
    )


def test_a_policy_is_adopted_by_a_minute_of_the_board() -> None:
    adopting().then(
        fact(
            PolicyAdopted,
            district_id=DISTRICT,
            policy_version=1,
            board_reference=MINUTE,
            adopted_on=TODAY,
            terms=policy_terms(),
        )
    )


@pytest.mark.parametrize("reference", ["", " \t"])
def test_nothing_is_adopted_or_retired_without_the_board(reference: str) -> None:
    refused = adopting(reference).then_refused(BoardReferenceMissingError)
    assert (refused.slug, refused.status) == ("board-reference-missing", 422)
    adopting_next(reference, title="Other").then_refused(BoardReferenceMissingError)
    given(adopted()).when(
        lambda p: p.retire(act(), board_reference=reference, last_day=TODAY)
    ).then_refused(BoardReferenceMissingError)


def test_a_board_adopts_no_later_than_today_in_the_policys_zone() -> None:
    adopting(on=date(2024, 11, 19)).then_refused(AdoptedInFutureError, "2024-11-19")
    adopting(on=date(2024, 11, 19), zone="Pacific/Kiritimati").then(PolicyAdopted)


def test_a_policy_does_not_end_before_it_begins() -> None:
    span: dict[str, Any] = {"effective_from": date(2024, 7, 1), "effective_to": date(2024, 6, 30)}
    adopting(**span).then_refused(PolicySpanReversedError, "2024-07-01")
    adopting(**span | {"effective_to": date(2024, 7, 1)}).then(PolicyAdopted)


def test_a_tier_has_one_amount() -> None:
    tiers = (Tier(tier="gold", amount_cents=20_000), Tier(tier="gold", amount_cents=40_000))
    adopting(amount=TieredAmount(tiers=tiers)).then_refused(TierRepeatedError)
    adopting(amount=TieredAmount(tiers=tiers[:1])).then(PolicyAdopted)


def test_versions_of_a_policy_increase() -> None:
    state = adopting_next(title="Stipend, raised").then(
        fact(PolicyAdopted, policy_version=2, district_id=DISTRICT, board_reference=MINUTE)
    )
    assert state.policy_version == 2
    assert state.terms == policy_terms(title="Stipend, raised")


def test_a_version_that_says_the_same_is_none() -> None:
    adopting_next().then_refused(NothingChangesError, "version 1")


def test_the_next_version_is_held_to_the_same_rules() -> None:
    adopting_next(on=date(2024, 11, 19), title="Other").then_refused(AdoptedInFutureError)


def test_a_policy_is_retired_after_a_day_that_has_not_passed() -> None:
    history = given(adopted())
    state = history.when(lambda p: p.retire(act(), board_reference=MINUTE, last_day=TODAY)).then(
        fact(PolicyRetired, last_day=TODAY, board_reference=MINUTE, district_id=DISTRICT)
    )
    assert state.last_day == TODAY
    history.when(
        lambda p: p.retire(act(), board_reference=MINUTE, last_day=date(2024, 11, 17))
    ).then_refused(RetiredInPastError, "2024-11-17")


def test_a_retired_policy_stays_as_it_is() -> None:
    history = given(adopted(), retired)
    history.when(lambda p: p.retire(act(), board_reference=MINUTE, last_day=TODAY)).then_refused(
        PolicyRetiredError, str(TODAY)
    )
    history.when(
        lambda p: p.adopt(
            act(), board_reference=MINUTE, adopted_on=TODAY, terms=policy_terms(title="Other")
        )
    ).then_refused(PolicyRetiredError)


def test_a_history_that_no_policy_can_have_is_a_fault() -> None:
    with pytest.raises(AssertionError, match="begins by being adopted"):
        Policy.fold(None, [retired])


def rule(**changes: Any) -> Rule:
    fields: dict[str, Any] = {
        "title": "Stipend",
        "zone": "America/New_York",
        "effective_from": "2024-07-01",
        "trigger": {"kind": "award"},
        "benefit": "one_time",
        "amount": [{"name": "flat", "basis": {"kind": "flat", "amount_cents": 30_000}}],
        "account": {"fund": "general"},
    }
    return Rule.model_validate(fields | changes)


def adopting_rule(terms: Rule, reference: str = MINUTE, on: date = TODAY) -> Outcome:
    return given().when(
        lambda _: adopt(
            POLICY,
            act(),
            district_id=DISTRICT,
            board_reference=reference,
            adopted_on=on,
            terms=terms,
        )
    )


def test_a_rule_is_adopted_in_versions_as_terms_are() -> None:
    first = adopting_rule(rule())
    first.then(fact(PolicyRuleAdopted, rule=rule(), policy_version=1, board_reference=MINUTE))
    given(*first.events).when(
        lambda policy: policy.adopt(
            act(), board_reference=MINUTE, adopted_on=TODAY, terms=rule(benefit="step")
        )
    ).then(fact(PolicyRuleAdopted, policy_version=2))


def test_a_rule_without_a_minute_or_adopted_tomorrow_is_refused() -> None:
    adopting_rule(rule(), reference="  ").then_refused(BoardReferenceMissingError)
    adopting_rule(rule(), on=date(2024, 11, 19)).then_refused(AdoptedInFutureError)


def test_terms_do_not_become_a_rule_nor_a_rule_terms() -> None:
    as_rule = given(adopted()).when(
        lambda policy: policy.adopt(act(), board_reference=MINUTE, adopted_on=TODAY, terms=rule())
    )
    as_rule.then_refused(PolicyFormChangedError)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("account.performance_to", {"account": {"fund": "a", "performance_from": "2024-07-01",
         "performance_to": "2024-06-30"}}),
        ("account.shares", {"account": {"fund": "a", "shares": [{"fund": "b", "percent": 99}]}}),
        ("caps.0.months", {"caps": [{"of": "times", "most": 1, "per": "months"}]}),
        ("clawback.schedule.rungs", {"clawback": {"schedule": {"kind": "ladder", "rungs": [
            {"months": 12, "percent": 100}, {"months": 12, "percent": 50}]}}}),
        ("timing.instalments", {"timing": {"recurs": True, "instalments": {"count": 2}}}),
        ("amount.0.basis.tiers", {"amount": [{"name": "t", "basis": {"kind": "tier", "tiers": [
            {"tier": "a", "amount_cents": 1}, {"tier": "a", "amount_cents": 2}]}}]}),
        ("amount.0.attributes", {"amount": [{"name": "s", "share": "fte_at_school",
         "basis": {"kind": "flat", "amount_cents": 1}}]}),
        ("amount", {"amount": []}),
        ("amount", {"amount": [{"name": "loan", "deducted": True,
         "basis": {"kind": "flat", "amount_cents": 1}}]}),
        ("pool.winners_max", {"pool": {"budget_cents": 100, "winners_max": 2}}),
        ("trigger.thresholds", {"trigger": {"kind": "points_threshold", "unit": "point",
         "thresholds": [9, 9], "sources": [{"of": "activity"}]}}),
        ("trigger.categories.0.category", {"trigger": {"kind": "points_threshold",
         "unit": "point", "thresholds": [9], "sources": [{"of": "activity"}],
         "categories": [{"category": "other"}]}}),
        ("trigger.categories.0.overflow_to", {"trigger": {"kind": "points_threshold",
         "unit": "point", "thresholds": [9], "sources": [{"of": "activity"}],
         "categories": [{"category": "any", "units_max": 1, "overflow_to": "any"}]}}),
    ],
)  # fmt: skip
def test_parts_of_a_rule_that_do_not_fit_are_named(field: str, changes: dict[str, Any]) -> None:
    adopting_rule(rule(**changes)).then_refused(RuleMisfitError, f"{field}: ")
