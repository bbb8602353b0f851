"""Incentive policies."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ledger.aggregates.policy import (
    AdoptedInFutureError,
    BoardReferenceMissingError,
    Policy,
    PolicyRetiredError,
    PolicySpanReversedError,
    RetiredInPastError,
    TierRepeatedError,
    adopt,
)
from ledger.errors import NothingChangesError
from ledger.events.policy import PolicyAdopted, PolicyRetired, Tier, TieredAmount
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
