"""Commands on persons. What is personal goes into the vault first, the event points at it."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import person as persons
from ledger.aggregates.person import Person
from ledger.aggregates.retention import Retention, Subject
from ledger.application import Call, Decide, Ledger, Reader, Receipt
from ledger.events import AnyPersonEvent
from ledger.keyring import PersonErasedError
from ledger.vault import DetailsPointer, PersonDetails, Vault


def register_person(
    ledger: Ledger,
    vault: Vault,
    call: Call,
    *,
    district_id: UUID,
    details: PersonDetails | None = None,
) -> Receipt:
    """Begin a person of a district under a random id, which a resend gets again."""

    def decide(_read: Reader) -> Sequence[AnyPersonEvent]:
        person_id = vault.person_for_command(call.command_id)
        registered = persons.register(person_id, call.act)
        person = Person.fold(None, registered)
        if person is None or details is None:
            return registered
        stored = vault.put_details(person_id, district_id, details)
        recorded = person.record_details(call.act, district_id=district_id, details=stored)
        return [*registered, *recorded]

    return _run(ledger, vault, call, decide, district_id)


def record_person_details(
    ledger: Ledger,
    vault: Vault,
    call: Call,
    *,
    person_id: UUID,
    district_id: UUID,
    details: PersonDetails,
) -> Receipt:
    """Let a person be called otherwise in a district from now on."""

    def decide(read: Reader) -> Sequence[AnyPersonEvent]:
        person = get_person(read, person_id)
        stored = vault.put_details(person_id, district_id, details)
        return person.record_details(call.act, district_id=district_id, details=stored)

    return _run(ledger, vault, call, decide, district_id)


def link_identity(
    ledger: Ledger,
    vault: Vault,
    call: Call,
    *,
    person_id: UUID,
    source: str,
    district_id: UUID,
    source_id: str,
) -> Receipt:
    """Let a number that a source system gives her lead to this person."""

    def decide(read: Reader) -> Sequence[AnyPersonEvent]:
        person = get_person(read, person_id)
        return person.link_identity(
            call.act,
            source=source,
            district_id=district_id,
            identity_hmac=vault.link_identity(person_id, source, district_id, source_id),
        )

    return ledger.run(call, decide)


def get_person(read: Reader, person_id: UUID) -> Person:
    """A person about whom something may still be recorded.

    Raises:
        PersonErasedError: her keys are destroyed, or about to be.
    """
    person = read.get(Person, person_id)
    retention = read.find(Retention, Subject(person_id).stream)
    if retention is not None and retention.destroying:
        raise PersonErasedError(f"person {person_id} was erased")
    return person


def details_pointer(person: Person, district_id: UUID) -> DetailsPointer | None:
    """Where the vault has the details that the log holds for the newest of a district."""
    details = person.details.get(district_id)
    if details is None:
        return None
    return DetailsPointer(person.id, district_id, details.text_id, person.version)


def _run(ledger: Ledger, vault: Vault, call: Call, decide: Decide, district_id: UUID) -> Receipt:
    """Decide and append, and then turn the vault's hand to what the log now says.

    If that last step is lost, the caller has no answer, sends again, and it is made up for.
    """
    receipt = ledger.run(call, decide)
    pointer = details_pointer(ledger.get(Person, receipt.stream), district_id)
    if pointer is not None:
        vault.point_details([pointer])
    return receipt
