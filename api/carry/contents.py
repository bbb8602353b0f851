"""What goes into the bundle of one person, gathered from the views, the log and the vault.

Whatever is made here is made from what the log says up to the newest event of hers, and dated by
it. So the same record gives the same bytes, whenever it is asked for; only the status lists and the
checkpoint are of the moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from api.carry.brought import Brought, brought, newest_positions, read_brought
from api.carry.receipts import Receipts, receipts_of
from api.dispute_notes import notes_on
from api.edge import Edge
from api.reading import zone_of_person
from api.record_addresses import Addresses, addresses_of
from api.record_signing import document_of, signer_of
from api.status_lists import StatusLists
from api.transcripts import LINES_MAX, ShownLine, shown
from ledger.errors import NotFoundError
from ledger.events.stack import Group
from ledger.record_vault import Kept, RecordVault
from ledger.records.awards import Issuer
from ledger.records.documents import Document
from ledger.records.transcripts import (
    Stack,
    Transcript,
    learner_record,
    requirement_in_words,
)
from ledger.rules.stacks import credential_ids
from ledger.seal.leaves import EPOCH, MICROSECOND
from ledger.seal.reads import SealReads
from ledger.values import local_date
from projections import disputes, records, stacks, transcript
from projections.records import Award

VIEWS = (
    "records",
    "transcript",
    "stacks",
    "employments",
    "disputes",
    "history",
    "external_records",
)
LEDGER_NAME = "Micro-credential ledger"
PAGE = 200


@dataclass(frozen=True, slots=True)
class CarriedAward:
    """One award as its issuer signed it, and receipts for every event that led to it."""

    title: str
    issuer_name: str
    document: Document
    token: str
    receipts: Receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything of a bundle, as of a position of the log."""

    holder: str | None  # what she is called; null once nobody may know
    position: int
    as_of: date  # the day of that position, where she works
    host: str
    lines: tuple[ShownLine, ...]
    awards: tuple[CarriedAward, ...]
    brought: Brought
    learner_record: Document | None  # signed; null where she has no award that could be inside
    issuers: tuple[Document, ...]
    lists: tuple[Document, ...]
    checkpoint: str | None


def gather(edge: Edge, person_id: UUID, at: datetime, made: StatusLists) -> Contents:
    """The contents of a person's bundle, with the status lists that this process has signed.

    Raises NotFoundError when the ledger has nothing of her, ErasedError when it was forgotten.
    """
    addresses = addresses_of(edge.settings)
    with edge.reading([person_id]) as connection:
        lines = transcript.of_person(connection, person_id, limit=LINES_MAX)
        along = read_brought(connection, person_id)
        if not (lines or along.openings or along.received):
            why = "she has not enrolled for anything, and has brought nothing along"
            raise NotFoundError(f"there is nothing to carry: {why}")
        found = _awards(connection, person_id)
        zone = zone_of_person(connection, person_id)
        disputed = disputes.of_person(connection, person_id)
        newest = [line.positions[-1] for line in lines]
        newest += [one.positions[-1] for one in disputed]
        newest += [one.issued_position or 0 for one in found]
        newest += newest_positions(along)
        position = max(newest)
        notes = notes_on(edge, connection, person_id)
        recorded_at = _recorded_at(connection, position)
        receipts = receipts_of(
            connection, {one.enrollment_id: _streams(one) for one in found}, position
        )
        came = brought(edge, connection, along, position)
        stacked = _stacks(connection, person_id, found, addresses, local_date(recorded_at, zone))
        sealed = SealReads(connection).newest_checkpoint()
    told = tuple(shown(line, recorded_at, None, notes=notes) for line in lines)
    vault = RecordVault(edge.vault)
    kept = vault.open_all([one.issue for one in found], person_id=person_id)
    titles = {line.enrollment_id: (line.title or "", line.issuer_name or "") for line in lines}
    return Contents(
        holder=_holder(edge, person_id),
        position=position,
        as_of=local_date(recorded_at, zone),
        host=addresses.host,
        lines=told,
        awards=tuple(
            CarriedAward(
                *titles[one.enrollment_id], file.document, file.token, receipts[one.enrollment_id]
            )
            for one, file in zip(found, kept, strict=True)
        ),
        brought=came,
        learner_record=_learner_record(
            edge, person_id, kept, stacked, recorded_at, disputed=tuple(disputed_in_words(told))
        ),
        issuers=_issuers(edge, found),
        lists=_lists(edge, found, at, made),
        checkpoint=sealed[1] if sealed else None,
    )


