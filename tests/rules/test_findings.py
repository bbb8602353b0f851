"""What a policy asks for, over all its versions: so that nobody looks up what no version needs."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.events.policy_rule import Rule
from tests.rules.dossiers import plain_rule, policy_of
from tests.samples import named

PLAIN = plain_rule()


def pooled(order: str) -> Rule:
    return plain_rule(pool={"budget_cents": 100_000, "order": order})


@pytest.mark.parametrize(
    ("rule", "budgeted", "given_out"),
    [
        (PLAIN, False, False),
        (pooled("first_come"), True, False),
        (pooled("lottery"), False, True),
        (pooled("pro_rata"), False, True),
    ],
)
def test_a_pool_goes_to_whoever_comes_first_or_is_given_out_when_it_closes(
    rule: Rule, *, budgeted: bool, given_out: bool
) -> None:
    for policy in (policy_of(rule), policy_of(rule, PLAIN), policy_of(PLAIN, rule)):
        assert (policy.budgeted, policy.pooled) == (budgeted, given_out)


KEEPING = {"revocation": {"if_paid": "keep"}}
PAYING_BACK: dict[str, Any] = {
    "clawback": {"schedule": {"kind": "pro_rata", "parts": 3, "months": 36}},
}
NOT_PAID_BEFORE: dict[str, Any] = {"exclusions": [{"kind": "not_compensated"}]}


@pytest.mark.parametrize(
    ("changes", "asks"),
    [({}, False), (KEEPING, True), (PAYING_BACK, True), (NOT_PAID_BEFORE, True)],
)
def test_what_was_paid_is_asked_of_where_any_version_depends_on_it(
    changes: dict[str, Any], *, asks: bool
) -> None:
    rule = plain_rule(**changes)
    for policy in (policy_of(rule), policy_of(rule, PLAIN), policy_of(PLAIN, rule)):
        assert policy.asks_paid is asks


def test_the_stacks_are_those_of_every_version() -> None:
    def of(name: str) -> Rule:
        return plain_rule(trigger={"kind": "stack", "stack_id": named(name)})

    assert policy_of(PLAIN).stack_ids == frozenset()
    assert policy_of(of("one"), PLAIN, of("other")).stack_ids == {named("one"), named("other")}
