"""Assessors: appointed as founders or qualified by holding the award and being calibrated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.credential import Credential
from ledger.aggregates.enrollment_state import EnrollmentState
from ledger.aggregates.issuer import Issuer
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyAssessorEvent
from ledger.events.assessor import AssessorAppointed, AssessorQualified, AssessorWithdrawn


class NotAnAssessorError(RuleError):
    """This person is no assessor of this micro-credential."""

    slug = "not-an-assessor"


class NotAHolderError(RuleError):
    """An assessor holds the micro-credential herself."""

    slug = "not-a-holder"


class NotCalibratedError(RuleError):
    """The assessor's scores agree too seldom with the true scores."""

    slug = "not-calibrated"


class QualificationExpiredError(RuleError):
    """The assessor's qualification has run out."""

    slug = "qualification-expired"


class QualificationEndedError(InvalidError):
    """The qualification would have ended before it began."""

    slug = "qualification-ended"


def appoint(
    stream: UUID,
    act: Act,
    *,
    before: Assessor | None,
    person_id: UUID,
    credential: Credential,
    reason: str,
) -> Sequence[AnyAssessorEvent]:
    """The issuer vouches for a founding assessor, for whom nobody could have scored before."""
    if before is not None and before.standing == "appointed":
        raise NothingChangesError(f"{person_id} is appointed already")
    return [
        AssessorAppointed(
            **(before.header(act) if before else first_header(stream, act)),
            person_id=person_id,
            credential_id=credential.id,
            issuer_id=credential.issuer_id,
            reason=reason,
        )
    ]


def qualify(
    stream: UUID,
    act: Act,
    *,
    before: Assessor | None,
    award: EnrollmentState,
    issuer: Issuer,
    agreement_percent: int,
    valid_until: date | None,
) -> Sequence[AnyAssessorEvent]:
    """A holder has shown enough agreement with the true scores of a calibration set.

    Source: docs/sources.md#reviews (calibration at 80 % agreement).
    """
    today = issuer.today(act.at)
    if not award.holds(today):
        raise NotAHolderError(f"{award.person_id} does not hold the credential on {today}")
    _must_be_calibrated(agreement_percent, issuer)
    if valid_until is not None and valid_until < today:
        raise QualificationEndedError(f"a qualification until {valid_until} has ended already")
    return [
        AssessorQualified(
            **(before.header(act) if before else first_header(stream, act)),
            person_id=award.person_id,
            credential_id=award.credential_id,
            issuer_id=award.issuer_id,
            enrollment_id=award.id,
            agreement_percent=agreement_percent,
            valid_until=valid_until,
        )
    ]


def _must_be_calibrated(agreement_percent: int, issuer: Issuer) -> None:
    wanted = issuer.terms.calibration_percent
    if agreement_percent < wanted:
        raise NotCalibratedError(
            f"{agreement_percent} % agreement with the true scores is less than {wanted} %"
        )


@dataclass(frozen=True, kw_only=True)
class Assessor(Aggregate):
    """One person's standing as assessor of one micro-credential."""

    person_id: UUID
    credential_id: UUID
    issuer_id: UUID
    standing: Literal["appointed", "qualified", "withdrawn"]
    agreement_percent: int = 0
    valid_until: date | None = None

    def must_be_fit(self, act: Act, *, issuer: Issuer, holds_award: bool) -> None:
        """Raises unless she may be given an attempt now.

        Looked at when she is assigned and not again: what she has scored stands.
        """
        if self.standing == "withdrawn":
            raise NotAnAssessorError(f"{self.person_id} is an assessor no longer")
        if self.standing == "appointed":
            return
        today = issuer.today(act.at)
        if not holds_award:
            raise NotAHolderError(f"{self.person_id} does not hold the credential on {today}")
        if self.valid_until is not None and self.valid_until < today:
            raise QualificationExpiredError(f"the qualification ended on {self.valid_until}")
        _must_be_calibrated(self.agreement_percent, issuer)

    def withdraw(self, act: Act, *, reason: str) -> Sequence[AnyAssessorEvent]:
        if self.standing == "withdrawn":
            raise NotAnAssessorError(f"{self.person_id} is an assessor no longer")
        return [
            AssessorWithdrawn(
                **self.header(act),
                person_id=self.person_id,
                credential_id=self.credential_id,
                issuer_id=self.issuer_id,
                reason=reason,
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyAssessorEvent) -> Self:
        match event:
            case AssessorAppointed():
                return cls._standing(event, "appointed")
            case AssessorQualified(agreement_percent=percent, valid_until=until):
                return cls._standing(event, "qualified", percent, until)
            case AssessorWithdrawn():
                assert state is not None, "nobody is withdrawn who was no assessor"
                return cls._standing(event, "withdrawn")
            case _:
                assert_never(event)

    @classmethod
    def _standing(
        cls,
        event: AnyAssessorEvent,
        standing: Literal["appointed", "qualified", "withdrawn"],
        agreement_percent: int = 0,
        valid_until: date | None = None,
    ) -> Self:
        return cls(
            id=event.originator_id,
            version=event.originator_version,
            person_id=event.person_id,
            credential_id=event.credential_id,
            issuer_id=event.issuer_id,
            standing=standing,
            agreement_percent=agreement_percent,
            valid_until=valid_until,
        )
