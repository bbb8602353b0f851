"""Whoever changes a sealed log is found, at the right place; a clean log raises no alarm."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from ledger.seal.diagnosis import joined
from ledger.seal.leaves import leaf
from ledger.seal.notes import Checkpoint, Note, SigningKey
from ledger.seal.reads import SealReads
from ledger.seal.report import DERIVED, SOUND, TAMPERED, UNPROVEN
from ledger.seal.trusted_keys import TrustedKey
from tests.seal.conftest import EVENTS, Sealed
from tests.seal.logs import ORIGIN, damaged_at, examined, rewrite_tree, tampered, told

SOME = range(7, EVENTS, 83)
UPDATE = "UPDATE ledger_events SET "
CHANGED_BYTE = (
    "set_byte({bytes}, {{at}} % length({bytes}),"
    " get_byte({bytes}, {{at}} % length({bytes})) # {bit})"
)
CHANGED_ID = f"encode({CHANGED_BYTE}, 'hex')::uuid"
FLIPS = {
    "state": "state = " + CHANGED_BYTE.format(bytes="state", bit="{bit}"),
    "topic": f"topic = convert_from({CHANGED_BYTE.format(bytes='topic::bytea', bit=1)}, 'UTF8')",
    "version": "originator_version = originator_version # {bit}",
    "stream": "originator_id = " + CHANGED_ID.format(bytes="uuid_send(originator_id)", bit="{bit}"),
    "command": "command_id = " + CHANGED_ID.format(bytes="uuid_send(command_id)", bit="{bit}"),
    "time": "recorded_at = recorded_at + interval '{bit} microseconds'",
    "far time": "recorded_at = recorded_at + interval '{bit} days'",
}
KINDS = {"stream": "id", "command": "id", "far time": "time"}


def flip(column: str, position: int) -> str:
    dice = random.Random(f"{column} {position}")
    change = FLIPS[column].format(at=dice.randrange(1_000), bit=1 << dice.randrange(7))
    return f"{UPDATE}{change} WHERE notification_id = {position}"


def check_every(sealed: Sealed, positions: Sequence[int], column: str) -> None:
    """Change one byte of each of these events in turn: it is found there, and only there."""
    wrong = []
    for position in positions:
        with tampered(sealed.connection, flip(column, position)):
            report = examined(sealed.connection, sealed.keys)
            [row] = SealReads(sealed.connection).rows(position, position)
        expected = [(KINDS.get(column, column), position, position)]
        if told(report.damages) != expected or report.exit_status != TAMPERED:
            wrong.append((position, told(report.damages)))
        elif report.damages[0].event_id != row.event_id:
            wrong.append((position, report.damages[0].event_id))
    assert wrong == []


@pytest.mark.parametrize("column", FLIPS)
def test_a_changed_byte_is_named_by_position_event_and_column(sealed: Sealed, column: str) -> None:
    check_every(sealed, SOME, column)


@pytest.mark.long
@pytest.mark.parametrize("quarter", range(4))
@pytest.mark.parametrize("column", FLIPS)
def test_every_event_and_every_column(sealed: Sealed, column: str, quarter: int) -> None:
    check_every(sealed, range(1 + quarter, EVENTS + 1, 4), column)


def check_deletions(sealed: Sealed, positions: Sequence[int]) -> None:
    for position in positions:
        removed = f"DELETE FROM ledger_events WHERE notification_id = {position}"
        with tampered(sealed.connection, removed):
            report = examined(sealed.connection, sealed.keys)
        kind = "truncated" if position == EVENTS else "missing"
        assert told(report.damages) == [(kind, position, position)]
        assert report.exit_status == TAMPERED


def check_swaps(sealed: Sealed, positions: Sequence[int]) -> None:
    dice = random.Random(11)
    for position in positions:
        other = dice.choice([p for p in range(1, EVENTS + 1) if p != position])
        swap = (
            f"{UPDATE}notification_id = -notification_id WHERE notification_id IN (%s, %s)",
            [position, other],
        )
        back = (
            f"{UPDATE}notification_id = %s + notification_id WHERE notification_id < 0",
            [position + other],
        )
        with tampered(sealed.connection, swap, back):
            report = examined(sealed.connection, sealed.keys)
        first, last = sorted((position, other))
        assert told(report.damages) == [("swapped", first, first), ("swapped", last, last)]


def check_truncations(sealed: Sealed, counts: Sequence[int]) -> None:
    for count in counts:
        cut = f"DELETE FROM ledger_events WHERE notification_id > {EVENTS - count}"
        with tampered(sealed.connection, cut):
            report = examined(sealed.connection, sealed.keys)
        assert told(report.damages) == [("truncated", EVENTS - count + 1, EVENTS)]


def check_insertions(sealed: Sealed, positions: Sequence[int]) -> None:
    """A forged event at a position, and all that follow moved up by one."""
    for position in positions:
        with tampered(sealed.connection, *moved_up(position), forged(position)):
            report = examined(sealed.connection, sealed.keys)
        expected = [("inserted", position, position), ("renumbered", position + 1, EVENTS + 1)]
        assert told(report.damages) == expected
        assert report.exit_status == TAMPERED


def moved_up(position: int) -> list[str]:
    return [
        f"{UPDATE}notification_id = -notification_id WHERE notification_id >= {position}",
        f"{UPDATE}notification_id = 1 - notification_id WHERE notification_id < 0",
    ]


def forged(position: int) -> str:
    return (
        f"INSERT INTO ledger_events SELECT {position}, 1, recorded_at, gen_random_uuid(),"
        " gen_random_uuid(), 0, 'enrollment.awarded.v1', '{}', sha256('')"
        " FROM ledger_events ORDER BY notification_id DESC LIMIT 1"
    )


def check_renumberings(sealed: Sealed, positions: Sequence[int]) -> None:
    """An event is removed, and all that follow close up, so that no number is missing."""
    for position in positions:
        statements = [
            f"DELETE FROM ledger_events WHERE notification_id = {position}",
            f"{UPDATE}notification_id = -notification_id WHERE notification_id > {position}",
            f"{UPDATE}notification_id = -1 - notification_id WHERE notification_id < 0",
        ]
        with tampered(sealed.connection, *statements):
            report = examined(sealed.connection, sealed.keys)
        expected = [("missing", position, position), ("renumbered", position, EVENTS - 1)]
        assert told(report.damages) == expected


def check_recomputations(sealed: Sealed, positions: Sequence[int]) -> None:
    """Row and whole tree are changed alike: no leaf differs, no signature can follow."""
    sizes = [size for size, _ in SealReads(sealed.connection).checkpoints()]
    for position in positions:
        with tampered(sealed.connection, flip("state", position)):
            rewrite_tree(sealed.connection)
            report = examined(sealed.connection, sealed.keys)
        before = max([size for size in sizes if size < position], default=0)
        after = min(size for size in sizes if size >= position)
        assert told(report.damages) == [("recomputed", before + 1, after)]
        assert (report.sealed, report.exit_status) == (before, TAMPERED)


def receipt_of(sealed: Sealed, position: int) -> str:
    """What whoever wrote an event was answered with."""
    [row] = SealReads(sealed.connection).rows(position, position)
    return json.dumps({"receipts": [{"position": position, "leaf": leaf(row).hex()}]})


def check_rewritings(sealed: Sealed, positions: Sequence[int]) -> None:
    """Rows, tree and checkpoints are made anew with the right key: a receipt says where."""
    key = SigningKey.parse((sealed.folder / "seal-keys").read_text().strip())
    for position in positions:
        kept = [receipt_of(sealed, one) for one in sorted({1, position, EVENTS})]
        with tampered(sealed.connection, flip("state", position)):
            rewrite_tree(sealed.connection, key)
            alone = examined(sealed.connection, sealed.keys)
            report = examined(sealed.connection, sealed.keys, kept)
        assert alone.exit_status == SOUND
        assert told(report.damages) == [("recomputed", position, position)]
        assert report.exit_status == TAMPERED


def check_old_keys(sealed: Sealed, positions: Sequence[int]) -> None:
    """The key of the first 291 events was stolen after it was retired.

    Everything signed anew with it is too much for it. Only as much as it may sign, and the rest
    left as it was, does not fit together; what was changed before, a receipt names.
    """
    old, new = SigningKey.new(ORIGIN), sealed.keys[-1].key
    keys = [TrustedKey(old.verifier, 291), TrustedKey(new)]
    notes = dict(SealReads(sealed.connection).checkpoints())
    for position in positions:
        kept = [receipt_of(sealed, position)]
        with tampered(sealed.connection, flip("state", position)):
            rewrite_tree(sealed.connection, old)
            whole = examined(sealed.connection, keys)
            for size, note in notes.items():
                if size > 291:
                    put = "UPDATE seal_checkpoints SET note = %s WHERE size = %s"
                    sealed.connection.execute(put, [note, size])
            part = examined(sealed.connection, keys)
            named = examined(sealed.connection, keys, kept)
        assert {one.kind for one in whole.damages} == {"old-key"}
        assert (whole.sealed, whole.exit_status) == (291, TAMPERED)
        first = max([291, *(size for size in notes if size < position)]) + 1
        assert ("recomputed", first) in [one[:2] for one in told(part.damages)]
        assert ("recomputed", position, position) in told(named.damages)


SWEEPS: dict[str, tuple[Callable[[Sealed, Sequence[int]], None], range, range]] = {
    "deleted": (check_deletions, SOME, range(1, EVENTS + 1)),
    "swapped": (check_swaps, SOME, range(1, EVENTS + 1, 2)),
    "truncated": (check_truncations, range(1, 51, 7), range(1, 51)),
    "inserted": (check_insertions, range(1, EVENTS, 199), range(1, EVENTS, 3)),
    "renumbered": (check_renumberings, range(1, EVENTS - 1, 199), range(1, EVENTS - 1, 3)),
    "rewritten": (check_rewritings, range(1, EVENTS, 331), range(1, EVENTS + 1, 13)),
    "signed with an old key": (check_old_keys, range(1, EVENTS, 331), range(1, EVENTS + 1, 29)),
    "recomputed": (check_recomputations, range(1, EVENTS, 301), range(1, EVENTS, 17)),
}


@pytest.mark.parametrize("sweep", SWEEPS)
def test_what_was_done_to_whole_events_is_named(sealed: Sealed, sweep: str) -> None:
    check, some, _ = SWEEPS[sweep]
    check(sealed, some)


@pytest.mark.long
@pytest.mark.parametrize("sweep", SWEEPS)
def test_what_was_done_to_any_event_is_named(sealed: Sealed, sweep: str) -> None:
    check, _, every = SWEEPS[sweep]
    check(sealed, every)


def test_a_clean_log_raises_no_alarm(sealed: Sealed) -> None:
    report = examined(sealed.connection, sealed.keys, held(sealed))
    assert (report.exit_status, report.damages) == (SOUND, ())
    assert (report.events, report.sealed, report.checkpoints) == (EVENTS, EVENTS, 11)


def held(sealed: Sealed) -> list[str]:
    """What a district might keep: a checkpoint, and the proofs of two of its events."""
    reads = SealReads(sealed.connection)
    notes = [note for _, note in reads.checkpoints()]
    return [notes[4], notes[-1], str(reads.proof(3)), str(reads.proof(EVENTS))]


def test_several_damages_are_all_named_in_order(sealed: Sealed) -> None:
    statements = [
        flip("state", 900),
        flip("topic", 12),
        "DELETE FROM ledger_events WHERE notification_id BETWEEN 400 AND 402",
        flip("time", 640),
    ]
    with tampered(sealed.connection, *statements):
        report = examined(sealed.connection, sealed.keys)
    assert told(report.damages) == [
        ("topic", 12, 12),
        ("missing", 400, 402),
        ("time", 640, 640),
        ("state", 900, 900),
    ]
    assert report.sealed == 0


def test_the_states_of_two_events_that_were_exchanged_are_named(sealed: Sealed) -> None:
    swap = (
        f"{UPDATE}state = (SELECT o.state FROM ledger_events o"
        " WHERE o.notification_id = 900 - ledger_events.notification_id)"
        " WHERE notification_id IN (300, 600)"
    )
    with tampered(sealed.connection, swap):
        report = examined(sealed.connection, sealed.keys)
    assert told(report.damages) == [("swapped", 300, 300), ("swapped", 600, 600)]


def test_an_event_at_a_number_that_is_taken_is_found(sealed: Sealed) -> None:
    with tampered(
        sealed.connection,
        "ALTER TABLE ledger_events DROP CONSTRAINT ledger_events_pkey",
        forged(500),
        forged(-3),
    ):
        report = examined(sealed.connection, sealed.keys)
    assert told(report.damages) == [("inserted", -3, -3), ("inserted", 500, 500)]


def test_an_event_far_behind_the_end_is_found(sealed: Sealed) -> None:
    with tampered(sealed.connection, forged(10**15)):
        report = examined(sealed.connection, sealed.keys)
    assert told(report.damages) == [("missing", 8193, 10**15 - 1)]
    with tampered(sealed.connection, forged(1_003)):
        report = examined(sealed.connection, sealed.keys)
    assert told(report.damages) == [("missing", 1_001, 1_002)]


def test_nothing_that_a_row_can_hold_stops_the_check(sealed: Sealed) -> None:
    columns = ["originator_version", "recorded_at", "originator_id", "command_id", "topic", "state"]
    statements = [f"ALTER TABLE ledger_events ALTER {name} DROP NOT NULL" for name in columns]
    statements += [
        f"{UPDATE}{name} = NULL WHERE notification_id = {number}"
        for number, name in enumerate(columns, 20)
    ]
    statements.append(f"{UPDATE}recorded_at = 'infinity' WHERE notification_id = 40")
    statements.append(f"{UPDATE}recorded_at = '4713-01-01 BC' WHERE notification_id = 41")
    statements.append(f"{UPDATE}originator_version = -1 WHERE notification_id = 42")
    with tampered(sealed.connection, *statements):
        report = examined(sealed.connection, sealed.keys)
    assert [one.first for one in report.damages] == [*range(20, 26), 40, 41, 42]


def test_what_the_database_cannot_read_is_named_and_the_rest_is_checked(sealed: Sealed) -> None:
    spoiled = flip("state", 700)
    with tampered(sealed.connection, spoiled, damaged_at(40, 41, 500, EVENTS)):
        report = examined(sealed.connection, sealed.keys)
    assert told(report.damages) == [
        ("unreadable", 40, 41),
        ("unreadable", 500, 500),
        ("state", 700, 700),
        ("unreadable", EVENTS, EVENTS),
    ]
    assert report.exit_status == TAMPERED


SPOIL = "UPDATE seal_tiles SET hashes = set_byte(hashes, 0, get_byte(hashes, 0) # 1) WHERE "
DERIVED_DAMAGES = {
    "a leaf": (SPOIL + "level = 0 AND number = 0 AND start = 0", 1),
    "a root": (SPOIL + "level = 1 AND start = 1", 257),
    "a tile": ("DELETE FROM seal_tiles WHERE level = 0 AND number = 2", 513),
    "all tiles": ("DELETE FROM seal_tiles", 1),
}


@pytest.mark.parametrize("what", DERIVED_DAMAGES)
def test_damage_to_the_tree_alone_is_told_from_tampering(sealed: Sealed, what: str) -> None:
    statement, first = DERIVED_DAMAGES[what]
    with tampered(sealed.connection, statement):
        report = examined(sealed.connection, sealed.keys)
    assert (report.exit_status, report.sealed) == (DERIVED, EVENTS)
    assert {one.kind for one in report.damages} == {"tree"}
    assert report.damages[0].first == first


def test_a_row_changed_together_with_its_leaf_is_narrowed_down_by_the_tree(sealed: Sealed) -> None:
    leaf = (
        "UPDATE seal_tiles SET hashes = overlay(hashes PLACING decode(repeat('ab', 32), 'hex')"
        " FROM 1) WHERE level = 0 AND number = 1 AND start = 0"
    )
    with tampered(sealed.connection, flip("state", 257), leaf):
        report = examined(sealed.connection, sealed.keys)
    assert report.exit_status == TAMPERED
    assert ("recomputed", 257, 512) in told(report.damages)


def test_a_log_signed_anew_with_an_old_key_is_found(sealed: Sealed) -> None:
    """The old key was retired at 291 events; whoever stole it can sign no more than that."""
    old, new = SigningKey.new(ORIGIN), sealed.keys[-1].key
    keys = [TrustedKey(old.verifier, 291), TrustedKey(new)]
    with tampered(sealed.connection, flip("state", 700)):
        rewrite_tree(sealed.connection, old)
        report = examined(sealed.connection, keys)
    assert report.damages[0].kind == "old-key"
    assert report.sealed == 291
    assert {one.kind for one in report.damages} == {"old-key"}
    assert report.exit_status == TAMPERED


def test_a_log_signed_anew_with_any_other_key_is_found(sealed: Sealed) -> None:
    with tampered(sealed.connection, flip("state", 700)):
        rewrite_tree(sealed.connection, SigningKey.new(ORIGIN))
        report = examined(sealed.connection, sealed.keys)
    assert {one.kind for one in report.damages} == {"unknown-key"}
    assert (len(report.damages), report.sealed, report.exit_status) == (11, 0, TAMPERED)


def test_a_log_rewritten_whole_with_the_right_key_is_found_by_what_others_hold(
    sealed: Sealed,
) -> None:
    """Not even whoever has the signing key can change what somebody else has a proof of."""
    kept = held(sealed)
    secret = (sealed.folder / "seal-keys").read_text().strip()
    with tampered(sealed.connection, flip("state", 3)):
        rewrite_tree(sealed.connection, SigningKey.parse(secret))
        alone = examined(sealed.connection, sealed.keys)
        report = examined(sealed.connection, sealed.keys, kept)
    assert alone.exit_status == SOUND
    assert report.exit_status == TAMPERED
    assert ("recomputed", 3, 3) in told(report.damages)
    assert any("somebody holds" in one.detail for one in report.damages)


def test_what_others_hold_says_where_a_log_was_rewritten_that_agrees_with_itself(
    sealed: Sealed,
) -> None:
    """Its own checkpoints were signed anew and fit. Only those that others hold say where."""
    notes = dict(SealReads(sealed.connection).checkpoints())
    key = SigningKey.parse((sealed.folder / "seal-keys").read_text().strip())
    with tampered(sealed.connection, flip("state", 500)):
        rewrite_tree(sealed.connection, key)
        newest = examined(sealed.connection, sealed.keys, [notes[EVENTS]])
        two = examined(sealed.connection, sealed.keys, [notes[679], notes[291]])
    assert (told(newest.damages), newest.sealed) == ([("recomputed", 1, EVENTS)], 0)
    assert (told(two.damages), two.sealed) == ([("recomputed", 292, 679)], 291)


def test_of_two_proofs_of_one_event_neither_hides_the_other(sealed: Sealed) -> None:
    """One from before a log was rewritten, one from after: in either order the first tells."""
    before = str(SealReads(sealed.connection).proof(500))
    key = SigningKey.parse((sealed.folder / "seal-keys").read_text().strip())
    with tampered(sealed.connection, flip("state", 500)):
        rewrite_tree(sealed.connection, key)
        after = str(SealReads(sealed.connection).proof(500))
        for kept in ([before, after], [after, before], [before, before]):
            found = told(examined(sealed.connection, sealed.keys, kept).damages)
            assert found == [("recomputed", 1, EVENTS), ("recomputed", 500, 500)]


def test_yesterdays_copy_is_found_by_what_others_hold(sealed: Sealed) -> None:
    kept = held(sealed)
    restored = [
        "DELETE FROM ledger_events WHERE notification_id > 582",
        "DELETE FROM seal_checkpoints WHERE size > 582",
        "DELETE FROM seal_tiles WHERE level = 0 AND number * 256 + start >= 582",
        "DELETE FROM seal_tiles WHERE level = 1 AND start >= 2",
    ]
    with tampered(sealed.connection, *restored):
        alone = examined(sealed.connection, sealed.keys)
        report = examined(sealed.connection, sealed.keys, kept)
    assert alone.exit_status == SOUND
    assert told(report.damages) == [("truncated", 583, EVENTS)]


def test_checkpoints_that_are_gone_are_missed(sealed: Sealed) -> None:
    with tampered(sealed.connection, "DELETE FROM seal_checkpoints WHERE size > 900"):
        report = examined(sealed.connection, sealed.keys)
    assert told(report.damages) == [("checkpoint", 874, EVENTS)]
    kept = held(sealed)
    with tampered(sealed.connection, "TRUNCATE seal_checkpoints, seal_tiles"):
        alone = examined(sealed.connection, sealed.keys)
        report = examined(sealed.connection, sealed.keys, kept)
    assert alone.exit_status == UNPROVEN
    assert (told(report.damages), report.exit_status) == ([("checkpoint", 1, EVENTS)], TAMPERED)


def test_a_checkpoint_that_is_not_what_it_should_be_is_named(sealed: Sealed) -> None:
    notes = dict(SealReads(sealed.connection).checkpoints())
    other = Checkpoint(ORIGIN, 97, bytes(32)).text()
    moved: list[Any] = [
        notes[97].replace("\n97\n", "\n98\n"),
        notes[194],
        str(Note(other, Note.parse(notes[97]).lines)),
        "nonsense",
        notes[97][:-3],
    ]
    for note in moved:
        change = ("UPDATE seal_checkpoints SET note = %s WHERE size = 97", [note])
        with tampered(sealed.connection, change):
            report = examined(sealed.connection, sealed.keys)
        assert told(report.damages) == [("checkpoint", 1, 97)]
        assert report.exit_status == TAMPERED


def test_what_is_held_is_no_alarm_when_it_cannot_be_read_but_is_named(sealed: Sealed) -> None:
    report = examined(
        sealed.connection, sealed.keys, ["nonsense", "c2sp.org/tlog-proof@v1\nindex x\n\nx"]
    )
    assert {one.kind for one in report.damages} == {"checkpoint"}


def test_neighbors_are_joined_only_when_the_same_was_done_to_them(sealed: Sealed) -> None:
    with tampered(
        sealed.connection,
        "DELETE FROM ledger_events WHERE notification_id IN (5, 6, 8)",
    ):
        report = examined(sealed.connection, sealed.keys)
    assert told(list(joined(report.damages))) == [("missing", 5, 6), ("missing", 8, 8)]
