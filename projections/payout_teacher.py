"""What the fold of payouts knows about one person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ledger.events.opening import OpeningPayment
from ledger.rules.completions import Award, Era, completion
from ledger.rules.duplicates import duplicates
from ledger.rules.employments import Employment
from ledger.rules.entitlements.findings import entitlement_id
from ledger.rules.entitlements.gather import Recorded
from ledger.rules.incentives import Earned, Policy, award_earned, stack_earned
from projections.payout_rows import Row


@dataclass(slots=True)
class Teacher:
    """Everything about one person that money may rest on, and what it has come to so far."""

    person_id: UUID
    awards: dict[UUID, Award] = field(default_factory=dict)
    employments: dict[UUID, Employment] = field(default_factory=dict)
    rows: dict[UUID, Row] = field(default_factory=dict)  # the versions that are true now
    recorded: dict[tuple[UUID, int], tuple[UUID, Recorded]] = field(default_factory=dict)
    # Payouts that keep the id they had under a record that was merged into hers, by policy and
    # subject: payroll knows them by it, and would pay them again under another.
    ids: dict[tuple[UUID, UUID], UUID] = field(default_factory=dict)

    @property
    def merged(self) -> bool:
        """Whether some of her awards came with another record of hers."""
        return any(award.origin_id for award in self.awards.values())

    def payout_id(self, policy_id: UUID, subject_id: UUID) -> UUID:
        """By which id it is known what a policy owes her for something."""
        known = self.ids.get((policy_id, subject_id)) if self.ids else None
        return known or entitlement_id(policy_id, self.person_id, subject_id)

    def earned(
        self, policy: Policy, stacks: Mapping[UUID, tuple[Era, ...]], only: Award | None
    ) -> Iterator[Earned]:
        """What she earned that a policy may pay for, or what one award alone is to it."""
        # An award that is looked at alone is of her only record, and so has no duplicate.
        counted_instead = duplicates(self.awards.values()) if only is None else {}
        for award in self.awards.values() if only is None else [only]:
            yield award_earned(award, counted_instead.get(award.enrollment_id))
        for stack_id in policy.stack_ids:
            eras = stacks.get(stack_id, ())
            if only is not None and not any(only.credential_id in era.credentials for era in eras):
                continue  # her place in this stack has not moved
            if done := completion(eras, self.awards.values()):
                yield stack_earned(stack_id, done)

    def employed_in(self, district_id: UUID) -> list[Employment]:
        """Her positions in a district, held now or ever."""
        return [job for job in self.employments.values() if job.district_id == district_id]

    def recorded_in(self, district_id: UUID) -> list[Recorded]:
        """What a district has on file about her, in log order."""
        found = [one for district, one in self.recorded.values() if district == district_id]
        return sorted(found, key=lambda one: one.position)

    def paid_before(self, policy_id: UUID) -> dict[int, int]:
        """What an earlier system paid her under a policy in each fiscal year."""
        paid: dict[int, int] = {}
        for _, one in self.recorded.values():
            if isinstance(one.fact, OpeningPayment) and one.fact.policy_id == policy_id:
                year = one.fact.fiscal_year
                paid[year] = paid.get(year, 0) + one.fact.amount_cents
        return paid

    def used_cents(self, policy_id: UUID) -> dict[int, int]:
        """What she is owed under a policy in each fiscal year, as far as her cap is concerned."""
        used = self.paid_before(policy_id)
        for row in self.rows.values():
            if row.policy_id == policy_id and row.verdict == "due":
                used[row.fiscal_year] = used.get(row.fiscal_year, 0) + row.amount_cents
        return used
