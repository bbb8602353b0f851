"""Facts in, entitlements and reasons out: what one policy makes of one person's dossier.

Everything the rule may pay for is judged in order of place. Each finding says what every rule
asked and answered, what is owed, which lines are still missing for it, and what HR has to know.
"""

from __future__ import annotations

from uuid import UUID

from ledger.events.policy_rule import Rule, UnitsTrigger
from ledger.rules.entitlements.caps import opening_use
from ledger.rules.entitlements.conditions import Case
from ledger.rules.entitlements.days import Days, MissingFactError
from ledger.rules.entitlements.facts import Dossier
from ledger.rules.entitlements.findings import Evaluation, RulePolicy, RuleVersion, governing
from ledger.rules.entitlements.judging import judge_case
from ledger.rules.entitlements.occasions import Occasion, occasions
from ledger.rules.entitlements.units import (
    Balance,
    Contribution,
    balance,
    contributions,
    thresholds,
)
from ledger.values import stream_id


def evaluate(policy: RulePolicy, dossier: Dossier) -> Evaluation:
    """Judge everything that the policy may owe this person."""
    pairs: list[tuple[Occasion, RuleVersion]] = []
    counted: list[Contribution] = []
    left: Balance | None = None
    for version in policy.versions:
        found, brought, now = _found(policy.policy_id, version.rule, dossier)
        pairs += [(one, version) for one in found if governing(policy, one.days) is version]
        if now is not None:
            counted, left = brought, now
    pairs.sort(key=lambda pair: (pair[0].place, pair[0].days.earned, pair[0].turn))
    used = opening_use(policy.policy_id, dossier, {one.subject_id for one, _ in pairs})
    findings = []
    for occasion, version in pairs:
        paid_for = [one.credential_id for one in used if one.credential_id is not None]
        case = Case(policy.policy_id, version.rule, dossier, occasion, paid_for)
        finding, taken = judge_case(case, version, used)
        if taken is not None:
            used.append(taken)
        findings.append(finding)
    return Evaluation(tuple(findings), tuple(counted), left)


def _found(
    policy_id: UUID, rule: Rule, dossier: Dossier
) -> tuple[list[Occasion], list[Contribution], Balance | None]:
    try:
        if not isinstance(rule.trigger, UnitsTrigger):
            return occasions(rule, dossier, policy_id), [], None
        brought = contributions(rule, dossier, policy_id)
        found = thresholds(rule, dossier, policy_id, brought)
        return found, brought, balance(rule, dossier.calendar, brought)
    except MissingFactError as missing:
        return _undated(policy_id, rule, dossier, missing.reason), [], None


def _undated(policy_id: UUID, rule: Rule, dossier: Dossier, reason: str) -> list[Occasion]:
    """What stands for everything that cannot be found until a missing fact is recorded."""
    placed = [(one.award.awarded_on, one.award.position) for one in dossier.awards]
    placed += [(one.last_day, one.position) for one in dossier.activities]
    day, position = max(placed, key=lambda one: one[1])
    return [
        Occasion(
            kind="threshold" if isinstance(rule.trigger, UnitsTrigger) else "year",
            subject_id=stream_id("undated", dossier.person_id, policy_id),
            days=Days(day, dossier.calendar, {}),
            place=(position, position),
            about=(),
            positions=(position,),
            missing=reason,
        )
    ]
