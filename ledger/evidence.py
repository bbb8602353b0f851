"""Evidence files: encrypted as they stream in, under a key of their own, and never changed.

The blob is written first, the vault's row second, the event last. A blob without a row is a try
that broke off: nobody has its key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

import obstore
from obstore.store import ObjectStore, from_url

from ledger.blobs import flush, pieces_of
from ledger.errors import (
    CommandReusedError,
    ErasedError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from ledger.keys import KEY_BYTES, seal, unseal
from ledger.media_types import Sniffer
from ledger.segments import EvidenceDamagedError, decrypt, encrypt
from ledger.sql import blocks, execute, fetch
from ledger.vault import Vault

KEYS = "evidence-keys"
_SQL = blocks("ledger", "vault.sql")


class EvidenceEmptyError(InvalidError):
    """An empty file shows nothing."""

    slug = "evidence-empty"


class EvidenceTooLargeError(InvalidError):
    """The file is larger than this ledger takes."""

    slug = "evidence-too-large"
    status = 413


class EvidenceLateError(UnavailableError):
    """The upload took longer than it may before it is taken for one that broke off."""

    slug = "evidence-late"


class StoredEvidence(NamedTuple):
    """What the log will say of a file, and who else handed in the same one."""

    evidence_id: UUID
    media_type: str  # as sniffed
    size_bytes: int
    ciphertext_sha256: str
    plaintext_commitment: str
    same_from_person_ids: tuple[UUID, ...]  # for a reviewer to weigh; nothing is refused for it


class _Record(NamedTuple):
    """The vault's row of one file."""

    evidence_id: UUID
    upload_id: UUID
    person_id: UUID
    sealed_keys: bytes
    media_type: str
    size_bytes: int
    ciphertext_sha256: bytes
    plaintext_commitment: bytes
    plaintext_hmac: bytes


def open_blobs(url: str) -> ObjectStore:
    """The place where evidence lies: `file:///some/folder`, which is made, or an object store."""
    return from_url(url, mkdir=True) if url.startswith("file:") else from_url(url)


