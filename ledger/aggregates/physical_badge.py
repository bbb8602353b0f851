"""The physical badge of one award.

requested ──▶ shipped ──▶ delivered        what was returned is shipped again;
  │  ▲          └──▶ returned ◀──┘         what was canceled may be asked for again
  ▼  │
canceled

That the award was revoked is not said here: `must_be_due` asks the award itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal, NamedTuple, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Header, first_header
from ledger.aggregates.enrollment_state import EnrollmentState
from ledger.errors import NothingChangesError, RuleError
from ledger.events import AnyPhysicalBadgeEvent
from ledger.events.physical_badge import (
    PhysicalBadgeCanceled,
    PhysicalBadgeDelivered,
    PhysicalBadgeRequested,
    PhysicalBadgeReturned,
    PhysicalBadgeShipped,
)
from ledger.values import local_date

Stage = Literal["requested", "canceled", "shipped", "delivered", "returned"]


class AwardNotInForceError(RuleError):
    """The award is not in force: nothing is sent for it."""

    slug = "award-not-in-force"


class PhysicalBadgeStageError(RuleError):
    """The physical badge is not where this could happen to it."""

    slug = "physical-badge-stage"


class Destination(NamedTuple):
    """The school it goes to, and the school's district."""

    school_id: UUID
    district_id: UUID


def must_be_due(award: EnrollmentState, today: date) -> None:
    """Raises AwardNotInForceError where the award is revoked, expired, or was never made."""
    if not award.holds(today):
        raise AwardNotInForceError(
            f"award {award.id} is not in force on {today}", enrollment_id=award.id
        )


def request(
    stream: UUID, act: Act, *, award: EnrollmentState, to: Destination, zone: str
) -> Sequence[AnyPhysicalBadgeEvent]:
    """Ask for the physical badge of an award for the first time."""
    return [_requested(first_header(stream, act), award=award, to=to, zone=zone)]


def _requested(
    header: Header, *, award: EnrollmentState, to: Destination, zone: str
) -> PhysicalBadgeRequested:
    today = local_date(header["occurred_at"], zone)
    must_be_due(award, today)
    return PhysicalBadgeRequested(
        **header,
        person_id=award.person_id,
        enrollment_id=award.id,
        issuer_id=award.issuer_id,
        credential_id=award.credential_id,
        district_id=to.district_id,
        school_id=to.school_id,
        zone=zone,
        requested_on=today,
    )


@dataclass(frozen=True, kw_only=True)
class PhysicalBadge(Aggregate):
    """One physical badge, and where it is."""

    person_id: UUID
    enrollment_id: UUID
    issuer_id: UUID
    school_id: UUID
    zone: str  # of the issuer
    stage: Stage = "requested"
    shipments: int = 0

    def request(
        self, act: Act, *, award: EnrollmentState, to: Destination
    ) -> Sequence[AnyPhysicalBadgeEvent]:
        """Ask again, or for another school, as long as it is not under way or there."""
        self._must_be("requested", "canceled", "returned")
        requested = _requested(self.header(act), award=award, to=to, zone=self.zone)
        if self.stage == "requested" and to.school_id == self.school_id:
            raise NothingChangesError(
                f"the physical badge of award {self.enrollment_id} is asked for already",
                enrollment_id=self.enrollment_id,
            )
        return [requested]

    def cancel(self, act: Act, *, reason: str) -> Sequence[AnyPhysicalBadgeEvent]:
        """Ask for it no longer, as long as the issuer has it."""
        self._must_be("requested", "returned")
        return [PhysicalBadgeCanceled(**self.header(act), **self._about(), reason=reason)]

    def ship(self, act: Act, *, award: EnrollmentState) -> Sequence[AnyPhysicalBadgeEvent]:
        """Send it, the first time or again. Nothing is sent for an award that was revoked."""
        self._must_be("requested", "returned")
        today = local_date(act.at, self.zone)
        must_be_due(award, today)
        return [
            PhysicalBadgeShipped(
                **self.header(act),
                **self._about(),
                shipment=self.shipments + 1,
                zone=self.zone,
                shipped_on=today,
            )
        ]

    def deliver(self, act: Act) -> Sequence[AnyPhysicalBadgeEvent]:
        self._must_be("shipped")
        return [
            PhysicalBadgeDelivered(
                **self.header(act),
                **self._about(),
                shipment=self.shipments,
                zone=self.zone,
                delivered_on=local_date(act.at, self.zone),
            )
        ]

    def return_(self, act: Act, *, reason: str) -> Sequence[AnyPhysicalBadgeEvent]:
        """It came back, from the way or from the school."""
        self._must_be("shipped", "delivered")
        return [
            PhysicalBadgeReturned(
                **self.header(act),
                **self._about(),
                shipment=self.shipments,
                reason=reason,
                zone=self.zone,
                returned_on=local_date(act.at, self.zone),
            )
        ]

    def _about(self) -> dict[str, UUID]:
        return {
            "person_id": self.person_id,
            "enrollment_id": self.enrollment_id,
            "issuer_id": self.issuer_id,
        }

    def _must_be(self, *stages: Stage) -> None:
        if self.stage not in stages:
            raise PhysicalBadgeStageError(
                f"the physical badge of award {self.enrollment_id} is {self.stage}",
                enrollment_id=self.enrollment_id,
            )

    @classmethod
    def evolve(cls, state: Self | None, event: AnyPhysicalBadgeEvent) -> Self:
        if state is None:
            assert isinstance(event, PhysicalBadgeRequested), "a physical badge begins requested"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                person_id=event.person_id,
                enrollment_id=event.enrollment_id,
                issuer_id=event.issuer_id,
                school_id=event.school_id,
                zone=event.zone,
            )
        state = state.at_version(event.originator_version)
        match event:
            case PhysicalBadgeRequested(school_id=school_id):
                return replace(state, stage="requested", school_id=school_id)
            case PhysicalBadgeCanceled():
                return replace(state, stage="canceled")
            case PhysicalBadgeShipped(shipment=shipment):
                return replace(state, stage="shipped", shipments=shipment)
            case PhysicalBadgeDelivered():
                return replace(state, stage="delivered")
            case PhysicalBadgeReturned():
                return replace(state, stage="returned")
            case _:
                assert_never(event)
