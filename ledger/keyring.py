"""The keys that the database holds, each wrapped by the one above: root, ledger, person."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Any
from uuid import UUID, uuid4

from psycopg import Connection

from ledger.errors import RuleError
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


class PersonErasedError(RuleError):
    """This person was erased; nothing is kept about her any more."""

    slug = "person-erased"


class Keyring:
    """Opens the keys of one ledger, and makes those that are missing."""

    def __init__(self, connections: Connections, provider: KeyProvider) -> None:
        self._connections, self._provider = connections, provider
        with connections.connection() as connection:
            tenant = fetch(connection, _SQL["load_tenant"])
            if not tenant:
                execute(connection, _SQL["keep_key_makers_out"])
                tenant = fetch(connection, _SQL["load_tenant"]) or _make_tenant(
                    connection, provider
                )
            [(self.tenant_id, hashing_secret)] = tenant
            self.hashes = Hashes(provider.unwrap(hashing_secret, hashing_context(self.tenant_id)))
            self._wrapping_keys: dict[UUID, Key] = {}
            self._load_wrapping_keys(connection)

    def context(self, person_id: UUID, thing_id: UUID, purpose: str) -> bytes:
        """What a ciphertext is bound to, so that it opens in its own place only."""
        return b"".join([self.tenant_id.bytes, person_id.bytes, thing_id.bytes, purpose.encode()])

    def person_keys(
        self, connection: Connection[Any], person_ids: Collection[UUID]
    ) -> dict[UUID, Key]:
        """The key of each person; a person who has none gets one.

        Raises:
            PersonErasedError: one of them was erased.
        """
        found = self.find_person_keys(connection, person_ids)
        missing = sorted(set(person_ids) - set(found))  # in one order, so that nobody deadlocks
        if missing:
            self._make(connection, missing)
            found |= self.find_person_keys(
                connection, missing
            )  # another process may have been first
        for person_id in set(person_ids) - set(found):
            raise PersonErasedError(f"person {person_id} was erased")
        return found

    def open_person_key(self, person_id: UUID, key_id: UUID, wrapped: bytes) -> Key:
        self._know(key_id_of(wrapped))
        return self._open(person_id, key_id, wrapped)

    def rewrap(self, person_id: UUID, key_id: UUID, wrapped: bytes, newest: UUID) -> bytes:
        """A person's key as another wrapping key wraps it; the key itself stays what it was."""
        key = self.open_person_key(person_id, key_id, wrapped)
        self._know(newest)
        return self._wrap(self._wrapping_keys[newest], person_id, key)

    def _know(self, wrapping_id: UUID) -> None:
        """A wrapping key may have been made since this process began."""
        if wrapping_id not in self._wrapping_keys:
            with self._connections.connection() as connection:
                self._load_wrapping_keys(connection)

    def _open(self, person_id: UUID, key_id: UUID, wrapped: bytes) -> Key:
        wrapping = self._wrapping_keys.get(key_id_of(wrapped))
        if wrapping is None:
            raise VaultDamagedError("a person's key names a wrapping key that the vault lacks")
        return Key(key_id, unseal(wrapping, wrapped, self._person_context(person_id, key_id)))

    def _wrap(self, wrapping: Key, person_id: UUID, key: Key) -> bytes:
        return seal(wrapping, key.secret, self._person_context(person_id, key.id))

    def _load_wrapping_keys(self, connection: Connection[Any]) -> None:
        """Learn the wrapping keys that are new here. Those dropped meanwhile do no harm."""
        found = fetch(connection, _SQL["load_wrapping_keys"])
        context, unwrap = wrapping_context, self._provider.unwrap
        self._wrapping_keys |= {
            key_id: Key(key_id, unwrap(wrapped, context(self.tenant_id, key_id)))
            for key_id, wrapped in found
            if key_id not in self._wrapping_keys
        }

    def find_person_keys(
        self, connection: Connection[Any], person_ids: Collection[UUID]
    ) -> dict[UUID, Key]:
        """The key of each person who has one: whoever was erased has none."""
        rows = fetch(connection, _SQL["load_person_keys"], person_ids=list(person_ids))
        if any(key_id_of(wrapped) not in self._wrapping_keys for *_, wrapped in rows):
            self._load_wrapping_keys(connection)
        return {row[0]: self._open(*row) for row in rows}

    def _make(self, connection: Connection[Any], person_ids: list[UUID]) -> None:
        # Shared by all who make keys of persons: while it is held no newer wrapping key comes.
        execute(connection, _SQL["stay_out_of_key_making"])
        [(newest,)] = fetch(connection, _SQL["newest_wrapping_key"])
        if newest not in self._wrapping_keys:
            self._load_wrapping_keys(connection)
        wrapping = self._wrapping_keys[newest]
        keys = [Key.new() for _ in person_ids]
        wrapped = [
            self._wrap(wrapping, person_id, key)
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


def _make_tenant(connection: Connection[Any], provider: KeyProvider) -> list[tuple[Any, ...]]:
    """The first use of a vault: draw the secret of all keyed digests and the first key."""
    tenant_id, secret = uuid4(), secrets.token_bytes(KEY_BYTES)
    wrapped = provider.wrap(secret, hashing_context(tenant_id))
    execute(connection, _SQL["add_tenant"], tenant_id=tenant_id, hashing_secret=wrapped)
    add_wrapping_key(connection, provider, tenant_id)
    return [(tenant_id, wrapped)]


def add_wrapping_key(connection: Connection[Any], provider: KeyProvider, tenant_id: UUID) -> UUID:
    """Draw a key to wrap those of persons from now on; the caller keeps key makers out."""
    key = Key.new()
    wrapped = provider.wrap(key.secret, wrapping_context(tenant_id, key.id))
    execute(connection, _SQL["add_wrapping_key"], key_id=key.id, wrapped=wrapped)
    return key.id


def hashing_context(tenant_id: UUID) -> bytes:
    """What the wrapped secret of all keyed digests is bound to."""
    return tenant_id.bytes + b"hashing-secret"


def wrapping_context(tenant_id: UUID, key_id: UUID) -> bytes:
    """What a wrapped wrapping key is bound to."""
    return tenant_id.bytes + key_id.bytes + b"wrapping-key"
