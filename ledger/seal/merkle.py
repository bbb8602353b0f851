"""The Merkle tree of RFC 6962: roots, which spans of leaves make a proof, and what a proof shows.

Pure arithmetic over hashes. Counting starts at 0, so the leaf of position 1 has the index 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
NODE_PREFIX = b"\x01"

Span = tuple[int, int]  # leaves from the first index up to, not including, the second


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(NODE_PREFIX + left + right).digest()


def root_of(hashes: bytes) -> bytes:
    """The root over one or more hashes that stand side by side; an odd one out moves up."""
    while len(hashes) > HASH_BYTES:
        paired = len(hashes) - len(hashes) % (2 * HASH_BYTES)
        nodes = [
            sha256(NODE_PREFIX + hashes[at : at + 2 * HASH_BYTES]).digest()
            for at in range(0, paired, 2 * HASH_BYTES)
        ]
        hashes = b"".join(nodes) + hashes[paired:]
    return hashes


def inclusion_spans(index: int, size: int) -> list[Span]:
    """Whose roots prove that a leaf is in a tree of that size, from the leaf upwards."""
    assert 0 <= index < size, "the leaf is not in the tree"
    start, end, spans = 0, size, []
    while end - start > 1:
        middle = _middle(start, end)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def consistency_spans(old_size: int, size: int) -> list[Span]:
    """Whose roots prove that a tree begins with all of an older one."""
    assert 0 < old_size <= size, "the older tree has leaves, and no more than the newer one"
    start, end, spans, from_start = 0, size, [], True
    while old_size < end:
        middle = _middle(start, end)
        if old_size <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start, from_start = middle, False
    return spans[::-1] if from_start else [(start, end), *spans[::-1]]


def inclusion_holds(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a proof shows that the leaf is in the tree with this root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size or any(len(step) != HASH_BYTES for step in (leaf, *proof)):
        return False
    node, at, last = leaf, index, size - 1
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(step, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, step)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def consistency_holds(
    old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a proof shows that a tree begins with all of an older one (RFC 9162, 2.1.4.2)."""
    if not 0 <= old_size <= size or any(len(step) != HASH_BYTES for step in proof):
        return False
    if old_size in {0, size}:
        return not proof and old_root == (root if old_size == size else EMPTY_ROOT)
    steps = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    at, last = old_size - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if not steps:
        return False
    old_node = node = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_node, node = node_hash(step, old_node), node_hash(step, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old_node == old_root and node == root


def _middle(start: int, end: int) -> int:
    """Where RFC 6962 divides: after the largest power of two that is smaller than the whole."""
    return start + (1 << (end - start - 1).bit_length() - 1)
