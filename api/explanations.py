"""Why somebody was paid, or was not, from the board's minute to payroll's answer, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.events import LedgerEvent
from ledger.events.enrollment import (
    Adjudicated,
    Awarded,
    Enrolled,
    EnrollmentEvent,
    EvidenceUploaded,
    Recommended,
    Reinstated,
    Resubmitted,
    ReviewDecided,
    Revoked,
    Scored,
    Submitted,
)
from ledger.values import POSITION_MAX
from projections import batches, catalog, payouts
from projections.contract import Fact
from projections.log import facts_at, facts_of
from projections.payouts import Explanation

VIEWS = ("payouts", "batches", "catalog")
ADJUDICATOR = 3  # the seat whose scores stand where the first two disagree


@dataclass(frozen=True, slots=True)
class CriterionSeen:
    """The level that one assessor saw for one criterion, and whether that meets it."""

    criterion: str
    level: str
    met: bool


@dataclass(frozen=True, slots=True)
class Assessment:
    """One assessor's scores. By seat, for who it was is nobody's business here."""

    attempt: int
    seat: int  # 1 and 2 score independently, 3 adjudicates
    scored_at: datetime
    position: int
    scores: list[CriterionSeen]


@dataclass(frozen=True, slots=True)
class EvidenceDigest:
    """What the log holds of an artifact that was handed in: digests, never the file."""

    evidence_id: UUID
    kind: str
    media_type: str
    size_bytes: int
    ciphertext_sha256: str
    plaintext_commitment: str
    position: int


@dataclass(frozen=True, slots=True)
class AwardExplained:
    """One award that the payout rests on: how it was come by, with every date."""

    enrollment_id: UUID
    credential_id: UUID
    credential_version: int
    title: str | None
    enrolled_at: datetime | None
    submitted_on: date | None
    decided_on: date | None
    awarded_on: date | None
    expires_on: date | None
    revoked_on: date | None
    recommended: str | None
    decision: str | None
    assessments: list[Assessment]
    evidence: list[EvidenceDigest]  # of the attempt that was decided last
    positions: list[int]  # of the events of the enrollment


@dataclass(frozen=True, slots=True)
class LineExplained:
    """One attempt of a payroll line: its batch, and what payroll answered, as it stands now.

    Who made and approved the batch is left out for the teacher herself.
    """

    line: batches.Line
    batch_sha256: str | None  # of the frozen lines, as encrypted
    prepared_by: UUID | None
    approved_by: list[UUID]


@dataclass(frozen=True, slots=True)
class PayoutExplained(Explanation):
    """Everything that a payout follows from, and everything that came of it."""

    awards: list[AwardExplained]
    lines: list[LineExplained]


def explain(
    connection: Connection[Any],
    payout_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    names_staff: bool = True,
) -> PayoutExplained | None:
    """Everything about a payout as known at a position; null when there is none."""
    found = payouts.explain(connection, payout_id, effective_on=effective_on, as_of=as_of)
    if found is None:
        return None
    known = {one.name: getattr(found, one.name) for one in fields(Explanation)}
    about = facts_at(connection, found.payout.positions)
    enrollments = dict.fromkeys(
        fact.event.originator_id for fact in about if isinstance(fact.event, Awarded)
    )
    return PayoutExplained(
        **known,
        awards=[_award(connection, one, as_of) for one in enrollments],
        lines=_lines(connection, found.payout, as_of, names_staff=names_staff),
    )


def _award(connection: Connection[Any], enrollment_id: UUID, until: int) -> AwardExplained:
    facts = facts_of(connection, [enrollment_id], until)
    last = {type(fact.event): fact.event for fact in facts}
    awarded = last[Awarded]
    assert isinstance(awarded, Awarded), "it was asked for because it was awarded"
    key = (awarded.credential_id, awarded.credential_version)
    title = catalog.titles(connection, [key]).get(key)
    return AwardExplained(
        enrollment_id=enrollment_id,
        credential_id=awarded.credential_id,
        credential_version=awarded.credential_version,
        title=title.title if title else None,
        enrolled_at=_of(last, Enrolled, "occurred_at"),
        submitted_on=max(
            (
                fact.event.submitted_on
                for fact in facts
                if isinstance(fact.event, Submitted | Resubmitted)
            ),
            default=None,
        ),
        decided_on=_of(last, ReviewDecided, "decided_on"),
        awarded_on=awarded.awarded_on,
        expires_on=awarded.expires_on,
        revoked_on=_revoked_on(facts),
        recommended=_of(last, Recommended, "outcome"),
        decision=_of(last, ReviewDecided, "decision"),
        assessments=[one for fact in facts if (one := _assessment(fact)) is not None],
        evidence=_evidence(facts),
        positions=[fact.position for fact in facts],
    )


def _of(last: Mapping[Any, LedgerEvent], kind: type[EnrollmentEvent], name: str) -> Any:
    event = last.get(kind)
    return None if event is None else getattr(event, name)


def _revoked_on(facts: Sequence[Fact[LedgerEvent]]) -> date | None:
    turns = [fact.event for fact in facts if isinstance(fact.event, Revoked | Reinstated)]
    return turns[-1].effective_on if turns and isinstance(turns[-1], Revoked) else None


def _assessment(fact: Fact[LedgerEvent]) -> Assessment | None:
    event = fact.event
    if not isinstance(event, Scored | Adjudicated):
        return None
    return Assessment(
        attempt=event.attempt,
        seat=event.seat if isinstance(event, Scored) else ADJUDICATOR,
        scored_at=event.occurred_at,
        position=fact.position,
        scores=[CriterionSeen(one.criterion, one.level, one.met) for one in event.scores],
    )


def _evidence(facts: Sequence[Fact[LedgerEvent]]) -> list[EvidenceDigest]:
    handed_in = [
        fact.event.evidence_ids for fact in facts if isinstance(fact.event, Submitted | Resubmitted)
    ]
    wanted = set(handed_in[-1]) if handed_in else set()
    return [
        EvidenceDigest(
            evidence_id=event.evidence_id,
            kind=event.kind,
            media_type=event.media_type,
            size_bytes=event.size_bytes,
            ciphertext_sha256=event.ciphertext_sha256,
            plaintext_commitment=event.plaintext_commitment,
            position=position,
        )
        for position, event in facts
        if isinstance(event, EvidenceUploaded) and event.evidence_id in wanted
    ]


def _lines(
    connection: Connection[Any], payout: payouts.Payout, as_of: int, *, names_staff: bool
) -> list[LineExplained]:
    """Every attempt of every line; of an earlier position those that were closed by then."""
    found = batches.lines_for_person(connection, payout.person_id, payout.district_id)
    explained = []
    for line in found:
        closed = as_of >= POSITION_MAX or (line.closed_position or POSITION_MAX) <= as_of
        if line.entitlement_id != payout.payout_id or not closed:
            continue
        batch = batches.find(connection, line.batch_id)
        staff = batch if names_staff else None
        explained.append(
            LineExplained(
                line=line,
                batch_sha256=batch.file["ciphertext_sha256"] if batch and batch.file else None,
                prepared_by=staff.prepared_by if staff else None,
                approved_by=staff.approved_by if staff else [],
            )
        )
    return explained
