"""Commands on the issuers that a district trusts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from ledger.aggregates import issuer_trust as trusts
from ledger.aggregates.issuer_trust import IssuerNotTrustedError, IssuerTrust, Trust
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyIssuerTrustEvent
from ledger.values import stream_id


def issuer_trust_stream(district_id: UUID, issuer_id: str) -> UUID:
    """The stream of what a district thinks of an issuer."""
    return stream_id("issuer-trust", district_id, issuer_id)


def trust_issuer(
    ledger: Ledger, call: Call, *, district_id: UUID, issuer_id: str, granted: Trust
) -> Receipt:
    """Believe an issuer's records from a day on, and let its hosts be asked."""
    stream = issuer_trust_stream(district_id, issuer_id)

    def decide(read: Reader) -> Sequence[AnyIssuerTrustEvent]:
        read.get(Organization, district_id).must_be_district()
        known = read.find(IssuerTrust, stream)
        if known is not None:
            return known.trust(call.act, granted)
        return trusts.trust(
            stream, call.act, district_id=district_id, issuer_id=issuer_id, granted=granted
        )

    return ledger.run(call, decide)


def withdraw_issuer_trust(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    issuer_id: str,
    reason: str,
    effective_on: date,
) -> Receipt:
    """Believe an issuer no more. What was accepted stays for the district to look at."""
    stream = issuer_trust_stream(district_id, issuer_id)

    def decide(read: Reader) -> Sequence[AnyIssuerTrustEvent]:
        known = read.find(IssuerTrust, stream)
        if known is None:
            raise IssuerNotTrustedError(f"{issuer_id} is not trusted")
        return known.withdraw(call.act, reason=reason, effective_on=effective_on)

    return ledger.run(call, decide)