def disputed_in_words(lines: Iterable[ShownLine]) -> Iterator[str]:
    """What she says is wrong, beside the records it is about; as text, whatever it holds."""
    for line in lines:
        for note in line.disputes:
            yield f"{line.title}: {note.in_words()}"
            yield from (f"  In her words: {one}" for one in (note.rebuttal or "").splitlines())


def _awards(connection: Connection[Any], person_id: UUID) -> list[Award]:
    """Every award of hers that has a record, in the order of the log."""
    found: list[Award] = []
    while True:
        after = found[-1].awarded_position if found else 0
        page = records.of_person(connection, person_id, after=after, limit=PAGE)
        found += page
        if len(page) < PAGE:
            return found


def _recorded_at(connection: Connection[Any], position: int) -> datetime:
    [row] = SealReads(connection).rows(position, position)
    return EPOCH + row.recorded_us * MICROSECOND


def _streams(award: Award) -> list[UUID]:
    """Where everything happened that led to an award and its record."""
    return [award.enrollment_id, *([award.record_id] if award.record_id else [])]


def _holder(edge: Edge, person_id: UUID) -> str | None:
    details = edge.vault.get_details([person_id], None).get(person_id)
    return details.name if details else None


def _learner_record(
    edge: Edge,
    person_id: UUID,
    kept: Sequence[Kept],
    stacked: tuple[Stack, ...],
    at: datetime,
    *,
    disputed: tuple[str, ...],
) -> Document | None:
    """The transcript that the ledger signs; its ids follow from the person and tell nothing."""
    if not kept:
        return None
    addresses, signer = addresses_of(edge.settings), signer_of(edge, None, at)
    unsigned = learner_record(
        Transcript(
            record_url=addresses.record(_hidden(edge, b"transcript", person_id)),
            issuer=Issuer(signer.issuer_id, LEDGER_NAME, addresses.base),
            subject_id=f"urn:uuid:{_hidden(edge, b'subject', person_id)}",
            valid_from=at,
            awards=tuple(one.document for one in kept),
            partial=False,
            stacks=stacked,
            disputed=disputed,
        )
    )
    return signer.signed(unsigned, at)


def _hidden(edge: Edge, purpose: bytes, person_id: UUID) -> UUID:
    """An id that is the same each time, and that nobody without the vault can lead back to her."""
    return UUID(bytes=edge.vault.body_hash(purpose + b"\n" + person_id.bytes)[:16], version=4)


def _stacks(
    connection: Connection[Any],
    person_id: UUID,
    awards: Sequence[Award],
    addresses: Addresses,
    day: date,
) -> tuple[Stack, ...]:
    """The stacks that she has begun, each by its newest definition."""
    begun = {
        (line.stack_id, line.stack_version)
        for line in stacks.of_person(connection, person_id, effective_on=day)
    }
    found = []
    for one in stacks.definitions(connection, {stack_id for stack_id, _ in begun}):
        if (one.stack_id, one.stack_version) in begun:
            asked = Group.model_validate(one.requirement)
            named = credential_ids(asked, one.capstone_credential_id)
            parts = (
                addresses.achievement(each.issuer_id, each.credential_id, each.credential_version)
                for each in awards
                if each.credential_id in named
            )
            found.append(stack_of(one, addresses, tuple(parts)))
    return tuple(found)


def stack_of(one: stacks.Definition, addresses: Addresses, parts: tuple[str, ...]) -> Stack:
    """One version of a stack as records state it; `parts` are achievements of awards."""
    return Stack(
        achievement_url=addresses.stack(one.issuer_id, one.stack_id, one.stack_version),
        name=one.title,
        description=f"A stack of micro-credentials: {one.title}.",
        requirement=requirement_in_words(Group.model_validate(one.requirement)),
        parts=parts,
    )


def _issuers(edge: Edge, awards: Sequence[Award]) -> tuple[Document, ...]:
    """The DID documents of everybody who signed something in it, the ledger's own first."""
    ids: list[UUID | None] = [None, *sorted({one.issuer_id for one in awards})] if awards else []
    found = [document_of(edge, one) for one in ids]
    return tuple(one for one in found if one is not None)


def _lists(
    edge: Edge, awards: Sequence[Award], at: datetime, made: StatusLists
) -> tuple[Document, ...]:
    """The status lists that the awards name, as of now."""
    named = {(one.issuer_id, one.list_number) for one in awards if one.list_number is not None}
    return tuple(made.find(edge, *one, at).document for one in sorted(named))
