"""Imports: a file came in, was checked whole, and went into the log between these two facts."""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Count, HmacSha256, Slug


class ImportEvent(Event):
    """Stream: one file, known by its digest."""

    district_id: UUID


class ImportStarted(ImportEvent):
    """The file passed every check; its rows follow in the log."""

    TOPIC: ClassVar[str] = "import.started.v1"

    format: Slug  # e.g. oneroster-1.2
    mode: Literal["bulk", "delta"]
    file_hmac: HmacSha256  # keyed by a vault secret: the file is full of names
    rows: Count


class ImportCompleted(ImportEvent):
    """Every row of the file is in the log."""

    TOPIC: ClassVar[str] = "import.completed.v1"

    persons_registered: Count
    employments_started: Count
    employments_changed: Count
    employments_ended: Count
    rows_unchanged: Count
