"""The bytes of every event class are in the golden file, and today's code still writes them."""

from __future__ import annotations

import json

import pytest

from ledger.codec import decode, encode
from ledger.events import EVENT_CLASSES
from tests import golden
from tests.codec.making import sample

LINES = golden.lines()


def test_every_event_class_has_its_golden_bytes() -> None:
    missing = golden.missing_lines()
    assert missing == [], "run: python -m tests.golden\n" + "\n".join(missing)


def test_no_topic_has_two_golden_lines() -> None:
    topics = [line.topic for line in LINES]
    assert len(topics) == len(set(topics))


@pytest.mark.parametrize("line", LINES, ids=[line.topic for line in LINES])
def test_released_bytes_are_read_and_written_again_unchanged(line: golden.Line) -> None:
    event = decode(*line.columns)
    if line.topic == event.TOPIC:  # what is read as a newer topic is no longer written
        assert encode(event) == line.state.encode()


@pytest.mark.parametrize("line", LINES, ids=[line.topic for line in LINES])
def test_released_bytes_say_what_another_encoder_says(line: golden.Line) -> None:
    event = decode(*line.columns)
    columns = {"originator_id": line.stream, "originator_version": line.version}
    if line.topic == event.TOPIC:
        assert json.loads(event.model_dump_json()) == json.loads(line.state) | columns


@pytest.mark.parametrize("topic", EVENT_CLASSES)
def test_a_sample_is_the_same_each_time_it_is_made(topic: str) -> None:
    assert sample(EVENT_CLASSES[topic]) == sample(EVENT_CLASSES[topic])
