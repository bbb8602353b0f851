"""What every event has in common."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from pydantic import ConfigDict, Field

from ledger.values import Instant, Value


class Event(Value):
    """One fact. Past tense, frozen, and stored for ever under its explicit, versioned topic.

    A change of meaning is a new class with a new topic and an upcaster; the bytes of every
    released class are golden files.
    """

    model_config = ConfigDict(strict=True)

    TOPIC: ClassVar[str]

    originator_id: UUID  # the stream
    originator_version: int = Field(ge=1)  # place in the stream; two writers cannot both have it
    occurred_at: Instant  # the acting clock; order is the log's position, never this
    actor_id: UUID  # the person or machine account whose command this was
