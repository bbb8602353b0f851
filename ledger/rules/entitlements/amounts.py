"""How much: one pure function for each basis, exact until it is rounded to cents once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor
from typing import Any

from ledger.events import policy_money as money
from ledger.rules.entitlements.conditions import Case, check
from ledger.rules.entitlements.days import MissingFactError, fiscal_year_of
from ledger.rules.incentives import Check, Input

HALF = Fraction(1, 2)
FULL_TIME = 1000
COUNTED = (money.UnitBasis, money.DayBasis)  # so many at so much each


def rounded(amount: Fraction, rounding: money.Rounding) -> int:
    """Whole cents; half a cent goes up, unless the rule drops what is not whole."""
    return floor(amount + HALF) if rounding.mode == "half_up" else floor(amount)


def amount_cents(case: Case, units: Fraction) -> tuple[int | None, list[Check]]:
    """What the rule's components give together, and a test for each that explains it.

    Deductions come last and take no more than there is.

    Args:
        case: The occasion under its rule.
        units: Those that may be paid, once a cap on units has been applied.

    Returns:
        Null where no component knows an amount; the salary schedule then says how much.
    """
    total = Fraction(0)
    found: list[Check] = []
    for component in sorted(case.rule.amount, key=lambda one: one.deducted):
        amount, made = _component(component, case, units)
        found.append(made)
        if component.deducted:
            total -= min(amount, total)
        else:
            total += amount
    cents = rounded(total, case.rule.rounding) if case.rule.amount else None
    return cents, found


def _component(component: money.Component, case: Case, units: Fraction) -> tuple[Fraction, Check]:
    """One part, zero where it does not count; `passed` is null while a fact is missing."""
    turn = case.occasion.turn
    inputs: dict[str, Input] = {"component": component.name, "turn": turn}
    reason = "amount_unknown"
    amount = Fraction(0)
    passed: bool | None = True
    try:
        if _counts(component, case, inputs):
            basis = component.basis
            known = _BASES[basis.kind](basis, case, units)
            passed = known is not None
            if isinstance(basis, COUNTED) and known:
                inputs |= {
                    "units": str(known / basis.amount_cents),
                    "rate_cents": basis.amount_cents,
                }
            share = _share(component, case, inputs)
            amount = (known or Fraction(0)) * component.percent / 100 * share
            reason = f"{basis.kind}_not_listed"
    except MissingFactError as missing:
        passed, reason = None, missing.reason
    inputs["amount_cents"] = floor(amount + HALF)
    return amount, {"rule": "amount", "inputs": inputs, "passed": passed, "reason": reason}


def _counts(component: money.Component, case: Case, inputs: dict[str, Input]) -> bool:
    turn = case.occasion.turn
    if turn < component.from_turn:
        return False
    if component.turns is not None and turn not in component.turns:
        return False
    for condition in component.when:
        made = check(condition, case)
        inputs |= {f"{made['rule']}.{name}": value for name, value in made["inputs"].items()}
        if made["passed"] is None:
            raise MissingFactError(made["reason"])
        if not made["passed"]:
            inputs["left_out"] = made["reason"]
            return False
    return True


def _share(component: money.Component, case: Case, inputs: dict[str, Input]) -> Fraction:
    """The part of full time that counts: all of it, her FTE, or her FTE at certain schools."""
    if component.share == "whole":
        return Fraction(1)
    day = case.occasion.days.earned
    duties = case.duties(day)
    if component.share == "fte_at_school":
        duties = [
            duty
            for duty in duties
            if duty.school_id is not None
            and case.attributes_of(duty.school_id, day) & set(component.attributes)
        ]
    thousandths = 0
    for duty in duties:
        if duty.fte_thousandths is None:
            raise MissingFactError("fte_missing")
        thousandths += duty.fte_thousandths
    inputs["fte_thousandths"] = min(thousandths, FULL_TIME)
    return Fraction(min(thousandths, FULL_TIME), FULL_TIME)


def _flat(basis: money.FlatBasis, _: Case, __: Fraction) -> Fraction | None:
    return Fraction(basis.amount_cents)


def _tier(basis: money.TierBasis, case: Case, _: Fraction) -> Fraction | None:
    tier = None if case.occasion.award is None else case.occasion.award.award.tier
    found = [one.amount_cents for one in basis.tiers if one.tier == tier]
    return Fraction(found[0]) if found else None


def _issuer(basis: money.IssuerBasis, case: Case, _: Fraction) -> Fraction | None:
    issuer_id = None if case.occasion.award is None else case.occasion.award.issuer_id
    found = [one.amount_cents for one in basis.issuers if one.issuer_id == issuer_id]
    return Fraction(found[0]) if found else None


def _per_unit(basis: money.UnitBasis, _: Case, units: Fraction) -> Fraction | None:
    if basis.units_max is not None:
        units = min(units, Fraction(basis.units_max))
    return basis.amount_cents * (Fraction(floor(units)) if basis.whole_units else units)


def _per_day(basis: money.DayBasis, case: Case, _: Fraction) -> Fraction | None:
    sessions = () if case.occasion.activity is None else case.occasion.activity.sessions
    hours: dict[Any, int] = {}
    for session in sessions:
        hours[session.day] = hours.get(session.day, 0) + session.hundredths
    days = sum(hundredths >= basis.hours_min_hundredths for hundredths in hours.values())
    return Fraction(days * basis.amount_cents)


def _cost(basis: money.CostBasis, case: Case, _: Fraction) -> Fraction | None:
    asked = case.occasion.request.cost_cents if case.occasion.request else None
    if asked is None and case.occasion.activity is not None:
        asked = case.occasion.activity.cost_cents
    if asked is None:
        raise MissingFactError("cost_missing")
    amount = Fraction(asked * basis.percent, 100)
    most = basis.amount_cents_max
    return amount if most is None else min(amount, Fraction(most))


def _table(basis: money.TableBasis, case: Case, _: Fraction) -> Fraction | None:
    year = fiscal_year_of(case.dossier.calendar, case.occasion.days.earned).fiscal_year
    found = [row.amount_cents for row in basis.rows if row.fiscal_year == year]
    return Fraction(found[0] * basis.percent, 100) if found else None


_BASES: Mapping[str, Callable[[Any, Case, Fraction], Fraction | None]] = {
    "flat": _flat,
    "tier": _tier,
    "issuer": _issuer,
    "per_unit": _per_unit,
    "per_day": _per_day,
    "cost": _cost,
    "table": _table,
}
