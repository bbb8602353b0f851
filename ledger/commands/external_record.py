"""Commands on records from elsewhere, and on what districts let them count for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from ledger.aggregates import acceptance as acceptances
from ledger.aggregates import external_record as records
from ledger.aggregates.acceptance import Acceptance, Decision
from ledger.aggregates.external_record import ExternalRecord, NewRecord
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import get_person
from ledger.errors import NotFoundError, NothingChangesError
from ledger.events import AnyAcceptanceEvent, AnyExternalRecordEvent
from ledger.events.external_record import ItemFindings
from ledger.values import local_date, stream_id

PROOF_LOST = frozenset({"record-key-unusable", "record-proof-refused"})  # by now


def external_record_stream(text_id: UUID) -> UUID:
    """The stream of a record: the vault names equal bytes of one person by one id."""
    return stream_id("external-record", text_id)


def acceptance_stream(district_id: UUID, item_id: UUID) -> UUID:
    """The stream of what a district lets an award from elsewhere count for."""
    return stream_id("acceptance", district_id, item_id)


def import_external_record(
    ledger: Ledger,
    call: Call,
    *,
    person_id: UUID,
    district_id: UUID | None,
    new: NewRecord,
    acceptance_ids: Iterable[UUID] = (),
) -> Receipt:
    """Keep a record that was checked. Raises NothingChangesError when it is kept already.

    Without a district she keeps it for herself, and nobody accepts anything of it.

    What was accepted of the same awards before is put in question where they are revoked by now.
    """
    stream, asked = external_record_stream(new.document.text_id), tuple(acceptance_ids)

    def decide(read: Reader) -> Sequence[AnyExternalRecordEvent | AnyAcceptanceEvent]:
        get_person(read, person_id)
        if district_id is not None:
            read.get(Organization, district_id).must_be_district()
        if read.find(ExternalRecord, stream) is not None:
            raise NothingChangesError(f"this is kept already, as record {stream}")
        received = records.receive(
            stream, call.act, person_id=person_id, district_id=district_id, new=new
        )
        return [*received, *_in_question(read, call, new.zone, new.items, asked)]

    return ledger.run(call, decide)


def recheck_external_record(
    ledger: Ledger,
    call: Call,
    *,
    record_id: UUID,
    found: Iterable[ItemFindings],
    acceptance_ids: Iterable[UUID],
) -> Receipt:
    """Note what its issuers say by now, and put in question what rests on a revoked award."""
    asked = tuple(acceptance_ids)
    findings = tuple(found)

    def decide(read: Reader) -> Sequence[AnyExternalRecordEvent | AnyAcceptanceEvent]:
        record = read.get(ExternalRecord, record_id)
        changed = record.recheck(call.act, findings)
        return [*changed, *_in_question(read, call, record.zone, findings, asked)]

    return ledger.run(call, decide)


def decide_acceptance(
    ledger: Ledger,
    call: Call,
    *,
    record_id: UUID,
    item_id: UUID,
    decision: Decision,
) -> Receipt:
    """Accept an award of a record, or a part of it, or decline it, for who received it.

    Raises RecordHerOwnError, ItemRevokedError, ItemIssuedHereError, PartOfAwardError.
    """

    def decide(read: Reader) -> Sequence[AnyAcceptanceEvent]:
        record = read.get(ExternalRecord, record_id)
        district_id = record.receiver_id
        stream = acceptance_stream(district_id, item_id)
        item = record.items.get(item_id)
        if item is None:
            raise NotFoundError(f"record {record_id} holds no award {item_id}")
        zone = read.get(Organization, district_id).zone
        known = read.find(Acceptance, stream)
        if known is not None:
            return known.decide(call.act, item=item, decision=decision)
        return acceptances.decide(
            stream,
            call.act,
            district_id=district_id,
            person_id=record.person_id,
            record_id=record_id,
            zone=zone,
            item=item,
            decision=decision,
        )

    return ledger.run(call, decide)


def _in_question(
    read: Reader,
    call: Call,
    zone: str,
    found: Iterable[ItemFindings],
    acceptance_ids: Iterable[UUID],
) -> list[AnyAcceptanceEvent]:
    """What rests on an award that its issuer has revoked waits for its district to look again."""
    reasons = {one.item_id: _doubt(one) for one in found}
    accepted = [read.get(Acceptance, stream) for stream in acceptance_ids]
    return [
        event
        for one in accepted
        if one.counts and (reason := reasons.get(one.item_id)) is not None
        for event in one.put_under_review(
            call.act, reason=reason, effective_on=local_date(call.act.at, zone)
        )
    ]


def _doubt(found: ItemFindings) -> str | None:
    """Why what rests on an award has to be looked at again; null when nothing speaks against it."""
    if found.status == "revoked":
        return "revoked-by-issuer"
    return "proof-refused" if found.reason in PROOF_LOST else None
