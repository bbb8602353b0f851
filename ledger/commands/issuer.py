"""Commands on issuers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from ledger.aggregates import issuer as issuers
from ledger.aggregates.issuer import Issuer
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyIssuerEvent
from ledger.events.issuer import IssuerTerms
from ledger.values import stream_id


def register_issuer(
    ledger: Ledger, call: Call, *, name: str, zone: str, terms: IssuerTerms
) -> Receipt:
    """Begin an issuer, whose id follows from the command's."""
    stream = stream_id("issuer", call.command_id)

    def decide(_read: Reader) -> Sequence[AnyIssuerEvent]:
        return issuers.register(stream, call.act, name=name, zone=zone, terms=terms)

    return ledger.run(call, decide)


def change_issuer_terms(
    ledger: Ledger, call: Call, *, issuer_id: UUID, terms: IssuerTerms
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyIssuerEvent]:
        return read.get(Issuer, issuer_id).change_terms(call.act, terms=terms)

    return ledger.run(call, decide)


def set_issuer_holidays(
    ledger: Ledger, call: Call, *, issuer_id: UUID, year: int, holidays: Iterable[date]
) -> Receipt:
    days = tuple(holidays)

    def decide(read: Reader) -> Sequence[AnyIssuerEvent]:
        return read.get(Issuer, issuer_id).set_holidays(call.act, year=year, holidays=days)

    return ledger.run(call, decide)


def record_issuer_vetting(
    ledger: Ledger,
    call: Call,
    *,
    issuer_id: UUID,
    standard: str,
    components_met: int,
    components_total: int,
    valid_until: date | None = None,
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyIssuerEvent]:
        return read.get(Issuer, issuer_id).record_vetting(
            call.act,
            standard=standard,
            components_met=components_met,
            components_total=components_total,
            valid_until=valid_until,
        )

    return ledger.run(call, decide)


def suspend_issuer(ledger: Ledger, call: Call, *, issuer_id: UUID, reason: str) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyIssuerEvent]:
        return read.get(Issuer, issuer_id).suspend(call.act, reason=reason)

    return ledger.run(call, decide)


def lift_issuer_suspension(ledger: Ledger, call: Call, *, issuer_id: UUID) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyIssuerEvent]:
        return read.get(Issuer, issuer_id).lift_suspension(call.act)

    return ledger.run(call, decide)
