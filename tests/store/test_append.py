"""One command at a time: what is stored where, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent

from ledger.errors import ConflictError
from ledger.store import (
    CommandStored,
    CommandTooLargeError,
    LedgerRecorder,
    ReadMoved,
    Stored,
    StreamMoved,
)
from tests.store.helpers import HASH, an_event, append, assert_sound, log, rows


def test_positions_begin_at_one_and_follow_each_other(
    recorder: LedgerRecorder, database_url: str
) -> None:
    first = append(recorder, an_event(), an_event(), an_event())
    second = append(recorder)
    assert (first.first_position, first.last_position) == (1, 3)
    assert (second.first_position, second.last_position) == (4, 4)
    assert_sound(database_url)


def test_every_column_is_stored_as_given(recorder: LedgerRecorder, database_url: str) -> None:
    stream, command = uuid4(), uuid4()
    events = [
        StoredEvent(stream, 1, "topic.ä.v1", b"\x00\xff state"),
        StoredEvent(stream, 2, "topic.b.v1", b""),
    ]
    stored = recorder.append(events, command_id=command, body_hash=HASH)
    found = rows(
        database_url,
        "SELECT notification_id, originator_id, originator_version, topic, state, command_id,"
        " command_index, body_hash, recorded_at FROM ledger.ledger_events ORDER BY 1",
    )
    at = stored.recorded_at
    assert found == [
        (1, stream, 1, "topic.ä.v1", b"\x00\xff state", command, 0, HASH, at),
        (2, stream, 2, "topic.b.v1", b"", command, 1, None, at),
    ]


def test_a_command_may_write_to_several_streams(
    recorder: LedgerRecorder, database_url: str
) -> None:
    one, two = uuid4(), uuid4()
    append(recorder, an_event(one), an_event(two), an_event(one, 2))
    append(recorder, an_event(two, 2), an_event(one, 3))
    assert_sound(database_url)


def test_a_command_id_is_taken_once(recorder: LedgerRecorder, database_url: str) -> None:
    command = uuid4()
    append(recorder, command_id=command)
    with pytest.raises(CommandStored) as refused:
        append(recorder, command_id=command)
    assert refused.value.operands == {"command_id": command}
    assert len(log(database_url)) == 1


def test_a_version_of_a_stream_is_taken_once(recorder: LedgerRecorder, database_url: str) -> None:
    stream = uuid4()
    append(recorder, an_event(stream))
    with pytest.raises(StreamMoved) as refused:
        append(recorder, an_event(), an_event(stream), an_event())
    assert isinstance(refused.value, IntegrityError)  # what users of the library expect
    assert isinstance(refused.value, ConflictError)
    assert len(log(database_url)) == 1


def test_a_resent_command_is_told_from_a_conflict_though_its_stream_has_moved(
    recorder: LedgerRecorder,
) -> None:
    stream, command = uuid4(), uuid4()
    append(recorder, an_event(stream), command_id=command)
    append(recorder, an_event(stream, 2))
    with pytest.raises(CommandStored):
        append(recorder, an_event(stream), command_id=command)


def test_a_resent_command_is_told_from_a_moved_read(recorder: LedgerRecorder) -> None:
    read, command = uuid4(), uuid4()
    append(recorder, command_id=command, reads=[(read, 0)])
    append(recorder, an_event(read))
    with pytest.raises(CommandStored):
        append(recorder, command_id=command, reads=[(read, 0)])


@pytest.mark.parametrize("seen", [0, 1, 2, 3])
def test_a_read_holds_only_at_the_newest_version(
    recorder: LedgerRecorder, database_url: str, seen: int
) -> None:
    read = uuid4()
    append(recorder, an_event(read), an_event(read, 2))
    if seen == 2:
        append(recorder, reads=[(read, seen), (uuid4(), 0)])
    else:
        with pytest.raises(ReadMoved):
            append(recorder, reads=[(read, seen), (uuid4(), 0)])
    assert_sound(database_url)


def test_a_read_of_a_stream_that_does_not_exist_holds_at_zero_alone(
    recorder: LedgerRecorder,
) -> None:
    append(recorder, reads=[(uuid4(), 0)])
    with pytest.raises(ReadMoved):
        append(recorder, reads=[(uuid4(), 1)])


def test_a_moved_stream_outweighs_a_moved_read(recorder: LedgerRecorder) -> None:
    stream, read = uuid4(), uuid4()
    append(recorder, an_event(stream), an_event(read))
    with pytest.raises(StreamMoved):
        append(recorder, an_event(stream), reads=[(read, 0)])


def test_a_hole_in_a_stream_is_refused(recorder: LedgerRecorder, database_url: str) -> None:
    stream = uuid4()
    append(recorder, an_event(stream))
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="would not follow"):
        append(recorder, an_event(stream, 3))
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="would not follow"):
        append(recorder, an_event(uuid4(), 2))
    append(recorder, an_event(stream, 2))
    assert_sound(database_url)


@pytest.mark.parametrize(("events", "size"), [(1_001, 1), (5, 1_000_000)])
def test_a_command_too_large_for_a_group_is_refused(
    recorder: LedgerRecorder, database_url: str, events: int, size: int
) -> None:
    with pytest.raises(CommandTooLargeError):
        append(recorder, *(an_event(state=b"x" * size) for _ in range(events)))
    assert log(database_url) == []


def test_the_largest_command_fits(recorder: LedgerRecorder, database_url: str) -> None:
    stream = uuid4()
    stored = append(recorder, *(an_event(stream, n, b"x" * 4_000) for n in range(1, 1_001)))
    assert stored.last_position == 1_000
    assert_sound(database_url)


def test_what_no_caller_may_do_is_an_assertion(recorder: LedgerRecorder) -> None:
    with pytest.raises(AssertionError, match="32 bytes"):
        recorder.append([an_event()], command_id=uuid4(), body_hash=b"short")
    with pytest.raises(AssertionError, match="without events"):
        recorder.append([], command_id=uuid4(), body_hash=HASH)
    with pytest.raises(AssertionError, match="UUID"):
        append(recorder, StoredEvent("a-name", 1, "topic", b"{}"))


def test_time_never_runs_backwards_in_the_log(recorder: LedgerRecorder, database_url: str) -> None:
    """The clock of the server stood an hour ahead when the last event was recorded."""
    ahead = datetime(2999, 1, 1, tzinfo=UTC)
    rows(
        database_url,
        "INSERT INTO ledger.ledger_events (notification_id, originator_version, recorded_at,"
        " originator_id, command_id, command_index, topic, state, body_hash)"
        " VALUES (1, 1, %s, %s, %s, 0, 't', '', %s) RETURNING 1",
        ahead, uuid4(), uuid4(), HASH,
    )  # fmt: skip
    assert append(recorder).recorded_at == ahead
    assert append(recorder).recorded_at == ahead
    assert_sound(database_url)


def test_the_time_of_recording_is_the_servers(recorder: LedgerRecorder, database_url: str) -> None:
    [(before,)] = rows(database_url, "SELECT clock_timestamp()")
    stored = append(recorder)
    [(after,)] = rows(database_url, "SELECT clock_timestamp()")
    assert before <= stored.recorded_at <= after
    assert stored.recorded_at.utcoffset() == timedelta(0)


def test_a_stored_command_is_found_with_all_its_events(recorder: LedgerRecorder) -> None:
    stream, command = uuid4(), uuid4()
    events = [an_event(stream), an_event(stream, 2), an_event()]
    append(recorder)
    stored = append(recorder, *events, command_id=command)
    found = recorder.find_command(command)
    assert found is not None
    assert found.body_hash == HASH
    assert found.recorded_at == stored.recorded_at
    assert [event.id for event in found.events] == [2, 3, 4]
    assert [
        StoredEvent(e.originator_id, e.originator_version, e.topic, e.state) for e in found.events
    ] == events
    assert recorder.find_command(uuid4()) is None


def test_the_library_gets_positions(recorder: LedgerRecorder) -> None:
    positions = recorder.insert_events(
        [an_event(), an_event()], command_id=uuid4(), body_hash=HASH, tracking=None
    )
    assert list(positions) == [1, 2]


def test_an_answer_names_all_a_caller_needs(recorder: LedgerRecorder) -> None:
    assert Stored._fields == ("first_position", "last_position", "recorded_at")
