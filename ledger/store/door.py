"""The one door into the log: whoever finds it free appends for all who wait.

One flush to disk carries a whole group of commands. There is no timer and no thread of the door's
own: a caller who finds nobody leading leads. The leader sends the next group before handing over
to somebody in it, and only then tells its own group, so the server is never kept waiting.

Appending is idempotent by command id. So whenever an answer is lost, the same group is simply sent
again, and what the first try stored is recognized.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain
from threading import Lock
from uuid import UUID

import psycopg

from ledger.errors import UnavailableError
from ledger.store.command import (
    BYTES_MAX,
    EVENTS_MAX,
    POSITION,
    RECORDED_AT,
    REFUSALS,
    Command,
    Stored,
    pack_group,
)
from ledger.store.link import Link

PAUSE_SECONDS_MAX = 0.25
# Classes of errors that pass: connections, the server's state, its resources, locks, time limits.
PASSING = {"08", "25", "40", "53", "55", "57", "58"}


@dataclass(slots=True)
class Group:
    """Commands that are appended together. No two of them touch a stream in common."""

    commands: list[Command]
    times_sent: int = 0
    is_sent: bool = False  # and the link it was sent over is still there


class Door:
    """Appends commands, in groups, over one link."""

    def __init__(self, connect: Callable[[], Link], patience_seconds: float) -> None:
        self._connect = connect
        self._patience_seconds = patience_seconds
        self._mutex = Lock()  # guards the waiting and the lead
        self._waiting: deque[Command] = deque()
        self._is_led = False
        self._link: Link | None = None  # this and the next are the leader's
        self._underway: Group | None = None

    def append(self, command: Command) -> Stored:
        """Append one command and say where it is.

        Raises:
            CommandStored: its id is in the log; nothing was stored now.
            StreamMoved: somebody else wrote to one of its streams first.
            ReadMoved: a stream that it only read has moved.
            UnavailableError: the outcome is unknown, or nothing can be stored now.
        """
        try:
            with self._mutex:
                self._waiting.append(command)
                command.leads = not self._is_led
                self._is_led = True
            if not command.leads:
                command.called.acquire()
            if command.leads:
                self._lead(command)
        except BaseException:
            self._leave(command)
            raise
        return command.result()

    def append_all(self, commands: Iterable[Command]) -> None:
        """Append many commands of one caller in as few groups as may be.

        Afterwards each has its outcome, be it an error. Only for a door that this caller alone
        uses: between two groups whoever waits at another door has his turn.
        """
        chosen, others = choose(commands)
        while chosen:
            self._land(Group(chosen), time.monotonic() + self._patience_seconds)
            chosen, others = choose(others)

    def close(self) -> None:
        """Close the link. A command that still comes makes a new one."""
        with self._mutex:
            self._drop_link()

    def _lead(self, command: Command) -> None:
        """Land groups until one's own command is decided; then somebody else leads."""
        while command.leads:
            group = self._underway or self._depart()
            assert group is not None, "at least the leader's own command waits"
            self._land(group, time.monotonic() + self._patience_seconds)
            command.led = group.commands
            self._depart()
            if command.outcome is not None:
                with self._mutex:
                    command.leads = False
                    self._hand_over()
            _call(command.led)

    def _leave(self, command: Command) -> None:
        """Interrupted: whoever relies on this thread must not be left waiting."""
        decided: list[Command] = []
        with self._mutex:
            command.abandoned = True
            if command in self._waiting:
                self._waiting.remove(command)
            if command.leads:
                command.leads = False
                self._drop_link()
                if self._underway is not None:
                    decided = [one for one in self._underway.commands if one.outcome is not None]
                    self._underway = _without_the_gone(self._underway)
                self._hand_over()
        _call(chain(command.led, decided))

    def _hand_over(self) -> None:
        """Give the lead to somebody who waits, first to those whose group is underway."""
        underway = self._underway.commands if self._underway else []
        for heir in chain(underway, self._waiting):
            if heir.outcome is None and not heir.abandoned:
                heir.leads = True
                heir.call()
                return
        self._is_led = False

    def _depart(self) -> Group | None:
        """Put together the next group, if anybody waits, and send it if there is a link."""
        with self._mutex:
            chosen, others = choose(self._waiting)
            group = self._underway = Group(chosen) if chosen else None
            self._waiting = others
        if group is not None and self._link is not None:
            try:
                self._send(group, self._link)
            except psycopg.Error:
                self._drop_link()  # landing connects again
        return group

    def _send(self, group: Group, link: Link) -> None:
        """Send a group and, behind it and after its commit, the word that wakes followers."""
        group.is_sent = True
        group.times_sent += 1
        link.send("append", pack_group(group.commands))
        link.send("wake", [], wanted=False)

    def _land(self, group: Group, give_up_at: float) -> None:
        """Get every command of a group decided, whatever happens to the link meanwhile."""
        pause = 0.0
        while True:
            try:
                self._settle(group)
            except psycopg.Error as error:
                if not _passes(error):
                    return self._find_culprit(group, error, give_up_at)
                self._drop_link()
                if time.monotonic() + pause > give_up_at:
                    return _give_up(group, error)
            else:
                return None
            time.sleep(pause)
            pause = min(2 * pause + 0.01, PAUSE_SECONDS_MAX)

    def _settle(self, group: Group) -> None:
        """Fetch the answer to a group, having sent it if need be, and decide its commands."""
        link = self._link = self._link or self._connect()
        if not group.is_sent:
            self._send(group, link)
        [(position, appended_at, refused, reasons)] = link.receive()
        why = dict(zip(refused, reasons or (), strict=True))
        before = _stored_before(group, why, link) if why and group.times_sent > 1 else {}
        for command in group.commands:
            if command in before:
                command.outcome = before[command]
            elif command.id in why:
                command.outcome = REFUSALS[why[command.id]](command.id)
            else:
                command.outcome = Stored(position, position + command.count - 1, appended_at)
                position += command.count

    def _find_culprit(self, group: Group, error: psycopg.Error, give_up_at: float) -> None:
        """The server refused the group as a whole; only whose fault it is shall suffer for it."""
        if self._link is not None and self._link.is_broken:
            self._drop_link()
        if len(group.commands) == 1:
            group.commands[0].outcome = error
            return
        for command in group.commands:
            self._land(Group([command], group.times_sent), give_up_at)

    def _drop_link(self) -> None:
        """Forget the link; what was sent over it and not answered has to be sent again."""
        if self._underway is not None:
            self._underway.is_sent = False
        if self._link is not None:
            link, self._link = self._link, None
            link.close()


