"""Groups of commands: judged one by one, stored without a hole, whatever races."""

from __future__ import annotations

import random
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest

from ledger.store import (
    CommandStored,
    LedgerRecorder,
    ReadMoved,
    Role,
    Stored,
    StreamMoved,
    connection_info,
)
from ledger.store.command import Command, pack_group
from ledger.store.door import choose
from ledger.store.link import Link
from tests.store.helpers import HASH, an_event, append, assert_sound, at_once, log


def send(url: str, commands: list[Command]) -> tuple[int, dict[UUID, str]]:
    """Append a group as the leader does; the first position, and why which was refused."""
    link = Link(connection_info(url, Role.APPEND))
    try:
        link.send("append", pack_group(commands))
        [(position, _, refused, reasons)] = link.receive()
        return position, dict(zip(refused, reasons or [], strict=True))
    finally:
        link.close()


def test_a_group_of_64_with_20_bad_ones_stores_44_without_a_hole(
    recorder: LedgerRecorder, database_url: str
) -> None:
    taken, moved, happened = uuid4(), uuid4(), uuid4()
    append(recorder, an_event(taken), an_event(moved), command_id=happened)
    good = [Command([an_event(), an_event()], uuid4(), HASH) for _ in range(44)]
    bad = {
        "version": [Command([an_event(), an_event(taken)], uuid4(), HASH) for _ in range(7)],
        "read": [Command([an_event()], uuid4(), HASH, [(moved, 0)]) for _ in range(7)],
        "command": [Command([an_event()], happened, HASH)] * 1,
    }
    bad["version"] += [Command([an_event(taken), an_event()], uuid4(), HASH) for _ in range(5)]
    everybody = good + [command for commands in bad.values() for command in commands]
    random.Random(7).shuffle(everybody)

    position, why = send(database_url, everybody)

    assert position == 3
    assert why == {c.id: reason for reason, commands in bad.items() for c in commands}
    assert_sound(database_url)
    stored = [command for _, command, index, _, _ in log(database_url)[2:] if index == 0]
    assert stored == [command.id for command in everybody if command in good]


def test_a_group_in_which_nobody_is_good_stores_nothing(
    recorder: LedgerRecorder, database_url: str
) -> None:
    taken = uuid4()
    append(recorder, an_event(taken))
    commands = [Command([an_event(), an_event(taken)], uuid4(), HASH) for _ in range(3)]
    assert send(database_url, commands) == (2, {command.id: "version" for command in commands})
    assert len(log(database_url)) == 1


def test_a_refused_command_takes_nobody_with_it(
    recorder: LedgerRecorder, database_url: str
) -> None:
    """The bad one is found by its read first, and its collision must not refuse the others."""
    taken = uuid4()
    append(recorder, an_event(taken))
    bad = Command([an_event(taken)], uuid4(), HASH, [(taken, 0)])
    good = [Command([an_event()], uuid4(), HASH) for _ in range(2)]
    assert send(database_url, [good[0], bad, good[1]]) == (2, {bad.id: "version"})
    assert len(log(database_url)) == 3


def test_two_commands_of_a_group_that_collide_fail_the_whole_group(database_url: str) -> None:
    stream = uuid4()
    commands = [Command([an_event(stream)], uuid4(), HASH) for _ in range(2)]
    with pytest.raises(psycopg.errors.UniqueViolation):
        send(database_url, commands)
    assert log(database_url) == []


def chosen(*commands: Command) -> list[int]:
    """Which of those who wait go together, by their place."""
    group, others = choose(commands)
    assert [*group, *others] == sorted(
        [*group, *others], key=lambda c: (c in others, commands.index(c))
    )
    return [commands.index(command) for command in group]


def test_commands_that_touch_no_common_stream_go_together() -> None:
    read = uuid4()
    assert chosen(*(Command([an_event()], uuid4(), HASH, [(read, 1)]) for _ in range(5))) == [
        0, 1, 2, 3, 4,
    ]  # fmt: skip


def test_two_writers_of_a_stream_never_share_a_group() -> None:
    stream = uuid4()
    commands = [Command([an_event(), an_event(stream)], uuid4(), HASH) for _ in range(3)]
    assert chosen(*commands, Command([an_event()], uuid4(), HASH)) == [0, 3]


def test_a_reader_and_a_writer_of_a_stream_never_share_a_group() -> None:
    stream = uuid4()
    reader = Command([an_event()], uuid4(), HASH, [(stream, 1)])
    writer = Command([an_event(stream)], uuid4(), HASH)
    assert chosen(reader, writer) == [0]
    assert chosen(writer, reader) == [0]


def test_a_command_and_its_resend_never_share_a_group() -> None:
    command = uuid4()
    assert chosen(*(Command([an_event()], command, HASH) for _ in range(2))) == [0]


def test_a_group_has_at_most_a_thousand_events_and_four_megabytes() -> None:
    large = [Command([an_event() for _ in range(600)], uuid4(), HASH) for _ in range(2)]
    small = Command([an_event()], uuid4(), HASH)
    assert chosen(*large, small) == [0, 2]
    heavy = [Command([an_event(state=b"x" * 3_000_000)], uuid4(), HASH) for _ in range(2)]
    assert chosen(*heavy, small) == [0, 2]


