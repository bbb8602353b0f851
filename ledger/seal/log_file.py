"""A whole log in one file of JSON Lines, to be kept, checked and brought back to life elsewhere.

The first line names the format. Then one line for each event in the order of the log, and after
the last event that a checkpoint covers one line with the checkpoint. The last line says how many
of both there are.

    {"format": "mcledger-log/1"}
    {"position": 1, "recorded_us": …, "command": "…", "index": 0, "stream": "…", "version": 1,
     "topic": "…", "state": "…", "body_hash": "…", "leaf": "…"}
    {"checkpoint": 1, "note": "…"}
    {"end": true, "events": 1, "checkpoints": 1}

Bytes are in hexadecimal, `recorded_us` is microseconds since 1970. Topic and state are the texts
whose bytes are sealed; where one is no text, `topic_hex` or `state_hex` has the bytes. `leaf` is
what the ledger had stored of the event, null when it was not sealed yet. A sealed event that the
log had lost is a line with its position and its leaf alone. No line says a name twice.
"""

from __future__ import annotations

import json
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ledger.errors import InvalidError
from ledger.seal.leaves import NO_LEAF, Row
from ledger.seal.merkle import HASH_BYTES
from ledger.seal.tiles import TILE_WIDTH

FORMAT = "mcledger-log/1"


class LogFileError(InvalidError):
    """The file is not a whole exported log."""

    slug = "log-file-unusable"


class Entry(NamedTuple):
    """One event in a file: the row as far as it is sealed, and the rest of it."""

    row: Row
    command_index: int
    body_hash: bytes | None
    leaf: bytes | None


class LogFile:
    """An exported log, read where it is needed. Raises LogFileError wherever it cannot be read."""

    has_tree = False

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._positions, self._offsets = array("q"), array("q")
        self._checkpoints: list[tuple[int, int]] = []  # size and offset
        self._leaf_count = 0
        try:
            self._scan()
        except BaseException:
            self.close()
            raise
        self._page = lru_cache(maxsize=2)(self._read_page)

    def close(self) -> None:
        self._file.close()

    def last_position(self) -> int:
        return self._positions[-1] if self._positions else 0

    def next_position(self, after: int) -> int | None:
        at = bisect_right(self._positions, after)
        return self._positions[at] if at < len(self._positions) else None

    def rows(self, first: int, last: int) -> list[Row]:
        return [entry.row for entry in self._page(first, last)[0]]

    def entries(self, first: int, last: int) -> list[Entry]:
        """The whole events at these positions."""
        return self._page(first, last)[0]

    def leaf_count(self) -> int:
        return self._leaf_count

    def tiles(self, level: int, first: int, last: int) -> bytes:
        """The stored leaves of these tiles; zeros where one is missing from within."""
        assert level == 0, "a file holds no tree"
        begin = first * TILE_WIDTH + 1
        end = min((last + 1) * TILE_WIDTH, self._leaf_count)
        if end < begin:
            return b""
        known = self._page(begin, (last + 1) * TILE_WIDTH)[1]
        return b"".join(known.get(position, NO_LEAF) for position in range(begin, end + 1))

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        for _, offset in self._checkpoints:
            said = self._line_at(offset)
            yield said["checkpoint"], said["note"]

    def _scan(self) -> None:
        """Find every line. Which event is where is said by its position, not by its place."""
        said: dict[str, Any] = {}
        offset = number = 0
        for number, line in enumerate(self._file, start=1):
            said = _parse(line, number)
            if number == 1 and said.get("format") != FORMAT:
                raise LogFileError(f"the file does not begin as {FORMAT}")
            if _is_number(said.get("position")):
                self._positions.append(said["position"])
                self._offsets.append(offset)
                if said.get("leaf") is not None:
                    self._leaf_count = max(self._leaf_count, said["position"])
            elif _is_number(said.get("checkpoint")) and isinstance(said.get("note"), str):
                self._checkpoints.append((said["checkpoint"], offset))
            elif number > 1 and not said.get("end"):
                raise LogFileError(f"line {number} is neither an event nor a checkpoint")
            offset += len(line)
        counts = (said.get("events"), said.get("checkpoints"))
        if not said.get("end") or counts != (len(self._positions), len(self._checkpoints)):
            raise LogFileError("the file is not whole: its last line does not tell what is in it")
        # Whoever moved lines about, or left a far position, does not make the reader count to it.
        self._checkpoints.sort()
        self._leaf_count = min(self._leaf_count, 2 * len(self._positions))
        order = sorted(range(len(self._positions)), key=self._positions.__getitem__)
        self._positions = array("q", map(self._positions.__getitem__, order))
        self._offsets = array("q", map(self._offsets.__getitem__, order))

    def _read_page(self, first: int, last: int) -> tuple[list[Entry], dict[int, bytes]]:
        begin, end = bisect_left(self._positions, first), bisect_right(self._positions, last)
        entries, leaves = [], {}
        for at in range(begin, end):
            said = self._line_at(self._offsets[at])
            if said.get("leaf") is not None:
                leaf = _bytes(said["leaf"])
                leaves[said["position"]] = leaf if len(leaf) == HASH_BYTES else NO_LEAF
            if "stream" in said:
                entries.append(_entry(said))
        return entries, leaves

    def _line_at(self, offset: int) -> dict[str, Any]:
        self._file.seek(offset)
        return _parse(self._file.readline(), 0)


