"""Issuers: who publishes micro-credentials, on what terms, and whether they are vetted."""

from typing import ClassVar, Literal

from ledger.events.base import Event
from ledger.values import (
    Count,
    Day,
    Days,
    Flag,
    Percent,
    Positive,
    ShortText,
    Slug,
    Value,
    ZoneName,
)


class IssuerTerms(Value):
    """The limits and windows of an issuer's reviews, in days of its own calendar."""

    decision_business_days: Days = 14
    assignment_days: Days = 7  # an assignment older than this lapses and is queued again
    appeal_business_days: Days = 15
    attempts_before_coaching: Positive | None = None  # null: resubmission without limit
    calibration_percent: Percent = 80  # agreement with the true scores that an assessor must show
    blinding: Literal["double", "none"] = "double"


class IssuerEvent(Event):
    """Stream: one issuer."""


class IssuerRegistered(IssuerEvent):
    """An organization asks to issue micro-credentials."""

    TOPIC: ClassVar[str] = "issuer.registered.v1"

    name: ShortText
    zone: ZoneName
    terms: IssuerTerms


class IssuerTermsChanged(IssuerEvent):
    """The terms for what is submitted from now on."""

    TOPIC: ClassVar[str] = "issuer.terms-changed.v1"

    terms: IssuerTerms


class IssuerHolidaysSet(IssuerEvent):
    """The days of one year on which the issuer does not work, beside Saturdays and Sundays."""

    TOPIC: ClassVar[str] = "issuer.holidays-set.v1"

    year: Positive
    holidays: tuple[Day, ...]


class IssuerVetted(IssuerEvent):
    """A vetting body looked at every component of its standard; all must be met."""

    TOPIC: ClassVar[str] = "issuer.vetted.v1"

    standard: ShortText
    components_met: Count
    components_total: Positive
    approved: Flag
    valid_until: Day | None


class IssuerSuspended(IssuerEvent):
    """No new enrollments; what was awarded before stands."""

    TOPIC: ClassVar[str] = "issuer.suspended.v1"

    reason: Slug


class IssuerSuspensionLifted(IssuerEvent):
    """The issuer may take enrollments again."""

    TOPIC: ClassVar[str] = "issuer.suspension-lifted.v1"
