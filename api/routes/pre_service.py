"""Earners whom nobody employs yet: students and candidates, some of them minors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, get_args
from uuid import UUID

from fastapi import Response
from pydantic import Field

from api.access_shares import must_see_pre_service, must_vouch_for
from api.answers import answer, recorded
from api.disclosures import shows
from api.reading import ReadNow
from api.routing import Router
from api.words import words_about
from api.writing import Write, WriteNow
from ledger.aggregates.enrollment_submission import has_come_somewhere
from ledger.aggregates.person import Person
from ledger.commands import pre_service as commands
from ledger.commands.pre_service import (
    AGE_OF_MAJORITY_YEARS,
    GUARDIAN,
    BirthDateMissingError,
    MinorUntilError,
)
from ledger.errors import NotFoundError
from ledger.events.person import GuardianConsentKind
from ledger.values import Day, ShortText, Slug, Value

router = Router("pre-service")


class NewPreService(Value):
    """In which program she earns, and until when she is a minor, if she is one.

    Of a birth date the day of majority alone is kept, in the vault.
    """

    program: Slug  # e.g. educators-rising
    birth_date: Day | None = None
    age_of_majority_years: Annotated[int, Field(strict=True, ge=18, le=21)] | None = None  # 18
    minor_until: Day | None = None  # the first day on which she is none


class NewGuardianConsent(Value):
    """What a guardian agreed to. By whom it was stays in the vault."""

    consent: GuardianConsentKind
    form: Slug  # how it was given, e.g. signed-form
    guardian: ShortText | None = None


class GuardianConsentEnd(Value):
    """What a guardian agrees to no more, and why, as a code."""

    consent: GuardianConsentKind
    reason: Slug


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentOnFile:
    """One consent of a guardian that stands."""

    consent: GuardianConsentKind
    district_id: UUID
    form: str
    guardian: str | None  # null: not said, or erased
    given_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PreServiceView:
    """An earner before service, as it is recorded now."""

    person_id: UUID
    version: int
    district_id: UUID  # that vouches for her
    program: str
    zone: str
    minor: bool
    minor_until: date | None  # null: she was of age when she was recorded
    consents: list[ConsentOnFile]
    refused: list[GuardianConsentKind]  # what she cannot do until a guardian agrees


@router.write("/districts/{district_id}/people/{person_id}/pre-service")
def record_pre_service(
    district_id: UUID, person_id: UUID, body: NewPreService, write: WriteNow
) -> Response:
    """Say that somebody you registered earns before service. Said again it corrects the day."""
    _vouches(write, district_id, person_id)
    receipt = commands.record_pre_service(
        write.edge.ledger,
        write.edge.vault,
        write.call(body),
        person_id=person_id,
        district_id=district_id,
        program=body.program,
        minor_until=_minor_until(body, write),
    )
    return recorded(receipt)


@router.write("/districts/{district_id}/people/{person_id}/guardian-consents")
def give_guardian_consent(
    district_id: UUID, person_id: UUID, body: NewGuardianConsent, write: WriteNow
) -> Response:
    """Record that a guardian agreed: that she takes part, or that others see what she earns."""
    _vouches(write, district_id, person_id)
    known = {"person_id": person_id, "district_id": district_id}
    guardian = write.keep(person_id, GUARDIAN, body.guardian)
    return recorded(write.run(commands.give_guardian_consent, body, guardian=guardian, **known))


@router.write("/districts/{district_id}/people/{person_id}/guardian-consent-withdrawals")
def withdraw_guardian_consent(
    district_id: UUID, person_id: UUID, body: GuardianConsentEnd, write: WriteNow
) -> Response:
    """Record that a guardian took a consent back. What happened meanwhile stands."""
    _vouches(write, district_id, person_id)
    known = {"person_id": person_id, "district_id": district_id}
    return recorded(write.run(commands.withdraw_guardian_consent, body, **known))


@router.read("/people/{person_id}/pre-service", PreServiceView)
def read_pre_service(person_id: UUID, read: ReadNow) -> Response:
    """Whether she is a minor now, what guardians agreed to, and what is refused until they do."""
    person = read.edge.ledger.get(Person, person_id)
    vouches = must_see_pre_service(read.caller, person)
    if person.pre_service is None or read.edge.vault.erased([person_id]):
        raise NotFoundError("nobody recorded this of her")
    if vouches is not None:
        shows(read, "pre-service", [person_id], within=[vouches])
    return answer(_view(read, person))


def _vouches(write: Write, district_id: UUID, person_id: UUID) -> None:
    must_vouch_for(write.caller, district_id, write.edge.ledger.find(Person, person_id))


def _minor_until(body: NewPreService, write: Write) -> date | None:
    if body.birth_date is None:
        if body.age_of_majority_years is not None:
            raise BirthDateMissingError("an age of majority says nothing without a birth date")
        return body.minor_until
    if body.minor_until is not None:
        raise MinorUntilError("give a birth date or the day of majority, not both")
    if not has_come_somewhere(body.birth_date, write.at):
        raise MinorUntilError(f"{body.birth_date} has not come yet")
    years = body.age_of_majority_years or AGE_OF_MAJORITY_YEARS
    return commands.majority_of(body.birth_date, years)


def _view(read: ReadNow, person: Person) -> PreServiceView:
    pre_service, vault = person.pre_service, read.edge.vault
    assert pre_service is not None, "asked before"
    given = person.guardian_consents
    asked = [one.guardian.text_id for one in given.values() if one.guardian]
    words = words_about(read.edge, person.id, asked)
    return PreServiceView(
        person_id=person.id,
        version=person.version,
        district_id=pre_service.district_id,
        program=pre_service.program,
        zone=pre_service.zone,
        minor=commands.counts_as_minor(vault, person, read.at),
        minor_until=commands.majorities_of(vault, [person]).get(person.id),
        consents=[
            ConsentOnFile(
                consent=consent,
                district_id=one.district_id,
                form=one.form,
                guardian=words.get(one.guardian.text_id) if one.guardian else None,
                given_at=one.given_at,
            )
            for consent, one in given.items()
        ],
        refused=[
            one
            for one in get_args(GuardianConsentKind)
            if commands.lacks_consent(vault, person, one, read.at)
        ],
    )
