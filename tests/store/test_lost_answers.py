"""The connection is cut at every message there is: nothing is lost, nothing is doubled."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest

from ledger.store import CommandStored, LedgerRecorder, ReadMoved, Stored, StreamMoved
from tests.seal.witnesses import until
from tests.store.helpers import HASH, an_event, append, assert_sound, at_once, log, rows
from tests.store.proxy import Proxy, Side, proxied

# What one append and the word behind it take: bind, describe, execute and sync, twice; and the
# answers to them, with one message for each, the row, and the word that the server is ready.
CUTS: list[tuple[Side, int]] = [("client", n) for n in range(8)] + [
    ("server", n) for n in range(10)
]
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def proxy(database_url: str) -> Iterator[Proxy]:
    """A proxy before the server of the test; a socket's path has to be short."""
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        proxied(Path(folder), database_url) as one,
    ):
        yield one


@pytest.fixture
def through(proxy: Proxy) -> Iterator[LedgerRecorder]:
    """A recorder that has appended and read through the proxy before anything is cut."""
    recorder = LedgerRecorder(proxy.url)
    append(recorder)
    recorder.last_position()
    yield recorder
    recorder.close()


@pytest.mark.parametrize(("side", "messages"), CUTS)
def test_a_command_is_stored_once_and_its_caller_told_so(
    through: LedgerRecorder, proxy: Proxy, database_url: str, side: Side, messages: int
) -> None:
    stream, command = uuid4(), uuid4()
    proxy.cut(side, messages)
    stored = append(through, an_event(stream), an_event(stream, 2), command_id=command)
    proxy.heal()
    after = append(through, an_event(stream, 3))

    assert (stored.first_position, stored.last_position) == (2, 3)
    assert after.first_position == 4
    assert [row[1] for row in log(database_url)[1:3]] == [command, command]
    assert_sound(database_url)


def test_the_cuts_reach_from_the_first_message_to_the_last(
    through: LedgerRecorder, proxy: Proxy
) -> None:
    """Otherwise the test above would cut at nothing and prove nothing."""
    reached = dict[Side, list[int]]()
    for side, messages in CUTS:
        append(through)
        proxy.cut(side, messages)
        before = proxy.cuts
        append(through)
        if side == "client":  # the word behind the append may pass once that is answered
            until(lambda before=before: proxy.cuts > before)
        if proxy.cuts > before:
            reached.setdefault(side, []).append(messages)
        proxy.heal()
    # The rest belongs to the word behind the append, whose answer is fetched with the next.
    assert reached["client"] == list(range(8))
    assert reached["server"][:5] == list(range(5))


@pytest.mark.parametrize("messages", range(6))
def test_after_a_lost_answer_the_good_are_told_apart_from_the_bad(
    through: LedgerRecorder, proxy: Proxy, database_url: str, messages: int
) -> None:
    """A whole group is sent again: some were stored by the first try, others refused twice."""
    taken, happened = uuid4(), uuid4()
    append(through, an_event(taken), command_id=happened)
    good = [partial(append, through, an_event(), an_event()) for _ in range(8)]
    bad = [
        partial(append, through, an_event(taken)),
        partial(append, through, command_id=happened),
        partial(append, through, reads=[(taken, 0)]),
    ]
    proxy.cut("server", messages)
    answers = at_once([*good, *bad])

    assert all(isinstance(answer, Stored) for answer in answers[:8]), answers
    assert [type(answer) for answer in answers[8:]] == [StreamMoved, CommandStored, ReadMoved]
    assert len(log(database_url)) == 2 + 16
    assert_sound(database_url)


def test_somebody_elses_command_under_the_same_id_is_not_taken_for_ours(
    through: LedgerRecorder, proxy: Proxy, database_url: str
) -> None:
    """The answer is lost, and under our id there is something we never wanted to store."""
    command = uuid4()
    proxy.cut("server", 0)
    through.append([an_event()], command_id=command, body_hash=HASH)
    for other in ([an_event()], [an_event(), an_event()]):
        proxy.cut("server", 0)
        with pytest.raises(CommandStored):
            through.append(other, command_id=command, body_hash=HASH)
    proxy.heal()
    assert len(log(database_url)) == 2


@pytest.mark.parametrize(
    ("side", "messages"), [("client", n) for n in range(4)] + [("server", n) for n in range(5)]
)
def test_a_read_is_simply_asked_again(
    through: LedgerRecorder, proxy: Proxy, side: Side, messages: int
) -> None:
    proxy.cut(side, messages)
    assert through.last_position() == 1
    proxy.heal()
    assert through.last_position() == 1


def test_every_backend_may_be_terminated_at_any_time(
    recorder: LedgerRecorder, database_url: str
) -> None:
    """Somebody keeps terminating all others' backends while 8 write and read."""
    writing = [True]

    def kill() -> int:
        killed = position = 0
        while writing:
            reached = len(log(database_url))
            if reached >= position + 20:  # else nobody would ever get anywhere
                position = reached
                killed += len(rows(database_url, TERMINATE))
        return killed

    def write() -> list[Stored]:
        stored = [append(recorder, an_event(), an_event()) for _ in range(40)]
        recorder.last_position()
        return stored

    def write_all() -> list[object]:
        try:
            return [one for answer in at_once([write] * 8) for one in answer]
        finally:
            writing.clear()

    killed, stored = at_once([kill, write_all])
    assert isinstance(killed, int)
    assert killed > 0
    assert isinstance(stored, list)
    assert len(stored) == 320
    assert len(log(database_url)) == 640
    assert_sound(database_url)
