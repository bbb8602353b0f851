"""Commands on credits that were earned elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from ledger.aggregates import credit as credits_
from ledger.aggregates.credit import Credit, ExchangedElsewhereError, NewCredit
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.organization import Organization
from ledger.aggregates.person import Person
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import are_one
from ledger.events import AnyCreditEvent
from ledger.values import VaultText, stream_id


def record_credit(
    ledger: Ledger,
    call: Call,
    *,
    district_id: UUID,
    person_id: UUID,
    kind: str,
    quantity_hundredths: int,
    earned_on: date,
    category: str | None = None,
    course: str | None = None,
    begun_on: date | None = None,
    approved_on: date | None = None,
    exchanged_enrollment_id: UUID | None = None,
    documents: VaultText | None = None,
) -> Receipt:
    """Record what a district has seen documents of; its id follows from the command's."""
    stream = stream_id("credit", call.command_id)

    def decide(read: Reader) -> Sequence[AnyCreditEvent]:
        read.get(Person, person_id)
        district = read.get(Organization, district_id)
        district.must_be_district()
        if exchanged_enrollment_id is not None:
            _must_be_hers(read, person_id, exchanged_enrollment_id)
        new = NewCredit(
            person_id=person_id,
            kind=kind,
            quantity_hundredths=quantity_hundredths,
            zone=district.zone,
            earned_on=earned_on,
            category=category,
            course=course,
            begun_on=begun_on,
            approved_on=approved_on,
            exchanged_enrollment_id=exchanged_enrollment_id,
            documents=documents,
        )
        return credits_.record(stream, call.act, district_id=district_id, new=new)

    return ledger.run(call, decide)


def withdraw_credit(
    ledger: Ledger, call: Call, *, credit_id: UUID, reason: str, effective_on: date
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyCreditEvent]:
        return read.get(Credit, credit_id).withdraw(
            call.act, reason=reason, effective_on=effective_on
        )

    return ledger.run(call, decide)


def _must_be_hers(read: Reader, person_id: UUID, enrollment_id: UUID) -> None:
    award = read.find(Enrollment, enrollment_id)
    if award is None or not are_one(read, award.person_id, person_id):
        raise ExchangedElsewhereError(f"this person has no award {enrollment_id}")
