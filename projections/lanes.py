"""Shares the projections among processes, so that more than one processor does their work.

A lane is some of the projections with a runner of their own: their own bookmarks, locks and
connections. The first lane runs in this process, each other in a process that is begun again
should it end, and that ends with this one.
"""

from __future__ import annotations

import logging
import signal
from collections.abc import Sequence
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection as Ear
from threading import Event, Thread
from typing import Any

from ledger.errors import UnavailableError
from projections.contract import Projection
from projections.database import Database
from projections.registry import LANES
from projections.runner import Runner

Lane = Sequence[Projection[Any]]

LOOK_SECONDS = 0.2  # how often a process is looked after
PRELOAD = ["projections.registry"]
_log = logging.getLogger(__name__)


class LaneFailedError(UnavailableError):
    """A process that was to bring projections up to the log came to grief."""

    slug = "lane-failed"


def fork_server() -> Any:
    """Forks processes that have loaded this code already: only the first has to wait for that.

    To fork this process itself would copy its connections and whatever locks its threads hold.
    """
    server = get_context("forkserver")
    server.set_forkserver_preload(PRELOAD)
    return server


def run(database: Database, stop: Event, lanes: Sequence[Lane] = LANES) -> None:
    """Follow the log in every lane until `stop` is set; batches under way are finished first."""
    keepers = [Thread(target=_keep, args=(database, lane, stop)) for lane in lanes[1:]]
    for keeper in keepers:
        keeper.start()
    try:
        Runner(database, lanes[0]).run(stop)
    finally:
        stop.set()
        for keeper in keepers:
            keeper.join()


def catch_up(database: Database, lanes: Sequence[Lane] = LANES) -> None:
    """Bring every lane to the end of the log, and come back.

    Raises:
        LaneFailedError: a process ended before it had done so.
    """
    server = fork_server()
    others = [server.Process(target=_catch_up, args=(database, lane)) for lane in lanes[1:]]
    for other in others:
        other.start()
    try:
        _catch_up(database, lanes[0])
    finally:
        for other in others:
            other.join()
    if any(other.exitcode for other in others):
        raise LaneFailedError("a process ended before its projections had come to the end")


def _catch_up(database: Database, lane: Lane) -> None:
    stop = Event()
    Runner(database, lane, on_step=lambda moved: None if moved else stop.set()).run(stop)


def _keep(database: Database, lane: Lane, stop: Event) -> None:
    """Keep a process on a lane for as long as we are asked to."""
    while not stop.is_set():
        ear, mouth = Pipe(duplex=False)
        process = fork_server().Process(target=_run_lane, args=(database, lane, ear))
        process.start()
        ear.close()
        while process.is_alive() and not stop.wait(LOOK_SECONDS):
            pass
        mouth.close()
        process.join()
        if not stop.is_set():
            _log.warning("the process of %s ended", ", ".join(one.name for one in lane))


def _run_lane(database: Database, lane: Lane, ear: Ear) -> None:
    """Follow the log until the other end of the pipe is closed, by whatever closes it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # from the keyboard it is for the parent
    stop = Event()
    Thread(target=_hear, args=(ear, stop), daemon=True).start()
    Runner(database, lane).run(stop)


def _hear(ear: Ear, stop: Event) -> None:
    try:
        ear.recv_bytes()
    except EOFError:
        stop.set()
