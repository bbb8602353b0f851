"""Reading streams and the log, over links that come and go."""

from __future__ import annotations

import secrets
import select
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.application import Application
from eventsourcing.persistence import StoredEvent
from psycopg.pq import ConnStatus

from api.local_postgres import Cluster
from ledger.errors import UnavailableError
from ledger.events.organization import OrganizationRenamed
from ledger.store import Factory, LedgerRecorder, Role, connection_info, link, migrate
from ledger.store.link import Link
from ledger.store.links import Links
from tests.codec.making import sample
from tests.store.helpers import HASH, an_event, append, assert_sound, at_once, log, rows


@pytest.fixture
def stream(recorder: LedgerRecorder) -> UUID:
    """A stream of five events, between those of others."""
    one = uuid4()
    append(recorder)
    append(recorder, an_event(one, 1, b"1"), an_event(one, 2, b"2"))
    append(recorder)
    append(recorder, an_event(one, 3, b"3"), an_event(one, 4, b"4"), an_event(one, 5, b"5"))
    return one


def test_a_stream_is_read_in_order(recorder: LedgerRecorder, stream: UUID) -> None:
    assert [event.state for event in recorder.read_stream(stream)] == [b"1", b"2", b"3", b"4", b"5"]
    assert [event.originator_version for event in recorder.read_stream(stream, 3)] == [4, 5]
    assert recorder.read_stream(uuid4()) == []


def test_a_stream_is_read_in_part_without_what_nobody_looks_into(recorder: LedgerRecorder) -> None:
    one = uuid4()
    named = an_event(one, 1, b"1")
    append(recorder, named, StoredEvent(one, 2, "long.v1", b"2"))
    found = recorder.read_stream_in_part(one, {"long.v1"})
    assert [(event.originator_version, event.state) for event in found] == [(1, b"1"), (2, b"")]
    assert [event.topic for event in found] == [named.topic, "long.v1"]


@pytest.mark.parametrize(
    ("choice", "versions"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"gt": 2}, [3, 4, 5]),
        ({"lte": 2}, [1, 2]),
        ({"gt": 1, "lte": 4}, [2, 3, 4]),
        ({"limit": 2}, [1, 2]),
        ({"limit": 0}, []),
        ({"lte": 0}, []),
        ({"desc": True}, [5, 4, 3, 2, 1]),
        ({"desc": True, "limit": 1}, [5]),
        ({"desc": True, "gt": 1, "lte": 4, "limit": 2}, [4, 3]),
    ],
)
def test_events_are_selected_as_the_library_asks(
    recorder: LedgerRecorder, stream: UUID, choice: dict[str, int], versions: list[int]
) -> None:
    found = recorder.select_events(stream, **choice)  # type: ignore[arg-type]
    assert [event.originator_version for event in found] == versions
    assert all(isinstance(event, StoredEvent) for event in found)


def test_a_stream_has_a_uuid_for_its_name(recorder: LedgerRecorder) -> None:
    with pytest.raises(AssertionError, match="UUID"):
        recorder.select_events("a-name")


@pytest.mark.parametrize(
    ("asked", "positions"),
    [
        ({"start": None, "limit": 10}, [1, 2, 3, 4, 5, 6, 7]),
        ({"start": 1, "limit": 3}, [1, 2, 3]),
        ({"start": 2, "limit": 10, "stop": 4}, [2, 3, 4]),
        ({"start": 2, "limit": 10, "stop": 4, "inclusive_of_start": False}, [3, 4]),
        ({"start": 7, "limit": 10}, [7]),
        ({"start": 7, "limit": 10, "inclusive_of_start": False}, []),
        ({"start": 1, "limit": 0}, []),
    ],
)
def test_notifications_are_selected_as_the_library_asks(
    recorder: LedgerRecorder, stream: UUID, asked: dict[str, Any], positions: list[int]
) -> None:
    found = recorder.select_notifications(**asked)
    assert [one.id for one in found] == positions


