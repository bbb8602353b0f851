"""Worlds whose first district has policies written as rules, a calendar, and facts on file."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from ledger.events.calendar import CalendarFactRecorded, DistrictFact, FiscalYearSet
from ledger.events.credit import CreditRecorded, CreditWithdrawn
from ledger.events.dossier import DossierFactRecorded, DossierFactWithdrawn, Fact
from ledger.events.policy import PolicyRuleAdopted
from ledger.events.policy_rule import Rule
from tests.projections.histories import DAYS, DISTRICTS, POLICIES, World
from tests.samples import ZONE, named

HERE = DISTRICTS[0]
JULY = DAYS[3]


class RuledWorld(World):
    """A world whose district also has rules, a calendar and facts on file."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.credits: list[tuple[UUID, UUID]] = []  # person and stream of those that stand

    def adopt_rule(self, rule: Rule, policy: UUID = POLICIES[2]) -> int:
        self.districts_of.setdefault(policy, HERE)
        version = self.versions.get(policy, 0) + 1
        return self.add(
            PolicyRuleAdopted,
            policy,
            district_id=HERE,
            policy_version=version,
            board_reference=f"Minute {version}",
            adopted_on=date(2025, 2, 1),
            rule=rule,
        )

    def file(self, person: UUID, fact: Fact) -> int:
        """Put a fact on file; its version in the stream."""
        stream = named(f"dossier of {person}")
        self.add(DossierFactRecorded, stream, person_id=person, district_id=HERE, fact=fact)
        return self.versions[stream]

    def withdraw(self, person: UUID, version: int) -> int:
        return self.add(
            DossierFactWithdrawn,
            named(f"dossier of {person}"),
            person_id=person,
            district_id=HERE,
            withdrawn_version=version,
        )

    def set(self, fact: DistrictFact) -> int:
        return self.add(CalendarFactRecorded, named("calendar"), district_id=HERE, fact=fact)

    def years(self, *years: int) -> None:
        for year in years:
            first, last = date(year - 1, 7, 1), date(year, 6, 30)
            self.set(FiscalYearSet(fiscal_year=year, first_day=first, last_day=last))

    def credit(self, person: UUID, kind: str, hundredths: int, day: date) -> UUID:
        stream = named(f"credit {len(self.facts)}")
        self.add(
            CreditRecorded,
            stream,
            person_id=person,
            district_id=HERE,
            kind=kind,
            quantity_hundredths=hundredths,
            category=None,
            course=None,
            begun_on=None,
            earned_on=day,
            zone=ZONE,
            approved_on=None,
            exchanged_enrollment_id=None,
            documents=None,
        )
        return stream

    def withdraw_credit(self, person: UUID, stream: UUID) -> int:
        return self.add(
            CreditWithdrawn,
            stream,
            person_id=person,
            district_id=HERE,
            reason="mistake",
            effective_on=JULY,
        )
