"""One occasion under one rule: every test made, what is owed, when, and what it is to HR."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple, get_args

from ledger.events.policy_rule import AwardTrigger, CreditTrigger
from ledger.rules.entitlements.amounts import amount_cents
from ledger.rules.entitlements.caps import Used, capped, units_left
from ledger.rules.entitlements.clawback import kept_of, paid_and_judged, recovery_of
from ledger.rules.entitlements.conditions import Case, checks, listed
from ledger.rules.entitlements.days import MissingFactError, fiscal_year_of, following_year
from ledger.rules.entitlements.findings import (
    Finding,
    RuleVersion,
    entitlement_id,
    is_pooled,
)
from ledger.rules.entitlements.lines import Owed, earned, settle
from ledger.rules.entitlements.occasions import Occasion
from ledger.rules.entitlements.timing import Part, due_day, parts, settle_by
from ledger.rules.incentives import Check, Input, duplicate_checks, verdict_of
from ledger.rules.notices import Notice, NoticeKind

NOTICES: dict[str, NoticeKind] = {kind: kind for kind in get_args(NoticeKind)}


class Due(NamedTuple):
    """When and in which fiscal year, as far as the calendar says."""

    payable_on: date
    fiscal_year: int
    checks: list[Check]


def judge_case(
    case: Case, version: RuleVersion, used: Sequence[Used]
) -> tuple[Finding, Used | None]:
    """The finding, and what it takes from the caps; nothing where it is not due."""
    due = _due(case)
    units = units_left(case, used, due.fiscal_year, case.occasion.units)
    cents, amounts = amount_cents(case, units)
    made = [_in_force(case, version), _stands(case), *_asked(case, units), *amounts, *due.checks]
    verdict, reason = verdict_of(made)
    fallen = [check["reason"] for check in made if check["passed"] is False]
    owed = cents or 0
    kept_by_cap = fallen == [_stands(case)["reason"]] and not case.rule.revocation.frees_capacity
    if verdict == "due" or kept_by_cap:
        owed, limits = capped(case, used, due.fiscal_year, owed)
        made += limits
        failed = [limit["reason"] for limit in limits if not limit["passed"]]
        if verdict == "due" and failed:
            verdict, reason = ("due" if owed else "not_due"), failed[-1]
        elif verdict == "due" and cents == 0:
            verdict, reason = "not_due", "nothing_to_pay"
    taken = None
    if verdict == "due" or kept_by_cap:
        day, year = case.occasion.days.earned, due.fiscal_year
        credential_id, pooled = case.occasion.credential_id, is_pooled(case.rule)
        taken = Used(day, year, credential_id, owed, units, pooled)
    finding = Finding(
        entitlement_id=entitlement_id(
            case.policy_id, case.dossier.person_id, case.occasion.subject_id
        ),
        occasion=case.occasion,
        policy_version=version.policy_version,
        verdict=verdict,
        reason=reason,
        terms_cents=cents or 0,
        amount_cents=0 if verdict == "not_due" else owed,
        payable_on=due.payable_on,
        fiscal_year=due.fiscal_year,
        checks=made,
    )
    if case.rule.benefit in NOTICES:
        return finding._replace(notice=_notice(case, finding, cents, units)), taken
    return _with_lines(case, finding), taken


def _in_force(case: Case, version: RuleVersion) -> Check:
    rule = case.rule
    inputs: dict[str, Input] = {
        "policy_version": version.policy_version,
        "board_reference": version.board_reference,
        "governed_by": rule.versioning.governed_by,
        "effective_from": rule.effective_from,
        "effective_to": rule.effective_to,
    }
    return {"rule": "in_force", "inputs": inputs, "passed": True, "reason": "not_in_force"}


def _stands(case: Case) -> Check:
    occasion = case.occasion
    kept = paid_and_judged(case)
    stands = occasion.stands or case.rule.revocation.if_unpaid == "keep" or bool(kept)
    reason = "stack_invalidated" if occasion.kind == "stack" else "award_revoked"
    if occasion.activity is not None and not occasion.activity.finished:
        reason = "not_finished"
    inputs: dict[str, Input] = {"stands": occasion.stands, "ended_on": occasion.ended_on}
    if kept:
        name = "paid_instalments" if reason == "not_finished" else "kept_instalments"
        inputs[name] = [str(one) for one in sorted(kept)]
    return {"rule": "stands", "inputs": inputs, "passed": stands, "reason": reason}


def _asked(case: Case, units: Fraction) -> list[Check]:
    """The rule's conditions. What counts toward a threshold was asked its own before."""
    rule, occasion = case.rule, case.occasion
    made = duplicate_checks(occasion.award.duplicate_of if occasion.award else None)
    if occasion.missing is not None:
        made.append(_missing("dated", occasion.missing))
    if occasion.kind == "award" and isinstance(rule.trigger, AwardTrigger):
        made += listed(rule.trigger, occasion)
    if isinstance(rule.trigger, CreditTrigger):
        made.append(_granted(rule.trigger, occasion, units))
    made += checks(rule.eligibility, case)
    if occasion.kind != "threshold":
        made += checks((*rule.windows, *rule.preconditions, *rule.exclusions), case)
    return made


