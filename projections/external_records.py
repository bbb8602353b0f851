"""Records from elsewhere: what came, how its awards stand, what districts let them count for.

Beside them the issuers that each district trusts, as dated decisions; whether one is trusted on a
day follows from these when it is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import UnionType
from typing import Any, ClassVar, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyAcceptanceEvent, AnyExternalRecordEvent, AnyIssuerTrustEvent
from ledger.events.acceptance import AcceptanceDecided, AcceptancePutUnderReview
from ledger.events.external_record import ExternalRecordImported, ExternalRecordRechecked
from ledger.events.issuer_trust import IssuerTrusted, IssuerTrustWithdrawn
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import NO_ID, Write, blocks, read, to_write

Relevant = AnyExternalRecordEvent | AnyAcceptanceEvent | AnyIssuerTrustEvent
_SQL = blocks("external_records")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRecord:
    """A record from elsewhere. `items` are `ExternalItem`s as JSON, as they were found last."""

    record_id: UUID
    person_id: UUID
    district_id: UUID | None  # that received it; null: she keeps it for herself
    kind: str
    carrier: str
    text_id: UUID
    title_id: UUID | None  # where the record does not say what it is called
    zone: str
    received_at: datetime
    checked_at: datetime
    items: list[dict[str, Any]]
    positions: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What one district lets one award count for, in the award's own kind."""

    acceptance_id: UUID
    person_id: UUID
    district_id: UUID
    record_id: UUID
    item_id: UUID
    outcome: str
    reason: str
    kind: str
    quantity_hundredths: int
    category: str | None
    decided_at: datetime
    under_review_from: date | None
    review_reason: str | None
    positions: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustDecision:
    """A district's decision on an issuer, in force from its day on until a later one."""

    position: int
    district_id: UUID
    issuer_id: str
    trusted: bool
    hosts: list[str]
    keys: list[str]
    effective_on: date
    authority_reference: str | None
    reason: str | None


class ExternalRecords(Projection[Relevant]):
    """Keeps `external_records`, `acceptances` and `trusted_issuers`."""

    name: ClassVar[str] = "external_records"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("external_records", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("acceptances", seen_by=(Viewer.PERSON, Viewer.DISTRICT)),
        Table("trusted_issuers", by_person=False, seen_by=(Viewer.EVERYBODY,)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        ids = list({fact.event.originator_id for fact in facts})
        records = {
            one.record_id: one for one in read(connection, ReceivedRecord, _SQL["load"], ids=ids)
        }
        decided = {
            one.acceptance_id: one
            for one in read(connection, Accepted, _SQL["load_acceptances"], ids=ids)
        }
        trusted: list[TrustDecision] = []
        for position, event in facts:
            stream = event.originator_id
            match event:
                case ExternalRecordImported():
                    records[stream] = _received(event, position)
                case ExternalRecordRechecked():
                    records[stream] = _rechecked(records[stream], event, position)
                case AcceptanceDecided():
                    decided[stream] = _decided(decided.get(stream), event, position)
                case AcceptancePutUnderReview():
                    decided[stream] = replace(
                        decided[stream],
                        under_review_from=event.effective_on,
                        review_reason=event.reason,
                        positions=[*decided[stream].positions, position],
                    )
                case IssuerTrusted() | IssuerTrustWithdrawn():
                    trusted.append(_trust(event, position))
                case _:
                    assert_never(event)
        return to_write(
            _SQL["save"],
            records=list(records.values()),
            acceptances=list(decided.values()),
            trusted=trusted,
        )


def of_person(connection: Connection[Any], person_id: UUID) -> list[ReceivedRecord]:
    """The records that came with a person, in the order in which they came."""
    return read(connection, ReceivedRecord, _SQL["of_person"], person_id=person_id)


def find(connection: Connection[Any], record_id: UUID) -> ReceivedRecord | None:
    found = read(connection, ReceivedRecord, _SQL["record"], record_id=record_id)
    return found[0] if found else None


def page(
    connection: Connection[Any],
    district_id: UUID | None = None,
    *,
    after: UUID = NO_ID,
    limit: int = 100,
) -> list[ReceivedRecord]:
    """Records of a district, or of all, by their ids; `after` is the last seen."""
    span = {"district_id": district_id, "after": after, "limit": limit}
    return read(connection, ReceivedRecord, _SQL["page"], **span)


def acceptances_of_person(connection: Connection[Any], person_id: UUID) -> list[Accepted]:
    """What districts have said of her awards from elsewhere."""
    return read(connection, Accepted, _SQL["acceptances_of_person"], person_id=person_id)


def under_review(connection: Connection[Any], district_id: UUID) -> list[Accepted]:
    """What a district has accepted and has to look at again, the longest waiting first."""
    return read(connection, Accepted, _SQL["under_review"], district_id=district_id)


def trusted_by(connection: Connection[Any], district_id: UUID) -> list[TrustDecision]:
    """Every decision of a district on an issuer, by the day it took effect."""
    return read(connection, TrustDecision, _SQL["trusted_by"], district_id=district_id)


def _received(event: ExternalRecordImported, position: int) -> ReceivedRecord:
    return ReceivedRecord(
        record_id=event.originator_id,
        person_id=event.person_id,
        district_id=event.district_id,
        kind=event.kind,
        carrier=event.carrier,
        text_id=event.document.text_id,
        title_id=event.title.text_id if event.title else None,
        zone=event.zone,
        received_at=event.occurred_at,
        checked_at=event.occurred_at,
        items=[one.model_dump(mode="json") for one in event.items],
        positions=[position],
    )


def _rechecked(
    before: ReceivedRecord, event: ExternalRecordRechecked, position: int
) -> ReceivedRecord:
    found = {str(one.item_id): one.model_dump(mode="json") for one in event.items}
    return replace(
        before,
        checked_at=event.occurred_at,
        items=[{**one, **found.get(one["item_id"], {})} for one in before.items],
        positions=[*before.positions, position],
    )


def _decided(before: Accepted | None, event: AcceptanceDecided, position: int) -> Accepted:
    return Accepted(
        acceptance_id=event.originator_id,
        person_id=event.person_id,
        district_id=event.district_id,
        record_id=event.record_id,
        item_id=event.item_id,
        outcome=event.outcome,
        reason=event.reason,
        kind=event.kind,
        quantity_hundredths=event.quantity_hundredths,
        category=event.category,
        decided_at=event.occurred_at,
        under_review_from=None,
        review_reason=None,
        positions=[*(before.positions if before else ()), position],
    )


def _trust(event: IssuerTrusted | IssuerTrustWithdrawn, position: int) -> TrustDecision:
    granted = event if isinstance(event, IssuerTrusted) else None
    return TrustDecision(
        position=position,
        district_id=event.district_id,
        issuer_id=event.issuer_id,
        trusted=granted is not None,
        hosts=list(granted.hosts) if granted else [],
        keys=list(granted.keys) if granted else [],
        effective_on=event.effective_on,
        authority_reference=granted.authority_reference if granted else None,
        reason=event.reason if isinstance(event, IssuerTrustWithdrawn) else None,
    )