def test_an_import_is_appended_in_groups_and_each_command_learns_its_outcome(
    recorder: LedgerRecorder, database_url: str
) -> None:
    taken, chain = uuid4(), uuid4()
    append(recorder, an_event(taken))
    commands = [Command([an_event()], uuid4(), HASH) for _ in range(1_200)]
    commands[7] = Command([an_event(taken)], uuid4(), HASH)
    commands += [Command([an_event(chain, version)], uuid4(), HASH) for version in (1, 2, 3)]
    recorder.append_all(commands)
    outcomes = [command.outcome for command in commands]
    assert isinstance(outcomes.pop(7), StreamMoved)
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    assert len(log(database_url)) == 1 + 1_202
    assert_sound(database_url)
    recorder.append_all(commands)  # decided already, so nothing is left to be done
    assert len(log(database_url)) == 1 + 1_202


def test_32_writers_of_one_version_have_one_winner(
    recorder: LedgerRecorder, database_url: str
) -> None:
    stream = uuid4()
    answers = at_once([partial(append, recorder, an_event(stream)) for _ in range(32)])
    assert sorted(type(answer).__name__ for answer in answers) == ["Stored"] + ["StreamMoved"] * 31
    assert len(log(database_url)) == 1


def test_32_writers_in_two_processes_of_one_version_have_one_winner(database_url: str) -> None:
    """Each recorder has a door of its own, so they meet in the database."""
    recorders = [LedgerRecorder(database_url) for _ in range(4)]
    stream = uuid4()
    answers = at_once(
        [partial(append, one, an_event(stream)) for one in recorders for _ in range(8)]
    )
    for one in recorders:
        one.close()
    assert sum(isinstance(answer, Stored) for answer in answers) == 1
    assert sum(isinstance(answer, StreamMoved) for answer in answers) == 31
    assert_sound(database_url)


@pytest.mark.parametrize("doors", [1, 4])
def test_16_resends_of_one_command_store_it_once(database_url: str, doors: int) -> None:
    recorders = [LedgerRecorder(database_url) for _ in range(doors)]
    stream, command = uuid4(), uuid4()
    tasks = [
        partial(append, recorders[n % doors], an_event(stream), command_id=command)
        for n in range(16)
    ]
    answers = at_once(tasks)
    found = [one.find_command(command) for one in recorders for _ in range(16 // doors)]
    for one in recorders:
        one.close()
    assert sum(isinstance(answer, Stored) for answer in answers) == 1
    assert sum(isinstance(answer, CommandStored) for answer in answers) == 15
    assert len(found) == 16
    assert all(one == found[0] for one in found)
    assert len(log(database_url)) == 1


def test_no_command_is_stored_that_rests_on_a_version_that_had_moved(
    recorder: LedgerRecorder, database_url: str
) -> None:
    """One writer moves a stream as fast as it can, 12 others rest on it."""
    read, named = uuid4(), dict[UUID, int]()
    append(recorder, an_event(read))

    def move() -> list[object]:
        return [append(recorder, an_event(read, version)) for version in range(2, 60)]

    def rest(seed: int) -> list[object]:
        choice, answers = random.Random(seed), list[object]()
        while len(answers) < 40 or not any(isinstance(one, Stored) for one in answers):
            newest = recorder.read_stream(read)[-1].originator_version
            command, version = uuid4(), newest - (choice.random() < 0.1)
            named[command] = version
            try:
                answers.append(append(recorder, command_id=command, reads=[(read, version)]))
            except ReadMoved as error:
                answers.append(error)
        return answers

    answers = at_once([move, *(partial(rest, seed) for seed in range(12))])
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    newest = stored = 0
    for _, command, _, stream, version in log(database_url):
        if stream == read:
            newest = version
        else:
            assert named[command] == newest
            stored += 1
    outcomes = [one for answer in answers[1:] if isinstance(answer, list) for one in answer]
    assert stored == sum(isinstance(one, Stored) for one in outcomes)
    assert 0 < stored < len(outcomes)
    assert_sound(database_url)


def test_answers_of_a_busy_door_are_true(recorder: LedgerRecorder, database_url: str) -> None:
    """Everybody is told of her own events, whoever led and whatever was refused beside them."""
    streams = [uuid4() for _ in range(4)]

    def write(seed: int) -> list[tuple[UUID, object]]:
        choice, answers = random.Random(seed), list[tuple[UUID, object]]()
        for _ in range(25):
            events = [an_event() for _ in range(choice.choice((1, 2, 7)))]
            if choice.random() < 0.3:
                events.append(an_event(choice.choice(streams)))
            command = uuid4()
            try:
                answers.append((command, append(recorder, *events, command_id=command)))
            except StreamMoved as error:
                answers.append((command, error))
        return answers

    answers = at_once([partial(write, seed) for seed in range(16)])
    told = dict(pair for answer in answers if isinstance(answer, list) for pair in answer)
    assert len(told) == 16 * 25
    places: dict[UUID, list[int]] = {}
    for position, command, *_ in log(database_url):
        places.setdefault(command, []).append(position)
    for command, answer in told.items():
        if isinstance(answer, Stored):
            assert places[command] == list(range(answer.first_position, answer.last_position + 1))
        else:
            assert command not in places
    assert_sound(database_url)
