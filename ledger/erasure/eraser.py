"""Destroys keys, rows and blobs, and makes a vault forget again what an older copy brought back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

import obstore
from obstore.store import ObjectStore

from ledger.aggregates.retention import Subject
from ledger.erasure.list import Entry, EraseFile
from ledger.payroll_files import name_of_blob
from ledger.sql import blocks, execute, fetch
from ledger.vault import Vault

_SQL = blocks("ledger.erasure", "erasure.sql")


class Destroyed(NamedTuple):
    """What was destroyed of one subject, the first time."""

    key_id: UUID | None
    texts: int
    files: int
    tombstones: int

    @classmethod
    def together(cls, parts: Iterable[Destroyed]) -> Destroyed:
        """What was destroyed under all ids of one person; the key is that of the last."""
        every = list(parts)
        return cls(
            every[-1].key_id,
            texts=sum(one.texts for one in every),
            files=sum(one.files for one in every),
            tombstones=sum(one.tombstones for one in every),
        )


class Eraser:
    """Goes behind the vault's gate, for it works while that is closed."""

    def __init__(self, vault: Vault, blobs: ObjectStore, erase_file: EraseFile) -> None:
        self._gate = vault.gate
        self._blobs = blobs
        self.file = erase_file

    def destroy_person(self, person_id: UUID, known_hmacs: Collection[bytes]) -> Destroyed:
        """Destroy what the vault has of a person. Doing it again changes nothing.

        Her files can be opened by nobody any more; `delete_blobs` deletes them.

        Args:
            person_id: Whose keys, texts, details, numbers, positions and files are destroyed.
            known_hmacs: Digests of numbers that lead to her by the log, whatever the vault says.
        """
        with self._gate.behind.connection() as connection:
            execute(connection, _SQL["keep_writers_out"])
            rows = fetch(connection, _SQL["numbers_of_person"], person_id=person_id)
            hmacs = {*known_hmacs, *(bytes(hmac) for (hmac,) in rows)}
            earlier = self.file.entries().get(person_id)
            if earlier is None:
                # Outside the database first: now no older copy brings her back unnoticed.
                self.file.add([Entry(Subject(person_id), tuple(sorted(hmacs)))])
            else:
                hmacs.update(earlier.tombstones)
            execute(connection, _SQL["destroy_person"], person_id=person_id, hmacs=list(hmacs))
            [row] = fetch(connection, _SQL["destroyed"], subject_id=person_id)
        return Destroyed(*row)

    def destroy_evidence(self, subject: Subject) -> Destroyed:
        """Destroy the keys of one file. Doing it again changes nothing."""
        evidence_id = subject.evidence_id
        self.file.add([Entry(subject)])
        with self._gate.behind.connection() as connection:
            execute(connection, _SQL["keep_writers_out"])
            execute(connection, _SQL["destroy_evidence"], evidence_id=evidence_id)
            [row] = fetch(connection, _SQL["destroyed"], subject_id=evidence_id)
        return Destroyed(*row)

    def destroy_payroll_files(self, file_ids: Collection[UUID]) -> None:
        """Destroy the keys of files of a batch, and the files. Doing it again changes nothing."""
        with self._gate.behind.connection() as connection:
            execute(connection, _SQL["destroy_payroll_files"], file_ids=list(file_ids))
        for file_id in file_ids:
            with suppress(FileNotFoundError):
                obstore.delete(self._blobs, name_of_blob(file_id))

    def remembered_payroll_files(self, file_ids: Collection[UUID]) -> list[UUID]:
        """Those of the files that were destroyed which the vault knows again."""
        with self._gate.behind.connection() as connection:
            rows = fetch(connection, _SQL["remembered_payroll_files"], file_ids=list(file_ids))
        return [file_id for (file_id,) in rows]

    def delete_blobs(self) -> int:
        """Delete the files whose keys are gone. What is gone already is as good as deleted."""
        with self._gate.behind.connection() as connection:
            doomed = [row[0] for row in fetch(connection, _SQL["doomed_blobs"])]
        for evidence_id in doomed:
            with suppress(FileNotFoundError):
                obstore.delete(self._blobs, str(evidence_id))
            with self._gate.behind.connection() as connection:
                execute(connection, _SQL["blob_deleted"], evidence_id=evidence_id)
        return len(doomed)

    def remembered(self, entries: Iterable[Entry]) -> list[Entry]:
        """Those entries of which the vault still, or again, knows something."""
        by_id = {entry.subject_id: entry for entry in entries}
        hmacs = [hmac for entry in by_id.values() for hmac in entry.tombstones]
        with self._gate.behind.connection() as connection:
            found = {
                row[0] for row in fetch(connection, _SQL["remembered"], subject_ids=list(by_id))
            }
            missing = {bytes(row[0]) for row in fetch(connection, _SQL["not_buried"], hmacs=hmacs)}
        return [
            entry
            for entry in by_id.values()
            if entry.subject_id in found or missing.intersection(entry.tombstones)
        ]

    def destroy(self, entry: Entry) -> Destroyed:
        """Destroy once more what the list says is gone."""
        if entry.subject.evidence_id is None:
            return self.destroy_person(entry.subject_id, entry.tombstones)
        return self.destroy_evidence(entry.subject)
