"""Licenses and credits as districts record them, and what they ruled on achievements."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from fastapi import Response

from api.access_keeping import must_keep
from api.answers import recorded
from api.routing import Router
from api.writing import Write, WriteNow
from ledger.aggregates.credit import Credit
from ledger.aggregates.licensure import License, NewRuling, Validity
from ledger.commands import credit as credits_
from ledger.commands import licensure
from ledger.values import Count, Day, Jurisdiction, Positive, ShortText, Slug, Value

router = Router("licenses")


class Span(Value):
    """From when to when a license is valid; both ends are included."""

    issued_on: Day
    valid_from: Day | None = None  # null: the day it was issued
    valid_to: Day | None = None  # null: the license does not say

    @property
    def validity(self) -> Validity:
        return Validity(
            issued_on=self.issued_on,
            valid_from=self.valid_from or self.issued_on,
            valid_to=self.valid_to,
        )


class NewLicense(Span):
    """A license as it is put on file. Its number goes into the vault."""

    person_id: UUID
    jurisdiction: Jurisdiction
    license_type: Slug
    role: Slug
    traits: tuple[Slug, ...] = ()
    number: ShortText | None = None


class LicenseChange(Value):
    """What she is to the rules from a day on."""

    role: Slug
    traits: tuple[Slug, ...] = ()
    effective_on: Day


class Closing(Value):
    """From which day on the license is no more, and why."""

    reason: Slug
    effective_on: Day


class RulingBody(Value):
    """What the district says of one award or credit."""

    of: Literal["award", "credit"]
    achievement_id: UUID
    outcome: Literal["accepted", "declined"]
    reason: Slug
    units_hundredths: Count | None = None  # null: what the rules say
    category: Slug | None = None  # null: what the rules say


class NewCredit(Value):
    """What was earned elsewhere, in its own kind. The documents' reference goes into the vault."""

    person_id: UUID
    kind: Slug
    quantity_hundredths: Positive
    earned_on: Day
    category: Slug | None = None
    course: Slug | None = None
    begun_on: Day | None = None
    approved_on: Day | None = None
    exchanged_enrollment_id: UUID | None = None
    documents: ShortText | None = None


class CreditEnd(Value):
    """From which day on the credit counts no more, and why."""

    reason: Slug
    effective_on: Day


@router.write("/districts/{district_id}/licenses")
def record_license(district_id: UUID, body: NewLicense, write: WriteNow) -> Response:
    """Put a license of somebody who works for the district on file."""
    must_keep(write, district_id, body.person_id)
    call = write.call(body)
    return recorded(
        licensure.record_license(
            write.edge.ledger,
            call,
            district_id=district_id,
            person_id=body.person_id,
            jurisdiction=body.jurisdiction,
            license_type=body.license_type,
            role=body.role,
            traits=body.traits,
            validity=body.validity,
            number=write.keep(body.person_id, "license-number", body.number),
        )
    )


@router.write("/districts/{district_id}/licenses/{license_id}/changes")
def change_license(
    district_id: UUID, license_id: UUID, body: LicenseChange, write: WriteNow
) -> Response:
    """Change role or traits from a day on; the district keeps the documents from now on."""
    _must_keep_license(write, district_id, license_id)
    known = {"district_id": district_id, "license_id": license_id}
    return recorded(write.run(licensure.change_license, body, **known))


@router.write("/districts/{district_id}/licenses/{license_id}/renewals")
def renew_license(district_id: UUID, license_id: UUID, body: Span, write: WriteNow) -> Response:
    """Record that the authority renewed it: the next cycle begins."""
    _must_keep_license(write, district_id, license_id)
    return recorded(
        licensure.renew_license(
            write.edge.ledger,
            write.call(body),
            district_id=district_id,
            license_id=license_id,
            validity=body.validity,
        )
    )


@router.write("/districts/{district_id}/licenses/{license_id}/closings")
def close_license(district_id: UUID, license_id: UUID, body: Closing, write: WriteNow) -> Response:
    """Close a license: surrendered, revoked by the state, or recorded in error."""
    _must_keep_license(write, district_id, license_id)
    known = {"district_id": district_id, "license_id": license_id}
    return recorded(write.run(licensure.close_license, body, **known))


@router.write("/districts/{district_id}/licenses/{license_id}/rulings")
def rule_on_achievement(
    district_id: UUID, license_id: UUID, body: RulingBody, write: WriteNow
) -> Response:
    """Accept an award or a credit, whole or in part, or decline it, with the reason."""
    _must_keep_license(write, district_id, license_id)
    return recorded(
        licensure.rule_on_achievement(
            write.edge.ledger,
            write.call(body),
            district_id=district_id,
            license_id=license_id,
            achievement_id=body.achievement_id,
            of=body.of,
            ruling=NewRuling(
                outcome=body.outcome,
                reason=body.reason,
                units_hundredths=body.units_hundredths,
                category=body.category,
            ),
        )
    )


@router.write("/districts/{district_id}/credits")
def record_credit(district_id: UUID, body: NewCredit, write: WriteNow) -> Response:
    """Record what somebody earned elsewhere and showed the documents of."""
    must_keep(write, district_id, body.person_id)
    asked = dict(body) | {"documents": write.keep(body.person_id, "documents", body.documents)}
    call = write.call(body)
    return recorded(
        credits_.record_credit(write.edge.ledger, call, district_id=district_id, **asked)
    )


@router.write("/credits/{credit_id}/withdrawals")
def withdraw_credit(credit_id: UUID, body: CreditEnd, write: WriteNow) -> Response:
    """Take a credit back that was recorded in error, or that its provider took back."""
    credit = write.edge.ledger.get(Credit, credit_id)
    must_keep(write, credit.district_id, write.caller.meant(credit.person_id))
    return recorded(write.run(credits_.withdraw_credit, body, credit_id=credit_id))


def _must_keep_license(write: Write, district_id: UUID, license_id: UUID) -> None:
    held = write.edge.ledger.find(License, license_id)
    must_keep(write, district_id, write.caller.meant(held.person_id) if held else None)
