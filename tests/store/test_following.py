"""A follower sees every event once, in order, without a gap, whatever happens beside it."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import Notification

from ledger.store import LedgerRecorder, Listener, Role, StreamMoved
from ledger.store.connections import connection_info
from tests.store.helpers import an_event, append, assert_sound, at_once, log, rows


def write(recorder: LedgerRecorder, streams: list[UUID], commands: int, seed: int) -> int:
    """So many commands of 1, 2 or 7 events, some of which are refused; the events stored."""
    choice, stored = random.Random(seed), 0
    for _ in range(commands):
        events = [an_event() for _ in range(choice.choice((1, 2, 7)))]
        if choice.random() < 0.2:
            events.insert(choice.randrange(len(events) + 1), an_event(choice.choice(streams)))
        with suppress(StreamMoved):
            append(recorder, *events)
            stored += len(events)
    return stored


def test_a_tailing_reader_beside_16_writers_misses_nothing_and_sees_no_gap(
    recorder: LedgerRecorder, database_url: str
) -> None:
    """Some commands are refused in the midst of their group, and two doors race."""
    other = LedgerRecorder(database_url)
    streams, is_over, seen = [uuid4() for _ in range(3)], threading.Event(), list[int]()

    def follow() -> int:
        after, gaps = 0, 0
        while True:
            was_over = is_over.is_set()
            page = recorder.read_log(after, 50)
            gaps += [row[0] for row in page] != list(range(after + 1, after + 1 + len(page)))
            seen.extend(row[0] for row in page)
            after = seen[-1] if seen else 0
            if was_over and not page:
                return gaps

    def write_all() -> int:
        doors = [recorder, other]
        try:
            tasks = [partial(write, doors[n % 2], streams, 25, n) for n in range(16)]
            return sum(answer for answer in at_once(tasks) if isinstance(answer, int))
        finally:
            is_over.set()

    gaps, stored = at_once([follow, write_all])
    other.close()
    assert gaps == 0
    assert stored == len(seen) == len(log(database_url))
    assert_sound(database_url)


def test_a_subscription_beside_16_writers_misses_nothing(recorder: LedgerRecorder) -> None:
    streams = [uuid4() for _ in range(3)]
    append(recorder)

    def write_all() -> int:
        answers = at_once([partial(write, recorder, streams, 10, seed) for seed in range(16)])
        append(recorder, an_event(LAST))
        return 2 + sum(answer for answer in answers if isinstance(answer, int))

    def follow() -> list[int]:
        seen = list[int]()
        with recorder.subscribe(gt=0) as subscription:
            for notification in subscription:
                seen.append(notification.id)
                if notification.originator_id == LAST:
                    return seen
        raise AssertionError("the subscription ended by itself")

    seen, stored = at_once([follow, write_all])
    assert seen == list(range(1, 1 + stored))


LAST = uuid4()


def test_a_subscription_begins_where_it_is_told(recorder: LedgerRecorder) -> None:
    append(recorder, *(an_event() for _ in range(5)))
    with recorder.subscribe(gt=3) as subscription:
        assert [one.id for one in islice(subscription, 2)] == [4, 5]


def test_a_subscription_to_topics_passes_over_the_rest(recorder: LedgerRecorder) -> None:
    other = Notification(uuid4(), 1, "other.v1", b"{}", 0)
    append(recorder, *(an_event() for _ in range(5)))
    append(recorder, other)
    append(recorder)
    with recorder.subscribe(topics=["other.v1"]) as subscription:
        assert next(subscription).id == 6
        append(recorder, Notification(uuid4(), 1, "other.v1", b"{}", 0))
        assert next(subscription).id == 8


def test_a_subscription_reads_more_than_a_page(recorder: LedgerRecorder) -> None:
    append(recorder, *(an_event() for _ in range(700)))
    append(recorder, *(an_event() for _ in range(700)))
    with recorder.subscribe() as subscription:
        assert [one.id for one in islice(subscription, 1_400)] == list(range(1, 1_401))


def test_a_stopped_subscription_ends(recorder: LedgerRecorder) -> None:
    subscription = recorder.subscribe()
    with subscription:
        subscription.stop()
        assert list(subscription) == []


def test_a_subscription_outlives_its_connections(
    recorder: LedgerRecorder, database_url: str
) -> None:
    """Whatever terminates the ear and the reads, the next event still arrives."""
    with recorder.subscribe() as subscription:
        for position in (1, 2, 3):
            append(recorder)
            assert next(subscription).id == position
            rows(
                database_url,
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()",
            )


def heard(listener: Listener, seconds: float) -> bool:
    """Whether a wait was ended by a word; an ear that hears nothing waits until the end."""
    done = threading.Event()

    def wait() -> None:
        listener.wait(seconds)
        done.set()

    threading.Thread(target=wait, daemon=True).start()
    return done.wait(seconds / 2)


@pytest.fixture
def ear(database_url: str) -> Callable[[], Listener]:
    def opened() -> Listener:
        listener = Listener(connection_info(database_url, Role.APPEND), "ledger")
        listener.wait()  # the first wait opens the ear and is over at once
        return listener

    return opened


def test_every_group_wakes_those_who_listen(
    recorder: LedgerRecorder, ear: Callable[[], Listener]
) -> None:
    listener = ear()
    for _ in range(3):
        append(recorder)
        assert heard(listener, 30)
    listener.close()


def test_a_refused_command_alone_wakes_those_who_listen_for_nothing(
    recorder: LedgerRecorder, ear: Callable[[], Listener]
) -> None:
    """A word too many costs one look; it is simpler than knowing."""
    append(recorder)
    listener = ear()
    with suppress(StreamMoved):
        append(recorder, an_event(recorder.read_log(0, 1)[0][2]))
    assert heard(listener, 30)
    listener.close()


def test_another_ledger_of_the_database_wakes_nobody(
    recorder: LedgerRecorder, ear: Callable[[], Listener], database_url: str
) -> None:
    listener = ear()
    rows(database_url, "SELECT pg_notify('other_appended', '')")
    listener.wait(0.01)
    assert listener._connection is not None
    heard = listener._connection.execute("SELECT * FROM pg_listening_channels()").fetchall()
    assert heard == [("ledger_appended",)]
    listener.close()


def test_an_ear_without_a_server_only_waits(recorder: LedgerRecorder, tmp_path: object) -> None:
    listener = Listener(f"host={tmp_path} connect_timeout=1", "ledger")
    listener.wait(0.01)
    assert listener._connection is None, "the next wait tries again"
    listener.close()


def test_a_lost_word_costs_no_event(recorder: LedgerRecorder, database_url: str) -> None:
    """Somebody inserts without a word, as a restore would; the follower polls and finds it."""
    with recorder.subscribe() as subscription:
        append(recorder)
        assert next(subscription).id == 1
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO ledger.ledger_events (notification_id, originator_version,"
                " recorded_at, originator_id, command_id, command_index, topic, state, body_hash)"
                " SELECT 2, 1, recorded_at, gen_random_uuid(), gen_random_uuid(), 0, topic, state,"
                " body_hash FROM ledger.ledger_events"
            )
        assert next(subscription).id == 2
