"""What is taken back: after a revocation whole, after a separation by the rule's ladder."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from ledger.events.policy_money import Clawback, Ladder, ProRata
from ledger.rules.calendars import add_months
from ledger.rules.entitlements.amounts import rounded
from ledger.rules.entitlements.conditions import Case
from ledger.rules.entitlements.facts import Prior, Separation
from ledger.rules.entitlements.lines import Recovery
from ledger.rules.entitlements.timing import Part

UNFINISHED = "failure_to_finish"


def share_owed(schedule: Ladder | ProRata, since: date, left_on: date) -> Fraction:
    """The part that whoever leaves on a day pays back; the day is the last day of work.

    A ladder names the first rung whose months are not over, and a rung's anniversary is in it or
    not as the rule says. An equal part is forgiven with each span that is over on the day.
    """
    if isinstance(schedule, Ladder):
        grace = timedelta(days=schedule.anniversary == "inside")
        for rung in schedule.rungs:
            if left_on < add_months(since, rung.months) + grace:
                return Fraction(rung.percent, 100)
        return Fraction(0)
    done = 0
    while done < schedule.parts and add_months(since, schedule.months * (done + 1)) <= left_on:
        done += 1
    return Fraction(schedule.parts - done, schedule.parts)


def recovery_of(case: Case) -> Recovery | None:
    """Why what was paid for this occasion is taken back, if it is."""
    occasion, rule = case.occasion, case.rule
    paid = _paid(case)
    if not paid:
        return None
    fallen = not occasion.stands and not _unfinished(case)
    if fallen and rule.revocation.if_paid != "keep":
        day = occasion.ended_on or occasion.days.earned
        return Recovery("reversal", "award_revoked", day, {})
    return None if rule.clawback is None else _after_separation(case, rule.clawback, paid)


def kept_of(case: Case, part: Part) -> int:
    """What stays with her of an instalment, in cents, if she has left or did not finish.

    Counted from the day it was paid, where she left on it or later, and else from the day it was
    due: whoever has left by then is paid no more than she may keep.
    """
    terms, cents = case.rule.clawback, part.amount_cents
    if terms is None:
        return cents
    paid = [one for one in _paid(case) if one.instalment == part.instalment and one.kind == "earn"]
    for since in (*(one.paid_on for one in paid[:1] if one.paid_on), part.due_on):
        if left := _separation(case, terms, since):
            start = since if terms.since == "paid" else case.occasion.days.earned
            share = share_owed(terms.schedule, start, left.last_day)
            return cents - rounded(cents * share, case.rule.rounding)
    return cents


def paid_and_judged(case: Case) -> frozenset[int]:
    """The instalments that were paid and are looked at though what earned them has fallen.

    After a revocation they stay with her where the rule says so; of an activity that she did not
    finish she pays back what the ladder says.
    """
    judged = case.rule.revocation.if_paid == "keep" or _unfinished(case)
    if case.occasion.stands or not judged:
        return frozenset()
    cents = _cents_by_instalment(_paid(case))
    return frozenset(instalment for instalment, paid in cents.items() if paid > 0)


def _unfinished(case: Case) -> bool:
    """Whether an activity that she did not finish is paid back by the rule's ladder."""
    activity, terms = case.occasion.activity, case.rule.clawback
    unfinished = activity is not None and not activity.finished
    return unfinished and terms is not None and UNFINISHED in terms.causes


def _cents_by_instalment(paid: Iterable[Prior]) -> dict[int, int]:
    cents: dict[int, int] = {}
    for one in paid:
        cents[one.instalment] = cents.get(one.instalment, 0) + one.amount_cents
    return cents


def _paid(case: Case) -> list[Prior]:
    return [
        one
        for one in case.dossier.prior
        if one.policy_id == case.policy_id
        and one.subject_id == case.occasion.subject_id
        and one.paid_on is not None
        and one.kind != "clawback"
    ]


def _after_separation(case: Case, terms: Clawback, paid: list[Prior]) -> Recovery | None:
    left = _separation(case, terms, min(one.paid_on for one in paid if one.paid_on))
    if left is None:
        return None
    cents = _cents_by_instalment(paid)
    days = [(one.kind != "earn", one.paid_on, one.instalment) for one in paid if one.paid_on]
    since: dict[int, date] = {}  # where the line itself never was paid, its first correction
    for _, day, instalment in sorted(days):
        since.setdefault(instalment, day)
    kept = {}
    for instalment, amount in cents.items():
        start = since[instalment] if terms.since == "paid" else case.occasion.days.earned
        owed = share_owed(terms.schedule, start, left.last_day)
        kept[instalment] = amount - rounded(amount * owed, case.rule.rounding)
    return Recovery("clawback", left.reason, left.last_day, kept, terms.collect)


def _separation(case: Case, terms: Clawback, paid_on: date) -> Separation | None:
    """The first time she left after it was paid, for a reason that owes something.

    So does the day on which an activity should have been finished; one that was over when it was
    paid was not finished on the day of the payment.
    """
    left = [one for one in case.dossier.separations if one.last_day >= paid_on]
    if _unfinished(case):
        day = max(case.occasion.days.earned, paid_on)
        left.append(Separation(day, UNFINISHED, case.occasion.place[0]))
    owing = [one for one in left if one.reason in terms.causes and one.reason not in terms.exempt]
    return min(owing, key=lambda one: one.last_day, default=None)
