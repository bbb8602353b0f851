"""A credit that was earned elsewhere, as the district that saw the documents has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.licensure import check_near
from ledger.errors import InvalidError, RuleError
from ledger.events import AnyCreditEvent
from ledger.events.credit import CreditRecorded, CreditWithdrawn
from ledger.events.equivalency import MICRO_CREDENTIAL
from ledger.values import VaultText, local_date


class EarnedInFutureError(InvalidError):
    """Nothing has been earned on a day that has not come."""

    slug = "earned-in-future"


class EarnedBeforeBegunError(InvalidError):
    """A course cannot be completed before it began."""

    slug = "earned-before-begun"


class AwardsAreNoCreditsError(InvalidError):
    """Micro-credentials are awarded in this ledger, and not recorded as credits."""

    slug = "awards-are-no-credits"


class ExchangedElsewhereError(InvalidError):
    """The award it was exchanged for is not this person's."""

    slug = "exchanged-elsewhere"


class CreditWithdrawnError(RuleError):
    """The credit has been withdrawn."""

    slug = "credit-withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCredit:
    """What was earned, in its own kind."""

    person_id: UUID
    kind: str
    quantity_hundredths: int
    zone: str
    earned_on: date
    category: str | None = None
    course: str | None = None
    begun_on: date | None = None
    approved_on: date | None = None
    exchanged_enrollment_id: UUID | None = None
    documents: VaultText | None = None

    def check(self, at: datetime) -> None:
        check_near(self.earned_on, self.begun_on, self.approved_on)
        if self.kind == MICRO_CREDENTIAL:
            raise AwardsAreNoCreditsError("enroll for it, or import it as what it is")
        if self.earned_on > local_date(at, self.zone):
            raise EarnedInFutureError(f"{self.earned_on} has not come yet")
        if self.begun_on is not None and self.earned_on < self.begun_on:
            raise EarnedBeforeBegunError(
                f"begun on {self.begun_on}, it cannot be completed on {self.earned_on}"
            )


def record(
    stream: UUID, act: Act, *, district_id: UUID, new: NewCredit
) -> Sequence[AnyCreditEvent]:
    """Record a credit whose documents the district has seen."""
    new.check(act.at)
    return [
        CreditRecorded(
            **first_header(stream, act),
            person_id=new.person_id,
            district_id=district_id,
            kind=new.kind,
            quantity_hundredths=new.quantity_hundredths,
            category=new.category,
            course=new.course,
            begun_on=new.begun_on,
            earned_on=new.earned_on,
            zone=new.zone,
            approved_on=new.approved_on,
            exchanged_enrollment_id=new.exchanged_enrollment_id,
            documents=new.documents,
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Credit(Aggregate):
    """One credit of one person."""

    person_id: UUID
    district_id: UUID
    withdrawn: bool = False

    def withdraw(self, act: Act, *, reason: str, effective_on: date) -> Sequence[AnyCreditEvent]:
        """It counts no more from that day on."""
        if self.withdrawn:
            raise CreditWithdrawnError(f"credit {self.id} has been withdrawn")
        return [
            CreditWithdrawn(
                **self.header(act),
                person_id=self.person_id,
                district_id=self.district_id,
                reason=reason,
                effective_on=effective_on,
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyCreditEvent) -> Self:
        match event:
            case CreditRecorded():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    person_id=event.person_id,
                    district_id=event.district_id,
                )
            case CreditWithdrawn():
                assert state is not None, "a credit begins by being recorded"
                return replace(state, version=event.originator_version, withdrawn=True)
            case _:
                assert_never(event)
