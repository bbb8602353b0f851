"""Incentive policies: adopted by a board in versions, and retired by one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import NamedTuple, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Header, first_header
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyPolicyEvent
from ledger.events.policy import (
    PolicyAdopted,
    PolicyRetired,
    PolicyRuleAdopted,
    PolicyTerms,
    TieredAmount,
)
from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.soundness import misfits
from ledger.values import local_date


class BoardReferenceMissingError(InvalidError):
    """Nothing is paid that no board has approved: name the minute that says so."""

    slug = "board-reference-missing"


class AdoptedInFutureError(InvalidError):
    """A board cannot have adopted a policy on a day that has not come."""

    slug = "adopted-in-future"


class PolicySpanReversedError(InvalidError):
    """The policy would end before it begins."""

    slug = "policy-span-reversed"


class TierRepeatedError(InvalidError):
    """A tiered amount names one tier twice."""

    slug = "tier-repeated"


class RuleMisfitError(InvalidError):
    """The parts of the rule do not fit one another."""

    slug = "rule-misfit"


class PolicyFormChangedError(RuleError):
    """A policy that began with terms goes on with terms, and one that began as a rule as a rule."""

    slug = "policy-form-changed"


class PolicyRetiredError(RuleError):
    """The policy is retired."""

    slug = "policy-retired"


class RetiredInPastError(RuleError):
    """What was earned stands, so a policy does not end on a day that has passed."""

    slug = "retired-in-past"


def adopt(
    stream: UUID,
    act: Act,
    *,
    district_id: UUID,
    board_reference: str,
    adopted_on: date,
    terms: PolicyTerms | Rule,
) -> Sequence[AnyPolicyEvent]:
    """Begin a policy with its first version."""
    _must_be_adoptable(act.at, board_reference, adopted_on, terms)
    header = first_header(stream, act)
    said = _Said(district_id, 1, board_reference, adopted_on)
    return [_adopted(header, said, terms)]


class _Said(NamedTuple):
    """What both forms of a version say about its adoption."""

    district_id: UUID
    policy_version: int
    board_reference: str
    adopted_on: date


def _adopted(header: Header, said: _Said, terms: PolicyTerms | Rule) -> AnyPolicyEvent:
    if isinstance(terms, Rule):
        return PolicyRuleAdopted(**header, **said._asdict(), rule=terms)
    return PolicyAdopted(**header, **said._asdict(), terms=terms)


def must_fit(rule: Rule) -> None:
    """Raises RuleMisfitError, naming each field and what was expected there."""
    if wrong := misfits(rule):
        said = "; ".join(f"{one.field}: {one.expected}" for one in wrong)
        raise RuleMisfitError(f"expected in the rule: {said}")


def _must_have_reference(board_reference: str) -> None:
    if not board_reference.strip():
        raise BoardReferenceMissingError("the reference of the board's minute is needed")


def _must_be_adoptable(
    at: datetime, board_reference: str, adopted_on: date, terms: PolicyTerms | Rule
) -> None:
    _must_have_reference(board_reference)
    if adopted_on > local_date(at, terms.zone):
        raise AdoptedInFutureError(f"{adopted_on} has not come yet")
    if terms.effective_to is not None and terms.effective_to < terms.effective_from:
        raise PolicySpanReversedError(
            f"from {terms.effective_from} to {terms.effective_to} is no span of days"
        )
    if isinstance(terms, Rule):
        must_fit(terms)
    elif isinstance(terms.amount, TieredAmount):
        tiers = [tier.tier for tier in terms.amount.tiers]
        if len(set(tiers)) < len(tiers):
            raise TierRepeatedError("each tier has one amount")


@dataclass(frozen=True, kw_only=True)
class Policy(Aggregate):
    """One policy of one district: the version in force, and its last day once that is known."""

    district_id: UUID
    policy_version: int
    terms: PolicyTerms | Rule
    last_day: date | None = None

    def adopt(
        self, act: Act, *, board_reference: str, adopted_on: date, terms: PolicyTerms | Rule
    ) -> Sequence[AnyPolicyEvent]:
        """Adopt the next version, whole, in the form the policy began in."""
        self._must_not_be_retired()
        if type(terms) is not type(self.terms):
            raise PolicyFormChangedError("retire this policy and adopt another")
        _must_be_adoptable(act.at, board_reference, adopted_on, terms)
        if terms == self.terms:
            raise NothingChangesError(f"version {self.policy_version} says this already")
        said = _Said(self.district_id, self.policy_version + 1, board_reference, adopted_on)
        return [_adopted(self.header(act), said, terms)]

    def retire(self, act: Act, *, board_reference: str, last_day: date) -> Sequence[AnyPolicyEvent]:
        """End the policy after `last_day`, a day in the policy's zone."""
        self._must_not_be_retired()
        _must_have_reference(board_reference)
        if last_day < local_date(act.at, self.terms.zone):
            raise RetiredInPastError(f"{last_day} has passed; what was earned since then stands")
        return [
            PolicyRetired(
                **self.header(act),
                district_id=self.district_id,
                board_reference=board_reference,
                last_day=last_day,
            )
        ]

    def _must_not_be_retired(self) -> None:
        if self.last_day is not None:
            raise PolicyRetiredError(f"policy {self.id} ends on {self.last_day}")

    @classmethod
    def evolve(cls, state: Self | None, event: AnyPolicyEvent) -> Self:
        match event:
            case PolicyAdopted():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    district_id=event.district_id,
                    policy_version=event.policy_version,
                    terms=event.terms,
                )
            case PolicyRuleAdopted():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    district_id=event.district_id,
                    policy_version=event.policy_version,
                    terms=event.rule,
                )
            case PolicyRetired(last_day=last_day):
                assert state is not None, "a policy begins by being adopted"
                return replace(state, version=event.originator_version, last_day=last_day)
            case _:
                assert_never(event)
