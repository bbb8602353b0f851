"""Webhooks: who is to be told of what, and in which words, as it follows from the log.

Batches that are closed and exported, what a district accepted from elsewhere and its issuer took
back, and that there is something to recommend to a teacher.

Nothing here says what was delivered: that is no consequence of the log, and a rebuild must not
tell anybody twice (api/webhooks.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import UnionType
from typing import Any, ClassVar, assert_never
from uuid import UUID

import orjson
from psycopg import Connection

from ledger.events import AnyWebhookEvent
from ledger.events.acceptance import AcceptancePutUnderReview
from ledger.events.batch import BatchClosed, BatchExported
from ledger.events.notification import RecommendationDue
from ledger.events.webhook import WebhookRegistered, WebhookRemoved
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import Write, blocks, read, to_write

Told = BatchClosed | BatchExported | AcceptancePutUnderReview | RecommendationDue
Relevant = AnyWebhookEvent | Told
_SQL = blocks("webhooks")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a district wants its messages."""

    webhook_id: UUID
    district_id: UUID
    url: str
    secret_text_id: UUID
    registered_by: UUID
    position: int
    removed_position: int | None


@dataclass(frozen=True, slots=True)
class ToTell:
    """One message for one address. Its id is the same in every attempt."""

    webhook_id: UUID
    message_id: str
    position: int


@dataclass(frozen=True, slots=True)
class Message:
    """What is told of one event, as it is signed and sent."""

    position: int
    person_id: UUID | None  # whom it names, if anybody
    body: str


class Webhooks(Projection[Relevant]):
    """Keeps addresses, and the messages for them."""

    name: ClassVar[str] = "webhooks"
    version: ClassVar[int] = 4
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("webhooks", by_person=False, seen_by=(Viewer.DISTRICT,)),
        Table("webhook_messages", by_person=False, seen_by=(Viewer.DISTRICT,)),
    )
    sharded: ClassVar[bool] = False

    def apply(self, facts: Sequence[Fact[Relevant]], _connection: Connection[Any]) -> list[Write]:
        registered: list[dict[str, Any]] = []
        removed: list[dict[str, Any]] = []
        messages: list[dict[str, Any]] = []
        said: dict[str, Any]
        for position, event in facts:
            match event:
                case WebhookRegistered():
                    registered.append(_address(event, position))
                case WebhookRemoved():
                    removed.append(
                        {"webhook_id": event.originator_id, "removed_position": position}
                    )
                case BatchClosed():
                    said = {"number": event.number, "pay_date": event.pay_date}
                    messages.append(_message("batch.closed", event, position, said))
                case BatchExported():
                    said = {"layout": event.layout}
                    messages.append(_message("batch.exported", event, position, said))
                case AcceptancePutUnderReview():
                    said = {"reason": event.reason}
                    messages.append(_message("acceptance.under-review", event, position, said))
                case RecommendationDue():
                    kinds = sorted({one.kind for one in event.told})
                    said = {"kinds": kinds, "recommendations": len(event.told)}
                    messages.append(_message("recommendation.due", event, position, said))
                case _:
                    assert_never(event)
        return [
            *to_write(_SQL["save"], registered=registered, messages=messages),
            *to_write(_SQL["remove"], rows=removed),
        ]


def of_district(connection: Connection[Any], district_id: UUID) -> list[Address]:
    """Every address that a district ever registered."""
    return read(connection, Address, _SQL["of_district"], district_id=district_id)


def addresses(connection: Connection[Any], webhook_ids: Sequence[UUID]) -> dict[UUID, Address]:
    """Some addresses by their ids."""
    found = read(connection, Address, _SQL["addresses"], webhook_ids=list(webhook_ids))
    return {one.webhook_id: one for one in found}


def to_tell(connection: Connection[Any], *, after: int, until: int) -> list[ToTell]:
    """What happened after a position and up to another, and who wanted to know by then."""
    return read(connection, ToTell, _SQL["to_tell"], after=after, until=until)


def messages(connection: Connection[Any], positions: Sequence[int]) -> dict[int, Message]:
    """What is told of some events, by their positions."""
    found = read(connection, Message, _SQL["messages"], positions=list(positions))
    return {one.position: one for one in found}


def _address(event: WebhookRegistered, position: int) -> dict[str, Any]:
    return {
        "webhook_id": event.originator_id,
        "district_id": event.district_id,
        "url": event.url,
        "secret_text_id": event.secret.text_id,
        "registered_by": event.actor_id,
        "position": position,
    }


def _message(kind: str, event: Told, position: int, said: dict[str, Any]) -> dict[str, Any]:
    """What it is about, and no word of a person: the receiver asks for it, as whoever it is."""
    known = {_about(event): event.originator_id, "district_id": event.district_id}
    person_id = event.person_id if isinstance(event, RecommendationDue) else None
    if person_id is not None:  # what is recommended is hers to read
        known["person_id"] = person_id
    body = {
        "type": kind,
        "timestamp": event.occurred_at,
        "data": {**known, **said, "position": position},
    }
    return {
        "position": position,
        "message_id": f"msg_{event.originator_id.hex}_{event.originator_version}",
        "district_id": event.district_id,
        "person_id": person_id,
        "body": orjson.dumps(body, option=orjson.OPT_UTC_Z).decode(),
    }


def _about(event: Told) -> str:
    match event:
        case BatchClosed() | BatchExported():
            return "batch_id"
        case AcceptancePutUnderReview():
            return "acceptance_id"
        case RecommendationDue():
            return "notification_id"
        case _:
            assert_never(event)
