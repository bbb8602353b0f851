"""The keys that the database holds, each wrapped by the one above: root, ledger, person."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection

from ledger.keys import (
    KEY_BYTES,
    Hashes,
    Key,
    KeyProvider,
    VaultDamagedError,
    key_id_of,
    seal,
    unseal,
)
from ledger.sql import Connections, blocks, execute, fetch

_SQL = blocks("ledger", "vault.sql")


class Keyring:
    """Opens the keys of one ledger, and makes those that are missing."""

    def __init__(self, connections: Connections, provider: KeyProvider) -> None:
        with connections.connection() as connection:
            execute(connection, _SQL["lock_first_use"])
            tenant = fetch(connection, _SQL["load_tenant"])
            if not tenant:
                _make_tenant(connection, provider)
                tenant = fetch(connection, _SQL["load_tenant"])
            wrapping_keys = fetch(connection, _SQL["load_wrapping_keys"])
        [(self.tenant_id, hashing_secret)] = tenant
        self.hashes = Hashes(provider.unwrap(hashing_secret, _hashing_context(self.tenant_id)))
        self._wrapping_keys = {
            key_id: Key(key_id, provider.unwrap(wrapped, _wrapping_context(self.tenant_id, key_id)))
            for key_id, wrapped in wrapping_keys
        }

    def context(self, person_id: UUID, thing_id: UUID, purpose: str) -> bytes:
        """What a ciphertext is bound to, so that it opens in its own place only."""
        return b"".join([self.tenant_id.bytes, person_id.bytes, thing_id.bytes, purpose.encode()])

    def person_keys(
        self, connection: Connection[Any], person_ids: Collection[UUID]
    ) -> dict[UUID, Key]:
        """The key of each person; a person who has none gets one."""
        found = self.find_person_keys(connection, person_ids)
        missing = sorted(set(person_ids) - set(found))  # in one order, so that nobody deadlocks
        if missing:
            self._make(connection, missing)
            found |= self.find_person_keys(
                connection, missing
            )  # another process may have been first
        return found

    def open_person_key(self, person_id: UUID, key_id: UUID, wrapped: bytes) -> Key:
        wrapping = self._wrapping_keys.get(key_id_of(wrapped))
        if wrapping is None:
            raise VaultDamagedError("a person's key names a wrapping key that the vault lacks")
        return Key(key_id, unseal(wrapping, wrapped, self._person_context(person_id, key_id)))

    def find_person_keys(
        self, connection: Connection[Any], person_ids: Collection[UUID]
    ) -> dict[UUID, Key]:
        """The key of each person who has one: whoever was erased has none."""
        rows = fetch(connection, _SQL["load_person_keys"], person_ids=list(person_ids))
        return {row[0]: self.open_person_key(*row) for row in rows}

    def _make(self, connection: Connection[Any], person_ids: list[UUID]) -> None:
        newest = list(self._wrapping_keys.values())[-1]
        keys = [Key.new() for _ in person_ids]
        wrapped = [
            seal(newest, key.secret, self._person_context(person_id, key.id))
            for person_id, key in zip(person_ids, keys, strict=True)
        ]
        execute(
            connection,
            _SQL["add_person_keys"],
            person_ids=person_ids,
            key_ids=[key.id for key in keys],
            wrapped=wrapped,
        )

    def _person_context(self, person_id: UUID, key_id: UUID) -> bytes:
        return self.context(person_id, key_id, "person-key")


def _make_tenant(connection: Connection[Any], provider: KeyProvider) -> None:
    """The first use of a vault: draw the secret of all keyed digests and the first key."""
    tenant_id, key = uuid4(), Key.new()
    secret = secrets.token_bytes(KEY_BYTES)
    execute(
        connection,
        _SQL["add_tenant"],
        tenant_id=tenant_id,
        hashing_secret=provider.wrap(secret, _hashing_context(tenant_id)),
    )
    execute(
        connection,
        _SQL["add_wrapping_key"],
        key_id=key.id,
        wrapped=provider.wrap(key.secret, _wrapping_context(tenant_id, key.id)),
    )


def _hashing_context(tenant_id: UUID) -> bytes:
    return tenant_id.bytes + b"hashing-secret"


def _wrapping_context(tenant_id: UUID, key_id: UUID) -> bytes:
    return tenant_id.bytes + key_id.bytes + b"wrapping-key"
