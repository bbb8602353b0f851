"""What somebody would get for a micro-credential that she has not earned yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.access import EVERYTHING
from api.edge import Edge
from api.renewals import LicenseUnits, brought
from ledger.aggregates.enrollment import enrollment_stream
from ledger.aggregates.issuer import Issuer
from ledger.errors import InvalidError
from ledger.events.enrollment import Awarded
from ledger.rules.calendars import add_months
from ledger.store import EVERYTHING as ALL_ROWS
from ledger.values import POSITION_MAX, local_date
from projections import catalog, quotes, transcript
from projections.catalog_rows import FoundCredential, FoundVersion
from projections.quotes import PolicyQuote
from projections.renewals import Award
from projections.transcript import TitledLine

VIEWS = ("payouts", "renewals", "transcript", "catalog")
LINES_MAX = 1000
YEARS_MAX = 20  # from today; what lies further away no calendar and no policy speaks of
ENDED = ("withdrawn", "revoked")


class CredentialUnpublishedError(InvalidError):
    """No such micro-credential can be earned."""

    slug = "credential-unpublished"


@dataclass(frozen=True, slots=True)
class Quote:
    """What an award on a day would bring, as far as it is known now. It binds nobody."""

    binding: Literal[False]
    person_id: UUID
    credential_id: UUID
    credential_version: int
    enrollment_id: UUID  # under which it would be awarded
    awarded_on: date
    expires_on: date | None
    policies: list[PolicyQuote]
    licenses: list[LicenseUnits]


@dataclass(frozen=True, slots=True)
class Offer:
    """A micro-credential with all its versions, and the zone of its issuer."""

    credential: FoundCredential
    versions: Mapping[int, FoundVersion]
    zone: str


def quote(
    edge: Edge,
    person_id: UUID,
    credential_id: UUID,
    awarded_on: date | None,
    *,
    at: datetime,
    position: int,
) -> Quote:
    """Work out what one more award would bring, after everything up to a position.

    Raises:
        CredentialUnpublishedError: there is no such micro-credential to be earned.
    """
    with edge.reading([ALL_ROWS]) as connection:
        found = offers(edge, connection, [credential_id]).get(credential_id)
        if found is None:
            raise CredentialUnpublishedError(f"no published micro-credential {credential_id}")
        must_be_near("awarded_on", awarded_on, local_date(at, found.zone))
        lines = transcript.of_person(connection, person_id, after=0, limit=LINES_MAX)
        award = imagined(found, lines, person_id, awarded_on=awarded_on, at=at)
        policies = quotes.quote(connection, award, position + 1)
        return Quote(
            binding=False,
            person_id=person_id,
            credential_id=credential_id,
            credential_version=award.credential_version,
            enrollment_id=award.originator_id,
            awarded_on=award.awarded_on,
            expires_on=award.expires_on,
            policies=policies,
            licenses=_licenses(connection, award, position),
        )


def offers(
    edge: Edge, connection: Connection[Any], credential_ids: Sequence[UUID]
) -> dict[UUID, Offer]:
    """Those of some micro-credentials that were ever published."""
    found = catalog.find_credentials(connection, credential_ids)
    issuers = edge.ledger.find_many(Issuer, {one.issuer_id for one in found})
    versions: dict[UUID, dict[int, FoundVersion]] = {}
    for one in catalog.versions_of(connection, *credential_ids):
        versions.setdefault(one.credential_id, {})[one.credential_version] = one
    return {
        one.credential_id: Offer(one, versions[one.credential_id], issuers[one.issuer_id].zone)
        for one in found
        if one.credential_id in versions
    }


def must_be_near(name: str, day: date | None, today: date) -> None:
    """Raises InvalidError for a day of which no calendar and no policy speaks."""
    if day is not None and abs(day.year - today.year) > YEARS_MAX:
        raise InvalidError(f"{name} is within {YEARS_MAX} years of today")


def imagined(
    offer: Offer,
    lines: Sequence[TitledLine],
    person_id: UUID,
    *,
    awarded_on: date | None,
    at: datetime,
) -> Awarded:
    """The award as its issuer would give it: under the version she enrolled in, or the newest.

    `lines` is her transcript.
    """
    versions, credential_id = offer.versions, offer.credential.credential_id
    cycles = [line for line in lines if line.credential_id == credential_id]
    begun = [line for line in cycles if line.awarded_on is None and line.status not in ENDED]
    version = begun[-1].credential_version if begun else max(versions)
    cycle = begun[-1].cycle if begun else max((line.cycle for line in cycles), default=0) + 1
    day = awarded_on or local_date(at, offer.zone)
    months = versions[version].definition["valid_months"]
    return Awarded(
        originator_id=enrollment_stream(person_id, credential_id, cycle),
        originator_version=1,
        occurred_at=at,
        actor_id=person_id,
        person_id=person_id,
        credential_id=credential_id,
        credential_version=version,
        issuer_id=offer.credential.issuer_id,
        attempt=1,
        zone=offer.zone,
        awarded_on=day,
        expires_on=None if months is None else add_months(day, months),
    )


def _licenses(connection: Connection[Any], award: Awarded, position: int) -> list[LicenseUnits]:
    earned = Award(
        award.person_id,
        award.originator_id,
        award.credential_id,
        award.issuer_id,
        award.awarded_on,
        award.expires_on,
        None,
        position + 1,
    )
    return brought(
        connection,
        EVERYTHING,
        award.person_id,
        award.originator_id,
        until=POSITION_MAX,
        day=award.awarded_on,
        imagined=[earned],
    )
