"""Judges a history: what clients were told, beside what the log holds.

Each client writes one record for each request it sends. A reply that says nothing about the
outcome (timeout, broken connection, 5xx) is `unknown`, never `refused`: it may or may not have
happened, and the client resends it under the same key until it knows. Because the log is one
total order, every question below is answered in one pass.

    gap          the positions are not 1, 2, 3 …, or a stream's versions are not
    lost         acknowledged, and not in the log where the reply said
    doubled      one command's effect is there twice
    torn         a part of a command's events is missing
    phantom      an event that nobody asked for
    refused      told that it was refused, and stored all the same
    unanswered   nobody ever learned what became of it
    answers      two replies to one key differ
    order        what began after another was acknowledged stands before it
    illegal      an enrollment went a way that no enrollment can go
    stale        a read did not show what had been acknowledged before it
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import orjson

Status = Literal["acknowledged", "refused", "unknown"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One request and what came back. Times are seconds of one monotonic clock."""

    client: int
    act: str
    key: str  # Idempotency-Key, or the number of a read
    command_id: str  # what the ledger makes of caller, route and key; empty for a read
    begun: float
    ended: float
    status: Status
    code: int = 0  # HTTP status, 0 when no reply came
    stream: str = ""
    position: int = 0  # of the command's last event; of a read, what it says it has seen
    least_position: int = 0  # of a read: what it has to have seen
    seen: str = ""  # of a read: the newest state it showed of the stream
    detail: str = ""  # what was said, for people who look into a violation


class Recorded(NamedTuple):
    """One row of the log."""

    position: int
    stream: str
    version: int
    topic: str
    command_id: str
    command_index: int
    recorded_at: float


class Violation(NamedTuple):
    """What went wrong, and with what."""

    kind: str
    detail: str


FIRST = "-"
NEXT: Mapping[str, frozenset[str]] = {
    FIRST: frozenset({"enrolled"}),
    "enrolled": frozenset({"evidence-uploaded", "withdrawn"}),
    "evidence-uploaded": frozenset({"evidence-uploaded", "submitted", "resubmitted", "withdrawn"}),
    "submitted": frozenset({"assessor-assigned", "submission-returned", "withdrawn"}),
    "resubmitted": frozenset({"assessor-assigned", "submission-returned", "withdrawn"}),
    "submission-returned": frozenset({"evidence-uploaded", "resubmitted", "withdrawn"}),
    "assessor-assigned": frozenset({"assessor-assigned", "scored", "withdrawn"}),
    "scored": frozenset({"assessor-assigned", "scored", "recommended", "withdrawn"}),
    "recommended": frozenset({"criteria-remarked", "review-decided", "withdrawn"}),
    "criteria-remarked": frozenset({"review-decided"}),
    "review-decided": frozenset({"awarded", "evidence-uploaded", "resubmitted", "withdrawn"}),
    "awarded": frozenset({"revoked"}),
    "revoked": frozenset({"reinstated"}),
    "reinstated": frozenset({"revoked"}),
    "withdrawn": frozenset(),
}
"""Which event may follow which in one enrollment, as far as the clients here take it."""


def check(
    operations: Sequence[Operation], log: Sequence[Recorded], known: frozenset[str] = frozenset()
) -> list[Violation]:
    """Everything that is wrong. `known` are commands sent outside the history, as set-up."""
    writes = [operation for operation in operations if operation.command_id]
    commands: dict[str, list[Recorded]] = defaultdict(list)
    for row in log:
        commands[row.command_id].append(row)
    sent: dict[str, list[Operation]] = defaultdict(list)
    for operation in writes:
        sent[operation.command_id].append(operation)
    return [
        *_gaps(log),
        *_commands(commands),
        *(Violation("phantom", command) for command in commands.keys() - sent.keys() - known),
        *(v for command, tries in sent.items() for v in _replies(tries, commands[command])),
        *_order(sent, commands),
        *_lives(log),
        *_reads([operation for operation in operations if not operation.command_id], log),
    ]


