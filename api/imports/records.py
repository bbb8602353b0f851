"""Brings a record from elsewhere into the ledger: checked, kept as it came, and never twice.

Everything by or about the person stays in the vault. The log gets codes, and the name of an issuer
only where the district has named it as an organization that it trusts.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from api.edge import Edge
from api.imports.records_checking import Found, find_out
from api.imports.records_http import Asked
from api.words import words_about
from ledger.aggregates.acceptance import ISSUED_HERE
from ledger.aggregates.external_record import ExternalRecord, NewRecord
from ledger.aggregates.licensure import check_near
from ledger.aggregates.organization import Organization
from ledger.application import Call
from ledger.commands import external_record as commands
from ledger.commands.external_record import external_record_stream
from ledger.errors import ErasedError, InvalidError, NothingChangesError, RuleError
from ledger.events.external_record import ExternalItem, ItemFindings
from ledger.records.documents import Document, RecordError
from ledger.records.issuers import did_web
from ledger.records.received import awards_of, labels_of, names
from ledger.records.received_files import is_document, read_file
from ledger.records.received_items import Item
from ledger.store import EVERYTHING
from ledger.values import local_date, stream_id
from ledger.vault import NewText
from projections import external_records
from projections.external_records import TrustDecision

PURPOSE, TITLE = "external-record", "external-record-title"  # as the vault calls its words
VIEWS = ("external_records",)
Trust = Literal["trusted", "unconfirmed", "untrusted"]


class Receiver(NamedTuple):
    """Who keeps a record: a district, or she herself; and in whose zone a day is meant."""

    district_id: UUID | None
    zone: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file. The same file again is no news."""

    external_record_id: UUID
    new: bool
    position: int | None
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What whoever brings a document says of it, for it says nothing that a program could read."""

    title: str
    earned_on: date


class DocumentWordsError(InvalidError):
    """A PDF comes with a title and the day it was earned on; a record says both itself."""

    slug = "document-words"


class SelfAssertedError(RuleError):
    """A document is what she says of herself; there is nothing in it that anybody could check."""

    slug = "record-self-asserted"


@dataclass(frozen=True, slots=True)
class Rechecked:
    """What asking again came to."""

    changed: int  # awards that stand otherwise than before
    put_under_review: int
    refused: str | None  # why the record would be refused now
    position: int | None
    asked: tuple[Asked, ...]


def import_record(
    edge: Edge,
    call: Call,
    *,
    person_id: UUID,
    receiver: Receiver,
    content: bytes,
    words: Words | None = None,
) -> Imported:
    """Check a record and keep it for a district, or for herself.

    Raises RecordError, or a refusal below it, when it is not what somebody signed, FarDayError and
    DocumentWordsError; nothing is stored then.
    """
    if is_document(content) != (words is not None):
        raise DocumentWordsError("name title and earned_on of a PDF, and of nothing else")
    original = content if words else read_file(content).original
    scope_id = receiver.district_id or person_id
    kept = NewText(person_id, PURPOSE, scope_id, b64encode(original).decode())
    record_id = external_record_stream(edge.vault.text_id(kept))
    if edge.ledger.find(ExternalRecord, record_id) is not None:
        return Imported(record_id, new=False, position=None, asked=())
    asked: tuple[Asked, ...] = ()
    if words is not None:
        new = _document(edge, call, kept, receiver, words)
    else:
        new, asked = _record(edge, call, kept, receiver, content)
    try:
        receipt = commands.import_external_record(
            edge.ledger,
            call,
            person_id=person_id,
            district_id=receiver.district_id,
            new=new,
            acceptance_ids=_accepted(edge, person_id, receiver.district_id, new.items),
        )
    except NothingChangesError:  # another import of the same file was faster
        return Imported(record_id, new=False, position=None, asked=asked)
    return Imported(record_id, new=True, position=receipt.position, asked=asked)


def received_by(edge: Edge, district_id: UUID) -> Receiver:
    """A district as one who receives records. Raises NotFoundError."""
    return Receiver(district_id, edge.ledger.get(Organization, district_id).zone)


def _record(
    edge: Edge, call: Call, kept: NewText, receiver: Receiver, content: bytes
) -> tuple[NewRecord, tuple[Asked, ...]]:
    """A record that says itself what it is: checked, and its words kept."""
    trusts: Mapping[str, TrustDecision] = {}
    if receiver.district_id is not None:
        _wait_for_decisions(edge)
        trusts = trust_on(edge, receiver.district_id, local_date(call.at, receiver.zone))
    found = find_out(content, call.at, _hosts(trusts), in_development=edge.settings.in_development)
    items = _items(edge, kept.person_id, found, trusts, receiver.zone)
    check_near(*(one.earned_on for one in items))  # before anything of it is kept
    told = _told_elsewhere(found)
    said = [NewText(kept.person_id, TITLE, call.command_id, one) for one in told]
    document, *titles = edge.vault.put_texts([kept, *said])
    new = NewRecord(
        kind=found.checked.kind,
        carrier=found.received.carrier,
        document=document,
        title=titles[0] if titles else None,
        zone=receiver.zone,
        items=items,
    )
    return new, found.asked


def _told_elsewhere(found: Found) -> list[str]:
    """What a badge is called where its own words say only at which address that is told."""
    if found.checked.kind != "open_badge_2":
        return []
    named = zip(found.checked.items, labels_of(found.received), strict=True)
    return [
        item.title
        for item, label in named
        if label.title is not None and not label.title.startswith(item.title)
    ]


def _document(edge: Edge, call: Call, kept: NewText, receiver: Receiver, words: Words) -> NewRecord:
    """A document that nobody can check, whatever it looks like: one award, as she says it."""
    check_near(words.earned_on)  # before anything of it is kept
    said = NewText(kept.person_id, TITLE, call.command_id, words.title)
    document, title = edge.vault.put_texts([kept, said])
    item = ExternalItem(
        item_id=item_id_of(edge, kept.person_id, "", f"{document.text_id}"),
        standing="self_asserted",
        reason="proof-missing",
        trust="untrusted",
        status="unlisted",
        status_reason=None,
        issuer_hmac=_issuer_hmac(edge, ""),
        issuer_id=None,
        earned_on=words.earned_on,
        expires_on=None,
        holder="unstated",
    )
    return NewRecord(
        kind="document",
        carrier="pdf",
        document=document,
        title=title,
        zone=receiver.zone,
        items=(item,),
    )


def recheck_record(edge: Edge, call: Call, record_id: UUID) -> Rechecked:
    """Ask the issuers of a record again, and put in question what rests on a revoked award.

    Raises ErasedError, and SelfAssertedError for a document.
    """
    record = edge.ledger.get(ExternalRecord, record_id)
    district_id = record.receiver_id
    content = document_of(edge, record.person_id, record.document.text_id)
    if not content:
        raise ErasedError("the record was erased with everything about her")
    if is_document(content):
        raise SelfAssertedError("nobody signed this file, so there is nobody to ask about it")
    _wait_for_decisions(edge)
    trusts = trust_on(edge, district_id, local_date(call.at, record.zone))
    asked: tuple[Asked, ...] = ()
    refused = None
    try:
        found = find_out(
            content,
            call.at,
            _hosts(trusts),
            in_development=edge.settings.in_development,
        )
        asked = found.asked
        now = [_findings(one, edge, record.person_id, trusts) for one in found.checked.items]
    except RecordError as error:
        refused = error.slug
        now = _refused(record.items.values(), error)
    findings = [
        _newer(record.items[one.item_id], one) for one in now if one.item_id in record.items
    ]
    try:
        receipt = commands.recheck_external_record(
            edge.ledger,
            call,
            record_id=record_id,
            found=findings,
            acceptance_ids=_accepted(edge, record.person_id, district_id, findings),
        )
    except NothingChangesError:
        return Rechecked(0, 0, refused, None, asked)
    first, *in_question = receipt.events
    return Rechecked(
        len(getattr(first, "items", ())), len(in_question), refused, receipt.position, asked
    )


def trust_on(edge: Edge, district_id: UUID, day: date) -> Mapping[str, TrustDecision]:
    """The issuers that a district trusts on a day, by their ids."""
    with edge.reading() as connection:
        decisions = external_records.trusted_by(connection, district_id)
    newest = {one.issuer_id: one for one in decisions if one.effective_on <= day}
    return {issuer_id: one for issuer_id, one in newest.items() if one.trusted}


def document_of(edge: Edge, person_id: UUID, text_id: UUID) -> bytes:
    """A record as it came; nothing when it was erased."""
    return as_it_came(words_about(edge, person_id, [text_id]).get(text_id, ""))


def as_it_came(text: str) -> bytes:
    """The bytes of a record, from how the vault keeps them."""
    return b64decode(text)


def item_id_of(edge: Edge, person_id: UUID, issuer_id: str, record_id: str) -> UUID:
    """One award of one issuer is one, in whatever file it comes."""
    digest = edge.vault.hashes.digest("external-item", f"{issuer_id}\0{record_id}".encode())
    return stream_id("external-item", person_id, digest.hex())


def _wait_for_decisions(edge: Edge) -> None:
    """Whom the district trusts and what it accepted is read as of now, not of a moment ago."""
    edge.visible(VIEWS, edge.ledger.recorder.last_position())


def _hosts(trusts: Mapping[str, TrustDecision]) -> frozenset[str]:
    return frozenset(host for one in trusts.values() for host in one.hosts)


def _items(
    edge: Edge,
    person_id: UUID,
    found: Found,
    trusts: Mapping[str, TrustDecision],
    zone: str,
) -> tuple[ExternalItem, ...]:
    known = _known_as(edge, person_id)
    awards = awards_of(found.received)
    return tuple(
        ExternalItem(
            **dict(_findings(item, edge, person_id, trusts)),
            issuer_hmac=_issuer_hmac(edge, item.issuer_id),
            issuer_id=item.issuer_id if item.issuer_id in trusts else None,
            earned_on=_day(item.awarded_at, zone),
            expires_on=_last_day(item.valid_until, zone) if item.valid_until else None,
            holder=_holder(award, known),
        )
        for item, award in zip(found.checked.items, awards, strict=True)
    )


def _findings(
    item: Item, edge: Edge, person_id: UUID, trusts: Mapping[str, TrustDecision]
) -> ItemFindings:
    """A key that came along with the record proves nothing, unless the district knows it."""
    trusted = trusts.get(item.issuer_id)
    own = item.source != "came_along" or (trusted is not None and item.method in trusted.keys)
    here = _is_ours(edge, item.issuer_id)
    verified = item.standing == "verified" and own and not here
    trust: Trust = "untrusted"
    if trusted is not None:
        trust = "trusted" if verified else "unconfirmed"
    return ItemFindings(
        item_id=item_id_of(edge, person_id, item.issuer_id, item.record_id),
        standing="external_verified" if verified else "self_asserted",
        reason=ISSUED_HERE if here else None if verified else item.reason or "issuer-unconfirmed",
        trust=trust,
        status=item.status,
        status_reason=item.status_reason,
    )


def _is_ours(edge: Edge, issuer_id: str) -> bool:
    """Whether this ledger issued it: then it stands on her transcript, and counts from there."""
    host = edge.settings.public_host
    own = did_web(host) if host else None
    return own is not None and (issuer_id == own or issuer_id.startswith(f"{own}:"))


def _newer(before: ExternalItem, now: ItemFindings) -> ItemFindings:
    """What was proven once stays so while nobody can be asked, and so does its status."""
    unasked = now.standing == "self_asserted" and now.reason in {
        "issuer-not-reachable",
        "issuer-unconfirmed",
    }
    proof = ("standing", "reason", "trust") if unasked else ()
    status = ("status", "status_reason") if now.status == "unknown" else ()
    return now.model_copy(update={name: getattr(before, name) for name in (*proof, *status)})


def _refused(items: Iterable[ExternalItem], error: RecordError) -> list[ItemFindings]:
    """A proof that fails by now, say by a key that got loose, says something; the rest does not.

    A list that is no good says nothing of the awards, and neither does a stricter reader.
    """
    kept = set(ItemFindings.model_fields)
    before = [ItemFindings(**one.model_dump(include=kept)) for one in items]
    if error.slug not in commands.PROOF_LOST:
        return before
    fallen = {"standing": "self_asserted", "reason": error.slug, "trust": "unconfirmed"}
    return [one.model_copy(update=fallen) for one in before]


def _accepted(
    edge: Edge, person_id: UUID, district_id: UUID | None, items: Sequence[ItemFindings]
) -> list[UUID]:
    """What the district has accepted of these awards, in whatever record they came."""
    if district_id is None:
        return []
    wanted = {one.item_id for one in items}
    kept_id = edge.watch.meant.get(person_id, person_id)
    with edge.reading([EVERYTHING]) as connection:
        found = external_records.acceptances_of_person(connection, kept_id)
    return [
        one.acceptance_id
        for one in found
        if one.district_id == district_id and one.item_id in wanted
    ]


def _known_as(edge: Edge, person_id: UUID) -> Collection[str]:
    """Addresses, numbers and names by which she is known in any district."""
    details = edge.vault.get_details([person_id], None).get(person_id)
    return (details.email, details.employee_number, details.name) if details else ()


def _holder(award: Document, known: Collection[str]) -> Literal["matched", "unmatched", "unstated"]:
    found = names(award, known)
    if found is None:
        return "unstated"
    return "matched" if found else "unmatched"


def _issuer_hmac(edge: Edge, issuer_id: str) -> str:
    return f"hmac-sha256:{edge.vault.hashes.digest('external-issuer', issuer_id.encode()).hex()}"


def _day(instant: datetime, zone: str) -> date:
    try:
        return local_date(instant, zone)
    except OverflowError:  # the first instants there are, say, are in the year before in America
        raise RecordError(f"{instant} is on no day of the calendar in {zone}") from None


def _last_day(instant: datetime, zone: str) -> date:
    """Until when an award holds; the end of all days, which many write for never, is a day too."""
    try:
        return local_date(instant, zone)
    except OverflowError:
        return instant.date()
