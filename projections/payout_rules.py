"""Policies that are written as rules: what they rest on, and the rows that follow from a finding.

A rule is judged whole for a person whenever anything about her changes, for its thresholds, turns
and caps hang together. Policies with plain terms do without all of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

import orjson

from ledger.events.calendar import CalendarFactRecorded, DistrictFact, PoolDrawn
from ledger.events.credit import CreditRecorded, CreditWithdrawn
from ledger.events.dossier import DossierFactRecorded, DossierFactWithdrawn, Fact
from ledger.events.opening import OpeningPayment, OpeningRecorded
from ledger.events.policy import PolicyRuleAdopted
from ledger.events.policy_rule import Rule
from ledger.rules.completions import Award, Completion
from ledger.rules.duplicates import duplicates
from ledger.rules.employments import Employment
from ledger.rules.entitlements.evaluate import evaluate
from ledger.rules.entitlements.facts import Dossier, HeldAward, Separation
from ledger.rules.entitlements.findings import Finding, RulePolicy, RuleVersion, is_pooled
from ledger.rules.entitlements.gather import (
    CreditFact,
    District,
    Recorded,
    credit_fact,
    district_of,
    on_file,
    opening_fact,
    paid_before,
)
from ledger.rules.entitlements.lines import Owed
from ledger.rules.entitlements.pools import mixed_seed
from projections.payout_begun import NOTHING, Begun
from projections.payout_paid import PaidLine, priors

POOL_OPEN = "pool_open"  # the reason of whatever waits for its pool to be closed

# Rules are read for every batch and hardly ever change: each text is parsed once.
rule_from_json = lru_cache(4096)(Rule.model_validate_json)


@dataclass(slots=True)
class Rules:
    """The rules of the districts that a batch touches, and the dated facts of these districts."""

    policies: dict[UUID, RulePolicy] = field(default_factory=dict)
    by_district: dict[UUID, dict[UUID, None]] = field(default_factory=dict)  # ids of policies
    recorded: dict[UUID, list[tuple[int, DistrictFact]]] = field(default_factory=dict)
    districts: dict[UUID, District] = field(default_factory=dict)
    ask_days: bool = False  # whether any asks when something was begun or handed in

    def add(self, policy: RulePolicy) -> None:
        """Put a policy in, or its new state in place of the old."""
        self.policies[policy.policy_id] = policy
        self.by_district.setdefault(policy.district_id, {})[policy.policy_id] = None

    def of(self, district_id: UUID) -> list[RulePolicy]:
        return [self.policies[policy_id] for policy_id in self.by_district.get(district_id, ())]

    def record(self, district_id: UUID, position: int, fact: DistrictFact) -> None:
        """Take in what a district says of its calendar or of a school."""
        self.recorded.setdefault(district_id, []).append((position, fact))
        self.districts.pop(district_id, None)

    def district(self, district_id: UUID) -> District:
        """The calendar and the schools, put together once for each change."""
        found = self.districts.get(district_id)
        if found is None:
            found = district_of(self.recorded.get(district_id, ()))
            self.districts[district_id] = found
        return found


def closing_fact(event: CalendarFactRecorded) -> DistrictFact:
    """The fact, with the seed from which the lots of a pool that was drawn follow."""
    fact = event.fact
    if not isinstance(fact, PoolDrawn):
        return fact
    return fact.model_copy(update={"seed": mixed_seed(fact.seed, event.occurred_at)})


def adopted(
    policy: RulePolicy | None, version: RuleVersion, event: PolicyRuleAdopted
) -> RulePolicy:
    """The policy with one more version."""
    known = policy or RulePolicy(event.originator_id, event.district_id, ())
    return replace(known, versions=(*known.versions, version))


@dataclass(slots=True)
class RecordRow:
    """A fact about a person, as it is stored; what was withdrawn counts no more."""

    stream: UUID
    version: int
    person_id: UUID
    district_id: UUID
    position: int
    fact: Fact | CreditFact | OpeningPayment
    withdrawn_position: int | None = None


def record_after(
    recorded: Mapping[tuple[UUID, int], tuple[UUID, Recorded]],
    event: DossierFactRecorded
    | DossierFactWithdrawn
    | CreditRecorded
    | CreditWithdrawn
    | OpeningRecorded,
    position: int,
) -> RecordRow:
    """What the event makes of the fact it is about; a credit that is withdrawn stands no more."""
    stream, version = event.originator_id, event.originator_version
    fact: Fact | CreditFact | OpeningPayment
    withdrawn = None
    match event:
        case OpeningRecorded():
            fact = opening_fact(event)
        case DossierFactRecorded():
            fact = event.fact
        case CreditRecorded():
            fact = credit_fact(event)
        case DossierFactWithdrawn():
            version, withdrawn = event.withdrawn_version, position
            _, said = recorded[stream, version]
            position, fact = said.position, said.fact
        case CreditWithdrawn():
            _, credit = recorded[stream, 1]
            version, position = 1, credit.position
            fact = credit.fact.model_copy(update={"stands": False})
    about = (event.person_id, event.district_id)
    return RecordRow(stream, version, *about, position, fact, withdrawn)


def dossier_of(
    person_id: UUID,
    district: District,
    district_id: UUID,
    *,
    awards: Iterable[Award],
    jobs: Sequence[Employment],
    recorded: Sequence[Recorded],
    completions: Mapping[UUID, Completion],
    paid: Sequence[PaidLine] = (),
    begun: Mapping[UUID, Begun] = MappingProxyType({}),
) -> Dossier:
    """Everything that a rule of this district may ask about her."""
    filed, held = on_file(recorded), list(awards)
    counted_instead = duplicates(held)
    separations = filed.separations or _ended(jobs)
    return Dossier(
        person_id=person_id,
        district_id=district_id,
        awards=tuple(
            HeldAward(
                award,
                award.issuer_id,
                started_on=begun.get(award.enrollment_id, NOTHING).started_on(award),
                submitted_on=begun.get(award.enrollment_id, NOTHING).submitted_on,
                revoked_on=award.revoked_on,
                duplicate_of=counted_instead.get(award.enrollment_id),
            )
            for award in held
        ),
        completions=completions,
        employments=tuple(jobs),
        activities=filed.activities,
        requests=filed.requests,
        notes=filed.notes,
        statuses=filed.statuses,
        leaves=filed.leaves,
        separations=separations,
        attributes=district.attributes,
        equal=district.equal,
        prior=(*paid_before(recorded), *priors(paid)),
        calendar=district.calendar,
    )


def _ended(jobs: Sequence[Employment]) -> tuple[Separation, ...]:
    """Somebody whose positions have all ended has left, for a reason nobody has recorded."""
    if not jobs or any(job.last_day is None for job in jobs):
        return ()
    last = max(jobs, key=lambda job: job.last_day or date.min)
    return (Separation(last.last_day or date.min, "unknown", last.positions[-1]),)


@dataclass(frozen=True, slots=True)
class Judgment:
    """A finding with the version that made it, as rows want it."""

    finding: Finding
    version: RuleVersion
    parts: list[dict[str, Any]]
    positions: list[int]

    def known_as(self, entitlement_id: UUID) -> Judgment:
        """The same under the id by which payroll knows it."""
        finding = self.finding
        if entitlement_id == finding.entitlement_id:
            return self
        notice = finding.notice and finding.notice._replace(entitlement_id=entitlement_id)
        named = finding._replace(entitlement_id=entitlement_id, notice=notice)
        return replace(self, finding=named)

    @property
    def rule(self) -> Rule:
        return self.version.rule

    @property
    def verdict(self) -> str:
        """Before today: a pool whose lots are not drawn, or that is shared, is held open."""
        if self.finding.verdict == "due" and is_pooled(self.rule):
            return "pending"
        return self.finding.verdict

    @property
    def reason(self) -> str | None:
        held = self.verdict == "pending" and self.finding.verdict == "due"
        return POOL_OPEN if held else self.finding.reason

    @property
    def notice(self) -> str | None:
        """What HR has to know, as JSON."""
        notice = self.finding.notice
        return None if notice is None else orjson.dumps(notice._asdict()).decode()


def judge_rules(policy: RulePolicy, dossier: Dossier) -> list[Judgment]:
    """All that the policy may owe her."""
    versions = {version.policy_version: version for version in policy.versions}
    jobs = [position for job in dossier.employments for position in job.positions]
    retired = [] if policy.retired_position is None else [policy.retired_position]
    judged = []
    for finding in evaluate(policy, dossier).findings:
        version = versions[finding.policy_version]
        about = finding.occasion.about
        noted = [note.position for note in dossier.notes if note.subject_id in about]
        positions = {*finding.occasion.positions, version.position, *retired, *jobs, *noted}
        parts = [_part(owed) for owed in finding.parts]
        judged.append(Judgment(finding, version, parts, sorted(positions)))
    return judged


def _part(owed: Owed) -> dict[str, Any]:
    """One instalment as payroll asks for it: what is owed of it, once she may have left."""
    line = owed.line
    return {
        "instalment": line.instalment,
        "due_on": line.due_on,
        "amount_cents": owed.kept_cents,
        "earned_cents": line.amount_cents,
        "recovery": owed.recovery,
        "fund": line.fund,
        "account": line.account,
        "shares": line.shares,
        "pensionable": line.pensionable,
        "supplemental_wage": line.supplemental_wage,
        "employer_benefits": line.employer_benefits,
    }
