"""A person, as far as the log knows one: an id, what the vault holds of her, who numbers her."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import NothingChangesError, RuleError
from ledger.events import AnyPersonEvent
from ledger.events.person import (
    GuardianConsentGiven,
    GuardianConsentKind,
    GuardianConsentWithdrawn,
    IdentityLinked,
    PersonDetailsRecorded,
    PersonRegistered,
    PreServiceRecorded,
)
from ledger.values import VaultText, local_date


class NotPreServiceError(RuleError):
    """Guardians consent for those who earn before anybody employs them; nobody said that of her."""

    slug = "not-pre-service"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreService:
    """Who vouches for an earner whom nobody employs, and where the vault has until when.

    A day of majority that the vault has under no id was over when she was recorded.
    """

    district_id: UUID
    program: str
    zone: str
    minor_until: VaultText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianConsent:
    """What a guardian agreed to, as the district has it on file."""

    district_id: UUID
    form: str
    guardian: VaultText | None
    given_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardianWithdrawal:
    """What a guardian agrees to no more, until one agrees again."""

    district_id: UUID
    reason: str
    at: datetime


def is_minor(pre_service: PreService | None, minor_until: date | None, at: datetime) -> bool:
    """Whether somebody is a minor at an instant, by the day where she was recorded.

    Args:
        pre_service: What is recorded of her; of others nobody asks.
        minor_until: The day that the vault has. Where it is not known she counts as a minor.
        at: When.
    """
    if pre_service is None or pre_service.minor_until is None:
        return False
    return minor_until is None or local_date(at, pre_service.zone) < minor_until


def register(person_id: UUID, act: Act) -> Sequence[AnyPersonEvent]:
    """Begin a person under an id that the vault drew at random."""
    return [PersonRegistered(**first_header(person_id, act))]


@dataclass(frozen=True, kw_only=True)
class Person(Aggregate):
    """One person."""

    details: Mapping[UUID, VaultText] = field(default_factory=dict)  # by district
    identity_hmacs: frozenset[str] = frozenset()
    pre_service: PreService | None = None
    guardian_consents: Mapping[GuardianConsentKind, GuardianConsent] = field(default_factory=dict)
    guardian_withdrawals: Mapping[GuardianConsentKind, GuardianWithdrawal] = field(
        default_factory=dict
    )

    def record_details(
        self, act: Act, *, district_id: UUID, details: VaultText
    ) -> Sequence[AnyPersonEvent]:
        """What the district knows her by from now on."""
        if self.details.get(district_id) == details:
            raise NothingChangesError("these are the details on record already")
        return [PersonDetailsRecorded(**self.header(act), district_id=district_id, details=details)]

    def link_identity(
        self, act: Act, *, source: str, district_id: UUID, identity_hmac: str
    ) -> Sequence[AnyPersonEvent]:
        """A number that `source` gives her in this district leads to her from now on."""
        if identity_hmac in self.identity_hmacs:
            raise NothingChangesError("this number leads to this person already")
        return [
            IdentityLinked(
                **self.header(act),
                source=source,
                district_id=district_id,
                identity_hmac=identity_hmac,
            )
        ]

    def record_pre_service(self, act: Act, known: PreService) -> Sequence[AnyPersonEvent]:
        """She earns before anybody employs her; said again it corrects the day or the program."""
        if self.pre_service == known:
            raise NothingChangesError("this is on record already")
        return [
            PreServiceRecorded(
                **self.header(act),
                district_id=known.district_id,
                program=known.program,
                zone=known.zone,
                minor_until=known.minor_until,
            )
        ]

    def give_guardian_consent(
        self,
        act: Act,
        *,
        district_id: UUID,
        consent: GuardianConsentKind,
        form: str,
        guardian: VaultText | None,
    ) -> Sequence[AnyPersonEvent]:
        """A guardian agrees; the district has it on file."""
        if self.pre_service is None:
            raise NotPreServiceError("record first that she is in a program before service")
        if consent in self.guardian_consents:
            raise NothingChangesError(f"consent to {consent} is on record already")
        return [
            GuardianConsentGiven(
                **self.header(act),
                district_id=district_id,
                consent=consent,
                form=form,
                guardian=guardian,
            )
        ]

    def withdraw_guardian_consent(
        self, act: Act, *, district_id: UUID, consent: GuardianConsentKind, reason: str
    ) -> Sequence[AnyPersonEvent]:
        """The guardian takes it back."""
        if consent not in self.guardian_consents:
            raise NothingChangesError(f"no consent to {consent} is on record")
        header = self.header(act)
        return [
            GuardianConsentWithdrawn(
                **header, district_id=district_id, consent=consent, reason=reason
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyPersonEvent) -> Self:
        if state is None:
            assert isinstance(event, PersonRegistered), "a person begins by being registered"
            return cls(id=event.originator_id, version=event.originator_version)
        state = state.at_version(event.originator_version)
        match event:
            case PersonRegistered():
                raise AssertionError("a person is registered once")
            case PersonDetailsRecorded(district_id=district_id, details=details):
                return replace(state, details={**state.details, district_id: details})
            case IdentityLinked(identity_hmac=identity_hmac):
                return replace(state, identity_hmacs=state.identity_hmacs | {identity_hmac})
            case PreServiceRecorded():
                return replace(state, pre_service=_pre_service(event))
            case GuardianConsentGiven(consent=consent):
                given = {**state.guardian_consents, consent: _guardian_consent(event)}
                ended = {**state.guardian_withdrawals}
                ended.pop(consent, None)
                return replace(state, guardian_consents=given, guardian_withdrawals=ended)
            case GuardianConsentWithdrawn(consent=consent):
                given = {**state.guardian_consents}
                del given[consent]
                ended = {**state.guardian_withdrawals, consent: _guardian_withdrawal(event)}
                return replace(state, guardian_consents=given, guardian_withdrawals=ended)
            case _:
                assert_never(event)


def _pre_service(event: PreServiceRecorded) -> PreService:
    return PreService(
        district_id=event.district_id,
        program=event.program,
        zone=event.zone,
        minor_until=event.minor_until,
    )


def _guardian_consent(event: GuardianConsentGiven) -> GuardianConsent:
    return GuardianConsent(
        district_id=event.district_id,
        form=event.form,
        guardian=event.guardian,
        given_at=event.occurred_at,
    )


def _guardian_withdrawal(event: GuardianConsentWithdrawn) -> GuardianWithdrawal:
    return GuardianWithdrawal(
        district_id=event.district_id, reason=event.reason, at=event.occurred_at
    )
