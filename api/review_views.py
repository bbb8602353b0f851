"""What of a review each party to it is shown. An assessor is not told whose work it is.

Scores stay hidden until both assessors have scored, from everybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from api.access import Party
from api.caller import Caller
from api.edge import Edge
from api.reading import Read
from api.words import words_about
from ledger.aggregates.enrollment_state import ADJUDICATOR_SEAT, EnrollmentState
from ledger.events.enrollment import (
    Adjudicated,
    AppealOpened,
    AssessorRecused,
    CriteriaRemarked,
    CriterionRemark,
    CriterionResult,
    Resubmitted,
    ReviewDecided,
    Scored,
    SubmissionReturned,
    Submitted,
)
from ledger.values import VaultText, local_date
from projections.log import recorded
from projections.review_clock import Actor, Review, State
from projections.review_clock import Seat as KnownSeat
from projections.sql import NO_ID

INDEPENDENT_SEATS = {1, 2}
NOBODY: Mapping[UUID, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """A place at the review; `passed` names the criteria met."""

    seat: int
    assessor_id: UUID
    lapses_on: date
    scored: bool
    passed: list[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """An artifact of the enrollment. It is downloaded by its id."""

    evidence_id: UUID
    kind: str
    media_type: str
    size_bytes: int
    contains_students: bool
    created_on: date | None
    erased: bool  # it was there, and was destroyed
    others_with_it: int | None  # how many handed in the same file, for whoever judges to weigh


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewView:
    """Where an enrollment stands. What is hidden from the caller is null or empty.

    Evidence and her own words are shown of one enrollment by itself, and in no list.
    """

    enrollment_id: UUID
    credential_id: UUID
    credential_version: int
    issuer_id: UUID
    person_id: UUID | None
    state: State
    attempt: int
    acts_next: Actor
    appeal_open: bool
    submitted_on: date | None
    due_on: date | None  # by the issuer's business days
    overdue: bool
    zone: str | None
    seats: list[Seat]
    evidence: list[Evidence]
    reflection: str | None  # what she wrote to the newest attempt
    statement: str | None  # what she said to her newest appeal; an assessor is not shown it


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of one attempt, and what the teacher is told. No names."""

    attempt: int
    decision: Literal["award", "not_yet", "integrity_hold", "returned"]
    decided_on: date | None
    results: list[CriterionResult]
    reasons: list[str]
    feedback: list[str]
    remarks: list[Remarks]


@dataclass(frozen=True, slots=True)
class Remarks:
    """What was said to her of one criterion, in the order in which it was written."""

    criterion: str
    words: list[str]


def view(
    review: Review,
    party: Party,
    read: Read[Any],
    enrollment: EnrollmentState | None = None,
    others: Mapping[UUID, int] = NOBODY,
) -> ReviewView:
    """One review as a party to it may see it; of `others` see `others_with_files`."""
    due_on, zone = review.due_on, review.zone or "UTC"
    reflection, statement = _hers(read.edge, enrollment) if enrollment else (None, None)
    return ReviewView(
        enrollment_id=review.enrollment_id,
        credential_id=review.credential_id,
        credential_version=review.credential_version,
        issuer_id=review.issuer_id,
        person_id=None if party == "assessor" else review.person_id,
        state=review.state,
        attempt=review.attempt,
        acts_next=review.acts_next,
        appeal_open=review.appeal_open,
        submitted_on=review.submitted_on,
        due_on=due_on,
        overdue=due_on is not None and due_on < local_date(read.at, zone),
        zone=review.zone,
        seats=[] if party == "teacher" else _seats(review.seats, party, read.caller),
        evidence=_evidence(read.edge, enrollment, party, others) if enrollment else [],
        reflection=reflection,
        statement=None if party == "assessor" else statement,
    )


def _seats(seats: Sequence[KnownSeat], party: Party, caller: Caller) -> list[Seat]:
    """An approver sees all seats, an assessor her own."""
    scored = {seat["seat"] for seat in seats if seat["passed"] is not None}
    revealed = scored >= INDEPENDENT_SEATS
    return [
        Seat(
            seat=seat["seat"],
            assessor_id=UUID(seat["assessor_id"]),
            lapses_on=date.fromisoformat(seat["lapses_on"]),
            scored=seat["seat"] in scored,
            passed=seat["passed"] if revealed else None,
        )
        for seat in seats
        if party == "approver" or caller.is_person(UUID(seat["assessor_id"]))
    ]


def others_with_files(
    connection: Connection[Any], same: Collection[tuple[UUID, UUID, UUID]], until: int
) -> dict[UUID, int]:
    """By file, how many others had handed in the same one by a position.

    `same` is what the vault has found: file, person, and the command that uploaded hers.
    """
    known = recorded(connection, {upload_id for _, _, upload_id in same}, until)
    pairs = {(file, person_id) for file, person_id, upload_id in same if upload_id in known}
    return Counter(file for file, _ in pairs)


