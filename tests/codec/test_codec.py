"""What is stored comes back equal, and nothing else is stored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import UUID

import orjson
import pytest
from eventsourcing.compressor import ZlibCompressor
from eventsourcing.persistence import JSONTranscoder, StoredEvent
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import codec
from ledger.codec import (
    LedgerMapper,
    UnknownTopicError,
    UnreadableEventError,
    UnstorableEventError,
    Upcaster,
    decode,
    encode,
    upcast,
)
from ledger.events import EVENT_CLASSES, LedgerEvent
from ledger.events.base import Event
from ledger.events.batch import BatchLine, BatchLinesListed
from ledger.events.organization import OrganizationRenamed
from ledger.events.stack import StackDefined
from ledger.values import trusted
from tests.codec.making import events, sample

STREAM = UUID(int=7)
ANY_EVENT = st.sampled_from(list(EVENT_CLASSES.values())).flatmap(events)


def renamed(name: str) -> OrganizationRenamed:
    event = sample(OrganizationRenamed)
    assert isinstance(event, OrganizationRenamed)
    return event.model_copy(update={"name": name})


def state_of(event: LedgerEvent, **changes: object) -> bytes:
    """The state of an event as somebody else might have written it."""
    return orjson.dumps(orjson.loads(encode(event)) | changes)


@given(event=ANY_EVENT)
@settings(max_examples=300)
def test_every_event_comes_back_equal(event: LedgerEvent) -> None:
    state = encode(event)
    again = decode(event.TOPIC, state, event.originator_id, event.originator_version)
    assert again == event
    assert type(again) is type(event)
    assert encode(again) == state


@given(event=ANY_EVENT)
def test_keys_are_sorted_and_the_columns_are_left_out(event: LedgerEvent) -> None:
    fields = orjson.loads(encode(event))
    assert list(fields) == sorted(fields)
    assert not {"originator_id", "originator_version"} & set(fields)


def test_instants_end_in_z_with_microseconds_only_where_there_are_any() -> None:
    event = renamed("A")
    for instant, text in (
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), b'"2026-01-02T03:04:05Z"'),
        (datetime(2026, 1, 2, 3, 4, 5, 60, tzinfo=UTC), b'"2026-01-02T03:04:05.000060Z"'),
    ):
        assert text in encode(event.model_copy(update={"occurred_at": instant}))


def test_an_instant_of_another_zone_is_stored_as_utc() -> None:
    event = renamed("A")
    eastern = event.occurred_at.astimezone()
    fields = dict(event) | {"occurred_at": eastern}
    assert encode(OrganizationRenamed(**fields)) == encode(event)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a\ud800b", "surrogates"),
        ("a\x00b", "U+0000"),
        ("a\\\x00b", "U+0000"),
        ("", "string_too_short"),
        ("  padded  ", "come back different"),
        ("e\u0301", "come back different"),  # e and an accent, where é is one letter
        (5, "string_type"),
        (float("nan"), "string_type"),
        ({"a", "b"}, "not JSON serializable: set"),
        (2**64, "64-bit"),
        (UUID(int=1), "come back different"),
        ("x" * 1_048_577, "more than 1048576"),
    ],
)
def test_what_would_not_come_back_equal_is_refused(name: Any, says: str) -> None:
    with pytest.raises(UnstorableEventError) as refused:
        encode(renamed(name))
    assert refused.value.detail.startswith("organization.renamed.v1 cannot be stored: ")
    assert says in refused.value.detail


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("amount_cents", 5.0),
        ("amount_cents", True),
        ("attempt", 0),
        ("pensionable", 1),
        ("earned_on", "2024-05-01"),
        ("earned_on", datetime(2024, 5, 1, tzinfo=UTC)),
        ("earning_code", "padded "),
        ("kind", "gift"),
        ("unheard_of", None),
    ],
)
def test_a_line_that_nobody_checked_before_is_checked_as_it_is_stored(
    name: str, wrong: object
) -> None:
    event = sample(BatchLinesListed)
    assert isinstance(event, BatchLinesListed)
    fields = vars(event.lines[0])
    line = trusted(BatchLine)
    assert encode(event.model_copy(update={"lines": (line({**fields}),)}))
    with pytest.raises(UnstorableEventError):
        encode(event.model_copy(update={"lines": (line({**fields, name: wrong}),)}))


def test_a_text_that_grows_beyond_its_limit_as_it_is_normalized_is_refused() -> None:
    letter_and_dot = "\u0958"  # one letter to the limit, two once it is normalized
    with pytest.raises(UnstorableEventError, match="string_too_long"):
        encode(renamed(letter_and_dot * 300))


def test_the_text_of_an_escape_is_only_text() -> None:
    event = renamed(r"the letters \u0000 and \\u0000")
    assert decode(event.TOPIC, encode(event), event.originator_id, 1).name == event.name  # type: ignore[union-attr]


def test_not_a_number_is_refused_where_a_number_is_meant() -> None:
    event = sample(StackDefined).model_copy(update={"stack_version": float("nan")})
    with pytest.raises(UnstorableEventError):
        encode(event)  # type: ignore[arg-type]


def test_a_class_that_is_not_in_the_registry_is_refused() -> None:
    class Gossip(Event):
        TOPIC: ClassVar[str] = "gossip.spread.v1"

    with pytest.raises(UnstorableEventError, match=r"gossip\.spread\.v1"):
        encode(sample(Gossip))  # type: ignore[arg-type]


@pytest.mark.parametrize(("words", "says"), [("a\x00", "U+0000"), ("\ud800", "surrogates")])
def test_even_a_field_that_takes_any_text_takes_none_that_cannot_be_kept(
    monkeypatch: pytest.MonkeyPatch, words: str, says: str
) -> None:
    class Remarked(Event):
        TOPIC: ClassVar[str] = "remark.made.v1"
        words: str

    monkeypatch.setitem(EVENT_CLASSES, Remarked.TOPIC, Remarked)
    with pytest.raises(UnstorableEventError, match=says.replace("+", r"\+")):
        encode(sample(Remarked).model_copy(update={"words": words}))  # type: ignore[arg-type]


@pytest.mark.parametrize("topic", ["", "os:system", "builtins:eval", "organization.renamed.v2"])
def test_a_topic_is_never_more_than_a_key_of_the_registry(topic: str) -> None:
    with pytest.raises(UnknownTopicError) as refused:
        decode(topic, encode(renamed("A")), STREAM, 1)
    assert refused.value.operands == {"topic": topic}


@pytest.mark.parametrize(
    "state",
    [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"[]",
        b'"a"',
        b"{}",
        b'{"name":"A"}',
        state_of(renamed("A"), surplus=1),
        state_of(renamed("A"), name=None),
        state_of(renamed("A"), occurred_at="yesterday"),
        state_of(renamed("A"), occurred_at="2026-01-01T00:00:00"),
    ],
)
def test_a_damaged_state_is_named_and_never_half_read(state: bytes) -> None:
    with pytest.raises(UnreadableEventError) as refused:
        decode("organization.renamed.v1", state, STREAM, 3)
    assert refused.value.operands == {
        "stream": STREAM,
        "version": 3,
        "topic": "organization.renamed.v1",
    }


def test_an_unreadable_event_and_an_unknown_topic_have_slugs_of_their_own() -> None:
    slugs = (UnreadableEventError.slug, UnknownTopicError.slug, UnstorableEventError.slug)
    assert slugs == ("unreadable-event", "unknown-topic", "unstorable-event")


@pytest.fixture
def old_topics() -> Iterator[None]:
    """Two topics of the past, one read as the other, the other as today's."""
    before = codec.UPCASTERS
    codec.UPCASTERS = {
        "organization.titled.v1": Upcaster("organization.named.v1", _title_to_label),
        "organization.named.v1": Upcaster("organization.renamed.v1", _label_to_name),
    }
    yield
    codec.UPCASTERS = before


