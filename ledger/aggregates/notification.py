"""What one person wants to be told, and what of it is new to her."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate
from ledger.errors import NothingChangesError
from ledger.events import AnyNotificationEvent
from ledger.events.notification import (
    Channel,
    NotificationKind,
    NotificationPreferenceSet,
    RecommendationDue,
    RecommendationSuppressed,
    Told,
)

Wanted = Mapping[tuple[Channel, NotificationKind], bool]


@dataclass(frozen=True, kw_only=True)
class Notifications(Aggregate):
    """One person; she is told of everything of which she has not said otherwise."""

    person_id: UUID
    wanted: Wanted = field(default_factory=lambda: MappingProxyType({}))
    told: frozenset[tuple[UUID, Told]] = frozenset()  # by district; what was suppressed as well

    @classmethod
    def none_yet(cls, stream: UUID, person_id: UUID) -> Self:
        return cls(id=stream, version=0, person_id=person_id)

    def prefer(
        self, act: Act, *, channel: Channel, kind: NotificationKind, wanted: bool
    ) -> Sequence[AnyNotificationEvent]:
        """Tell her of such things from now on, or do not. Raises NothingChangesError."""
        if self.wanted.get((channel, kind)) is wanted:
            raise NothingChangesError("that is what she said before")
        return [
            NotificationPreferenceSet(
                **self.header(act),
                person_id=self.person_id,
                channel=channel,
                kind=kind,
                wanted=wanted,
            )
        ]

    def recommend(
        self,
        act: Act,
        *,
        district_id: UUID,
        channel: Channel,
        due: Collection[Told],
        unwanted: Collection[NotificationKind] = (),
    ) -> Sequence[AnyNotificationEvent]:
        """Have her told what is new to her, but for what she does not want to hear of.

        Args:
            act: Who asks, and when.
            district_id: Whose system tells her.
            channel: How.
            due: Everything there is to recommend, told before or not.
            unwanted: What she said in another record of hers, where this one says nothing of it.

        Raises:
            NothingChangesError: there is nothing that was not said before.
        """
        new = [one for one in due if (district_id, one) not in self.told]
        if not new:
            raise NothingChangesError("there is nothing to recommend that was not before")
        silent = [one for one in new if not self._wants(channel, one.kind, unwanted)]
        said = [one for one in new if one not in silent]
        known: dict[str, Any] = {
            "person_id": self.person_id,
            "district_id": district_id,
            "channel": channel,
        }
        events: list[AnyNotificationEvent] = []
        if said:
            header = self.header(act)
            events.append(RecommendationDue(**header, **known, told=tuple(said)))
        if silent:
            header = self.header(act, after=len(events))
            events.append(RecommendationSuppressed(**header, **known, told=tuple(silent)))
        return events

    def _wants(
        self, channel: Channel, kind: NotificationKind, unwanted: Collection[NotificationKind]
    ) -> bool:
        return self.wanted.get((channel, kind), kind not in unwanted)

    @classmethod
    def evolve(cls, state: Self | None, event: AnyNotificationEvent) -> Self:
        state = state or cls.none_yet(event.originator_id, event.person_id)
        state = state.at_version(event.originator_version)
        match event:
            case NotificationPreferenceSet():
                said = {**state.wanted, (event.channel, event.kind): event.wanted}
                return replace(state, wanted=MappingProxyType(said))
            case RecommendationDue() | RecommendationSuppressed():
                more = {(event.district_id, one) for one in event.told}
                return replace(state, told=state.told | more)
            case _:
                assert_never(event)
