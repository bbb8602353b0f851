"""Trees to test with, and the definitions of RFC 6962 written down word for word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256

from ledger.seal.merkle import EMPTY_ROOT, node_hash
from ledger.seal.tiles import Edge


def leaves(count: int, salt: str = "") -> list[bytes]:
    """So many leaf hashes, the same in every run."""
    return [sha256(f"{salt}{number}".encode()).digest() for number in range(count)]


def split(count: int) -> int:
    """The largest power of two smaller than a count of at least two."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, of hashed leaves."""
    if not hashes:
        return EMPTY_ROOT
    if len(hashes) == 1:
        return hashes[0]
    k = split(len(hashes))
    return node_hash(tree_hash(hashes[:k]), tree_hash(hashes[k:]))


def audit_path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(hashes) == 1:
        return []
    k = split(len(hashes))
    if index < k:
        return [*audit_path(index, hashes[:k]), tree_hash(hashes[k:])]
    return [*audit_path(index - k, hashes[k:]), tree_hash(hashes[:k])]


def consistency_path(old: int, hashes: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2."""
    if old == len(hashes):
        return [] if whole else [tree_hash(hashes)]
    k = split(len(hashes))
    if old <= k:
        return [*consistency_path(old, hashes[:k], whole=whole), tree_hash(hashes[k:])]
    return [*consistency_path(old - k, hashes[k:], whole=False), tree_hash(hashes[:k])]


class Tiles:
    """Tiles in memory, kept from the pieces that an edge hands out."""

    def __init__(self) -> None:
        self.edge = Edge()
        self.kept: dict[tuple[int, int], bytes] = {}

    def append(self, hashes: Iterable[bytes]) -> None:
        for piece in self.edge.append(b"".join(hashes)):
            place = (piece.level, piece.number)
            before = self.kept.get(place, b"")
            assert len(before) == piece.start * 32, "a piece does not join the one before it"
            self.kept[place] = before + piece.hashes

    def read(self, level: int, number: int) -> bytes:
        return self.kept.get((level, number), b"")


def tiles_of(hashes: Sequence[bytes], *cuts: int) -> Tiles:
    """The tiles of a tree that was appended in the pieces between these cuts."""
    tiles = Tiles()
    for start, end in zip((0, *cuts), (*cuts, len(hashes)), strict=True):
        tiles.append(hashes[start:end])
    return tiles