def _title_to_label(fields: dict[str, Any]) -> dict[str, Any]:
    return {"label": fields.pop("title"), **fields}


def _label_to_name(fields: dict[str, Any]) -> dict[str, Any]:
    return {"name": fields.pop("label"), **fields}


def test_an_event_of_an_old_topic_is_read_as_one_of_today(old_topics: None) -> None:
    event = renamed("A")
    fields = orjson.loads(encode(event))
    state = orjson.dumps({"title": fields.pop("name"), **fields})
    columns = (event.originator_id, event.originator_version)
    assert decode("organization.titled.v1", state, *columns) == event


def test_upcasting_leaves_the_topics_of_today_alone() -> None:
    assert upcast("organization.renamed.v1", {"name": "A"}) == (
        "organization.renamed.v1",
        {"name": "A"},
    )


def test_every_upcaster_leads_to_a_topic_of_today() -> None:
    for topic, upcaster in codec.UPCASTERS.items():
        assert topic not in EVENT_CLASSES
        assert upcaster.topic in {*EVENT_CLASSES, *codec.UPCASTERS}


def test_the_mapper_is_the_codec() -> None:
    mapper, event = LedgerMapper(JSONTranscoder()), renamed("A")
    stored = mapper.to_stored_event(event)
    assert stored == StoredEvent(
        event.originator_id, event.originator_version, event.TOPIC, encode(event)
    )
    assert mapper.to_domain_event(stored) == event


def test_the_mapper_refuses_what_would_change_the_bytes() -> None:
    with pytest.raises(AssertionError, match="compressed"):
        LedgerMapper(JSONTranscoder(), compressor=ZlibCompressor())