def _credit_hundredths(trigger: CreditTrigger, hours: Fraction) -> int:
    return int(hours // trigger.each_hours) * trigger.unit_hundredths


def _granted(trigger: CreditTrigger, occasion: Occasion, hours: Fraction) -> Check:
    """How much credit the hours are; too few of them are none, and nothing to tell HR.

    `hours`: of those she has, what a cap on units leaves.
    """
    granted = _credit_hundredths(trigger, hours)
    inputs: dict[str, Input] = {
        "hours_hundredths": int(occasion.units * 100),
        "counted_hundredths": int(hours * 100),
        "each_hours": trigger.each_hours,
        "unit": trigger.unit,
        "credit_hundredths": granted,
    }
    enough = _credit_hundredths(trigger, occasion.units) > 0
    reason = "cap_reached" if enough else "too_few_units"
    return {"rule": "credit", "inputs": inputs, "passed": granted > 0, "reason": reason}


def _missing(rule: str, reason: str) -> Check:
    return {"rule": rule, "inputs": {}, "passed": None, "reason": reason}


def _due(case: Case) -> Due:
    """The day it is payable and the fiscal year it belongs to, late ones as the rule says.

    A fiscal year that is not in the calendar matters only to a rule that counts by years.
    """
    calendar, rule, earned = case.dossier.calendar, case.rule, case.occasion.days.earned
    made: list[Check] = []
    by_year = rule.pool is not None or any(cap.per == "fiscal_year" for cap in rule.caps)
    payable_on, fiscal_year = earned, 0
    try:
        year = fiscal_year_of(calendar, earned)
        fiscal_year = year.fiscal_year
    except MissingFactError as missing:
        if by_year:
            made.append(_missing("fiscal_year", missing.reason))
    try:
        payable_on = due_day(rule.timing, case.occasion.days)
        inputs: dict[str, Input] = {"after": rule.timing.after, "payable_on": payable_on}
        made.append({"rule": "timing", "inputs": inputs, "passed": True, "reason": "timing"})
    except MissingFactError as missing:
        made.append(_missing("timing", missing.reason))
    if _late(case):
        return _moved(case, Due(payable_on, fiscal_year, made))
    return Due(payable_on, fiscal_year, made)


def _late(case: Case) -> bool:
    """Earned in a fiscal year that had been closed when it was recorded."""
    calendar = case.dossier.calendar
    closed = calendar.closed_through
    earned = case.occasion.days.earned
    return (
        closed is not None
        and earned <= closed
        and case.occasion.place[0] > calendar.closed_position
    )


def _moved(case: Case, due: Due) -> Due:
    if case.rule.timing.late == "hold":
        return due._replace(checks=[*due.checks, _missing("late", "fiscal_year_closed")])
    calendar = case.dossier.calendar
    try:
        assert calendar.closed_through is not None, "only a closed year makes anything late"
        year = following_year(calendar, fiscal_year_of(calendar, calendar.closed_through))
    except MissingFactError as missing:
        return due._replace(checks=[*due.checks, _missing("late", missing.reason)])
    return due._replace(
        payable_on=max(due.payable_on, year.first_day), fiscal_year=year.fiscal_year
    )


def _with_lines(case: Case, finding: Finding) -> Finding:
    """The lines that are still missing; instalments after she has left are canceled."""
    wanted: list[Part] = []
    made: list[Check] = []
    recovery = recovery_of(case)
    if finding.verdict == "due":
        try:
            wanted, made = _parts(case, finding)
        except MissingFactError as missing:
            made = [_missing("instalments", missing.reason)]
            finding = finding._replace(verdict="pending", reason=missing.reason)
    if finding.verdict == "pending":
        return finding._replace(checks=[*finding.checks, *made])  # held: nothing moves
    return finding._replace(
        amount_cents=sum(part.amount_cents for part in wanted),
        checks=[*finding.checks, *made],
        lines=settle(case, finding.entitlement_id, wanted, finding.payable_on, recovery),
        parts=tuple(
            Owed(earned(case, finding.entitlement_id, part), kept_of(case, part))
            for part in wanted
            if part.amount_cents
        ),
    )


def _parts(case: Case, finding: Finding) -> tuple[list[Part], list[Check]]:
    plan = case.rule.timing.instalments
    turn, first = case.occasion.turn, finding.payable_on
    found = parts(case.rule, turn, finding.amount_cents, first, case.dossier.calendar)
    kept = paid_and_judged(case)
    if kept and case.rule.revocation.if_unpaid != "keep":
        return [part for part in found if part.instalment in kept], []
    if not case.rule.timing.recurs and (plan is None or not plan.employed):
        return found, []
    held_on, made = [], list[Check]()
    for part in found:
        held = bool(case.duties(part.due_on))
        inputs: dict[str, Input] = {
            "instalment": part.instalment,
            "due_on": part.due_on,
            "amount_cents": part.amount_cents,
        }
        made.append(
            {
                "rule": "employed_on_instalment",
                "inputs": inputs,
                "passed": held,
                "reason": "instalment_canceled",
            }
        )
        held_on += [part] if held else []
    return held_on, made


def _notice(
    case: Case, finding: Finding, annual_cents: int | None, units: Fraction
) -> Notice | None:
    """What HR has to know. A revocation after the day it began ends it, never what was before."""
    occasion, rule = case.occasion, case.rule
    fallen = [made["rule"] for made in finding.checks if made["passed"] is False]
    ended = None
    if fallen == ["stands"] and occasion.ended_on is not None:
        if rule.revocation.base_pay == "ends_prospectively":
            ended = occasion.ended_on - timedelta(days=1)
        if occasion.ended_on <= finding.payable_on:
            return None
    elif finding.verdict != "due":
        return None
    complete_on = occasion.days.day(rule.timing.after)
    try:
        settled = settle_by(rule.timing, occasion.days)
    except MissingFactError:
        settled = None
    trigger = rule.trigger
    return Notice(
        entitlement_id=finding.entitlement_id,
        person_id=case.dossier.person_id,
        district_id=case.dossier.district_id,
        policy_id=case.policy_id,
        kind=NOTICES[rule.benefit],
        effective_on=finding.payable_on,
        ends_on=ended,
        annual_cents=annual_cents if finding.verdict != "due" else _annual(finding, annual_cents),
        unit=getattr(trigger, "unit", None),
        reached=occasion.reached,
        credit_hundredths=(
            _credit_hundredths(trigger, units) if isinstance(trigger, CreditTrigger) else None
        ),
        complete_on=complete_on,
        retro_days=max((complete_on - finding.payable_on).days, 0),
        settle_by=settled,
    )


def _annual(finding: Finding, annual_cents: int | None) -> int | None:
    return None if annual_cents is None else finding.amount_cents
