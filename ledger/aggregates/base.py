"""What every aggregate has in common: an id, a version, and the header of its next events."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self, TypedDict
from uuid import UUID

Meant = Callable[[UUID], UUID]  # who is meant by an id, be it of a record that was merged


@dataclass(frozen=True, slots=True)
class Act:
    """Who acts, and when: what all events of one command share."""

    actor_id: UUID
    at: datetime  # UTC, from the ledger's clock


class Header(TypedDict):
    """The fields every event begins with."""

    originator_id: UUID
    originator_version: int
    occurred_at: datetime
    actor_id: UUID


@dataclass(frozen=True, kw_only=True)
class Aggregate(ABC):
    """The state of one stream, as its events so far have made it."""

    # Topics of events that say nothing it keeps, and are too many or too large to be decoded.
    UNREAD: ClassVar[frozenset[str]] = frozenset()

    id: UUID
    version: int  # of the newest event folded in

    def at_version(self, version: int) -> Self:
        """The same state with a newer event folded in, before that has changed it.

        Every event of every stream that is loaded comes by here, and `dataclasses.replace` takes
        five times as long.
        """
        later = object.__new__(type(self))
        vars(later).update(vars(self), version=version)
        return later

    def header(self, act: Act, *, after: int = 0) -> Header:
        """The header of this stream's next event, or of the one `after` so many more."""
        return Header(
            originator_id=self.id,
            originator_version=self.version + 1 + after,
            occurred_at=act.at,
            actor_id=act.actor_id,
        )

    @classmethod
    @abstractmethod
    def evolve(cls, state: Self | None, event: Any) -> Self:
        """The state after one more event; each aggregate says how, and nothing else moves it."""

    @classmethod
    def fold(cls, state: Self | None, events: Iterable[Any]) -> Self | None:
        """The state after the events, in order: what the repository loads an aggregate with."""
        for event in events:
            state = cls.evolve(state, event)
        return state


def first_header(stream: UUID, act: Act) -> Header:
    """The header of the event that begins a stream."""
    return Header(
        originator_id=stream, originator_version=1, occurred_at=act.at, actor_id=act.actor_id
    )
