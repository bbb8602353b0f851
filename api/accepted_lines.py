"""Awards from elsewhere on a transcript: those that a district accepted, said as what they are.

They stand among her lines, for she earned them, and count for licenses by the district's decision.
Nothing is ever paid for one: pay follows from awards of this ledger alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from api.access import Sight
from api.dispute_notes import Notes
from api.edge import Edge
from api.external_records import ShownItem, shown, visible
from api.transcripts import Accepted, ShownLine
from ledger.values import local_date
from projections import external_records, known
from projections.external_records import Accepted as Decision
from projections.external_records import ReceivedRecord

ELSEWHERE: Final = "external_records"  # the view that has to be seen for it


def accepted_lines(
    edge: Edge,
    connection: Connection[Any],
    person_id: UUID,
    sight: Sight,
    notes: Notes,
    *,
    until: int,
    at: datetime,
    effective_on: date | None,
) -> Iterator[ShownLine]:
    """What districts accepted of her records, as known at a position, as it stands on a day."""
    with known.received_by_person(connection, person_id, until):
        records = visible(external_records.of_person(connection, person_id), sight)
        decided = external_records.acceptances_of_person(connection, person_id)
    accepted = {(one.record_id, one.item_id): one for one in decided if one.outcome != "declined"}
    for record, found in zip(records, shown(edge, records, decided), strict=True):
        for item in found.items:
            decision = accepted.get((record.record_id, item.item_id))
            if decision is not None:
                day = effective_on or local_date(at, record.zone)
                yield _line(record, item, decision, notes, day)


def _line(
    record: ReceivedRecord, item: ShownItem, decision: Decision, notes: Notes, day: date
) -> ShownLine:
    expires_on = item.expires_on
    expired = expires_on is not None and expires_on <= day
    revoked = item.status == "revoked"
    return ShownLine(
        enrollment_id=decision.acceptance_id,
        credential_id=None,
        credential_version=None,
        title=item.title,
        tier=None,
        issuer_id=None,
        issuer_name=item.issuer_name,
        cycle=1,
        renews_enrollment_id=None,
        enrolled_at=record.received_at,
        status="revoked" if revoked else "expired" if expired else "awarded",
        in_force=not (revoked or expired) and item.earned_on <= day,
        attempts=[],
        appeal=None,
        zone=record.zone,
        decided_on=local_date(decision.decided_at, record.zone),
        awarded_on=item.earned_on,
        expires_on=expires_on,
        revoked_on=None,
        reason=decision.reason,
        positions=decision.positions,
        duplicate_of=None,
        disputes=notes.get(decision.acceptance_id, []),
        origin=None,
        accepted=Accepted(
            district_id=decision.district_id,
            external_record_id=record.record_id,
            item_id=item.item_id,
            standing=item.standing,
            trust=item.trust,
            outcome=decision.outcome,
            kind=decision.kind,
            quantity_hundredths=decision.quantity_hundredths,
            category=decision.category,
            under_review_from=decision.under_review_from,
            pay="never",
        ),
    )
