"""What payouts should come to, written a second time: slowly, from nothing, straight from events.

It shares no code with the rules. Everything is looked up by running through the log once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from ledger.events.credential import CredentialVersionPublished
from ledger.events.employment import EmploymentChanged, EmploymentEnded, EmploymentStarted
from ledger.events.enrollment import Awarded, Revoked
from ledger.events.policy import PolicyAdopted, PolicyRetired, PolicyTerms
from ledger.events.stack import Group, StackDefined
from ledger.values import stream_id
from projections.contract import Fact

Log = Sequence[Fact[Any]]


class Key(NamedTuple):
    """A pair: one policy, one person, one award or stack of hers."""

    policy_id: UUID
    person_id: UUID
    subject_id: UUID


@dataclass
class Owed:
    """What a pair comes to."""

    status: str
    reason: str | None
    amount_cents: int
    policy_version: int
    fiscal_year: int
    payable_on: date
    place: tuple[int, int]
    is_stack: bool  # what one event earned twice over: the award comes before the stack
    cap_cents: int | None = None
    budget_cents: int | None = None


class Thing(NamedTuple):
    """Something earned: an award or a completed stack."""

    kind: str
    subject_id: UUID
    credential_id: UUID | None
    tier: str | None
    day: date
    place: tuple[int, int]
    stands: bool


def payouts(log: Log) -> dict[Key, Owed]:
    """Every pair, with what it comes to once the whole log is known."""
    owed = dict(_claims(log))
    for key in sorted(owed, key=lambda key: (owed[key].place, owed[key].is_stack)):
        _cap(owed, key)
    for key in sorted(owed, key=lambda key: (owed[key].place, _payout_id(key))):
        _line(owed, key)
    return owed


def _claims(log: Log) -> Iterator[tuple[Key, Owed]]:
    persons = {fact.event.person_id for fact in log if isinstance(fact.event, Awarded)}
    policies = {fact.event.originator_id for fact in log if isinstance(fact.event, PolicyAdopted)}
    for policy_id in policies:
        for person_id in persons:
            for thing in _things(log, person_id):
                owed = _claim(log, policy_id, person_id, thing)
                if owed is not None:
                    yield Key(policy_id, person_id, thing.subject_id), owed


def _things(log: Log, person_id: UUID) -> Iterator[Thing]:
    tiers = {
        f.event.originator_id: f.event.definition.tier
        for f in log
        if isinstance(f.event, CredentialVersionPublished)
    }
    for position, event in log:
        if isinstance(event, Awarded) and event.person_id == person_id:
            yield Thing(
                "award",
                event.originator_id,
                event.credential_id,
                tiers[event.credential_id],
                event.awarded_on,
                (position, position),
                _stands(log, event.originator_id),
            )
    for stack_id in {f.event.originator_id for f in log if isinstance(f.event, StackDefined)}:
        if (done := completed(log, stack_id, person_id)) is not None:
            day, place, stands = done
            yield Thing("stack", stack_id, None, None, day, place, stands)


def _stands(log: Log, enrollment_id: UUID) -> bool:
    last = [f.event for f in log if f.event.originator_id == enrollment_id][-1]
    return not isinstance(last, Revoked)


def completed(
    log: Log, stack_id: UUID, person_id: UUID
) -> tuple[date, tuple[int, int], bool] | None:
    """Day and place of the completion, and whether it stands.

    Reading ever shorter beginnings of the log, the first that shows a completion has the last
    one; it stands if that is the log as a whole, or if nothing was taken away since.
    """
    for end in range(len(log), 0, -1):
        known = log[:end]
        if (found := _first_moment(known, stack_id, person_id)) is not None:
            return (*found, end == len(log))
    return None


def _first_moment(log: Log, stack_id: UUID, person_id: UUID) -> tuple[date, tuple[int, int]] | None:
    mine = [
        f
        for f in log
        if isinstance(f.event, Awarded)
        and f.event.person_id == person_id
        and _stands(log, f.event.originator_id)
    ]
    definition: StackDefined | None = None
    for position, event in log:
        if event.originator_id == stack_id:
            definition = event if isinstance(event, StackDefined) else None
        if definition is None:
            continue
        parts = _parts(definition)
        held = [f for f in mine if f.position <= position and f.event.credential_id in parts]
        if not held:
            continue
        day = max(f.event.awarded_on for f in held)
        if held[-1].position < position:
            zone = ZoneInfo(held[-1].event.zone)
            day = max(day, event.occurred_at.astimezone(zone).date())
        if event.originator_id != stack_id and held[-1].position != position:
            continue
        held = [f for f in held if f.event.expires_on is None or f.event.expires_on > day]
        if _met(definition, {f.event.credential_id for f in held}):
            return day, (position, held[-1].position)
    return None


def _parts(definition: StackDefined) -> set[UUID]:
    def named(group: Group) -> set[UUID]:
        return set(group.credential_ids).union(*(named(inner) for inner in group.groups))

    return named(definition.requirement) | {
        definition.capstone_credential_id or definition.actor_id
    }


def _met(definition: StackDefined, held: set[UUID]) -> bool:
    def met(group: Group) -> bool:
        hits = sum(one in held for one in group.credential_ids) + sum(map(met, group.groups))
        return hits >= group.needed

    capstone = definition.capstone_credential_id
    return met(definition.requirement) and (capstone is None or capstone in held)


def _claim(log: Log, policy_id: UUID, person_id: UUID, thing: Thing) -> Owed | None:
    adopted = [
        f.event
        for f in log
        if isinstance(f.event, PolicyAdopted) and f.event.originator_id == policy_id
    ]
    jobs = _jobs(log, person_id, adopted[0].district_id)
    governing = [
        version
        for version in adopted
        if version.terms.effective_from <= thing.day <= (version.terms.effective_to or date.max)
    ]
    ends = [
        f.event.last_day
        for f in log
        if isinstance(f.event, PolicyRetired) and f.event.originator_id == policy_id
    ]
    if not jobs or not governing or (ends and thing.day > ends[-1]):
        return None
    version = governing[-1]
    terms = version.terms
    wanted_stack = getattr(terms.trigger, "stack_id", None)
    if terms.trigger.kind != thing.kind or (wanted_stack or thing.subject_id) != thing.subject_id:
        return None
    payable_on = _payable_on(terms, thing.day)
    status, reason = _judge(terms, thing, jobs, payable_on)
    cents = _cents(terms, thing) or 0
    return Owed(
        status=status,
        reason=reason,
        amount_cents=0 if status == "not_due" else cents,
        policy_version=version.policy_version,
        fiscal_year=_ends_in(thing.day, terms.year_starts_month),
        payable_on=payable_on,
        place=thing.place,
        is_stack=thing.kind == "stack",
        cap_cents=terms.person_cap_cents_per_year,
        budget_cents=terms.budget_cents_per_year,
    )


def _jobs(log: Log, person_id: UUID, district_id: UUID) -> list[list[Any]]:
    """The events of each position she ever held in a district."""
    started = [
        f.event.originator_id
        for f in log
        if isinstance(f.event, EmploymentStarted)
        and (f.event.person_id, f.event.district_id) == (person_id, district_id)
    ]
    return [[f.event for f in log if f.event.originator_id == job] for job in started]


def _duties(jobs: list[list[Any]], day: date) -> list[tuple[str, bool | None]]:
    """Role and exempt of every position held on a day, as last said of it."""
    found = []
    for first, *later in jobs:
        last_day = first.last_day
        said = [(date.min, first)]
        for event in later:
            if isinstance(event, EmploymentChanged):
                said.append((event.effective_on, event))
            else:
                last_day = event.last_day if isinstance(event, EmploymentEnded) else None
        if first.first_day <= day <= (last_day or date.max):
            newest = [event for from_day, event in said if from_day <= day][-1]
            found.append((newest.role, newest.exempt))
    return found


def _judge(  # noqa: PLR0911 - one line for each reason is the clearest
    terms: PolicyTerms, thing: Thing, jobs: list[list[Any]], payable_on: date
) -> tuple[str, str | None]:
    day = payable_on if terms.employed_on == "payable_date" else thing.day
    held = _duties(jobs, day)
    eligible = [exempt for role, exempt in held if terms.roles is None or role in terms.roles]
    listed = getattr(terms.trigger, "credential_ids", None)
    if not thing.stands:
        return "not_due", "award_revoked" if thing.kind == "award" else "stack_invalidated"
    if listed is not None and thing.credential_id not in listed:
        return "not_due", "credential_not_listed"
    if terms.employed_on is not None and not held:
        return "not_due", f"not_employed_on_{terms.employed_on}"
    if terms.also_employed_on is not None and not _duties(jobs, terms.also_employed_on):
        return "not_due", "not_employed_on_named_date"
    if terms.roles is not None and not eligible:
        return "not_due", "role_not_eligible"
    if terms.exempt_only and not any(exempt or exempt is None for exempt in eligible):
        return "not_due", "not_exempt"
    if _cents(terms, thing) is None:
        return "not_due", "tier_not_listed"
    if terms.exempt_only and True not in eligible:
        return "pending", "exempt_status_unknown"
    return "due", None


def _cents(terms: PolicyTerms, thing: Thing) -> int | None:
    if terms.amount.kind == "flat":
        return terms.amount.amount_cents
    for entry in terms.amount.tiers:
        if entry.tier == thing.tier:
            return entry.amount_cents
    return None


def _ends_in(day: date, starts_month: int) -> int:
    """The calendar year in which the fiscal year of a day ends."""
    while (day + timedelta(days=1)).month != starts_month or (day + timedelta(days=1)).day != 1:
        day += timedelta(days=1)
    return day.year


def _payable_on(terms: PolicyTerms, earned_on: date) -> date:
    day = earned_on + timedelta(days=terms.waiting_days)
    if terms.benefit == "base_pay":
        while (day.month, day.day) != (terms.year_starts_month, 1) or day <= earned_on:
            day += timedelta(days=1)
    return day


def _cap(owed: dict[Key, Owed], key: Key) -> None:
    """What she already has under the policy in the year leaves so much of her cap."""
    one = owed[key]
    if one.status != "due" or one.cap_cents is None:
        return
    used = sum(
        other.amount_cents
        for their, other in owed.items()
        if (their.policy_id, their.person_id) == (key.policy_id, key.person_id)
        and other.fiscal_year == one.fiscal_year
        and (other.place, other.is_stack) < (one.place, one.is_stack)
        and other.status == "due"
    )
    left = max(0, one.cap_cents - used)
    if one.amount_cents > left:
        one.amount_cents = left
        one.reason = "reduced_by_yearly_cap" if left else "yearly_cap_reached"
        one.status = "due" if left else "not_due"


def _payout_id(key: Key) -> UUID:
    """By which a line is ordered where one event earned two of its claims."""
    return stream_id("payout", *key)


def _line(owed: dict[Key, Owed], key: Key) -> None:
    """Whoever stands ahead has claimed so much of the budget; waiting counts as claiming."""
    one = owed[key]
    if one.status != "due" or one.budget_cents is None:
        return
    ahead = sum(
        other.amount_cents
        for their, other in owed.items()
        if their.policy_id == key.policy_id
        and other.fiscal_year == one.fiscal_year
        and (other.place, _payout_id(their)) < (one.place, _payout_id(key))
        and (other.status == "due" or other.reason == "budget_exhausted")
    )
    if ahead + one.amount_cents > one.budget_cents:
        one.status, one.reason = "pending", "budget_exhausted"
