"""Says what was done to an event, from its leaf as it was sealed and the row as it is now.

A leaf is a hash, so what a row once said cannot be read from it. But it can be tried: if the row
with another version has the sealed leaf, then the version was changed, and from what. What no
trial explains is the state, or several columns at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, NamedTuple

from ledger.seal.leaves import Row, leaf, unreadable

Kind = Literal[
    "state",
    "topic",
    "version",
    "id",
    "time",
    "missing",
    "inserted",
    "swapped",
    "renumbered",
    "truncated",
    "unreadable",
    "recomputed",
    "checkpoint",
    "old-key",
    "unknown-key",
    "tree",
]
NEARBY = 500  # rows before and after whose ids, times and topics are tried
TOGETHER_MAX = 64  # so many damaged events are each compared with each other
EXAMINED_MAX = 1_000  # more are named, but not what was done to them
VERSIONS_TRIED = 2_000
STEPS_TRIED = 1_500
DAY_US, MINUTE_US = 86_400_000_000, 60_000_000
SINCE_2000_US = 946_684_800_000_000  # PostgreSQL counts from there: a changed bit is one of this

JOINED = {"missing", "truncated", "unreadable", "renumbered", "tree"}

ReadRows = Callable[[int, int], Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Damage:
    """Something that is not as it was sealed, at one position or from one to another.

    The event is named by its stream and version as the row now says. What only concerns the
    seal's own tables, while the log is proved to be sound, is `derived`.
    """

    kind: Kind
    first: int
    last: int
    event_id: str | None
    topic: str | None
    detail: str
    derived: bool = False

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Suspect(NamedTuple):
    """A position where row and leaf do not belong together; either may be missing."""

    position: int
    row: Row | None
    leaf: bytes | None


def damage(
    kind: Kind, first: int, detail: str, *, last: int | None = None, row: Row | None = None
) -> Damage:
    """A damage to the log, of the event in a row if there is one."""
    topic = row.topic.decode(errors="backslashreplace") if row and row.topic else None
    name = row.event_id if row else None
    return Damage(kind, first, first if last is None else last, name, topic, detail)


def unreadable_at(position: int) -> Damage:
    """The database has something there and cannot say what."""
    return damage("unreadable", position, "the database cannot read what is here")


def diagnose(
    suspects: Sequence[Suspect], unsealed: Sequence[Row], read_rows: ReadRows, end: int
) -> list[Damage]:
    """What was done at these positions, in order.

    Args:
        suspects: Where row and leaf do not belong together.
        unsealed: Rows beyond the last leaf; they are new, unless they were moved there.
        read_rows: Reads what stands around a position.
        end: The last position that has a row.
    """
    count = len(suspects)
    suspects = [*suspects, *(Suspect(row.position, row, None) for row in unsealed)]
    came_from = _displaced(suspects)
    suspects = [one for n, one in enumerate(suspects) if n < count or n in came_from]
    came_from = _displaced(suspects)
    origins = {suspects[number].position: origin for number, origin in came_from.items()}
    found = set(came_from.values())
    in_place = [
        number
        for number, (position, row, sealed) in enumerate(suspects)
        if row and sealed and number not in came_from and position not in found
    ]
    together = [row for number in in_place[:TOGETHER_MAX] if (row := suspects[number].row)]
    examined = set(in_place[:EXAMINED_MAX])
    damages: list[Damage] = []
    for number, (position, row, sealed) in enumerate(suspects):
        origin = came_from.get(number)
        stands = row is not None and origin is None
        if row is None and sealed is None:
            damages.append(damage("missing", position, "the log has a hole here"))
        if sealed and position not in found and not stands:
            kind: Kind = "truncated" if position > end else "missing"
            damages.append(damage(kind, position, "the event that was sealed here is gone"))
        if row and origin is not None:
            damages.append(_moved(row, origin, swapped=origins.get(origin) == position))
        elif row == unreadable(position):
            damages.append(unreadable_at(position))
        elif row and (sealed is None or position in found):
            damages.append(damage("inserted", position, "this event was never sealed", row=row))
        elif row and sealed:
            trials = _trials(row, together, read_rows) if number in examined else ()
            damages.append(_changed(row, sealed, trials))
    return list(joined(damages))


def _displaced(suspects: Sequence[Suspect]) -> dict[int, int]:
    """Of rows that stand in the wrong place, the position where they were sealed."""
    sealed = {one.position: one.leaf for one in suspects if one.leaf}
    few = sorted(sealed) if len(sealed) <= TOGETHER_MAX else []
    shifts = [s for far in range(1, TOGETHER_MAX) for s in (far, -far)]
    came_from: dict[int, int] = {}
    shift = 0
    for number, (position, row, _) in enumerate(suspects):
        if row is None:
            continue
        tried = [position + shift, *(few or (position + s for s in shifts))]
        for origin in tried:
            wanted = sealed.get(origin)
            if origin != position and wanted and leaf(row._replace(position=origin)) == wanted:
                came_from[number] = origin
                shift = origin - position
                break
    return came_from


def _moved(row: Row, origin: int, *, swapped: bool) -> Damage:
    """A row that was sealed elsewhere: two that changed places, or one of many that moved up."""
    if swapped:
        detail = f"this is the event of position {origin}"
        return damage("swapped", row.position, detail, row=row)
    return damage("renumbered", row.position, f"moved by {row.position - origin:+d}", row=row)


def _changed(row: Row, sealed: bytes, trials: Iterable[tuple[Kind, Row]]) -> Damage:
    """Which column of a row was changed, as far as a trial can tell."""
    for kind, tried in trials:
        if leaf(tried) == sealed:
            return damage(kind, row.position, _before(row, tried), row=row)
    return damage("state", row.position, "the state, or several columns at once", row=row)


def _trials(row: Row, together: Sequence[Row], read_rows: ReadRows) -> Iterator[tuple[Kind, Row]]:
    """The row as it may have been, the likely first."""
    position, recorded_us, command, stream, version, topic, state = row
    near = read_rows(max(1, position - NEARBY), position + NEARBY)
    for tried in {*range(1, VERSIONS_TRIED), *_near_numbers(version)}:
        yield "version", Row(position, recorded_us, command, stream, tried, topic, state)
    for word in {*(one.topic for one in near), *_near_bytes(topic)}:
        yield "topic", Row(position, recorded_us, command, stream, version, word, state)
    for other in {*(one.stream for one in near), *_near_bytes(stream)}:
        yield "id", Row(position, recorded_us, command, other, version, topic, state)
    for other in {*(one.command for one in near), *_near_bytes(command)}:
        yield "id", Row(position, recorded_us, other, stream, version, topic, state)
    for time in {*(one.recorded_us for one in near), *_near_times(recorded_us)}:
        yield "time", Row(position, time, command, stream, version, topic, state)
    for one in together:
        if one.position != position:
            yield "swapped", row._replace(state=one.state)
            yield "swapped", row._replace(state=one.state, topic=one.topic)
            yield "swapped", one._replace(position=position)


def _before(row: Row, sealed: Row) -> str:
    """What a row said when it was sealed, where it says something else now."""
    said = {
        "version": sealed.version,
        "topic": (sealed.topic or b"").decode(errors="backslashreplace"),
        "stream": (sealed.stream or b"").hex(),
        "command": (sealed.command or b"").hex(),
        "recorded_us": sealed.recorded_us,
        "state": "that of another event",
    }
    changed = [name for name in said if getattr(row, name) != getattr(sealed, name)]
    return "it was sealed with " + ", ".join(f"{name} {said[name]}" for name in changed)


def _near_bytes(value: bytes) -> Iterator[bytes]:
    """All values that differ in one byte."""
    for at, old in enumerate(value or b""):
        for new in range(256):
            if new != old:
                yield value[:at] + bytes([new]) + value[at + 1 :]


def _near_numbers(value: int | None) -> Iterator[int]:
    """All numbers of eight bytes that differ in one of them."""
    if value is not None:
        for near in _near_bytes(value.to_bytes(8, "big", signed=True)):
            yield int.from_bytes(near, "big", signed=True)


def _near_times(recorded_us: int) -> Iterator[int]:
    """One changed byte, or a time that was moved by whole microseconds, minutes or days."""
    for near in _near_numbers(recorded_us - SINCE_2000_US):
        yield near + SINCE_2000_US
    for steps in range(-STEPS_TRIED, STEPS_TRIED + 1):
        yield recorded_us + steps
        yield recorded_us + steps * DAY_US
        yield recorded_us + steps * MINUTE_US


def joined(damages: Iterable[Damage]) -> Iterator[Damage]:
    """Neighbors to whom the same was done are one damage, as long as no event has to be named."""
    before: Damage | None = None
    for one in damages:
        if before and _continues(one, before):
            before = replace(before, last=one.last)
            continue
        if before:
            yield before
        before = one
    if before:
        yield before


def _continues(one: Damage, before: Damage) -> bool:
    alike = (one.kind, one.detail) == (before.kind, before.detail)
    joins = one.kind in JOINED and one.first == before.last + 1
    return alike and joins