def test_notifications_of_some_topics_only(recorder: LedgerRecorder) -> None:
    append(recorder, *(StoredEvent(uuid4(), 1, f"t{n % 3}.v1", b"") for n in range(9)))
    found = recorder.select_notifications(1, 4, topics=["t0.v1", "t2.v1"])
    assert [(one.id, one.topic) for one in found] == [
        (1, "t0.v1"), (3, "t2.v1"), (4, "t0.v1"), (6, "t2.v1"),
    ]  # fmt: skip


def test_many_streams_are_read_at_once(recorder: LedgerRecorder, stream: UUID) -> None:
    other = recorder.read_log(0, 1)[0][2]
    found = recorder.read_streams([stream, uuid4(), other])
    assert [e.state for e in found if e.originator_id == stream] == [b"1", b"2", b"3", b"4", b"5"]
    assert [e.originator_version for e in found if e.originator_id == other] == [1]
    assert len(found) == 6
    assert recorder.read_streams([]) == []


def test_what_commands_came_to_is_told_by_their_topics(recorder: LedgerRecorder) -> None:
    one, two = uuid4(), uuid4()
    append(recorder, an_event(), an_event(), command_id=one)
    assert recorder.topics_of_commands([one, two]) == [(one, "organization.renamed.v1")] * 2
    assert recorder.topics_of_commands([]) == []


def test_the_log_is_read_in_pages(recorder: LedgerRecorder, stream: UUID) -> None:
    page = recorder.read_log(after=1, limit=2)
    assert [row[:1] + row[2:] for row in page] == [
        (2, stream, 1, "organization.renamed.v1", b"1"),
        (3, stream, 2, "organization.renamed.v1", b"2"),
    ]
    assert page[0][1] == page[1][1]
    assert [row[0] for row in recorder.read_log(3, 100)] == [4, 5, 6, 7]
    assert [row[0] for row in recorder.read_log(3, 100, until=5)] == [4, 5]
    assert recorder.read_log(7, 100) == []


def test_the_last_position(recorder: LedgerRecorder) -> None:
    assert (recorder.last_position(), recorder.max_notification_id()) == (0, None)
    append(recorder, an_event(), an_event())
    assert (recorder.last_position(), recorder.max_notification_id()) == (2, 2)


class Minimal(Application[UUID]):
    """The library's application, with nothing of ours but its environment."""


@pytest.fixture
def application(database_url: str) -> Iterator[Minimal]:
    environment = {
        "PERSISTENCE_MODULE": "ledger.store",
        "MAPPER_TOPIC": "ledger.codec:LedgerMapper",
        "DATABASE_URL": database_url,
        "LEDGER_SCHEMA": "ledger",
        "LEDGER_ROLE_PREFIX": "ledger",
        "LEDGER_CONNECTIONS": "2",
        "LEDGER_PATIENCE_SECONDS": "5",
    }
    with Minimal(environment) as one:
        yield one


def test_the_librarys_application_works_over_the_ledger(application: Minimal) -> None:
    event = sample(OrganizationRenamed).model_copy(update={"originator_version": 1})
    command = uuid4()
    recordings = application.save(event, command_id=command, body_hash=HASH)
    assert [one.notification.id for one in recordings] == [1]
    assert list(application.events.get(event.originator_id)) == [event]
    assert [one.id for one in application.notification_log["1,10"].items] == [1]
    assert isinstance(application.recorder, LedgerRecorder)
    assert application.recorder.find_command(command) is not None


def test_a_factory_makes_nothing_that_the_ledger_does_not_have() -> None:
    factory = Factory({})
    for make in (factory.aggregate_recorder, factory.tracking_recorder, factory.process_recorder):
        with pytest.raises(NotImplementedError):
            make()
    with pytest.raises(AssertionError, match="DATABASE_URL"):
        factory.application_recorder()
    factory.close()


def links_of(url: str, size: int, patience_seconds: float) -> Links:
    return Links(lambda: Link(connection_info(url, Role.APPEND)), size, patience_seconds)


def test_many_threads_share_few_links(database_url: str) -> None:
    shared = LedgerRecorder(database_url, links_max=2)
    append(shared)
    assert at_once([shared.last_position] * 20) == [1] * 20
    [(connections,)] = rows(
        database_url,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()",
    )
    shared.close()
    assert connections <= 3