def choose(waiting: Iterable[Command]) -> tuple[list[Command], deque[Command]]:
    """Divide those who wait into the next group and the rest, which keeps its order."""
    chosen: list[Command] = []
    others: deque[Command] = deque()
    events = size_bytes = 0
    ids: set[UUID] = set()
    written: set[UUID | str] = set()
    read: set[UUID | str] = set()
    for command in waiting:
        if command.outcome is not None:
            continue
        fits = (
            events + command.count <= EVENTS_MAX
            and size_bytes + command.size_bytes <= BYTES_MAX
            and command.id not in ids
            and written.isdisjoint(command.writes)
            and written.isdisjoint(command.reads)
            and read.isdisjoint(command.writes)
        )
        if fits:
            chosen.append(command)
            events += command.count
            size_bytes += command.size_bytes
            ids.add(command.id)
            written |= command.writes
            read |= command.reads
        else:
            others.append(command)
    return chosen, others


def _without_the_gone(group: Group) -> Group | None:
    """What is left to land: nothing that was never sent and that nobody waits for."""
    if not group.times_sent:
        group.commands = [command for command in group.commands if not command.abandoned]
    return group if any(command.outcome is None for command in group.commands) else None


def _stored_before(group: Group, why: dict[UUID, str], link: Link) -> dict[Command, Stored]:
    """The commands that a try whose answer was lost has stored, word for word."""
    found = {}
    for command in group.commands:
        if why.get(command.id) == "command":
            rows = link.fetch("command", command.id)
            if command.is_same_as(rows):
                first, last = rows[0], rows[-1]
                found[command] = Stored(first[POSITION], last[POSITION], first[RECORDED_AT])
    return found


def _passes(error: psycopg.Error) -> bool:
    return error.sqlstate is None or error.sqlstate[:2] in PASSING


def _give_up(group: Group, error: psycopg.Error) -> None:
    detail = (
        "the outcome is unknown: send the same request again with the same key"
        if group.times_sent
        else "the database cannot be reached; nothing was stored"
    )
    for command in group.commands:
        command.outcome = UnavailableError(f"{detail} ({error})".strip())


def _call(commands: Iterable[Command]) -> None:
    for command in commands:
        command.call()
