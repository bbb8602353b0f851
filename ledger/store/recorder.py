"""The log as the eventsourcing library sees it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    Notification,
    ProcessRecorder,
    StoredEvent,
    Subscription,
    TrackingRecorder,
)
from eventsourcing.utils import Environment, EnvType

from ledger.store.command import BODY_HASH, POSITION, RECORDED_AT, Command, Read, Stored
from ledger.store.connections import Role, checked_name, connection_info
from ledger.store.door import Door
from ledger.store.link import Link
from ledger.store.links import Links
from ledger.store.listener import LedgerSubscription, channel_of
from ledger.values import POSITION_MAX

LogEntry = tuple[int, datetime, UUID, int, str, bytes]


class StoredCommand(NamedTuple):
    """What a command came to when it happened."""

    body_hash: bytes
    events: tuple[Notification, ...]
    recorded_at: datetime


class LedgerRecorder(ApplicationRecorder):
    """Appends through the door, reads over a few links. Safe to share between threads."""

    def __init__(
        self,
        url: str,
        *,
        schema: str = "ledger",
        role_prefix: str = "ledger",
        links_max: int = 8,
        patience_seconds: float = 10.0,
    ) -> None:
        """Nothing is connected before it is needed.

        Args:
            url: Of a database whose user is a member of the append role.
            schema: Of the ledger.
            role_prefix: Of the roles of the ledger.
            links_max: How many reads may run at once; the door has one more connection.
            patience_seconds: For how long a command or a read outlasts an absent database.
        """
        self._schema = checked_name(schema)
        self._conninfo = connection_info(url, Role.APPEND, schema=schema, role_prefix=role_prefix)
        self._patience_seconds = patience_seconds
        self._links = Links(self._connect, links_max, patience_seconds)
        self._door = Door(self._connect, patience_seconds)

    def append(
        self,
        events: Sequence[StoredEvent],
        *,
        command_id: UUID,
        body_hash: bytes,
        reads: Sequence[Read] = (),
    ) -> Stored:
        """Append the events of one command, all or none. Command and Door.append say the rest."""
        return self._door.append(Command(events, command_id, body_hash, reads))

    def append_all(self, commands: Sequence[Command]) -> None:
        """Append what an import brings, in groups over a connection of its own.

        Afterwards each command has its outcome: where it is stored, or why it is not.
        """
        door = Door(self._connect, self._patience_seconds)
        try:
            door.append_all(commands)
        finally:
            door.close()

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        """As `append`, for Application.save(…, command_id=…, body_hash=…, reads=…)."""
        kwargs.pop("tracking", None)  # the library's own projections keep to their own tables
        stored = self.append(stored_events, **kwargs)
        return range(stored.first_position, stored.last_position + 1)

    def find_command(self, command_id: UUID) -> StoredCommand | None:
        """The events of a command that has happened, in its order; None if it has not."""
        rows = self._links.fetch("command", command_id)
        if not rows:
            return None
        events = tuple(Notification(*row[:BODY_HASH], *row[POSITION:RECORDED_AT]) for row in rows)
        return StoredCommand(rows[0][BODY_HASH], events, rows[0][RECORDED_AT])

    def read_stream(self, stream: UUID, after: int = 0) -> Sequence[StoredEvent]:
        """The events of a stream after a version, in order."""
        return self.select_events(stream, gt=after)

    def read_stream_in_part(self, stream: UUID, unread: Collection[str]) -> list[StoredEvent]:
        """The events of a stream in order, those of topics that are not looked into empty."""
        rows = self._links.fetch("stream_in_part", stream, list(unread))
        return [StoredEvent(*row) for row in rows]

    def read_streams(self, streams: list[UUID]) -> list[StoredEvent]:
        """The events of many streams, each stream's in order and in one piece."""
        rows = self._links.fetch("streams", streams) if streams else []
        return [StoredEvent(*row) for row in rows]

    def topics_of_commands(self, command_ids: list[UUID]) -> list[tuple[UUID, str]]:
        """What those of the commands that have happened came to, a topic for each event."""
        rows = self._links.fetch("topics_of_commands", command_ids) if command_ids else []
        return [(command_id, topic) for command_id, topic in rows]

    def read_log(self, after: int, limit: int, until: int | None = None) -> list[LogEntry]:
        """A page of the log after a position: position, recorded at, stream, version, topic, state.

        Args:
            after: The last position already seen; 0 for none.
            limit: The most events to answer with.
            until: The last position to read.
        """
        last = POSITION_MAX if until is None else until
        return self._links.fetch("log", after, last, limit)

    def last_position(self) -> int:
        """The position of the newest event; 0 for an empty log."""
        return self._links.last_position()

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        assert isinstance(originator_id, UUID), "streams are named by UUIDs here"
        rows = self._links.fetch(
            "stream_backwards" if desc else "stream",
            originator_id,
            gt or 0,
            POSITION_MAX if lte is None else lte,
            POSITION_MAX if limit is None else limit,
        )
        return [StoredEvent(*row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        after = (start or 0) - (1 if inclusive_of_start else 0)
        until = POSITION_MAX if stop is None else stop
        return self._links.notifications(after, until, limit, topics)

    def max_notification_id(self) -> int | None:
        return self._links.last_position() or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """Every event after a position, over a connection of its own that listens."""
        listening = partial(Link, self._conninfo, listen_to=channel_of(self._schema))
        links = Links(listening, 1, self._patience_seconds)
        return LedgerSubscription(self, links, gt, topics)

    def close(self) -> None:
        self._door.close()
        self._links.close()

    def _connect(self) -> Link:
        return Link(self._conninfo)


class Factory(InfrastructureFactory[TrackingRecorder]):
    """What PERSISTENCE_MODULE=ledger.store leads to. Tables come from `migrate`, never from here.

    Environment: DATABASE_URL, and where they differ from the defaults LEDGER_SCHEMA,
    LEDGER_ROLE_PREFIX, LEDGER_CONNECTIONS and LEDGER_PATIENCE_SECONDS.
    """

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        self._recorders: list[LedgerRecorder] = []

    def application_recorder(self) -> LedgerRecorder:
        url = self.env.get("DATABASE_URL")
        assert url, "DATABASE_URL says where the ledger is"
        recorder = LedgerRecorder(
            url,
            schema=self.env.get("LEDGER_SCHEMA") or "ledger",
            role_prefix=self.env.get("LEDGER_ROLE_PREFIX") or "ledger",
            links_max=int(self.env.get("LEDGER_CONNECTIONS") or 8),
            patience_seconds=float(self.env.get("LEDGER_PATIENCE_SECONDS") or 10),
        )
        self._recorders.append(recorder)
        return recorder

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        raise NotImplementedError(f"the ledger keeps no {purpose} beside its log")

    def tracking_recorder(self, tracking_recorder_class: Any = None) -> TrackingRecorder:
        raise NotImplementedError("projections keep their own bookmarks")

    def process_recorder(self) -> ProcessRecorder:
        raise NotImplementedError("projections keep their own bookmarks")

    def close(self) -> None:
        for recorder in self._recorders:
            recorder.close()
