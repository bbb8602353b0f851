"""Commands on assessors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from ledger.aggregates import assessor as assessors
from ledger.aggregates.assessor import Assessor, NotAnAssessorError
from ledger.aggregates.credential import Credential
from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.person import Person
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import known_merges
from ledger.events import AnyAssessorEvent
from ledger.values import stream_id


def assessor_stream(person_id: UUID, credential_id: UUID) -> UUID:
    """The stream of one person's standing as assessor of one micro-credential."""
    return stream_id("assessor", person_id, credential_id)


def standings(read: Reader, person_id: UUID, credential_id: UUID) -> list[Assessor]:
    """Her standing under each id of hers that has one, what lets her assess most first.

    As with grants, two records that were merged keep what each was given.
    """
    streams = [
        assessor_stream(one, credential_id) for one in known_merges(read).every_id_of(person_id)
    ]
    found = [standing for one in streams if (standing := read.find(Assessor, one))]
    return sorted(found, key=_last_to_count)


def _last_to_count(known: Assessor) -> tuple[bool, bool, int]:
    until = known.valid_until or date.max
    return known.standing == "withdrawn", known.standing == "qualified", -until.toordinal()


def appoint_assessor(
    ledger: Ledger, call: Call, *, person_id: UUID, credential_id: UUID, reason: str
) -> Receipt:
    """Vouch for a founding assessor."""

    def decide(read: Reader) -> Sequence[AnyAssessorEvent]:
        read.get(Person, person_id)
        before = next(iter(standings(read, person_id, credential_id)), None)
        return assessors.appoint(
            before.id if before else assessor_stream(person_id, credential_id),
            call.act,
            before=before,
            person_id=before.person_id if before else person_id,
            credential=read.get(Credential, credential_id),
            reason=reason,
        )

    return ledger.run(call, decide)


def qualify_assessor(
    ledger: Ledger,
    call: Call,
    *,
    enrollment_id: UUID,
    agreement_percent: int,
    valid_until: date | None = None,
) -> Receipt:
    """Qualify the holder of the award `enrollment_id` to assess others for it."""

    def decide(read: Reader) -> Sequence[AnyAssessorEvent]:
        award = read.get(Enrollment, enrollment_id)
        stream = assessor_stream(award.person_id, award.credential_id)
        return assessors.qualify(
            stream,
            call.act,
            before=read.find(Assessor, stream),
            award=award,
            issuer=read.get(Issuer, award.issuer_id),
            agreement_percent=agreement_percent,
            valid_until=valid_until,
        )

    return ledger.run(call, decide)


def withdraw_assessor(
    ledger: Ledger, call: Call, *, person_id: UUID, credential_id: UUID, reason: str
) -> Receipt:
    """No further assignments; what she has scored stands."""

    def decide(read: Reader) -> Sequence[AnyAssessorEvent]:
        known = standings(read, person_id, credential_id)
        if not known:
            raise NotAnAssessorError(f"{person_id} is no assessor of credential {credential_id}")
        held = [one for one in known if one.standing != "withdrawn"] or known[:1]
        return [event for one in held for event in one.withdraw(call.act, reason=reason)]

    return ledger.run(call, decide)
