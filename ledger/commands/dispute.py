"""Commands on disputes: she opens, rebuts and withdraws; the office of the record answers."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import dispute as disputes
from ledger.aggregates.acceptance import Acceptance
from ledger.aggregates.dispute import Dispute, Disputed, DisputeOpenError
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import are_one
from ledger.commands.person import get_person
from ledger.errors import NotFoundError
from ledger.events import AnyDisputeEvent
from ledger.events.dispute import DisputedKind, DisputeOutcome
from ledger.values import VaultText, stream_id


def dispute_stream(subject_id: UUID, number: int) -> UUID:
    """The stream of the so-manieth dispute of a record."""
    return stream_id("dispute", subject_id, number)


def open_dispute(
    ledger: Ledger,
    call: Call,
    *,
    person_id: UUID,
    about: DisputedKind,
    subject_id: UUID,
    statement: VaultText,
) -> Receipt:
    """Say that a record of hers is wrong.

    Raises NotFoundError where it is not hers, DisputeOpenError while one of it is open.
    """

    def decide(read: Reader) -> Sequence[AnyDisputeEvent]:
        get_person(read, person_id)
        disputed = _disputed(read, person_id, about, subject_id)
        number = 1
        while (known := read.find(Dispute, dispute_stream(subject_id, number))) is not None:
            if known.stage == "open":
                raise DisputeOpenError(f"dispute {known.id} of this record is open")
            number += 1
        return disputes.open_dispute(
            dispute_stream(subject_id, number),
            call.act,
            person_id=person_id,
            disputed=disputed,
            number=number,
            statement=statement,
        )

    return ledger.run(call, decide)


def answer_dispute(
    ledger: Ledger,
    call: Call,
    *,
    dispute_id: UUID,
    outcome: DisputeOutcome,
    reason: str,
    words: VaultText | None,
) -> Receipt:
    """Say what the office makes of it. A correction itself is a command of the record's own."""

    def decide(read: Reader) -> Sequence[AnyDisputeEvent]:
        dispute = read.get(Dispute, dispute_id)
        get_person(read, dispute.person_id)
        return dispute.answer(call.act, outcome=outcome, reason=reason, words=words)

    return ledger.run(call, decide)


def rebut(ledger: Ledger, call: Call, *, dispute_id: UUID, rebuttal: VaultText) -> Receipt:
    """Have her words printed with the record."""

    def decide(read: Reader) -> Sequence[AnyDisputeEvent]:
        dispute = read.get(Dispute, dispute_id)
        get_person(read, dispute.person_id)
        return dispute.rebut(call.act, rebuttal=rebuttal)

    return ledger.run(call, decide)


def withdraw_dispute(ledger: Ledger, call: Call, *, dispute_id: UUID) -> Receipt:
    """Take a dispute back, and what was printed for it."""
    return ledger.run(call, lambda read: read.get(Dispute, dispute_id).withdraw(call.act))


def _disputed(read: Reader, person_id: UUID, about: DisputedKind, subject_id: UUID) -> Disputed:
    """The record, and who has to answer for it: the issuer that decided, or the district."""
    if about == "acceptance":
        acceptance = read.get(Acceptance, subject_id)
        _must_be_hers(read, acceptance.person_id, person_id)
        district = read.get(Organization, acceptance.district_id)
        return Disputed(
            about=about,
            subject_id=subject_id,
            office_kind="district",
            office_id=district.id,
            zone=district.zone,
        )
    enrollment = read.get(Enrollment, subject_id)
    _must_be_hers(read, enrollment.person_id, person_id)
    if about == "award" and enrollment.awarded_on is None:
        raise NotFoundError(f"enrollment {subject_id} has come to no award")
    issuer = read.get(Issuer, enrollment.issuer_id)
    return Disputed(
        about=about,
        subject_id=subject_id,
        office_kind="issuer",
        office_id=issuer.id,
        zone=issuer.zone,
    )


def _must_be_hers(read: Reader, owner_id: UUID, person_id: UUID) -> None:
    if not are_one(read, owner_id, person_id):
        raise NotFoundError("this record is another's")
