"""Asks witnesses to cosign what was sealed, and keeps their signatures beside the checkpoints.

It works beside the sealer, over a connection of its own, so that a witness that does not answer
holds up nobody.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from threading import Event
from typing import Any

import psycopg
from psycopg import Connection

from ledger.errors import LedgerError
from ledger.seal.notes import SignatureLine
from ledger.seal.reads import SQL, SealReads
from ledger.seal.tiles import MissingHashesError, consistency_proof
from ledger.seal.witness import Request
from ledger.seal.witness_client import WitnessAddress
from ledger.seal.witness_http import UnreachableError
from ledger.sql import execute, fetch

BACK_OFF_SECONDS = 5.0
TRIES = 2  # the first may only find out what the witness holds
_log = logging.getLogger(__name__)


@dataclass
class Collector:
    """Collects a signature of every witness under the newest checkpoint.

    Several may do it at once; the first signature of each counts. `conninfo` connects as the role
    project.
    """

    conninfo: str
    witnesses: Sequence[WitnessAddress]
    seconds: float = 1.0
    _held: dict[str, int] = field(default_factory=dict)  # what each is known to hold
    _silent: set[str] = field(default_factory=set)

    def run(self, stop: Event) -> None:
        """Collect until stopped, through restarts of the server and of witnesses."""
        while not stop.is_set():
            try:
                with closing(self.connect()) as connection:
                    while not stop.wait(self.seconds):
                        self.collect(connection)
            except (psycopg.Error, LedgerError, MissingHashesError) as error:
                _log.warning("no cosignatures are being collected: %s", error)
            stop.wait(BACK_OFF_SECONDS)

    def connect(self) -> Connection[Any]:
        return psycopg.connect(self.conninfo, autocommit=True)

    def collect(self, connection: Connection[Any]) -> int:
        """Ask who has not cosigned the newest checkpoint yet; returns how many have now."""
        reads = SealReads(connection)
        sealed = reads.last_checkpoint()
        if sealed is None:
            return 0
        size, note = sealed
        done = {one[0] for one in fetch(connection, SQL["cosigners"], size=size)}
        asked = [one for one in self.witnesses if cosigner(one) not in done]
        tile = cache(reads.tile)
        added = 0
        for _ in range(TRIES):
            requests = [
                (one, Request(old, tuple(consistency_proof(old, size, tile)), note))
                for one in asked
                if (old := self._held.get(one.name, 0)) <= size
            ]
            lines = self._ask_all(requests)
            for one, line in lines:
                execute(
                    connection,
                    SQL["add_cosignature"],
                    size=size,
                    witness=cosigner(one),
                    line=str(line),
                )
                self._held[one.name] = size
                added += 1
            answered = {one.name for one, _ in lines} | self._silent
            asked = [one for one in asked if one.name not in answered]
        for one in asked:
            self._tell_behind(one, size)
        return added

    def _ask_all(
        self, requests: Sequence[tuple[WitnessAddress, Request]]
    ) -> list[tuple[WitnessAddress, SignatureLine]]:
        """Who has signed; of the others it is known then what they hold, or that they are silent.

        All are asked at once: the slowest must not be waited for once for each.
        """
        if not requests:
            return []
        with ThreadPoolExecutor(len(requests)) as pool:
            answers = list(pool.map(lambda pair: self._ask(*pair), requests))
        signed = []
        for (one, _), answer in zip(requests, answers, strict=True):
            if isinstance(answer, SignatureLine):
                signed.append((one, answer))
            elif answer is not None:
                self._held[one.name] = answer
        return signed

    def _ask(self, one: WitnessAddress, request: Request) -> SignatureLine | int | None:
        try:
            answer = one.cosign(request)
        except UnreachableError as error:
            if one.name not in self._silent:
                _log.warning("witness %s does not cosign: %s", one.name, error.detail)
            self._silent.add(one.name)
            return None
        if one.name in self._silent:
            _log.info("witness %s answers again", one.name)
            self._silent.discard(one.name)
        return answer

    def _tell_behind(self, one: WitnessAddress, size: int) -> None:
        held = self._held.get(one.name, 0)
        if held > size:
            _log.error("witness %s holds %d events, and %d are sealed here", one.name, held, size)


def cosigner(one: WitnessAddress) -> str:
    """How a witness is named in the table: two keys of one name are two."""
    return f"{one.name}+{one.key.id.hex()}"
