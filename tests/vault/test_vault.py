"""The vault: texts, details, identities, positions."""

from __future__ import annotations

import logging
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st
from pydantic import ValidationError

from ledger.errors import NotFoundError
from ledger.identities import IdentityTakenError, Position
from ledger.keys import FileKeyProvider, RootKeyError, VaultDamagedError
from ledger.store import Role, connection_info
from ledger.vault import DetailsPointer, NewText, PersonDetails, Vault
from tests.samples import DISTRICT, EARNER, FIRST, named
from tests.vaults import Pool

COMMAND = named("command")
HOSTILE = (
    "O'Brien",
    "Null",
    "=1+1",
    "Prince",
    "\u202eevil",  # turns what follows it around
    "\u200bzero",
    "\U0001d518\U0001f393",  # beyond the first 65,536 characters
    "Zoe\u0301",
    "N" * 300,
    "Robert'); DROP TABLE vault_texts;--",
    "%s {0} \\",
)
TABLES = ("vault_texts", "vault_person_keys", "vault_identities", "vault_details")


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(connection_info(url, Role.VAULT)) as connection:
        return connection.execute(query.encode()).fetchall()


# Texts


def test_words_come_back_as_they_were(vault: Vault) -> None:
    for text in HOSTILE:
        kept = vault.put_text(EARNER, "feedback", text, command_id=COMMAND)
        assert vault.get_text(kept.text_id) == text


def test_words_sent_again_are_kept_once(vault: Vault, database_url: str) -> None:
    first = vault.put_text(EARNER, "feedback", "Try again.", command_id=COMMAND)
    again = vault.put_text(EARNER, "feedback", "Try again.", command_id=COMMAND)
    assert again == first
    assert rows(database_url, "SELECT count(*) FROM vault_texts") == [(1,)]


def test_other_words_persons_purposes_and_commands_are_kept_apart(vault: Vault) -> None:
    one = NewText(EARNER, "feedback", COMMAND, "Good.")
    others = [
        NewText(FIRST, "feedback", COMMAND, "Good."),
        NewText(EARNER, "reflection", COMMAND, "Good."),
        NewText(EARNER, "feedback", named("another"), "Good."),
        NewText(EARNER, "feedback", COMMAND, "Good. "),
        NewText(EARNER, "feedbac", COMMAND, "kGood."),
    ]
    kept = vault.put_texts([one, *others, one])
    assert kept[0] == kept[-1]
    assert len({text.text_id for text in kept}) == 1 + len(others)
    assert vault.get_texts([text.text_id for text in kept]) == {
        stored.text_id: text.text for stored, text in zip(kept, [one, *others, one], strict=True)
    }


def test_a_resend_beside_the_first_try_gets_the_same_answer(vault: Vault) -> None:
    with ThreadPoolExecutor(8) as threads:
        kept = list(
            threads.map(
                lambda _: vault.put_text(EARNER, "feedback", "Good.", command_id=COMMAND), range(32)
            )
        )
    assert len(set(map(str, kept))) == 1
    assert vault.get_text(kept[0].text_id) == "Good."


def test_the_log_gets_the_digest_of_what_is_stored(vault: Vault, database_url: str) -> None:
    kept = vault.put_text(EARNER, "feedback", "Good.", command_id=COMMAND)
    [(digest,)] = rows(database_url, "SELECT encode(sha256(ciphertext), 'hex') FROM vault_texts")
    assert kept.ciphertext_sha256 == f"sha256:{digest}"


def test_a_text_that_is_not_there_is_not_found(vault: Vault) -> None:
    with pytest.raises(NotFoundError):
        vault.get_text(uuid4())
    assert vault.get_texts([uuid4()]) == {}
    assert vault.put_texts([]) == []


@pytest.mark.parametrize(
    "change",
    [
        "ciphertext = set_byte(ciphertext, 40, get_byte(ciphertext, 40) # 1)",
        "ciphertext = substr(ciphertext, 1, length(ciphertext) - 1)",
        "ciphertext = ''",
        "purpose = 'reflection'",
        "text_id = gen_random_uuid()",
    ],
)
def test_a_changed_row_is_noticed(vault: Vault, database_url: str, change: str) -> None:
    vault.put_text(EARNER, "feedback", "60000", command_id=COMMAND)
    with psycopg.connect(database_url) as connection:
        connection.execute(f"UPDATE ledger.vault_texts SET {change}".encode())
    [(text_id,)] = rows(database_url, "SELECT text_id FROM vault_texts")
    assert isinstance(text_id, UUID)
    with pytest.raises(VaultDamagedError) as noticed:
        vault.get_text(text_id)
    assert "60000" not in "".join(traceback.format_exception(noticed.value))


