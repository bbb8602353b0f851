"""What the log knows of the vault's keys."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ledger.aggregates.vault_keys import STREAM, VaultKeys
from ledger.errors import NothingChangesError
from ledger.events import AnyVaultKeysEvent
from tests.samples import act

ACT = act()


def after(*groups: Sequence[AnyVaultKeysEvent]) -> VaultKeys:
    folded = VaultKeys.fold(None, [event for group in groups for event in group])
    assert folded is not None
    return folded


def test_a_rotation_is_under_way_until_it_is_completed() -> None:
    begun = VaultKeys().begin(ACT, level="tenant", key_id="k2")
    keys = after(begun)
    assert (keys.id, keys.version) == (STREAM, 1)
    assert keys.unfinished == {"tenant"}
    completed = keys.complete(ACT, level="tenant", key_id="k2", keys_wrapped=7)
    keys = after(begun, completed)
    assert (keys.version, keys.newest, keys.unfinished) == (2, {"tenant": "k2"}, frozenset())
    with pytest.raises(NothingChangesError):
        keys.begin(ACT, level="tenant", key_id="k2")


def test_the_levels_do_not_mind_each_other() -> None:
    begun = VaultKeys().begin(ACT, level="tenant", key_id="k2")
    keys = after(begun, after(begun).begin(ACT, level="root", key_id="k2"))
    assert keys.unfinished == {"tenant", "root"}
    with pytest.raises(NothingChangesError):
        keys.complete(ACT, level="root", key_id="k1", keys_wrapped=1)


def test_a_rotation_is_completed_to_the_key_it_was_begun_with() -> None:
    begun = VaultKeys().begin(ACT, level="root", key_id="k2")
    overtaking = after(begun).begin(ACT, level="root", key_id="k3")
    keys = after(begun, overtaking)
    with pytest.raises(NothingChangesError, match="k2"):
        keys.complete(ACT, level="root", key_id="k2", keys_wrapped=1)
    assert keys.complete(ACT, level="root", key_id="k3", keys_wrapped=1)
    with pytest.raises(NothingChangesError):
        VaultKeys().complete(ACT, level="root", key_id="k3", keys_wrapped=1)


def test_a_key_is_dropped_once() -> None:
    dropped = VaultKeys().drop(ACT, level="root", key_id="k1")
    keys = after(dropped)
    assert keys.dropped == {("root", "k1")}
    with pytest.raises(NothingChangesError):
        keys.drop(ACT, level="root", key_id="k1")
    assert keys.drop(ACT, level="tenant", key_id="k1")
