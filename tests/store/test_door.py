"""The lead goes from caller to caller, and nobody who waits is ever forgotten."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from types import FrameType
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from ledger.errors import UnavailableError
from ledger.store import LedgerRecorder, Stored, UnsafeServerError
from ledger.store.command import Command, pack_group
from ledger.store.door import Door
from tests.store.helpers import HASH, an_event, append, assert_sound, at_once, log

AT = datetime(2026, 3, 1, tzinfo=UTC)


class FakeServer:
    """Stands for the database and hands out links. `script` says what happens to each answer."""

    def __init__(self) -> None:
        self.stored: dict[UUID, int] = {}  # command to first position, in order
        self.script: deque[Callable[[], object]] = deque()
        self.connecting: deque[Callable[[], object]] = deque()
        self.groups: list[int] = []

    def connect(self) -> FakeLink:
        if self.connecting:
            self.connecting.popleft()()
        return FakeLink(self)


class FakeLink:
    """Keeps the contract of Link; a command is known by the sixteen bytes of its id."""

    is_broken = False

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.is_spent = False
        self.sent: deque[list[bytes]] = deque()

    def send(self, statement: str, packed: list[bytes], *, wanted: bool = True) -> None:
        assert wanted == (statement == "append")
        if wanted:
            self.sent.append(packed)

    def receive(self) -> list[tuple[Any, ...]]:
        assert not self.is_spent, "what is left of an interrupted answer is not to be trusted"
        self.is_spent = True
        if self.server.script:
            self.server.script.popleft()()
        self.is_spent = False
        ids = _ids(self.sent.popleft()[4])
        self.server.groups.append(len(ids))
        first = len(self.server.stored) + 1
        known = [one for one in ids if one in self.server.stored]
        for one in ids:
            self.server.stored.setdefault(one, len(self.server.stored) + 1)
        return [(first, AT, known, ["command"] * len(known))]

    def fetch(self, statement: str, command_id: UUID) -> list[tuple[Any, ...]]:
        assert statement == "command"
        position = self.server.stored[command_id]
        return [(EVENT.originator_id, 1, EVENT.topic, EVENT.state, HASH, position, AT)]

    def close(self) -> None:
        self.sent.clear()


EVENT = an_event()


def _ids(column: bytes) -> list[UUID]:
    head, size = 20, 20
    count = (len(column) - head) // size
    return [UUID(bytes=column[head + size * n + 4 : head + size * (n + 1)]) for n in range(count)]


def _command() -> Command:
    """A command of its own stream, so that all who wait go into one group."""
    command = Command([EVENT], uuid4(), HASH)
    command.writes = {command.id}
    return command


class Interrupted(BaseException):
    """What a signal raises in the main thread, as Ctrl-C does."""


@contextmanager
def signals() -> Iterator[None]:
    def handler(number: int, frame: FrameType | None) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)


def interrupt_main() -> None:
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)


def fail(error: BaseException) -> Callable[[], object]:
    def run() -> None:
        raise error

    return run


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def door(server: FakeServer) -> Door:
    return Door(server.connect, patience_seconds=0.2)  # type: ignore[arg-type]  # the same contract


def wait_for(condition: Callable[[], bool]) -> None:
    while not condition():
        threading.Event().wait(0.001)


def started(door: Door, command: Command, answers: dict[UUID, object]) -> threading.Thread:
    """A thread that appends the command and keeps what came of it."""

    def run() -> None:
        try:
            answers[command.id] = door.append(command)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            answers[command.id] = error

    thread = threading.Thread(target=run, daemon=True)  # a bug shall fail the test, not hang it
    thread.start()
    return thread


def crowd(
    door: Door, server: FakeServer, then: Callable[[], object], size: int = 3
) -> tuple[list[Command], dict[UUID, object]]:
    """One leads and `size` wait; then what is given happens to the leader's answer."""
    gate, answers = threading.Event(), dict[UUID, object]()
    server.script.append(lambda: (gate.wait(), then()))
    commands = [_command() for _ in range(size + 1)]
    threads = []
    for place, command in enumerate(commands):
        threads.append(started(door, command, answers))
        wait_for(lambda place=place: len(door._waiting) == place and door._underway is not None)  # type: ignore[misc]
    gate.set()
    for thread in threads:
        thread.join()
    return commands, answers


def test_a_lone_caller_leads_and_leaves_the_door_free(door: Door, server: FakeServer) -> None:
    for position in (1, 2, 3):
        assert door.append(_command()) == Stored(position, position, AT)
    assert not door._is_led
    assert server.groups == [1, 1, 1]


