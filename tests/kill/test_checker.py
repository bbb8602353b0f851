"""The judge is judged: clean histories pass, and every kind of damage is found."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.kill.checker import Operation, Recorded, Status, check, load, save

LIFE = (
    ("enroll", ("enrolled",)),
    ("upload", ("evidence-uploaded",)),
    ("submit", ("submitted",)),
    ("assign", ("assessor-assigned", "assessor-assigned")),
    ("score", ("scored",)),
    ("score", ("scored", "recommended")),
    ("decide", ("review-decided", "awarded")),
)
History = tuple[list[Operation], list[Recorded]]
Corruption = Callable[[random.Random, History], tuple[History, set[str]]]


class World:
    """An honest server and 16 clients on an unreliable line, played from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.now = 0.0
        self.log: list[Recorded] = []
        self.operations: list[Operation] = []
        self.commands = 0

    def play(self, operations: int) -> History:
        clients = [self._client(number) for number in range(16)]
        while len(self.operations) < operations:
            next(self.random.choice(clients))
        for client in clients:  # nobody leaves before knowing
            while next(client):
                pass
        return self.operations, self.log

    def _client(self, number: int) -> Iterator[bool]:
        """Yields whether it waits for an answer, so that clients take turns in between."""
        while True:
            stream = f"stream {number} {self.random.random()}"
            version = 0
            for act, topics in LIFE:
                if self.random.random() < 0.1:
                    yield from self._send(number, "refused act", stream, ())
                yield from self._send(number, act, stream, topics, version)
                version += len(topics)
                self._read(number, stream, topics[-1])
                yield False

    def _send(
        self, client: int, act: str, stream: str, topics: tuple[str, ...], version: int = 0
    ) -> Iterator[bool]:
        self.commands += 1
        command = f"command {self.commands}"
        position = 0
        while True:
            begun = self._tick()
            yield True
            if self.random.random() < 0.9:
                position = position or self._store(command, stream, topics, version)
                yield True
            known = self.random.random() < 0.8 and bool(position or not topics)
            status: Status = ("acknowledged" if topics else "refused") if known else "unknown"
            self.operations.append(
                Operation(
                    client=client,
                    act=act,
                    key=command,
                    command_id=command,
                    begun=begun,
                    ended=self._tick(),
                    status=status,
                    code=200,
                    stream=stream if topics else "",
                    position=position if known else 0,
                )
            )
            if known:
                return

    def _store(self, command: str, stream: str, topics: tuple[str, ...], version: int) -> int:
        for index, topic in enumerate(topics):
            self.log.append(
                Recorded(
                    len(self.log) + 1,
                    stream,
                    version + 1 + index,
                    f"enrollment.{topic}.v1",
                    command,
                    index,
                    self._tick(),
                )
            )
        return len(self.log) if topics else 0

    def _read(self, client: int, stream: str, seen: str) -> None:
        least = self.operations[-1].position
        self.operations.append(
            Operation(
                client=client,
                act="read",
                key="1",
                command_id="",
                begun=self._tick(),
                ended=self._tick(),
                status="acknowledged",
                stream=stream,
                seen=seen,
                position=len(self.log),
                least_position=least,
            )
        )

    def _tick(self) -> float:
        self.now += 1
        return self.now


def renumbered(rows: list[Recorded]) -> list[Recorded]:
    """Close up positions and versions, as a careful vandal would."""
    versions: dict[str, int] = {}
    closed: list[Recorded] = []
    for row in rows:
        versions[row.stream] = versions.get(row.stream, 0) + 1
        closed.append(row._replace(position=len(closed) + 1, version=versions[row.stream]))
    return closed


def without(log: list[Recorded], commands: set[str]) -> list[Recorded]:
    return [row for row in log if row.command_id not in commands]


