"""Records from elsewhere, put together for an answer: what the log knows, and the vault's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from api.access import Sight
from api.edge import Edge
from api.imports.records import as_it_came
from api.words import words_about
from ledger.records.documents import RecordError
from ledger.records.received import Label, labels_of
from ledger.records.received_files import read_file
from projections.external_records import Accepted, ReceivedRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What the district lets it count for, in its own kind; under review it counts for nothing."""

    acceptance_id: UUID
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
class ShownItem:
    """One award from elsewhere: is it valid, is its issuer trusted, what became of it since."""

    item_id: UUID
    title: str | None  # null: the words were erased
    issuer_name: str | None
    issuer_id: str | None
    earned_on: date
    expires_on: date | None
    standing: str
    reason: str | None
    trust: str
    status: str
    status_reason: str | None
    holder: str
    acceptance: Acceptance | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRecord:
    """A record from elsewhere, as one district received it."""

    external_record_id: UUID
    person_id: UUID
    district_id: UUID | None  # null: she keeps it for herself
    kind: str
    carrier: str
    received_at: datetime
    checked_at: datetime
    items: list[ShownItem]
    positions: list[int]


def visible(found: Iterable[ReceivedRecord], sight: Sight) -> list[ReceivedRecord]:
    """The records that a caller may see: a district's are those that it received."""
    return [
        one
        for one in found
        if sight.whole or (one.district_id is not None and sight.of_districts({one.district_id}))
    ]


def shown(
    edge: Edge, records: Sequence[ReceivedRecord], accepted: Iterable[Accepted]
) -> list[ShownRecord]:
    """Records of one person as they are answered."""
    if not records:
        return []
    asked = [text_id for one in records for text_id in (one.text_id, one.title_id)]
    texts = words_about(edge, records[0].person_id, asked)
    decisions: dict[tuple[UUID | None, UUID], Accepted] = {
        (one.district_id, one.item_id): one for one in accepted
    }
    return [
        ShownRecord(
            external_record_id=one.record_id,
            person_id=one.person_id,
            district_id=one.district_id,
            kind=one.kind,
            carrier=one.carrier,
            received_at=one.received_at,
            checked_at=one.checked_at,
            items=[
                _item(item, label, decisions.get((one.district_id, UUID(item["item_id"]))))
                for item, label in zip(one.items, _labels(one, texts), strict=True)
            ],
            positions=one.positions,
        )
        for one in records
    ]


def _labels(record: ReceivedRecord, texts: Mapping[UUID, str]) -> Sequence[Label]:
    """How the awards are called; nobody knows any more once that was erased."""
    text, unknown = texts.get(record.text_id), [Label(None, None, None)] * len(record.items)
    told = None if record.title_id is None else texts.get(record.title_id)
    if record.kind == "document" or text is None:
        return [replace(one, title=told) for one in unknown]
    try:
        labels = labels_of(read_file(as_it_came(text)))
    except RecordError:  # a stricter reader than the one it came by
        return unknown
    return [replace(one, title=told or one.title) for one in labels]


def _item(found: dict[str, Any], label: Label, decision: Accepted | None) -> ShownItem:
    acceptance = None
    if decision is not None:
        known = Acceptance.__dataclass_fields__
        acceptance = Acceptance(**{name: getattr(decision, name) for name in known})
    return ShownItem(
        item_id=UUID(found["item_id"]),
        title=label.title,
        issuer_name=label.issuer_name,
        issuer_id=label.issuer_id,
        earned_on=date.fromisoformat(found["earned_on"]),
        expires_on=date.fromisoformat(until) if (until := found["expires_on"]) else None,
        standing=found["standing"],
        reason=found["reason"],
        trust=found["trust"],
        status=found["status"],
        status_reason=found["status_reason"],
        holder=found["holder"],
        acceptance=acceptance,
    )
