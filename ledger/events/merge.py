"""Merges: two records turned out to be of one person, and two people said so.

All of them share one stream, so that no two can contradict each other, and whoever folds the log
finds them without reading it. What happened is never rewritten: from its place on, a merge says
whose every record is.
"""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event
from ledger.values import stream_id

MERGES = stream_id("merges")  # the one stream
MergeReason = Literal[
    "duplicate_account", "name_changed", "number_changed", "imported_twice", "moved_districts"
]


class MergeEvent(Event):
    """Stream: every merge of a ledger. The person named first is the one who is kept."""

    person_id: UUID  # under whose id everything is from then on
    merged_id: UUID  # that from then on means the same person
    reason: MergeReason


class MergeRequested(MergeEvent):
    """One operator says so. Another has to say the same; until then nothing changes."""

    TOPIC: ClassVar[str] = "merge.requested.v1"


class PersonsMerged(MergeEvent):
    """A second operator has said the same: there is one person, and one record."""

    TOPIC: ClassVar[str] = "merge.persons-merged.v1"

    requested_by: UUID
    confirmed_by: UUID
