"""The ledger as an application: it decides once for each command id, on what it has just read.

A command is a function `decide(read)` that loads aggregates through `read` and returns events.
Every stream it loaded and did not write to is named to the store with the version seen, and the
append is refused when one of them has moved; then the command is decided once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, partial
from itertools import chain, groupby
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID, uuid5

from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.persistence import StoredEvent

from ledger.aggregates.base import Act, Aggregate
from ledger.codec import LedgerMapper
from ledger.errors import (
    CommandReusedError,
    ConflictError,
    LedgerError,
    NotFoundError,
    PreconditionError,
)
from ledger.events import LedgerEvent
from ledger.events.base import Event
from ledger.seal.leaves import Row, leaf, microseconds
from ledger.store import CommandStored, LedgerRecorder, ReadMoved, StreamMoved
from ledger.values import LEDGER_NAMESPACE

STREAMS_AT_ONCE = 1_000
DECISIONS_MAX = 5  # a command that loses more races than this is answered as a conflict


@dataclass(frozen=True, slots=True)
class Call:
    """One request to change the ledger, as the edge received it."""

    caller_id: UUID
    command_id: UUID
    body_hash: bytes  # keyed digest of what was asked, so that a key cannot be used for two things
    at: datetime
    expected_version: int | None = None  # If-Match: of the stream the command writes to

    @property
    def act(self) -> Act:
        return Act(actor_id=self.caller_id, at=self.at)


def command_id(caller_id: UUID, route: str, key: str) -> UUID:
    """The id that makes a command happen at most once, whoever resends it how often."""
    return uuid5(LEDGER_NAMESPACE, f"{caller_id}\x1f{route}\x1f{key}")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a command came to. A resend of the same command gets an equal receipt."""

    events: tuple[LedgerEvent, ...]
    position: int  # of the command's last event in the log; the others come right before it
    leaves: tuple[bytes, ...]  # what the tree over the log holds of each event, once it is sealed
    replayed: bool = field(default=False, compare=False)

    @property
    def first_position(self) -> int:
        """Of the command's first event in the log."""
        return self.position - len(self.events) + 1

    @property
    def stream(self) -> UUID:
        """The stream that the command's first event belongs to."""
        return self.events[0].originator_id

    @property
    def version(self) -> int:
        """The version that this stream has reached by the command."""
        stream = self.stream
        return max(e.originator_version for e in self.events if e.originator_id == stream)


AggregateType = TypeVar("AggregateType", bound=Aggregate)


