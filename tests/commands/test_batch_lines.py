"""What the lines of a batch come to: counted anew until it is frozen, and then known."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from ledger.aggregates.batch import Batch
from ledger.aggregates.batch_draft import LINES_PER_COMMAND, list_lines
from ledger.application import Call, Ledger
from ledger.commands.batch_lines import summary_of
from tests.aggregates.test_batch import FILE, OFFICE, drafted, fold, lines
from tests.samples import DISTRICT, MONDAY, act, named


def test_a_batch_whose_lines_are_still_being_listed_is_added_up_anew(ledger: Ledger) -> None:
    """A whole command of lines, and then one more; frozen, they are not read again."""
    made = lines(*range(1, LINES_PER_COMMAND + 2))
    stream, asked = named("batch"), {"district_id": DISTRICT}

    def add(events: list[Any]) -> Batch:
        call = Call(caller_id=OFFICE, command_id=uuid4(), body_hash=bytes(32), at=MONDAY)
        ledger.run(call, lambda _: events)
        return ledger.get(Batch, stream)

    def sum_cents(batch: Batch) -> int:
        return summary_of(ledger, batch).paid.sums.sum_cents

    begun = drafted(made)
    batch = add(begun)
    before = sum(one.amount_cents for one in made[:LINES_PER_COMMAND])
    assert sum_cents(batch) == before
    rest = list(list_lines(stream, act(OFFICE), **asked, after=batch.version, lines=made[-1:]))
    batch = add(rest)
    assert sum_cents(batch) == before + LINES_PER_COMMAND + 1
    frozen = fold(begun + rest).freeze(act(OFFICE), file=FILE, listed=len(made))
    batch = add(list(frozen))
    assert summary_of(ledger, batch) is summary_of(ledger, batch)
    assert summary_of(ledger, batch).policy_ids == {str(made[0].policy_id)}
