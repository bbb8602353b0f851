"""What became of a notice of pay: HR of her district acted on it, or had not after all."""

from typing import ClassVar
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Day


class PayNoticeEvent(Event):
    """Stream: the notice of one entitlement."""

    district_id: UUID
    person_id: UUID
    entitlement_id: UUID


class PayNoticeActedOn(PayNoticeEvent):
    """Whoever signs says that her place on the salary schedule was changed as the notice says."""

    TOPIC: ClassVar[str] = "pay-notice.acted-on.v1"

    acted_on: Day
    effective_on: Day  # from when on the notice said that it holds
    ends_on: Day | None  # and until when; where that moves, there is something to do again


class PayNoticeReopened(PayNoticeEvent):
    """It was signed in error: there is something to do again."""

    TOPIC: ClassVar[str] = "pay-notice.reopened.v1"
