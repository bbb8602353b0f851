"""The closed list of conditions: one pure function for each kind a rule may ask.

Each answers with the test it made: what it was asked, whether it was met, and the reason a claim
gives when this test decides it. A fact that nobody has recorded answers `None`, never a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from ledger.events import policy_conditions as asked
from ledger.events.policy_rule import AwardTrigger, Rule
from ledger.rules.calendars import add_months
from ledger.rules.employments import Duty
from ledger.rules.entitlements.days import (
    MissingFactError,
    fiscal_year_of,
    last_day_of_span,
)
from ledger.rules.entitlements.facts import NOT_BEGUN, Dossier, Note, NoteKind
from ledger.rules.entitlements.occasions import Occasion, spells
from ledger.rules.incentives import Check, Input

Answer = tuple[bool | None, dict[str, Input], str]  # met or not, inputs, reason if not


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged: one occasion under one rule, with all that is on file."""

    policy_id: UUID
    rule: Rule
    dossier: Dossier
    occasion: Occasion
    competencies: Collection[UUID] = ()  # credentials paid for already under this policy

    def day(self, name: str) -> date:
        return self.occasion.days.day(name)

    def duties(self, day: date) -> list[Duty]:
        """What she was on the day, in each position."""
        held = (job.duty_on(day) for job in self.dossier.employments)
        return [duty for duty in held if duty is not None]

    def notes(self, kind: NoteKind) -> list[Note]:
        return self.dossier.notes_of(kind, self.occasion.about, self.occasion.year)

    def attributes_of(self, school_id: UUID, day: date) -> set[str]:
        return {
            one.attribute
            for one in self.dossier.attributes
            if one.school_id == school_id and one.on(day)
        }


def check(condition: Any, case: Case) -> Check:
    """Make one test. A missing fact leaves it open."""
    reason = str(condition.kind)
    try:
        passed, inputs, reason = _ASKED[condition.kind](condition, case)
    except MissingFactError as missing:
        passed, inputs, reason = None, {}, missing.reason
    return {"rule": condition.kind, "inputs": inputs, "passed": passed, "reason": reason}


def checks(conditions: Iterable[Any], case: Case) -> list[Check]:
    return [check(condition, case) for condition in conditions]


def listed(trigger: AwardTrigger, occasion: Occasion) -> list[Check]:
    """Whether an award is one of those that the rule pays for."""
    assert occasion.award is not None, "only awards are listed"
    award, issuer_id = occasion.award.award, occasion.award.issuer_id
    found: list[Check] = []
    for rule, value, allowed in (
        ("credential", award.credential_id, trigger.credential_ids),
        ("issuer", issuer_id, trigger.issuer_ids),
        ("tier", award.tier, trigger.tiers),
    ):
        if allowed is not None:
            inputs: dict[str, Input] = {rule: value, "listed": [str(one) for one in allowed]}
            found.append(
                {
                    "rule": f"{rule}_listed",
                    "inputs": inputs,
                    "passed": value in allowed,
                    "reason": f"{rule}_not_listed",
                }
            )
    return found


def _employed(rule: asked.EmployedRule, case: Case) -> Answer:
    day = case.day(rule.on)
    held = bool(case.duties(day))
    leaves = [leave.status for leave in case.dossier.leaves if leave.on(day)]
    inputs: dict[str, Input] = {"day": day, "employed": held, "leaves": leaves}
    if held and leaves and not rule.leave_counts:
        return False, inputs, "on_leave"
    return held, inputs, f"not_employed_on_{_word(rule.on)}"


def _word(name: str) -> str:
    return name if name.isalpha() else "named_day"


def _continuous(rule: asked.ContinuousRule, case: Case) -> Answer:
    since, until = case.day(rule.since), case.day(rule.until)
    whole = any(
        first <= since and (last is None or until <= last)
        for first, last in spells(case.dossier.employments)
    )
    return whole, {"since": since, "until": until}, "employment_interrupted"


def _role(rule: asked.RoleRule, case: Case) -> Answer:
    day = case.day(rule.on)
    roles = sorted({duty.role for duty in case.duties(day)})
    met = any(role in rule.roles for role in roles)
    return met, {"day": day, "roles": roles, "eligible": list(rule.roles)}, "role_not_eligible"


def _exempt(rule: asked.ExemptRule, case: Case) -> Answer:
    """Asked of the positions whose role is eligible, so that one position meets both."""
    day = case.day(rule.on)
    roles = [other.roles for other in case.rule.eligibility if isinstance(other, asked.RoleRule)]
    duties = [duty for duty in case.duties(day) if all(duty.role in listed for listed in roles)]
    exempt = [duty.exempt for duty in duties]
    inputs: dict[str, Input] = {"day": day, "exempt": exempt}
    if True not in exempt and None in exempt:
        return None, inputs, "exempt_status_unknown"
    return True in exempt, inputs, rule.otherwise


