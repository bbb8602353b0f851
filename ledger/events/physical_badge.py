"""Physical badges: what an issuer sends to a teacher's school for an award.

Where it goes is a school that the issuer knows by its name; no address is kept anywhere. That the
award was revoked meanwhile is no event of this stream: whoever looks, and whoever ships, looks at
the award itself.
"""

from typing import ClassVar
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Day, Positive, Slug, ZoneName


class PhysicalBadgeEvent(Event):
    """Stream: the physical badge of one award; days are days at the issuer's."""

    person_id: UUID
    enrollment_id: UUID  # the award
    issuer_id: UUID


class PhysicalBadgeRequested(PhysicalBadgeEvent):
    """She or her district asked for it, or asked that it go to another school."""

    TOPIC: ClassVar[str] = "physical-badge.requested.v1"

    credential_id: UUID
    district_id: UUID  # the school's
    school_id: UUID
    zone: ZoneName
    requested_on: Day


class PhysicalBadgeCanceled(PhysicalBadgeEvent):
    """It was asked for no longer before it was shipped."""

    TOPIC: ClassVar[str] = "physical-badge.canceled.v1"

    reason: Slug


class PhysicalBadgeShipped(PhysicalBadgeEvent):
    """The issuer sent it. What came back is sent again as the next shipment."""

    TOPIC: ClassVar[str] = "physical-badge.shipped.v1"

    shipment: Positive  # the first is 1
    zone: ZoneName
    shipped_on: Day


class PhysicalBadgeDelivered(PhysicalBadgeEvent):
    """The school has it."""

    TOPIC: ClassVar[str] = "physical-badge.delivered.v1"

    shipment: Positive
    zone: ZoneName
    delivered_on: Day


class PhysicalBadgeReturned(PhysicalBadgeEvent):
    """It came back to the issuer, delivered before or not."""

    TOPIC: ClassVar[str] = "physical-badge.returned.v1"

    shipment: Positive
    reason: Slug
    zone: ZoneName
    returned_on: Day
