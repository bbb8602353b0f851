"""Portable records in the vault: signed documents under their person's key, and who signs them.

A document is written here first and its event second, as everything in the vault is. What was drawn
for it by chance, its place in the status list and the salts, lies in its row: so whoever issues the
same award again after a crash, or at the same time, goes on with what the first has drawn.

The key that signs is sealed by a key of its issuer's own, which stands beside those of persons: so
exchanging the keys above them covers it, and counts it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import orjson
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from ledger.aggregates.record_keys import NewRecordKey
from ledger.errors import ErasedError, NotFoundError
from ledger.events.record_keys import KeyAlgorithm
from ledger.keyring import PersonErasedError
from ledger.keys import Key, VaultDamagedError, seal, unseal
from ledger.records.issuers import IssuerKey
from ledger.sql import blocks, execute, fetch
from ledger.vault import Vault

DOCUMENT, KEY = "record", "record-key"
PrivateKey = Ed25519PrivateKey | EllipticCurvePrivateKey
_SQL = blocks("ledger", "record_vault.sql")


@dataclass(frozen=True, slots=True)
class Kept:
    """One issue of a record: the document with its proof, and the same as a token."""

    record_id: UUID
    person_id: UUID  # under whose key it lies
    list_number: int
    status_index: int
    document: Mapping[str, Any]
    token: str
    ciphertext_sha256: str


@dataclass(frozen=True, slots=True)
class Parked:
    """An award that could not be issued."""

    enrollment_id: UUID
    reason: str
    tries: int
    next_try_at: datetime

    @property
    def waits(self) -> bool:
        """Whether it may ever be issued; of somebody who was erased nothing is made any more."""
        return self.reason != PersonErasedError.slug


class _Row(NamedTuple):
    command_id: UUID
    record_id: UUID
    person_id: UUID
    list_number: int
    status_index: int
    ciphertext: bytes


class RecordVault:
    """Keeps documents and keys of portable records."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    # Documents

    def draft(
        self,
        command_id: UUID,
        *,
        record_id: UUID,
        person_id: UUID,
        list_number: int,
        status_index: int,
        document: Mapping[str, Any],
        token: str,
    ) -> Kept:
        """Keep a document, or find the one that was kept first for the same command.

        Raises PersonErasedError.
        """
        content = orjson.dumps({"document": document, "token": token})
        with self._vault.writing() as connection:
            key = self._vault.keyring.person_keys(connection, [person_id])[person_id]
            context = self._vault.keyring.context(person_id, record_id, DOCUMENT)
            execute(
                connection,
                _SQL["add_document"],
                command_id=command_id,
                record_id=record_id,
                person_id=person_id,
                list_number=list_number,
                status_index=status_index,
                ciphertext=seal(key, content, context),
            )
        first = self.drafted(command_id)
        assert first is not None, "what was added is there"
        return first

    def drafted(self, command_id: UUID) -> Kept | None:
        """What was kept for a command. Raises ErasedError."""
        with self._vault.connections.connection() as connection:
            rows = fetch(connection, _SQL["drafted"], command_id=command_id)
        return next(iter(self._opened([_Row(*row) for row in rows])), None)

    def discard(self, command_id: UUID, record_id: UUID) -> None:
        """Take back what no event names, because its place turned out to be somebody else's."""
        with self._vault.connections.connection() as connection:
            execute(
                connection, _SQL["discard_document"], command_id=command_id, record_id=record_id
            )

    def open(self, record_id: UUID, ciphertext_sha256: str, *, person_id: UUID) -> Kept:
        """The issue of a record that an event names by the digest of what was stored.

        Raises ErasedError when its person was, VaultDamagedError where it is gone or was changed.
        """
        [found] = self.open_all([(record_id, ciphertext_sha256)], person_id=person_id)
        return found

    def open_all(self, named: Sequence[tuple[UUID, str]], *, person_id: UUID) -> list[Kept]:
        """Issues of one person's records, each by its record and digest; raises as `open` does."""
        digests = [bytes.fromhex(digest.removeprefix("sha256:")) for _, digest in named]
        record_ids = [record_id for record_id, _ in named]
        with self._vault.connections.connection() as connection:
            found = fetch(connection, _SQL["of_records"], record_ids=record_ids, digests=digests)
        rows = [_Row(*one) for one in found]
        missing = set(record_ids) - {row.record_id for row in rows}
        if missing and self._vault.erased([person_id]):
            raise ErasedError(f"record {min(missing)} was erased with its person")
        if missing:
            raise VaultDamagedError(f"the vault lacks the document of record {min(missing)}")
        return self._opened(rows)

    def _opened(self, rows: Sequence[_Row]) -> list[Kept]:
        """What rows hold; the key of each person is asked for once."""
        keyring, keys = self._vault.keyring, dict[UUID, Key]()
        for person_id in {row.person_id for row in rows}:
            with self._vault.about(person_id) as connection:
                keys |= keyring.find_person_keys(connection, [person_id])
        return [self._kept(row, keys) for row in rows]

    def _kept(self, row: _Row, keys: Mapping[UUID, Key]) -> Kept:
        if row.person_id not in keys:
            raise ErasedError(f"record {row.record_id} was erased with its person's key")
        context = self._vault.keyring.context(row.person_id, row.record_id, DOCUMENT)
        content = orjson.loads(unseal(keys[row.person_id], row.ciphertext, context))
        return Kept(
            record_id=row.record_id,
            person_id=row.person_id,
            list_number=row.list_number,
            status_index=row.status_index,
            document=content["document"],
            token=content["token"],
            ciphertext_sha256=f"sha256:{sha256(row.ciphertext).hexdigest()}",
        )

    # Keys

    def draw_key(self, keys_id: UUID, algorithm: KeyAlgorithm) -> NewRecordKey:
        """A new key, which signs once the log knows it."""
        private: PrivateKey
        if algorithm == "Ed25519":
            private = Ed25519PrivateKey.generate()
        else:
            private = generate_private_key(SECP256R1())
        key_id = uuid4()
        secret = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        with self._vault.writing() as connection:
            sealing = self._vault.keyring.person_keys(connection, [keys_id])[keys_id]
            execute(
                connection,
                _SQL["add_key"],
                key_id=key_id,
                keys_id=keys_id,
                sealed_key=seal(sealing, secret, self._vault.keyring.context(keys_id, key_id, KEY)),
            )
        public = private.public_key()
        shown = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return NewRecordKey(
            key=IssuerKey(public).fragment,
            key_id=key_id,
            algorithm=algorithm,
            public_key=urlsafe_b64encode(shown).decode(),
        )

    def open_key(self, keys_id: UUID, key_id: UUID) -> PrivateKey:
        """The secret half of a key. Raises NotFoundError, VaultDamagedError."""
        keyring = self._vault.keyring
        with self._vault.about(keys_id) as connection:
            rows = fetch(connection, _SQL["load_key"], key_id=key_id)
            keys = keyring.find_person_keys(connection, [keys_id])
        if not rows or keys_id not in keys:
            raise NotFoundError(f"the vault lacks the key {key_id}")
        secret = unseal(keys[keys_id], rows[0][0], keyring.context(keys_id, key_id, KEY))
        private = load_der_private_key(secret, password=None)
        assert isinstance(private, Ed25519PrivateKey | EllipticCurvePrivateKey), "as it was drawn"
        return private

    def discard_key(self, key_id: UUID) -> None:
        """Take back a key that the log does not know."""
        with self._vault.connections.connection() as connection:
            execute(connection, _SQL["discard_key"], key_id=key_id)

    # What could not be issued

    def park(self, enrollment_id: UUID, reason: str, next_try_at: datetime) -> None:
        """Set an award aside, with the slug of what refused it."""
        with self._vault.connections.connection() as connection:
            execute(
                connection,
                _SQL["park"],
                enrollment_id=enrollment_id,
                reason=reason,
                next_try_at=next_try_at,
            )

    def unpark(self, enrollment_ids: Collection[UUID]) -> None:
        """Let awards be tried again, or be done with."""
        with self._vault.connections.connection() as connection:
            execute(connection, _SQL["unpark"], enrollment_ids=list(enrollment_ids))

    def parked(self) -> list[Parked]:
        """What is set aside, the next to be tried first."""
        with self._vault.connections.connection() as connection:
            rows = fetch(connection, _SQL["parked"])
        return [Parked(*row) for row in rows]
