"""Consents to be found: which districts may find whom, and until when.

Whether one has expired is compared with a day when somebody looks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import UnionType
from typing import Any, ClassVar, Final, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyConsentEvent
from ledger.events.consent import ConsentToBeFoundGiven, ConsentToBeFoundWithdrawn
from ledger.values import local_date, stream_id
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import Write, blocks, read, rows, to_write

Relevant = AnyConsentEvent
ANY_DISTRICT: Final = stream_id("any-district")  # in the column that says who may be shown a row
_SQL = blocks("consents")


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One consent as it stands."""

    consent_id: UUID
    person_id: UUID
    district_id: UUID  # ANY_DISTRICT where she named none
    zone: str
    expires_on: date
    given_at: datetime
    given_position: int
    withdrawn_at: datetime | None = None
    version: int


class Consents(Projection[Relevant]):
    """Keeps `consents`."""

    name: ClassVar[str] = "consents"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("consents", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        ids = list({fact.event.originator_id for fact in facts})
        known = {one.consent_id: one for one in read(connection, Consent, _SQL["load"], ids=ids)}
        for position, event in facts:
            stream = event.originator_id
            match event:
                case ConsentToBeFoundGiven():
                    known[stream] = _given(event, position)
                case ConsentToBeFoundWithdrawn():
                    known[stream] = replace(
                        known[stream],
                        withdrawn_at=event.occurred_at,
                        version=event.originator_version,
                    )
                case _:
                    assert_never(event)
        return to_write(_SQL["save"], rows=list(known.values()))


def of_person(connection: Connection[Any], person_id: UUID) -> list[Consent]:
    """A person's consents, the newest first."""
    return read(connection, Consent, _SQL["of_person"], person_id=person_id)


def standing(
    connection: Connection[Any], district_id: UUID, at: datetime, *, after: UUID, limit: int
) -> tuple[UUID | None, list[UUID]]:
    """Whom a district may find at an instant, in the order of their ids; `after` is the last seen.

    Answers the last person looked at, or null where there is none any more, and who may be found.
    The connection has to be scoped to the district and to ANY_DISTRICT.
    """
    asked = {"district_ids": [district_id, ANY_DISTRICT], "after": after, "limit": limit}
    given = rows(connection, _SQL["given"], **asked)
    stand = [
        person_id
        for person_id, zones, days in given
        if any(local_date(at, zone) < day for zone, day in zip(zones, days, strict=True))
    ]
    return (given[-1][0] if given else None), stand


def _given(event: ConsentToBeFoundGiven, position: int) -> Consent:
    return Consent(
        consent_id=event.originator_id,
        person_id=event.person_id,
        district_id=event.district_id or ANY_DISTRICT,
        zone=event.zone,
        expires_on=event.expires_on,
        given_at=event.occurred_at,
        given_position=position,
        version=event.originator_version,
    )
