"""A batch beside the one before, as the log has both."""

from __future__ import annotations

from uuid import UUID

from ledger.aggregates.batch import Batch
from ledger.application import Ledger
from ledger.commands.batch_lines import summary_of
from ledger.commands.merge import merges
from ledger.rules.batch_comparison import Comparison, compare
from ledger.values import stream_id


def batch_stream(district_id: UUID, number: int) -> UUID:
    """The stream of a district's batch with this number."""
    return stream_id("batch", district_id, number)


def batch_before(ledger: Ledger, batch: Batch) -> Batch | None:
    """The last batch before this one that was not voided."""
    for number in range(batch.drafted.number - 1, 0, -1):
        before = ledger.get(Batch, batch_stream(batch.district_id, number))
        if before.file is not None and not before.voided:
            return before
    return None


def comparison(ledger: Ledger, batch: Batch) -> Comparison | None:
    """What differs from the batch before; null for the first. Two records of one person are one."""
    before = batch_before(ledger, batch)
    if before is None:
        return None
    meant = {str(one): str(person_id) for one, person_id in merges(ledger).meant.items()}
    earlier, now = (summary_of(ledger, one).paid.meaning(meant) for one in (before, batch))
    return compare(before.drafted.number, earlier, now)
