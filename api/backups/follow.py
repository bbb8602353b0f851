"""Receives the write-ahead log as it is written, and copies new evidence, until stopped.

The server is asked to keep what was not received (a replication slot), so a pause loses nothing.
What has been received is on this disk before the server hears so: with `synchronous_standby_names`
naming `mcledger-backup` no write is acknowledged before it is here.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from psycopg.conninfo import make_conninfo

from api.backups.archive import SLOT, Archive, BackupError, command_of, environment_of, run

EVIDENCE_SECONDS = 10.0
STOP_SECONDS_MAX = 10
NAME = "mcledger-backup"
_log = logging.getLogger(__name__)


def follow(url: str, archive: Archive, evidence: Path, stop: Event) -> None:
    """Follow until `stop` is set, through restarts of the server.

    Raises:
        BackupError: receiving ended by itself.
    """
    archive.make()
    named = make_conninfo(url, application_name=NAME)
    slot = ["--directory", str(archive.wal), "--slot", SLOT]
    run("pg_receivewal", *slot, "--create-slot", "--if-not-exists", url=named)
    archive.copy_evidence(evidence)
    with _receiving(named, slot) as receiver:
        while not stop.wait(EVIDENCE_SECONDS):
            archive.copy_evidence(evidence)
            if (status := receiver.poll()) is not None:
                raise BackupError(f"pg_receivewal ended: status {status}, what it said is above")
    archive.copy_evidence(evidence)


@contextmanager
def _receiving(url: str, slot: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """It speaks where we do: a pipe that nobody reads would stop it in the middle of an outage."""
    command = command_of("pg_receivewal", *slot, "--synchronous", url=url)
    receiver = subprocess.Popen(
        command,
        env=environment_of(url),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,  # an interrupt from the keyboard is for us to pass on
    )
    try:
        yield receiver
    finally:
        receiver.terminate()
        try:
            receiver.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            receiver.kill()
            receiver.wait()