@pytest.mark.parametrize("table", ["vault_texts", "vault_person_keys"])
def test_rows_of_two_persons_cannot_be_exchanged(
    vault: Vault, database_url: str, table: str
) -> None:
    """Neither her text nor her key passes for another's."""
    kept = [
        vault.put_text(person, "feedback", str(person), command_id=COMMAND)
        for person in (EARNER, FIRST)
    ]
    column = "ciphertext" if table == "vault_texts" else "wrapped"
    with psycopg.connect(database_url) as connection:
        connection.execute(
            f"UPDATE ledger.{table} a SET {column} = b.{column} FROM ledger.{table} b"
            " WHERE a.person_id <> b.person_id".encode()
        )
    for text in kept:
        with pytest.raises(VaultDamagedError):
            vault.get_text(text.text_id)


def test_a_key_of_another_wrapping_key_is_not_opened(vault: Vault, database_url: str) -> None:
    kept = vault.put_text(EARNER, "feedback", "Good.", command_id=COMMAND)
    damage = "UPDATE ledger.vault_person_keys SET wrapped = overlay(wrapped PLACING '\\x00' FROM 2)"
    with psycopg.connect(database_url) as connection:
        with pytest.raises(psycopg.errors.ForeignKeyViolation), connection.transaction():
            connection.execute(damage)
        connection.execute("SET session_replication_role = replica")  # looks at no foreign key
        connection.execute(damage)
    with pytest.raises(VaultDamagedError, match="lacks"):
        vault.get_text(kept.text_id)


def test_destroying_her_key_erases_her_words_and_nobody_elses(
    vault: Vault, database_url: str
) -> None:
    hers, others = (
        vault.put_text(person, "feedback", "Good.", command_id=COMMAND)
        for person in (EARNER, FIRST)
    )
    with psycopg.connect(connection_info(database_url, Role.VAULT)) as connection:
        connection.execute("DELETE FROM vault_person_keys WHERE person_id = %s", [EARNER])
    assert vault.get_texts([hers.text_id, others.text_id]) == {others.text_id: "Good."}


# Keys


def test_two_processes_that_open_an_empty_vault_share_its_keys(
    connections: Pool, tmp_path: Path
) -> None:
    provider = FileKeyProvider(tmp_path / "root-keys")
    with ThreadPoolExecutor(4) as threads:
        vaults = list(threads.map(lambda _: Vault(connections, provider), range(8)))
    kept = vaults[0].put_text(EARNER, "feedback", "Good.", command_id=COMMAND)
    assert {vault.get_text(kept.text_id) for vault in vaults} == {"Good."}
    assert len({vault.body_hash(b"body") for vault in vaults}) == 1


def test_a_vault_without_its_root_key_does_not_open(
    vault: Vault, connections: Pool, tmp_path: Path
) -> None:
    assert vault.body_hash(b"body")
    with pytest.raises(RootKeyError):
        Vault(connections, FileKeyProvider(tmp_path / "other-root-keys"))


