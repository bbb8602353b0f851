"""Commands on the keys of the vault: rotate, and drop what wraps nothing any more.

A rotation is begun in the log once its new key is safe, and completed once nothing is wrapped by
an older one. Broken off anywhere in between, the same command goes on where it stood: it makes
another key only when the last rotation came to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from ledger.aggregates.base import Act
from ledger.aggregates.vault_keys import STREAM, VaultKeys
from ledger.application import Call, Ledger, Reader
from ledger.events import AnyVaultKeysEvent
from ledger.events.vault_keys import Level
from ledger.rotation import KeptKey, Rotation, named
from ledger.values import stream_id
from ledger.vault import Vault


class Rotated(NamedTuple):
    """What a rotation came to."""

    key_id: str
    keys_wrapped: int
    resumed: bool  # it had been begun before


@dataclass(frozen=True, slots=True)
class KeyWork:
    """The exchange of keys by somebody, now."""

    ledger: Ledger
    vault: Vault
    rotation: Rotation
    operator_id: UUID
    at: datetime

    def rotate_root(self) -> Rotated:
        """Let a new root key wrap the ledger's own keys.

        Raises:
            RotationRunningError: another process is at it.
            RootKeyError: the keeper of root keys refuses, or lacks one that is needed.
        """
        rotation = self.rotation
        return self._rotate(
            "root", rotation.root_keys, rotation.keeper.add, rotation.rewrap_by_root
        )

    def rotate_tenant(self) -> Rotated:
        """Let a new tenant key wrap the keys of persons. Raises RotationRunningError."""
        rotation = self.rotation
        return self._rotate(
            "tenant", rotation.tenant_keys, rotation.add_tenant_key, rotation.rewrap_by_tenant
        )

    def drop(self, key_id: str) -> Level:
        """Destroy a key that wraps nothing: the log has it first, so a broken try is run again.

        Raises:
            NotFoundError: there is no such key.
            KeyInUseError: it wraps something, or is the newest.
        """
        with self.rotation.alone():
            root, tenant = self.rotation.root_keys(), self.rotation.tenant_keys()
            level: Level = "root" if key_id in {key.key_id for key in root} else "tenant"
            self.rotation.must_be_unused(named([*root, *tenant], key_id))
            if (level, key_id) not in self._known().dropped:
                self._record(
                    "drop",
                    level,
                    key_id,
                    lambda keys, act: keys.drop(act, level=level, key_id=key_id),
                )
            if level == "root":
                self.rotation.keeper.drop(key_id)
            else:
                self.rotation.destroy_tenant_key(key_id)
        return level

    def _rotate(
        self,
        level: Level,
        listed: Callable[[], list[KeptKey]],
        add: Callable[[], str],
        rewrap: Callable[[], None],
    ) -> Rotated:
        with self.rotation.alone():
            known, kept = self._known(), listed()
            unfinished = level in known.unfinished or _unknown(level, kept, known)
            key_id = kept[-1].key_id if unfinished else add()
            if key_id != known.newest.get(level):
                self._record(
                    "begin",
                    level,
                    key_id,
                    lambda keys, act: keys.begin(act, level=level, key_id=key_id),
                )
            rewrap()
            wraps = listed()[-1].wraps
            self._record(
                "complete",
                level,
                key_id,
                lambda keys, act: keys.complete(
                    act, level=level, key_id=key_id, keys_wrapped=wraps
                ),
            )
        return Rotated(key_id, wraps, resumed=unfinished)

    def _known(self) -> VaultKeys:
        return self.ledger.find(VaultKeys, STREAM) or VaultKeys()

    def _record(
        self,
        what: str,
        level: Level,
        key_id: str,
        decide: Callable[[VaultKeys, Act], Sequence[AnyVaultKeysEvent]],
    ) -> None:
        """Append. The command's id follows from what is done, so it happens once."""
        call = Call(
            caller_id=self.operator_id,
            command_id=stream_id("vault-keys", what, level, key_id),
            body_hash=self.vault.body_hash(f"{what} {level} {key_id}".encode()),
            at=self.at,
        )

        def decide_on(read: Reader) -> Sequence[AnyVaultKeysEvent]:
            return decide(read.find(VaultKeys, STREAM) or VaultKeys(), call.act)

        self.ledger.run(call, decide_on)


def _unknown(level: Level, kept: list[KeptKey], known: VaultKeys) -> bool:
    """Whether the newest key is one that the log has not heard of: its maker broke off there.

    The key that a vault was made with is not in the log either, but it is alone, or it wraps.
    """
    newest = kept[-1]
    if len(kept) == 1 or newest.key_id == known.newest.get(level):
        return False
    return level == "tenant" or not newest.wraps
