"""What the lines of a batch come to: counted anew until it is frozen, and then known."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from ledger.aggregates.batch import Batch
from ledger.aggregates.batch_draft import LINES_PER_COMMAND, list_lines
from ledger.application import Call, Ledger
from ledger.commands.batch import list_rest
from ledger.commands.batch_lines import rows_of, summary_of
from ledger.errors import ConflictError
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


def _call() -> Call:
    return Call(caller_id=OFFICE, command_id=uuid4(), body_hash=bytes(32), at=MONDAY)


def test_the_lines_of_many_commands_are_listed_in_order_and_once(ledger: Ledger) -> None:
    made = lines(*range(1, 2 * LINES_PER_COMMAND + 2))
    call = _call()
    begun = ledger.run(call, lambda _: drafted(made))
    for _ in range(2):  # what is stored already is passed over
        list_rest(ledger, call, begun, district_id=DISTRICT, lines=made)
    assert [row["line_id"] for row in rows_of(ledger, named("batch"))] == [
        str(line.line_id) for line in made
    ]


def test_a_batch_that_was_voided_while_it_was_listed_takes_no_more_lines(ledger: Ledger) -> None:
    made = lines(*range(1, 2 * LINES_PER_COMMAND + 2))
    call = _call()
    begun = ledger.run(call, lambda _: drafted(made))
    voided = ledger.get(Batch, named("batch")).void(act(OFFICE), reason="wrong_lines")
    ledger.run(_call(), lambda _: voided)
    with pytest.raises(ConflictError):
        list_rest(ledger, call, begun, district_id=DISTRICT, lines=made)
    assert len(rows_of(ledger, named("batch"))) == LINES_PER_COMMAND
