"""Commands on earners whom nobody employs yet, and what a guardian has to agree to while minor.

The log says that she was recorded as a minor and where the vault has the day on which she is none
any more; so whoever decides looks that day up, and whoever cannot counts her as a minor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from ledger.aggregates.organization import Organization
from ledger.aggregates.person import Person, PreService, is_minor
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import get_person
from ledger.errors import InvalidError, RuleError
from ledger.events import AnyPersonEvent
from ledger.events.person import GuardianConsentKind
from ledger.values import VaultText, local_date
from ledger.vault import Vault

MINOR_UNTIL = "minor-until"  # what the vault calls it
GUARDIAN = "guardian"
AGE_OF_MAJORITY_YEARS = 18  # where a state says nothing else
MINOR_YEARS_MAX = 21


class GuardianConsentMissingError(RuleError):
    """She is a minor, and no guardian's consent to this is on record."""

    slug = "guardian-consent-missing"


class EarnerIsMinorError(RuleError):
    """This is for those who are of age, whatever a guardian agrees to."""

    slug = "earner-is-minor"


class MinorUntilError(InvalidError):
    """A day of majority lies within the next 21 years, and a birth date is no day to come."""

    slug = "minor-until"


def majority_of(birth_date: date, years: int = AGE_OF_MAJORITY_YEARS) -> date:
    """The first day on which somebody is no minor; of a leap day's child the first of March."""
    try:
        return birth_date.replace(year=birth_date.year + years)
    except ValueError:
        return date(birth_date.year + years, 3, 1)


def record_pre_service(
    ledger: Ledger,
    vault: Vault,
    call: Call,
    *,
    person_id: UUID,
    district_id: UUID,
    program: str,
    minor_until: date | None,
) -> Receipt:
    """Say that somebody earns in a program before service; the day stays in the vault.

    Raises MinorUntilError, NothingChangesError, PersonErasedError.
    """

    def decide(read: Reader) -> Sequence[AnyPersonEvent]:
        person = get_person(read, person_id)
        district = read.get(Organization, district_id)
        district.must_be_district()
        today = local_date(call.at, district.zone)
        if minor_until is not None and minor_until > majority_of(today, MINOR_YEARS_MAX):
            raise MinorUntilError(f"she would be a minor for more than {MINOR_YEARS_MAX} years")
        kept = None
        if minor_until is not None and minor_until > today:
            kept = vault.put_text(
                person_id, MINOR_UNTIL, minor_until.isoformat(), command_id=district_id
            )
        known = PreService(
            district_id=district_id, program=program, zone=district.zone, minor_until=kept
        )
        return person.record_pre_service(call.act, known)

    return ledger.run(call, decide)


def give_guardian_consent(
    ledger: Ledger,
    call: Call,
    *,
    person_id: UUID,
    district_id: UUID,
    consent: GuardianConsentKind,
    form: str,
    guardian: VaultText | None = None,
) -> Receipt:
    """Record what a guardian agreed to. Raises NotPreServiceError, NothingChangesError."""

    def decide(read: Reader) -> Sequence[AnyPersonEvent]:
        return get_person(read, person_id).give_guardian_consent(
            call.act, district_id=district_id, consent=consent, form=form, guardian=guardian
        )

    return ledger.run(call, decide)


def withdraw_guardian_consent(
    ledger: Ledger,
    call: Call,
    *,
    person_id: UUID,
    district_id: UUID,
    consent: GuardianConsentKind,
    reason: str,
) -> Receipt:
    """Record that a guardian took a consent back."""

    def decide(read: Reader) -> Sequence[AnyPersonEvent]:
        return get_person(read, person_id).withdraw_guardian_consent(
            call.act, district_id=district_id, consent=consent, reason=reason
        )

    return ledger.run(call, decide)


def minor_until_of(vault: Vault, person: Person) -> date | None:
    """The first day on which she is no minor, as the vault has it; null where it has none."""
    pre_service = person.pre_service
    if pre_service is None or pre_service.minor_until is None:
        return None
    text_id = pre_service.minor_until.text_id
    text = vault.get_texts([text_id], about=person.id).get(text_id)
    return None if text is None else date.fromisoformat(text)


def lacks_consent(
    vault: Vault | None, person: Person, consent: GuardianConsentKind, at: datetime
) -> bool:
    """Whether she is a minor for whom no guardian agreed to this. The vault is asked of few."""
    return consent not in person.guardian_consents and counts_as_minor(vault, person, at)


def counts_as_minor(vault: Vault | None, person: Person, at: datetime) -> bool:
    """Whether she is a minor, or nobody can tell."""
    if person.pre_service is None or person.pre_service.minor_until is None:
        return False
    return is_minor(person.pre_service, minor_until_of(vault, person) if vault else None, at)


def must_have_consent(
    vault: Vault | None, person: Person, consent: GuardianConsentKind, at: datetime
) -> None:
    """Raises GuardianConsentMissingError while she is a minor without consent to this."""
    if lacks_consent(vault, person, consent, at):
        raise GuardianConsentMissingError(f"a guardian's consent to {consent} comes first")


def must_be_of_age(vault: Vault, person: Person, at: datetime) -> None:
    """Raises EarnerIsMinorError."""
    if counts_as_minor(vault, person, at):
        raise EarnerIsMinorError("she can agree to this once she is of age")


def carried_over(
    vault: Vault, call: Call, kept: Person, merged: Person
) -> Sequence[AnyPersonEvent]:
    """What another record of hers says of her service and guardians, where the one kept is silent.

    A merge must not make a minor of age; what the kept record says itself stands.
    """
    pre_service = merged.pre_service
    if pre_service is None or kept.pre_service is not None:
        return []

    def keep(purpose: str, text: VaultText | None) -> VaultText | None:
        """The same words under the key of the record that is kept."""
        if text is None:
            return None
        words = vault.get_texts([text.text_id], about=merged.id)[text.text_id]
        return vault.put_text(kept.id, purpose, words, command_id=call.command_id)

    known = replace(pre_service, minor_until=keep(MINOR_UNTIL, pre_service.minor_until))
    events = [*kept.record_pre_service(call.act, known)]
    for consent, given in merged.guardian_consents.items():
        events += (Person.fold(kept, events) or kept).give_guardian_consent(
            call.act,
            district_id=given.district_id,
            consent=consent,
            form=given.form,
            guardian=keep(GUARDIAN, given.guardian),
        )
    return events
