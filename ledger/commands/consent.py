"""Commands on consents to be found: hers to give, and hers to take back."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates.consent import Consent, ConsentTerms
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import get_person
from ledger.commands.pre_service import must_be_of_age
from ledger.events import AnyConsentEvent
from ledger.values import stream_id
from ledger.vault import Vault


def consent_stream(person_id: UUID, district_id: UUID | None) -> UUID:
    """The stream of what a person lets one district, or any, find."""
    return stream_id("consent-to-be-found", person_id, district_id or "any")


def give_consent_to_be_found(
    ledger: Ledger, vault: Vault, call: Call, *, person_id: UUID, terms: ConsentTerms
) -> Receipt:
    """Let those who look for holders find a person.

    Raises EarnerIsMinorError, ConsentExpiryError, NothingChangesError.
    """

    def decide(read: Reader) -> Sequence[AnyConsentEvent]:
        must_be_of_age(vault, get_person(read, person_id), call.at)
        if terms.district_id is not None:
            read.get(Organization, terms.district_id).must_be_district()
        stream = consent_stream(person_id, terms.district_id)
        known = read.find(Consent, stream) or Consent.none_yet(stream, person_id)
        return known.give(call.act, terms)

    return ledger.run(call, decide)


def withdraw_consent_to_be_found(ledger: Ledger, call: Call, *, consent_id: UUID) -> Receipt:
    """Let nobody find her by it any more."""
    return ledger.run(call, lambda read: read.get(Consent, consent_id).withdraw(call.act))