def _evidence(
    edge: Edge, enrollment: EnrollmentState, party: Party, others: Mapping[UUID, int]
) -> list[Evidence]:
    """The artifacts; those that were never handed in are the teacher's alone to see."""
    erased = edge.vault.erased([artifact.evidence_id for artifact in enrollment.artifacts])
    return [
        Evidence(
            evidence_id=artifact.evidence_id,
            kind=artifact.kind,
            media_type=artifact.media_type,
            size_bytes=artifact.size_bytes,
            contains_students=artifact.contains_students,
            created_on=artifact.created_on,
            erased=artifact.evidence_id in erased,
            others_with_it=None if party == "teacher" else others.get(artifact.evidence_id, 0),
        )
        for artifact in enrollment.artifacts
        if party == "teacher" or artifact.evidence_id in enrollment.submitted_ids
    ]


def _hers(edge: Edge, enrollment: EnrollmentState) -> tuple[str | None, str | None]:
    """What she wrote to the newest attempt and the newest appeal; null where that was erased."""
    reflection = statement = NO_ID
    for event in edge.ledger.events.get(enrollment.id, lte=enrollment.version):
        match event:
            case Submitted(reflection=words) | Resubmitted(reflection=words):
                reflection = words.text_id if words else NO_ID
            case AppealOpened(statement=words):
                statement = words.text_id if words else NO_ID
            case _:
                pass
    found = words_about(edge, enrollment.person_id, {reflection, statement} - {NO_ID})
    return found.get(reflection), found.get(statement)


@dataclass(slots=True)
class _Said:
    """What was said to her for a decision to come, in the order in which it was written.

    Of a seat that is empty again, for a tie or after a return, the words count as little as the
    scores, and she is told neither.
    """

    by_seat: dict[int, tuple[list[UUID], Sequence[CriterionRemark]]] = field(default_factory=dict)
    remarked: Sequence[CriterionRemark] = ()  # ahead of the scores that they came with

    def hear(self, event: object) -> None:
        match event:
            case CriteriaRemarked(remarks=remarks):
                self.remarked = remarks
            case Scored(seat=seat, feedback=words):
                self._hear(seat, words)
            case Adjudicated(feedback=words):
                self._hear(ADJUDICATOR_SEAT, words)
            case AssessorRecused(seat=seat):
                self.by_seat.pop(seat, None)
            case _:
                pass

    def _hear(self, seat: int, words: VaultText | None) -> None:
        self.by_seat[seat] = ([words.text_id] if words else [], self.remarked)
        self.remarked = ()


def decisions_of(edge: Edge, enrollment_id: UUID, *, until: int | None = None) -> list[Decision]:
    """What was decided on each attempt up to a version, oldest first, and what was said to it."""
    decisions: list[Decision] = []
    said = _Said()
    for event in edge.ledger.events.get(enrollment_id, lte=until):
        match event:
            case ReviewDecided():
                decisions.append(_decided(edge, event, said))
                said = _Said()
            case SubmissionReturned():
                decisions.append(_returned(edge, event))
                said = _Said()
            case _:
                said.hear(event)
    return decisions


def _decided(edge: Edge, event: ReviewDecided, said: _Said) -> Decision:
    feedback = list(chain.from_iterable(words for words, _ in said.by_seat.values()))
    remarks = list(chain.from_iterable(remarks for _, remarks in said.by_seat.values()))
    feedback += [event.feedback.text_id] if event.feedback else []
    return Decision(
        attempt=event.attempt,
        decision=event.decision,
        decided_on=event.decided_on,
        results=list(event.results),
        reasons=[event.reason] if event.reason else [],
        feedback=_words(edge, event.person_id, feedback),
        remarks=_remarks(edge, event.person_id, [*remarks, *said.remarked]),
    )


def _returned(edge: Edge, event: SubmissionReturned) -> Decision:
    note = [event.note.text_id] if event.note else []
    return Decision(
        attempt=event.attempt,
        decision="returned",
        decided_on=None,
        results=[],
        reasons=list(event.reasons),
        feedback=_words(edge, event.person_id, note),
        remarks=[],
    )


def _remarks(edge: Edge, person_id: UUID, said: Sequence[CriterionRemark]) -> list[Remarks]:
    """By criterion, in the order in which the first was spoken of; what was erased is left out."""
    by_criterion: dict[str, list[UUID]] = {}
    for one in said:
        by_criterion.setdefault(one.criterion, []).append(one.words.text_id)
    found = {name: _words(edge, person_id, ids) for name, ids in by_criterion.items()}
    return [Remarks(name, words) for name, words in found.items() if words]


def _words(edge: Edge, person_id: UUID, text_ids: Sequence[UUID]) -> list[str]:
    """The texts in the order they were written; a text that was erased is left out."""
    found = edge.vault.get_texts(text_ids, about=person_id)
    return [found[text_id] for text_id in text_ids if text_id in found]
