"""Issuers: registered, vetted and suspended by operators; their terms are their approvers'."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_act_for_issuer, must_operate
from api.answers import recorded
from api.routing import Router
from api.writing import WriteNow
from ledger.commands import issuer as issuers
from ledger.events.issuer import IssuerTerms
from ledger.values import Count, Day, Positive, ShortText, Slug, Value, ZoneName

router = Router("issuers")


class NewIssuer(Value):
    """An organization that asks to issue micro-credentials."""

    name: ShortText
    zone: ZoneName
    terms: IssuerTerms = IssuerTerms()


class NewTerms(Value):
    """The terms for what is submitted from now on."""

    terms: IssuerTerms


class Holidays(Value):
    """The days of one year on which the issuer does not work."""

    year: Positive
    holidays: tuple[Day, ...]


class Vetting(Value):
    """What a vetting body found."""

    standard: ShortText
    components_met: Count
    components_total: Positive
    valid_until: Day | None = None


class Suspension(Value):
    """Why an issuer takes no more enrollments."""

    reason: Slug


@router.write("/issuers")
def register_issuer(body: NewIssuer, write: WriteNow) -> Response:
    """Register an issuer. It publishes nothing until it is vetted."""
    must_operate(write.caller)
    return recorded(write.run(issuers.register_issuer, body))


@router.write("/issuers/{issuer_id}/terms")
def change_issuer_terms(issuer_id: UUID, body: NewTerms, write: WriteNow) -> Response:
    """Change the limits and windows of an issuer's reviews."""
    must_act_for_issuer(write.caller, issuer_id)
    return recorded(write.run(issuers.change_issuer_terms, body, issuer_id=issuer_id))


@router.write("/issuers/{issuer_id}/holidays")
def set_issuer_holidays(issuer_id: UUID, body: Holidays, write: WriteNow) -> Response:
    """Replace the holidays of one year; due dates follow."""
    must_act_for_issuer(write.caller, issuer_id)
    return recorded(write.run(issuers.set_issuer_holidays, body, issuer_id=issuer_id))


@router.write("/issuers/{issuer_id}/vettings")
def record_issuer_vetting(issuer_id: UUID, body: Vetting, write: WriteNow) -> Response:
    """Record what a vetting body found; all components met is an approval."""
    must_operate(write.caller)
    return recorded(write.run(issuers.record_issuer_vetting, body, issuer_id=issuer_id))


@router.write("/issuers/{issuer_id}/suspensions")
def suspend_issuer(issuer_id: UUID, body: Suspension, write: WriteNow) -> Response:
    """Let an issuer take no new enrollments; what was awarded stands."""
    must_operate(write.caller)
    return recorded(write.run(issuers.suspend_issuer, body, issuer_id=issuer_id))


@router.write("/issuers/{issuer_id}/suspension-lifts")
def lift_issuer_suspension(issuer_id: UUID, write: WriteNow) -> Response:
    """Let an issuer take enrollments again."""
    must_operate(write.caller)
    return recorded(write.run(issuers.lift_issuer_suspension, issuer_id=issuer_id))
