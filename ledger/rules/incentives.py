"""What a policy owes for one award or one completed stack: dated facts in, a claim out.

Which pairs are looked at: for each district that ever employed the person, each policy of it,
and each award (or completed stack) of hers on whose local date a version of the policy was in
force with a trigger of that kind. Every such pair ends as a claim that is due, pending or not
due, with the reason and with every test that led there, so that counts tie and nobody is dropped
in silence. Credentials the policy does not list, and awards from before or after her employment,
are such pairs too: they end as not due, and say why.

Days are local dates as the award states them; both ends of every span are included. What depends
on today (payable later) is no part of a claim: it is compared when the claim is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Literal, NamedTuple, TypedDict
from uuid import UUID

from ledger.events.policy import AwardTrigger, FlatAmount, PolicyTerms, StackTrigger
from ledger.rules.calendars import fiscal_year, fiscal_year_span
from ledger.rules.completions import Award, Completion
from ledger.rules.employments import Duty, Employment

Verdict = Literal["due", "pending", "not_due"]
Input = str | int | bool | date | UUID | None | list[str] | list[UUID] | list[bool | None]


@dataclass(frozen=True, slots=True)
class Version:
    """One adopted version of a policy, and the event that adopted it."""

    policy_version: int
    board_reference: str
    adopted_on: date
    position: int
    terms: PolicyTerms


@dataclass(frozen=True)
class Policy:
    """One policy of one district, with all versions adopted so far, oldest first."""

    policy_id: UUID
    district_id: UUID
    versions: tuple[Version, ...]
    last_day: date | None = None  # nothing is earned after it; null: not retired
    retired_position: int | None = None

    @cached_property
    def capped(self) -> bool:
        """Whether any version caps a teacher's year, so that her claims hang together."""
        return any(version.terms.person_cap_cents_per_year is not None for version in self.versions)

    @cached_property
    def budgeted(self) -> bool:
        """Whether any version limits the program's year, so that claims wait in line."""
        return any(version.terms.budget_cents_per_year is not None for version in self.versions)

    @cached_property
    def stack_ids(self) -> frozenset[UUID]:
        """The stacks whose completion any version pays for."""
        triggers = [version.terms.trigger for version in self.versions]
        return frozenset(one.stack_id for one in triggers if isinstance(one, StackTrigger))

    def version_on(self, day: date) -> Version | None:
        """The version that governs what is earned on `day`: the newest whose span holds it.

        The dates decide, never the moment of computing, so an old version still governs what was
        earned under it, and a correction adopted later governs the days it names.
        """
        if self.last_day is not None and day > self.last_day:
            return None
        for version in reversed(self.versions):
            terms = version.terms
            if terms.effective_from <= day and (
                terms.effective_to is None or day <= terms.effective_to
            ):
                return version
        return None


class Earned(NamedTuple):
    """What a policy may pay for: an award, or a stack once completed."""

    kind: Literal["award", "stack"]
    subject_id: UUID  # the enrollment of an award, or the stack
    credential_id: UUID | None  # null for a stack
    tier: str | None  # of the credential version awarded; null for a stack
    day: date  # local, as the award states it
    place: tuple[int, int]  # positions of the event that earned it and of the award behind it
    stands: bool  # False: revoked, or the stack is no longer complete
    positions: tuple[int, ...]  # every event that says so
    duplicate_of: UUID | None = None  # an award of another record of hers that counts instead


def award_earned(award: Award, duplicate_of: UUID | None = None) -> Earned:
    """An award, as something a policy may pay for."""
    published = () if award.published_position is None else (award.published_position,)
    return Earned(
        kind="award",
        subject_id=award.enrollment_id,
        credential_id=award.credential_id,
        tier=award.tier,
        day=award.awarded_on,
        place=(award.position, award.position),
        stands=award.stands,
        positions=(*award.positions, *published),
        duplicate_of=duplicate_of,
    )


def stack_earned(stack_id: UUID, done: Completion) -> Earned:
    """A completed stack, as something a policy may pay for; it keeps its place if undone."""
    awards = tuple(position for award in done.awards for position in award.positions)
    return Earned(
        kind="stack",
        subject_id=stack_id,
        credential_id=None,
        tier=None,
        day=done.completed_on,
        place=(done.position, done.awards[-1].position),
        stands=done.stands,
        positions=(*awards, done.era.from_position),
    )


class Check(TypedDict):
    """One rule, what it was asked, and whether it was met; `None`: a fact is missing.

    `reason` is what the claim says when this check decides it.
    """

    rule: str
    inputs: dict[str, Input]
    passed: bool | None
    reason: str


