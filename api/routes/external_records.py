"""Records from elsewhere: received, shown to the teacher, and accepted award by award."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any
from uuid import UUID

from fastapi import File, Form, Response, UploadFile
from pydantic import BaseModel

from api.access import (
    NOT_THERE,
    must_act_for_district,
    must_be,
    must_see_district,
    must_see_earned,
)
from api.access_keeping import must_keep
from api.answers import ListOf, answer, answer_all, recorded
from api.disclosures import shows, shows_person
from api.external_records import ShownRecord, shown, visible
from api.imports.records import (
    VIEWS,
    DocumentWordsError,
    Receiver,
    Words,
    document_of,
    import_record,
    received_by,
    recheck_record,
)
from api.problems import NotYetVisibleError
from api.reading import AsOfReadNow, Read, ReadNow, VersionsReadNow, zone_of_person
from api.routing import ImportRoute, Router
from api.writing import Write, WriteNow
from ledger.aggregates.acceptance import ONE_AWARD, Decision
from ledger.aggregates.external_record import ExternalRecord
from ledger.aggregates.issuer_trust import Trust
from ledger.aggregates.organization import Organization
from ledger.commands import external_record as commands
from ledger.commands import issuer_trust as trusts
from ledger.errors import ErasedError, NotFoundError, PreconditionError
from ledger.events.acceptance import AcceptanceOutcome
from ledger.events.equivalency import MICRO_CREDENTIAL
from ledger.events.issuer_trust import Hosts, IssuerName, KeyNames
from ledger.records.received_files import BUNDLE_BYTES_MAX
from ledger.values import Day, Positive, ShortText, Slug, Value
from projections import external_records, known
from projections.external_records import Accepted, ReceivedRecord, TrustDecision

router = Router("external-records", ImportRoute)
SEEN_WITH = (*VIEWS, "employments")


class NewExternalRecord(Value):
    """What is known of a file before it is read."""

    district_id: UUID | None
    digest: str
    title: ShortText | None = None
    earned_on: Day | None = None

    @property
    def words(self) -> Words | None:
        """What is said of a document beside it."""
        if self.title is None and self.earned_on is None:
            return None
        if self.title is None or self.earned_on is None:
            raise DocumentWordsError("a PDF comes with both, title and earned_on")
        return Words(self.title, self.earned_on)


class AskedHost(BaseModel):
    """What was asked for to check a record, and what came of it."""

    address: str
    outcome: str


class ImportedRecord(BaseModel):
    """What a file came to. The same file again is no news and adds nothing."""

    new: bool
    position: int | None
    asked: list[AskedHost]
    record: ShownRecord | None  # null: for a moment, until the views have come so far


class RecheckedRecord(BaseModel):
    """What asking its issuers again came to."""

    changed: int
    put_under_review: int
    refused: str | None
    position: int | None
    asked: list[AskedHost]


class AcceptanceBody(Value):
    """What the district lets an award count for, in the award's own kind."""

    item_id: UUID
    outcome: AcceptanceOutcome
    reason: Slug
    kind: Slug = MICRO_CREDENTIAL
    quantity_hundredths: Positive = ONE_AWARD
    category: Slug | None = None


class NewTrust(Value):
    """Whose records the district believes, and which hosts may be asked for them."""

    issuer_id: IssuerName
    hosts: Hosts = ()
    keys: KeyNames = ()
    effective_on: Day
    authority_reference: ShortText


class TrustEnd(Value):
    """From which day on an issuer is no longer believed."""

    issuer_id: IssuerName
    reason: Slug
    effective_on: Day


