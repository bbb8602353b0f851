"""Commands on earners whom nobody employs yet, and what a guardian has to agree to while minor.

The log says that she was recorded as a minor and where the vault has the day on which she is none
any more; so whoever decides looks that day up, and whoever cannot counts her as a minor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import get_args
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
Keep = Callable[[str, VaultText | None], VaultText | None]


class GuardianConsentMissingError(RuleError):
    """She is a minor, and no guardian's consent to this is on record."""

    slug = "guardian-consent-missing"


class EarnerIsMinorError(RuleError):
    """This is for those who are of age, whatever a guardian agrees to."""

    slug = "earner-is-minor"


class MinorUntilError(InvalidError):
    """A day of majority lies within the next 21 years, and a birth date is no day to come."""

    slug = "minor-until"


class BirthDateMissingError(InvalidError):
    """An age of majority is given, and no birth date that it could be counted from."""

    slug = "birth-date-missing"


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


def majorities_of(vault: Vault, persons: Iterable[Person]) -> dict[UUID, date]:
    """The first day on which each is no minor, of those for whom the vault has one."""
    kept = {
        one.id: one.pre_service.minor_until.text_id
        for one in persons
        if one.pre_service is not None and one.pre_service.minor_until is not None
    }
    if not kept:
        return {}
    texts = vault.get_texts(kept.values(), about=kept)
    days = {person_id: texts.get(text_id) for person_id, text_id in kept.items()}
    return {one: date.fromisoformat(day) for one, day in days.items() if day is not None}


def minors_among(vault: Vault | None, persons: Iterable[Person], at: datetime) -> set[UUID]:
    """Those who are minors, or of whom nobody can tell. The vault is opened once, for few."""
    asked = [one for one in persons if one.pre_service and one.pre_service.minor_until]
    days = majorities_of(vault, asked) if vault else {}
    return {one.id for one in asked if is_minor(one.pre_service, days.get(one.id), at)}


def counts_as_minor(vault: Vault | None, person: Person, at: datetime) -> bool:
    """Whether she is a minor, or nobody can tell."""
    return bool(minors_among(vault, [person], at))


def lacking_consent(
    vault: Vault | None, persons: Iterable[Person], consent: GuardianConsentKind, at: datetime
) -> set[UUID]:
    """Those who are minors for whom no guardian agreed to this."""
    return minors_among(vault, [one for one in persons if consent not in one.guardian_consents], at)


def lacks_consent(
    vault: Vault | None, person: Person, consent: GuardianConsentKind, at: datetime
) -> bool:
    """Whether she is a minor for whom no guardian agreed to this."""
    return bool(lacking_consent(vault, [person], consent, at))


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
    """What another record of hers says of her service and guardians, for the one that is kept.

    A merge must not make a minor of age: while one of the records counts her as one, she is. Of
    what guardians said to the two, the newest word on each consent holds.
    """
    if merged.pre_service is None:
        return []

    def keep(purpose: str, text: VaultText | None) -> VaultText | None:
        """The same words under the key of the record that is kept, if there are any still."""
        words = vault.get_texts([text.text_id], about=merged.id) if text else {}
        if text is None or text.text_id not in words:
            return text  # leads nowhere, so nobody can tell: of a day that makes her a minor
        return vault.put_text(kept.id, purpose, words[text.text_id], command_id=call.command_id)

    events: list[AnyPersonEvent] = []
    if kept.pre_service is None or (
        counts_as_minor(vault, merged, call.at) and not counts_as_minor(vault, kept, call.at)
    ):
        minor_until = keep(MINOR_UNTIL, merged.pre_service.minor_until)
        known = replace(merged.pre_service, minor_until=minor_until)
        events += kept.record_pre_service(call.act, known)
    for consent in get_args(GuardianConsentKind):
        newest = Person.fold(kept, events) or kept
        events += _word_carried_over(call, newest, merged, consent, keep)
    return events


def _word_carried_over(
    call: Call, kept: Person, merged: Person, consent: GuardianConsentKind, keep: Keep
) -> Sequence[AnyPersonEvent]:
    """The other record's last word on one consent, where it is the newer and another."""
    given, on_file = (one.guardian_consents.get(consent) for one in (merged, kept))
    ended, ended_here = (one.guardian_withdrawals.get(consent) for one in (merged, kept))
    if given and not on_file and not (ended_here and ended_here.at > given.given_at):
        return kept.give_guardian_consent(
            call.act,
            district_id=given.district_id,
            consent=consent,
            form=given.form,
            guardian=keep(GUARDIAN, given.guardian),
        )
    if ended and on_file and ended.at > on_file.given_at:
        return kept.withdraw_guardian_consent(
            call.act, district_id=ended.district_id, consent=consent, reason=ended.reason
        )
    return []
