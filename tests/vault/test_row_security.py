"""The wall around what is personal: a query that forgot its WHERE opens one person or district."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from ledger.store import Role, connection_info
from ledger.vault import DetailsPointer, PersonDetails, Vault
from tests.vaults import open_vault

ADA, BEA, CYD = (UUID(int=number) for number in (1, 2, 3))
EAST, WEST = UUID(int=11), UUID(int=12)
WORDS = {ADA: "of Ada", BEA: "of Bea", CYD: "of Cyd"}
# Whose keys and counts these are is nobody: the ledger itself works with them.
OF_NOBODY = {
    "vault_tenant",
    "vault_wrapping_keys",
    "vault_erasures",
    "vault_tombstones",
    "vault_doomed_blobs",
    "vault_webhook_bookmark",
    "vault_webhook_deliveries",
    "vault_recheck_round",
    "vault_parked_records",
}


@pytest.fixture
def vault(database_url: str, tmp_path: Path) -> Iterator[Vault]:
    """Ada and Bea of the east, Cyd of the west; of each there are words and a name."""
    with open_vault(database_url, tmp_path) as one:
        for person, district in ((ADA, EAST), (BEA, EAST), (CYD, WEST)):
            one.put_text(person, "note", WORDS[person], command_id=uuid4())
            named = one.put_details(person, district, PersonDetails(given_name=WORDS[person]))
            one.point_details([DetailsPointer(person, district, named.text_id, 1)])
        yield one


def seen(vault: Vault, table: str, *scope: UUID) -> set[Any]:
    """The persons in the rows that a query without WHERE brings."""
    with vault.about(*scope) as connection:
        found = connection.execute(f"SELECT person_id FROM {table}".encode()).fetchall()
    return {person for (person,) in found}


@pytest.mark.parametrize("table", ["vault_texts", "vault_details", "vault_person_keys"])
def test_a_query_that_forgot_its_where_brings_whom_it_is_about(vault: Vault, table: str) -> None:
    assert seen(vault, table, ADA) == {ADA}
    assert seen(vault, table, EAST) == {ADA, BEA}
    assert seen(vault, table, WEST) == {CYD}
    assert seen(vault, table, uuid4()) == set()
    assert seen(vault, table, UUID(int=0)) == {ADA, BEA, CYD}


def test_a_district_opens_names_and_no_other_words(vault: Vault) -> None:
    with vault.about(EAST) as connection:
        found = connection.execute("SELECT DISTINCT purpose FROM vault_texts").fetchall()
    assert found == [("person-details",)]


def test_what_is_asked_for_of_somebody_else_is_not_there(vault: Vault) -> None:
    text = vault.put_text(ADA, "note", "more of Ada", command_id=uuid4())
    assert vault.get_texts([text.text_id], about=ADA) == {text.text_id: "more of Ada"}
    assert vault.get_texts([text.text_id], about=BEA) == {}
    assert vault.get_details([ADA, CYD], EAST).keys() == {ADA}


def test_who_does_not_say_of_whom_is_refused(vault: Vault, database_url: str) -> None:
    with psycopg.connect(connection_info(database_url, Role.VAULT)) as connection:
        connection.execute("SET mcledger.scope = ''")
        for table in ("vault_texts", "vault_details", "vault_person_keys"):
            with pytest.raises(errors.InsufficientPrivilege, match="whose rows"):
                connection.execute(f"SELECT FROM {table}".encode())
            connection.rollback()
            connection.execute("SET mcledger.scope = ''")


def test_every_table_of_the_vault_has_row_security_or_is_about_nobody(database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        found = owner.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace"
            " AND relkind = 'r' AND starts_with(relname, 'vault_') AND NOT relrowsecurity"
        ).fetchall()
    assert {name for (name,) in found} == OF_NOBODY
