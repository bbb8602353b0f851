"""The tree in tiles, as C2SP tlog-tiles has it: appended to, read, and asked for proofs.

A tile is 256 hashes side by side. A tile of level 0 holds leaves; each hash of a higher level is
the root of a full tile below it. Nothing here reads or writes: whoever wants a proof brings a
function that reads tiles.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from ledger.seal.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Span,
    consistency_spans,
    inclusion_spans,
    node_hash,
    root_of,
)

TILE_HEIGHT = 8
TILE_WIDTH = 256
TILE_BYTES = TILE_WIDTH * HASH_BYTES
_TILE_PATH = re.compile(r"([0-9]{1,2})/((?:x[0-9]{3}/){0,5})([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")

ReadTile = Callable[[int, int], bytes]  # level and number; all hashes there are, maybe more later


class MissingHashesError(LookupError):
    """A tile lacks hashes that a tree of this size has to have."""


class Piece(NamedTuple):
    """Hashes that came to one tile at once, the first of them at `start`."""

    level: int
    number: int
    start: int
    hashes: bytes


@dataclass
class Edge:
    """The right edge of a growing tree: all that is needed to append, and the root of the whole."""

    size: int = 0
    tiles: list[bytes] = field(default_factory=list)  # for each level the last tile, not yet full

    @classmethod
    def read(cls, size: int, read_tile: ReadTile) -> Edge:
        """The edge of a tree that tiles hold. Raises MissingHashesError."""
        edge, count, level = cls(size), size, 0
        while count:
            number, width = divmod(count, TILE_WIDTH)
            edge.tiles.append(_hashes(read_tile, level, number, 0, width) if width else b"")
            count, level = number, level + 1
        return edge

    @property
    def root(self) -> bytes:
        """The root over all leaves so far."""
        root = b""
        for tile in self.tiles:
            root = root_of(tile + root)
        return root or EMPTY_ROOT

    def copy(self) -> Edge:
        """The same edge, to go another way from here."""
        return Edge(self.size, list(self.tiles))

    def append(self, leaves: bytes) -> list[Piece]:
        """Append leaf hashes that stand side by side; returns what came to which tile."""
        pieces: list[Piece] = []
        coming, count, level = leaves, self.size, 0
        self.size += len(leaves) // HASH_BYTES
        while coming:
            if level == len(self.tiles):
                self.tiles.append(b"")
            number, start = divmod(count, TILE_WIDTH)
            hashes = self.tiles[level] + coming
            full = len(hashes) // TILE_BYTES
            tiles = [hashes[at : at + TILE_BYTES] for at in range(0, len(hashes), TILE_BYTES)]
            for offset, tile in enumerate(tiles):
                first = 0 if offset else start
                pieces.append(Piece(level, number + offset, first, tile[first * HASH_BYTES :]))
            coming = b"".join(map(root_of, tiles[:full]))
            self.tiles[level] = hashes[full * TILE_BYTES :]
            count, level = number, level + 1
        return pieces


def span_root(span: Span, read_tile: ReadTile) -> bytes:
    """The root over a span that begins where a perfect tree as long as the span could begin.

    All spans of proofs do, and whatever begins at 0. Raises MissingHashesError.
    """
    start, end = span
    perfect = []
    while start < end:
        height = (end - start).bit_length() - 1
        level, inside = divmod(height, TILE_HEIGHT)
        number, offset = divmod((start >> height) << inside, TILE_WIDTH)
        perfect.append(root_of(_hashes(read_tile, level, number, offset, 1 << inside)))
        start += 1 << height
    root = b""
    for node in reversed(perfect):
        root = node_hash(node, root) if root else node
    return root or EMPTY_ROOT


def inclusion_proof(index: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """The proof that a leaf is in a tree of that size. Raises MissingHashesError."""
    return [span_root(span, read_tile) for span in inclusion_spans(index, size)]


def consistency_proof(old_size: int, size: int, read_tile: ReadTile) -> list[bytes]:
    """The proof that a tree begins with all of an older one. Raises MissingHashesError."""
    if old_size == 0:
        return []
    return [span_root(span, read_tile) for span in consistency_spans(old_size, size)]


def tile_path(level: int, number: int, width: int = TILE_WIDTH) -> str:
    """Where a tile is served, below `tile/`: `0/x001/x234/067`, or with `.p/5` at its end."""
    groups = re.findall("...", f"{number:0{-(-len(str(number)) // 3) * 3}}")
    path = "/".join([str(level), *(f"x{group}" for group in groups[:-1]), groups[-1]])
    return path if width == TILE_WIDTH else f"{path}.p/{width}"


def parse_tile_path(path: str) -> tuple[int, int, int] | None:
    """Level, number and width of the tile that a path names; None unless it is written right."""
    found = _TILE_PATH.fullmatch(path)
    if found is None:
        return None
    level, number = int(found[1]), int(re.sub("[x/]", "", found[2]) + found[3])
    width = int(found[4] or TILE_WIDTH)
    return (level, number, width) if path == tile_path(level, number, width) else None


def _hashes(read_tile: ReadTile, level: int, number: int, start: int, count: int) -> bytes:
    hashes = read_tile(level, number)[start * HASH_BYTES : (start + count) * HASH_BYTES]
    if len(hashes) != count * HASH_BYTES:
        raise MissingHashesError(f"tile {tile_path(level, number)} lacks hashes")
    return hashes