def _gaps(log: Sequence[Recorded]) -> Iterable[Violation]:
    versions: Counter[str] = Counter()
    newest = 0.0
    for expected, row in enumerate(log, start=1):
        versions[row.stream] += 1
        if row.position != expected or row.version != versions[row.stream]:
            yield Violation("gap", f"{row} where position {expected} was due")
        if row.recorded_at < newest:
            yield Violation("order", f"{row} was recorded before the row in front of it")
        newest = max(newest, row.recorded_at)


def _commands(commands: Mapping[str, Sequence[Recorded]]) -> Iterable[Violation]:
    """The events of one command lie side by side, each once."""
    for command, rows in commands.items():
        if len({row.command_index for row in rows}) < len(rows):
            yield Violation("doubled", command)
        elif [(r.command_index, r.position) for r in rows] != [
            (index, rows[0].position + index) for index in range(len(rows))
        ]:
            yield Violation("torn", command)


def _replies(tries: Sequence[Operation], rows: Sequence[Recorded]) -> Iterable[Violation]:
    told = [operation for operation in tries if operation.status != "unknown"]
    if not told:
        yield Violation("unanswered", str(tries[-1]))
    for operation in told:
        if operation.status == "refused" and rows:
            yield Violation("refused", str(operation))
        if operation.status == "acknowledged":
            if not rows:
                yield Violation("lost", str(operation))
            elif rows[-1].position != operation.position:
                kind = "torn" if rows[-1].position < operation.position else "lost"
                yield Violation(kind, f"{operation}; the log has {rows[-1]}")
    if len({(o.status, o.position, o.stream) for o in told}) > 1:
        yield Violation("answers", str(told))


def _order(
    sent: Mapping[str, Sequence[Operation]], commands: Mapping[str, Sequence[Recorded]]
) -> Iterable[Violation]:
    """No command stands before one that was acknowledged when it was first sent."""
    moments: list[tuple[float, bool, int]] = []
    for command, tries in sent.items():
        if rows := commands[command]:
            moments.append((min(o.begun for o in tries), True, rows[0].position))
            answers = [o.ended for o in tries if o.status == "acknowledged"]
            moments += [(min(answers), False, rows[-1].position)] if answers else []
    newest = 0
    for moment, begins, position in sorted(moments, key=lambda m: (m[0], not m[1])):
        if begins and position <= newest:
            yield Violation("order", f"position {position} at {moment}, after {newest}")
        if not begins:
            newest = max(newest, position)


def _lives(log: Sequence[Recorded]) -> Iterable[Violation]:
    last: dict[str, str] = {}
    for row in log:
        kind, _, rest = row.topic.partition(".")
        if kind == "enrollment":
            step = rest.rpartition(".")[0]
            before = last.get(row.stream, FIRST)
            if step not in NEXT.get(before, frozenset()):
                yield Violation("illegal", f"{row} after {before}")
            last[row.stream] = step


def _reads(reads: Sequence[Operation], log: Sequence[Recorded]) -> Iterable[Violation]:
    """A read shows at least what it was told to wait for, and nothing older than that."""
    steps: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in log:
        steps[row.stream].append((row.position, row.topic.split(".")[-2]))
    for read in reads:
        if read.status != "acknowledged":
            continue
        if read.position < read.least_position:
            yield Violation("stale", str(read))
        elif read.seen:
            could = {s for p, s in steps[read.stream] if p >= read.least_position}
            before = [s for p, s in steps[read.stream] if p <= read.least_position]
            if read.seen not in could | set(before[-1:]):
                yield Violation("stale", str(read))


def save(operations: Iterable[Operation], file: Path) -> None:
    """Write a history as JSON lines."""
    file.write_bytes(b"".join(orjson.dumps(asdict(o)) + b"\n" for o in operations))


def load(file: Path) -> list[Operation]:
    """Read a history that `save` wrote."""
    return [Operation(**orjson.loads(line)) for line in file.read_bytes().splitlines()]
