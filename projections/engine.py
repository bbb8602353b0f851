"""Moves projections along the log: a batch at a time, each batch once, whatever breaks.

One transaction holds the move of the bookmark, first, and the rows that follow from it. The
bookmark is compared and set, so of two runners at most one can have moved it: the other's
transaction is taken back and it stops. Projections at the same position share one batch, one
decoding and one transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from typing import Any

import orjson
from psycopg import Connection, DatabaseError, DataError, IntegrityError, InterfaceError

from ledger.collector import collector_resting
from ledger.errors import UnavailableError
from ledger.events import EVENT_CLASSES, LedgerEvent
from ledger.events.base import Event
from ledger.events.merge import PersonsMerged
from projections import parking
from projections.contract import Fact, Projection
from projections.log import Batch, LogReader, Unreadable
from projections.sql import Write, blocks, read, rows, write

_SQL = blocks("engine")

AnyProjection = Projection[Any]
Group = tuple[AnyProjection, ...]


class StaleRunnerError(UnavailableError):
    """Somebody else moved the bookmark: this runner is no longer the one."""

    slug = "stale-runner"


class NotMigratedError(UnavailableError):
    """The tables of a projection have not been made yet."""

    slug = "not-migrated"


class _PausedError(Exception):
    """Some projections are held still by a check or a swap; the others go on without them."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(", ".join(names))
        self.names = frozenset(names)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """How far one projection has come."""

    name: str
    position: int
    digest: str
    parked: bool
    last_position: int  # of the log


@dataclass
class Engine:
    """Projections, the connection whose search path leads to their tables, and a reader.

    `finishing` is off in the workers of a rebuild, who see only some of the persons.
    """

    connection: Connection[Any]
    reader: LogReader
    projections: Sequence[AnyProjection]
    channel: str
    lock_space: int
    finishing: bool = True
    _troubled: set[str] = field(default_factory=set)  # those that have something parked

    def run_to_end(self, until: int | None = None) -> None:
        """Step until everything up to the end of the log, or up to `until`, is in the tables."""
        while self.step(until):
            pass

    def step(self, until: int | None = None) -> int:
        """Move those who are furthest behind by one batch; returns by how many positions.

        Zero means that nothing is left to do for anybody who may be moved.

        Raises:
            StaleRunnerError: another runner moved a bookmark.
            psycopg.OperationalError: the server is gone or busy; nothing has been half done.
        """
        with collector_resting():
            for after, limit, group in self._groups(until):
                moved = self._move(group, after, limit)
                if moved:
                    return moved
            return 0

    def _groups(self, until: int | None) -> Iterator[tuple[int, int, Group]]:
        """Whom a batch from where to where can move, the furthest behind first."""
        marks = read(self.connection, Bookmark, _SQL["bookmarks"])
        known = {projection.name: projection for projection in self.projections}
        missing = known.keys() - {mark.name for mark in marks}
        if missing:
            raise NotMigratedError(f"no tables yet for {', '.join(sorted(missing))}")
        self._troubled = {mark.name for mark in marks if mark.parked}
        movable = [m for m in marks if m.name in known and m.digest == known[m.name].digest]
        ends = sorted({mark.position for mark in movable})
        last = min(m.last_position for m in marks) if until is None else until
        for after, at in groupby(movable, key=lambda mark: mark.position):
            limit = min([last, *(end for end in ends if end > after)])
            if after < limit:
                yield after, limit, tuple(known[mark.name] for mark in at)

    def _move(self, group: Group, after: int, limit: int) -> int:
        topics = frozenset(event_class.TOPIC for event_class in _takers(group))
        batch = self.reader.batch(after, limit, topics)
        try:
            self._advance(group, batch)
        except _PausedError as paused:
            others = tuple(p for p in group if p.name not in paused.names)
            return self._move(others, after, limit) if others else 0
        return batch.to - after

    def _advance(self, group: Group, batch: Batch) -> None:
        """Apply a batch for all; when that fails, for each; when that fails, halve the batch.

        What is left at the end is one event that one projection cannot take: it is parked.
        """
        try:
            self._commit(group, batch)
        except (StaleRunnerError, _PausedError, InterfaceError):
            raise
        except Exception as error:
            if isinstance(error, DatabaseError) and not isinstance(
                error, DataError | IntegrityError
            ):
                raise  # the server's trouble or a mistake in the SQL, never an event's fault
            self._narrow_down(group, batch, error)

    def _narrow_down(self, group: Group, batch: Batch, error: Exception) -> None:
        if len(group) > 1:
            for projection in group:
                self._advance((projection,), batch)
            return
        share = _deal(group, batch)[0]
        if len(share.positions) > 1:
            for half in share.halves():
                self._advance(group, half)
        elif share.positions:
            self._park(group, share, error)
        else:
            raise error

    def _commit(self, group: Group, batch: Batch) -> None:
        with self.connection.transaction():
            self._claim(group, batch)
            touched, writes = list[AnyProjection](), list[Write]()
            for projection, share in zip(group, _deal(group, batch), strict=True):
                if facts := self._sound(projection, share):
                    touched.append(projection)
                    writes += _folded(projection, facts, self.connection)
            self.reader.look_ahead()
            write(self.connection, writes)
            if self.finishing:
                for projection in touched:
                    projection.finish(self.connection)

    def _sound(self, projection: AnyProjection, share: Batch) -> Sequence[Fact[LedgerEvent]]:
        """What the projection can take now; what lies behind a bad event is put aside."""
        if projection.name in self._troubled:
            held = parking.held_ids(self.connection, projection.name)
            share, waiting = parking.split(share, held)
            parking.queue(self.connection, projection.name, waiting)
        if share.unreadable:
            raise share.unreadable[0].error
        return share.facts

    def _park(self, group: Group, share: Batch, error: Exception) -> None:
        with self.connection.transaction():
            self._claim(group, share)
            parking.park(self.connection, group[0].name, share, error)
        self._troubled.add(group[0].name)

    def _claim(self, group: Group, batch: Batch) -> None:
        """Move the bookmarks, or find out that this is not for us to do."""
        names = [projection.name for projection in group]
        merges = any(isinstance(fact.event, PersonsMerged) for fact in batch.facts)
        said = {"names": names, "position": batch.to, "merges": merges}
        message = orjson.dumps(said).decode()
        claimed = {
            name: free
            for name, free, _ in rows(
                self.connection,
                _SQL["claim"],
                names=names,
                after=batch.after,
                to=batch.to,
                space=self.lock_space,
                channel=self.channel,
                message=message,
            )
        }
        if len(claimed) < len(names):
            raise StaleRunnerError(
                f"{', '.join(sorted(set(names) - claimed.keys()))} moved on from {batch.after}"
            )
        paused = [name for name, free in claimed.items() if not free]
        if paused:
            raise _PausedError(paused)


