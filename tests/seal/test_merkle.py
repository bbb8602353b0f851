"""The tree and its tiles, beside RFC 6962 word for word."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.seal.merkle import EMPTY_ROOT, HASH_BYTES, consistency_holds, inclusion_holds, root_of
from ledger.seal.tiles import (
    TILE_WIDTH,
    Edge,
    MissingHashesError,
    consistency_proof,
    inclusion_proof,
    parse_tile_path,
    span_root,
    tile_path,
)
from tests.seal.trees import audit_path, consistency_path, leaves, split, tiles_of, tree_hash

# The reference leaves and roots of Certificate Transparency's own tests.
REFERENCE_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
REFERENCE_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MANY = leaves(2 * TILE_WIDTH * TILE_WIDTH + 700)
ALL_TILES = tiles_of(MANY)
SIZES = st.one_of(
    st.integers(1, 70),
    st.integers(250, 520),
    st.integers(TILE_WIDTH * TILE_WIDTH - 300, TILE_WIDTH * TILE_WIDTH + 300),
    st.integers(1, len(MANY)),
)


def root(size: int) -> bytes:
    return span_root((0, size), ALL_TILES.read)


def test_the_roots_are_those_of_certificate_transparency() -> None:
    hashes = [sha256(b"\x00" + bytes.fromhex(leaf)).digest() for leaf in REFERENCE_LEAVES]
    for size, expected in enumerate(REFERENCE_ROOTS):
        assert tiles_of(hashes[:size]).edge.root.hex() == expected


@given(st.integers(1, 600), st.data())
def test_the_root_is_the_same_however_the_leaves_were_appended(
    size: int, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, size), max_size=6)))
    tiles = tiles_of(MANY[:size], *cuts)
    assert tiles.edge.root == root_of(b"".join(MANY[:size])) == tree_hash(MANY[:size])
    assert Edge.read(size, tiles.read) == tiles.edge
    assert tiles.kept == tiles_of(MANY[:size]).kept


@given(st.integers(1, 600), st.data())
def test_proofs_are_those_that_the_standard_defines(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    assert inclusion_proof(index, size, ALL_TILES.read) == audit_path(index, MANY[:size])
    assert consistency_proof(old, size, ALL_TILES.read) == consistency_path(old, MANY[:size])


@given(SIZES, st.data())
def test_every_proof_of_a_large_tree_holds(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    included = inclusion_proof(index, size, ALL_TILES.read)
    assert inclusion_holds(MANY[index], index, size, included, root(size))
    consistent = consistency_proof(old, size, ALL_TILES.read)
    assert consistency_holds(old, root(old), size, root(size), consistent)


@given(SIZES, st.data())
def test_no_changed_inclusion_proof_holds(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, ALL_TILES.read)
    leaf, whole, wrong = MANY[index], root(size), sha256(b"wrong").digest()
    assert not inclusion_holds(wrong, index, size, proof, whole)
    assert not inclusion_holds(leaf, index, size, proof, wrong)
    assert not inclusion_holds(leaf, index, size, [*proof, wrong], whole)
    assert not inclusion_holds(leaf, index, size, [wrong, *proof], whole)
    for at, step in enumerate(proof):
        bit = data.draw(st.integers(0, 8 * HASH_BYTES - 1))
        flipped = (int.from_bytes(step, "big") ^ 1 << bit).to_bytes(HASH_BYTES, "big")
        assert not inclusion_holds(
            leaf, index, size, [*proof[:at], flipped, *proof[at + 1 :]], whole
        )
        assert not inclusion_holds(leaf, index, size, [*proof[:at], *proof[at + 1 :]], whole)
        cut = [*proof[:at], step[:-1], *proof[at + 1 :]]
        assert not inclusion_holds(leaf, index, size, cut, whole)
    other = data.draw(st.integers(-2, size + 2))
    assume(other != index)
    assert not inclusion_holds(leaf, other, size, proof, whole)


@given(SIZES, st.data())
def test_no_changed_consistency_proof_holds(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size))
    proof = consistency_proof(old, size, ALL_TILES.read)
    before, after, wrong = root(old), root(size), sha256(b"wrong").digest()
    assert not consistency_holds(old, wrong, size, after, proof)
    assert not consistency_holds(old, before, size, wrong, proof)
    assert not consistency_holds(old, before, size, after, [*proof, wrong])
    assert not consistency_holds(size, after, old, before, proof) or old == size
    for at, step in enumerate(proof):
        bit = data.draw(st.integers(0, 8 * HASH_BYTES - 1))
        flipped = (int.from_bytes(step, "big") ^ 1 << bit).to_bytes(HASH_BYTES, "big")
        changed = [*proof[:at], flipped, *proof[at + 1 :]]
        assert not consistency_holds(old, before, size, after, changed)
        shorter = [*proof[:at], *proof[at + 1 :]]
        assert not consistency_holds(old, before, size, after, shorter)


def test_the_empty_tree_is_the_beginning_of_every_tree_and_of_nothing_else() -> None:
    assert consistency_holds(0, EMPTY_ROOT, 5, root(5), [])
    assert not consistency_holds(0, root(1), 5, root(5), [])
    assert not consistency_holds(0, EMPTY_ROOT, 5, root(5), [root(1)])
    assert not consistency_holds(-1, EMPTY_ROOT, 5, root(5), [])
    assert consistency_proof(0, 5, ALL_TILES.read) == []


@pytest.mark.parametrize("size", [1, 255, 256, 257, 65_536, 65_537])
def test_a_missing_tile_is_noticed_before_anything_rests_on_it(size: int) -> None:
    with pytest.raises(MissingHashesError):
        Edge.read(size, lambda _level, _number: b"")
    with pytest.raises(MissingHashesError):
        span_root((0, size), lambda level, number: ALL_TILES.read(level, number)[:-1][:31])


@given(st.integers(0, 63), st.integers(0, 10**15), st.integers(1, TILE_WIDTH))
def test_the_path_of_a_tile_names_it(level: int, number: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, number, width)) == (level, number, width)


def test_the_paths_are_those_of_the_specification() -> None:
    assert tile_path(0, 1_234_067) == "0/x001/x234/067"
    assert tile_path(2, 5, 17) == "2/005.p/17"
    for wrong in [
        "00/005",
        "0/5",
        "0/x000/005",
        "0/005.p/0",
        "0/005.p/256",
        "0/005/",
        "entries/005",
    ]:
        assert parse_tile_path(wrong) is None


def test_the_tree_splits_where_the_standard_says() -> None:
    """The yardstick itself: 2^k is the largest power of two smaller than the count."""
    assert [split(count) for count in (2, 3, 4, 5, 8, 9)] == [1, 2, 2, 4, 4, 8]
