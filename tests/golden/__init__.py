"""The bytes of every kind of event ever released, one line each. A line is added, never changed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from ledger.codec import encode
from ledger.events import EVENT_CLASSES
from tests.codec.making import sample

PATH = Path(__file__).with_name("events.jsonl")


@dataclass(frozen=True, slots=True)
class Line:
    """One row as a released version has written it."""

    topic: str
    stream: str
    version: int
    state: str

    @property
    def columns(self) -> tuple[str, bytes, UUID, int]:
        """What the codec is handed."""
        return self.topic, self.state.encode(), UUID(self.stream), self.version


def lines() -> list[Line]:
    """All lines of the file."""
    text = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
    return [Line(**json.loads(line)) for line in text.splitlines()]


def missing_lines() -> list[str]:
    """The lines to add: one for each event class that has none."""
    known = {line.topic for line in lines()}
    return [_line(topic) for topic in EVENT_CLASSES if topic not in known]


def _line(topic: str) -> str:
    event = sample(EVENT_CLASSES[topic])
    state = encode(event).decode()  # type: ignore[arg-type]  # the registry holds these classes
    line = Line(topic, str(event.originator_id), event.originator_version, state)
    return json.dumps(asdict(line), ensure_ascii=False)
