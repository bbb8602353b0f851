"""Commands on employments: who works for which district, as what, from when to when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from uuid import UUID

from ledger.aggregates import employment as employments
from ledger.aggregates.employment import Employment, Terms, check_no_overlap
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import get_person
from ledger.errors import InvalidError
from ledger.events import AnyEmploymentEvent
from ledger.identities import Position
from ledger.values import stream_id
from ledger.vault import Vault

SOURCE = "command"  # of positions named by callers, beside those that files name


class SchoolElsewhereError(InvalidError):
    """The school is not one of this district."""

    slug = "school-elsewhere"


def employment_stream(district_id: UUID, position: Position) -> UUID:
    """The stream of one span of a position; who leaves and comes back begins another.

    It rests on the keyed digest of the position's name, which often holds an employee number.
    """
    return stream_id(
        "employment",
        position.person_id,
        district_id,
        position.position_hmac.hex(),
        position.first_day.isoformat(),
    )


def start_employment(
    ledger: Ledger,
    vault: Vault,
    call: Call,
    *,
    person_id: UUID,
    district_id: UUID,
    position: str,
    terms: Terms,
    first_day: date,
    last_day: date | None = None,
) -> Receipt:
    """Let a person take up a position. `position` is the district's name or number for it."""
    hmac = vault.position_hmac(SOURCE, district_id, position)
    begun = Position(hmac, person_id, first_day)

    def decide(read: Reader) -> Sequence[AnyEmploymentEvent]:
        get_person(read, person_id)
        district = read.get(Organization, district_id)
        district.must_be_district()
        _check_school(read, district_id, terms)
        spans = _spans(read, vault, person_id, district_id, hmac)
        check_no_overlap(spans, first_day=first_day, last_day=last_day)
        stream = employment_stream(district_id, begun)
        if read.find(Employment, stream) is not None:
            raise employments.EmploymentOverlapsError(
                f"this position was recorded from {first_day} on already, and called off"
            )
        events = employments.start(
            stream,
            call.act,
            person_id=person_id,
            district_id=district_id,
            zone=district.zone,
            terms=terms,
            first_day=first_day,
            last_day=last_day,
        )
        vault.add_positions(SOURCE, district_id, [begun])
        return events

    return ledger.run(call, decide)


def change_employment(
    ledger: Ledger, call: Call, *, employment_id: UUID, terms: Terms, effective_on: date
) -> Receipt:
    """Other terms from a day on: school, role, share of a full position, exempt or not."""

    def decide(read: Reader) -> Sequence[AnyEmploymentEvent]:
        employment = read.get(Employment, employment_id)
        _check_school(read, employment.district_id, terms)
        return employment.change(call.act, terms=terms, effective_on=effective_on)

    return ledger.run(call, decide)


def end_employment(
    ledger: Ledger, vault: Vault, call: Call, *, employment_id: UUID, last_day: date
) -> Receipt:
    """Record the last day, or another one than before."""

    def decide(read: Reader) -> Sequence[AnyEmploymentEvent]:
        employment = read.get(Employment, employment_id)
        events = employment.end(call.act, last_day=last_day)
        beside = _spans_beside(read, vault, employment)
        check_no_overlap(beside, first_day=employment.first_day, last_day=last_day)
        return events

    return ledger.run(call, decide)


def reopen_employment(ledger: Ledger, vault: Vault, call: Call, *, employment_id: UUID) -> Receipt:
    """Take the last day back."""

    def decide(read: Reader) -> Sequence[AnyEmploymentEvent]:
        employment = read.get(Employment, employment_id)
        events = employment.reopen(call.act)
        beside = _spans_beside(read, vault, employment)
        check_no_overlap(beside, first_day=employment.first_day, last_day=None)
        return events

    return ledger.run(call, decide)


def _check_school(read: Reader, district_id: UUID, terms: Terms) -> None:
    if terms.school_id is None:
        return
    school = read.get(Organization, terms.school_id)
    if school.kind != "school" or school.district_id != district_id:
        raise SchoolElsewhereError(f"{terms.school_id} is not a school of district {district_id}")


def _spans(
    read: Reader, vault: Vault, person_id: UUID, district_id: UUID, position_hmac: bytes
) -> list[Employment]:
    """What is recorded of this person in this position so far."""
    return [
        span
        for position in vault.positions_of_person(person_id, district_id)
        if position.position_hmac == position_hmac
        and (span := read.find(Employment, employment_stream(district_id, position))) is not None
    ]


def _spans_beside(read: Reader, vault: Vault, employment: Employment) -> Iterator[Employment]:
    """The other spans of the same position and person."""
    known = vault.positions_of_person(employment.person_id, employment.district_id)
    hmacs = {
        position.position_hmac
        for position in known
        if employment_stream(employment.district_id, position) == employment.id
    }
    for hmac in hmacs:
        for span in _spans(read, vault, employment.person_id, employment.district_id, hmac):
            if span.id != employment.id:
                yield span
