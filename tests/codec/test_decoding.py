"""Decoding without checking twice gives what the codec gives, and leaves the rest to it."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given, settings

from ledger import codec, decoding
from ledger.events import EVENT_CLASSES, LedgerEvent
from tests.projections.lives import lives
from tests.samples import MET, Story


@settings(max_examples=20)
@given(lives())
def test_every_event_comes_out_as_the_codec_reads_it(events: Sequence[LedgerEvent]) -> None:
    for event in events:
        row = (event.TOPIC, codec.encode(event), event.originator_id, event.originator_version)
        ours, theirs = codec.decode_stored(*row), codec.decode(*row)
        assert ours == theirs == event
        assert {k: type(v) for k, v in vars(ours).items()} == {
            k: type(v) for k, v in vars(theirs).items()
        }
        assert ours.model_dump() == theirs.model_dump()


def test_almost_every_class_is_decoded_the_fast_way() -> None:
    """The others have fields of several classes; whoever adds one may add it here."""
    slow = set(EVENT_CLASSES) - set(decoding._builders())
    assert slow == {
        "calendar.fact-recorded.v1",
        "dossier.fact-recorded.v1",
        "opening.recorded.v1",
        "policy.adopted.v1",
        "policy.rule-adopted.v1",
        "stack.defined.v1",
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("attempt", None),  # None: the field is left out
        ("submitted_on", "2024-13-01"),
        ("submitted_on", 5),
        ("person_id", "somebody"),
        ("person_id", "41013234-9d5f-54fb-bbba-bcd1a100262x"),
        ("evidence_ids", 7),
        ("unheard_of", 1),
    ],
)
def test_what_is_unusual_is_refused_by_the_codec(key: str, value: object) -> None:
    submitted = Story().submitted().events[-1]
    fields = orjson.loads(codec.encode(submitted))
    fields[key] = value
    if value is None:
        del fields[key]
    with pytest.raises(codec.UnreadableEventError):
        codec.decode_stored(submitted.TOPIC, orjson.dumps(fields), submitted.originator_id, 2)


def test_an_unknown_topic_is_refused_by_the_codec() -> None:
    with pytest.raises(codec.UnknownTopicError):
        codec.decode_stored("enrollment.forgotten.v1", b"{}", Story().enrollment.id, 1)


def test_what_is_known_is_forgotten_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoding, "KNOWN_MAX", 3)
    known = decoding._Known[str](str.upper)
    assert [known[letter] for letter in "abcdabc"] == list("ABCDABC")
    assert known[None] is None
    assert len(known) <= 5


def test_a_field_that_is_not_known_is_refused_within_a_value_as_well() -> None:
    events = Story().submitted().scored(MET, MET).events
    scored = next(one for one in events if one.TOPIC == "enrollment.scored.v1")
    stored = (scored.originator_id, scored.originator_version)
    fields = orjson.loads(codec.encode(scored))
    assert codec.decode_stored(scored.TOPIC, orjson.dumps(fields), *stored) == scored
    fields["scores"][0]["unheard_of"] = 1
    with pytest.raises(codec.UnreadableEventError):
        codec.decode_stored(scored.TOPIC, orjson.dumps(fields), *stored)


@pytest.mark.parametrize("value", [7, "seven", True])
def test_what_json_has_as_it_should_be_is_left_as_it_is(value: object) -> None:
    convert = decoding._converter(type(value))
    assert convert is not None
    assert convert(value) is value
