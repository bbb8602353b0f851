"""How far somebody is toward a lane, a step or whatever else a number of units brings.

Worked out when it is asked, by the rules that derive payouts: what counts, what does not and why,
what waits for the next threshold. Of an award and the course it was exchanged for one counts, and
the other names it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.events.policy_rule import UnitsTrigger
from ledger.rules.entitlements.days import Days, MissingFactError
from ledger.rules.entitlements.facts import Calendar, Dossier
from ledger.rules.entitlements.findings import RulePolicy, RuleVersion, governing
from ledger.rules.entitlements.occasions import Occasion
from ledger.rules.entitlements.units import (
    Balance,
    Contribution,
    balance,
    contributions,
    next_threshold,
)
from ledger.rules.incentives import Check
from projections.payout_tables import load_persons, load_rule_policy


@dataclass(frozen=True, slots=True)
class CategoryStanding:
    """What one category brings, before its limits; units as exact fractions, such as 2/3."""

    category: str
    units: str
    units_min: int
    units_max: int | None


@dataclass(frozen=True, slots=True)
class CountedThing:
    """An award or an activity: what it brings toward the thresholds, or why it brings nothing."""

    subject_id: UUID
    kind: str  # award, or the kind of the activity
    credential_id: UUID | None
    earned_on: date
    category: str
    units: str
    counts: bool
    reason: str | None  # why it does not
    other_id: UUID | None  # the other of a pair of which one alone counts
    conditions: list[dict[str, Any]]  # every rule tried, with its inputs
    positions: list[int]


@dataclass(frozen=True, slots=True)
class Standing:
    """One policy of one district, as it stands on a day. Units are exact fractions.

    `banked` is what counts beyond the last threshold that was reached. With `held` nothing can be
    said yet: it names the fact that is missing.
    """

    policy_id: UUID
    policy_version: int
    district_id: UUID
    title: str
    board_reference: str
    benefit: str
    unit: str
    held: str | None
    counted: str
    reached: int | None
    banked: str
    next_threshold: int | None
    missing: str | None
    categories_met: bool
    categories: list[CategoryStanding]
    things: list[CountedThing]


def of_person(
    connection: Connection[Any], district_id: UUID, person_id: UUID, policy_id: UUID, day: date
) -> Standing | None:
    """How far she is under one policy of a district; null where it counts no units that day.

    Args:
        connection: One that sees all that is on file about her; nothing is written.
        district_id: Whose policy.
        person_id: Whoever it is about.
        policy_id: The policy.
        day: What was earned later, or had expired by then, is left out.
    """
    policy = load_rule_policy(connection, district_id, policy_id)
    version = None if policy is None else governing(policy, Days(day, Calendar(), {}))
    if policy is None or version is None or not isinstance(version.rule.trigger, UnitsTrigger):
        return None
    book = load_persons(connection, policy, {person_id})
    teacher = book.teacher(person_id)
    if not teacher.employed_in(district_id):
        return None
    return _standing(policy, version, book.dossier(teacher, policy), day)


def _standing(policy: RulePolicy, version: RuleVersion, dossier: Dossier, day: date) -> Standing:
    rule, trigger = version.rule, version.rule.trigger
    assert isinstance(trigger, UnitsTrigger), "only these count units"
    try:
        found = [
            one
            for one in contributions(rule, dossier, policy.policy_id)
            if one.occasion.days.earned <= day
        ]
        now, held = balance(rule, dossier.calendar, found, day), None
    except MissingFactError as error:
        nothing = Balance(trigger.unit, Fraction(0), Fraction(0), False, {})
        found, now, held = [], nothing, error.reason
    ahead = next_threshold(trigger, now.used)
    return Standing(
        policy_id=policy.policy_id,
        policy_version=version.policy_version,
        district_id=policy.district_id,
        title=rule.title,
        board_reference=version.board_reference,
        benefit=rule.benefit,
        unit=trigger.unit,
        held=held,
        counted=str(now.counted),
        reached=int(now.used) or None,
        banked=str(now.banked),
        next_threshold=ahead,
        missing=None if ahead is None else str(max(ahead - now.counted, Fraction(0))),
        categories_met=now.categories_met,
        categories=list(_categories(trigger, now)),
        things=[_thing(one) for one in found],
    )


def _categories(trigger: UnitsTrigger, now: Balance) -> Iterator[CategoryStanding]:
    for one in trigger.categories:
        units = str(now.by_category.get(one.category, Fraction(0)))
        yield CategoryStanding(one.category, units, one.units_min, one.units_max)


def _thing(one: Contribution) -> CountedThing:
    occasion = one.occasion
    failed = next((made for made in one.checks if made["passed"] is not True), None)
    other = None if failed is None else failed["inputs"].get("counts_instead")
    return CountedThing(
        subject_id=occasion.subject_id,
        kind="award" if occasion.activity is None else occasion.activity.kind,
        credential_id=occasion.credential_id,
        earned_on=occasion.days.earned,
        category=one.category,
        units=str(one.units),
        counts=one.counts,
        reason=_reason(occasion, failed),
        other_id=other if isinstance(other, UUID) else None,
        conditions=orjson.loads(orjson.dumps(one.checks)),
        positions=sorted(occasion.positions),
    )


def _reason(occasion: Occasion, failed: Check | None) -> str | None:
    """Why it counts for nothing: that it no longer stands goes before any test."""
    if not occasion.stands:
        return "award_revoked" if occasion.activity is None else "withdrawn"
    return None if failed is None else failed["reason"]
