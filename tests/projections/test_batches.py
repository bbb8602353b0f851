"""Batches as views: however the log is cut the same rows, and closed lines for rules to count."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain
from typing import Any

import pytest
from psycopg import Connection

from ledger.aggregates import batch_draft
from ledger.aggregates.batch_answers import Answer
from ledger.aggregates.batch_returns import AnsweredBatch
from ledger.events.batch import StoredFile
from ledger.rules.payroll_lines import lines_of_batch
from projections import batches
from projections.batches import Batches
from projections.contract import Fact
from tests.database import Server
from tests.projections.playing import dump, play, tables_of
from tests.rules.test_payroll import TERMS, payable
from tests.samples import DISTRICT, MONDAY, act, named

PAY_DATE = date(2024, 12, 13)
FILE = StoredFile(file_id=named("file"), size_bytes=1, ciphertext_sha256=f"sha256:{'0' * 64}")
OFFICE, SECOND, MACHINE = named("office"), named("second"), named("machine")


def life(number: int = 1, lines: int = 3, *, voided: bool = False) -> list[Any]:
    """The events of one batch: three lines accepted, rejected and left pending."""
    stream = named(f"batch {number}")
    owed = [payable(10 * number + place, 100 + place) for place in range(lines)]
    made = lines_of_batch(owed, [], {}, {}, TERMS)
    events = list(
        batch_draft.draft(
            stream,
            act(OFFICE),
            district_id=DISTRICT,
            number=number,
            pay_date=PAY_DATE + timedelta(days=14 * number),
            through_position=1,
            closed_until=None,
            terms_version=1,
            terms=TERMS,
            lines=made,
        )
    )

    def then(step: Any) -> None:
        batch = AnsweredBatch.fold(None, events)
        assert batch is not None
        events.extend(step(batch))

    then(lambda batch: batch.freeze(act(OFFICE), file=FILE, listed=lines))
    then(lambda batch: batch.approve(act(SECOND)))
    if voided:
        then(lambda batch: batch.void(act(OFFICE), reason="wrong_lines"))
        return events
    then(lambda batch: batch.export(act(OFFICE), layout="generic-csv", layout_version=1, file=FILE))
    answers = [
        Answer(line_id=made[0].line_id, status="accepted", paid_on=PAY_DATE),
        Answer(line_id=made[1].line_id, status="rejected", code="E1"),
        Answer(line_id=named("strange"), status="accepted"),
    ]
    hmac = f"hmac-sha256:{'0' * 64}"
    then(
        lambda batch: batch.record_return(
            act(MACHINE, MONDAY), file=FILE, file_hmac=hmac, answers=answers
        )
    )
    return events


@pytest.fixture
def tables(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, Batches()) as connection:
        yield connection


def facts(*lives: list[Any]) -> list[Fact[Any]]:
    return [Fact(position, event) for position, event in enumerate(chain(*lives), 1)]


def test_however_the_log_is_cut_the_rows_are_the_same(database_server: Server) -> None:
    played = facts(life(1), life(2, voided=True), life(3))
    found = []
    for size in (1, 2, 5, len(played)):
        with tables_of(database_server, Batches()) as connection:
            cut = [played[start : start + size] for start in range(0, len(played), size)]
            play(connection, Batches(), *cut)
            found.append(dump(connection, Batches()))
    assert all(one == found[0] for one in found)
    assert found[0]["batch_lines"]


def test_each_line_says_what_it_has_come_to(tables: Connection[Any]) -> None:
    play(tables, Batches(), facts(life(1), life(2, voided=True)))
    lines = batches.lines_of_batch(tables, named("batch 1"))
    assert {line.amount_cents: line.status for line in lines} == {
        100: "paid",
        101: "rejected",
        102: "exported",
    }
    voided = batches.lines_of_batch(tables, named("batch 2"))
    assert {line.status for line in voided} == {"voided"}
    assert [one.line_id for one in batches.quarantine(tables, named("batch 1"))] == [
        named("strange")
    ]


def test_rules_count_what_is_closed_and_was_not_sent_back(tables: Connection[Any]) -> None:
    played = facts(life(1), life(2, voided=True))
    play(tables, Batches(), played)
    closed_at = next(p for p, event in played if event.TOPIC == "batch.closed.v1")
    spent = batches.closed_lines(tables, DISTRICT)
    assert sorted(line.amount_cents for line in spent) == [100, 102]
    assert batches.closed_lines(tables, DISTRICT, as_of=closed_at - 1) == []
    assert {line.closed_position for line in spent} == {closed_at}
    tries = batches.last_tries(tables, DISTRICT)
    assert len(tries) == 6
