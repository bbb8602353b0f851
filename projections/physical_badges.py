"""Physical badges: which were asked for, which are under way, and how many an issuer still owes.

Only what happened to the badges themselves is kept. Whether an award is in force is looked up in
the view of awards when somebody asks, so a revocation costs nothing here and cancels at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from types import UnionType
from typing import Any, ClassVar, Literal, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyPhysicalBadgeEvent
from ledger.events.physical_badge import (
    PhysicalBadgeCanceled,
    PhysicalBadgeDelivered,
    PhysicalBadgeRequested,
    PhysicalBadgeReturned,
    PhysicalBadgeShipped,
)
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import Write, blocks, read, to_write

Relevant = AnyPhysicalBadgeEvent
Stage = Literal["requested", "canceled", "shipped", "delivered", "returned"]
VIEWS = ("physical_badges", "records", "employments")  # that an answer rests on
_SQL = blocks("physical_badges")


@dataclass(slots=True, kw_only=True)
class Badge:
    """One physical badge as its own events have it; days are days in its zone."""

    badge_id: UUID
    enrollment_id: UUID
    person_id: UUID
    issuer_id: UUID
    credential_id: UUID
    district_id: UUID
    school_id: UUID
    position: int  # of the first request
    zone: str
    requested_on: date
    stage: Stage = "requested"
    shipments: int = 0
    returns: int = 0
    moved_on: date | None = None  # when it was last shipped, delivered or returned
    version: int = 1


@dataclass(slots=True, kw_only=True)
class ListedBadge(Badge):
    """The same beside its award: what is not under way is canceled once that is not in force."""

    school_name: str | None
    in_force: bool

    @property
    def stage_shown(self) -> Stage:
        """Where it is as people read it."""
        unsent = self.stage in {"requested", "returned"}
        return "canceled" if unsent and not self.in_force else self.stage


@dataclass(frozen=True, slots=True)
class Fulfillment:
    """How an issuer stands with the physical badges of one micro-credential.

    Everything is of awards in force whose badge was not canceled.
    """

    credential_id: UUID
    earned: int  # asked for or not
    requested: int
    shipped: int  # shipments, those of badges that came back included
    delivered: int
    returned: int

    @property
    def open(self) -> int:
        """How many are still to be shipped."""
        return self.earned - self.shipped + self.returned


class PhysicalBadges(Projection[Relevant]):
    """Keeps `physical_badges`."""

    name: ClassVar[str] = "physical_badges"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("physical_badges", seen_by=(Viewer.PERSON, Viewer.DISTRICT, Viewer.ISSUER)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        ids = list({fact.event.originator_id for fact in facts})
        known = {one.badge_id: one for one in read(connection, Badge, _SQL["load"], ids=ids)}
        for fact in facts:
            _fold(known, fact)
        return to_write(_SQL["save"], rows=list(known.values()))


def of_person(connection: Connection[Any], person_id: UUID, *, day: date) -> list[ListedBadge]:
    """Hers, the newest first, as they stand on a day."""
    return read(connection, ListedBadge, _SQL["of_person"], person_id=person_id, day=day)


def of_issuer(
    connection: Connection[Any],
    issuer_id: UUID,
    *,
    day: date,
    open_only: bool,
    after: int = 0,
    limit: int = 100,
) -> list[ListedBadge]:
    """What was asked of an issuer, the oldest first; `after` is the last `position` seen."""
    asked = {"issuer_id": issuer_id, "day": day, "open_only": open_only}
    return read(connection, ListedBadge, _SQL["of_issuer"], **asked, after=after, limit=limit)


def fulfillment(connection: Connection[Any], issuer_id: UUID, *, day: date) -> list[Fulfillment]:
    """How it stands with each micro-credential for which any was ever asked for."""
    return read(connection, Fulfillment, _SQL["fulfillment"], issuer_id=issuer_id, day=day)


def _fold(known: dict[UUID, Badge], fact: Fact[Relevant]) -> None:
    position, event = fact
    stream = event.originator_id
    if isinstance(event, PhysicalBadgeRequested) and stream not in known:
        known[stream] = _begin(event, position)
        return
    one = known[stream]
    one.version = event.originator_version
    match event:
        case PhysicalBadgeRequested():
            one.stage, one.requested_on = "requested", event.requested_on
            one.school_id, one.district_id = event.school_id, event.district_id
        case PhysicalBadgeCanceled():
            one.stage = "canceled"
        case PhysicalBadgeShipped():
            one.stage, one.shipments, one.moved_on = "shipped", event.shipment, event.shipped_on
        case PhysicalBadgeDelivered():
            one.stage, one.moved_on = "delivered", event.delivered_on
        case PhysicalBadgeReturned():
            one.stage, one.moved_on = "returned", event.returned_on
            one.returns += 1
        case _:
            assert_never(event)


def _begin(event: PhysicalBadgeRequested, position: int) -> Badge:
    return Badge(
        badge_id=event.originator_id,
        enrollment_id=event.enrollment_id,
        person_id=event.person_id,
        issuer_id=event.issuer_id,
        credential_id=event.credential_id,
        district_id=event.district_id,
        school_id=event.school_id,
        position=position,
        zone=event.zone,
        requested_on=event.requested_on,
    )
