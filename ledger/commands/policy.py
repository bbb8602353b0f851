"""Commands on incentive policies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from ledger.aggregates import policy as policies
from ledger.aggregates.credential import Credential
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.organization import Organization
from ledger.aggregates.policy import Policy
from ledger.aggregates.stack import Stack
from ledger.application import Call, Ledger, Reader, Receipt, command_id
from ledger.errors import NothingChangesError
from ledger.events import AnyPolicyEvent
from ledger.events.policy import AwardTrigger, PolicyTerms
from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.soundness import named_ids
from ledger.values import stream_id


def adopt_policy(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    board_reference: str,
    adopted_on: date,
    terms: PolicyTerms | Rule,
) -> Receipt:
    """Begin a policy with its first version; its id follows from the command's."""
    stream = stream_id("policy", call.command_id)

    def decide(read: Reader) -> Sequence[AnyPolicyEvent]:
        read.get(Organization, district_id).must_be_district()
        _must_exist(read, terms)
        return policies.adopt(
            stream,
            call.act,
            district_id=district_id,
            board_reference=board_reference,
            adopted_on=adopted_on,
            terms=terms,
        )

    return ledger.run(call, decide)


def adopt_policy_version(
    ledger: Ledger,
    call: Call,
    *,
    policy_id: UUID,
    board_reference: str,
    adopted_on: date,
    terms: PolicyTerms | Rule,
) -> Receipt:
    """Adopt the next version of a policy, whole."""

    def decide(read: Reader) -> Sequence[AnyPolicyEvent]:
        policy = read.get(Policy, policy_id)
        _must_exist(read, terms)
        return policy.adopt(
            call.act, board_reference=board_reference, adopted_on=adopted_on, terms=terms
        )

    return ledger.run(call, decide)


class NewRule(NamedTuple):
    """A rule that is to be adopted under a name of its own in the district."""

    name: str  # as I2/lane: the same name again is the policy's next version
    board_reference: str
    adopted_on: date
    rule: Rule


def load_rules(
    ledger: Ledger, caller_id: UUID, at: datetime, *, district_id: UUID, rules: Sequence[NewRule]
) -> int:
    """Adopt rules all together or none of them; returns how many were not in force already."""
    said = "\n".join(
        f"{one.name} {one.board_reference} {one.rule.model_dump_json()}" for one in rules
    )
    identity = command_id(caller_id, "policy load", f"{district_id}\n{said}")
    call = Call(caller_id=caller_id, command_id=identity, body_hash=bytes(32), at=at)

    def decide(read: Reader) -> Sequence[AnyPolicyEvent]:
        read.get(Organization, district_id).must_be_district()
        events = [event for one in rules for event in _adopted(read, call, district_id, one)]
        if not events:
            raise NothingChangesError("all of it is in force already")
        return events

    try:
        receipt = ledger.run(call, decide)
    except NothingChangesError:
        return 0
    return 0 if receipt.replayed else len(receipt.events)


def _adopted(read: Reader, call: Call, district_id: UUID, new: NewRule) -> Sequence[AnyPolicyEvent]:
    stream = stream_id("policy", district_id, new.name)
    _must_exist(read, new.rule)
    policy = read.find(Policy, stream)
    if policy is None:
        return policies.adopt(
            stream,
            call.act,
            district_id=district_id,
            board_reference=new.board_reference,
            adopted_on=new.adopted_on,
            terms=new.rule,
        )
    if policy.terms == new.rule:
        return []
    return policy.adopt(
        call.act,
        board_reference=new.board_reference,
        adopted_on=new.adopted_on,
        terms=new.rule,
    )


def retire_policy(
    ledger: Ledger, call: Call, *, policy_id: UUID, board_reference: str, last_day: date
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyPolicyEvent]:
        policy = read.get(Policy, policy_id)
        return policy.retire(call.act, board_reference=board_reference, last_day=last_day)

    return ledger.run(call, decide)


def _must_exist(read: Reader, terms: PolicyTerms | Rule) -> None:
    """What the policy pays for: every credential and issuer it lists, or its stack."""
    if isinstance(terms, Rule):
        named = named_ids(terms.model_dump())
        for credential_id in named.credentials:
            read.get(Credential, credential_id)
        for issuer_id in named.issuers:
            read.get(Issuer, issuer_id)
        for stack_id in named.stacks:
            read.get(Stack, stack_id)
    elif isinstance(terms.trigger, AwardTrigger):
        for credential_id in terms.trigger.credential_ids or ():
            read.get(Credential, credential_id)
    else:
        read.get(Stack, terms.trigger.stack_id)
