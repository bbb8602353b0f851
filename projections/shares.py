"""Shares: what a person lets whom see, and what others let a district or an issuer see.

Whether one has expired is compared with a day when it is looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import UnionType
from typing import Any, ClassVar, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyShareEvent
from ledger.events.share import RecipientKind, ShareGranted, SharePart, ShareRevoked
from ledger.values import POSITION_MAX
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import Write, blocks, read, to_write

Relevant = AnyShareEvent
_SQL = blocks("shares")


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """One share. The secret of a link is not here, nor is its digest."""

    share_id: UUID
    person_id: UUID
    recipient_kind: RecipientKind
    district_id: UUID | None
    issuer_id: UUID | None
    recipient_text_id: UUID | None  # what she calls whoever has the link
    scope: list[SharePart]
    enrollment_ids: list[UUID]
    purpose: str
    zone: str
    expires_on: date
    granted_at: datetime
    granted_position: int
    revoked_at: datetime | None = None


class Shares(Projection[Relevant]):
    """Keeps `shares`."""

    name: ClassVar[str] = "shares"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("shares", seen_by=(Viewer.PERSON, Viewer.DISTRICT, Viewer.ISSUER)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        ids = list({fact.event.originator_id for fact in facts})
        known = {one.share_id: one for one in read(connection, Granted, _SQL["load"], ids=ids)}
        for position, event in facts:
            stream = event.originator_id
            match event:
                case ShareGranted():
                    known[stream] = _granted(event, position)
                case ShareRevoked():
                    known[stream] = replace(known[stream], revoked_at=event.occurred_at)
                case _:
                    assert_never(event)
        return to_write(_SQL["save"], rows=list(known.values()))


def of_person(
    connection: Connection[Any], person_id: UUID, *, before: int = POSITION_MAX, limit: int = 100
) -> list[Granted]:
    """A person's shares, the newest first; `before` is the last `granted_position` seen."""
    asked = {"person_id": person_id, "before": before, "limit": limit}
    return read(connection, Granted, _SQL["of_person"], **asked)


def with_recipient(
    connection: Connection[Any], recipient_id: UUID, *, before: int = POSITION_MAX, limit: int = 100
) -> list[Granted]:
    """What a district or an issuer may see and nobody has ended, the newest first."""
    asked = {"recipient_id": recipient_id, "before": before, "limit": limit}
    return read(connection, Granted, _SQL["with_recipient"], **asked)


def _granted(event: ShareGranted, position: int) -> Granted:
    kind = event.recipient_kind
    return Granted(
        share_id=event.originator_id,
        person_id=event.person_id,
        recipient_kind=kind,
        district_id=event.recipient_id if kind == "district" else None,
        issuer_id=event.recipient_id if kind == "issuer" else None,
        recipient_text_id=event.recipient.text_id if event.recipient else None,
        scope=list(event.scope),
        enrollment_ids=list(event.enrollment_ids),
        purpose=event.purpose,
        zone=event.zone,
        expires_on=event.expires_on,
        granted_at=event.occurred_at,
        granted_position=position,
    )