@router.post_file("/people/{person_id}/external-records", ImportedRecord)
def import_external_record(
    *,
    person_id: UUID,
    write: WriteNow,
    file: Annotated[
        UploadFile,
        File(description="Open Badges 2.0 or 3.0, CLR 2.0: JSON, token, PNG, or a bundle"),
    ],
    district_id: Annotated[
        UUID | None, Form(description="that received it; none: you keep it for yourself")
    ] = None,
    title: Annotated[ShortText | None, Form(description="of a PDF: what it shows")] = None,
    earned_on: Annotated[Day | None, Form(description="of a PDF: when it was earned")] = None,
) -> Response:
    """Keep what a person brought from elsewhere. What it is known by is the file, not the key.

    A district receives it and asks the hosts that it allows. A teacher may keep a record for
    herself; then nobody is asked, and it is what she says. So is a PDF, whoever brings it.
    """
    if district_id is None:
        must_be(write.caller, person_id)
        with write.edge.reading([person_id]) as connection:
            receiver = Receiver(None, zone_of_person(connection, person_id))
    else:
        must_keep(write, district_id, person_id)
        receiver = received_by(write.edge, district_id)
    content = file.file.read(BUNDLE_BYTES_MAX + 1)
    digest = write.edge.vault.body_hash(content).hex()
    new = NewExternalRecord(
        district_id=district_id, digest=digest, title=title, earned_on=earned_on
    )
    made = import_record(
        write.edge,
        write.call(new),
        person_id=person_id,
        receiver=receiver,
        content=content,
        words=new.words,
    )
    with suppress(NotYetVisibleError):  # it is kept all the same, and can be read in a moment
        write.edge.visible(VIEWS, made.position or 0)
    with write.edge.reading({district_id or person_id}) as connection:
        found = external_records.find(connection, made.external_record_id)
        accepted = external_records.acceptances_of_person(connection, person_id)
    body = {
        "new": made.new,
        "position": made.position,
        "asked": [one._asdict() for one in made.asked],
        "record": next(iter(shown(write.edge, [found], accepted)), None) if found else None,
    }
    return answer(body, position=made.position)


@router.read("/people/{person_id}/external-records", ListOf[ShownRecord])
def list_external_records(person_id: UUID, read: AsOfReadNow) -> Response:
    """What came with a person from elsewhere; a district sees what it received."""
    with read.connection(person_id) as connection:
        position = read.visible(*SEEN_WITH)
        zone = zone_of_person(connection, person_id)
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
        sight = must_see_earned(read.caller, connection, person_id)
        with known.received_by_person(connection, person_id, as_of):
            found = visible(external_records.of_person(connection, person_id), sight)
            accepted = external_records.acceptances_of_person(connection, person_id)
        shows_person(read, connection, "external-records", person_id)
    return answer_all(shown(read.edge, found, accepted), min(as_of, position))


@router.read("/external-records/{external_record_id}", ShownRecord)
def read_external_record(external_record_id: UUID, read: AsOfReadNow) -> Response:
    """One record from elsewhere: of each award whether it is valid, trusted, and still in force."""
    position, found, accepted = _seen(read, external_record_id, read.query.as_of)
    [item] = shown(read.edge, [found], accepted)
    return answer(item, position=position)


@router.download("/external-records/{external_record_id}/document")
def download_external_record(external_record_id: UUID, read: ReadNow) -> Response:
    """The record as it came, byte for byte; of a bundle the record in it."""
    _, found, _ = _seen(read, external_record_id)
    content = document_of(read.edge, found.person_id, found.text_id)
    if not content:
        raise ErasedError("the record was erased with everything about her")
    return Response(
        content,
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{external_record_id}"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        },
    )


@router.write("/external-records/{external_record_id}/acceptances")
def decide_acceptance(external_record_id: UUID, body: AcceptanceBody, write: WriteNow) -> Response:
    """Accept an award, or a part of it, or decline it, with the reason."""
    _must_receive(write, external_record_id)
    decision = Decision(**{name: value for name, value in dict(body).items() if name != "item_id"})
    return recorded(
        commands.decide_acceptance(
            write.edge.ledger,
            write.call(body),
            record_id=external_record_id,
            item_id=body.item_id,
            decision=decision,
        )
    )


