"""A consent to be found: given to one audience until a day, withdrawn at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate
from ledger.errors import InvalidError, NothingChangesError
from ledger.events import AnyConsentEvent
from ledger.events.consent import ConsentToBeFoundGiven, ConsentToBeFoundWithdrawn
from ledger.values import local_date

DAYS_MAX = 5 * 366


class ConsentExpiryError(InvalidError):
    """A consent to be found ends on a day after today, within five years."""

    slug = "consent-expiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTerms:
    """Who may find her, and until when."""

    district_id: UUID | None  # null: any district of this ledger
    zone: str
    expires_on: date


@dataclass(frozen=True, kw_only=True)
class Consent(Aggregate):
    """One person and one audience; nothing is said before the first event."""

    person_id: UUID
    terms: ConsentTerms | None = None  # null: nobody finds her by it

    @classmethod
    def none_yet(cls, stream: UUID, person_id: UUID) -> Self:
        return cls(id=stream, version=0, person_id=person_id)

    def give(self, act: Act, terms: ConsentTerms) -> Sequence[AnyConsentEvent]:
        """She may be found from now on. Raises ConsentExpiryError, NothingChangesError."""
        today = local_date(act.at, terms.zone)
        if not today < terms.expires_on <= today + timedelta(days=DAYS_MAX):
            raise ConsentExpiryError(f"expires_on has to be after today, within {DAYS_MAX} days")
        if terms == self.terms:
            raise NothingChangesError("this is agreed to already")
        return [
            ConsentToBeFoundGiven(
                **self.header(act),
                person_id=self.person_id,
                audience="district" if terms.district_id else "any_district",
                district_id=terms.district_id,
                zone=terms.zone,
                expires_on=terms.expires_on,
            )
        ]

    def withdraw(self, act: Act) -> Sequence[AnyConsentEvent]:
        """Nobody finds her by it from now on, whether it has expired or not."""
        if self.terms is None:
            raise NothingChangesError("this consent was withdrawn already")
        return [ConsentToBeFoundWithdrawn(**self.header(act), person_id=self.person_id)]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyConsentEvent) -> Self:
        state = state or cls.none_yet(event.originator_id, event.person_id)
        state = state.at_version(event.originator_version)
        match event:
            case ConsentToBeFoundGiven():
                terms = ConsentTerms(
                    district_id=event.district_id, zone=event.zone, expires_on=event.expires_on
                )
                return replace(state, terms=terms)
            case ConsentToBeFoundWithdrawn():
                return replace(state, terms=None)
            case _:
                assert_never(event)
