"""Work that goes on beside the answering."""

import logging
from threading import Event

import psycopg
import pytest

from api.rounds import follow


def test_it_goes_on_whatever_comes_in_between_until_it_is_stopped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = Event()
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
        follow("rounds", some, stop, pause_seconds=0)
    assert [(told.levelname, told.getMessage()) for told in caplog.records] == [
        ("WARNING", "rounds wait: OperationalError"),
        ("ERROR", "rounds wait"),
    ]


def test_whoever_is_stopped_begins_no_further_round() -> None:
    stop = Event()
    stop.set()
    follow("rounds", lambda: pytest.fail("a round began"), stop, pause_seconds=0)