def _hired_by(rule: asked.HiredRule, case: Case) -> Answer:
    hired, by = case.day("hired"), case.day(rule.by)
    return hired <= by, {"hired": hired, "by": by}, "hired_too_late"


def _tenure(rule: asked.TenureRule, case: Case) -> Answer:
    day, hired = case.day(rule.on), case.day("hired")
    since = add_months(hired, rule.months)
    return since <= day, {"day": day, "hired": hired, "months": rule.months}, "tenure_too_short"


def _school(rule: asked.SchoolRule, case: Case) -> Answer:
    day = case.day(rule.on)
    duties = case.duties(day)
    schools = {duty.school_id for duty in duties if duty.school_id is not None}
    found = sorted({one for school in schools for one in case.attributes_of(school, day)})
    inputs: dict[str, Input] = {
        "day": day,
        "schools": sorted(schools),
        "attributes": found,
        "wanted": list(rule.attributes),
    }
    if not schools and duties:
        return None, inputs, "school_missing"
    return any(one in rule.attributes for one in found), inputs, "school_without_attribute"


def _status(rule: asked.StatusRule, case: Case) -> Answer:
    day = case.day(rule.on)
    held = sorted({one.status for one in case.dossier.statuses if one.on(day)})
    inputs: dict[str, Input] = {"day": day, "held": held, "asked": list(rule.any_of)}
    met = any(status in rule.any_of for status in held) is rule.held
    return met, inputs, "status_missing" if rule.held else "status_excluded"


def _standing(rule: asked.StandingRule, case: Case) -> Answer:
    day = case.day(rule.on)
    since = add_months(day, -rule.months)
    recent = sum(one.hundredths for one in case.dossier.activities if since < one.last_day <= day)
    inputs: dict[str, Input] = {"since": since, "day": day, "hundredths": recent}
    return recent >= rule.units * 100, inputs, "not_in_standing"


def _between(rule: asked.BetweenRule, case: Case) -> Answer:
    what = case.day(rule.what)
    first = None if rule.first is None else case.day(rule.first)
    last = None if rule.last is None else case.day(rule.last)
    inputs: dict[str, Input] = {rule.what: what, "first": first, "last": last}
    if first is not None and what < first:
        return False, inputs, f"{_word(rule.what)}_too_early"
    return last is None or what <= last, inputs, f"{_word(rule.what)}_too_late"


def _within(rule: asked.WithinRule, case: Case) -> Answer:
    after = case.day(rule.after)
    last = last_day_of_span(case.dossier.calendar, after, rule.days, rule.counting, rule.first_day)
    what = case.day(rule.what)
    inputs: dict[str, Input] = {
        rule.after: after,
        rule.what: what,
        "days": rule.days,
        "counting": rule.counting,
        "first_day": rule.first_day,
        "last_day": last,
    }
    return what <= last, inputs, f"{_word(rule.what)}_too_late"


def _same_fiscal_year(rule: asked.SameYearRule, case: Case) -> Answer:
    what, other = case.day(rule.what), case.day(rule.other)
    years = [fiscal_year_of(case.dossier.calendar, day).fiscal_year for day in (what, other)]
    inputs: dict[str, Input] = {rule.what: what, rule.other: other, "years": [*map(str, years)]}
    return years[0] == years[1], inputs, "other_fiscal_year"


def _period_of_performance(_: asked.PerformanceRule, case: Case) -> Answer:
    account = case.rule.account
    first = case.occasion.days.named.get("started", case.occasion.days.earned)
    last = case.occasion.days.earned
    begins, ends = account.performance_from, account.performance_to
    inside = (begins is None or begins <= first) and (ends is None or last <= ends)
    inputs: dict[str, Input] = {"first": first, "last": last, "begins": begins, "ends": ends}
    return inside, inputs, "outside_period_of_performance"


def _approved(rule: asked.ApprovalRule, case: Case) -> Answer:
    """An approval that was recorded before she had begun is prior, whenever she began."""
    approved = case.day("approved")
    inputs: dict[str, Input] = {"approved": approved}
    prior = any(note.detail == NOT_BEGUN for note in case.notes("approval"))
    if prior and rule.before == "started" and "started" not in case.occasion.days.named:
        return True, inputs | {"begun": False}, "approved_too_late"
    before = case.day(rule.before)
    met = approved < before or (approved == before and not rule.strictly)
    return met, inputs | {rule.before: before}, "approved_too_late"


def _plan_goal(rule: asked.PlanGoalRule, case: Case) -> Answer:
    notes = case.notes("plan_goal")
    goals = sorted(note.detail or "" for note in notes)
    met = any(rule.goals is None or goal in rule.goals for goal in goals)
    return met, {"goals": goals}, "plan_goal_missing"