def test_who_gets_no_link_in_time_is_told_so(database_url: str) -> None:
    shared = links_of(database_url, 1, 0.05)
    assert shared._free.acquire(blocking=False)
    with pytest.raises(UnavailableError, match="busy"):
        shared.fetch("last_position")
    shared._free.release()
    assert shared.fetch("last_position") == []
    shared.close()


def test_one_broken_link_says_that_all_who_rest_are_broken(database_url: str) -> None:
    """A server that was restarted has forgotten every one; they need not be tried in turn."""
    shared = links_of(database_url, 3, 60)
    shared._idle = [Link(connection_info(database_url, Role.APPEND)) for _ in range(3)]
    rows(
        database_url,
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    assert shared.fetch("last_position") == []
    assert len(shared._idle) == 1
    shared.close()


def test_a_link_that_broke_is_not_kept(database_url: str) -> None:
    shared = links_of(database_url, 1, 0)
    broken = Link(connection_info(database_url, Role.APPEND))
    broken.send("last_position", [])
    broken._server.finish()
    shared._idle = [broken]
    with pytest.raises(UnavailableError):
        shared.fetch("last_position")
    assert shared._idle == []


def test_a_read_gives_up_when_the_database_stays_away(tmp_path: object) -> None:
    nowhere = Links(lambda: Link(f"host={tmp_path}"), 1, 0.1)
    with pytest.raises(UnavailableError, match="does not answer"):
        nowhere.fetch("last_position")


def test_without_a_link_that_rests_there_is_nothing_to_wait_for(database_url: str) -> None:
    shared = links_of(database_url, 1, 5)
    begun = time.monotonic()
    shared.hear(60)
    assert time.monotonic() - begun < 30
    assert shared._idle == []


def test_a_wait_that_the_server_ends_leaves_no_link_behind(database_url: str) -> None:
    """The next read makes a new one."""
    shared = links_of(database_url, 1, 60)
    assert shared.last_position() == 0
    rows(
        database_url,
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    for _ in range(3):  # the server's last words first, and then that it has gone
        shared.hear(60)
    assert shared._idle == []
    assert shared.last_position() == 0
    shared.close()


def test_an_error_of_a_read_leaves_the_link_usable(database_url: str) -> None:
    shared = links_of(database_url, 1, 5)
    with pytest.raises(psycopg.errors.InvalidRowCountInLimitClause):
        shared.fetch("log", 0, 10, -1)
    assert shared.fetch("log", 0, 10, 10) == []
    [kept] = shared._idle
    assert not kept.is_broken
    shared.close()


def test_a_server_that_falls_silent_is_not_waited_for_for_ever(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Link(connection_info(database_url, Role.APPEND))
    monkeypatch.setattr(link, "ANSWER_SECONDS_MAX", 0.01)
    with pytest.raises(psycopg.OperationalError, match="does not answer"):
        one._wait(select.POLLIN)
    one.close()


def test_a_statement_that_cannot_be_prepared_fails_the_link(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "STATEMENTS", {"nonsense": "SELEC 1"})
    with pytest.raises(psycopg.errors.SyntaxError):
        Link(connection_info(database_url, Role.APPEND))


def test_a_server_that_has_gone_is_noticed_though_nothing_says_so(database_url: str) -> None:
    """The library below may answer that nothing more comes, for ever."""

    class Gone:
        status = ConnStatus.BAD

        def is_busy(self) -> int:
            return 0

        def get_result(self) -> None:
            return None

    one = Link(connection_info(database_url, Role.APPEND))
    monkey, one._server = one._server, Gone()  # type: ignore[assignment]
    with pytest.raises(psycopg.OperationalError, match="closed the connection"):
        one._answer()
    one._server = monkey
    one.close()


def test_rows_are_not_taken_for_a_commit(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A constraint that is checked at the very end fails after the rows have been sent."""
    with psycopg.connect(database_url, autocommit=True) as superuser:
        superuser.execute("CREATE TABLE public.t (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        superuser.execute("GRANT INSERT, SELECT ON public.t TO ledger_append")
    insert = "INSERT INTO public.t VALUES (1), (1) RETURNING a"
    monkeypatch.setattr(link, "STATEMENTS", {"insert": insert})
    one = Link(connection_info(database_url, Role.APPEND))
    with pytest.raises(psycopg.errors.UniqueViolation):
        one.fetch("insert")
    one.close()
    assert rows(database_url, "SELECT FROM public.t") == []


def test_a_link_given_up_in_the_midst_of_an_answer_counts_as_broken(database_url: str) -> None:
    one = Link(connection_info(database_url, Role.APPEND))
    one.send("last_position", [])
    assert one.is_broken
    assert one.receive() == []
    assert not one.is_broken
    one.close()
    assert one.is_broken


def test_a_group_larger_than_the_sockets_buffer_goes_through(
    recorder: LedgerRecorder, database_url: str
) -> None:
    """Also when an answer nobody waits for lies unread."""
    for _ in range(2):
        append(recorder, *(an_event(state=secrets.token_bytes(4_000)) for _ in range(1_000)))
    assert len(recorder.read_log(0, 3_000)) == 2_000
    assert_sound(database_url)


def test_appends_and_reads_outlive_restarts_of_the_server(cluster: Cluster) -> None:
    """Stopped in order, then killed, in the midst of 4 writers who also read."""
    url = cluster.start()
    migrate(url)
    recorder = LedgerRecorder(url, patience_seconds=60)
    writing = threading.Event()
    writing.set()

    def write() -> int:
        stored = 0
        while writing.is_set():
            position = append(recorder).first_position
            assert recorder.last_position() >= position
            stored += 1
        return stored

    def restart() -> None:
        try:
            for stop in (cluster.stop, cluster.kill):
                before = recorder.last_position()
                while recorder.last_position() < before + 20:
                    time.sleep(0.001)
                stop()
                cluster.start()
        finally:
            writing.clear()

    restarted, *stored = at_once([restart, *[write] * 4])
    recorder.close()
    assert restarted is None
    assert all(isinstance(one, int) for one in stored), stored
    assert len(log(url)) == sum(stored)
    assert_sound(url)


@pytest.mark.parametrize("mode", ["SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE", "ACCESS SHARE"])
def test_appends_go_on_beside_what_locks_the_table_as_maintenance_does(
    recorder: LedgerRecorder, database_url: str, mode: str
) -> None:
    """VACUUM, ANALYZE and CREATE INDEX CONCURRENTLY hold the first of these while they run."""
    append(recorder)
    with psycopg.connect(database_url) as maintenance:
        maintenance.execute(f"LOCK TABLE ledger.ledger_events IN {mode} MODE".encode())
        assert append(recorder).first_position == 2


@pytest.mark.parametrize(
    "statement",
    [
        "VACUUM (ANALYZE) ledger.ledger_events",
        "CREATE INDEX CONCURRENTLY by_topic ON ledger.ledger_events (topic)",
        "REINDEX TABLE CONCURRENTLY ledger.ledger_events",
    ],
)
def test_maintenance_and_appends_end_well_together(
    recorder: LedgerRecorder, database_url: str, statement: str
) -> None:
    is_over = threading.Event()

    def maintain() -> None:
        try:
            with psycopg.connect(database_url, autocommit=True) as connection:
                connection.execute(statement.encode())
        finally:
            is_over.set()

    def write() -> int:
        stored = 0
        while not is_over.is_set() or stored < 10:
            append(recorder)
            stored += 1
        return stored

    answers = at_once([maintain, *[write] * 4])
    assert answers[0] is None
    assert len(log(database_url)) == sum(answers[1:])
    assert_sound(database_url)


def test_a_long_snapshot_does_not_bloat_the_lock(
    recorder: LedgerRecorder, database_url: str
) -> None:
    """A counter that is updated grows with each append while somebody reads for long."""
    with psycopg.connect(database_url) as dump:
        dump.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        dump.execute("SELECT count(*) FROM ledger.ledger_events")
        for _ in range(300):
            append(recorder)
    assert rows(database_url, "SELECT pg_relation_size('ledger.ledger_lock')") == [(8192,)]
