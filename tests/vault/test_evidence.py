"""Evidence files: stored once, in bounded memory, and refused without a trace."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from uuid import UUID, uuid4

import psycopg
import pytest
from obstore.store import LocalStore, MemoryStore

from ledger.errors import CommandReusedError, ErasedError, NotFoundError
from ledger.evidence import (
    EvidenceEmptyError,
    EvidenceStore,
    EvidenceTooLargeError,
    open_blobs,
)
from ledger.keys import VaultDamagedError
from ledger.media_types import MediaTypeRefusedError
from ledger.segments import SEGMENT_BYTES, EvidenceDamagedError
from ledger.store import Role, connection_info
from ledger.vault import Vault
from tests.samples import EARNER, FIRST, SECOND, named
from tests.vault.media import TAKEN, iso

UPLOAD = named("upload")
MEBIBYTE = 1024 * 1024
LESSON = b"Lesson plan: photosynthesis.\n" * 1000


def video(mebibytes: int) -> Iterator[bytes]:
    yield iso(b"mp42", b"isom")
    piece = Random(mebibytes).randbytes(64 * 1024)
    for _ in range(mebibytes * 16):
        yield piece


def files(blobs: Path) -> list[Path]:
    return sorted(blobs.iterdir())


def kept(url: str) -> int:
    with psycopg.connect(connection_info(url, Role.VAULT)) as connection:
        row = connection.execute("SELECT count(*) FROM vault_evidence").fetchone()
    assert row is not None
    return int(row[0])


def test_every_kind_of_evidence_comes_back_as_it_was(evidence: EvidenceStore) -> None:
    for name, (media_type, content) in TAKEN.items():
        stored = evidence.store(named(name), EARNER, [content])
        assert b"".join(evidence.open(stored.evidence_id)) == content, name
        assert (stored.media_type, stored.size_bytes) == (media_type, len(content))
        assert evidence.describe(stored.evidence_id) == stored


def test_the_log_gets_digests_of_what_was_stored_and_of_what_it_says(
    evidence: EvidenceStore, blobs: Path
) -> None:
    stored, other = (evidence.store(uuid4(), EARNER, [LESSON]) for _ in range(2))
    blob = (blobs / str(stored.evidence_id)).read_bytes()
    assert stored.ciphertext_sha256 == f"sha256:{hashlib.sha256(blob).hexdigest()}"
    assert stored.plaintext_commitment.startswith("hmac-sha256:")
    assert stored.plaintext_commitment != other.plaintext_commitment, "the salt is random"
    assert LESSON[:20] not in blob


def test_the_same_upload_sent_again_is_stored_once(
    evidence: EvidenceStore, blobs: Path, database_url: str
) -> None:
    first = evidence.store(UPLOAD, EARNER, [LESSON])
    assert evidence.store(UPLOAD, EARNER, iter([LESSON[:7], LESSON[7:]])) == first
    assert len(files(blobs)) == kept(database_url) == 1


def test_uploads_sent_at_once_leave_one_file(
    evidence: EvidenceStore, blobs: Path, database_url: str
) -> None:
    with ThreadPoolExecutor(4) as threads:
        stored = list(threads.map(lambda _: evidence.store(UPLOAD, EARNER, [LESSON]), range(12)))
    assert len(set(stored)) == len(files(blobs)) == kept(database_url) == 1
    assert b"".join(evidence.open(stored[0].evidence_id)) == LESSON


@pytest.mark.parametrize(("person", "content"), [(FIRST, LESSON), (EARNER, LESSON + b"!")])
def test_an_upload_that_was_another_file_before_is_refused(
    evidence: EvidenceStore, blobs: Path, person: UUID, content: bytes
) -> None:
    evidence.store(UPLOAD, EARNER, [LESSON])
    with pytest.raises(CommandReusedError):
        evidence.store(UPLOAD, person, [content])
    assert len(files(blobs)) == 1


def test_file_and_folder_are_on_the_disk_before_the_vault_knows_of_them(
    evidence: EvidenceStore, blobs: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, flushed = os.fsync, []

    def recording(descriptor: int) -> None:
        flushed.append((os.fstat(descriptor).st_ino, kept(database_url)))
        flush(descriptor)

    monkeypatch.setattr(os, "fsync", recording)
    stored = evidence.store(UPLOAD, EARNER, [LESSON])
    places = (blobs / str(stored.evidence_id), blobs)
    assert flushed == [(place.stat().st_ino, 0) for place in places]


def test_a_file_that_others_handed_in_too_is_taken_and_reported(evidence: EvidenceStore) -> None:
    mine = evidence.store(uuid4(), EARNER, [LESSON])
    evidence.store(uuid4(), EARNER, [LESSON])
    theirs = evidence.store(uuid4(), FIRST, [LESSON])
    another = evidence.store(uuid4(), SECOND, [LESSON + b"!"])
    assert mine.same_from_person_ids == another.same_from_person_ids == ()
    assert theirs.same_from_person_ids == (EARNER,)
    assert evidence.describe(mine.evidence_id).same_from_person_ids == (FIRST,)


@pytest.mark.parametrize(
    ("chunks", "error"),
    [
        ([], EvidenceEmptyError),
        ([b"", b""], EvidenceEmptyError),
        ([b"#!/bin/sh\n"], MediaTypeRefusedError),
        ([LESSON * 100, b"\xff"], MediaTypeRefusedError),
        (lambda: video(64), EvidenceTooLargeError),
    ],
)
def test_a_refused_file_leaves_nothing_behind(
    evidence: EvidenceStore, blobs: Path, database_url: str, chunks: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        evidence.store(UPLOAD, EARNER, chunks() if callable(chunks) else chunks)  # type: ignore[arg-type]
    assert files(blobs) == []
    assert kept(database_url) == 0
    assert evidence.store(UPLOAD, EARNER, [LESSON]).size_bytes == len(LESSON)


def test_an_upload_that_breaks_off_leaves_nothing_behind(
    evidence: EvidenceStore, blobs: Path, database_url: str
) -> None:
    def broken() -> Iterator[bytes]:
        yield from video(12)
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        evidence.store(UPLOAD, EARNER, broken())
    assert files(blobs) == []
    assert kept(database_url) == 0


def test_a_try_that_broke_off_after_its_blob_does_not_stand_in_the_way(
    evidence: EvidenceStore, database_url: str
) -> None:
    """Its blob stays, for its row might have been stored after all; nobody has its key."""
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE ledger.vault_evidence RENAME TO away")
    with pytest.raises(psycopg.errors.UndefinedTable):
        evidence.store(UPLOAD, EARNER, [LESSON])
    with psycopg.connect(database_url) as connection:
        connection.execute("ALTER TABLE ledger.away RENAME TO vault_evidence")
    stored = evidence.store(UPLOAD, EARNER, [LESSON])
    assert b"".join(evidence.open(stored.evidence_id)) == LESSON


def test_files_stream_both_ways_in_a_few_mebibytes(evidence: EvidenceStore) -> None:
    evidence.store(uuid4(), EARNER, video(1))
    tracemalloc.start()
    try:
        stored = evidence.store(UPLOAD, EARNER, video(60))
        given = sum(len(piece) for piece in evidence.open(stored.evidence_id))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert given == stored.size_bytes > 60 * MEBIBYTE
    assert most < 16 * MEBIBYTE


def test_a_file_that_is_not_there_is_not_found(evidence: EvidenceStore) -> None:
    with pytest.raises(NotFoundError):
        evidence.open(uuid4())
    with pytest.raises(NotFoundError):
        evidence.describe(uuid4())


def test_a_blob_that_is_gone_changed_or_exchanged_is_noticed(
    evidence: EvidenceStore, blobs: Path
) -> None:
    stored, other = (evidence.store(uuid4(), EARNER, [LESSON]).evidence_id for _ in range(2))
    mine, theirs = blobs / str(stored), blobs / str(other)
    content = mine.read_bytes()
    for changed in (content[:-1], content + b"\0", theirs.read_bytes(), b""):
        mine.write_bytes(changed)
        with pytest.raises(EvidenceDamagedError, match=str(stored)):
            list(evidence.open(stored))
    mine.unlink()
    with pytest.raises(EvidenceDamagedError, match="gone"):
        evidence.open(stored)


def test_nothing_more_is_given_of_a_file_that_is_deleted_while_it_is_read(
    evidence: EvidenceStore, blobs: Path
) -> None:
    long = LESSON * (4 * SEGMENT_BYTES // len(LESSON))
    stored = evidence.store(uuid4(), EARNER, [long]).evidence_id
    pieces = evidence.open(stored)
    assert next(pieces).startswith(LESSON)
    (blobs / str(stored)).unlink()
    with pytest.raises(EvidenceDamagedError, match="gone"):
        list(pieces)


def test_keys_that_were_exchanged_or_moved_are_noticed(
    evidence: EvidenceStore, database_url: str
) -> None:
    stored = evidence.store(uuid4(), EARNER, [LESSON]).evidence_id
    other = evidence.store(uuid4(), EARNER, [LESSON]).evidence_id
    with psycopg.connect(database_url) as connection:
        connection.execute(
            "UPDATE ledger.vault_evidence a SET sealed_keys = b.sealed_keys"
            " FROM ledger.vault_evidence b WHERE a.evidence_id = %s AND b.evidence_id = %s",
            [stored, other],
        )
    with pytest.raises(VaultDamagedError):
        evidence.open(stored)


def test_destroying_a_persons_key_destroys_her_files(
    evidence: EvidenceStore, database_url: str
) -> None:
    stored = evidence.store(UPLOAD, EARNER, [LESSON]).evidence_id
    with psycopg.connect(connection_info(database_url, Role.VAULT)) as connection:
        connection.execute("DELETE FROM vault_person_keys WHERE person_id = %s", [EARNER])
    with pytest.raises(ErasedError, match="erased"):
        evidence.open(stored)


def test_evidence_may_lie_elsewhere_than_in_a_folder(vault: Vault, tmp_path: Path) -> None:
    assert isinstance(open_blobs("memory:///"), MemoryStore)
    assert isinstance(open_blobs((tmp_path / "new").as_uri()), LocalStore)
    store = EvidenceStore(vault, open_blobs("memory:///"), bytes_max=MEBIBYTE)
    stored = store.store(UPLOAD, EARNER, [LESSON])
    assert b"".join(store.open(stored.evidence_id)) == LESSON