class Reader:
    """Loads aggregates for one decision and remembers which versions it rests on."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[tuple[type[Aggregate], UUID], Aggregate | None] = {}
        self.versions: dict[UUID, int] = {}

    def ahead(
        self, kind: type[AggregateType], streams: Iterable[UUID]
    ) -> dict[UUID, AggregateType]:
        """Read many together that are asked for one by one hereafter; gives those there are."""
        asked = list(dict.fromkeys(streams))
        found = self._ledger.find_many(kind, asked)
        self._known.update({(kind, stream): found.get(stream) for stream in asked})
        return found

    def find(self, kind: type[AggregateType], stream: UUID) -> AggregateType | None:
        """The aggregate as it was first read, or None when nothing has happened in its stream."""
        if (kind, stream) not in self._known:
            self._known[kind, stream] = self._ledger.find(kind, stream)
        known = self._known[kind, stream]
        assert known is None or isinstance(known, kind), "each is kept by its kind"
        self.versions[stream] = known.version if known else 0
        return known

    def get(self, kind: type[AggregateType], stream: UUID) -> AggregateType:
        """The aggregate as of now. Raises NotFoundError when there is none."""
        aggregate = self.find(kind, stream)
        if aggregate is None:
            raise NotFoundError(f"there is no {kind.__name__.lower()} {stream}")
        return aggregate


Decide = Callable[[Reader], Sequence[LedgerEvent]]


class Ledger(Application[UUID]):
    """The write side in one object: load, decide, append, replay."""

    recorder: LedgerRecorder
    mapper: LedgerMapper

    def find(self, kind: type[AggregateType], stream: UUID) -> AggregateType | None:
        """The aggregate of a stream, or None when nothing of its kind has happened in it."""
        if kind.UNREAD:
            return self._find_in_part(kind, stream)
        try:
            aggregate: AggregateType = self.repository.get(
                stream, projector_func=partial(_fold, kind)
            )
        except AggregateNotFoundError:
            return None
        return aggregate

    def get(self, kind: type[AggregateType], stream: UUID) -> AggregateType:
        """The aggregate of a stream, for looking. Raises NotFoundError when there is none."""
        return Reader(self).get(kind, stream)

    def _find_in_part(self, kind: type[AggregateType], stream: UUID) -> AggregateType | None:
        """As `find`, without reading what the aggregate does not look into."""
        stored = self.recorder.read_stream_in_part(stream, kind.UNREAD)
        seen = (row for row in stored if row.topic not in kind.UNREAD)
        aggregate = _fold(kind, None, map(self.mapper.to_domain_event, seen))
        return aggregate.at_version(stored[-1].originator_version) if aggregate else None

    def find_many(
        self, kind: type[AggregateType], streams: Iterable[UUID]
    ) -> dict[UUID, AggregateType]:
        """The aggregates of many streams, read together; streams that are empty are left out."""
        found: dict[UUID, AggregateType] = {}
        asked = list(streams)
        for start in range(0, len(asked), STREAMS_AT_ONCE):
            stored = self.recorder.read_streams(asked[start : start + STREAMS_AT_ONCE])
            for stream, rows in groupby(stored, key=lambda row: row.originator_id):
                aggregate = _fold(kind, None, map(self.mapper.to_domain_event, rows))
                if aggregate is not None and isinstance(stream, UUID):
                    found[stream] = aggregate
        return found

    def run(self, call: Call, decide: Decide) -> Receipt:
        """Decide and append, exactly once for the call's command id.

        Raises whatever `decide` refuses with; CommandReusedError when the id was used for
        another request; ConflictError when others kept acting first.
        """
        earlier = self.replayed(call)
        if earlier is not None:
            return earlier
        for _ in range(DECISIONS_MAX):
            read = Reader(self)
            try:
                events = tuple(decide(read))
                _check_expected(call, events)
            except LedgerError:
                # A faster sending of this command may have been stored since it was looked up;
                # then its answer counts, not that nothing is left to be done.
                earlier = self.replayed(call)
                if earlier is None:
                    raise
                return earlier
            written = {event.originator_id for event in events}
            reads = tuple((s, v) for s, v in read.versions.items() if s not in written)
            try:
                return self.append(call, events, reads)
            except (StreamMoved, ReadMoved):
                continue
            except CommandStored:
                return self._replayed_or_fail(call)
        raise ConflictError("others changed what this command rests on; read again and resend")

    def replayed(self, call: Call) -> Receipt | None:
        """The receipt of a command that has happened already, made again from its events, or None.

        For whoever would have to prepare what `run` then does not ask for. Raises
        CommandReusedError when the id was used for another request.
        """
        stored = self.recorder.find_command(call.command_id)
        if stored is None:
            return None
        if stored.body_hash != call.body_hash:
            raise CommandReusedError(
                "this Idempotency-Key was used before for a different request; use a new key"
            )
        events = tuple(self.mapper.to_domain_event(event) for event in stored.events)
        leaves = _leaves(call.command_id, stored.events[0].id, stored.recorded_at, stored.events)
        return Receipt(events=events, position=stored.events[-1].id, leaves=leaves, replayed=True)

    def append(
        self, call: Call, events: tuple[LedgerEvent, ...], reads: Sequence[tuple[UUID, int]]
    ) -> Receipt:
        """Store what was decided, all or nothing. LedgerRecorder.append says what it raises."""
        rows = [self.mapper.to_stored_event(event) for event in events]
        stored = self.recorder.append(
            rows, command_id=call.command_id, body_hash=call.body_hash, reads=reads
        )
        leaves = _leaves(call.command_id, stored.first_position, stored.recorded_at, rows)
        return Receipt(events=events, position=stored.last_position, leaves=leaves)

    def append_in_turn(self, commands: Iterable[tuple[Call, Sequence[LedgerEvent]]]) -> None:
        """Store commands that rest on nothing but what they write to, each behind the one before.

        While the server stores one, the next is made ready, which takes as long. One that is
        stored already is passed over. Raises ConflictError when somebody else has written to a
        stream of theirs, and what LedgerRecorder.append raises; those before it are stored.
        """
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="append") as storing:
            before: Future[None] | None = None
            for call, events in commands:
                rows = [self.mapper.to_stored_event(event) for event in events]
                if before is not None:
                    before.result()
                before = storing.submit(self._store, call, rows)
            if before is not None:
                before.result()

    def _store(self, call: Call, rows: Sequence[StoredEvent]) -> None:
        try:
            self.recorder.append(rows, command_id=call.command_id, body_hash=call.body_hash)
        except CommandStored:
            return
        except StreamMoved:
            raise ConflictError("somebody else wrote to this meanwhile; begin again") from None

    def _replayed_or_fail(self, call: Call) -> Receipt:
        receipt = self.replayed(call)
        assert receipt is not None, "the store refused a command id that it does not hold"
        return receipt


def _fold(
    kind: type[AggregateType], state: AggregateType | None, events: Iterable[Any]
) -> AggregateType | None:
    """As `kind.fold`; nothing for a stream of another kind, whose id a caller may have sent."""
    coming = iter(events)
    first = next(coming, None)
    if first is None:
        return state
    if state is None and not isinstance(first, _events_of(kind)):
        return None
    return kind.fold(state, chain((first,), coming))


@cache
def _events_of(kind: type[Aggregate]) -> tuple[type[Event], ...]:
    """The classes of events that a kind of aggregate is made of."""
    union = get_type_hints(kind.evolve)["event"]
    return get_args(union) or (union,)


def _check_expected(call: Call, events: Sequence[LedgerEvent]) -> None:
    """If-Match: refuse when the stream is no longer at the version the caller has seen."""
    assert events, "a command that changes nothing must refuse instead"
    current = events[0].originator_version - 1
    if call.expected_version is not None and call.expected_version != current:
        raise PreconditionError(
            f"the newest version is {current}, not {call.expected_version}; read it again"
        )


def _leaves(
    command_id: UUID, first_position: int, recorded_at: datetime, stored: Sequence[StoredEvent]
) -> tuple[bytes, ...]:
    """The leaf of each event of a command, as whoever seals or verifies the log computes it."""
    recorded_us = microseconds(recorded_at)
    leaves = []
    for position, event in enumerate(stored, first_position):
        stream, topic = event.originator_id, event.topic.encode()
        assert isinstance(stream, UUID), "streams are named by UUIDs here"
        place = (position, recorded_us, command_id.bytes, stream.bytes, event.originator_version)
        leaves.append(leaf(Row(*place, topic, event.state)))
    return tuple(leaves)
