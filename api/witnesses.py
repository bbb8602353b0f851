"""Whether the log has everything that its witnesses hold: a restored backup is not written to.

A log that is behind would give positions away twice, and whoever holds a receipt for one of them
would be told something else. So before the first write and every so often the witnesses are asked
what they hold. A write itself only looks at what came of it. Reads go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any, Self

import psycopg
from psycopg import Connection

from api.settings import Settings, SettingsError
from ledger.errors import UnavailableError
from ledger.seal.reads import SealReads, root_at
from ledger.seal.tiles import MissingHashesError
from ledger.seal.witness_client import Held, WitnessAddress, parse_witnesses
from ledger.seal.witness_http import UnreachableError

log = logging.getLogger(__name__)
Reading = Callable[[], AbstractContextManager[Connection[Any]]]


class WritesRefusedError(UnavailableError):
    """Nothing is written until the log and its witnesses agree; nothing was stored."""

    slug = "writes-refused"


class LogBehindError(WritesRefusedError):
    """The log has lost events that its witnesses hold; nothing was stored."""

    slug = "log-behind-witnesses"


class LogContradictedError(WritesRefusedError):
    """The log is not the one that its witnesses hold; nothing was stored."""

    slug = "log-contradicts-witnesses"


class WitnessesSilentError(WritesRefusedError):
    """Fewer witnesses answer than have to; nothing was stored."""

    slug = "witnesses-silent"


@dataclass
class Witnesses:
    """The witnesses of one log, and whether they let it be written to."""

    named: tuple[WitnessAddress, ...]
    origin: str
    quorum: int
    seconds: float
    reading: Reading
    _held: dict[str, Held] = field(default_factory=dict)  # the most that each has ever shown
    _silent: dict[str, str] = field(default_factory=dict)
    _refusal: WritesRefusedError | None = None
    _stop: Event = field(default_factory=Event)
    _thread: Thread | None = None

    @classmethod
    def open(cls, settings: Settings, reading: Reading) -> Self:
        """Ask those whom the settings name, now and from now on. Raises SettingsError."""
        opened = cls(
            named=named_witnesses(settings),
            origin=settings.seal_origin,
            quorum=settings.witness_quorum,
            seconds=settings.witness_seconds,
            reading=reading,
        )
        if opened.named:
            opened.check()
            opened._thread = Thread(target=opened._run, name="witnesses", daemon=True)
            opened._thread.start()
        return opened

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def must_allow_writing(self) -> None:
        """Raises WritesRefusedError, as the last look at the witnesses came out."""
        refusal = self._refusal
        if refusal is not None:
            raise type(refusal)(refusal.detail, **refusal.operands)

    def describe(self) -> tuple[bool, str]:
        """Whether the log may be written to, and how its witnesses are."""
        refusal, silent = self._refusal, dict(self._silent)
        if not self.named:
            return True, "none is named"
        answering = len(self.named) - len(silent)
        told = [f"{answering} of {len(self.named)} answer"]
        told += [f"{name} does not: {why}" for name, why in sorted(silent.items())]
        if refusal is not None:
            told.insert(0, f"writes are refused: {refusal.detail} [{refusal.slug}]")
        return refusal is None, "; ".join(told)

    def check(self) -> None:
        """Ask all witnesses at once, and compare what they hold with the log as it is then."""
        with ThreadPoolExecutor(len(self.named)) as pool:
            answers = dict(zip(self.named, pool.map(self._ask, self.named), strict=True))
        silent = {one.name: str(a) for one, a in answers.items() if isinstance(a, str)}
        for name in silent.keys() - self._silent.keys():
            log.warning("witness %s is not reached: %s", name, silent[name])
        for one, answer in answers.items():
            if isinstance(answer, Held):
                before = self._held.get(one.name)
                if before is None or before.checkpoint.size <= answer.checkpoint.size:
                    self._held[one.name] = answer
        refusal = self._judge(len(self.named) - len(silent))
        if refusal is not None and (self._refusal is None or self._refusal.slug != refusal.slug):
            log.error("writes are refused: %s [%s]", refusal.detail, refusal.slug)
        if refusal is None and self._refusal is not None:
            log.info("writes are accepted again")
        self._silent, self._refusal = silent, refusal

    def _run(self) -> None:
        while not self._stop.wait(self.seconds):
            try:
                self.check()
            except (psycopg.Error, UnavailableError) as error:
                log.warning("the log was not compared with its witnesses: %s", type(error).__name__)

    def _ask(self, one: WitnessAddress) -> Held | str | None:
        try:
            return one.newest(self.origin)
        except UnreachableError as error:
            return error.detail

    def _judge(self, answering: int) -> WritesRefusedError | None:
        largest_first = sorted(self._held.items(), key=lambda one: -one[1].checkpoint.size)
        with self.reading() as connection:
            refusal = _compared(SealReads(connection), largest_first)
        if refusal is None and answering < self.quorum:
            return WitnessesSilentError(
                f"{answering} of {len(self.named)} witnesses answer, and {self.quorum} have to"
            )
        return refusal


def named_witnesses(settings: Settings) -> tuple[WitnessAddress, ...]:
    """Those whom the settings name. Raises SettingsError."""
    path = settings.witnesses_file
    try:
        named = parse_witnesses(path.read_text("utf-8")) if path is not None else ()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"MCLEDGER_WITNESSES_FILE: {type(error).__name__}") from None
    if settings.witness_quorum > len(named):
        raise SettingsError(
            f"MCLEDGER_WITNESS_QUORUM is {settings.witness_quorum}, and MCLEDGER_WITNESSES_FILE"
            f" names {len(named)}"
        )
    return named


def _compared(
    reads: SealReads, largest_first: Iterable[tuple[str, Held]]
) -> WritesRefusedError | None:
    """What the log lacks of what witnesses hold, or where it differs; None where it has it all."""
    last = reads.last_position()
    for name, (held, _) in largest_first:
        if held.size > last:
            behind = held.size - last
            return LogBehindError(
                f"the log ends at position {last}, and {name} holds a checkpoint of {held.size}:"
                f" it is behind by {behind} events",
                behind=behind,
            )
        try:
            root = root_at(held.size, reads)
        except MissingHashesError as error:
            return LogContradictedError(f"the tree over the log is damaged: {error}")
        if root != held.root:
            return LogContradictedError(
                f"the log is not the one that {name} holds a checkpoint of, at {held.size}"
            )
    return None
