"""Events to bytes and back. These bytes never change.

The state of an event is JSON with sorted keys: its fields without the stream and the version,
which are columns of their own. Instants end in Z, dates are YYYY-MM-DD. What is read goes through
the closed registry, so that no row can name code to run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import orjson
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Cipher, Compressor, Mapper, StoredEvent, Transcoder

from ledger import decoding
from ledger.errors import InvalidError, LedgerError
from ledger.events import EVENT_CLASSES, LedgerEvent
from ledger.values import Value

Fields = dict[str, Any]

FORMAT = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z
STATE_BYTES_MAX = 1_048_576
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class UnstorableEventError(InvalidError):
    """The event cannot be stored and read back."""

    slug = "unstorable-event"


class UnreadableEventError(LedgerError):
    """A stored event cannot be read."""

    slug = "unreadable-event"


class UnknownTopicError(UnreadableEventError):
    """A stored event is of a kind that this version does not know."""

    slug = "unknown-topic"


@dataclass(frozen=True, slots=True)
class Upcaster:
    """How an event of a topic that is no longer written is read: as one of a newer topic."""

    topic: str
    change: Callable[[Fields], Fields]


UPCASTERS: Mapping[str, Upcaster] = {
    # Only districts received records then, and none that did not say what it is.
    "external-record.imported.v1": Upcaster(
        "external-record.imported.v2", lambda fields: fields | {"title": None}
    ),
    # What the newer one says beside is said of nothing by default.
    "equivalency.adopted.v1": Upcaster("equivalency.adopted.v2", lambda fields: fields),
}


def encode(event: LedgerEvent) -> bytes:
    """The state of an event as the log keeps it.

    Raises:
        UnstorableEventError: it would not come back equal; nothing may be stored.
    """
    fields = dict(vars(event))
    del fields["originator_id"], fields["originator_version"]
    try:
        state = orjson.dumps(fields, default=_fields_of, option=FORMAT)
        _check_storable(event, state)
    except (TypeError, ValueError, UnreadableEventError) as error:
        raise UnstorableEventError(f"{event.TOPIC} cannot be stored: {error}") from error
    return state


def decode(topic: str, state: bytes, stream: UUID, version: int) -> LedgerEvent:
    """The event that these columns of a row hold.

    Raises:
        UnknownTopicError: the topic is not in the registry.
        UnreadableEventError: the state is not one of an event of this topic.
    """
    event_class = EVENT_CLASSES.get(topic)
    try:
        fields = orjson.loads(state)
        if event_class is None:
            topic, fields = upcast(topic, fields)
            event_class = EVENT_CLASSES[topic]
        fields["originator_id"] = stream
        fields["originator_version"] = version
        # Not strict: JSON has strings for dates and lists for tuples. Numbers and flags were
        # taken strictly as the event was encoded.
        event = event_class.__pydantic_validator__.validate_python(fields, strict=False)
    except (TypeError, ValueError) as error:
        raise UnreadableEventError(
            f"version {version} of stream {stream} cannot be read as {topic}: {error}",
            stream=stream,
            version=version,
            topic=topic,
        ) from error
    return cast("LedgerEvent", event)


def decode_stored(topic: str, state: bytes, stream: UUID, version: int) -> LedgerEvent:
    """As `decode`, in a third of the time, for what the log holds and so was checked before."""
    event = decoding.decode(topic, state, stream, version)
    return decode(topic, state, stream, version) if event is None else event


def upcast(topic: str, fields: Fields) -> tuple[str, Fields]:
    """Bring the fields of an event to the newest topic that says the same.

    Raises:
        UnknownTopicError: the topic is neither written today nor was it ever.
    """
    while topic not in EVENT_CLASSES:
        upcaster = UPCASTERS.get(topic)
        if upcaster is None:
            raise UnknownTopicError(f"no event has the topic {topic!r}", topic=topic)
        topic, fields = upcaster.topic, upcaster.change(fields)
    return topic, fields


def _check_storable(event: LedgerEvent, state: bytes) -> None:
    """Whatever would be refused or read differently later is refused now."""
    if len(state) > STATE_BYTES_MAX:
        raise ValueError(f"it has {len(state)} bytes, more than {STATE_BYTES_MAX}")
    if b"\\u0000" in state and _NUL.search(state):
        raise ValueError("it holds the character U+0000, which PostgreSQL cannot carry as text")
    if _read_back(event, state) != event:
        raise ValueError("it would come back different")


def _read_back(event: LedgerEvent, state: bytes) -> object:
    """As `decode`, in half the time: straight from the bytes, every field strictly checked."""
    event_class = EVENT_CLASSES.get(event.TOPIC)
    if event_class is None:
        raise UnknownTopicError(f"no event has the topic {event.TOPIC!r}", topic=event.TOPIC)
    columns = {
        "originator_id": event.originator_id,
        "originator_version": event.originator_version,
    }
    whole = state[:-1] + b"," + orjson.dumps(columns)[1:]
    return event_class.__pydantic_validator__.validate_json(whole)


def _fields_of(value: object) -> Fields:
    if isinstance(value, Value):
        return vars(value)
    raise TypeError(f"a {type(value).__name__} has no place in an event")


class LedgerMapper(Mapper[UUID]):
    """The codec as the library asks for it: MAPPER_TOPIC=ledger.codec:LedgerMapper."""

    def __init__(
        self,
        transcoder: Transcoder,
        compressor: Compressor | None = None,
        cipher: Cipher | None = None,
    ) -> None:
        super().__init__(transcoder)
        assert compressor is None, "the bytes of the log are never compressed"
        assert cipher is None, "the bytes of the log are never encrypted; secrets are in the vault"

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        event = cast("LedgerEvent", domain_event)
        return StoredEvent(
            event.originator_id, event.originator_version, event.TOPIC, encode(event)
        )

    def to_domain_event(self, stored_event: StoredEvent) -> LedgerEvent:
        stream, version = stored_event.originator_id, stored_event.originator_version
        assert isinstance(stream, UUID), "streams are named by UUIDs here"
        return decode_stored(stored_event.topic, stored_event.state, stream, version)
