"""What a teacher wants to be told of, and what somebody was asked to tell her, or was not to.

The messages themselves are made by whoever takes the webhook of her district: here they are named
by what they are about, and say no word of her.
"""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import Flag, Value

Channel = Literal["webhook"]  # through her district's own system, which is told by its webhook
NotificationKind = Literal["finishes_stack", "pays"]


class Told(Value):
    """One recommendation: of a stack, or of a policy and the micro-credential that it pays for."""

    kind: NotificationKind
    about_id: UUID  # the stack, or the policy
    credential_id: UUID | None  # null: of a stack, whichever of its parts she likes


class NotificationEvent(Event):
    """Stream: what one person is told and wants to be told."""

    person_id: UUID


class NotificationPreferenceSet(NotificationEvent):
    """From now on she is told of such things by this channel, or is not."""

    TOPIC: ClassVar[str] = "notification.preference-set.v1"

    channel: Channel
    kind: NotificationKind
    wanted: Flag


class RecommendationDue(NotificationEvent):
    """Her district is asked to tell her of these, none of which she was told of before."""

    TOPIC: ClassVar[str] = "notification.recommendation-due.v1"

    district_id: UUID
    channel: Channel
    told: tuple[Told, ...] = Field(min_length=1)


class RecommendationSuppressed(NotificationEvent):
    """These were due and nobody is told, for she does not want to be."""

    TOPIC: ClassVar[str] = "notification.recommendation-suppressed.v1"

    district_id: UUID
    channel: Channel
    told: tuple[Told, ...] = Field(min_length=1)
