"""Reviews of record: what was scored by assessors whose own award was revoked since.

What they scored stands. The issuer sees it listed, and whoever finds something wrong with one
revokes that award by a decision of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.events.assessor import AssessorQualified
from ledger.events.enrollment import Adjudicated, Scored
from projections.log import facts_at, facts_of
from projections.redirects import redirects
from projections.review_clock import ADJUDICATOR_SEAT
from projections.sql import blocks, rows
from projections.transcript import Line, lines_of

VIEWS = ("transcript", "history", "reviews")
_SQL = blocks("reviews_of_record")
_Own = Mapping[tuple[UUID, UUID], Line]  # the revoked award of an assessor of a micro-credential


@dataclass(frozen=True, slots=True)
class ReviewOfRecord:
    """One attempt as somebody scored it who has lost the award that let her."""

    position: int
    enrollment_id: UUID
    person_id: UUID  # whose attempt it is
    credential_id: UUID
    attempt: int
    seat: int
    scored_at: datetime
    status: str  # of the enrollment: what she scored stands until somebody decides otherwise
    assessor_id: UUID
    assessor_award_id: UUID
    revoked_on: date


def of_issuer(connection: Connection[Any], issuer_id: UUID, until: int) -> Sequence[ReviewOfRecord]:
    """All of an issuer as known at a position, in the order of the log.

    The connection has to be one that sees everything.
    """
    own = _revoked_assessors(connection, issuer_id, until)
    if not own:
        return []
    meant = redirects(connection)
    assessors = {assessor for assessor, _ in own}
    names = assessors.union(old for old, kept in meant.items() if kept in assessors)
    found = rows(
        connection,
        _SQL["scores"],
        credential_ids=list({credential for _, credential in own}),
        until=until,
        assessor_ids=list(names),
    )
    scores = facts_at(connection, [position for (position,) in found])
    enrollments = {event.originator_id for _, event in scores}
    lines = {
        one.enrollment_id: one for one in lines_of(facts_of(connection, [*enrollments], until))
    }
    return [
        _of_record(position, event, lines[event.originator_id], award)
        for position, event in scores
        if isinstance(event, Scored | Adjudicated)
        and (award := own.get(_key(event, lines[event.originator_id], meant)))
    ]


def _key(event: Scored | Adjudicated, line: Line, meant: Mapping[UUID, UUID]) -> tuple[UUID, UUID]:
    return meant.get(event.assessor_id, event.assessor_id), line.credential_id


def _revoked_assessors(connection: Connection[Any], issuer_id: UUID, until: int) -> _Own:
    """Who qualified at an issuer by an award that is revoked, as known at a position."""
    turned = rows(connection, _SQL["awards_turned"], issuer_id=issuer_id)
    if not turned:
        return {}
    awards = lines_of(facts_of(connection, [one for one, _ in turned], until))
    revoked = {one.enrollment_id: one for one in awards if one.revoked_on is not None}
    return _qualified_by(connection, revoked, {person for _, person in turned}, until)


def _qualified_by(
    connection: Connection[Any], awards: Mapping[UUID, Line], persons: Collection[UUID], until: int
) -> _Own:
    found = rows(connection, _SQL["assessor_streams"], person_ids=list(persons))
    return {
        (event.person_id, event.credential_id): awards[event.enrollment_id]
        for _, event in facts_of(connection, [stream for (stream,) in found], until)
        if isinstance(event, AssessorQualified) and event.enrollment_id in awards
    }


def _of_record(
    position: int, event: Scored | Adjudicated, line: Line, award: Line
) -> ReviewOfRecord:
    assert award.revoked_on is not None, "it is listed because it was revoked"
    return ReviewOfRecord(
        position=position,
        enrollment_id=line.enrollment_id,
        person_id=line.person_id,
        credential_id=line.credential_id,
        attempt=event.attempt,
        seat=ADJUDICATOR_SEAT if isinstance(event, Adjudicated) else event.seat,
        scored_at=event.occurred_at,
        status=line.status,
        assessor_id=award.person_id,
        assessor_award_id=award.enrollment_id,
        revoked_on=award.revoked_on,
    )
