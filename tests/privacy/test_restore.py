"""Older copies of the vault come back, and forget again before anybody can read them."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from api.forgetting import run_retention
from api.local_paths import find_binaries
from tests.api.conftest import development, projecting
from tests.api.world import World
from tests.database import Server
from tests.privacy.life import DUE, NOBODY, Life
from tests.privacy.places import dump
from tests.privacy.test_drill import everything_decrypted, url_of
from tests.privacy.test_steps import erasures, forgotten, topics

AT = datetime.fromisoformat(DUE["Ledger-Time"])
VAULT = ("--data-only", "--table=ledger.vault_*")


def restore(url: str, copy: bytes, *, empty: bool) -> None:
    """Put a dump back, in place of what the tables hold where it is the data alone."""
    if empty:
        with psycopg.connect(url) as connection:
            named = "SELECT relname FROM pg_class WHERE relname ~ '^vault_' AND relkind = 'r'"
            tables = ", ".join(f"ledger.{name}" for (name,) in connection.execute(named))
            connection.execute(f"TRUNCATE {tables}".encode())
    command = [str(find_binaries() / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", url]
    subprocess.run(command, input=copy, check=True, capture_output=True)


def ready(world: World) -> tuple[int, str]:
    answer = world.ask(None, "GET", "/readyz")
    [check] = [one for one in answer.json()["checks"] if one["name"] == "erasures"]
    return answer.status_code, check["detail"]


@pytest.fixture
def life(world: World, tmp_path: Path) -> Life:
    return Life(world, tmp_path / "rosters").is_hired().is_renamed().earns().leaves()


@pytest.mark.parametrize("without_file", [True, False])
def test_a_vault_from_before_forgets_again_when_a_process_starts(
    life: Life, *, without_file: bool
) -> None:
    world = life.world
    copy = dump(url_of(world), *VAULT)
    assert life.erased(DUE).json()["status"] == "erased"
    told = topics(world)
    restore(url_of(world), copy, empty=True)
    assert not forgotten(world, life.teacher)
    if without_file:
        world.settings.erase_list.unlink()

    with World(world.settings) as again:
        assert forgotten(again, life.teacher)
        assert not again.edge.vault.gate.closed
        assert again.edge.vault.buried("sis", UUID(life.district_id), [life.tokens["sis number"]])
        assert life.tokens["second family name"].encode() not in everything_decrypted(again)
        assert topics(again) == told


def test_a_vault_that_is_put_back_under_a_running_process_forgets_before_it_is_ready(
    life: Life,
) -> None:
    world = life.world
    copy = dump(url_of(world), *VAULT)
    assert life.erased(DUE).json()["status"] == "erased"
    restore(url_of(world), copy, empty=True)
    assert life.finds(life.tokens["second family name"]), "so it is a real copy"

    assert ready(world) == (200, "1 forgotten again")

    assert ready(world) == (200, "what was erased is gone")
    assert life.finds(life.tokens["second family name"]) == []


def test_where_log_and_vault_are_both_old_the_file_beside_the_root_keys_remembers(
    life: Life, database_server: Server
) -> None:
    world = life.world
    file = f"{life.path}/evidence/{life.evidence[0]}"
    copy = dump(url_of(world))
    asked = {"reason": "student-data"}
    assert world.done(life.teacher, f"{file}/redactions", asked)["status"] == "erased"
    assert life.erased(DUE).json()["status"] == "erased"
    with database_server.database("template0") as url:
        restore(url, copy, empty=False)
        settings = development(url, world.settings.state_folder)
        with projecting(url), World(settings) as old:
            assert topics(old) == []
            assert forgotten(old, life.teacher)
            assert old.edge.vault.erased([life.teacher])
            assert life.tokens["second family name"].encode() not in everything_decrypted(old)

            told = list(run_retention(old.edge, NOBODY, AT))

            assert [(one.stage, one.reason) for one in told] == [
                ("erased", "erased-before-restore")
            ] * 2
            assert {one["stage"] for one in erasures(old)} == {"erased"}
            assert list(run_retention(old.edge, NOBODY, AT)) == []


def test_a_vault_stays_closed_while_nobody_can_tell_what_was_erased(life: Life) -> None:
    world = life.world
    assert life.erased(DUE).json()["status"] == "erased"
    whole = world.settings.erase_list.read_bytes()
    world.settings.erase_list.write_bytes(b"not a line of ours\n" + whole)
    colleague = str(life.assessors[0])
    person = f"/v1/people/{colleague}"
    renamed = {"details": {"given_name": "Anna"}}
    district = f"/v1/districts/{life.district_id}/people"

    with World(world.settings) as closed:
        closed.position = world.position
        assert ready(closed) == (503, "erase-file-damaged")
        for answer in (
            closed.get(life.assessors[0], person),
            closed.get(life.district.office, district),
            closed.post(life.district.office, district, renamed),
        ):
            assert answer.status_code == 503
            assert answer.json()["type"] == "/problems/vault-closed"
            assert answer.headers["Retry-After"]
        world.settings.erase_list.write_bytes(whole)
        assert ready(closed) == (200, "what was erased is gone")
        assert closed.get(life.assessors[0], person).status_code == 200


def test_a_line_that_was_cut_off_is_written_again(life: Life) -> None:
    world = life.world
    world.settings.erase_list.write_bytes(b'{"person_id": "4')
    assert life.erased(DUE).json()["status"] == "erased"
    [line] = world.settings.erase_list.read_text().splitlines()
    assert str(life.teacher) in line


def test_a_log_that_was_put_back_is_read_anew(life: Life) -> None:
    """Whatever else was known of it: what follows in its place counts."""
    world, read = life.world, life.world.edge.retentions.read
    person = life.district.person("Another")
    held = {"reason": "audit"}
    world.done(life.district.office, f"/v1/people/{life.teacher}/holds", held)
    with world.edge.reading() as connection:
        assert len(read(connection)) == len(read(connection)) == 1
    with psycopg.connect(url_of(world)) as connection:
        connection.execute("ALTER TABLE ledger.ledger_events DISABLE TRIGGER ALL")
        connection.execute(
            "DELETE FROM ledger.ledger_events WHERE starts_with(topic, 'retention.')"
        )
        connection.execute("ALTER TABLE ledger.ledger_events ENABLE ALWAYS TRIGGER append_only")
    with world.edge.reading() as connection:
        assert read(connection) == {}
    world.done(world.operator, f"/v1/people/{person}/holds", held)
    with world.edge.reading() as connection:
        assert [one.subject.person_id for one in read(connection).values()] == [person]