def event_line(entry: Entry) -> dict[str, Any]:
    """An event as a line says it."""
    position, recorded_us, command, stream, version, topic, state = entry.row
    return {
        "position": position,
        "recorded_us": recorded_us,
        "command": _hex(command),
        "index": entry.command_index,
        "stream": _hex(stream),
        "version": version,
        **_text("topic", topic),
        **_text("state", state),
        "body_hash": _hex(entry.body_hash),
        "leaf": _hex(entry.leaf),
    }


def lost_line(position: int, leaf: bytes) -> dict[str, Any]:
    """A sealed event that the log had lost, as a line says it."""
    return {"position": position, "leaf": _hex(leaf)}


def _entry(said: dict[str, Any]) -> Entry:
    try:
        version = 0 if said["version"] is None else said["version"]
        numbers = [said["position"], said["recorded_us"], said["index"], version]
        if not all(map(_is_number, numbers)):
            raise TypeError("a number is none")  # noqa: TRY301
        row = Row(
            said["position"],
            said["recorded_us"],
            _bytes(said["command"]),
            _bytes(said["stream"]),
            said["version"],
            _said_bytes("topic", said),
            _said_bytes("state", said),
        )
        leaf = None if said["leaf"] is None else _bytes(said["leaf"])
        hashed = None if said["body_hash"] is None else _bytes(said["body_hash"])
        return Entry(row, said["index"], hashed, leaf)
    except (KeyError, TypeError, AttributeError, UnicodeEncodeError) as error:
        raise LogFileError(f"the event at position {said['position']} is not whole") from error


def _said_bytes(name: str, said: dict[str, Any]) -> bytes:
    return (said[name] or "").encode() if name in said else _bytes(said[f"{name}_hex"])


def _parse(line: bytes, number: int) -> dict[str, Any]:
    try:
        said = json.loads(line, object_pairs_hook=_said_once)
    except (ValueError, RecursionError) as error:
        raise LogFileError(f"line {number} is not JSON, or says something twice") from error
    if not isinstance(said, dict) or not line.endswith(b"\n"):
        raise LogFileError(f"line {number} is not an object on a line of its own")
    return said


def _said_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """What a line says. Said twice, one reader would take the first and another the last."""
    said = dict(pairs)
    if len(said) < len(pairs):
        raise ValueError("a name is there twice")
    return said


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _text(name: str, value: bytes | None) -> dict[str, str | None]:
    """A text under its name; what a damaged disk has made of it may be none."""
    try:
        return {name: None if value is None else value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_hex": _hex(value)}


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _bytes(value: object) -> bytes:
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError as error:
        raise LogFileError("what should be hexadecimal is not") from error
