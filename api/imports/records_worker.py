"""Checks one record in a process of its own, which the system ends when it takes too long.

A stranger's document decides how much work it is to check. So this process gets so much time of
the processor and so much memory, no secret of the ledger, and no network.
"""

from __future__ import annotations

import resource
import signal
import sys
from datetime import datetime
from typing import Any

from pydantic import BaseModel, TypeAdapter

from ledger.records.canonical import RecordTooComplexError
from ledger.records.documents import RecordError
from ledger.records.received import checked
from ledger.records.received_files import read_file
from ledger.records.received_items import Checked, Known

MEMORY_BYTES_MAX = 768 * 1024 * 1024


class Job(BaseModel):
    """What is to be checked, by what, as of when, and for how long."""

    content: str  # each character a byte
    known: Known
    at: datetime
    seconds: float  # of the processor's time, once everything is loaded


class Outcome(BaseModel):
    """What was found, or why the record is refused."""

    found: Checked | None = None
    slug: str | None = None
    detail: str | None = None


OUTCOME: TypeAdapter[Outcome] = TypeAdapter(Outcome)


def limit(seconds: float) -> None:
    """From here on this process may work so long, and then is ended by the system."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    sys.addaudithook(_refuse_network)
    signal.setitimer(signal.ITIMER_PROF, seconds)


def main() -> None:
    """Read a job, write its outcome."""
    job = Job.model_validate_json(sys.stdin.buffer.read())
    limit(job.seconds)
    try:
        outcome = Outcome(
            found=checked(read_file(job.content.encode("latin-1")), job.known, job.at)
        )
    except RecordError as refused:
        outcome = Outcome(slug=refused.slug, detail=refused.detail)
    except (MemoryError, RecursionError):
        outcome = Outcome(slug=RecordTooComplexError.slug, detail="the record takes more memory")
    sys.stdout.write(outcome.model_dump_json())


def _refuse_network(event: str, _arguments: Any) -> None:
    if event.startswith("socket."):
        raise RuntimeError("a record is checked without any network")


if __name__ == "__main__":
    main()
