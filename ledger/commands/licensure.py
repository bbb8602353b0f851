"""Commands on licenses. A license's number goes into the vault before it comes here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal
from uuid import UUID

from ledger.aggregates import licensure
from ledger.aggregates.credit import Credit
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.licensure import License, NewLicense, NewRuling, Validity
from ledger.aggregates.organization import Organization
from ledger.aggregates.person import Person
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import are_one
from ledger.errors import NotFoundError
from ledger.events import AnyLicenseEvent
from ledger.values import VaultText, stream_id

Achieved = Literal["award", "credit"]


def license_stream(person_id: UUID, jurisdiction: str, license_type: str) -> UUID:
    """The stream of a person's license: she has one of a type in a jurisdiction."""
    return stream_id("license", person_id, jurisdiction, license_type)


def record_license(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    person_id: UUID,
    jurisdiction: str,
    license_type: str,
    role: str,
    traits: tuple[str, ...],
    validity: Validity,
    number: VaultText | None,
) -> Receipt:
    """Put a license on file with a district."""
    stream = license_stream(person_id, jurisdiction, license_type)

    def decide(read: Reader) -> Sequence[AnyLicenseEvent]:
        read.get(Person, person_id)
        district = read.get(Organization, district_id)
        district.must_be_district()
        new = NewLicense(
            person_id=person_id,
            jurisdiction=jurisdiction,
            license_type=license_type,
            role=role,
            traits=traits,
            zone=district.zone,
            validity=validity,
            number=number,
        )
        before = read.find(License, stream)
        return licensure.record(stream, call.act, before, district_id=district_id, new=new)

    return ledger.run(call, decide)


def change_license(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    license_id: UUID,
    role: str,
    traits: tuple[str, ...],
    effective_on: date,
) -> Receipt:
    """Other facts from a day on, or another district that keeps the documents."""

    def decide(read: Reader) -> Sequence[AnyLicenseEvent]:
        return read.get(License, license_id).change(
            call.act, district_id=district_id, role=role, traits=traits, effective_on=effective_on
        )

    return ledger.run(call, decide)


def renew_license(
    ledger: Ledger, call: Call, *, district_id: UUID, license_id: UUID, validity: Validity
) -> Receipt:
    """Record that the authority has renewed it."""

    def decide(read: Reader) -> Sequence[AnyLicenseEvent]:
        return read.get(License, license_id).renew(
            call.act, district_id=district_id, validity=validity
        )

    return ledger.run(call, decide)


def close_license(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    license_id: UUID,
    reason: str,
    effective_on: date,
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyLicenseEvent]:
        return read.get(License, license_id).close(
            call.act, district_id=district_id, reason=reason, effective_on=effective_on
        )

    return ledger.run(call, decide)


def rule_on_achievement(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    license_id: UUID,
    achievement_id: UUID,
    of: Achieved,
    ruling: NewRuling,
) -> Receipt:
    """Accept or decline an award or a credit of the person who holds the license."""

    def decide(read: Reader) -> Sequence[AnyLicenseEvent]:
        held = read.get(License, license_id)
        _must_be_hers(read, held.person_id, of, achievement_id)
        return held.rule(
            call.act, district_id=district_id, achievement_id=achievement_id, ruling=ruling
        )

    return ledger.run(call, decide)


def _must_be_hers(read: Reader, person_id: UUID, of: Achieved, achievement_id: UUID) -> None:
    """Whose it is, is said as if there were nothing when it is somebody else's."""
    if of == "award":
        owner = read.get(Enrollment, achievement_id).person_id
    else:
        owner = read.get(Credit, achievement_id).person_id
    if not are_one(read, owner, person_id):
        kind = "enrollment" if of == "award" else "credit"
        raise NotFoundError(f"there is no {kind} {achievement_id}")
