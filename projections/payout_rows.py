"""Payouts as rows, and positions as events leave them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from uuid import UUID

import orjson

from ledger.events.employment import (
    EmploymentChanged,
    EmploymentEnded,
    EmploymentReopened,
    EmploymentStarted,
)
from ledger.rules.allocation import Judged, Wanted, wanted
from ledger.rules.employments import Duty, Employment
from ledger.rules.entitlements.findings import RulePolicy
from ledger.rules.incentives import Policy
from projections.payout_rules import Judgment

EmploymentEvent = EmploymentStarted | EmploymentChanged | EmploymentEnded | EmploymentReopened


@dataclass(slots=True)  # not frozen: thousands are made for each batch, at half the cost
class Row:
    """One version of a payout, as it is stored."""

    payout_id: UUID
    from_position: int
    to_position: int | None
    person_id: UUID
    district_id: UUID
    policy_id: UUID
    policy_version: int
    kind: str
    subject_id: UUID
    credential_id: UUID | None
    earned_on: date
    earned_position: int
    award_position: int
    fiscal_year: int
    benefit: str
    verdict: str
    reason: str | None
    terms_cents: int
    amount_cents: int
    budget_cents: int | None
    payable_on: date
    positions: list[int]
    checks: str
    parts: str | None = None  # instalments, of a rule; null: one part on the day
    notice: str | None = None
    # What payroll has closed of it, looked at only where a year's money is limited; and of each
    # instalment from the first on.
    closed_cents: int = 0
    closed_parts: list[int] = field(default_factory=list)

    def take_closed(self, closed_cents: Mapping[int, int]) -> None:
        """Note what closed lines come to by instalment, as far as it is owed."""
        if not closed_cents:
            return
        owed = {1: self.amount_cents}
        if self.parts is not None:
            listed = orjson.loads(self.parts)
            owed = {part["instalment"]: part["amount_cents"] for part in listed}
        self.closed_parts = [
            max(0, min(owed.get(instalment, 0), closed_cents.get(instalment, 0)))
            for instalment in range(1, max(owed, default=0) + 1)
        ]
        self.closed_cents = sum(self.closed_parts)

    def while_waiting(self) -> Row:
        """The same while a year's money does not reach it: what is closed of it is owed still."""
        late = replace(self, reason="budget_exhausted")
        if not self.closed_cents:
            return replace(late, verdict="pending")
        parts = None if self.parts is None else orjson.loads(self.parts)
        for part in parts or ():
            part["amount_cents"] = self.closed_parts[part["instalment"] - 1]
        told = None if parts is None else orjson.dumps(parts).decode()
        return replace(late, amount_cents=self.closed_cents, parts=told)

    @property
    def wanted(self) -> list[Wanted]:
        """What it asks of a year's money."""
        place = (self.earned_position, self.award_position)
        return wanted(
            place, self.payout_id, self.amount_cents, self.closed_cents, self.budget_cents
        )


def employment_after(job: Employment | None, event: EmploymentEvent, position: int) -> Employment:
    if isinstance(event, EmploymentStarted):
        return Employment(
            employment_id=event.originator_id,
            district_id=event.district_id,
            first_day=event.first_day,
            last_day=event.last_day,
            duties=(_duty(event, event.first_day),),
            positions=(position,),
        )
    assert job is not None, "a position changed before it was taken up"
    match event:
        case EmploymentChanged():
            return job.changed(_duty(event, event.effective_on), position)
        case EmploymentEnded():
            return job.ended(event.last_day, position)
        case EmploymentReopened():
            return job.ended(None, position)


def _duty(event: EmploymentStarted | EmploymentChanged, from_day: date) -> Duty:
    return Duty(from_day, event.role, event.exempt, event.school_id, event.fte_thousandths)


def rule_row(person_id: UUID, policy: RulePolicy, judged: Judgment, position: int) -> Row:
    finding, rule = judged.finding, judged.rule
    occasion = finding.occasion
    first_come = rule.pool is not None and rule.pool.order == "first_come"
    return Row(
        payout_id=finding.entitlement_id,
        from_position=position,
        to_position=None,
        person_id=person_id,
        district_id=policy.district_id,
        policy_id=policy.policy_id,
        policy_version=finding.policy_version,
        kind=occasion.kind,
        subject_id=occasion.subject_id,
        credential_id=occasion.credential_id,
        earned_on=occasion.days.earned,
        earned_position=occasion.place[0],
        award_position=occasion.place[1],
        fiscal_year=finding.fiscal_year,
        benefit=rule.benefit,
        verdict=judged.verdict,
        reason=judged.reason,
        terms_cents=finding.terms_cents,
        amount_cents=finding.amount_cents,
        budget_cents=rule.pool.budget_cents if rule.pool and first_come else None,
        payable_on=finding.payable_on,
        positions=judged.positions,
        checks=orjson.dumps(finding.checks).decode(),
        parts=orjson.dumps(judged.parts).decode(),
        notice=judged.notice,
    )


def row_of(payout_id: UUID, person_id: UUID, policy: Policy, judged: Judged, position: int) -> Row:
    earned, version, claim = judged
    return Row(
        payout_id=payout_id,
        from_position=position,
        to_position=None,
        person_id=person_id,
        district_id=policy.district_id,
        policy_id=policy.policy_id,
        policy_version=version.policy_version,
        kind=earned.kind,
        subject_id=earned.subject_id,
        credential_id=earned.credential_id,
        earned_on=earned.day,
        earned_position=earned.place[0],
        award_position=earned.place[1],
        fiscal_year=claim.fiscal_year,
        benefit=version.terms.benefit,
        verdict=claim.verdict,
        reason=claim.reason,
        terms_cents=claim.terms_cents,
        amount_cents=claim.amount_cents,
        budget_cents=version.terms.budget_cents_per_year,
        payable_on=claim.payable_on,
        positions=claim.positions,
        checks=orjson.dumps(claim.checks).decode(),
    )
