"""Sealing: what is signed continues what was signed, or nothing is signed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import NotFoundError
from ledger.seal.keys import FileLogSigner, LastSigned
from ledger.seal.leaves import Row, leaf, leaves
from ledger.seal.notes import open_checkpoint
from ledger.seal.reads import NotSealedYetError, SealReads
from ledger.seal.sealer import SealRefusedError, Taken
from ledger.seal.trusted_keys import SealKeyError, parse_trusted_keys
from ledger.store import LedgerRecorder
from tests.seal.conftest import Sealed
from tests.seal.logs import ORIGIN, examined, fill, leaf_of, owner, seal, sealer, tampered
from tests.seal.trees import tree_hash


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    with owner(database_url) as one:
        yield one


def keys(folder: Path) -> Any:
    return FileLogSigner(folder / "seal-keys", ORIGIN).trusted


def test_the_leaf_is_worked_out_from_what_the_table_holds(
    database_url: str, connection: psycopg.Connection[Any]
) -> None:
    fill(database_url, 30)
    rows = SealReads(connection).rows(1, 30)
    assert [row.position for row in rows] == list(range(1, 31))
    assert [leaf(row) for row in rows] == [leaf_of(row) for row in rows]
    assert leaves(rows) == b"".join(map(leaf_of, rows))


def test_every_column_of_a_row_is_in_its_leaf() -> None:
    row = Row(1, 2, bytes(16), bytes(16), 3, b"topic", b"state")
    others = [4, 5, b"c" * 16, b"s" * 16, 6, b"topik", b"statf"]
    changed = [row._replace(**{n: o}) for n, o in zip(row._fields, others, strict=True)]
    shifted = row._replace(topic=b"topics", state=b"tate")
    assert len({leaf(one) for one in [row, shifted, *changed]}) == 9


def test_a_log_is_sealed_in_steps_and_each_checkpoint_is_the_root_of_its_rows(
    database_url: str, connection: psycopg.Connection[Any], folder: Path
) -> None:
    sealed = 0
    for more in (3, 300, 1, 700):
        fill(database_url, more, seed=more)
        sealed += seal(database_url, folder, events_max=256)
    reads = SealReads(connection)
    hashes = [leaf(row) for row in reads.rows(1, sealed)]
    checkpoints = [
        (size, open_checkpoint(note, [one.key for one in keys(folder)]))
        for size, note in reads.checkpoints()
    ]
    assert [size for size, _ in checkpoints] == [3, 259, 303, 304, 560, 816, 1004]
    for size, checkpoint in checkpoints:
        assert (checkpoint.size, checkpoint.root) == (size, tree_hash(hashes[:size]))
    assert seal(database_url, folder) == 0
    assert examined(connection, keys(folder)).exit_status == 0


def test_given_events_that_come_while_it_is_sealed_then_the_next_seal_has_them(
    database_url: str, connection: psycopg.Connection[Any], folder: Path
) -> None:
    """A log that is written to all the time would get a checkpoint for every few events."""

    class Busy(FileLogSigner):
        def sign(self, text: str) -> str:
            fill(database_url, 2, seed=len(sizes()))
            return super().sign(text)

    def sizes() -> list[int]:
        return [size for size, _ in SealReads(connection).checkpoints()]

    fill(database_url, 20, seed=99)
    one = sealer(database_url, folder)
    one.signer = Busy(folder / "seal-keys", ORIGIN)
    with closing(one.connect()) as own:
        assert [one.catch_up(own), one.catch_up(own)] == [20, 2]
    assert sizes() == [20, 22]


def test_given_events_taken_in_early_when_another_seals_some_then_the_tree_is_the_logs(
    database_url: str, connection: psycopg.Connection[Any], folder: Path
) -> None:
    one = sealer(database_url, folder, events_max=200)
    fill(database_url, 300, seed=1)
    one.take_in(connection)
    seal(database_url, folder, events_max=150)
    fill(database_url, 50, seed=2)
    one.take_in(connection)
    fill(database_url, 5, seed=3)
    with closing(one.connect()) as own:
        sealed = one.catch_up(own)
        for seed, more in enumerate((40, 3, 7), 4):
            one.take_in(own)
            fill(database_url, more, seed=seed)
        sealed += one.catch_up(own)
    hashes = [leaf(row) for row in SealReads(connection).rows(1, 405)]
    size, note = list(SealReads(connection).checkpoints())[-1]
    checkpoint = open_checkpoint(note, [one.key for one in keys(folder)])
    assert (sealed, size, checkpoint.root) == (105, 405, tree_hash(hashes))


def test_given_an_event_changed_after_it_was_taken_in_then_the_seal_is_of_what_it_was(
    database_url: str, connection: psycopg.Connection[Any], folder: Path
) -> None:
    fill(database_url, 20)
    one = sealer(database_url, folder)
    with closing(one.connect()) as own:
        one.take_in(own)
        connection.execute("ALTER TABLE ledger.ledger_events DISABLE TRIGGER ALL")
        change = "UPDATE ledger.ledger_events SET state = %s WHERE notification_id = 7"
        connection.execute(change, [b"{}"])
        connection.commit()
        one.catch_up(own)
    report = examined(connection, keys(folder))
    assert [(one.first, one.last) for one in report.damages] == [(7, 7)]


@given(after=st.integers(0, 5), count=st.integers(0, 9), size=st.integers(0, 20))
def test_given_any_size_of_a_tree_then_what_was_taken_in_continues_it_or_is_nothing(
    after: int, count: int, size: int
) -> None:
    taken = Taken(after, b"".join(bytes([one]) * 32 for one in range(after + 1, after + count + 1)))
    found = [one[0] for one in batched(taken.between(size, size + 3), 32)]
    assert found == [
        one for one in range(size + 1, size + 4) if after <= size and one <= taken.last
    ]


def batched(hashes: bytes, length: int) -> list[bytes]:
    return [hashes[start : start + length] for start in range(0, len(hashes), length)]


@settings(max_examples=60)
@given(st.integers(1, 1_000))
def test_every_proof_that_is_given_holds(sealed_server: Sealed, position: int) -> None:
    reads = SealReads(sealed_server.connection)
    [row] = reads.rows(position, position)
    checkpoint = reads.proof(position).check(leaf(row), [one.key for one in sealed_server.keys])
    assert checkpoint.size == 1_000


def test_a_position_that_is_not_sealed_yet_is_asked_for_again(
    database_url: str, connection: psycopg.Connection[Any], folder: Path
) -> None:
    fill(database_url, 5)
    reads = SealReads(connection)
    with pytest.raises(NotSealedYetError):
        reads.proof(5)
    seal(database_url, folder)
    assert reads.proof(5).index == 4
    fill(database_url, 1, seed=2)
    with pytest.raises(NotSealedYetError):
        reads.proof(6)
    for nowhere in (0, -1, 7):
        with pytest.raises(NotFoundError, match="no position"):
            reads.proof(nowhere)


def test_the_tree_and_the_checkpoints_only_grow(sealed: Sealed) -> None:
    for statement in (
        "UPDATE seal_tiles SET start = start",
        "DELETE FROM seal_tiles",
        "TRUNCATE seal_checkpoints",
        "UPDATE seal_checkpoints SET note = note",
        "DELETE FROM seal_checkpoints",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
            sealed.connection.execute(statement)


def test_two_who_seal_at_once_do_it_once(
    database_url: str, connection: psycopg.Connection[Any], folder: Path
) -> None:
    stop = threading.Event()
    several = [sealer(database_url, folder, seconds_max=0.01, events_max=7) for _ in range(3)]
    threads = [threading.Thread(target=one.run, args=(stop,)) for one in several]
    for thread in threads:
        thread.start()
    for turn in range(10):
        fill(database_url, 20, seed=turn + 100)
    reads = SealReads(connection)
    until = time.monotonic() + 60
    while (reads.last_checkpoint() or (0, ""))[0] < 200 and time.monotonic() < until:
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    report = examined(connection, keys(folder))
    assert (report.exit_status, report.sealed) == (0, 200)


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("DELETE FROM ledger_events WHERE notification_id > 950", "50 events are lost"),
        ("UPDATE seal_tiles SET hashes = set_byte(hashes, 1, 1) WHERE level = 1", "not the one"),
        ("DELETE FROM seal_tiles WHERE level = 0 AND number = 3", "damaged"),
        ("DELETE FROM seal_tiles", "damaged"),
        ("UPDATE seal_checkpoints SET note = 'x' WHERE size = 1000", "not signed here"),
        ("DELETE FROM seal_checkpoints WHERE size > 900", "beyond its newest checkpoint"),
    ],
)
def test_nothing_is_signed_on_top_of_a_damage(sealed: Sealed, what: str, words: str) -> None:
    one = sealer(sealed.url, sealed.folder)
    before = LastSigned(sealed.folder / "last-checkpoint").read()
    with (
        tampered(sealed.connection, what),
        pytest.raises(SealRefusedError, match=words),
    ):
        one.step(sealed.connection)
    assert LastSigned(sealed.folder / "last-checkpoint").read() == before


def test_a_hole_in_the_log_is_not_sealed(database_url: str, folder: Path) -> None:
    fill(database_url, 20)
    moved = "UPDATE ledger_events SET notification_id = 30 WHERE notification_id = 20"
    removed = "DELETE FROM ledger_events WHERE notification_id = 7"
    for what, words in ((removed, "position 7"), (moved, "position 20")):
        with (
            owner(database_url) as connection,
            tampered(connection, what),
            pytest.raises(SealRefusedError, match=words),
        ):
            sealer(database_url, folder).step(connection)
    assert LastSigned(folder / "last-checkpoint").read() is None


def test_a_database_that_was_restored_signs_no_second_history(
    database_url: str, connection: psycopg.Connection[Any], folder: Path
) -> None:
    """The database goes back to 50 events, seal and all; what was signed outside does not."""
    fill(database_url, 50)
    seal(database_url, folder)
    with connection.transaction(force_rollback=True):
        fill_in(connection, database_url, folder)
    one = sealer(database_url, folder)
    with pytest.raises(SealRefusedError, match="10 events are lost"):
        one.step(connection)
    fill(database_url, 10, seed=77)  # others than those that were lost
    with pytest.raises(SealRefusedError, match="went another way"):
        one.step(connection)
    assert (
        examined(
            connection, keys(folder), [LastSigned(folder / "last-checkpoint").read() or ""]
        ).exit_status
        == 3
    )


def fill_in(connection: psycopg.Connection[Any], url: str, folder: Path) -> None:
    """Ten more events that are sealed, inside a transaction that is going to be taken back."""
    copy = (
        "INSERT INTO ledger_events SELECT notification_id + 50, originator_version, recorded_at,"
        " gen_random_uuid(), gen_random_uuid(), command_index, topic, state, body_hash"
        " FROM ledger_events WHERE notification_id <= 10"
    )
    connection.execute(copy)
    assert sealer(url, folder).step(connection) == 10


def test_a_checkpoint_whose_transaction_was_lost_is_published_as_it_was_signed(
    database_url: str, connection: psycopg.Connection[Any], folder: Path
) -> None:
    fill(database_url, 40)
    one = sealer(database_url, folder, events_max=30)
    with connection.transaction(force_rollback=True):
        assert one.step(connection) == 30
    signed = LastSigned(folder / "last-checkpoint").read()
    again = sealer(database_url, folder, events_max=7)
    assert again.step(connection) == 30
    assert (SealReads(connection).last_checkpoint() or (0, ""))[1] == signed
    assert again.catch_up(connection) == 10


def test_a_new_key_signs_from_its_size_on_and_the_old_one_no_further(
    database_url: str, connection: psycopg.Connection[Any], folder: Path
) -> None:
    fill(database_url, 10)
    seal(database_url, folder)
    signer = FileLogSigner(folder / "seal-keys", ORIGIN)
    signer.rotate(10)
    fill(database_url, 10, seed=2)
    seal(database_url, folder)
    trusted = keys(folder)
    assert [one.until for one in trusted] == [10, None]
    assert parse_trusted_keys("\n".join(map(str, trusted))) == trusted
    assert examined(connection, trusted).exit_status == 0
    assert examined(connection, trusted[1:]).exit_status == 3
    assert examined(connection, trusted[:1]).exit_status == 3


def test_keys_that_others_may_read_are_not_used(folder: Path) -> None:
    FileLogSigner(folder / "keys", ORIGIN)
    assert (folder / "keys").stat().st_mode & 0o777 == 0o600
    (folder / "keys").chmod(0o640)
    with pytest.raises(SealKeyError, match="chmod 600"):
        FileLogSigner(folder / "keys", ORIGIN)


def test_keys_of_another_log_are_not_used(folder: Path) -> None:
    FileLogSigner(folder / "keys", ORIGIN)
    with pytest.raises(SealKeyError, match="not of other"):
        FileLogSigner(folder / "keys", "other.example")


@pytest.mark.parametrize("text", ["", "\n", "no key", "a+b+c", f"{'x' * 9} until 3"])
def test_what_are_no_public_keys_is_refused(text: str) -> None:
    with pytest.raises(SealKeyError):
        parse_trusted_keys(text)


def test_a_retired_key_says_up_to_which_size(folder: Path) -> None:
    key = str(FileLogSigner(folder / "keys", ORIGIN).trusted[0])
    with pytest.raises(SealKeyError, match="line 1"):
        parse_trusted_keys(f"{key} until soon")


def test_sealing_goes_on_after_the_connection_was_cut(
    database_url: str, connection: psycopg.Connection[Any], folder: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr("ledger.seal.sealer.BACK_OFF_SECONDS", 0.05)
    stop = threading.Event()
    one = sealer(database_url, folder, seconds_max=0.02)
    thread = threading.Thread(target=one.run, args=(stop,))
    thread.start()
    reads = SealReads(connection)
    for turn in range(1, 4):
        fill(database_url, 5, seed=turn)
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        until = time.monotonic() + 60
        while (reads.last_checkpoint() or (0, ""))[0] < 5 * turn and time.monotonic() < until:
            time.sleep(0.02)
    stop.set()
    thread.join()
    report = examined(connection, keys(folder))
    assert (report.exit_status, report.sealed) == (0, 15)


def test_a_writer_does_not_wait_for_sealing(database_url: str, folder: Path) -> None:
    """While a sealing transaction is open and holds its turn, events are appended."""
    fill(database_url, 5)
    recorder = LedgerRecorder(database_url)
    one = sealer(database_url, folder)
    with one.connect() as sealing, sealing.transaction(force_rollback=True):
        assert one.step(sealing) == 5
        fill(database_url, 5, seed=9)
    recorder.close()
