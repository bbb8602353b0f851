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
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from ledger.events.policy import AwardTrigger, FlatAmount, PolicyTerms, StackTrigger
from ledger.rules.calendars import fiscal_year, fiscal_year_span
from ledger.rules.completions import Award, Completion
from ledger.rules.employments import Duty, Employment

Verdict = Literal["due", "pending", "not_due"]
Input = str | int | bool | None | list[str] | list[bool | None]


@dataclass(frozen=True, slots=True)
class Version:
    """One adopted version of a policy, and the event that adopted it."""

    policy_version: int
    board_reference: str
    adopted_on: date
    position: int
    terms: PolicyTerms


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy of one district, with all versions adopted so far, oldest first."""

    policy_id: UUID
    district_id: UUID
    versions: tuple[Version, ...]
    last_day: date | None = None  # nothing is earned after it; null: not retired
    retired_position: int | None = None

    @property
    def capped(self) -> bool:
        """Whether any version caps a teacher's year, so that her claims hang together."""
        return any(version.terms.person_cap_cents_per_year is not None for version in self.versions)

    @property
    def budgeted(self) -> bool:
        """Whether any version limits the program's year, so that claims wait in line."""
        return any(version.terms.budget_cents_per_year is not None for version in self.versions)

    @property
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


@dataclass(frozen=True, slots=True)
class Earned:
    """What a policy may pay for: an award, or a stack once completed."""

    kind: Literal["award", "stack"]
    subject_id: UUID  # the enrollment of an award, or the stack
    credential_id: UUID | None  # null for a stack
    tier: str | None  # of the credential version awarded; null for a stack
    day: date  # local, as the award states it
    place: tuple[int, int]  # positions of the event that earned it and of the award behind it
    stands: bool  # False: revoked, or the stack is no longer complete
    positions: tuple[int, ...]  # every event that says so


def award_earned(award: Award) -> Earned:
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


@dataclass(frozen=True, slots=True)
class Check:
    """One rule, what it was asked, and whether it was met; `None`: a fact is missing."""

    rule: str
    inputs: dict[str, Input]
    passed: bool | None
    reason: str  # what a claim says when this check decides it


@dataclass(frozen=True, slots=True)
class Claim:
    """What one policy version makes of one award or stack, before the program's budget."""

    verdict: Verdict
    reason: str | None
    terms_cents: int  # what the terms give for it, before the teacher's yearly cap
    amount_cents: int  # what is owed, or would be once the missing fact is known
    payable_on: date
    fiscal_year: int  # of the policy, in which it was earned; named by the year it ends in
    checks: tuple[Check, ...]
    positions: tuple[int, ...]  # every event that was looked at, in log order


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
    policy: Policy, version: Version, earned: Earned, employments: Iterable[Employment]
) -> Claim:
    """Judge one pair. Every rule is tried; the first that fails names the reason.

    A fact nobody has recorded yet (exempt or not) leaves the claim pending, unless another rule
    fails for certain.
    """
    terms = version.terms
    payable_on = payable_day(terms, earned.day)
    here = [job for job in employments if job.district_id == policy.district_id]
    day = payable_on if terms.employed_on == "payable_date" else earned.day
    held = [(job, duty) for job in here if (duty := job.duty_on(day)) is not None]
    eligible = [duty for _, duty in held if terms.roles is None or duty.role in terms.roles]
    cents = terms_amount_cents(terms, earned.tier)
    checks = (
        _in_force(policy, version, earned),
        _stands(earned),
        *_credential_listed(terms, earned),
        *_employed(terms, day, [job for job, _ in held]),
        *_also_employed(terms, here),
        *_role(terms, day, [duty for _, duty in held], eligible),
        *_exempt(terms, day, eligible),
        *_tier(terms, earned, cents),
    )
    verdict, reason = _verdict(checks)
    return Claim(
        verdict=verdict,
        reason=reason,
        terms_cents=cents or 0,
        amount_cents=0 if verdict == "not_due" else cents or 0,
        payable_on=payable_on,
        fiscal_year=fiscal_year(earned.day, terms.year_starts_month),
        checks=checks,
        positions=_positions(policy, version, earned, here),
    )


def under_cap(claim: Claim, cap_cents: int | None, used_cents: int) -> Claim:
    """The claim once the teacher's yearly cap has been applied.

    `used_cents` is what earlier claims of hers take in the same policy and year. A claim that is
    not due takes nothing, and one that waits for a fact reserves nothing.
    """
    if cap_cents is None or claim.verdict != "due":
        return claim
    left = max(cap_cents - used_cents, 0)
    fits = claim.amount_cents <= left
    reason = "reduced_by_yearly_cap" if left else "yearly_cap_reached"
    check = Check(
        "yearly_cap",
        {
            "cap_cents": cap_cents,
            "used_cents": used_cents,
            "left_cents": left,
            "amount_cents": claim.amount_cents,
        },
        fits,
        reason,
    )
    checked = replace(claim, checks=(*claim.checks, check))
    if fits:
        return checked
    if left:
        return replace(checked, reason=reason, amount_cents=left)
    return replace(checked, verdict="not_due", reason=reason, amount_cents=0)


