"""Rebuilding beside the live tables, swapping, and checking that both are the same."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread
from typing import Any, ClassVar
from uuid import UUID

import pytest
from psycopg import Connection, errors

from ledger.events import EVENT_CLASSES, LedgerEvent, enrollment
from ledger.events.access import AccessEvent
from ledger.events.person import PersonEvent
from projections import parking
from projections.check import _rows, check, digests
from projections.database import Database
from projections.log import LogRow, Shard, read_page
from projections.rebuild import (
    RebuildFailedError,
    RebuildRunningError,
    UnknownProjectionError,
    chosen,
    rebuild,
    unpark,
)
from projections.registry import PROJECTIONS
from projections.runner import Runner
from projections.sql import Write
from projections.transcript import Transcript, of_person
from tests.database import Server
from tests.projections.lives import (
    credential_stream,
    given_to,
    interleaved,
    issuer_stream,
    organization_streams,
    other_streams,
    person_streams,
)
from tests.projections.logs import Log, a_log
from tests.samples import ISSUER, Story


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


def many(people: int, seed: int = 7) -> list[LedgerEvent]:
    """A log of so many teachers, some awarded, some not yet, laid into one another."""
    chance = random.Random(seed)
    cycles = [
        Story().awarded().events,
        Story().failed().events,
        Story().submitted().events,
        Story().submitted().assigned().events,
    ]
    issuer, credential = issuer_stream(), credential_stream()
    streams = [issuer[3:], credential[2:], *organization_streams(), *other_streams()]
    for _ in range(people):
        person_id = UUID(int=chance.getrandbits(128), version=4)
        streams += person_streams(person_id)
        streams.append(given_to(person_id, chance.choice(cycles)))
    return [*issuer[:3], *credential[:2], *interleaved(streams, chance)]


@pytest.fixture(scope="module")
def events() -> list[LedgerEvent]:
    return many(30)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_rebuilt_equals_what_was_live(
    log: Log, events: list[LedgerEvent], workers: int
) -> None:
    log.empty()
    log.fill(events)
    log.catch_up(page_events=50)
    live = log.dump()
    done: list[tuple[int, int]] = []
    reached = rebuild(
        log.database, PROJECTIONS, workers=workers, progress=lambda *at: done.append(at)
    )
    assert reached == log.last() == done[-1][0] == done[-1][1]
    assert log.dump() == live
    assert set(log.bookmarks().values()) == {log.last()}


def test_a_rebuild_mends_whatever_happened_to_the_tables(
    log: Log, events: list[LedgerEvent]
) -> None:
    log.empty()
    log.fill(events)
    log.catch_up()
    live = log.dump()
    log.owner.execute("DELETE FROM ledger_read.transcript_lines")
    log.owner.execute("UPDATE ledger_read.reviews SET acts_next = 'nobody'")
    rebuild(log.database, PROJECTIONS, workers=1)
    assert log.dump() == live


def test_readers_see_all_rows_at_every_moment_of_a_rebuild(
    log: Log, events: list[LedgerEvent]
) -> None:
    log.empty()
    log.fill(events)
    log.catch_up()
    over, seen = Event(), set()
    person_id = next(e.person_id for e in events if isinstance(e, enrollment.Enrolled))

    def look() -> None:
        with closing(log.database.connect()) as connection:
            while not over.is_set():
                seen.add(len(of_person(connection, person_id)))

    thread = Thread(target=look)
    thread.start()
    rebuild(log.database, PROJECTIONS, workers=1)
    over.set()
    thread.join()
    assert seen == {1}


@pytest.mark.long
def test_given_an_autovacuum_that_takes_long_when_tables_are_swapped_then_it_is_called_off(
    log: Log, events: list[LedgerEvent]
) -> None:
    """The server ends it only for somebody who waits longer than a reader should."""
    log.empty()
    log.fill(events)
    log.catch_up()
    live = log.dump()
    with slow_autovacuum_of_transcripts(log):
        rebuild(log.database, PROJECTIONS, workers=1)
    assert log.dump() == live


@contextmanager
def slow_autovacuum_of_transcripts(log: Log) -> Iterator[None]:
    """Many rows that are no longer there, and a worker that takes a tenth of a second a page."""
    log.owner.execute(
        """
        INSERT INTO ledger_read.transcript_lines
        SELECT made.*
          FROM (SELECT to_jsonb(t) AS line FROM ledger_read.transcript_lines t LIMIT 1) one,
               generate_series(1, 20000) AS number,
               jsonb_populate_record(NULL::ledger_read.transcript_lines,
                   line || jsonb_build_object('enrollment_id', gen_random_uuid(),
                                              'enrolled_position', 1000000 + number)) made;
        ALTER TABLE ledger_read.transcript_lines SET (
            autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0,
            autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1)
        """
    )
    log.owner.execute("ALTER SYSTEM SET autovacuum_naptime = 1")
    log.owner.execute("SELECT pg_reload_conf()")
    try:
        log.owner.execute("DELETE FROM ledger_read.transcript_lines")
        query = "SELECT FROM pg_stat_progress_vacuum WHERE relid = %s::regclass"
        while log.owner.execute(query, ["ledger_read.transcript_lines"]).fetchone() is None:
            time.sleep(0.1)
        yield
    finally:
        log.owner.execute("ALTER SYSTEM RESET autovacuum_naptime")
        log.owner.execute("SELECT pg_reload_conf()")


def test_a_runner_goes_on_during_and_after_a_rebuild(log: Log, events: list[LedgerEvent]) -> None:
    log.empty()
    half = len(events) // 2
    log.fill(events[:half])
    stop, caught_up = Event(), Event()
    runner = Runner(log.database, on_step=lambda moved: moved or caught_up.set())
    thread = Thread(target=runner.run, args=(stop,))
    thread.start()
    try:
        caught_up.wait(30)
        log.fill(events[half:])
        rebuild(log.database, PROJECTIONS, workers=1)
        caught_up.clear()
        caught_up.wait(30)
    finally:
        stop.set()
        thread.join()
    live = log.dump()
    assert set(log.bookmarks().values()) == {log.last()}
    log.empty()
    log.fill(events)
    log.catch_up()
    assert log.dump() == live


def test_one_rebuild_at_a_time(log: Log) -> None:
    database = log.database
    with database.connect() as other:
        other.execute("SELECT pg_advisory_lock(%s, hashtext('rebuild'))", [database.lock_space])
        with pytest.raises(RebuildRunningError):
            rebuild(database, PROJECTIONS)


class Failing(Transcript):
    """Fails in the fold of anything, for good or until it is mended."""

    broken: ClassVar[bool] = True

    def apply(self, facts: Any, connection: Connection[Any]) -> list[Write]:
        if self.broken:
            raise ValueError("out of order")
        return super().apply(facts, connection)


def test_what_was_parked_is_taken_in_once_the_fold_is_mended(log: Log) -> None:
    log.empty()
    log.fill(Story().awarded().events)
    Failing.broken = True
    log.catch_up([Failing()])
    assert not log.all_of("transcript_lines")
    assert unpark(log.database, [Failing()], workers=1) == ["transcript"]
    assert [entry.error is None for entry in parking.parked(log.reader)][:2] == [False, True]

    Failing.broken = False
    assert unpark(log.database, [Failing()], workers=1) == ["transcript"]
    assert parking.parked(log.reader) == []
    assert unpark(log.database, [Failing()], workers=1) == []
    rebuilt = log.all_of("transcript_lines")
    log.empty()
    log.fill(Story().awarded().events)
    log.catch_up([Transcript()])
    assert log.all_of("transcript_lines") == rebuilt


class Dying(Transcript):
    """Loses its server in the middle."""

    def apply(self, facts: Any, connection: Connection[Any]) -> list[Write]:
        return [*super().apply(facts, connection), Write("SELECT FROM no_such_table", {})]


def test_a_rebuild_that_fails_leaves_the_live_tables_alone(
    log: Log, events: list[LedgerEvent]
) -> None:
    log.empty()
    log.fill(events)
    log.catch_up()
    before = log.dump(), log.bookmarks()
    with pytest.raises(errors.UndefinedTable, match="no_such_table"):
        rebuild(log.database, [Dying()], workers=1)
    assert (log.dump(), log.bookmarks()) == before
    rebuild(log.database, [Transcript()], workers=1)  # what it left behind is cleared away
    assert (log.dump(), log.bookmarks()) == before


def test_tables_that_are_what_the_log_says_pass_the_check(
    log: Log, events: list[LedgerEvent]
) -> None:
    log.empty()
    log.fill(events)
    log.catch_up()
    found = check(log.database, PROJECTIONS)
    assert [one.name for one in found] == [projection.name for projection in PROJECTIONS]
    assert all(one.equal and one.position == log.last() for one in found)
    (transcript,) = check(log.database, [Transcript()])
    assert transcript.digests == digests(log.owner, "ledger_read", Transcript())


@pytest.mark.parametrize(
    ("damage", "live", "rebuilt"),
    [
        ("UPDATE ledger_read.transcript_lines SET expires_on = '2030-01-01'", True, True),
        ("DELETE FROM ledger_read.transcript_lines", False, True),
        (
            """INSERT INTO ledger_read.transcript_lines SELECT * FROM json_populate_record(
               (SELECT t FROM ledger_read.transcript_lines t LIMIT 1), '{"enrolled_position": 999,
                 "enrollment_id": "ffffffff-ffff-ffff-ffff-ffffffffffff"}')""",
            True,
            False,
        ),
    ],
    ids=["changed", "missing", "added"],
)
def test_a_check_names_the_first_row_that_differs(
    log: Log,
    damage: str,
    live: bool,  # noqa: FBT001 - columns of the table above
    rebuilt: bool,  # noqa: FBT001
) -> None:
    log.empty()
    log.fill(Story().awarded().events)
    log.catch_up()
    log.owner.execute(damage)
    (found,) = check(log.database, [Transcript()])
    assert not found.equal
    assert found.difference is not None
    assert found.difference.table == "transcript_lines"
    assert (found.difference.live is not None) == live
    assert (found.difference.rebuilt is not None) == rebuilt


