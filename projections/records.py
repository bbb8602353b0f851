"""Records: which awards have a portable record, where its status stands, what is still to issue.

What a record says lies in the vault. That an award has expired is no event: it is compared with a
day, and the record itself says until when it holds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import UnionType
from typing import Any, ClassVar, Literal, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyRecordEvent
from ledger.events.enrollment import Awarded, Reinstated, Revoked
from ledger.events.record import RecordIssued, RecordReissued
from ledger.values import local_date
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import NO_ID, Write, blocks, read, rows, to_write

Relevant = Awarded | Revoked | Reinstated | AnyRecordEvent
State = Literal["in_force", "revoked", "expired"]
_SQL = blocks("records")


@dataclass(slots=True, kw_only=True)
class Award:
    """One award, and its record once there is one."""

    enrollment_id: UUID
    person_id: UUID
    issuer_id: UUID
    credential_id: UUID
    credential_version: int
    awarded_position: int
    awarded_at: datetime
    zone: str
    awarded_on: date
    expires_on: date | None
    revoked_on: date | None = None
    record_id: UUID | None = None
    list_number: int | None = None
    status_index: int | None = None
    key: str | None = None
    token_key: str | None = None
    valid_from: datetime | None = None
    ciphertext_sha256: str | None = None
    issued_position: int | None = None

    @property
    def issue(self) -> tuple[UUID, str]:
        """By what the vault knows the newest issue of its record."""
        assert self.record_id is not None, "an award without a record has no file"
        assert self.ciphertext_sha256 is not None, "its document was kept"
        return self.record_id, self.ciphertext_sha256

    def state(self, at: datetime) -> State:
        """Whether the award holds. A revocation never takes effect later than it is recorded."""
        if self.revoked_on is not None:
            return "revoked"
        ended = self.expires_on is not None and self.expires_on <= local_date(at, self.zone)
        return "expired" if ended else "in_force"


class Records(Projection[Relevant]):
    """Keeps `record_awards`."""

    name: ClassVar[str] = "records"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("record_awards", seen_by=(Viewer.PERSON, Viewer.ISSUER)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        begun = {event.originator_id for _, event in facts if isinstance(event, Awarded)}
        ids = {_award_of(event) for _, event in facts} - begun
        found = read(connection, Award, _SQL["load"], enrollment_ids=list(ids)) if ids else []
        awards = {award.enrollment_id: award for award in found}
        for position, event in facts:
            if isinstance(event, Awarded):
                awards[event.originator_id] = _begun(event, position)
            else:
                _fold(awards[_award_of(event)], event, position)
        return to_write(_SQL["save"], rows=list(awards.values()))


def due(connection: Connection[Any], *, parked: Collection[UUID], limit: int) -> list[Award]:
    """Awards that hold and have no record, the oldest first."""
    return read(connection, Award, _SQL["due"], parked=list(parked), limit=limit)


def of_person(
    connection: Connection[Any], person_id: UUID, *, after: int = 0, limit: int = 100
) -> list[Award]:
    """A person's awards that have a record; `after` is the last `awarded_position` seen."""
    return read(connection, Award, _SQL["of_person"], person_id=person_id, after=after, limit=limit)


def page_of_person(
    connection: Connection[Any], person_id: UUID, *, since: datetime | None, limit: int, offset: int
) -> tuple[list[Award], int]:
    """Some of a person's awards whose record is of after an instant, and how many there are."""
    asked = {"person_id": person_id, "since": since}
    [(total,)] = rows(connection, _SQL["count_of_person"], **asked)
    sql = _SQL["page_of_person"]
    return read(connection, Award, sql, **asked, limit=limit, offset=offset), total


def of_record(connection: Connection[Any], record_id: UUID) -> Award | None:
    """The award that a record is about."""
    return next(iter(read(connection, Award, _SQL["of_record"], record_id=record_id)), None)


def of_records(connection: Connection[Any], record_ids: Iterable[UUID]) -> list[Award]:
    """The awards that some records are about."""
    return read(connection, Award, _SQL["of_records"], record_ids=list(record_ids))


def signed_by_others(
    connection: Connection[Any],
    issuer_id: UUID,
    *,
    key: str,
    token_key: str,
    after: UUID = NO_ID,
    limit: int,
) -> list[Award]:
    """A page of an issuer's records that its keys of now have not signed."""
    return read(
        connection,
        Award,
        _SQL["signed_by_others"],
        issuer_id=issuer_id,
        key=key,
        token_key=token_key,
        after=after,
        limit=limit,
    )


def places(connection: Connection[Any], issuer_id: UUID) -> tuple[int, frozenset[int]]:
    """The newest status list of an issuer, 1 where it has none, and the indexes taken in it."""
    found = rows(connection, _SQL["places"], issuer_id=issuer_id)
    return (found[0][0] if found else 1), frozenset(index for _, index in found)


def revoked(
    connection: Connection[Any], issuer_id: UUID, list_number: int
) -> tuple[int, ...] | None:
    """The indexes of a status list that are revoked; None when there is no such list."""
    named = {"issuer_id": issuer_id, "list_number": list_number}
    [(there,)] = rows(connection, _SQL["is_list"], **named)
    found = rows(connection, _SQL["revoked"], **named) if there else []
    return tuple(index for (index,) in found) if there else None


def revoked_records(connection: Connection[Any], issuer_id: UUID) -> list[UUID]:
    """Every record of an issuer that is revoked."""
    found = rows(connection, _SQL["revoked_records"], issuer_id=issuer_id)
    return [record_id for (record_id,) in found]


def somebody(connection: Connection[Any]) -> UUID | None:
    """Whoever has had a record for longest; None while nobody has."""
    return next((person_id for (person_id,) in rows(connection, _SQL["somebody"])), None)


def issuers(connection: Connection[Any]) -> list[UUID]:
    """Every issuer that has issued a record."""
    return [issuer_id for (issuer_id,) in rows(connection, _SQL["issuers"])]


def _award_of(event: Relevant) -> UUID:
    if isinstance(event, RecordIssued | RecordReissued):
        return event.enrollment_id
    return event.originator_id


def _begun(event: Awarded, position: int) -> Award:
    return Award(
        enrollment_id=event.originator_id,
        person_id=event.person_id,
        issuer_id=event.issuer_id,
        credential_id=event.credential_id,
        credential_version=event.credential_version,
        awarded_position=position,
        awarded_at=event.occurred_at,
        zone=event.zone,
        awarded_on=event.awarded_on,
        expires_on=event.expires_on,
    )


def _fold(award: Award, event: Revoked | Reinstated | AnyRecordEvent, position: int) -> None:
    match event:
        case Revoked():
            award.revoked_on = event.effective_on
        case Reinstated():
            award.revoked_on = None
        case RecordIssued() | RecordReissued():
            if isinstance(event, RecordIssued):
                award.record_id = event.originator_id
                award.list_number, award.status_index = event.list_number, event.status_index
            award.key, award.token_key = event.key, event.token_key
            award.valid_from = event.valid_from
            award.ciphertext_sha256 = event.ciphertext_sha256
            award.issued_position = position
        case _:
            assert_never(event)
