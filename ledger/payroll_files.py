"""Payroll files: rendered once, encrypted under a key of their own, and given out as stored.

They hold employee numbers and amounts, so they are kept as evidence is: blob first, the vault's
row second, the event last. A blob or a row that no event names is a try that went no further. The
key of a file is sealed by a key of the district: a person who is forgotten leaves the law's copy of
what she was paid, and the row says until when the law wants it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from uuid import UUID, uuid4

import obstore
from obstore.store import ObjectStore

from ledger.blobs import flush, pieces_of
from ledger.errors import ErasedError, NotFoundError, UnavailableError
from ledger.events.batch import StoredFile
from ledger.inventory import PAYROLL
from ledger.keys import KEY_BYTES, seal, unseal
from ledger.rules.retention import payroll_kept_until
from ledger.segments import EvidenceDamagedError, decrypt, encrypt
from ledger.sql import blocks, execute, fetch
from ledger.vault import Vault

KEYS = "payroll-file-keys"
RETENTION_CLASS = "payroll"
_SQL = blocks("ledger", "payroll_files.sql")


class PayrollFileDestroyedError(ErasedError):
    """Nobody had to keep this payroll file any longer, and it was destroyed."""

    slug = "payroll-file-destroyed"


class PayrollFileLateError(UnavailableError):
    """Storing the file took longer than it may before it is taken for one that broke off."""

    slug = "payroll-file-late"


class PayrollFiles:
    """Keeps the files of payroll batches."""

    def __init__(self, vault: Vault, blobs: ObjectStore) -> None:
        self._vault = vault
        self._blobs = blobs

    def store(
        self, *, district_id: UUID, batch_id: UUID, pay_date: date, content: Iterable[bytes]
    ) -> StoredFile:
        """Keep a file for ever new: no two calls make the same one.

        Raises:
            PayrollFileLateError: it took half a day, and nothing is kept.
        """
        file_id, secret, begun_at = uuid4(), secrets.token_bytes(KEY_BYTES), self._now()
        intake = _Intake()
        sealed = intake.sealed(encrypt(secret, file_id, intake.plain(content)))
        obstore.put(self._blobs, name_of_blob(file_id), sealed, max_concurrency=2)
        flush(self._blobs, name_of_blob(file_id))
        with self._vault.writing() as connection:
            key = self._vault.keyring.person_keys(connection, [district_id])[district_id]
            context = self._vault.keyring.context(district_id, file_id, KEYS)
            added = execute(
                connection,
                _SQL["add_file"],
                file_id=file_id,
                district_id=district_id,
                batch_id=batch_id,
                sealed_key=seal(key, secret, context),
                size_bytes=intake.size_bytes,
                ciphertext_sha256=intake.ciphertext.digest(),
                retention_class=RETENTION_CLASS,
                kept_until=payroll_kept_until(pay_date),
                begun_at=begun_at,
            )
        if not added:
            obstore.delete(self._blobs, name_of_blob(file_id))
            raise PayrollFileLateError("the file took too long to be kept; send it again")
        return StoredFile(
            file_id=file_id,
            size_bytes=intake.size_bytes,
            ciphertext_sha256=f"sha256:{intake.ciphertext.hexdigest()}",
        )

    def _now(self) -> datetime:
        """By the database's clock, which says later whether the file was in time."""
        with self._vault.connections.connection() as connection:
            [(now,)] = fetch(connection, _SQL["now"])
        assert isinstance(now, datetime), "the server tells the time"
        return now

    def open(self, district_id: UUID, file_id: UUID) -> Iterator[bytes]:
        """The bytes as they were stored, each piece proved before it is given.

        Raises:
            NotFoundError, ErasedError: there is no such file, or its key is gone; raised at once.
            PayrollFileDestroyedError: the key is gone because its time to be kept was over.
            EvidenceDamagedError: a piece is not the one stored.
        """
        keyring = self._vault.keyring
        with self._vault.about(district_id) as connection:
            rows = fetch(connection, _SQL["load_file"], file_id=file_id)
            keys = keyring.find_person_keys(connection, [district_id])
        if not rows and self._vault.erased([file_id]):
            raise PayrollFileDestroyedError(f"payroll file {file_id} was kept until its day")
        if not rows:
            raise NotFoundError(f"there is no payroll file {file_id}")
        if district_id not in keys:
            raise ErasedError(f"payroll file {file_id} was erased with its district's key")
        [(sealed_key,)] = rows
        secret = unseal(keys[district_id], sealed_key, keyring.context(district_id, file_id, KEYS))
        try:
            pieces = pieces_of(self._blobs, name_of_blob(file_id))
        except FileNotFoundError:
            raise EvidenceDamagedError(f"payroll file {file_id} is gone") from None
        return decrypt(secret, file_id, pieces)

    def discard(self, district_id: UUID, file: StoredFile) -> None:
        """Take back a file that no event names."""
        with self._vault.about(district_id) as connection:
            execute(connection, _SQL["discard_file"], file_id=file.file_id)
        obstore.delete(self._blobs, name_of_blob(file.file_id))

    def due(self, day: date) -> list[UUID]:
        """The batches with files whose time to be kept ends by this day, somewhere on earth."""
        with self._vault.connections.connection() as connection:
            rows = fetch(connection, _SQL["due"], day=day)
        return [batch_id for (batch_id,) in rows]

    def hmac(self, content: bytes) -> str:
        """By what a file is known again, for whoever has the ledger's secret alone."""
        return f"hmac-sha256:{self._vault.hashes.digest('file', content).hex()}"


def name_of_blob(file_id: UUID) -> str:
    """Beside evidence, to be backed up with it; by another name, which tells them apart."""
    return PAYROLL.name_of(file_id)


class _Intake:
    """Counts and digests a file as it passes."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self.ciphertext = hashlib.sha256()

    def plain(self, content: Iterable[bytes]) -> Iterator[bytes]:
        for piece in content:
            self.size_bytes += len(piece)
            yield piece

    def sealed(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        for piece in pieces:
            self.ciphertext.update(piece)
            yield piece