OTHER_TABLES = {
    "an index dropped": (
        "DROP INDEX transcript_lines_turned",
        "index transcript_lines_turned of transcript_lines",
        (False, True),
    ),
    "an index of other columns": (
        (
            "DROP INDEX transcript_lines_turned; CREATE INDEX transcript_lines_turned"
            " ON transcript_lines (person_id) WHERE reason IS NOT NULL"
        ),
        "index transcript_lines_turned of transcript_lines",
        (True, True),
    ),
    "an index added": (
        "CREATE INDEX mine ON transcript_lines (reason)",
        "index mine of transcript_lines",
        (True, False),
    ),
    "the key dropped": (
        "ALTER TABLE transcript_lines DROP CONSTRAINT transcript_lines_pkey",
        "constraint transcript_lines_pkey of transcript_lines",
        (False, True),
    ),
    "a column added": (
        "ALTER TABLE transcript_lines ADD mine text",
        "column mine of transcript_lines",
        (True, False),
    ),
    "a rule": (
        "CREATE RULE mine AS ON INSERT TO transcript_lines DO INSTEAD NOTHING",
        "rule mine of transcript_lines",
        (True, False),
    ),
    "a trigger": (
        (
            "CREATE TRIGGER mine BEFORE INSERT ON transcript_lines FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        ),
        "trigger mine of transcript_lines",
        (True, False),
    ),
    "a table that a crash empties": (
        "ALTER TABLE transcript_lines SET UNLOGGED",
        "table transcript_lines",
        (True, True),
    ),
    "no table": ("DROP TABLE transcript_lines", "column appeal of transcript_lines", (False, True)),
}


def test_a_check_names_what_of_a_table_is_not_as_the_projection_makes_it(log: Log) -> None:
    log.empty()
    log.fill(Story().awarded().events)
    log.catch_up()
    for what, (statement, named, (live, rebuilt)) in OTHER_TABLES.items():
        log.owner.execute(b"SET search_path = ledger_read; " + statement.encode())
        (found,) = check(log.database, [Transcript()])
        assert found.difference is not None, what
        sides = (found.difference.live, found.difference.rebuilt)
        assert tuple(side is not None for side in sides) == (live, rebuilt), what
        assert all(side.startswith(f"{named}: ") for side in sides if side), (what, sides)
        rebuild(log.database, [Transcript()], workers=1)
    assert check(log.database, [Transcript()])[0].equal


def test_views_that_are_late_pass_the_check(log: Log) -> None:
    """Nobody projects just now; what they say is true of where they stand."""
    first, *later = Story().awarded().events
    log.empty()
    log.fill([first])
    log.catch_up()
    log.fill(later)
    found = check(log.database, PROJECTIONS)
    assert [(one.name, one.position, one.difference) for one in found] == [
        (projection.name, 1, None) for projection in PROJECTIONS
    ]


@pytest.mark.parametrize(("moved", "table"), [(1_000, "bookmarks"), (-3, "transcript_lines")])
def test_a_check_names_a_bookmark_that_somebody_moved(log: Log, moved: int, table: str) -> None:
    """Behind the end of the log it would pass over what is appended; before, take it in twice."""
    log.empty()
    log.fill(Story().awarded().events)
    log.catch_up()
    log.owner.execute("UPDATE ledger_read.bookmarks SET position = position + %s", [moved])
    (found,) = check(log.database, [Transcript()])
    assert found.difference is not None
    assert found.difference.table == table


def test_a_check_holds_no_snapshot_between_two_pages(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is held for as long as a large table takes keeps VACUUM from all others."""
    log.empty()
    log.fill(many(3))
    log.catch_up([Transcript()])
    monkeypatch.setattr("projections.check.PAGE_ROWS", 1)
    held = "SELECT backend_xmin, backend_xid FROM pg_stat_activity WHERE pid = %s"
    with closing(log.database.connect()) as connection:
        seen = []
        for _, row in _rows(connection, log.database.live, "transcript_lines"):
            seen.append(row)
            mine = log.owner.execute(held, [connection.info.backend_pid]).fetchone()
            assert mine == (None, None)
    assert sorted(seen) == log.all_of("transcript_lines")
    assert len(seen) > 2


def test_a_check_sees_what_is_parked_in_one_and_not_in_the_other(log: Log) -> None:
    log.empty()
    log.fill(Story().events[:1])
    log.catch_up()
    log.owner.execute(
        "INSERT INTO ledger_read.parked VALUES"
        " ('transcript', 1, gen_random_uuid(), 'enrollment.enrolled.v1', 'ledger', NULL, 'bad')"
    )
    (found,) = check(log.database, [Transcript()])
    assert found.difference is not None
    assert found.difference.table == "parked"


def test_the_shares_of_the_workers_hold_each_person_once(
    log: Log, events: list[LedgerEvent]
) -> None:
    log.empty()
    log.fill(events)
    with closing(log.database.connect()) as connection:
        shares = _shares(connection, log.last())
    nobody = set.intersection(*shares)
    assert set.union(*shares) == set(range(1, log.last() + 1))
    assert sum(len(share - nobody) for share in shares) == log.last() - len(nobody)
    about_persons = {
        position
        for position, event in enumerate(events, start=1)
        if hasattr(event, "person_id") or isinstance(event, PersonEvent | AccessEvent)
    }
    assert nobody == set(range(1, log.last() + 1)) - about_persons


def test_who_cannot_be_told_is_seen_by_every_worker(log: Log) -> None:
    states = (b"{}", b'{"person_id":"somebody"}', b'{"person_id":"', b'{"person_id":"\xff\xff')
    awarded = [
        LogRow(position, ISSUER, position, "enrollment.awarded.v1", state)
        for position, state in enumerate(states, start=1)
    ]
    with closing(log.database.connect("pg_temp")) as connection:
        connection.execute("CREATE TABLE ledger_events (LIKE ledger.ledger_events)")
        for row in awarded:
            connection.execute(
                "INSERT INTO ledger_events (notification_id, originator_id,"
                " originator_version, topic, state, recorded_at, command_id,"
                " command_index) VALUES (%s, %s, %s, %s, %s, now(), gen_random_uuid(), 0)",
                row,
            )
        assert _shares(connection, len(awarded)) == [{1, 2, 3, 4}] * 3
    assert [row.person_id for row in awarded] == [None] * 4


def _shares(connection: Connection[Any], until: int) -> list[set[int]]:
    """The positions that each of three workers sees."""
    pages = (
        read_page(connection, 0, until, 10**6, EVENT_CLASSES, shard=Shard(n, 3)) for n in range(3)
    )
    return [{row[0] for row in page} for page in pages]


def test_projections_are_chosen_by_name() -> None:
    assert [p.name for p in chosen(["transcript"], PROJECTIONS)] == ["transcript"]
    assert list(chosen([], PROJECTIONS)) == list(PROJECTIONS)
    with pytest.raises(UnknownProjectionError, match="no projection 'transscript'"):
        chosen(["transscript"], PROJECTIONS)


def test_a_worker_that_dies_is_noticed(log: Log) -> None:
    log.empty()
    log.fill(Story().events)
    before = log.bookmarks()
    with pytest.raises(RebuildFailedError, match="ended early"):
        rebuild(Database(log.url), [Absent()], workers=2)
    assert log.bookmarks() == before


class Absent(Transcript):
    """Cannot be made again in another process."""

    def __reduce__(self) -> Any:
        return (_refuse, ())


def _refuse() -> None:
    raise RuntimeError("not in this process")
