"""What a district has on file about a person: facts are recorded, and withdrawn when wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.licensure import check_near
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyDossierEvent
from ledger.events.dossier import (
    AttendanceRecorded,
    CostRecorded,
    DocumentReceived,
    DossierFactRecorded,
    DossierFactWithdrawn,
    Fact,
    LeaveRecorded,
    PaidTimeUsed,
    PlanGoalTagged,
    PriorApprovalGiven,
    RequestFiled,
    RequirementTagged,
    SeparationRecorded,
    StatusRecorded,
)
from ledger.values import local_date


class FactInFutureError(InvalidError):
    """Nothing has come in, was filed or was given on a day that has not come."""

    slug = "fact-in-future"


class FactSpanReversedError(InvalidError):
    """The span of a fact ends before it begins."""

    slug = "fact-span-reversed"


class FactUnknownError(RuleError):
    """There is no fact to withdraw at this version."""

    slug = "fact-unknown"


def happened_on(fact: Fact) -> date | None:
    """The last day on which it happened; null for what may be known beforehand."""
    match fact:
        case DocumentReceived(received_on=day) | RequestFiled(filed_on=day):
            return day
        case PriorApprovalGiven(approved_on=day) | PlanGoalTagged(tagged_on=day):
            return day
        case CostRecorded(paid_on=day) | PaidTimeUsed(used_on=day):
            return day
        case RequirementTagged(tagged_on=day):
            return day
        case AttendanceRecorded(days=days):
            return max(one.day for one in days)
        case StatusRecorded() | LeaveRecorded() | SeparationRecorded():
            return None
        case _:
            assert_never(fact)


def _must_be_recordable(fact: Fact, today: date) -> None:
    day = happened_on(fact)
    check_near(day)
    if day is not None and day > today:
        raise FactInFutureError(f"{day} has not come yet")
    if isinstance(fact, StatusRecorded | LeaveRecorded):
        last = fact.last_day
        if last is not None and last < fact.first_day:
            raise FactSpanReversedError(f"from {fact.first_day} to {last} is no span of days")


def begin(
    stream: UUID, act: Act, *, person_id: UUID, district_id: UUID, zone: str, fact: Fact
) -> Sequence[AnyDossierEvent]:
    """The first fact that a district has on file about somebody."""
    _must_be_recordable(fact, local_date(act.at, zone))
    return [
        DossierFactRecorded(
            **first_header(stream, act), person_id=person_id, district_id=district_id, fact=fact
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Dossier(Aggregate):
    """Everything on file about one person in one district, by version, without what was wrong."""

    person_id: UUID
    district_id: UUID
    facts: Mapping[int, Fact] = field(default_factory=dict)

    def record(self, act: Act, *, zone: str, fact: Fact) -> Sequence[AnyDossierEvent]:
        _must_be_recordable(fact, local_date(act.at, zone))
        if fact in self.facts.values():
            raise NothingChangesError("this is on file already")
        return [
            DossierFactRecorded(
                **self.header(act),
                person_id=self.person_id,
                district_id=self.district_id,
                fact=fact,
            )
        ]

    def withdraw(self, act: Act, *, withdrawn_version: int) -> Sequence[AnyDossierEvent]:
        """The fact of that version was recorded in error."""
        if withdrawn_version not in self.facts:
            raise FactUnknownError(f"version {withdrawn_version} holds no fact that stands")
        return [
            DossierFactWithdrawn(
                **self.header(act),
                person_id=self.person_id,
                district_id=self.district_id,
                withdrawn_version=withdrawn_version,
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyDossierEvent) -> Self:
        version = event.originator_version
        match event:
            case DossierFactRecorded(fact=fact):
                if state is None:
                    return cls(
                        id=event.originator_id,
                        version=version,
                        person_id=event.person_id,
                        district_id=event.district_id,
                        facts={version: fact},
                    )
                return replace(state, version=version, facts={**state.facts, version: fact})
            case DossierFactWithdrawn(withdrawn_version=wrong):
                assert state is not None, "a dossier begins with a fact"
                facts = {number: fact for number, fact in state.facts.items() if number != wrong}
                return replace(state, version=version, facts=facts)
            case _:
                assert_never(event)