def lose_acknowledged(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    victim = dice.choice([o.command_id for o in operations if o.act == "upload" and o.position])
    return (operations, renumbered(without(log, {victim}))), {"lost"}


def lose_the_newest(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    last = log[-1].command_id
    return (operations, without(log, {last})), {"lost"}


def leave_a_gap(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    at = dice.randrange(len(log) - 1)
    return (operations, log[:at] + log[at + 1 :]), {"gap"}


def store_twice(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    row = dice.choice([row for row in log if row.topic.endswith("uploaded.v1")])
    newest = max(r.version for r in log if r.stream == row.stream)
    double = row._replace(
        position=len(log) + 1, version=newest + 1, recorded_at=log[-1].recorded_at
    )
    return (operations, [*log, double]), {"doubled"}


def store_twice_under_a_new_id(dice: random.Random, history: History) -> tuple[History, set[str]]:
    (operations, log), _ = store_twice(dice, history)
    return (operations, [*log[:-1], log[-1]._replace(command_id="nobody's")]), {"phantom"}


def store_the_refused(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    refused = dice.choice([o for o in operations if o.status == "refused"])
    row = Recorded(
        len(log) + 1,
        "another stream",
        1,
        "enrollment.enrolled.v1",
        refused.command_id,
        0,
        log[-1].recorded_at,
    )
    return (operations, [*log, row]), {"refused"}


def tear_a_command(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    victim = dice.choice([row for row in log if row.topic.endswith("awarded.v1")])
    part = dice.choice([row for row in log if row.command_id == victim.command_id])
    return (operations, renumbered([row for row in log if row != part])), {"torn"}


def swap_far_apart(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    singles = [i for i, row in enumerate(log) if row.topic.endswith("enrolled.v1")]
    one, two = sorted((dice.choice(singles[: len(singles) // 3]), singles[-1]))
    mine = {**{row.stream: row.stream for row in log}, log[one].stream: log[two].stream}
    mine[log[two].stream] = log[one].stream
    swapped = [row._replace(stream=mine[row.stream]) for row in log]
    commands = {log[one].command_id: log[two].command_id}
    commands[log[two].command_id] = log[one].command_id
    return (
        operations,
        [r._replace(command_id=commands.get(r.command_id, r.command_id)) for r in swapped],
    ), {"lost", "torn", "order"}


def turn_the_clock_back(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    at = dice.randrange(1, len(log))
    early = log[at]._replace(recorded_at=log[0].recorded_at - 1)
    return (operations, [*log[:at], early, *log[at + 1 :]]), {"order"}


def skip_a_step(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    at = dice.choice([i for i, row in enumerate(log) if row.topic.endswith("submitted.v1")])
    false = log[at]._replace(topic="enrollment.awarded.v1")
    return (operations, [*log[:at], false, *log[at + 1 :]]), {"illegal"}


def never_answer(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    victim = dice.choice([o.command_id for o in operations if o.command_id])
    silent = [
        replace(o, status="unknown", position=0) if o.command_id == victim else o
        for o in operations
    ]
    return (silent, log), {"unanswered"}


def answer_otherwise(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    told = dice.choice([o for o in operations if o.command_id and o.status == "acknowledged"])
    again = replace(told, position=told.position + 1, ended=told.ended + 0.5)
    return ([*operations, again], log), {"answers"}


def read_the_past(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    at = dice.choice(
        [i for i, o in enumerate(operations) if o.act == "read" and o.seen == "submitted"]
    )
    old = replace(operations[at], seen="enrolled")
    return ([*operations[:at], old, *operations[at + 1 :]], log), {"stale"}


def read_before_it_is_due(dice: random.Random, history: History) -> tuple[History, set[str]]:
    operations, log = history
    at = dice.choice([i for i, o in enumerate(operations) if o.act == "read"])
    early = replace(operations[at], position=operations[at].least_position - 1)
    return ([*operations[:at], early, *operations[at + 1 :]], log), {"stale"}


CORRUPTIONS: tuple[Corruption, ...] = (
    lose_acknowledged,
    lose_the_newest,
    leave_a_gap,
    store_twice,
    store_twice_under_a_new_id,
    store_the_refused,
    tear_a_command,
    swap_far_apart,
    turn_the_clock_back,
    skip_a_step,
    never_answer,
    answer_otherwise,
    read_the_past,
    read_before_it_is_due,
)


@pytest.mark.parametrize("seed", range(20))
def test_a_clean_history_raises_no_alarm(seed: int) -> None:
    operations, log = World(seed).play(4_000)
    assert {o.status for o in operations} == {"acknowledged", "refused", "unknown"}
    assert check(operations, log) == []


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda corruption: corruption.__name__)
@pytest.mark.parametrize("seed", range(5))
def test_every_corruption_is_found(corrupt: Corruption, seed: int) -> None:
    history = World(seed).play(600)
    (operations, log), expected = corrupt(random.Random(seed), history)
    found = {violation.kind for violation in check(operations, log)}
    assert found & expected, f"found {found} where one of {expected} was put in"


def test_commands_sent_while_setting_up_are_no_phantoms() -> None:
    row = Recorded(1, "an issuer", 1, "issuer.registered.v1", "set-up", 0, 1.0)
    assert [violation.kind for violation in check([], [row])] == ["phantom"]
    assert check([], [row], known=frozenset({"set-up"})) == []


def test_a_history_survives_its_file(tmp_path: Path) -> None:
    operations, _ = World(1).play(100)
    save(operations, tmp_path / "history.jsonl")
    assert load(tmp_path / "history.jsonl") == operations
