"""Keys: sealing, keyed digests, and the file that holds the root keys."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from ledger.keys import (
    FileKeyProvider,
    Hashes,
    Key,
    RootKeyError,
    VaultDamagedError,
    key_id_of,
    seal,
    unseal,
)


@for_all(st.binary(max_size=200), st.binary(max_size=40))
def test_what_was_sealed_opens_again_in_its_own_place(plaintext: bytes, context: bytes) -> None:
    key = Key.new()
    sealed = seal(key, plaintext, context)
    assert unseal(key, sealed, context) == plaintext
    assert key_id_of(sealed) == key.id
    with pytest.raises(VaultDamagedError, match="moved"):
        unseal(key, sealed, context + b"!")


def test_every_flipped_bit_is_noticed() -> None:
    key = Key.new()
    sealed = seal(key, b"feedback", b"place")
    for at in range(len(sealed) * 8):
        damaged = bytearray(sealed)
        damaged[at // 8] ^= 1 << at % 8
        with pytest.raises(VaultDamagedError):
            unseal(key, bytes(damaged), b"place")
    for length in range(len(sealed)):
        with pytest.raises(VaultDamagedError):
            unseal(key, sealed[:length], b"place")


def test_another_key_of_the_same_id_does_not_open_it() -> None:
    key = Key.new()
    impostor = Key(id=key.id, secret=Key.new().secret)
    with pytest.raises(VaultDamagedError):
        unseal(impostor, seal(key, b"feedback", b""), b"")


def test_equal_texts_are_sealed_differently() -> None:
    key = Key.new()
    assert seal(key, b"met", b"") != seal(key, b"met", b"")


def test_a_key_does_not_show_itself() -> None:
    key = Key.new()
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)


def test_digests_of_different_purposes_have_nothing_in_common() -> None:
    hashes = Hashes(b"s" * 32)
    digests = {hashes.digest(purpose, b"207219") for purpose in Hashes.PURPOSES}
    assert len(digests) == len(Hashes.PURPOSES)
    assert Hashes(b"t" * 32).digest("identity", b"1") != hashes.digest("identity", b"1")
    streamed = hashes.start("body")
    streamed.update(b"ab")
    streamed.update(b"c")
    assert streamed.digest() == hashes.digest("body", b"abc")


def test_digests_are_what_they_always_were() -> None:
    """They are in the log and lead to persons: a change would orphan every identity."""
    assert Hashes(bytes(32)).digest("identity", b"207219").hex() == (
        "edd50f6846b50024bb8dc99b9dec8325c4753af2296856a897fbde7c04f8ffc2"
    )


def test_the_root_key_file_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "root-keys"
    provider = FileKeyProvider(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]
    wrapped = provider.wrap(b"secret", b"context")
    assert FileKeyProvider(path).unwrap(wrapped, b"context") == b"secret"


def test_of_many_who_make_the_root_key_file_at_once_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "root-keys"
    with ThreadPoolExecutor(8) as threads:
        providers = list(threads.map(lambda _: FileKeyProvider(path), range(32)))
    wrapped = providers[0].wrap(b"secret", b"")
    assert {provider.unwrap(wrapped, b"") for provider in providers} == {b"secret"}


def test_the_newest_root_key_wraps_and_older_ones_still_unwrap(tmp_path: Path) -> None:
    path = tmp_path / "root-keys"
    wrapped = FileKeyProvider(path).wrap(b"old", b"")
    newer = Key.new()
    with path.open("a") as file:
        file.write(f"{newer.id} {newer.secret.hex()}\n")
    provider = FileKeyProvider(path)
    assert provider.unwrap(wrapped, b"") == b"old"
    assert key_id_of(provider.wrap(b"new", b"")) == newer.id


def test_a_root_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "root-keys"
    FileKeyProvider(path)
    path.chmod(0o640)
    with pytest.raises(RootKeyError, match="chmod 600"):
        FileKeyProvider(path)


@pytest.mark.parametrize(
    ("content", "saying"),
    [
        ("", "no root key"),
        ("neither id nor key\n", "line 1"),
        ("06f2ebb2-fb90-5356-8437-70d79361f26e abc\n", "line 1"),
        (f"06f2ebb2-fb90-5356-8437-70d79361f26e {'ab' * 16}\n", "32 bytes"),
    ],
)
def test_a_root_key_file_without_proper_keys_is_refused(
    tmp_path: Path, content: str, saying: str
) -> None:
    path = tmp_path / "root-keys"
    path.touch(mode=0o600)
    path.write_text(content)
    with pytest.raises(RootKeyError, match=saying) as refused:
        FileKeyProvider(path)
    assert "ab" * 16 not in refused.value.detail


def test_a_key_wrapped_by_an_unknown_root_key_is_not_opened(tmp_path: Path) -> None:
    wrapped = FileKeyProvider(tmp_path / "one").wrap(b"secret", b"")
    with pytest.raises(RootKeyError, match="lacks"):
        FileKeyProvider(tmp_path / "other").unwrap(wrapped, b"")


def test_a_root_key_that_was_added_wraps_and_is_found_by_whoever_has_the_file_open(
    tmp_path: Path,
) -> None:
    path = tmp_path / "root-keys"
    open_already, keeper = FileKeyProvider(path), FileKeyProvider(path)
    [first] = keeper.key_ids()
    second = keeper.add()
    assert keeper.key_ids() == (first, second)
    wrapped = keeper.wrap(b"secret", b"")
    assert keeper.id_of(wrapped) == second
    assert open_already.unwrap(wrapped, b"") == b"secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_root_key_that_was_dropped_is_nowhere_any_more(tmp_path: Path) -> None:
    path = tmp_path / "root-keys"
    keeper = FileKeyProvider(path)
    [first] = keeper.key_ids()
    secret = path.read_text().split()[1]
    unfinished = path.with_name(".root-keys.unfinished")
    unfinished.write_text(f"{first} {secret}\n")  # left behind by a process that was killed
    second = keeper.add()
    keeper.drop(first)
    keeper.drop(first)
    assert keeper.key_ids() == (second,)
    assert list(path.parent.iterdir()) == [path]
    assert secret not in path.read_text()
    with pytest.raises(RootKeyError, match="newest"):
        keeper.drop(second)


def test_keys_added_at_once_by_many_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "root-keys"
    keepers = [FileKeyProvider(path) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        added = set(threads.map(lambda keeper: keeper.add(), keepers))
    assert added < set(FileKeyProvider(path).key_ids())
    assert len(FileKeyProvider(path).key_ids()) == 9
