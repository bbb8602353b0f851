"""Incentive policies: what a district pays for. All may read them; adopting is the district's."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_act_for_district
from api.answers import recorded
from api.routing import Router
from api.writing import Command, WriteNow
from ledger.aggregates.policy import Policy
from ledger.application import Receipt
from ledger.commands import policy as policies
from ledger.events.policy import PolicyTerms
from ledger.events.policy_rule import Rule
from ledger.values import Day, ShortText, Value

router = Router("policies")


class Adoption(Value):
    """A version of a policy, whole, and the minute of the board that says so."""

    board_reference: ShortText
    adopted_on: Day
    terms: PolicyTerms


class RuleAdoption(Value):
    """A version of a policy written as a rule, and the minute of the board that says so."""

    board_reference: ShortText
    adopted_on: Day
    rule: Rule


class PolicyEnd(Value):
    """The last day on which anything is earned, and the minute that says so."""

    board_reference: ShortText
    last_day: Day


@router.write("/districts/{district_id}/policies")
def adopt_policy(district_id: UUID, body: Adoption, write: WriteNow) -> Response:
    """Adopt a policy."""
    must_act_for_district(write.caller, district_id)
    return recorded(write.run(policies.adopt_policy, body, district_id=district_id))


@router.write("/policies/{policy_id}/versions")
def adopt_policy_version(policy_id: UUID, body: Adoption, write: WriteNow) -> Response:
    """Adopt the next version of a policy; what was earned under earlier ones stands."""
    _must_write(write, policy_id)
    return recorded(write.run(policies.adopt_policy_version, body, policy_id=policy_id))


@router.write("/districts/{district_id}/policy-rules")
def adopt_policy_rule(district_id: UUID, body: RuleAdoption, write: WriteNow) -> Response:
    """Adopt a policy that is written as a rule."""
    must_act_for_district(write.caller, district_id)
    return recorded(_adopt(policies.adopt_policy, body, write, district_id=district_id))


@router.write("/policies/{policy_id}/rules")
def adopt_policy_rule_version(policy_id: UUID, body: RuleAdoption, write: WriteNow) -> Response:
    """Adopt the next version of a rule; what was earned under earlier ones stands."""
    _must_write(write, policy_id)
    return recorded(_adopt(policies.adopt_policy_version, body, write, policy_id=policy_id))


@router.write("/policies/{policy_id}/retirements")
def retire_policy(policy_id: UUID, body: PolicyEnd, write: WriteNow) -> Response:
    """End a policy; what was earned stands."""
    _must_write(write, policy_id)
    return recorded(write.run(policies.retire_policy, body, policy_id=policy_id))


def _must_write(write: WriteNow, policy_id: UUID) -> None:
    must_act_for_district(write.caller, write.edge.ledger.get(Policy, policy_id).district_id)


def _adopt(command: Command, body: RuleAdoption, write: WriteNow, **known: UUID) -> Receipt:
    """A rule takes the place of terms in the same commands."""
    return command(
        write.edge.ledger,
        write.call(body),
        board_reference=body.board_reference,
        adopted_on=body.adopted_on,
        terms=body.rule,
        **known,
    )