def terms_amount_cents(terms: PolicyTerms, tier: str | None) -> int | None:
    """What the terms give, before any cap; null when they name no amount for the tier."""
    match terms.amount:
        case FlatAmount(amount_cents=cents):
            return cents
        case tiered:
            return {entry.tier: entry.amount_cents for entry in tiered.tiers}.get(tier or "")


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
) -> tuple[int, ...]:
    retired = () if policy.retired_position is None else (policy.retired_position,)
    jobs = [position for job in here for position in job.positions]
    return tuple(sorted({*earned.positions, version.position, *retired, *jobs}))


def _verdict(checks: Iterable[Check]) -> tuple[Verdict, str | None]:
    """A certain failure goes before a missing fact; otherwise the order of the rules decides."""
    unknown: str | None = None
    for check in checks:
        if check.passed is False:
            return "not_due", check.reason
        if check.passed is None and unknown is None:
            unknown = check.reason
    return ("due", None) if unknown is None else ("pending", unknown)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _in_force(policy: Policy, version: Version, earned: Earned) -> Check:
    inputs: dict[str, Input] = {
        "earned_on": _day(earned.day),
        "policy_version": version.policy_version,
        "effective_from": _day(version.terms.effective_from),
        "effective_to": _day(version.terms.effective_to),
        "last_day": _day(policy.last_day),
    }
    return Check("in_force", inputs, passed=True, reason="not_in_force")


def _stands(earned: Earned) -> Check:
    reason = "award_revoked" if earned.kind == "award" else "stack_invalidated"
    return Check("stands", {"stands": earned.stands}, earned.stands, reason)


def _credential_listed(terms: PolicyTerms, earned: Earned) -> Iterable[Check]:
    if isinstance(terms.trigger, AwardTrigger) and terms.trigger.credential_ids is not None:
        listed = terms.trigger.credential_ids
        inputs: dict[str, Input] = {
            "credential_id": str(earned.credential_id),
            "listed": sorted(map(str, listed)),
        }
        passed = earned.credential_id in listed
        yield Check("credential_listed", inputs, passed, "credential_not_listed")


def _employed(terms: PolicyTerms, day: date, held: Sequence[Employment]) -> Iterable[Check]:
    if terms.employed_on is not None:
        reason = f"not_employed_on_{terms.employed_on}"
        yield Check(f"employed_on_{terms.employed_on}", _held(day, held), bool(held), reason)


def _also_employed(terms: PolicyTerms, here: Iterable[Employment]) -> Iterable[Check]:
    if (day := terms.also_employed_on) is not None:
        held = [job for job in here if job.duty_on(day) is not None]
        reason = "not_employed_on_named_date"
        yield Check("employed_on_named_date", _held(day, held), bool(held), reason)


def _held(day: date, held: Iterable[Employment]) -> dict[str, Input]:
    return {"day": _day(day), "positions_held": sorted(str(job.employment_id) for job in held)}


def _role(
    terms: PolicyTerms, day: date, held: Iterable[Duty], eligible: Sequence[Duty]
) -> Iterable[Check]:
    if terms.roles is not None:
        inputs: dict[str, Input] = {
            "day": _day(day),
            "roles": sorted({duty.role for duty in held}),
            "eligible": sorted(terms.roles),
        }
        yield Check("role", inputs, bool(eligible), "role_not_eligible")


def _exempt(terms: PolicyTerms, day: date, eligible: Sequence[Duty]) -> Iterable[Check]:
    """One eligible position that is exempt is enough; an unknown one may still turn out to be."""
    if terms.exempt_only:
        known = [duty.exempt for duty in eligible]
        inputs: dict[str, Input] = {"day": _day(day), "exempt": sorted(known, key=str)}
        if True in known:
            yield Check("exempt", inputs, passed=True, reason="not_exempt")
        elif None in known:
            yield Check("exempt", inputs, passed=None, reason="exempt_status_unknown")
        else:
            yield Check("exempt", inputs, passed=False, reason="not_exempt")


def _tier(terms: PolicyTerms, earned: Earned, cents: int | None) -> Iterable[Check]:
    if not isinstance(terms.amount, FlatAmount):
        listed = sorted(entry.tier for entry in terms.amount.tiers)
        inputs: dict[str, Input] = {"tier": earned.tier, "listed": listed}
        yield Check("tier", inputs, cents is not None, "tier_not_listed")
