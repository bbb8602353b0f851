"""How ready the states are for competency-based education: a dated reference, and no rule.

Source: docs/sources.md#state-readiness.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

import orjson
from pydantic import Field, TypeAdapter

from ledger.values import Count, Day, Jurisdiction, Text, Value


class ReadinessGroup(Value):
    """One group of the map. Only those of its states are named that a source names."""

    group: Literal["advanced", "developing", "emerging", "none"]
    states: Count
    named: tuple[Jurisdiction, ...]


class ReadinessEdition(Value):
    """The map as it was published on a day."""

    published_on: Day
    groups: tuple[ReadinessGroup, ...]
    source: Text


class Readiness(Value):
    """Every edition, the oldest first."""

    title: Text
    about: Text
    editions: tuple[ReadinessEdition, ...] = Field(min_length=1)

    def on(self, day: date) -> ReadinessEdition | None:
        """The newest edition that was published by then; null before the first."""
        published = [one for one in self.editions if one.published_on <= day]
        return published[-1] if published else None


@cache
def readiness() -> Readiness:
    """The map as it comes with the ledger."""
    file = files("ledger.rules").joinpath("reference", "state-readiness.json")
    return TypeAdapter(Readiness).validate_python(orjson.loads(file.read_bytes()))