def _documents(rule: asked.DocumentsRule, case: Case) -> Answer:
    notes = case.notes("document")
    received = sorted({note.detail or "" for note in notes})
    there = set(rule.documents) <= set(received)
    inputs: dict[str, Input] = {"received": received, "needed": list(rule.documents)}
    return (True if there else None), inputs, "documents_missing"


def _requested(rule: asked.RequestRule, case: Case) -> Answer:
    year = fiscal_year_of(case.dossier.calendar, case.occasion.days.earned)
    filed = [
        one
        for one in case.dossier.requests
        if one.policy_id == case.policy_id
        and (one.subject_id is None or one.subject_id in case.occasion.about)
        and rule.choice in {None, one.choice}
        and year.first_day <= one.filed_on <= year.last_day
    ]
    by = None if rule.by is None else case.day(rule.by)
    days = sorted(one.filed_on for one in filed)
    inputs: dict[str, Input] = {"filed": [str(day) for day in days], "by": by}
    if not days:
        return None, inputs, "request_missing"
    return by is None or days[0] <= by, inputs, "request_too_late"


def _at_least(rule: asked.AtLeastRule, case: Case) -> Answer:
    found = int(case.occasion.units * 100)
    inputs: dict[str, Input] = {"hundredths": found, "needed": rule.hundredths}
    return found >= rule.hundredths, inputs, "too_few_units"


def _not_on_paid_time(_: asked.PaidTimeRule, case: Case) -> Answer:
    used = bool(case.notes("paid_time"))
    return not used, {"on_paid_time": used}, "on_paid_time"


def _cost_not_paid(_: asked.CostPaidRule, case: Case) -> Answer:
    paid = bool(case.notes("cost_paid"))
    return not paid, {"cost_paid": paid}, "cost_paid_by_district"


def _not_required(_: asked.RequiredRule, case: Case) -> Answer:
    """A grant adds to what has to be done anyway; whether it would replace it a person looks at."""
    required, account = bool(case.notes("required")), case.rule.account
    if required and (account.performance_from or account.performance_to):
        return None, {"required": required, "fund": account.fund}, "supplanting_risk"
    return not required, {"required": required}, "legally_required"


def _not_compensated(_: asked.CompensatedRule, case: Case) -> Answer:
    """Of two policies that each exclude what the other paid, the one that paid first keeps it."""
    about = [one for one in case.dossier.prior if one.subject_id in case.occasion.about]
    own = [(one.position, one.policy_id) for one in about if one.policy_id == case.policy_id]
    first = [one for one in about if not own or (one.position, one.policy_id) < min(own)]
    cents = sum(one.amount_cents for one in first)
    return cents <= 0, {"paid_elsewhere_cents": cents}, "already_compensated"


def _once_per_competency(rule: asked.OnceRule, case: Case) -> Answer:
    own = case.occasion.credential_id
    groups = [*rule.equal, *case.dossier.equal]
    equal = {own}.union(*(group for group in groups if own in group))
    paid = [str(one) for one in case.competencies if one in equal]
    return not paid, {"paid_for": paid}, "competency_paid_before"


def _one_choice(rule: asked.ChoiceRule, case: Case) -> Answer:
    made = [
        one
        for one in case.dossier.requests
        if one.choice is not None and ({one.subject_id, one.request_id} & set(case.occasion.about))
    ]
    if not made:
        return None, {"choice": None}, "choice_missing"
    first = min(made, key=lambda one: one.position)
    return first.choice == rule.choice, {"choice": first.choice}, "chosen_otherwise"


def _asked_once(_: asked.AskedRule, case: Case) -> Answer:
    own = case.occasion.request
    if own is None or own.subject_id is None:
        return True, {"asked_first": None}, "asked_before"
    same = (own.policy_id, own.subject_id)
    made = [one for one in case.dossier.requests if (one.policy_id, one.subject_id) == same]
    first = min(made, key=lambda one: one.position)
    return own == first, {"asked_first": first.request_id}, "asked_before"


_ASKED: Mapping[str, Callable[[Any, Case], Answer]] = {
    "employed": _employed,
    "continuous": _continuous,
    "role": _role,
    "exempt": _exempt,
    "hired_by": _hired_by,
    "tenure": _tenure,
    "school": _school,
    "status": _status,
    "standing": _standing,
    "between": _between,
    "within": _within,
    "same_fiscal_year": _same_fiscal_year,
    "period_of_performance": _period_of_performance,
    "approved": _approved,
    "plan_goal": _plan_goal,
    "documents": _documents,
    "requested": _requested,
    "at_least": _at_least,
    "not_on_paid_time": _not_on_paid_time,
    "cost_not_paid": _cost_not_paid,
    "not_required": _not_required,
    "not_compensated": _not_compensated,
    "once_per_competency": _once_per_competency,
    "one_choice": _one_choice,
    "asked_once": _asked_once,
}
