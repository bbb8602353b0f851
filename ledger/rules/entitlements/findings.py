"""What comes of evaluating: one finding for each thing a policy may owe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property
from typing import Any, NamedTuple, get_args, get_type_hints
from uuid import UUID

from pydantic import BaseModel

from ledger.events.policy_conditions import NamedDay, PerformanceRule
from ledger.events.policy_rule import Rule, StackTrigger
from ledger.rules.entitlements.days import Days
from ledger.rules.entitlements.lines import Line, Owed
from ledger.rules.entitlements.occasions import Occasion
from ledger.rules.entitlements.units import Balance, Contribution
from ledger.rules.incentives import Check, Verdict
from ledger.rules.notices import Notice
from ledger.values import stream_id

BEGUN = frozenset({"started", "submitted"})  # days that are looked up for whoever asks


@dataclass(frozen=True, slots=True)
class RuleVersion:
    """One adopted version of a rule, and the event that adopted it."""

    policy_version: int
    board_reference: str
    adopted_on: date
    position: int
    rule: Rule


def is_pooled(rule: Rule) -> bool:
    """Whether its pool is given out when it closes: by lot or in equal shares."""
    return rule.pool is not None and rule.pool.order != "first_come"


def asks_paid(rule: Rule) -> bool:
    """Whether what it says depends on what was paid; nobody looks that up for the others."""
    return (
        rule.clawback is not None
        or rule.revocation.if_paid == "keep"
        or any(one.kind == "not_compensated" for one in rule.exclusions)
    )


def asks_days(rule: Rule) -> bool:
    """Whether it asks when something was begun or handed in; nobody looks for the others."""
    return rule.versioning.grandfathered or any(
        isinstance(part, PerformanceRule) or not BEGUN.isdisjoint(_days_named(part))
        for part in _parts(rule)
    )


def _parts(value: object) -> Iterator[BaseModel]:
    """A value of a rule, and every one within it."""
    if isinstance(value, BaseModel):
        yield value
        for name in type(value).model_fields:
            yield from _parts(getattr(value, name))
    elif isinstance(value, tuple):
        for one in value:
            yield from _parts(one)


def _days_named(part: BaseModel) -> set[str | None]:
    return {getattr(part, name) for name in _day_fields(type(part))}


@cache
def _day_fields(kind: type[BaseModel]) -> tuple[str, ...]:
    """The fields that name a day; a category or a title may happen to be the same word."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(name for name in kind.model_fields if _is_day(hints[name]))


def _is_day(hint: Any) -> bool:
    """A day of whatever name, or one of a few that are named."""
    within = get_args(hint)
    return NamedDay in (hint, *within) or any(name in within for name in BEGUN)


@dataclass(frozen=True)
class RulePolicy:
    """One policy of one district, with all versions adopted so far, oldest first."""

    policy_id: UUID
    district_id: UUID
    versions: tuple[RuleVersion, ...]
    last_day: date | None = None  # nothing is earned after it; null: not retired
    retired_position: int | None = None

    @cached_property
    def budgeted(self) -> bool:
        """Whether any version has a pool that goes to whoever comes first."""
        pools = [version.rule.pool for version in self.versions]
        return any(pool is not None and pool.order == "first_come" for pool in pools)

    @cached_property
    def pooled(self) -> bool:
        """Whether any version has a pool that is given out when it closes."""
        return any(is_pooled(version.rule) for version in self.versions)

    @cached_property
    def asks_paid(self) -> bool:
        """Whether what any version says depends on what was paid."""
        return any(asks_paid(version.rule) for version in self.versions)

    @cached_property
    def stack_ids(self) -> frozenset[UUID]:
        """The stacks whose completion any version pays for."""
        triggers = [version.rule.trigger for version in self.versions]
        return frozenset(one.stack_id for one in triggers if isinstance(one, StackTrigger))


class Finding(NamedTuple):
    """One entitlement: what one policy version makes of one occasion.

    A pending one is held: `reason` names the fact it waits for.
    """

    entitlement_id: UUID
    occasion: Occasion
    policy_version: int
    verdict: Verdict
    reason: str | None
    terms_cents: int  # before any cap
    amount_cents: int  # owed, or what would be once the missing fact is known
    payable_on: date
    fiscal_year: int  # 0: the district has not set it
    checks: list[Check]
    lines: tuple[Line, ...] = ()  # still missing, given what was paid before
    parts: tuple[Owed, ...] = ()  # all that is owed, whether it was paid or not
    notice: Notice | None = None


class Evaluation(NamedTuple):
    """All findings of one policy about one person, what counted toward units, and what is left."""

    findings: tuple[Finding, ...]
    contributions: tuple[Contribution, ...] = ()
    balance: Balance | None = None


def entitlement_id(policy_id: UUID, person_id: UUID, subject_id: UUID) -> UUID:
    """The id of what a policy owes a person for one thing, whichever version judges it."""
    return stream_id("payout", policy_id, person_id, subject_id)


def governing(policy: RulePolicy, days: Days) -> RuleVersion | None:
    """The version that judges what has these days: the newest that is in force for it.

    Which day decides is the version's own to say; while that day is unknown, the day on which it
    was earned stands in for it. A grandfathering version leaves alone what began before it.
    """
    if policy.last_day is not None and days.earned > policy.last_day:
        return None
    for version in reversed(policy.versions):
        rule, terms = version.rule, version.rule.versioning
        day = days.earned
        if terms.governed_by != "earned":
            day = days.named.get(terms.governed_by, day)
        if terms.grandfathered and days.named.get("started", day) < rule.effective_from:
            continue
        if rule.effective_from <= day and (rule.effective_to is None or day <= rule.effective_to):
            return version
    return None