def test_those_who_wait_go_together_behind_the_first(door: Door, server: FakeServer) -> None:
    commands, answers = crowd(door, server, lambda: None)
    assert server.groups == [1, 3]
    assert [answers[command.id] for command in commands] == [Stored(n, n, AT) for n in (1, 2, 3, 4)]
    assert not door._is_led


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), MemoryError()])
def test_an_interrupted_leader_leaves_nobody_waiting(
    door: Door, server: FakeServer, error: BaseException
) -> None:
    commands, answers = crowd(door, server, fail(error))
    assert answers[commands[0].id] is error
    assert all(isinstance(answers[command.id], Stored) for command in commands[1:])
    assert commands[0].id in server.stored  # it was on its way, and so is stored once
    assert not door._is_led
    assert door.append(_command()).first_position == 5


def test_every_heir_may_be_interrupted_in_turn(door: Door, server: FakeServer) -> None:
    def all_fail() -> None:
        server.script.extend(fail(KeyboardInterrupt()) for _ in range(3))
        raise KeyboardInterrupt

    commands, answers = crowd(door, server, all_fail)
    assert all(isinstance(answers[command.id], KeyboardInterrupt) for command in commands)
    assert not door._is_led
    assert door.append(_command()).first_position > 1


def test_an_answer_that_was_fetched_is_told_though_the_leader_is_interrupted(
    door: Door, server: FakeServer
) -> None:
    """The leader has decided the group and dies before it can tell anybody."""
    depart, groups = door._depart, list[object]()

    def depart_and_die() -> object:
        groups.append(depart())
        if len(groups) == 3:  # the own group, the next, and that after the next has landed
            raise KeyboardInterrupt
        return groups[-1]

    door._depart = depart_and_die  # type: ignore[method-assign, assignment]
    commands, answers = crowd(door, server, lambda: None)
    died = [answer for answer in answers.values() if isinstance(answer, KeyboardInterrupt)]
    assert len(died) == 1
    assert sum(isinstance(answer, Stored) for answer in answers.values()) == 3
    assert len(server.stored) == len(commands)


def test_who_waits_may_be_interrupted_and_is_not_stored(door: Door, server: FakeServer) -> None:
    """The main thread gets a signal while another leads."""
    gate, answers = threading.Event(), dict[UUID, object]()
    server.script.append(gate.wait)
    leader, mine = _command(), _command()
    threads = [started(door, leader, answers)]
    wait_for(lambda: door._underway is not None)

    def interrupt() -> None:
        wait_for(lambda: len(door._waiting) == 1)
        interrupt_main()

    with signals():
        threads.append(threading.Thread(target=interrupt, daemon=True))
        threads[-1].start()
        with pytest.raises(Interrupted):
            door.append(mine)
    gate.set()
    for thread in threads:
        thread.join()
    after = _command()
    door.append(after)
    assert list(server.stored) == [leader.id, after.id]
    assert not door._is_led


def test_who_is_underway_may_be_interrupted_and_the_lead_passes_her_by(
    door: Door, server: FakeServer
) -> None:
    """The main thread's group is on its way, led by another of that group, as the signal comes."""
    first, second, answers = threading.Event(), threading.Event(), dict[UUID, object]()
    server.script.extend([first.wait, second.wait])
    leader, heir, mine, last = (_command() for _ in range(4))
    threads = [started(door, leader, answers)]
    wait_for(lambda: door._underway is not None)
    threads.append(started(door, heir, answers))
    wait_for(lambda: len(door._waiting) == 1)

    def interrupt() -> None:
        wait_for(lambda: len(door._waiting) == 2)
        first.set()
        wait_for(lambda: door._underway is not None and heir in door._underway.commands)
        threads.append(started(door, last, answers))
        wait_for(lambda: len(door._waiting) == 1)
        interrupt_main()

    with signals():
        threads.append(threading.Thread(target=interrupt, daemon=True))
        threads[-1].start()
        with pytest.raises(Interrupted):
            door.append(mine)
    second.set()
    for thread in threads:
        thread.join()
    assert list(server.stored) == [leader.id, heir.id, mine.id, last.id]
    assert [answers[one.id] for one in (leader, heir, last)] == [
        Stored(n, n, AT) for n in (1, 2, 4)
    ]
    assert not door._is_led


def test_a_leader_interrupted_before_anything_was_sent_takes_its_command_along(
    door: Door, server: FakeServer
) -> None:
    server.connecting.append(fail(KeyboardInterrupt()))
    command = _command()
    with pytest.raises(KeyboardInterrupt):
        door.append(command)
    door.append(_command())
    assert command.id not in server.stored


def test_a_group_whose_callers_have_all_gone_is_landed_by_the_next(
    door: Door, server: FakeServer
) -> None:
    server.script.append(fail(KeyboardInterrupt()))
    command = _command()
    with pytest.raises(KeyboardInterrupt):
        door.append(command)
    assert door.append(_command()).first_position == 2
    assert next(iter(server.stored)) == command.id