def _folded(
    projection: AnyProjection, facts: Sequence[Fact[LedgerEvent]], connection: Connection[Any]
) -> list[Write]:
    """The facts applied; a merge is alone among them, for the reader cuts its pages there."""
    position, event = facts[0]
    if isinstance(event, PersonsMerged):
        assert len(facts) == 1, "a merge is folded alone"
        return projection.merge(Fact(position, event), connection)
    return projection.apply(facts, connection)


@cache
def _takers(group: Group) -> dict[type[Event], tuple[int, ...]]:
    """For each class of event, which members of the group take it."""
    taken = [member.classes for member in group]
    return {
        event_class: indexes
        for event_class in EVENT_CLASSES.values()
        if (indexes := tuple(i for i, classes in enumerate(taken) if event_class in classes))
    }


def _deal(group: Group, batch: Batch) -> list[Batch]:
    """What each member of the group has to apply."""
    takers = _takers(group)
    hands: list[list[Fact[LedgerEvent]]] = [[] for _ in group]
    for fact in batch.facts:
        for index in takers.get(type(fact.event), ()):
            hands[index].append(fact)
    bad = [_bad_for(index, takers, batch.unreadable) for index in range(len(group))]
    return [
        Batch(batch.after, batch.to, hand, unreadable)
        for hand, unreadable in zip(hands, bad, strict=True)
    ]


def _bad_for(
    index: int, takers: Mapping[type[Event], tuple[int, ...]], unreadable: Sequence[Unreadable]
) -> list[Unreadable]:
    """What is of a kind that this member takes, or of a kind that nobody knows."""
    return [
        bad
        for bad in unreadable
        if bad.row.topic not in EVENT_CLASSES
        or index in takers.get(EVENT_CLASSES[bad.row.topic], ())
    ]
