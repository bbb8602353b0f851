"""Incentive policies: what a district pays for. All may read them; adopting is the district's."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_act_for_district
from api.answers import recorded
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.policy import Policy
from ledger.commands import policy as policies
from ledger.events.policy import PolicyTerms
from ledger.values import Day, ShortText, Value

router = Router("policies")


class Adoption(Value):
    """A version of a policy, whole, and the minute of the board that says so."""

    board_reference: ShortText
    adopted_on: Day
    terms: PolicyTerms


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


@router.write("/policies/{policy_id}/retirements")
def retire_policy(policy_id: UUID, body: PolicyEnd, write: WriteNow) -> Response:
    """End a policy; what was earned stands."""
    _must_write(write, policy_id)
    return recorded(write.run(policies.retire_policy, body, policy_id=policy_id))


def _must_write(write: WriteNow, policy_id: UUID) -> None:
    must_act_for_district(write.caller, write.edge.ledger.get(Policy, policy_id).district_id)