@router.post_file("/external-records/{external_record_id}/rechecks", RecheckedRecord)
def recheck_external_record(external_record_id: UUID, write: WriteNow) -> Response:
    """Ask its issuers again. What was accepted and is revoked by now waits for a new decision."""
    record = _must_receive(write, external_record_id)
    if write.expected_version not in {None, record.version}:
        raise PreconditionError(f"the newest version is {record.version}; read it again")
    found = recheck_record(write.edge, write.call(), external_record_id)
    body = {
        "changed": found.changed,
        "put_under_review": found.put_under_review,
        "refused": found.refused,
        "position": found.position,
        "asked": [one._asdict() for one in found.asked],
    }
    return answer(body, position=found.position)


@router.read("/districts/{district_id}/acceptances-under-review", ListOf[Accepted])
def list_acceptances_under_review(district_id: UUID, read: ReadNow) -> Response:
    """What the district has accepted, and has to look at again since its issuer took it back."""
    must_see_district(read.caller, district_id)
    with read.connection() as connection:
        position = read.visible(*VIEWS)
        found = external_records.under_review(connection, district_id)
    shows(read, "external-records", {one.person_id for one in found}, within=[district_id])
    return answer_all(found, position)


@router.read("/districts/{district_id}/trusted-issuers", ListOf[TrustDecision])
def list_trusted_issuers(district_id: UUID, read: VersionsReadNow) -> Response:
    """Every decision of a district on the issuers of records, by the day it took effect."""
    must_see_district(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    with read.connection() as connection:
        position = read.visible(*VIEWS)
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
        decided = external_records.trusted_by(connection, district_id)
    found = [one for one in decided if one.position <= as_of]
    day = read.query.effective_on
    if day is not None:  # of each issuer the newest decision that had begun
        found = list({one.issuer_id: one for one in found if one.effective_on <= day}.values())
    return answer_all(found, min(as_of, position))


@router.write("/districts/{district_id}/trusted-issuers")
def trust_issuer(district_id: UUID, body: NewTrust, write: WriteNow) -> Response:
    """Believe an issuer's records from a day on."""
    must_act_for_district(write.caller, district_id)
    granted = Trust(
        hosts=body.hosts,
        keys=body.keys,
        effective_on=body.effective_on,
        authority_reference=body.authority_reference,
    )
    call = write.call(body)
    return recorded(
        trusts.trust_issuer(
            write.edge.ledger,
            call,
            district_id=district_id,
            issuer_id=body.issuer_id,
            granted=granted,
        )
    )


@router.write("/districts/{district_id}/trusted-issuer-withdrawals")
def withdraw_issuer_trust(district_id: UUID, body: TrustEnd, write: WriteNow) -> Response:
    """Believe an issuer no more from a day on."""
    must_act_for_district(write.caller, district_id)
    return recorded(write.run(trusts.withdraw_issuer_trust, body, district_id=district_id))


def _must_receive(write: Write, external_record_id: UUID) -> ExternalRecord:
    """The record, for the district that received it and has employed her."""
    record = write.edge.ledger.get(ExternalRecord, external_record_id)
    if record.district_id is None:
        must_be(write.caller, record.person_id)
    else:
        person_id = write.caller.meant(record.person_id)
        must_keep(write, record.district_id, person_id)
    return record


def _seen(
    read: Read[Any], external_record_id: UUID, as_of: str | None = None
) -> tuple[int, ReceivedRecord, Sequence[Accepted]]:
    with read.connection() as connection:
        position = read.visible(*SEEN_WITH)
        found = external_records.find(connection, external_record_id)
        if found is None:
            raise NotFoundError(NOT_THERE)
        sight = must_see_earned(read.caller, connection, found.person_id)
        zone = zone_of_person(connection, found.person_id)
        until = read.known(connection, as_of, zone, *VIEWS)
        with known.received_by_person(connection, found.person_id, until):
            then = external_records.find(connection, external_record_id)
            accepted = external_records.acceptances_of_person(connection, found.person_id)
        if then is None or not visible([then], sight):
            raise NotFoundError(NOT_THERE)
        shows_person(
            read, connection, "external-records", found.person_id, thing_id=external_record_id
        )
    return min(until, position), then, accepted
