"""Wraps keys anew under a newer root or tenant key, while everybody reads and writes on.

Nothing that anybody wrote is encrypted again: a person's key stays what it is, and so does the
secret of all keyed digests, which the log rests on. Each step is a transaction that can be done
twice, so a rotation that was broken off is simply run again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import errors

from ledger.errors import NotFoundError, RuleError, UnavailableError
from ledger.inventory import no_steps
from ledger.keyring import Keyring, add_wrapping_key, hashing_context, wrapping_context
from ledger.keys import RootKeyKeeper
from ledger.sql import Connections, blocks, execute, fetch

PERSONS_AT_ONCE = 500
_SQL = blocks("ledger", "rotation.sql")
_VAULT = blocks("ledger", "vault.sql")


class RotationRunningError(UnavailableError):
    """Another process is exchanging keys of this vault."""

    slug = "rotation-running"


class KeyInUseError(RuleError):
    """The key still wraps something, or will wrap what comes."""

    slug = "key-in-use"


@dataclass(frozen=True, slots=True)
class KeptKey:
    """A key that wraps others, by its id alone."""

    key_id: str
    wraps: int  # keys and secrets below it
    newest: bool
    created_at: datetime | None = None  # of a root key its keeper may know it
    root_key_id: str | None = None  # which wraps a tenant key


class Rotation:
    """Exchanges the keys of one vault. `on_step` hears of each transaction that is through."""

    def __init__(
        self,
        connections: Connections,
        keyring: Keyring,
        keeper: RootKeyKeeper,
        *,
        on_step: Callable[[], None] = no_steps,
        persons_at_once: int = PERSONS_AT_ONCE,
    ) -> None:
        self._connections, self._keyring, self.keeper = connections, keyring, keeper
        self._on_step, self._persons_at_once = on_step, persons_at_once

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else exchanges keys meanwhile. Raises RotationRunningError."""
        with self._connections.connection() as connection:
            [(alone,)] = fetch(connection, _SQL["try_alone"])
            connection.commit()  # the lock belongs to the session, which rests from here on
            if not alone:
                raise RotationRunningError("keys of this vault are being exchanged already")
            try:
                yield
            finally:
                execute(connection, _SQL["leave"])

    def root_keys(self) -> list[KeptKey]:
        """Every root key that is there or that wraps something, the newest last."""
        with self._connections.connection() as connection:
            found = fetch(connection, _SQL["wrapped_by_root"])
        wraps = Counter(self.keeper.id_of(wrapped) for _, wrapped in found)
        kept = self.keeper.key_ids()
        lost = [key_id for key_id in wraps if key_id not in kept]
        return [
            KeptKey(key_id, wraps[key_id], newest=key_id == kept[-1]) for key_id in (*lost, *kept)
        ]

    def tenant_keys(self) -> list[KeptKey]:
        """Every tenant key, the newest last."""
        with self._connections.connection() as connection:
            found = fetch(connection, _SQL["tenant_keys"])
        return [
            KeptKey(
                str(key_id),
                wraps,
                newest=key_id == found[-1][0],
                created_at=created_at,
                root_key_id=self.keeper.id_of(wrapped),
            )
            for key_id, created_at, wrapped, wraps in found
        ]

    def add_tenant_key(self) -> str:
        """Draw a tenant key; no key of a person is wrapped by an older one from here on."""
        with self._connections.connection() as connection:
            execute(connection, _VAULT["keep_key_makers_out"])
            return str(add_wrapping_key(connection, self.keeper, self._keyring.tenant_id))

    def rewrap_by_root(self) -> None:
        """Let the newest root key wrap whatever an older one wraps."""
        newest = self.keeper.key_ids()[-1]
        with self._connections.connection() as connection:
            found = fetch(connection, _SQL["wrapped_by_root"])
        for key_id, before in found:
            if self.keeper.id_of(before) != newest:
                self._rewrap_by_root(key_id, before)
                self._on_step()

    def _rewrap_by_root(self, key_id: UUID | None, before: bytes) -> None:
        tenant_id = self._keyring.tenant_id
        context = wrapping_context(tenant_id, key_id) if key_id else hashing_context(tenant_id)
        wrapped = self.keeper.wrap(self.keeper.unwrap(before, context), context)
        block = "rewrap_wrapping_key" if key_id else "rewrap_hashing_secret"
        with self._connections.connection() as connection:
            execute(connection, _SQL[block], key_id=key_id, before=before, wrapped=wrapped)

    def rewrap_by_tenant(self) -> None:
        """Let the newest tenant key wrap every person's key, some at a time."""
        newest = UUID(self.tenant_keys()[-1].key_id)
        while self._rewrap_some(newest):
            self._on_step()

    def _rewrap_some(self, newest: UUID) -> bool:
        with self._connections.connection() as connection:
            found = fetch(
                connection, _SQL["persons_behind"], newest=newest, limit=self._persons_at_once
            )
        rewrapped = [
            self._keyring.rewrap(person_id, key_id, wrapped, newest)
            for person_id, key_id, wrapped in found
        ]
        with self._connections.connection() as connection:
            execute(
                connection,
                _SQL["rewrap_person_keys"],
                person_ids=[row[0] for row in found],
                befores=[row[2] for row in found],
                wrapped=rewrapped,
            )
        return bool(found)

    def must_be_unused(self, key: KeptKey) -> None:
        """Raises KeyInUseError when destroying the key would lose anything, now or soon."""
        if key.newest:
            raise KeyInUseError(f"{key.key_id} is the newest and wraps what comes; rotate first")
        if key.wraps:
            raise KeyInUseError(f"{key.key_id} still wraps {key.wraps}; finish the rotation first")

    def destroy_tenant_key(self, key_id: str) -> None:
        """Destroy a tenant key that wraps nothing. The database refuses it for one that does."""
        try:
            with self._connections.connection() as connection:
                execute(connection, _SQL["drop_wrapping_key"], key_id=UUID(key_id))
        except errors.ForeignKeyViolation:
            raise KeyInUseError(f"{key_id} still wraps keys of persons") from None


def named(keys: list[KeptKey], key_id: str) -> KeptKey:
    """The key of this id. Raises NotFoundError."""
    for key in keys:
        if key.key_id == key_id:
            return key
    raise NotFoundError(f"there is no key {key_id}")