def duplicate_checks(duplicate_of: UUID | None) -> list[Check]:
    """The test that an award of another record fails; there is none to make of all others."""
    if duplicate_of is None:
        return []
    inputs: dict[str, Input] = {"counts_instead": duplicate_of}
    return [Check(rule="not_duplicate", inputs=inputs, passed=False, reason="duplicate")]


class Claim(NamedTuple):
    """What one policy version makes of one award or stack, before the program's budget."""

    verdict: Verdict
    reason: str | None
    terms_cents: int  # what the terms give for it, before the teacher's yearly cap
    amount_cents: int  # what is owed, or would be once the missing fact is known
    payable_on: date
    fiscal_year: int  # of the policy, in which it was earned; named by the year it ends in
    checks: list[Check]
    positions: list[int]  # every event that was looked at, in log order


def governing_version(policy: Policy, earned: Earned) -> Version | None:
    """The version that has to judge `earned`; null where the two are no pair at all."""
    version = policy.version_on(earned.day)
    if version is None:
        return None
    trigger = version.terms.trigger
    if isinstance(trigger, AwardTrigger):
        return version if earned.kind == "award" else None
    return version if (earned.kind, earned.subject_id) == ("stack", trigger.stack_id) else None


def claim_for(
    policy: Policy,
    version: Version,
    earned: Earned,
    employments: Iterable[Employment],
    used_cents: int = 0,
) -> Claim:
    """Judge one pair. Every rule is tried; the first that fails names the reason.

    A fact nobody has recorded yet (exempt or not) leaves the claim pending, unless another rule
    fails for certain. Whatever is due goes through the teacher's yearly cap last.

    Args:
        policy: Whose version governs.
        version: The one in force on the day it was earned.
        earned: The award or stack.
        employments: All positions that the person ever held.
        used_cents: What her earlier claims come to under this policy in the same fiscal year.
    """
    terms = version.terms
    payable_on = payable_day(terms, earned.day)
    here = [job for job in employments if job.district_id == policy.district_id]
    cents = terms_amount_cents(terms, earned.tier)
    day = payable_on if terms.employed_on == "payable_date" else earned.day
    checks = [
        _in_force(policy, version, earned),
        _stands(earned),
        *duplicate_checks(earned.duplicate_of),
        *_credential(terms, earned),
        *_employment(terms, day, here),
        *_tier(terms, earned, cents),
    ]
    verdict, reason = verdict_of(checks)
    amount_cents = 0 if verdict == "not_due" else cents or 0
    if verdict == "due" and terms.person_cap_cents_per_year is not None:
        left = max(terms.person_cap_cents_per_year - used_cents, 0)
        checks.append(_yearly_cap(terms.person_cap_cents_per_year, used_cents, left, amount_cents))
        if amount_cents > left:
            amount_cents, reason = left, checks[-1]["reason"]
            verdict = "due" if left else "not_due"
    return Claim(
        verdict=verdict,
        reason=reason,
        terms_cents=cents or 0,
        amount_cents=amount_cents,
        payable_on=payable_on,
        fiscal_year=fiscal_year(earned.day, terms.year_starts_month),
        checks=checks,
        positions=_positions(policy, version, earned, here),
    )


def terms_amount_cents(terms: PolicyTerms, tier: str | None) -> int | None:
    """What the terms give, before any cap; null when they name no amount for the tier."""
    if isinstance(terms.amount, FlatAmount):
        return terms.amount.amount_cents
    for listed in terms.amount.tiers:
        if listed.tier == tier:
            return listed.amount_cents
    return None


def payable_day(terms: PolicyTerms, earned_on: date) -> date:
    """The first day on which it may be paid, or on which the higher base pay begins.

    One-time money is payable once the waiting days are over. Base pay changes with a contract
    year: the first that begins after the award, and not before the waiting days are over.
    """
    ready = earned_on + timedelta(days=terms.waiting_days)
    if terms.benefit == "one_time":
        return ready
    month = terms.year_starts_month
    year = fiscal_year(earned_on, month) + 1
    while (begins := fiscal_year_span(year, month)[0]) < ready:
        year += 1
    return begins


def _positions(
    policy: Policy, version: Version, earned: Earned, here: Iterable[Employment]
) -> list[int]:
    retired = () if policy.retired_position is None else (policy.retired_position,)
    jobs = [position for job in here for position in job.positions]
    return sorted({*earned.positions, version.position, *retired, *jobs})


