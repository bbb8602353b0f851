"""The private server: it starts for anybody, survives kills, and trusts no folder of others."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from api import local_paths, local_postgres
from api.local_paths import NoServerError
from api.local_postgres import Cluster
from tests import database


def setting(url: str, name: str) -> str:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])


def test_the_server_is_durable_checksummed_and_off_the_network(cluster: Cluster) -> None:
    url = cluster.start("somewhere")

    expected = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
    }
    assert {name: setting(url, name) for name in expected} == expected
    assert cluster.directory.stat().st_mode & 0o077 == 0
    assert cluster.data.stat().st_mode & 0o077 == 0


def test_what_was_acknowledged_survives_a_killed_server(cluster: Cluster) -> None:
    url = cluster.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")

    cluster.kill()
    cluster.start()

    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(1,)]


def test_a_stale_pid_file_that_names_a_stranger_does_not_stop_the_start(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    (cluster.data / "postmaster.pid").write_text(f"{os.getppid()}\n{cluster.data}\n")

    assert cluster.process_id() is None
    assert setting(cluster.start(), "port") == "5432"


def test_an_initialization_that_was_cut_short_is_done_again(cluster: Cluster) -> None:
    unfinished = cluster.directory / "data.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")

    assert setting(cluster.start(), "port") == "5432"
    assert not unfinished.exists()


def test_many_who_start_at_once_share_one_server(cluster: Cluster) -> None:
    with ThreadPoolExecutor(4) as pool:
        urls = set(pool.map(lambda _: Cluster(cluster.directory).start("shared"), range(4)))

    assert len(urls) == 1
    assert setting(urls.pop(), "max_connections") == "200"


def test_stopping_twice_is_no_error(cluster: Cluster) -> None:
    cluster.start()
    cluster.stop()
    cluster.stop()
    assert cluster.process_id() is None


def test_a_given_address_is_used_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    given = "postgresql://somebody@db.example/ledger"
    monkeypatch.setenv("DATABASE_URL", given)

    local_postgres.stop()
    assert local_postgres.start() == local_postgres.url() == given


def test_without_any_server_the_three_ways_to_get_one_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(local_paths, "find_spec", lambda _: None)
    monkeypatch.setattr(local_paths, "SYSTEM_SERVERS", Path("/nonexistent"))
    monkeypatch.setenv("PATH", "/nonexistent")

    with pytest.raises(NoServerError) as refused:
        local_paths.find_binaries()

    for way in ("DATABASE_URL", "[local]", "pg_ctl"):
        assert way in str(refused.value)


def test_a_folder_that_others_can_write_in_is_not_trusted(tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.mkdir()
    planted.chmod(0o777)
    with pytest.raises(NoServerError, match="not ours alone"):
        local_paths.own_folder(planted, 0o700)

    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(NoServerError, match="not ours alone"):
        local_paths.own_folder(link, 0o700)


def test_no_folder_of_others_gets_other_permissions(tmp_path: Path, cluster: Cluster) -> None:
    def modes() -> dict[Path, int]:
        return {path: path.stat().st_mode for path in above}

    above = {*local_paths.CHECKOUT.parents, *Path(sys.prefix).parents, Path(sys.prefix), tmp_path}
    before = modes()
    cluster.start()
    assert modes() == before


def test_a_path_too_long_for_a_socket_moves_to_a_short_one(
    run_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("long" * 25)
    deep.mkdir()
    (deep / "pyproject.toml").touch()
    monkeypatch.setattr(local_paths, "CHECKOUT", deep)

    chosen = local_paths.folder(f"test-{run_name}-{secrets.token_hex(2)}")

    assert len(os.fsencode(chosen / ".s.PGSQL.5432")) <= local_paths.SOCKET_PATH_BYTES_MAX
    chosen.rmdir()


def test_memory_that_nobody_lets_us_write_in_is_passed_over(
    run_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system may keep it read-only, and somebody else may have taken the name of our folder."""
    monkeypatch.setattr(database, "MEMORY", tmp_path)
    monkeypatch.setattr(database, "MEMORY_BYTES_MIN", 0)
    monkeypatch.delenv(database.FILES, raising=False)
    name = f"test-{run_name}-{secrets.token_hex(2)}"
    (tmp_path / f"mcledger-{os.geteuid()}").touch()

    chosen = database.server_folder(name)

    assert chosen == local_paths.folder(name)
    chosen.rmdir()


def test_a_killed_test_run_leaves_no_server_behind(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys\n"
        "from tests.database import Server, sweep_when_this_process_ends\n"
        "server = Server(sys.argv[1])\n"
        "sweeper = sweep_when_this_process_ends(sys.argv[1])\n"
        "server.prepare(lambda url: None)\n"
        "print(sweeper.pid, server.folder, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    command = [sys.executable, "-c", script, f"kill{secrets.token_hex(2)}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=local_paths.CHECKOUT) as killed:
        assert killed.stdout is not None
        said = killed.stdout.read().decode()  # ends when the sweeper closes it as well

    sweeper, folder = said.rstrip("\n").split(" ", 1)  # a checkout may lie in a path with spaces
    assert sweeper.isdecimal()
    assert Path(folder).is_absolute()
    assert not Path(folder).exists()


@pytest.mark.long
def test_a_server_killed_again_and_again_keeps_what_it_acknowledged(cluster: Cluster) -> None:
    url = cluster.start()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept (number int)")

    for number in range(25):
        with psycopg.connect(url) as connection:
            connection.execute("INSERT INTO kept VALUES (%s)", [number])
        cluster.kill()
        cluster.start()

    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT number FROM kept ORDER BY number").fetchall()
    assert [number for (number,) in rows] == list(range(25))
