"""Work that goes on beside the answering, some of it at a time, until it is stopped."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event, Thread

import psycopg
from eventsourcing.persistence import PersistenceError

from api.clock import wall
from api.edge import Edge
from api.settings import Settings
from ledger.errors import UnavailableError

Clock = Callable[[], datetime]

AWAY = (psycopg.Error, PersistenceError)  # the database, for whatever is asked of it
NOT_NOW = (UnavailableError, *AWAY)


def follow(name: str, some: Callable[[], int], stop: Event, *, pause_seconds: float) -> None:
    """Do some of what is due, and pause whenever that was nothing, until `stop` is set.

    Args:
        name: Of the work, for the log.
        some: Does some of it; says how much that was.
        stop: Ends the pause too.
        pause_seconds: Until somebody looks again.
    """
    log = logging.getLogger(f"mcledger.{name}")
    while not stop.is_set():
        done = 0
        try:
            done = some()
        except NOT_NOW as error:
            log.warning("%s wait: %s", name, type(error).__name__)
        except Exception:
            log.exception("%s wait", name)
        if not done:
            stop.wait(pause_seconds)


@contextmanager
def in_background(
    settings: Settings, work: Callable[[Edge, Clock, Event], None], name: str
) -> Iterator[None]:
    """Let it go on in a thread of this process, until the end of the block."""
    edge, stop = Edge.open(settings), Event()
    thread = Thread(target=work, args=(edge, wall, stop), name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        edge.close()
