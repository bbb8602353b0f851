"""What no single field of a rule can say: whether its parts fit one another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID

from ledger.events.policy_conditions import BetweenRule
from ledger.events.policy_money import Ladder, TierBasis
from ledger.events.policy_rule import CreditTrigger, Rule, UnitsTrigger
from ledger.rules.entitlements.judging import NOTICES

WHOLE = 100
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Misfit(NamedTuple):
    """A field of a rule that does not fit the others, and what was expected there."""

    field: str
    expected: str


def misfits(rule: Rule) -> list[Misfit]:
    """Everything about the rule that cannot be meant so."""
    return [*_span(rule), *_days(rule), *_units(rule), *_money(rule)]


def _span(rule: Rule) -> Iterator[Misfit]:
    if rule.effective_to is not None and rule.effective_to < rule.effective_from:
        yield Misfit("effective_to", "a day not before effective_from")
    account = rule.account
    begins, ends = account.performance_from, account.performance_to
    if begins is not None and ends is not None and ends < begins:
        yield Misfit("account.performance_to", "a day not before performance_from")


def _days(rule: Rule) -> Iterator[Misfit]:
    """Days that no calendar has, and spans that hold none."""
    unknown = [field for field, text in _texts(rule.model_dump(), "") if not _is_day(text)]
    yield from (Misfit(field, "a day that the calendar has") for field in unknown)
    for place, window in enumerate(rule.windows):
        field = f"windows.{place}.last"
        if isinstance(window, BetweenRule) and field not in unknown and _holds_none(window):
            yield Misfit(field, "a day not before first")


def _texts(value: Any, field: str) -> Iterator[tuple[str, str]]:
    """Every text in a rule (as plain data), by the way that leads to it."""
    if isinstance(value, str):
        yield field, value
    parts = dict(enumerate(value)) if isinstance(value, list | tuple) else value
    for name, inner in parts.items() if isinstance(parts, dict) else ():
        yield from _texts(inner, f"{field}.{name}" if field else str(name))


def _is_day(text: str) -> bool:
    """Whether a text that is written as a day is one: `--06-31` stands for the end of its month."""
    if not _DAY.fullmatch(text):
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _holds_none(window: BetweenRule) -> bool:
    """Whether its last day is before its first: of two that are given in full."""
    first, last = window.first or "", window.last or ""
    return all(map(_DAY.fullmatch, (first, last))) and last < first


def _units(rule: Rule) -> Iterator[Misfit]:
    trigger = rule.trigger
    if not isinstance(trigger, UnitsTrigger):
        return
    if not _rising(trigger.thresholds):
        yield Misfit("trigger.thresholds", "numbers that rise")
    known = [source.category for source in trigger.sources]
    order = [category.category for category in trigger.categories]
    for place, category in enumerate(trigger.categories):
        if category.category not in known:
            yield Misfit(f"trigger.categories.{place}.category", "a category of some source")
        if category.overflow_to is not None and category.overflow_to in order[: place + 1]:
            yield Misfit(f"trigger.categories.{place}.overflow_to", "a category further down")


def _money(rule: Rule) -> Iterator[Misfit]:
    yield from _amount(rule)
    for place, cap in enumerate(rule.caps):
        if (cap.per == "months") != (cap.months is not None):
            yield Misfit(f"caps.{place}.months", "a number of months, for a cap per months alone")
    if rule.account.shares and sum(share.percent for share in rule.account.shares) != WHOLE:
        yield Misfit("account.shares", "shares that make 100 percent")
    schedule = None if rule.clawback is None else rule.clawback.schedule
    if isinstance(schedule, Ladder) and not _rising([rung.months for rung in schedule.rungs]):
        yield Misfit("clawback.schedule.rungs", "months that rise")
    if rule.pool is not None and rule.pool.winners_max and rule.pool.order != "lottery":
        yield Misfit("pool.winners_max", "nothing, where no lots are drawn")
    if rule.timing.recurs and rule.timing.instalments is not None:
        yield Misfit("timing.instalments", "nothing, where the amount recurs")


def _amount(rule: Rule) -> Iterator[Misfit]:
    if isinstance(rule.trigger, CreditTrigger) and rule.benefit not in NOTICES:
        yield Misfit("benefit", "a lane, a step or base pay, where credit is asked for")
    if rule.benefit not in NOTICES and all(one.deducted for one in rule.amount):
        yield Misfit("amount", "what is paid: only lanes, steps and base pay may leave it open")
    for place, component in enumerate(rule.amount):
        if isinstance(component.basis, TierBasis):
            tiers = [tier.tier for tier in component.basis.tiers]
            if len(set(tiers)) < len(tiers):
                yield Misfit(f"amount.{place}.basis.tiers", "each tier once")
        if component.share == "fte_at_school" and not component.attributes:
            yield Misfit(f"amount.{place}.attributes", "the attributes of those schools")


def _rising(numbers: Sequence[int]) -> bool:
    return all(earlier < later for earlier, later in pairwise(numbers))


class Named(NamedTuple):
    """What a rule speaks of by id."""

    credentials: frozenset[UUID]
    issuers: frozenset[UUID]
    stacks: frozenset[UUID]


_LISTS = {
    "credential_ids": "credentials",
    "equal": "credentials",
    "issuer_ids": "issuers",
    "issuer_id": "issuers",
    "stack_id": "stacks",
}


def named_ids(rule: Any) -> Named:
    """Every id in a rule (as plain data), by what it is the id of."""
    found: dict[str, set[UUID]] = {"credentials": set(), "issuers": set(), "stacks": set()}
    for field, value in _fields(rule):
        if field in _LISTS:
            found[_LISTS[field]] |= set(_ids(value))
    return Named(*(frozenset(ids) for ids in found.values()))


def _fields(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
        for inner in value.values():
            yield from _fields(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _fields(inner)


def _ids(value: Any) -> Iterator[UUID]:
    if isinstance(value, UUID):
        yield value
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _ids(inner)
