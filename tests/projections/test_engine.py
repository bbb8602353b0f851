"""The engine on a real database, cut, restarted, overtaken and broken in every way.

Rows come out as if every event had been applied once, in order.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Any, ClassVar
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import Connection

from ledger.events import LedgerEvent, enrollment
from projections import parking, setup
from projections.contract import Fact, Projection, Table
from projections.engine import Engine, NotMigratedError, StaleRunnerError
from projections.history import History
from projections.log import Batch, LogReader
from projections.registry import PROJECTIONS
from projections.sql import Write, rows
from projections.transcript import Transcript
from tests.database import Server
from tests.projections.lives import TEACHERS, lives
from tests.projections.logs import Log, a_log
from tests.samples import CREDENTIAL, ISSUER, Story

ON_A_DATABASE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


@settings(ON_A_DATABASE, max_examples=15)
@given(lives(), st.integers(0, 2**32))
def test_any_cut_of_the_log_and_any_restart_give_equal_tables(
    log: Log, events: Sequence[LedgerEvent], seed: int
) -> None:
    log.empty()
    log.fill(events)
    log.catch_up()
    at_once = log.dump()
    assert rows(log.owner, "SELECT count(*) FROM ledger_read.parked") == [(0,)]

    chance = random.Random(seed)
    log.empty()
    log.fill(events)
    while min(log.bookmarks().values()) < log.last():
        with log.engine(page_events=chance.choice([1, 2, 7, 30]), ahead=True) as engine:
            for _ in range(chance.randrange(1, 6)):
                engine.step()
    assert log.dump() == at_once


@settings(ON_A_DATABASE, max_examples=5)
@given(lives())
def test_what_grows_event_by_event_equals_what_is_caught_up(
    log: Log, events: Sequence[LedgerEvent]
) -> None:
    log.empty()
    with log.engine() as engine:
        for event in events:
            log.fill([event])
            engine.run_to_end()
    live = log.dump()
    log.empty()
    log.fill(events)
    log.catch_up()
    assert log.dump() == live


def test_a_projection_that_is_behind_catches_up_and_then_shares_the_batches(log: Log) -> None:
    log.empty()
    log.fill(Story().awarded().events)
    log.catch_up([Transcript()])
    ahead = log.last()
    assert set(log.bookmarks().values()) == {0, ahead}
    log.fill(awarded_to(TEACHERS[0]))
    with log.engine() as engine:
        assert engine.step() == ahead, "no further than to the one in front"
        assert set(log.bookmarks().values()) == {ahead}
        assert engine.step() == log.last() - ahead
    assert set(log.bookmarks().values()) == {log.last()}
    assert len(log.all_of("transcript_lines")) == len(log.all_of("reviews")) == 2


class Overtaken(LogReader):
    """Lets another engine take the batch while this one is reading it."""

    def __init__(self, reader: LogReader, other: Engine) -> None:
        super().__init__(reader.connection, ahead=False)
        self.other = other

    def batch(self, after: int, until: int, topics: frozenset[str]) -> Batch:
        found = super().batch(after, until, topics)
        self.other.step()
        return found


def test_of_two_runners_the_one_that_was_overtaken_stops_and_doubles_nothing(log: Log) -> None:
    log.empty()
    log.fill(Story().awarded().events)
    log.catch_up()
    alone = log.dump()
    log.empty()
    log.fill(Story().awarded().events)
    with log.engine() as first, log.engine() as second:
        second.reader = Overtaken(second.reader, first)
        with pytest.raises(StaleRunnerError, match="moved on from 0"):
            second.step()
    assert log.dump() == alone
    assert set(log.bookmarks().values()) == {log.last()}


Counted = enrollment.Submitted | enrollment.Awarded


class Choosy(Projection[Counted]):
    """Counts submissions and awards of each person, but cannot stand one of the persons."""

    name: ClassVar[str] = History.name  # in the place of another
    version: ClassVar[int] = History.version
    takes: ClassVar[UnionType] = Counted
    tables: ClassVar[tuple[Table, ...]] = (Table("history_streams"),)
    sharded: ClassVar[bool] = True
    cannot_stand: ClassVar[UUID | None] = TEACHERS[0]
    seen: ClassVar[list[int]] = []

    def apply(
        self,
        facts: Sequence[Fact[Counted]],
        connection: Connection[Any],
    ) -> list[Write]:
        for position, event in facts:
            connection.execute(
                "INSERT INTO history_streams VALUES (gen_random_uuid(), %s, 'seen', %s)",
                [event.person_id, [position]],
            )
            if event.person_id == self.cannot_stand:
                raise ValueError("of all people")
        return []


def awarded_to(*people: UUID) -> list[LedgerEvent]:
    """Each of them enrolls, submits and is awarded, one after the other."""
    return [
        event.model_copy(update={"originator_id": UUID(int=person.int ^ 1), "person_id": person})
        for person in people
        for event in Story().awarded().events
    ]


def test_a_bad_event_is_parked_and_her_later_events_queue_while_others_go_on(log: Log) -> None:
    log.empty()
    bad, good = TEACHERS[:2]
    log.fill(awarded_to(good, bad))
    log.catch_up([Choosy(), Transcript()])

    entries = parking.parked(log.reader)
    assert [(e.name, e.topic, e.scope_kind, e.scope_id) for e in entries] == [
        ("history", "enrollment.submitted.v1", "person", bad),
        ("history", "enrollment.awarded.v1", "person", bad),
    ]
    assert [e.error for e in entries] == ["ValueError: of all people", None]
    assert len(log.all_of("history_streams")) == 2  # of the other teacher, each once
    assert len(log.all_of("transcript_lines")) == 2  # another projection takes both
    (lag,) = [one for one in setup.lag(log.reader) if one.name == "history"]
    assert (lag.behind, lag.parked, lag.queued) == (0, 1, 1)
    assert parking.parked_scopes(log.reader, "history") == [parking.Scope("person", bad)]
    assert parking.parked_scopes(log.reader, "transcript") == []


@pytest.mark.parametrize("place", [0, 1])
def test_what_the_database_refuses_is_a_bad_event_wherever_it_stands_among_the_writes(
    log: Log, place: int
) -> None:
    """All writes go in one trip, in which one that fails aborts those behind it."""
    log.empty()
    bad, good = TEACHERS[:2]
    log.fill(awarded_to(good, bad))
    refused = Write("SELECT 'not an id'::uuid", {})
    fine = Write("SELECT 1", {})

    class Refused(Choosy):
        def apply(self, facts: Sequence[Fact[Counted]], _connection: Any) -> list[Write]:
            writes = [fine, fine]
            if any(event.person_id == bad for _, event in facts):
                writes[place] = refused
            return writes

    log.catch_up([Refused(), Transcript()])
    entries = parking.parked(log.reader)
    assert [(e.scope_id, e.error is None) for e in entries] == [(bad, False), (bad, True)]
    assert str(entries[0].error).startswith("InvalidTextRepresentation")
    assert len(log.all_of("transcript_lines")) == 2


def test_what_queues_is_found_again_after_a_restart(log: Log) -> None:
    log.empty()
    bad = TEACHERS[0]
    events = awarded_to(bad)
    log.fill(events[:-1])
    log.catch_up([Choosy()])
    log.fill(events[-1:])
    log.catch_up([Choosy()])
    queued = [e.error is None for e in parking.parked(log.reader)]
    assert queued == [False, True]


def test_what_cannot_be_decoded_is_parked_in_every_projection_that_might_want_it(log: Log) -> None:
    log.empty()
    begun, *later = Story().awarded().events
    submitted = next(e for e in later if isinstance(e, enrollment.Submitted))
    broken = b'{"attempt":0,"person_id":"' + str(begun.person_id).encode() + b'"}'
    log.fill([begun])
    log.fill_raw([(begun.originator_id, 2, submitted.TOPIC, broken)])
    log.catch_up()
    found = {(e.name, e.scope_kind, e.scope_id) for e in parking.parked(log.reader)}
    wanting = {p.name for p in PROJECTIONS if p.relevant(submitted) is not None}
    assert found == {(name, "person", begun.person_id) for name in wanting}


def test_what_nobody_knows_might_matter_to_everybody(log: Log) -> None:
    log.empty()
    log.fill_raw([(ISSUER, 1, "issuer.dissolved.v9", b"{}")])
    log.catch_up()
    found = parking.parked(log.reader)
    assert {e.name for e in found} == {p.name for p in PROJECTIONS}
    assert {(e.scope_kind, e.scope_id) for e in found} == {("ledger", None)}
    assert all(str(e.error).startswith("UnknownTopicError") for e in found)


def test_what_rests_on_a_bad_credential_queues(log: Log) -> None:
    log.empty()
    log.fill_raw([(CREDENTIAL, 1, "credential.version-published.v1", b"{}")])
    log.fill(Story().awarded().events)
    log.catch_up([Transcript()])
    assert log.all_of("transcript_lines")  # it passes over credentials, so nothing is in doubt
    log.empty()
    log.fill_raw([(CREDENTIAL, 1, "credential.unheard-of.v1", b"{}")])
    log.fill(Story().awarded().events)
    log.catch_up([Transcript()])
    entries = parking.parked(log.reader)
    assert entries[0].scope_kind == "credential"
    assert len(entries) > 3  # the enrollment queues, and its stream behind it
    assert not log.all_of("transcript_lines")


def test_a_mistake_in_the_sql_is_nobodys_fault_and_parks_nothing(log: Log) -> None:
    log.empty()
    log.fill(Story().submitted().events)

    class Mistaken(Choosy):
        def apply(self, _facts: Any, _connection: Any) -> list[Write]:
            return [Write("SELECT FROM no_such_table", {})]

    with pytest.raises(psycopg.errors.UndefinedTable):
        log.catch_up([Mistaken()])
    assert log.bookmarks()["history"] == 0
    assert not log.all_of("parked")


def test_a_projection_held_still_does_not_hold_up_the_others(log: Log) -> None:
    log.empty()
    log.fill(Story().awarded().events)
    database = log.database
    with database.connect() as keeper, log.engine() as engine:
        key = [database.lock_space, "transcript"]
        keeper.execute("SELECT pg_advisory_lock(%s, hashtext(%s))", key)
        engine.run_to_end()
        assert log.bookmarks()["transcript"] == 0
        assert {p for n, p in log.bookmarks().items() if n != "transcript"} == {log.last()}
        keeper.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)
        engine.run_to_end()
    assert log.bookmarks()["transcript"] == log.last()


class Renewed(Transcript):
    """The transcript after somebody changed her mind about the fold."""

    version: ClassVar[int] = Transcript.version + 1


def test_a_changed_fold_stands_still_until_it_is_rebuilt(log: Log) -> None:
    log.empty()
    log.fill(Story().awarded().events)
    log.catch_up([Renewed(), History()])
    assert log.bookmarks()["transcript"] == 0
    assert log.bookmarks()["history"] == log.last()


def test_a_projection_without_tables_is_named(log: Log) -> None:
    class Unheard(Choosy):
        name: ClassVar[str] = "unheard-of"

    with pytest.raises(NotMigratedError, match="unheard-of"):
        log.catch_up([Unheard()])


def test_migrating_twice_changes_nothing(log: Log) -> None:
    log.empty()
    log.fill(Story().events)
    log.catch_up()
    before = log.dump(), log.bookmarks()
    setup.migrate(log.url)
    assert (log.dump(), log.bookmarks()) == before


def test_every_table_has_a_class_and_the_derived_ones_are_known(log: Log) -> None:
    with log.database.connect() as connection:
        kinds = {table.name: table.kind for table in setup.tables(connection, log.database)}
    assert kinds["ledger.ledger_events"] == "evidence"
    assert kinds["ledger_read.transcript_lines"] == kinds["ledger_read.bookmarks"] == "derived"
    assert {kind for name, kind in kinds.items() if ".vault_" in name} <= {"vault"}


def test_a_halved_batch_has_every_event_once() -> None:
    facts = [Fact(n, Story().events[0]) for n in (3, 5, 9)]
    first, second = Batch(2, 12, facts).halves()
    assert (first.after, first.to, second.after, second.to) == (2, 5, 5, 12)
    assert [*first.facts, *second.facts] == facts
