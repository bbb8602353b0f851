"""Work that goes on beside the answering."""

import logging
from threading import Event

import psycopg
import pytest

from api.rounds import follow


class Noted(Event):
    """Notes for how long somebody would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout)
        return self.is_set()


def test_it_goes_on_whatever_comes_in_between_until_it_is_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = Noted()
    rounds = iter([3, psycopg.OperationalError("gone"), KeyError("a flaw of ours"), 0])

    def some() -> int:
        one = next(rounds, None)
        if one is None:
            stop.set()
            return 0
        if isinstance(one, Exception):
            raise one
        return one

    with caplog.at_level(logging.WARNING, "mcledger.rounds"):
        follow("rounds", some, stop, pause_seconds=7)
    assert [(told.levelname, told.getMessage()) for told in caplog.records] == [
        ("WARNING", "rounds wait: OperationalError"),
        ("ERROR", "rounds wait"),
    ]
    assert stop.pauses == [7, 7, 7, 7], "after each round but the one that did something"


def test_whoever_is_stopped_begins_no_further_round() -> None:
    stop, begun = Event(), []
    stop.set()

    def one() -> int:
        begun.append("a round")
        return 0

    follow("rounds", one, stop, pause_seconds=0)
    assert begun == []
