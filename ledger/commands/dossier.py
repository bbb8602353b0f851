"""Commands on what a district has on file about a person."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import dossier as dossiers
from ledger.aggregates.credential import Credential
from ledger.aggregates.dossier import Dossier, FactUnknownError
from ledger.aggregates.enrollment import Enrollment, enrollment_stream
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import get_person
from ledger.events import AnyDossierEvent
from ledger.events.dossier import Fact, PriorApprovalGiven
from ledger.values import stream_id


def dossier_stream(district_id: UUID, person_id: UUID) -> UUID:
    """The stream of what a district has on file about a person."""
    return stream_id("dossier", district_id, person_id)


def record_dossier_fact(
    ledger: Ledger, call: Call, *, district_id: UUID, person_id: UUID, fact: Fact
) -> Receipt:
    """Put a dated fact on file. Whether she has begun is found out here, not taken on trust."""
    stream = dossier_stream(district_id, person_id)

    def decide(read: Reader) -> Sequence[AnyDossierEvent]:
        get_person(read, person_id)
        district = read.get(Organization, district_id)
        district.must_be_district()
        found = _found(read, person_id, fact)
        dossier = read.find(Dossier, stream)
        if dossier is not None:
            return dossier.record(call.act, zone=district.zone, fact=found)
        return dossiers.begin(
            stream,
            call.act,
            person_id=person_id,
            district_id=district_id,
            zone=district.zone,
            fact=found,
        )

    return ledger.run(call, decide)


def withdraw_dossier_fact(
    ledger: Ledger, call: Call, *, district_id: UUID, person_id: UUID, withdrawn_version: int
) -> Receipt:
    stream = dossier_stream(district_id, person_id)

    def decide(read: Reader) -> Sequence[AnyDossierEvent]:
        dossier = read.find(Dossier, stream)
        if dossier is None:
            raise FactUnknownError("nothing is on file about this person here")
        return dossier.withdraw(call.act, withdrawn_version=withdrawn_version)

    return ledger.run(call, decide)


def _found(read: Reader, person_id: UUID, fact: Fact) -> Fact:
    """An approval of a micro-credential says whether she had ever enrolled in it by then."""
    if not isinstance(fact, PriorApprovalGiven):
        return fact
    begun = True
    if fact.of == "credential":
        read.get(Credential, fact.subject_id)
        enrollment = read.find(Enrollment, enrollment_stream(person_id, fact.subject_id, 1))
        begun = enrollment is not None
    return fact.model_copy(update={"begun": begun})
