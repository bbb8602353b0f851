"""Binds the lines of who was shown whose record to the log, so that none changes unseen.

Lines are stored beside the log, for a read must not wait for it. Every few minutes an event says
how many there are from one number to another, and their digest under a secret of the vault. It is
sealed as every event is: from then on a line beneath it that is changed, taken out or put in is
found by `mcledger check disclosures`. Lines are forgotten by whole events, and only when they are
old enough, so what is forgotten is told from what somebody took away.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from threading import Event
from typing import Any, Literal, NamedTuple
from uuid import uuid4

import orjson

from api import rounds
from api.disclosure_log import StoredLine
from api.edge import Edge
from api.rounds import Clock
from api.upkeep import events_of
from ledger.application import Call
from ledger.events.disclosure import DisclosuresCommitted
from ledger.seal.leaves import microseconds
from ledger.store import StreamMoved
from ledger.values import stream_id

STREAM = stream_id("disclosures")
COMMITTER = stream_id("principal", "disclosures")  # in whose name lines are committed
PAUSE_SECONDS = 300.0  # for so long a line can be changed unseen, beside what is not sealed yet
KEPT = timedelta(days=3 * 365)  # at least; the database refuses to delete what is younger
BEFORE_ALL = -(2**63)
LINES_AN_EVENT = 10_000

Kind = Literal["lines-missing", "lines-added", "lines-changed"]


class Amiss(NamedTuple):
    """Lines that are not as the log has them."""

    kind: Kind
    after_line: int
    last_line: int
    detail: str


class Checked(NamedTuple):
    """What came of comparing all lines with the log."""

    amiss: list[Amiss]
    committed: int  # lines that the log knows and that are there
    waiting: int  # lines that it does not know yet


def follow(edge: Edge, clock: Clock, stop: Event) -> None:
    """Commit every few minutes, until `stop` is set; not at once, as several may begin together."""
    if not stop.wait(PAUSE_SECONDS):
        some = partial(commit, edge, clock)
        rounds.follow("disclosures", some, stop, pause_seconds=PAUSE_SECONDS)


def commit(edge: Edge, clock: Clock) -> int:
    """Let the log know every line that is stored by now; how many those were.

    Several may try: who comes second finds that the stream has moved, and leaves it to the other.
    """
    edge.witnesses.must_allow_writing()
    after, version = _newest(edge)
    until = edge.disclosures.settled(after)
    committed = 0
    while lines := edge.disclosures.lines(after, until, LINES_AN_EVENT):
        version += 1
        try:
            _append(edge, clock(), version, after, lines)
        except StreamMoved:
            break
        after, committed = lines[-1].line_id, committed + len(lines)
    return committed


def check(edge: Edge, now: datetime) -> Checked:
    """Compare every line with what the log says of it."""
    amiss, committed, last = [], 0, 0
    for position, said in _commitments(edge):
        last = said["last_line"]
        after, more = said["after_line"] or BEFORE_ALL, said["line_count"] + 1
        found = edge.disclosures.lines(after, last, more)
        why = _difference(edge, said, found, now)
        if why is not None:
            kind, detail = why
            detail = f"{detail}, event {position}"
            amiss.append(Amiss(kind, said["after_line"], last, detail))
        committed += len(found)
    return Checked(amiss, committed, edge.disclosures.count_after(last))


def forget(edge: Edge, clock: Clock, before: datetime) -> int:
    """Delete the lines of reads before an instant, as far as the log knows them; how many."""
    commit(edge, clock)
    return sum(
        edge.disclosures.forget(said["after_line"], said["last_line"])
        for _, said in _commitments(edge)
        if datetime.fromisoformat(said["newest_read_at"]) < before
    )


def _newest(edge: Edge) -> tuple[int, int]:
    """Up to which line the log knows them, and the version of the stream that says so."""
    [*found] = edge.ledger.recorder.select_events(STREAM, desc=True, limit=1)
    if not found:
        return 0, 0
    return orjson.loads(found[0].state)["last_line"], found[0].originator_version


def _append(
    edge: Edge, at: datetime, version: int, after: int, lines: Sequence[StoredLine]
) -> None:
    event = DisclosuresCommitted(
        originator_id=STREAM,
        originator_version=version,
        occurred_at=at,
        actor_id=COMMITTER,
        after_line=after,
        last_line=lines[-1].line_id,
        line_count=len(lines),
        lines_hmac=_digest(edge, lines),
        newest_read_at=max(one.read_at for one in lines),
    )
    command_id = uuid4()
    hashed = edge.vault.body_hash(command_id.bytes)
    call = Call(caller_id=COMMITTER, command_id=command_id, body_hash=hashed, at=at)
    edge.ledger.append(call, (event,), ())


def _digest(edge: Edge, lines: Sequence[StoredLine]) -> str:
    digest = edge.vault.hashes.start("disclosures")
    for one in lines:
        digest.update(_as_bytes(one))
    return f"hmac-sha256:{digest.hexdigest()}"


def _as_bytes(one: StoredLine) -> bytes:
    """A line as it is digested: its columns in order, for ever in this form."""
    line_id, read_at, *rest = (getattr(one, name) for name in StoredLine.__slots__)
    return orjson.dumps([line_id, microseconds(read_at), *rest], option=orjson.OPT_APPEND_NEWLINE)


def _difference(
    edge: Edge, said: Mapping[str, Any], found: Sequence[StoredLine], now: datetime
) -> tuple[Kind, str] | None:
    """What became of lines that the log knows; None for nothing, or for being forgotten in time."""
    count = said["line_count"]
    if not found and datetime.fromisoformat(said["newest_read_at"]) < now - KEPT:
        return None
    if len(found) < count:
        return "lines-missing", f"{count - len(found)} of {count} lines are gone"
    if len(found) > count:
        return "lines-added", f"there are more than the {count} lines that were written"
    if _digest(edge, found) != said["lines_hmac"]:
        return "lines-changed", f"one or more of {count} lines say something else"
    return None


def _commitments(edge: Edge) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for event in events_of(edge, {DisclosuresCommitted.TOPIC}):
        yield event.position, event.state
