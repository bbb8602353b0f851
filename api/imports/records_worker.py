"""Checks each record in a process of its own, which the system ends when it takes too long.

A stranger's document decides how much work it is to check. So that process gets so much time of
the processor and so much memory, no secret of the ledger, and no network. It is forked from one
that has everything loaded and stands ready, for loading takes longer than most records do.
"""

from __future__ import annotations

import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NoReturn

from pydantic import BaseModel, TypeAdapter

from ledger.records.canonical import RecordTooComplexError, canonical
from ledger.records.contexts import CREDENTIALS, LEARNER_RECORDS, OPEN_BADGES
from ledger.records.documents import RecordError
from ledger.records.received import checked
from ledger.records.received_files import read_file
from ledger.records.received_items import Checked, Known

MEMORY_BYTES_MAX = 768 * 1024 * 1024
PATIENCE: Final = 20  # so many times the work, on a machine that has other things to do
BEGUN: Final = b"\n"  # goes ahead of every answer: what ends after it was ended for its work
WHOLE: Final = b"\n"  # and this behind it: what lacks it was ended on the way


class Job(BaseModel):
    """What is to be checked, by what, as of when, and for how long."""

    content: str  # each character a byte
    known: Known
    at: datetime
    seconds: float  # of the processor's time


class Outcome(BaseModel):
    """What was found, or why the record is refused, or the name of what failed on our side."""

    found: Checked | None = None
    slug: str | None = None
    detail: str | None = None
    failure: str | None = None


OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


def limit(seconds: float) -> None:
    """From here on this process may work so long, and then is ended by the system."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    sys.addaudithook(_refuse_network)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * PATIENCE)


def check(job: Job) -> Outcome:
    """Check the record of a job."""
    found = checked(read_file(job.content.encode("latin-1")), job.known, job.at)
    return Outcome(found=found)


def serve(work: Callable[[Job], Outcome] = check) -> None:
    """Fork for each line that comes over the socket at standard input, until that is closed."""
    door = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them but by their answers
    gc.freeze()  # what is loaded stays shared
    while True:
        rung, lines, _, _ = socket.recv_fds(door, 1, 1)
        if not rung:
            return
        if os.fork() == 0:
            door.detach()
            os.close(0)  # the jobs of others come in there
            _answer(lines[0], work)
        os.close(lines[0])


def _answer(line: int, work: Callable[[Job], Outcome]) -> NoReturn:
    """Do one job and end, whatever happens: nothing is left for whoever is forked next."""
    try:
        with os.fdopen(line, "r+b", buffering=0) as stream:
            gc.disable()  # it ends before that would bring anything back
            job = Job.model_validate_json(stream.readall())
            limit(job.seconds)
            stream.write(BEGUN)
            _send(stream.fileno(), _outcome(job, work).model_dump_json().encode() + WHOLE)
    finally:
        os._exit(0)


def _outcome(job: Job, work: Callable[[Job], Outcome]) -> Outcome:
    try:
        return work(job)
    except RecordError as refused:
        return Outcome(slug=refused.slug, detail=refused.detail)
    except (MemoryError, RecursionError):
        return Outcome(slug=RecordTooComplexError.slug, detail="the record takes more memory")
    except Exception as error:  # noqa: BLE001 - named to whoever asked, who writes it down
        return Outcome(failure=type(error).__name__)  # its words may be those of the record


def _send(line: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(line, rest) :]


def _refuse_network(event: str, _arguments: Any) -> None:
    if event.startswith("socket."):
        raise RuntimeError("a record is checked without any network")


if __name__ == "__main__":
    canonical({"@context": [CREDENTIALS, LEARNER_RECORDS, OPEN_BADGES]})  # so these are read once
    serve()
