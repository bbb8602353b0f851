"""What destroying a person or a file leaves in the vault, and what may be written beside it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Event
from uuid import UUID, uuid4

import psycopg
import pytest

from ledger.aggregates.retention import Subject
from ledger.erasure import Entry, EraseFile, EraseFileDamagedError, Eraser
from ledger.errors import ErasedError
from ledger.evidence import EvidenceStore, open_blobs
from ledger.gate import VaultClosedError
from ledger.identities import Position
from ledger.keyring import PersonErasedError
from ledger.store import Role, connection_info
from ledger.vault import DetailsPointer, PersonDetails, Vault
from tests.api.world import PNG
from tests.samples import DISTRICT, EARNER, FIRST, named

COMMAND = named("command")
SOURCE = "oneroster"
LEFT_BEHIND = {"vault_erasures", "vault_tombstones"}


@pytest.fixture
def eraser(vault: Vault, blobs: Path, tmp_path: Path) -> Eraser:
    return Eraser(vault, open_blobs(blobs.as_uri()), EraseFile(tmp_path / "root-keys.erased"))


def lives(vault: Vault, evidence: EvidenceStore, person: UUID) -> UUID:
    """Everything the vault can hold of somebody; answers her file."""
    details = PersonDetails(given_name="Ann", family_name="Smith", employee_number=str(person))
    stored = vault.put_details(person, DISTRICT, details)
    vault.point_details([DetailsPointer(person, DISTRICT, stored.text_id, 2)])
    vault.put_text(person, "feedback", "Clear.", command_id=COMMAND)
    vault.link_identity(person, SOURCE, DISTRICT, str(person))
    vault.link_identity(person, "sis", DISTRICT, f"sis {person}")
    hmac = vault.position_hmac(SOURCE, DISTRICT, str(person))
    vault.add_positions(SOURCE, DISTRICT, [Position(hmac, person, date(2024, 8, 1))])
    return evidence.store(uuid4(), person, [PNG, person.bytes]).evidence_id


def holding(url: str, *ids: UUID) -> set[str]:
    """The tables of the vault in which one of these ids stands."""
    with psycopg.connect(url) as connection:
        named = "SELECT relname FROM pg_class WHERE relname ~ '^vault_' AND relkind = 'r'"
        return {
            name
            for (name,) in connection.execute(named).fetchall()
            if any(
                str(one) in str(row)
                for row in connection.execute(f"SELECT * FROM ledger.{name}".encode()).fetchall()
                for one in ids
            )
        }


def test_of_an_erased_person_the_vault_knows_only_that_she_was(
    vault: Vault, evidence: EvidenceStore, eraser: Eraser, database_url: str, blobs: Path
) -> None:
    hers, others = lives(vault, evidence, EARNER), lives(vault, evidence, FIRST)

    destroyed = eraser.destroy_person(EARNER, [])

    assert (destroyed.texts, destroyed.files, destroyed.tombstones) == (2, 1, 2)
    assert destroyed.key_id is not None
    assert holding(database_url, EARNER) == {"vault_erasures"}
    assert vault.erased([EARNER, FIRST, hers, others]) == {EARNER, hers}
    assert vault.buried(SOURCE, DISTRICT, [str(EARNER), str(FIRST)]) == {str(EARNER)}
    assert vault.find_person(SOURCE, DISTRICT, str(EARNER)) is None
    assert eraser.delete_blobs() == 1
    assert [path.name for path in blobs.iterdir()] == [str(others)]
    with pytest.raises(ErasedError):
        evidence.open(hers)
    assert vault.get_details([EARNER, FIRST], DISTRICT).keys() == {FIRST}
    assert b"".join(evidence.open(others)).endswith(FIRST.bytes)


def test_what_is_erased_twice_is_erased_as_once(
    vault: Vault, evidence: EvidenceStore, eraser: Eraser
) -> None:
    lives(vault, evidence, EARNER)
    first = eraser.destroy_person(EARNER, [])
    assert eraser.destroy_person(EARNER, []) == first
    assert len(eraser.file.entries()) == 1
    assert eraser.delete_blobs() == 1
    assert eraser.delete_blobs() == 0


def test_ciphertexts_that_come_back_without_the_key_stay_shut(
    vault: Vault, evidence: EvidenceStore, eraser: Eraser, database_url: str
) -> None:
    """The key is what is destroyed: a backup of nothing but texts and files says nothing."""
    lives(vault, evidence, EARNER)
    tables = ("vault_texts", "vault_evidence", "vault_details")
    with psycopg.connect(database_url, autocommit=True) as connection:
        for table in tables:
            connection.execute(f"CREATE TABLE kept_{table} AS TABLE ledger.{table}".encode())
        eraser.destroy_person(EARNER, [])
        for table in tables:
            connection.execute(f"INSERT INTO ledger.{table} TABLE kept_{table}".encode())
        texts = [row[0] for row in connection.execute("SELECT text_id FROM ledger.vault_texts")]
    assert len(texts) == 2
    assert vault.get_texts(texts) == {}
    assert vault.get_details([EARNER], DISTRICT) == {}
    [entry] = eraser.file.entries().values()
    assert eraser.remembered([entry]) == [entry]
    eraser.destroy(entry)
    assert eraser.remembered([entry]) == []


def test_nothing_is_written_about_somebody_who_was_erased(
    vault: Vault, evidence: EvidenceStore, eraser: Eraser, database_url: str
) -> None:
    lives(vault, evidence, EARNER)
    eraser.destroy_person(EARNER, [])
    hmac = vault.position_hmac(SOURCE, DISTRICT, "another")
    for write in (
        lambda: vault.put_text(EARNER, "feedback", "Again.", command_id=COMMAND),
        lambda: vault.link_identity(EARNER, SOURCE, DISTRICT, "new"),
        lambda: vault.link_identity(FIRST, SOURCE, DISTRICT, str(EARNER)),
        lambda: vault.add_positions(SOURCE, DISTRICT, [Position(hmac, EARNER, date(2025, 8, 1))]),
        lambda: evidence.store(uuid4(), EARNER, [PNG]),
    ):
        with pytest.raises(PersonErasedError):
            write()
    vault.point_details([DetailsPointer(EARNER, DISTRICT, uuid4(), 9)])
    assert vault.persons_for(SOURCE, DISTRICT, [str(EARNER)]) == {}
    assert holding(database_url, EARNER) == {"vault_erasures"}


def test_a_file_is_erased_alone(
    vault: Vault, evidence: EvidenceStore, eraser: Eraser, database_url: str
) -> None:
    gone, kept = lives(vault, evidence, EARNER), evidence.store(uuid4(), EARNER, [PNG]).evidence_id
    destroyed = eraser.destroy_evidence(Subject(EARNER, gone, uuid4()))
    assert destroyed == (None, 0, 1, 0)
    assert holding(database_url, gone) == {"vault_erasures", "vault_doomed_blobs"}
    eraser.delete_blobs()
    with pytest.raises(ErasedError):
        evidence.describe(gone)
    assert b"".join(evidence.open(kept)) == PNG
    assert vault.get_details([EARNER], DISTRICT)[EARNER].family_name == "Smith"


def test_a_text_that_is_being_written_is_there_before_she_is_erased_or_not_at_all(
    vault: Vault, eraser: Eraser, database_url: str
) -> None:
    """Between looking up her key and storing her words, nobody destroys it."""
    vault.put_text(EARNER, "feedback", "First.", command_id=COMMAND)
    locked, go_on = Event(), Event()

    def write() -> None:
        with vault.writing() as connection:
            vault.keyring.person_keys(connection, [EARNER])
            locked.set()
            go_on.wait(10)

    with ThreadPoolExecutor(2) as threads:
        writing = threads.submit(write)
        assert locked.wait(10)
        erasing = threads.submit(eraser.destroy_person, EARNER, [])
        wait_until_blocked(database_url)
        assert not erasing.done()
        go_on.set()
        writing.result()
        assert erasing.result().texts == 1


def wait_until_blocked(url: str) -> None:
    """Until somebody waits for the lock that keeps writers and erasers apart."""
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    with psycopg.connect(url, autocommit=True) as connection:
        while connection.execute(waiting).fetchone() == (0,):
            pass


def test_many_writers_and_one_eraser_leave_nothing_of_her(
    vault: Vault, eraser: Eraser, database_url: str
) -> None:
    def write(number: int) -> bool:
        try:
            vault.put_text(EARNER, "feedback", f"Words {number}.", command_id=named(str(number)))
        except PersonErasedError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        writing = [threads.submit(write, number) for number in range(40)]
        erasing = threads.submit(eraser.destroy_person, EARNER, [])
        written = sum(one.result() for one in writing)
        assert erasing.result().texts <= written <= 40
    assert holding(database_url, EARNER) == {"vault_erasures"}


def test_a_closed_vault_gives_and_takes_nothing(vault: Vault, evidence: EvidenceStore) -> None:
    file = lives(vault, evidence, EARNER)
    vault.gate.closed = True
    for act in (
        lambda: vault.get_details([EARNER], DISTRICT),
        lambda: vault.put_text(EARNER, "feedback", "Words.", command_id=COMMAND),
        lambda: evidence.open(file),
    ):
        with pytest.raises(VaultClosedError):
            act()
    vault.gate.closed = False
    assert vault.get_details([EARNER], DISTRICT)


def test_only_the_vaults_role_sees_what_was_erased(vault: Vault, database_url: str) -> None:
    for role in (Role.APPEND, Role.PROJECT, Role.READ):
        with psycopg.connect(connection_info(database_url, role)) as connection:
            for table in (*LEFT_BEHIND, "vault_doomed_blobs"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(f"SELECT FROM {table}".encode())
    with psycopg.connect(connection_info(database_url, Role.VAULT)) as connection:
        for table in LEFT_BEHIND:
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(f"DELETE FROM {table}".encode())


# The list outside the database


@pytest.fixture
def erase_file(tmp_path: Path) -> EraseFile:
    return EraseFile(tmp_path / "keys" / "erased")


def test_the_list_keeps_what_it_is_told_once(erase_file: EraseFile, tmp_path: Path) -> None:
    assert erase_file.entries() == {}
    person = Entry(Subject(EARNER), (b"a" * 32, b"b" * 32))
    file = Entry(Subject(EARNER, uuid4(), uuid4()))
    erase_file.add([person, file])
    erase_file.add([file, person, Entry(Subject(EARNER))])
    assert erase_file.entries() == {EARNER: person, file.subject_id: file}
    path = tmp_path / "keys" / "erased"
    assert len(path.read_text().splitlines()) == 2
    assert path.stat().st_mode & 0o077 == 0


def test_a_line_that_broke_off_is_replaced(erase_file: EraseFile, tmp_path: Path) -> None:
    erase_file.add([Entry(Subject(EARNER))])
    path = tmp_path / "keys" / "erased"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"person_id":"4')
    assert erase_file.entries().keys() == {EARNER}
    erase_file.add([Entry(Subject(FIRST))])
    assert erase_file.entries().keys() == {EARNER, FIRST}
    assert path.read_bytes().startswith(whole)


@pytest.mark.parametrize("line", ["{}", "[]", "null", "4", "", "\udcff", '{"person_id": null}'])
def test_a_damaged_list_is_no_list(erase_file: EraseFile, tmp_path: Path, line: str) -> None:
    erase_file.add([Entry(Subject(EARNER))])
    path = tmp_path / "keys" / "erased"
    path.write_bytes(path.read_bytes() + line.encode("utf-8", "surrogateescape") + b"\n")
    with pytest.raises(EraseFileDamagedError, match="line 2"):
        erase_file.entries()


def test_writers_of_the_list_do_not_lose_each_others_lines(erase_file: EraseFile) -> None:
    people = [uuid4() for _ in range(60)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: erase_file.add([Entry(Subject(one))]), people))
    assert erase_file.entries().keys() == set(people)