def test_only_the_vault_role_enters(vault: Vault, database_url: str) -> None:
    vault.put_text(EARNER, "feedback", "Good.", command_id=COMMAND)
    for role in (Role.APPEND, Role.PROJECT, Role.READ):
        with psycopg.connect(connection_info(database_url, role)) as connection:
            for table in TABLES:
                with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                    connection.execute(f"SELECT FROM {table}".encode())
    with (
        psycopg.connect(connection_info(database_url, Role.VAULT)) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("SELECT FROM ledger_events")


# Details


def details(given: str, family: str, **more: str) -> PersonDetails:
    return PersonDetails(given_name=given, family_name=family, **more)


def test_details_come_back_in_batches(vault: Vault) -> None:
    known = {
        uuid4(): details(name, name, email=f"{n}@example.org") for n, name in enumerate(HOSTILE)
    }
    stored = vault.put_many_details(DISTRICT, known)
    assert vault.get_details(known, DISTRICT) == {}
    vault.point_details([DetailsPointer(one, DISTRICT, stored[one].text_id, 2) for one in known])
    found = vault.get_details([*known, uuid4()], DISTRICT)
    assert found.keys() == known.keys()
    assert {person.email for person in found.values()} == {one.email for one in known.values()}
    vault.point_details([])


def test_the_newest_details_are_shown_whoever_writes_late(vault: Vault) -> None:
    old, new = (
        vault.put_details(EARNER, DISTRICT, details(name, "Smith")) for name in ("Ann", "Anna")
    )
    vault.point_details([DetailsPointer(EARNER, DISTRICT, new.text_id, 3)])
    vault.point_details([DetailsPointer(EARNER, DISTRICT, old.text_id, 2)])
    assert vault.get_details([EARNER], DISTRICT)[EARNER].given_name == "Anna"
    vault.point_details([DetailsPointer(EARNER, DISTRICT, old.text_id, 4)])
    assert vault.get_details([EARNER], DISTRICT)[EARNER].given_name == "Ann"


def test_employee_numbers_are_those_of_the_details(vault: Vault) -> None:
    numbered, unnumbered = uuid4(), uuid4()
    known = {
        numbered: details("Ann", "Smith", employee_number="0042"),
        unnumbered: details("Bea", "Smith"),
    }
    stored = vault.put_many_details(DISTRICT, known)
    vault.point_details([DetailsPointer(one, DISTRICT, stored[one].text_id, 2) for one in known])
    assert vault.employee_numbers([*known, uuid4()], DISTRICT) == {numbered: "0042", unnumbered: ""}
    assert vault.employee_numbers(known, uuid4()) == {}
    assert vault.employee_numbers([], DISTRICT) == {}


def test_no_district_learns_what_another_knows_a_person_by(vault: Vault) -> None:
    other = uuid4()
    here = vault.put_details(EARNER, DISTRICT, details("Ann", "Smith", employee_number="4711"))
    there = vault.put_details(EARNER, other, details("Ann", "Jones", employee_number="mf-1"))
    vault.point_details([DetailsPointer(EARNER, DISTRICT, here.text_id, 2)])
    vault.point_details([DetailsPointer(EARNER, other, there.text_id, 3)])
    assert vault.get_details([EARNER], DISTRICT)[EARNER].employee_number == "4711"
    assert vault.get_details([EARNER], other)[EARNER].employee_number == "mf-1"
    assert vault.get_details([EARNER], None)[EARNER].family_name == "Jones", "the newest, to her"
    assert vault.search([EARNER], DISTRICT, "jones") == []
    assert vault.get_details([EARNER], uuid4()) == {}


def test_equal_details_have_one_id_and_others_another(vault: Vault) -> None:
    ann = details("Ann", "Smith")
    assert vault.put_details(EARNER, DISTRICT, ann).text_id == vault.details_id(
        EARNER, DISTRICT, ann
    )
    assert vault.details_id(EARNER, DISTRICT, details("Ann", "Smit")) != vault.details_id(
        EARNER, DISTRICT, ann
    )
    assert vault.details_id(FIRST, DISTRICT, ann) != vault.details_id(EARNER, DISTRICT, ann)


def test_a_person_is_called_as_she_prefers() -> None:
    assert details("Barry", "Tanner").name == "Barry Tanner"
    assert details("Barry", "Tanner", preferred_family_name="Woodlock").name == "Barry Woodlock"
    assert details("", "Prince").name == "Prince"


def test_details_show_themselves_to_nobody_who_prints_them(
    vault: Vault, caplog: pytest.LogCaptureFixture
) -> None:
    ann = details("Ann", "Smith", employee_number="4711")
    text = NewText(EARNER, "feedback", COMMAND, "Smith")
    with caplog.at_level(logging.DEBUG):
        vault.put_details(EARNER, DISTRICT, ann)
        vault.put_texts([text])
    for shown in (repr(ann), str(ann), f"{ann}", repr(text), repr(vault.__dict__), caplog.text):
        assert "Smith" not in shown
        assert "4711" not in shown


@pytest.mark.parametrize("bad", ["a\0b", "\ud800", "x" * 301])
def test_details_hold_no_more_than_text_can_carry(bad: str) -> None:
    with pytest.raises((ValidationError, UnicodeError)):
        details(bad, "Smith")


def test_persons_are_found_by_any_part_of_their_details(vault: Vault) -> None:
    people = {
        uuid4(): details("Conan", "O'Brien", email="conan@example.org"),
        uuid4(): details("Ana", "Núñez", preferred_given_name="Nita"),
        uuid4(): details("Ana", "Smith", employee_number="4711"),
    }
    stored = vault.put_many_details(DISTRICT, people)
    vault.point_details([DetailsPointer(one, DISTRICT, stored[one].text_id, 1) for one in people])

    def found(query: str) -> list[str]:
        return [people[one].family_name for one in vault.search(people, DISTRICT, query)]

    assert found("obrien") == found("O'BRIEN") == found("conan@") == ["O'Brien"]
    assert found("nunez") == found("Nún NITA") == ["Núñez"]
    assert found("ana") == ["Núñez", "Smith"]
    assert found("") == ["Núñez", "O'Brien", "Smith"]
    assert found("4711") == ["Smith"]
    assert found("ana obrien") == []
    assert vault.search([], DISTRICT, "ana") == []


# Identities and positions


def test_a_number_leads_to_one_random_person(vault: Vault) -> None:
    first = vault.persons_for("oneroster", DISTRICT, ["207219", "207220"])
    again = vault.persons_for("oneroster", DISTRICT, ["207220", "207219", "207221"])
    assert first.items() <= again.items()
    assert len(set(again.values())) == 3
    assert all(person.version == 4 for person in again.values())
    assert vault.find_person("oneroster", DISTRICT, "207219") == first["207219"]


def test_the_same_number_elsewhere_is_another_person(vault: Vault) -> None:
    places = [("oneroster", DISTRICT), ("state", DISTRICT), ("oneroster", named("elsewhere"))]
    people = {vault.persons_for(source, where, ["1"])["1"] for source, where in places}
    assert len(people) == 3
    assert vault.find_person("oneroster", DISTRICT, "01") is None
    assert vault.find_person("oneroster", DISTRICT, "1 ") is None


def test_a_command_that_is_sent_again_registers_the_same_person(vault: Vault) -> None:
    assert vault.person_for_command(COMMAND) == vault.person_for_command(COMMAND)
    assert vault.person_for_command(named("other")) != vault.person_for_command(COMMAND)


def test_racers_for_one_number_meet_the_same_person(vault: Vault) -> None:
    numbers = [str(n) for n in range(20)]
    with ThreadPoolExecutor(4) as threads:
        found = list(
            threads.map(
                lambda n: vault.persons_for("oneroster", DISTRICT, numbers[n:] + numbers[:n]),
                range(12),
            )
        )
    assert all(one == found[0] for one in found)


def test_a_number_that_leads_to_somebody_else_is_refused(vault: Vault) -> None:
    first = vault.link_identity(EARNER, "state", DISTRICT, "S-1")
    assert vault.link_identity(EARNER, "state", DISTRICT, "S-1") == first
    assert first == vault.identity_hmac("state", DISTRICT, "S-1")
    with pytest.raises(IdentityTakenError):
        vault.link_identity(FIRST, "state", DISTRICT, "S-1")


def test_positions_are_remembered_by_district_and_by_person(vault: Vault) -> None:
    hmac = vault.position_hmac("oneroster", DISTRICT, "r-1")
    assert hmac != vault.position_hmac("oneroster", DISTRICT, "r-2")
    positions = [
        Position(hmac, EARNER, date(2023, 8, 1)),
        Position(hmac, EARNER, date(2024, 8, 1)),
        Position(hmac, FIRST, date(2024, 8, 1)),
    ]
    vault.add_positions("oneroster", DISTRICT, positions)
    vault.add_positions("oneroster", DISTRICT, [*positions, positions[0]])
    assert sorted(vault.positions("oneroster", DISTRICT)) == sorted(positions)
    assert vault.positions("command", DISTRICT) == []
    assert sorted(vault.positions_of_person(EARNER, DISTRICT)) == positions[:2]
    assert vault.positions_of_person(EARNER, named("elsewhere")) == []


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@for_all(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_whatever_is_kept_its_letters_are_nowhere_in_the_database(
    vault: Vault, database_url: str, text: str
) -> None:
    marked = f"canary {text} canary"
    kept = vault.put_text(EARNER, "feedback", marked, command_id=COMMAND)
    vault.put_details(EARNER, DISTRICT, details("canary", "canary"))
    vault.persons_for("oneroster", DISTRICT, [marked])
    assert vault.get_text(kept.text_id) == marked
    for table in TABLES:
        for row in rows(database_url, f"SELECT * FROM {table}"):
            for value in row:
                assert b"canary" not in (value if isinstance(value, bytes) else str(value).encode())