def test_while_nothing_can_be_sent_the_caller_learns_that_nothing_is_stored(
    door: Door, server: FakeServer
) -> None:
    server.connecting.extend(fail(psycopg.OperationalError("refused")) for _ in range(1_000))
    with pytest.raises(UnavailableError, match="nothing was stored"):
        door.append(_command())
    assert not door._is_led


def test_while_no_answer_comes_the_caller_learns_that_the_outcome_is_unknown(
    door: Door, server: FakeServer
) -> None:
    server.script.extend(fail(psycopg.OperationalError("gone")) for _ in range(1_000))
    with pytest.raises(UnavailableError, match="outcome is unknown"):
        door.append(_command())
    server.script.clear()
    assert door.append(_command()).first_position == 1


def test_a_server_that_says_no_for_now_is_asked_again(door: Door, server: FakeServer) -> None:
    server.script.extend(
        [
            fail(psycopg.errors.LockNotAvailable("busy")),
            fail(psycopg.errors.DiskFull("full")),
            fail(psycopg.errors.AdminShutdown("bye")),
        ]
    )
    assert door.append(_command()).first_position == 1


def test_an_unsafe_server_is_refused_to_each_caller(door: Door, server: FakeServer) -> None:
    gate, refuse = threading.Event(), fail(UnsafeServerError("fsync is off"))
    server.connecting.extend([lambda: (gate.wait(), refuse()), refuse, refuse])
    answers: dict[UUID, object] = {}
    threads = [started(door, _command(), answers) for _ in range(3)]
    wait_for(lambda: len(door._waiting) == 2)  # for everybody to have arrived
    gate.set()
    for thread in threads:
        thread.join()
    assert [type(answer) for answer in answers.values()] == [UnsafeServerError] * 3
    assert server.stored == {}
    assert not door._is_led


def test_only_the_culprit_suffers_for_what_the_server_will_not_take(
    recorder: LedgerRecorder, database_url: str
) -> None:
    """An event beyond a hole fails the whole group it is in."""
    hole = an_event(uuid4(), 5)
    for _ in range(10):
        tasks = [partial(append, recorder, an_event()) for _ in range(7)]
        answers = at_once([*tasks, partial(append, recorder, hole)])
        assert all(isinstance(answer, Stored) for answer in answers[:7])
        assert isinstance(answers[7], psycopg.errors.IntegrityConstraintViolation)
    assert len(log(database_url)) == 70
    assert_sound(database_url)


def test_a_link_that_breaks_over_a_bad_command_is_replaced(
    door: Door, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.script.append(fail(psycopg.errors.CheckViolation("bad")))
    monkeypatch.setattr(FakeLink, "is_broken", True)
    with pytest.raises(psycopg.errors.CheckViolation):
        door.append(_command())
    assert door._link is None


def test_what_a_lost_answer_had_stored_is_known_again_though_its_group_is_refused_then(
    door: Door, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is then sent alone, and still sent again."""
    commands = [_command() for _ in range(2)]

    def is_lost() -> None:
        server.stored.update({command.id: place for place, command in enumerate(commands, 1)})
        raise psycopg.OperationalError("no answer came")

    server.script.extend([is_lost, fail(psycopg.errors.CheckViolation("bad"))])
    monkeypatch.setattr(FakeLink, "is_broken", True)
    door.append_all(commands)
    assert [command.outcome for command in commands] == [Stored(n, n, AT) for n in (1, 2)]


def test_the_word_that_wakes_followers_is_sent_behind_each_group_and_once(
    door: Door, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its commit nobody would find anything, and nobody wants a word for each command."""
    sent: list[str] = []
    send = FakeLink.send

    def note(link: FakeLink, statement: str, packed: list[bytes], *, wanted: bool = True) -> None:
        sent.append(statement)
        send(link, statement, packed, wanted=wanted)

    monkeypatch.setattr(FakeLink, "send", note)
    crowd(door, server, lambda: None)
    assert server.groups == [1, 3]
    assert sent == ["append", "wake"] * 2


def test_a_link_found_broken_on_sending_is_replaced(door: Door, server: FakeServer) -> None:
    door.append(_command())
    assert door._link is not None
    broken = door._link

    def send(*_: object, **__: object) -> None:
        raise psycopg.OperationalError("gone")

    broken.send = send  # type: ignore[method-assign]
    assert door.append(_command()).first_position == 2
    assert door._link is not broken


def test_calling_somebody_twice_is_calling_once() -> None:
    command = _command()
    command.call()
    command.call()
    assert command.called.acquire(blocking=False)


def test_a_closed_door_opens_again(door: Door, server: FakeServer) -> None:
    door.append(_command())
    door.close()
    door.close()
    assert door.append(_command()).first_position == 2


def test_a_group_is_packed_as_the_function_takes_it() -> None:
    command = Command([an_event(), an_event()], uuid4(), HASH, [(uuid4(), 3)])
    assert _ids(pack_group([command])[4] or b"") == [command.id, command.id]
