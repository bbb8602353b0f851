"""Runners and watches: who leads, who takes over, and what a reader waits for."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from threading import Event, Thread

import psycopg
import pytest

from api.local_postgres import Cluster
from ledger import store
from projections import lanes, runner, setup
from projections.database import Database
from projections.log import position_at, position_at_end_of
from projections.registry import PROJECTIONS
from projections.runner import Runner, Watch
from tests.database import Server
from tests.projections.lives import TEACHERS
from tests.projections.logs import RECORDED, Log, a_log
from tests.projections.test_merges import merged
from tests.samples import Story

NAMES = tuple(projection.name for projection in PROJECTIONS)
LONG_SECONDS = 60.0  # until a test gives up; nothing waits that long


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


@contextmanager
def running(database: Database, on_step: Callable[[int], None] = lambda _: None) -> Iterator[Event]:
    """A runner in a thread; set the event to stop it early."""
    stop = Event()
    thread = Thread(target=Runner(database, on_step=on_step).run, args=(stop,))
    thread.start()
    try:
        yield stop
    finally:
        stop.set()
        thread.join(LONG_SECONDS)
        assert not thread.is_alive(), "a runner that is stopped ends"


@contextmanager
def watching(database: Database) -> Iterator[Watch]:
    with closing(Watch(database)) as watch:
        yield watch


def leaders(log: Log) -> list[int]:
    """The sessions that lead the transcript."""
    query = (
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
        " AND objsubid = 2 AND objid = (hashtext('runner of transcript')::bigint & 4294967295)"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return [pid for (pid,) in log.owner.execute(query).fetchall()]


def test_a_reader_waits_until_its_own_write_shows(log: Log) -> None:
    log.empty()
    with watching(log.database) as watch, running(log.database):
        for event in Story().awarded().events[:4]:  # each is found with the next look at the log
            log.fill([event])
            assert watch.wait_for(log.last(), NAMES, seconds=LONG_SECONDS)
            assert set(log.bookmarks().values()) == {log.last()}
        assert not watch.wait_for(log.last() + 1, NAMES, seconds=0.05)


def test_a_watch_hears_and_ends_without_waiting_out_its_pause(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    log.empty()
    monkeypatch.setattr(runner, "LISTEN_SECONDS_MAX", LONG_SECONDS * 100)
    with watching(log.database) as watch:
        assert watch.position(NAMES) == 0  # from here on it sleeps
        log.fill(Story().awarded().events[:1])
        log.catch_up()
        assert watch.wait_for(log.last(), NAMES, seconds=LONG_SECONDS)


def test_who_waits_at_a_watch_that_is_closed_is_told_at_once(log: Log) -> None:
    watch, told = Watch(log.database), Event()

    def wait() -> None:
        assert not watch.wait_for(log.last() + 1, NAMES, seconds=LONG_SECONDS * 100)
        told.set()

    waiter = Thread(target=wait, daemon=True)
    waiter.start()
    watch.close()
    assert told.wait(LONG_SECONDS)
    waiter.join()
    assert not watch.wait_for(log.last() + 1, NAMES, seconds=LONG_SECONDS * 100)


def test_a_watch_knows_what_happened_before_it_began(log: Log) -> None:
    log.empty()
    log.fill(Story().events)
    log.catch_up()
    with watching(log.database) as watch:
        assert watch.wait_for(1, NAMES, seconds=LONG_SECONDS)


def test_a_watch_says_nothing_before_it_has_asked(log: Log) -> None:
    """A command that has just started would else compare with an empty ledger."""
    log.empty()
    log.fill([merged(*TEACHERS[:2])])
    log.catch_up()
    with watching(log.database) as watch:
        assert watch.position(NAMES) == 1
    with watching(log.database) as watch:
        assert watch.meant == {TEACHERS[1]: TEACHERS[0]}


def test_a_watch_that_gets_no_answer_says_that_it_knows_nothing(database_url: str) -> None:
    """The views are not there yet."""
    with watching(Database(database_url)) as watch:
        assert (watch.position(NAMES), watch.meant) == (0, {})


def test_a_watch_hears_again_after_its_connection_was_lost(log: Log) -> None:
    log.empty()
    with watching(log.database) as watch:
        assert watch.wait_for(0, NAMES, seconds=LONG_SECONDS)
        log.owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'mcledger-watch' AND datname = current_database()"
        )
        log.fill(Story().events)
        log.catch_up()
        assert watch.wait_for(1, NAMES, seconds=LONG_SECONDS)


def test_one_runner_leads_and_the_other_takes_over_when_the_lock_is_lost(log: Log) -> None:
    log.empty()
    story = Story().awarded().events
    with watching(log.database) as watch, running(log.database), running(log.database):
        log.fill(story[:3])
        assert watch.wait_for(3, NAMES, seconds=LONG_SECONDS)
        for position, event in enumerate(story[3:], start=4):
            (leader,) = leaders(log)
            log.owner.execute("SELECT pg_terminate_backend(%s)", [leader])
            log.fill([event])
            assert watch.wait_for(position, NAMES, seconds=LONG_SECONDS)
    live = log.dump()
    log.empty()
    log.fill(story)
    log.catch_up()
    assert log.dump() == live


def test_a_runner_that_is_stopped_leaves_its_place(log: Log) -> None:
    log.empty()
    caught_up = Event()
    with running(log.database, lambda moved: moved or caught_up.set()) as stop:
        assert caught_up.wait(LONG_SECONDS)
        assert len(leaders(log)) == 1
        stop.set()
    with watching(log.database) as watch, running(log.database):
        log.fill(Story().events)
        assert watch.wait_for(1, NAMES, seconds=LONG_SECONDS)


def test_runner_and_watch_outlive_the_server(cluster: Cluster) -> None:
    url = cluster.start("mcledger")
    store.migrate(url)
    setup.migrate(url)
    database = Database(url)
    story = Story().awarded().events
    with watching(database) as watch, running(database):
        for start in (0, 4):
            with psycopg.connect(url, autocommit=True) as owner:
                Log(url, owner, owner).fill(story[start : start + 4])
            assert watch.wait_for(start + 4, NAMES, seconds=LONG_SECONDS)
            cluster.kill()
            while watch.wait_for(start + 4, NAMES, seconds=0):  # a crash may take views back
                time.sleep(0.01)
            cluster.start("mcledger")
        with psycopg.connect(url, autocommit=True) as owner:
            Log(url, owner, owner).fill(story[8:])
        assert watch.wait_for(len(story), NAMES, seconds=LONG_SECONDS)


def test_lanes_share_the_work_and_come_to_the_same(log: Log) -> None:
    log.empty()
    log.fill(Story().awarded().events)
    log.catch_up()
    alone = log.dump()
    log.empty()
    log.fill(Story().awarded().events)
    lanes.catch_up(log.database)
    assert log.dump() == alone


def test_a_lane_whose_process_is_killed_goes_on_in_another(log: Log) -> None:
    log.empty()
    story, stop = Story().awarded().events, Event()
    thread = Thread(target=lanes.run, args=(log.database, stop))
    with watching(log.database) as watch:
        thread.start()
        try:
            log.fill(story[:4])
            assert watch.wait_for(4, NAMES, seconds=LONG_SECONDS)
            for process in multiprocessing.active_children():
                process.kill()
            log.fill(story[4:])
            assert watch.wait_for(len(story), NAMES, seconds=LONG_SECONDS)
        finally:
            stop.set()
            thread.join(LONG_SECONDS)
    assert not thread.is_alive()


def test_a_position_is_found_by_the_time_of_recording(log: Log) -> None:
    log.empty()
    log.fill(Story().awarded().events)  # recorded a minute apart, in New York in the evening
    last = log.last()
    with closing(log.database.connect()) as connection:
        for position in range(1, last + 1):
            at = RECORDED.replace(minute=position)
            assert position_at(connection, at) == position - 1
            assert position_at(connection, at.replace(second=1)) == position
        assert position_at_end_of(connection, RECORDED.date(), "America/New_York") == last
        yesterday = RECORDED.date().replace(year=2024, month=12, day=31)
        assert position_at_end_of(connection, yesterday, "America/New_York") == last
        assert position_at_end_of(connection, yesterday, "Europe/Berlin") == 0
