"""The databases of the tests themselves: fresh for each, and none left over."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import psycopg
import pytest

from api.local_paths import folder
from api.local_postgres import Cluster
from tests import database
from tests.database import Server, server_folder


def create_a_table(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE note (text text)")


def databases(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE NOT datistemplate")
        return {name for (name,) in rows.fetchall()}


@pytest.fixture
def server(run_name: str, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A run of its own on a server that DATABASE_URL names."""
    monkeypatch.setenv("DATABASE_URL", cluster.start())
    server = Server(f"{run_name}-{secrets.token_hex(2)}")
    server.prepare(create_a_table)
    return server


def test_each_test_gets_the_tables_and_nobody_elses_rows(server: Server) -> None:
    with server.database(server.template) as one, server.database(server.template) as other:
        with psycopg.connect(one) as connection:
            connection.execute("INSERT INTO note VALUES ('mine')")
        with psycopg.connect(other) as connection:
            assert connection.execute("SELECT * FROM note").fetchall() == []


def test_a_database_goes_with_its_test_even_while_it_is_used(
    server: Server, cluster: Cluster
) -> None:
    with server.database(server.template) as url:
        forgotten = psycopg.connect(url)

    with pytest.raises(psycopg.OperationalError):
        forgotten.execute("SELECT 1")
    assert databases(cluster.url()) == {"postgres", server.template}


def test_the_template_is_migrated_once_for_all_workers(server: Server) -> None:
    def migrate_again(url: str) -> None:
        raise AssertionError(url)

    Server(server.run).prepare(migrate_again)
    assert server.template in databases(server.url("postgres"))


def test_a_sweep_leaves_a_server_of_others_as_it_was(server: Server, cluster: Cluster) -> None:
    server.sweep()

    assert databases(cluster.url()) == {"postgres"}
    assert not server.folder.exists()


@pytest.mark.parametrize("roomy", [True, False])
def test_a_run_keeps_its_files_in_memory_only_if_there_was_room_when_it_began(
    run_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, roomy: bool
) -> None:
    name = f"test-{run_name}-{secrets.token_hex(2)}"
    space = os.statvfs(tmp_path)
    all_of_it = space.f_blocks * space.f_frsize  # of which something is taken
    monkeypatch.setattr(database, "MEMORY", tmp_path)
    monkeypatch.setattr(database, "MEMORY_BYTES_MIN", 1 if roomy else all_of_it)
    monkeypatch.delenv(database.FILES, raising=False)
    begun = server_folder(name)
    monkeypatch.setattr(database, "MEMORY_BYTES_MIN", 2**63 if roomy else 1)

    assert server_folder(name) == begun, "whatever is free by now"
    assert (tmp_path in begun.parents) is roomy
    assert roomy or begun == folder(name)
    begun.rmdir()
