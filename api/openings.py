"""What earlier systems said of somebody, as far as a caller may see it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from api.access import Sight
from api.transcripts import Origin, ShownLine
from ledger.events import LedgerEvent
from ledger.events.opening import OpeningAward, OpeningRecorded
from ledger.values import local_date
from projections import history
from projections.contract import Fact


def opening_records(
    connection: Connection[Any], person_id: UUID, sight: Sight, *, until: int
) -> list[Fact[OpeningRecorded]]:
    """Records of a person up to a position: all of them, or those of the caller's districts."""
    found = of_openings(history.events_of(connection, person_id, "opening", until=until))
    return [fact for fact in found if sight.of_districts({fact.event.district_id})]


def of_openings(facts: Iterable[Fact[LedgerEvent]]) -> Iterator[Fact[OpeningRecorded]]:
    """Those facts that are opening records."""
    for position, event in facts:
        if isinstance(event, OpeningRecorded):
            yield Fact(position, event)


def brought_lines(
    records: Iterable[Fact[OpeningRecorded]], at: datetime, effective_on: date | None
) -> Iterator[ShownLine]:
    """Awards among records, as lines of a transcript; units and payments are none."""
    for position, event in records:
        if isinstance(event.entry, OpeningAward):
            day = effective_on or local_date(at, event.zone)
            yield _line(position, event, event.entry, day)


def _line(position: int, event: OpeningRecorded, entry: OpeningAward, day: date) -> ShownLine:
    expired = entry.expires_on is not None and entry.expires_on <= day
    return ShownLine(
        enrollment_id=event.originator_id,
        credential_id=entry.credential_id,
        credential_version=None,
        title=entry.title,
        tier=None,
        issuer_id=None,
        issuer_name=entry.issuer,
        cycle=1,
        renews_enrollment_id=None,
        enrolled_at=event.occurred_at,
        status="expired" if expired else "awarded",
        in_force=not expired and entry.earned_on <= day,
        attempts=[],
        appeal=None,
        zone=event.zone,
        decided_on=None,
        awarded_on=entry.earned_on,
        expires_on=entry.expires_on,
        revoked_on=None,
        reason=None,
        positions=[position],
        duplicate_of=None,
        origin=Origin(**{one.name: getattr(event, one.name) for one in fields(Origin)}),
    )
