"""What a person brought along herself, for her bundle: shown as what it is, and signed by others.

What a district's earlier system said of her is in the log, and two people there vouched for it.
What others signed is kept as it came. Neither is an award of this ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from api.carry.receipts import Receipts, receipts_of
from api.edge import Edge
from api.external_records import ShownItem, ShownRecord, shown
from api.imports.records import document_of
from api.openings import of_openings
from ledger.aggregates.organization import Organization
from ledger.events.opening import OpeningPayment, OpeningRecorded
from ledger.values import POSITION_MAX
from projections import external_records, history
from projections.contract import Fact
from projections.external_records import Accepted, ReceivedRecord

HERSELF = "herself"  # who received what no district did


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """One record of an earlier system: an award or units. What was paid is nobody else's to see."""

    position: int
    district_name: str  # whose system it was
    as_of: date  # the day of the cut-over
    entry: Mapping[str, Any]
    receipts: Receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    """A record that others signed, or that she says of herself, as whoever received it has it."""

    original: bytes
    found: ShownRecord
    district_name: str
    receipts: Receipts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """Everything of it that the views have."""

    openings: list[Fact[OpeningRecorded]]
    received: list[ReceivedRecord]
    accepted: list[Accepted]


@dataclass(frozen=True, slots=True)
class Brought:
    """Everything that a person brought along."""

    earlier: tuple[Earlier, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()


def read_brought(connection: Connection[Any], person_id: UUID) -> _Read:
    """What the views have of it now."""
    openings = of_openings(history.events_of(connection, person_id, "opening", until=POSITION_MAX))
    return _Read(
        openings=[one for one in openings if not isinstance(one.event.entry, OpeningPayment)],
        received=external_records.of_person(connection, person_id),
        accepted=external_records.acceptances_of_person(connection, person_id),
    )


def newest_positions(found: _Read) -> list[int]:
    """Where the newest of it is in the log."""
    return [
        *(fact.position for fact in found.openings),
        *(one.positions[-1] for one in found.received),
        *(one.positions[-1] for one in found.accepted),
    ]


def brought(edge: Edge, connection: Connection[Any], found: _Read, until: int) -> Brought:
    """What she brought along, with a receipt for each of its events."""
    streams = {fact.event.originator_id: [fact.event.originator_id] for fact in found.openings}
    for record in found.received:
        decided = [one.acceptance_id for one in found.accepted if one.record_id == record.record_id]
        streams[record.record_id] = [record.record_id, *decided]
    receipts = receipts_of(connection, streams, until)
    names = _names(edge, found)
    return Brought(
        tuple(_earlier(fact, names, receipts) for fact in found.openings),
        tuple(
            Elsewhere(
                original=document_of(edge, one.person_id, one.text_id),
                found=as_shown,
                district_name=names[one.district_id],
                receipts=receipts[one.record_id],
            )
            for one, as_shown in zip(
                found.received, shown(edge, found.received, found.accepted), strict=True
            )
        ),
    )


def in_words(entry: Mapping[str, Any]) -> str:
    """What an earlier system recorded: the title of an award, or how much of what."""
    if entry["kind"] == "award":
        return str(entry["title"])
    quantity = (Decimal(entry["quantity_hundredths"]) / 100).normalize()
    return f"{quantity:f} × {entry['unit'].replace('_', ' ')}"


def marked(item: ShownItem) -> str:
    """What is known of an award from elsewhere, said as what it is."""
    standing = item.standing.replace("_", "-")
    verified = item.standing == "external_verified"
    return f"{standing}, issuer {item.trust}" if verified else standing


def earlier_documents(earlier: Sequence[Earlier]) -> list[dict[str, Any]]:
    """The records of earlier systems as data; their receipts stand apart."""
    found = [asdict(one) for one in earlier]
    return [{name: one[name] for name in one if name != "receipts"} for one in found]


def _earlier(
    fact: Fact[OpeningRecorded],
    names: Mapping[UUID | None, str],
    receipts: Mapping[UUID, Receipts],
) -> Earlier:
    event = fact.event
    return Earlier(
        position=fact.position,
        district_name=names[event.district_id],
        as_of=event.as_of,
        entry=event.entry.model_dump(mode="json"),
        receipts=receipts[event.originator_id],
    )


def _names(edge: Edge, found: _Read) -> Mapping[UUID | None, str]:
    """Who received it, by district; what she keeps for herself no district has looked at."""
    by_district = {one.district_id for one in found.received}
    by_district |= {fact.event.district_id for fact in found.openings}
    return {
        one: HERSELF if one is None else edge.ledger.get(Organization, one).name
        for one in by_district
    }
