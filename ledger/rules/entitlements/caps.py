"""The most that one teacher gets, and how a year's pool falls on those who want it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from fractions import Fraction
from hashlib import sha256
from typing import NamedTuple, assert_never
from uuid import UUID

from ledger.events.policy_money import Cap
from ledger.rules.calendars import add_months
from ledger.rules.entitlements.conditions import Case
from ledger.rules.entitlements.facts import Dossier
from ledger.rules.incentives import Check


class Used(NamedTuple):
    """What an earlier entitlement under the same policy has taken."""

    day: date
    fiscal_year: int
    credential_id: UUID | None
    cents: int
    units: Fraction = Fraction(0)
    pooled: bool = False  # asked of a pool that is given out when it closes: perhaps in vain


def opening_use(policy_id: UUID, dossier: Dossier, judged: Collection[UUID]) -> list[Used]:
    """What an earlier system's lines say was used, which nobody here judges again.

    A line of a batch of ours is for something that is judged again, or is proposed to be undone.
    """
    awards = {held.award.enrollment_id: held.award.credential_id for held in dossier.awards}
    sums: dict[UUID, Used] = {}
    for line in dossier.prior:
        if line.policy_id != policy_id or line.subject_id in judged or line.position:
            continue
        day = line.paid_on or date.min
        credential_id = line.credential_id or awards.get(line.subject_id)
        old = sums.get(line.subject_id, Used(day, line.fiscal_year, credential_id, 0))
        sums[line.subject_id] = old._replace(
            cents=old.cents + line.amount_cents,
            units=old.units + Fraction(line.units_hundredths, 100),
        )
    return [one for one in sums.values() if one.cents > 0]


def units_left(case: Case, used: Sequence[Used], fiscal_year: int, units: Fraction) -> Fraction:
    """How many of the units may still be paid under the rule's caps on units."""
    for cap in case.rule.caps:
        if cap.of == "units":
            counting = _counting(cap, used, _about(case, fiscal_year, 0))
            taken = sum((one.units for one in counting), Fraction(0))
            units = max(min(units, cap.most - taken), Fraction(0))
    return units


def capped(
    case: Case, used: Sequence[Used], fiscal_year: int, cents: int
) -> tuple[int, list[Check]]:
    """The amount once each cap on cents and on times has been applied, with a test for each."""
    return limited(case.rule.caps, used, _about(case, fiscal_year, cents))


def _about(case: Case, fiscal_year: int, cents: int) -> Used:
    occasion = case.occasion
    return Used(occasion.days.earned, fiscal_year, occasion.credential_id, cents)


def limited(caps: Sequence[Cap], used: Sequence[Used], about: Used) -> tuple[int, list[Check]]:
    """What caps on cents and on times leave of something, and a test for each."""
    found: list[Check] = []
    cents = about.cents
    for cap in caps:
        if cap.of == "units":
            continue
        counting = _counting(cap, used, about)
        if cap.of == "times":
            taken = len(counting)
            passed = taken < cap.most
            allowed = cents if passed else 0
        else:
            taken = sum(one.cents for one in counting)
            allowed = min(cents, max(cap.most - taken, 0))
            passed = allowed == cents
        found.append(
            {
                "rule": f"cap_on_{cap.of}_per_{cap.per}",
                "inputs": {"most": cap.most, "used": taken, "asked_cents": cents},
                "passed": passed,
                "reason": "reduced_by_cap" if allowed else "cap_reached",
            }
        )
        cents = allowed
    return cents, found


def _counting(cap: Cap, used: Sequence[Used], about: Used) -> list[Used]:
    """The earlier entitlements that lie in the same span as this one.

    What was asked of another year's pool and perhaps not given counts when that is known: as the
    pool of this year is closed.
    """
    used = [one for one in used if not one.pooled or one.fiscal_year == about.fiscal_year]
    match cap.per:
        case "career":
            return used
        case "fiscal_year":
            return [one for one in used if one.fiscal_year == about.fiscal_year]
        case "credential":
            return [one for one in used if one.credential_id == about.credential_id]
        case "day":
            return [one for one in used if one.day == about.day]
        case "months":
            since = add_months(about.day, -(cap.months or 1))
            return [one for one in used if since < one.day]
        case _:
            assert_never(cap.per)


class Wish(NamedTuple):
    """What one claim wants of a pool, in order of place."""

    place: tuple[int, int]
    entitlement_id: UUID
    cents: int


def pro_rata(budget_cents: int, wishes: Sequence[Wish]) -> dict[UUID, int]:
    """The same share for everybody, in whole cents; single cents left go by place."""
    wanted = sum(wish.cents for wish in wishes)
    if wanted <= budget_cents:
        return {wish.entitlement_id: wish.cents for wish in wishes}
    given = {wish.entitlement_id: wish.cents * budget_cents // wanted for wish in wishes}
    left = budget_cents - sum(given.values())
    for wish in sorted(wishes)[:left]:
        given[wish.entitlement_id] += 1
    return given


def lot(seed: str, entitlement_id: UUID) -> bytes:
    """The lot of one claim."""
    return sha256(f"{seed}\x1f{entitlement_id}".encode()).digest()
