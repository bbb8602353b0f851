"""Where the time of one round goes: what this process does, and for what it waits.

Every few milliseconds the stacks of all threads are looked at. A moment in which threads work is
shared among them, for they take turns; a moment in which none does counts as waiting, for the
server where one of them waits for it. A second process of a row is not seen.
"""

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from types import FrameType

ROOT = Path(__file__).parents[2]
OURS = tuple(f"{ROOT / name}/" for name in ("ledger", "projections", "api"))
PAUSE_SECONDS = 0.002
LINES = 12
SERVER, THREADS = "waits for PostgreSQL", "waits for other threads"
WAITS = {
    "psycopg/connection.py:wait": SERVER,
    "psycopg/waiting.py:wait": SERVER,
    "ledger/store/link.py:_wait": SERVER,
    "ledger/store/link.py:hear": SERVER,
    "ledger/store/door.py:append": THREADS,
    "threading.py:wait": THREADS,
    "threading.py:join": THREADS,
    "threading.py:_wait_for_tstate_lock": THREADS,
    "selectors.py:select": THREADS,
    "concurrent/futures/thread.py:_worker": THREADS,
    "multiprocessing/popen_forkserver.py:poll": THREADS,
}


def profile(work: Callable[[], object]) -> list[tuple[float, str]]:
    """Do some work; the largest shares of its time, with where each was spent."""
    found: defaultdict[str, float] = defaultdict(float)
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(found, done))
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    total = sum(found.values())
    largest = sorted(found.items(), key=lambda one: -one[1])
    return [(weight / total, place) for place, weight in largest[:LINES]]


def _watch(found: defaultdict[str, float], done: threading.Event) -> None:
    own = threading.get_ident()
    while not done.is_set():
        # Threads that Python did not start are a debugger's, or whatever else looks on.
        threads = [one.ident for one in threading.enumerate() if one.ident != own]
        stacks = sys._current_frames()  # noqa: SLF001 - there is no other way to see all threads
        places = [_place(stacks[thread]) for thread in threads if thread in stacks]
        working = [place for place in places if place not in (SERVER, THREADS)]
        for place in working:
            found[place] += 1 / len(working)
        if not working:
            found[SERVER if SERVER in places else THREADS] += 1
        time.sleep(PAUSE_SECONDS)


def _place(frame: FrameType) -> str:
    """What a thread waits for; else the function of ours that works or calls what does."""
    wait = next((what for end, what in WAITS.items() if _name(frame).endswith(end)), None)
    if wait is not None:
        return wait
    inner: FrameType | None = frame
    while inner is not None and not inner.f_code.co_filename.startswith(OURS):
        inner = inner.f_back
    return _name(inner or frame).removeprefix(f"{ROOT}/")


def _name(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_code.co_name}"
