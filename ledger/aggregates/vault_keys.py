"""The keys of the vault: which one wraps, and whether exchanging it was brought to its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Header, first_header
from ledger.errors import NothingChangesError
from ledger.events import AnyVaultKeysEvent
from ledger.events.vault_keys import (
    KeyDropped,
    KeyRotationBegun,
    KeyRotationCompleted,
    Level,
    VaultKeysEvent,
)
from ledger.values import stream_id

STREAM = stream_id("vault-keys")


@dataclass(frozen=True, kw_only=True)
class VaultKeys(Aggregate):
    """What the log knows of the keys; those a vault was made with it does not know."""

    id: UUID = STREAM
    version: int = 0
    newest: Mapping[Level, str] = field(default_factory=dict)
    unfinished: frozenset[Level] = frozenset()
    dropped: frozenset[tuple[Level, str]] = frozenset()

    def begin(self, act: Act, *, level: Level, key_id: str) -> Sequence[AnyVaultKeysEvent]:
        """Let a key wrap from now on. One that is being rotated to may be overtaken by another."""
        if self.newest.get(level) == key_id:
            raise NothingChangesError(f"the {level} key {key_id} is the newest already")
        return [KeyRotationBegun(**self._header(act), level=level, key_id=key_id)]

    def complete(
        self, act: Act, *, level: Level, key_id: str, keys_wrapped: int
    ) -> Sequence[AnyVaultKeysEvent]:
        """Everything is wrapped by the newest key."""
        if level not in self.unfinished or self.newest[level] != key_id:
            raise NothingChangesError(f"no rotation to the {level} key {key_id} is under way")
        return [
            KeyRotationCompleted(
                **self._header(act), level=level, key_id=key_id, keys_wrapped=keys_wrapped
            )
        ]

    def drop(self, act: Act, *, level: Level, key_id: str) -> Sequence[AnyVaultKeysEvent]:
        """A key that wraps nothing is to be destroyed."""
        if (level, key_id) in self.dropped:
            raise NothingChangesError(f"the {level} key {key_id} was dropped before")
        return [KeyDropped(**self._header(act), level=level, key_id=key_id)]

    def _header(self, act: Act) -> Header:
        return self.header(act) if self.version else first_header(self.id, act)

    @classmethod
    def evolve(cls, state: Self | None, event: AnyVaultKeysEvent) -> Self:
        assert isinstance(event, VaultKeysEvent), "this stream is about keys"
        before = replace(state or cls(), version=event.originator_version)
        level, key_id = event.level, event.key_id
        match event:
            case KeyRotationBegun():
                return replace(
                    before,
                    newest={**before.newest, level: key_id},
                    unfinished=before.unfinished | {level},
                )
            case KeyRotationCompleted():
                return replace(before, unfinished=before.unfinished - {level})
            case KeyDropped():
                return replace(before, dropped=before.dropped | {(level, key_id)})
            case _:
                assert_never(event)