class EvidenceStore:
    """Takes files in and gives them back, in bounded memory both ways."""

    def __init__(self, vault: Vault, blobs: ObjectStore, *, bytes_max: int) -> None:
        self._vault = vault
        self._blobs = blobs
        self._bytes_max = bytes_max

    def store(self, upload_id: UUID, person_id: UUID, chunks: Iterable[bytes]) -> StoredEvidence:
        """Keep a file; the same upload sent again finds the first one and keeps no second.

        Args:
            upload_id: The id of the command that uploads, by which a resend is recognized.
            person_id: Whose evidence it is; her key seals the file's.
            chunks: The file, in pieces of any size.

        Raises:
            EvidenceEmptyError, EvidenceTooLargeError, MediaTypeRefusedError: nothing is kept.
            CommandReusedError: this command has uploaded another file before.
        """
        intake = _Intake(self._vault, self._bytes_max)
        earlier = self._find("find_upload", upload_id)
        if earlier is not None:
            for _ in intake.watch(chunks):
                pass
            return self._same_again(earlier, person_id, intake)
        evidence_id, begun_at = uuid4(), self._now()
        sealed = intake.encrypt(evidence_id, chunks)
        obstore.put(self._blobs, str(evidence_id), sealed, max_concurrency=1)
        flush(self._blobs, str(evidence_id))
        # If the next step fails the blob stays: the row may be stored although the answer is lost.
        self._add_row(upload_id, evidence_id, person_id, intake, begun_at)
        first = self._find("find_upload", upload_id)
        if first is None:  # not by us, and not by anybody who was first
            obstore.delete(self._blobs, str(evidence_id))
            raise EvidenceLateError("the upload took too long to be kept; send it again")
        if first.evidence_id != evidence_id:  # the same upload was sent twice at once
            obstore.delete(self._blobs, str(evidence_id))
        return self._same_again(first, person_id, intake)

    def open(self, evidence_id: UUID) -> Iterator[bytes]:
        """The file as it was handed in, piece by piece, each piece proved before it is given.

        Raises:
            NotFoundError: there is no such file; raised at once.
            ErasedError: there was one, and it was erased; raised at once.
            EvidenceDamagedError: a piece is not the one stored; raised when its turn comes.
        """
        secret = self._secret(self._load(evidence_id))
        try:
            pieces = pieces_of(self._blobs, str(evidence_id))
        except FileNotFoundError:
            raise EvidenceDamagedError(f"the file of evidence {evidence_id} is gone") from None
        return decrypt(secret, evidence_id, pieces)

    def describe(self, evidence_id: UUID) -> StoredEvidence:
        """What is known of a file. Raises NotFoundError, or ErasedError when there was one."""
        return self._describe(self._load(evidence_id))

    def others_with(self, evidence_ids: Collection[UUID]) -> list[tuple[UUID, UUID, UUID]]:
        """By file, who else has the same one, and the command that uploaded hers."""
        if not evidence_ids:
            return []
        with self._vault.connections.connection() as connection:
            sql = _SQL["others_with_the_same_evidence"]
            found = fetch(connection, sql, evidence_ids=list(evidence_ids))
        return [(evidence_id, person_id, upload_id) for evidence_id, person_id, upload_id in found]

    def upload_of(self, evidence_id: UUID) -> UUID:
        """The command that uploaded a file. Raises as `describe` does."""
        return self._load(evidence_id).upload_id

    def salt_of(self, evidence_id: UUID) -> bytes:
        """What the commitment to a file is keyed by. Raises as `describe` does."""
        return self._keys(self._load(evidence_id))[KEY_BYTES:]

    def _secret(self, record: _Record) -> bytes:
        return self._keys(record)[:KEY_BYTES]

    def _keys(self, record: _Record) -> bytes:
        """The file's key, and the salt behind it."""
        keyring, person_id = self._vault.keyring, record.person_id
        with self._vault.about(person_id) as connection:
            keys = keyring.find_person_keys(connection, [person_id])
        if person_id not in keys:
            raise ErasedError(f"evidence {record.evidence_id} was erased with its person's key")
        context = keyring.context(person_id, record.evidence_id, KEYS)
        return unseal(keys[person_id], record.sealed_keys, context)

    def _load(self, evidence_id: UUID) -> _Record:
        record = self._find("load_evidence", evidence_id)
        if record is None and self._vault.erased([evidence_id]):
            raise ErasedError(f"evidence {evidence_id} was erased")
        if record is None:
            raise NotFoundError(f"there is no evidence {evidence_id}")
        return record

    def _find(self, block: str, key: UUID) -> _Record | None:
        with self._vault.connections.connection() as connection:
            rows = fetch(connection, _SQL[block], key=key)
        return _Record(*rows[0]) if rows else None

    def _now(self) -> datetime:
        """By the database's clock, which says later whether the upload was in time."""
        with self._vault.connections.connection() as connection:
            [(now,)] = fetch(connection, _SQL["now"])
        assert isinstance(now, datetime), "the server tells the time"
        return now

    def _add_row(
        self,
        upload_id: UUID,
        evidence_id: UUID,
        person_id: UUID,
        intake: _Intake,
        begun_at: datetime,
    ) -> None:
        with self._vault.writing() as connection:
            key = self._vault.keyring.person_keys(connection, [person_id])[person_id]
            context = self._vault.keyring.context(person_id, evidence_id, KEYS)
            execute(
                connection,
                _SQL["add_evidence"],
                evidence_id=evidence_id,
                upload_id=upload_id,
                person_id=person_id,
                sealed_keys=seal(key, intake.secret + intake.salt, context),
                media_type=intake.sniffer.media_type(),
                size_bytes=intake.size_bytes,
                ciphertext_sha256=intake.ciphertext.digest(),
                plaintext_commitment=intake.commitment.digest(),
                plaintext_hmac=intake.plaintext.digest(),
                begun_at=begun_at,
            )

    def _same_again(self, record: _Record, person_id: UUID, intake: _Intake) -> StoredEvidence:
        """The answer for a file that is kept already, if it is this file."""
        if (record.person_id, record.plaintext_hmac) != (person_id, intake.plaintext.digest()):
            raise CommandReusedError(
                "this Idempotency-Key was used before to upload another file; use a new key"
            )
        return self._describe(record)

    def _describe(self, record: _Record) -> StoredEvidence:
        with self._vault.connections.connection() as connection:
            others = fetch(connection, _SQL["same_evidence_of_others"], key=record.evidence_id)
        return StoredEvidence(
            evidence_id=record.evidence_id,
            media_type=record.media_type,
            size_bytes=record.size_bytes,
            ciphertext_sha256=f"sha256:{record.ciphertext_sha256.hex()}",
            plaintext_commitment=f"hmac-sha256:{record.plaintext_commitment.hex()}",
            same_from_person_ids=tuple(person_id for (person_id,) in others),
        )


class _Intake:
    """One file on its way in: refuses what may not enter, and digests the rest as it passes."""

    def __init__(self, vault: Vault, bytes_max: int) -> None:
        self.secret = secrets.token_bytes(KEY_BYTES)
        self.salt = secrets.token_bytes(KEY_BYTES)
        self.commitment = hmac.new(self.salt, digestmod="sha256")
        self.plaintext = vault.hashes.start("duplicate")
        self.ciphertext = hashlib.sha256()
        self.sniffer = Sniffer()
        self.size_bytes = 0
        self._bytes_max = bytes_max

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            self.size_bytes += len(chunk)
            if self.size_bytes > self._bytes_max:
                raise EvidenceTooLargeError(
                    f"a file may have {self._bytes_max:,} bytes, and this one has more"
                )
            self.commitment.update(chunk)
            self.plaintext.update(chunk)
            self.sniffer.feed(chunk)
            yield chunk
        if not self.size_bytes:
            raise EvidenceEmptyError("the file has no bytes")
        self.sniffer.media_type()  # raises before the last segment is written

    def encrypt(self, evidence_id: UUID, chunks: Iterable[bytes]) -> Iterator[bytes]:
        for sealed in encrypt(self.secret, evidence_id, self.watch(chunks)):
            self.ciphertext.update(sealed)
            yield sealed
