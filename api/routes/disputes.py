"""Disputes: a teacher says that a record is wrong, and its office has thirty days to answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Response
from pydantic import Field

from api.access import must_be, must_see_district, must_see_queue
from api.access_shares import must_answer_dispute
from api.answers import ListOf, answer_all, recorded
from api.disclosures import shows
from api.paging import PageOf
from api.reading import (
    WITHOUT_ZONE,
    KnownPageQuery,
    KnownQuery,
    KnownReadNow,
    Read,
    reading,
    zone_of_person,
)
from api.routing import Router
from api.words import words_about
from api.writing import WriteNow
from ledger.aggregates.dispute import Dispute as Stream
from ledger.aggregates.issuer import Issuer
from ledger.aggregates.organization import Organization
from ledger.commands import dispute as commands
from ledger.events.dispute import DisputedKind, DisputeOutcome
from ledger.values import Slug, Text, Value, VaultText
from projections import disputes, known
from projections.disputes import Dispute, Stage
from projections.sql import NO_ID

router = Router("disputes")
STATEMENT, ANSWER, REBUTTAL = "dispute-statement", "dispute-answer", "dispute-rebuttal"


class NewDispute(Value):
    """Which record is wrong, and why, in her words."""

    about: DisputedKind
    subject_id: UUID  # of an award or a line the enrollment, else the acceptance
    statement: Text


class DisputeAnswer(Value):
    """What the office makes of it: the record stands, it was wrong, or it is no matter of ours."""

    outcome: DisputeOutcome
    reason: Slug
    words: Text | None = None


class Rebuttal(Value):
    """Her words, which are printed with the record from now on."""

    rebuttal: Text


class QueueQuery(KnownPageQuery):
    """What waits for an answer, or everything."""

    state: Annotated[Literal["open", "all"], Field(description="open: not answered yet")] = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeView:
    """One dispute. Words that were erased are null."""

    dispute_id: UUID
    version: int
    person_id: UUID
    about: DisputedKind
    subject_id: UUID
    number: int
    issuer_id: UUID | None
    district_id: UUID | None
    stage: Stage
    zone: str
    opened_on: date
    due_on: date  # the last day on which an answer is in time
    overdue: bool
    statement: str | None
    outcome: DisputeOutcome | None
    reason: str | None
    words: str | None
    answered_on: date | None
    rebuttal: str | None


@router.write("/people/{person_id}/disputes")
def open_dispute(person_id: UUID, body: NewDispute, write: WriteNow) -> Response:
    """Say that a record of yours is wrong. Its office has thirty days to answer."""
    must_be(write.caller, person_id)
    statement = _kept(write.keep(person_id, STATEMENT, body.statement))
    receipt = write.run(commands.open_dispute, body, person_id=person_id, statement=statement)
    return recorded(receipt)


@router.write("/disputes/{dispute_id}/answers")
def answer_dispute(dispute_id: UUID, body: DisputeAnswer, write: WriteNow) -> Response:
    """Answer, once, for the issuer or the district whose record it is."""
    dispute = write.edge.ledger.get(Stream, dispute_id)
    must_answer_dispute(write.caller, dispute)
    words = write.keep(_kept_for(write, dispute), ANSWER, body.words)
    return recorded(write.run(commands.answer_dispute, body, dispute_id=dispute_id, words=words))


@router.write("/disputes/{dispute_id}/rebuttals")
def rebut(dispute_id: UUID, body: Rebuttal, write: WriteNow) -> Response:
    """Have your words printed with the record, in every form that shows it."""
    dispute = write.edge.ledger.get(Stream, dispute_id)
    must_be(write.caller, dispute.person_id)
    said = _kept(write.keep(_kept_for(write, dispute), REBUTTAL, body.rebuttal))
    return recorded(write.run(commands.rebut, body, dispute_id=dispute_id, rebuttal=said))


@router.write("/disputes/{dispute_id}/withdrawals")
def withdraw_dispute(dispute_id: UUID, write: WriteNow) -> Response:
    """Take a dispute back; what was printed for it goes with it."""
    must_be(write.caller, write.edge.ledger.get(Stream, dispute_id).person_id)
    return recorded(write.run(commands.withdraw_dispute, dispute_id=dispute_id))


@router.read("/people/{person_id}/disputes", ListOf[DisputeView])
def list_disputes(person_id: UUID, read: KnownReadNow) -> Response:
    """Which of your records you dispute, the newest first, and what was answered."""
    must_be(read.caller, person_id)
    with read.connection(person_id) as connection:
        position = read.visible("disputes")
        zone = zone_of_person(connection, person_id)
        as_of = read.known(connection, read.query.as_of, zone, "disputes")
        with known.disputes_of_person(connection, person_id, as_of):
            found = disputes.of_person(connection, person_id)
    return answer_all(_shown(read, found), min(as_of, position))


@router.read("/issuers/{issuer_id}/disputes", PageOf[DisputeView])
def list_disputes_of_issuer(
    issuer_id: UUID, read: Annotated[Read[QueueQuery], Depends(reading(QueueQuery))]
) -> Response:
    """What an issuer has to answer, the first due first."""
    must_see_queue(read.caller, issuer_id)
    issuer = read.edge.ledger.find(Issuer, issuer_id)
    return _queue(read, issuer_id, issuer.zone if issuer else WITHOUT_ZONE)


@router.read("/districts/{district_id}/disputes", PageOf[DisputeView])
def list_disputes_of_district(
    district_id: UUID, read: Annotated[Read[QueueQuery], Depends(reading(QueueQuery))]
) -> Response:
    """What a district has to answer, the first due first."""
    must_see_district(read.caller, district_id)
    return _queue(read, district_id, read.edge.ledger.get(Organization, district_id).zone)


def _queue(read: Read[QueueQuery], office_id: UUID, zone: str) -> Response:
    with read.connection() as connection:
        position = read.visible("disputes")
        as_of = read.known(connection, read.query.as_of, zone, "disputes")
        with known.disputes_of_office(connection, office_id, as_of):
            found = disputes.queue(
                connection,
                office_id,
                open_only=read.query.state == "open",
                after=read.page.after(tuple[date, UUID], (date.min, NO_ID)),
                limit=read.page.limit,
            )
    shows(read, "disputes", {one.person_id for one in found}, within=[office_id])
    key = (found[-1].due_on, found[-1].dispute_id) if found else None
    return read.page.answer(_shown(read, found), min(as_of, position), key=key)


def _shown(read: Read[Any], found: Sequence[Dispute]) -> list[DisputeView]:
    words: dict[UUID, str] = {}
    for person_id in {one.person_id for one in found}:
        own = [one for one in found if one.person_id == person_id]
        asked = [said for one in own for said in (one.statement_id, one.words_id, one.rebuttal_id)]
        words |= words_about(read.edge, person_id, asked)
    return [_view(one, read, words) for one in found]


def _view(one: Dispute, read: Read[Any], words: Mapping[UUID, str]) -> DisputeView:
    assert isinstance(read.query, KnownQuery | KnownPageQuery), (
        "whether it is late is asked of a day"
    )
    return DisputeView(
        dispute_id=one.dispute_id,
        version=one.version,
        person_id=one.person_id,
        about=one.about,
        subject_id=one.subject_id,
        number=one.number,
        issuer_id=one.issuer_id,
        district_id=one.district_id,
        stage=one.stage,
        zone=one.zone,
        opened_on=one.opened_on,
        due_on=one.due_on,
        overdue=one.stage == "open" and one.due_on < read.day(one.zone, read.query.effective_on),
        statement=words.get(one.statement_id),
        outcome=one.outcome,
        reason=one.reason,
        words=words.get(one.words_id) if one.words_id else None,
        answered_on=one.answered_on,
        rebuttal=words.get(one.rebuttal_id) if one.rebuttal_id else None,
    )


def _kept(text: VaultText | None) -> VaultText:
    assert text is not None, "words were given"
    return text


def _kept_for(write: WriteNow, dispute: Stream) -> UUID:
    """Whose words they are now, should her record have been merged since."""
    return write.caller.meant(dispute.person_id)