def verdict_of(checks: Iterable[Check]) -> tuple[Verdict, str | None]:
    """A certain failure goes before a missing fact; otherwise the order of the rules decides."""
    unknown: str | None = None
    for check in checks:
        if check["passed"] is False:
            return "not_due", check["reason"]
        if check["passed"] is None and unknown is None:
            unknown = check["reason"]
    return ("due", None) if unknown is None else ("pending", unknown)


def _in_force(policy: Policy, version: Version, earned: Earned) -> Check:
    return {
        "rule": "in_force",
        "inputs": {
            "earned_on": earned.day,
            "policy_version": version.policy_version,
            "effective_from": version.terms.effective_from,
            "effective_to": version.terms.effective_to,
            "last_day": policy.last_day,
        },
        "passed": True,
        "reason": "not_in_force",
    }


def _stands(earned: Earned) -> Check:
    return {
        "rule": "stands",
        "inputs": {"stands": earned.stands},
        "passed": earned.stands,
        "reason": "award_revoked" if earned.kind == "award" else "stack_invalidated",
    }


def _credential(terms: PolicyTerms, earned: Earned) -> list[Check]:
    if not isinstance(terms.trigger, AwardTrigger) or terms.trigger.credential_ids is None:
        return []
    listed = terms.trigger.credential_ids
    return [
        {
            "rule": "credential_listed",
            "inputs": {"credential_id": earned.credential_id, "listed": sorted(listed)},
            "passed": earned.credential_id in listed,
            "reason": "credential_not_listed",
        }
    ]


def _employment(terms: PolicyTerms, day: date, here: Sequence[Employment]) -> list[Check]:
    """Employed at all, employed on a further day, in which role, and exempt or not, in turn."""
    checks = []
    held = [(job, duty) for job in here if (duty := job.duty_on(day)) is not None]
    if terms.employed_on is not None:
        rule = f"employed_on_{terms.employed_on}"
        checks.append(_employed(rule, day, [job for job, _ in held]))
    if (named_day := terms.also_employed_on) is not None:
        then = [job for job in here if job.duty_on(named_day) is not None]
        checks.append(_employed("employed_on_named_date", named_day, then))
    duties = [duty for _, duty in held]
    if terms.roles is not None:
        checks.append(_role(day, duties, terms.roles))
        duties = [duty for duty in duties if duty.role in terms.roles]
    if terms.exempt_only:
        checks.append(_exempt(day, [duty.exempt for duty in duties]))
    return checks


def _employed(rule: str, day: date, held: Iterable[Employment]) -> Check:
    positions_held = sorted([job.employment_id for job in held])
    return {
        "rule": rule,
        "inputs": {"day": day, "positions_held": positions_held},
        "passed": bool(positions_held),
        "reason": f"not_{rule}",
    }


def _role(day: date, duties: Iterable[Duty], eligible: Sequence[str]) -> Check:
    roles = sorted({duty.role for duty in duties})
    return {
        "rule": "role",
        "inputs": {"day": day, "roles": roles, "eligible": sorted(eligible)},
        "passed": any(role in eligible for role in roles),
        "reason": "role_not_eligible",
    }


def _exempt(day: date, exempt: list[bool | None]) -> Check:
    """One eligible position that is exempt is enough; an unknown one may still turn out to be."""
    unknown = True not in exempt and None in exempt
    return {
        "rule": "exempt",
        "inputs": {"day": day, "exempt": sorted(exempt, key=str)},
        "passed": None if unknown else True in exempt,
        "reason": "exempt_status_unknown" if unknown else "not_exempt",
    }


def _tier(terms: PolicyTerms, earned: Earned, cents: int | None) -> list[Check]:
    if isinstance(terms.amount, FlatAmount):
        return []
    return [
        {
            "rule": "tier",
            "inputs": {"tier": earned.tier, "listed": [one.tier for one in terms.amount.tiers]},
            "passed": cents is not None,
            "reason": "tier_not_listed",
        }
    ]


def _yearly_cap(cap_cents: int, used_cents: int, left_cents: int, amount_cents: int) -> Check:
    return {
        "rule": "yearly_cap",
        "inputs": {
            "cap_cents": cap_cents,
            "used_cents": used_cents,
            "left_cents": left_cents,
            "amount_cents": amount_cents,
        },
        "passed": amount_cents <= left_cents,
        "reason": "reduced_by_yearly_cap" if left_cents else "yearly_cap_reached",
    }
