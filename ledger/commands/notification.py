"""Commands on what a teacher is told: what she wants, and what her district has her told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import get_args
from uuid import UUID

from ledger.aggregates.notification import Notifications
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.merge import known_merges
from ledger.commands.person import get_person
from ledger.events import AnyNotificationEvent
from ledger.events.notification import Channel, NotificationKind, Told
from ledger.values import stream_id

KINDS: tuple[NotificationKind, ...] = get_args(NotificationKind)


def notifications_stream(person_id: UUID) -> UUID:
    """The stream of what a person is told and wants to be told."""
    return stream_id("notifications", person_id)


def set_notification_preference(
    ledger: Ledger,
    call: Call,
    *,
    person_id: UUID,
    channel: Channel,
    kind: NotificationKind,
    wanted: bool,
) -> Receipt:
    """Tell a person of such things from now on, or do not. Raises NothingChangesError."""

    def decide(read: Reader) -> Sequence[AnyNotificationEvent]:
        get_person(read, person_id)
        return _of(read, person_id).prefer(call.act, channel=channel, kind=kind, wanted=wanted)

    return ledger.run(call, decide)


def recommend(
    ledger: Ledger,
    call: Call,
    *,
    person_id: UUID,
    district_id: UUID,
    channel: Channel,
    due: Collection[Told],
) -> Receipt:
    """Have a person told what is new to her; what she does not want to hear is written down.

    Of a record that was merged into hers holds what she said there, as long as she says nothing
    else here. Raises NothingChangesError, PersonErasedError.
    """

    def decide(read: Reader) -> Sequence[AnyNotificationEvent]:
        get_person(read, person_id)
        others = [_of(read, one) for one in known_merges(read).ids_of(person_id)]
        told = {one for other in others for one in other.told}
        return _of(read, person_id).recommend(
            call.act,
            district_id=district_id,
            channel=channel,
            due=[one for one in due if (district_id, one) not in told],
            unwanted={
                kind
                for other in others
                for kind in KINDS
                if other.wanted.get((channel, kind)) is False
            },
        )

    return ledger.run(call, decide)


def wishes_of(ledger: Ledger, person_id: UUID) -> Notifications:
    """What a person has said so far."""
    stream = notifications_stream(person_id)
    found = ledger.find(Notifications, stream)
    return found or Notifications.none_yet(stream, person_id)


def _of(read: Reader, person_id: UUID) -> Notifications:
    stream = notifications_stream(person_id)
    return read.find(Notifications, stream) or Notifications.none_yet(stream, person_id)
