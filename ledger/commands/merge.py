"""Commands on two records of one person."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates.merge import Merges, MergeTerms
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import get_person
from ledger.events import AnyMergeEvent
from ledger.events.merge import MERGES, MergeReason


def merge_persons(
    ledger: Ledger, call: Call, *, person_id: UUID, merged_id: UUID, reason: MergeReason
) -> Receipt:
    """Say that a record is of another person; it happens when a second operator says the same.

    Raises SecondPersonError, PersonMergedError, NothingChangesError, PersonErasedError.
    """

    def decide(read: Reader) -> Sequence[AnyMergeEvent]:
        for one in (person_id, merged_id):
            get_person(read, one)
        return merges(read).merge(call.act, MergeTerms(person_id, merged_id, reason))

    return ledger.run(call, decide)


def merges(read: Reader) -> Merges:
    """Every merge so far."""
    return read.find(Merges, MERGES) or Merges.none_yet(MERGES)
