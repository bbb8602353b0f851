"""Whatever somebody takes out of the vault, changes in it or gives to another person is named."""

from __future__ import annotations

from pathlib import Path
from typing import get_args
from uuid import UUID, uuid4

import psycopg

from api.upkeep import vault_inventory
from ledger.vault_inventory import Kind, VaultFinding
from tests.api.test_merges import merge
from tests.api.world import World
from tests.privacy.life import DUE, Life


def url_of(world: World) -> str:
    assert world.settings.database_url is not None
    return world.settings.database_url.get_secret_value()


def damaged(world: World, *statements: str, **values: object) -> list[VaultFinding]:
    """What is found after somebody with all rights has done this."""
    with psycopg.connect(url_of(world), options="-c search_path=ledger") as owner:
        for statement in statements:
            assert owner.execute(statement.encode(), values).rowcount > 0, statement
    return vault_inventory(world.edge).check()


def test_a_vault_that_forgot_what_it_should_and_met_two_records_of_one_person_is_sound(
    world: World, tmp_path: Path
) -> None:
    gone = Life(world, tmp_path / "gone").whole()
    other = gone.district.person("Known Already")
    merge(world, gone.teacher, other)
    assert vault_inventory(world.edge).check() == []
    assert gone.erased(DUE).json()["status"] == "erased"
    assert vault_inventory(world.edge).check() == []


def test_every_row_that_is_not_as_the_log_has_it_is_named(world: World, tmp_path: Path) -> None:
    life = Life(world, tmp_path / "rosters").is_hired().is_renamed().earns().carries()
    her = {"her": life.teacher, "other": uuid4(), "another": uuid4()}
    assert vault_inventory(world.edge).check() == []

    found = damaged(
        world,
        "DELETE FROM vault_texts WHERE text_id = (SELECT text_id FROM vault_texts"
        " WHERE person_id = %(her)s AND purpose = 'feedback' LIMIT 1)",
        "UPDATE vault_texts SET ciphertext = ciphertext || '\\x00' WHERE text_id = (SELECT text_id"
        " FROM vault_texts WHERE person_id = %(her)s AND purpose = 'reflection' LIMIT 1)",
        "UPDATE vault_texts SET person_id = %(other)s"
        " WHERE person_id = %(her)s AND purpose = 'note'",
        "DELETE FROM vault_records WHERE person_id = %(her)s",
        "DELETE FROM vault_record_keys WHERE key_id = (SELECT min(key_id::text)::uuid"
        " FROM vault_record_keys)",
        "UPDATE vault_person_keys SET key_id = gen_random_uuid() WHERE person_id = %(her)s",
        "DELETE FROM vault_identities WHERE identity_hmac = (SELECT min(identity_hmac)"
        " FROM vault_identities WHERE subject_id = %(her)s)",
        "UPDATE vault_identities SET subject_id = %(other)s WHERE subject_id = %(her)s",
        "DELETE FROM vault_details WHERE person_id = %(her)s",
        "UPDATE vault_details SET text_id = %(another)s WHERE person_id <> %(her)s",
        **her,
    )

    assert {one.kind for one in found} == set(get_args(Kind))
    of_her = {one.kind for one in found if str(life.teacher) in f"{one.name} {one.detail}"}
    assert of_her == set(get_args(Kind)) - {
        "details-changed",
        "key-missing",
        "signing-key-missing",
    }
    [moved] = [one for one in found if one.kind == "number-moved"]
    assert moved.detail.endswith(f"it leads to {her['other']}")
    [missing] = [one for one in found if one.kind == "key-missing"]
    assert missing.name == her["other"], "no key opens what was given to her"
    assert isinstance(missing.name, UUID)
