"""Setting up and updating a ledger: once, whoever asks how often and at the same time."""

from __future__ import annotations

import secrets
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from ledger.errors import InvalidError, UnavailableError
from ledger.store import (
    LedgerRecorder,
    MigrationRefusedError,
    Role,
    connection_info,
    head_level,
    migrate,
    migration,
    migration_level,
)
from tests.store.helpers import PASSWORD, append, assert_sound, at_once, rows

ROOT = Path(__file__).resolve().parents[2]
TABLES = (
    "SELECT c.relname, c.relkind, pg_get_userbyid(c.relowner), c.relacl::text"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = %s ORDER BY 1"
)


def test_an_empty_database_becomes_a_ledger(empty_database_url: str) -> None:
    assert migration_level(empty_database_url) is None
    migrate(empty_database_url)
    assert migration_level(empty_database_url) == head_level()
    recorder = LedgerRecorder(empty_database_url)
    append(recorder)
    recorder.close()
    assert_sound(empty_database_url)


def test_migrating_twice_is_migrating_once(empty_database_url: str) -> None:
    migrate(empty_database_url)
    before = rows(empty_database_url, TABLES, "ledger")
    migrate(empty_database_url)
    assert rows(empty_database_url, TABLES, "ledger") == before


def test_everything_belongs_to_the_owner(database_url: str) -> None:
    owners = {owner for _, _, owner, _ in rows(database_url, TABLES, "ledger")}
    assert owners == {"ledger_owner"}


def test_8_processes_may_migrate_at_once(empty_database_url: str) -> None:
    program = "import sys; from ledger.store.migration import migrate; migrate(sys.argv[1])"
    command = [sys.executable, "-c", program, empty_database_url]
    processes = [subprocess.Popen(command, cwd=ROOT) for _ in range(8)]
    assert [process.wait() for process in processes] == [0] * 8
    assert migration_level(empty_database_url) == head_level()


def test_two_ledgers_live_in_one_database(empty_database_url: str) -> None:
    for schema in ("east", "west"):
        migrate(empty_database_url, schema)
    east, west = (LedgerRecorder(empty_database_url, schema=name) for name in ("east", "west"))
    append(east)
    append(east)
    assert append(west).first_position == 1
    assert (east.last_position(), west.last_position()) == (2, 1)
    east.close()
    west.close()


@pytest.fixture
def prefix(database_url: str) -> Iterator[str]:
    """A prefix of roles for this test alone; roles belong to the whole server."""
    one = f"t{secrets.token_hex(4)}"
    yield one
    with psycopg.connect(database_url, autocommit=True) as superuser:
        for (name,) in superuser.execute(
            "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [one]
        ).fetchall():
            superuser.execute(SQL("DROP OWNED BY {}").format(Identifier(name)))
            superuser.execute(SQL("DROP ROLE {}").format(Identifier(name)))


def as_user(url: str, user: str) -> str:
    return make_conninfo(url, user=user, password=PASSWORD)


@pytest.fixture
def ordinary(database_url: str, prefix: str) -> str:
    """The address of the database as a user who may not do anything special."""
    user = f"{prefix}_user"
    with psycopg.connect(database_url, autocommit=True) as superuser:
        superuser.execute(
            SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(Identifier(user), PASSWORD)
        )
    return as_user(database_url, user)


def grant(url: str, *statements: str, user: str) -> None:
    database = urlsplit(url).path.strip("/")
    with psycopg.connect(url, autocommit=True) as superuser:
        for statement in statements:
            names = {"user": Identifier(user), "database": Identifier(database)}
            superuser.execute(SQL(statement).format(**names))


def test_who_may_not_make_roles_is_told_what_to_ask_for(ordinary: str, prefix: str) -> None:
    with pytest.raises(MigrationRefusedError) as refused:
        migrate(ordinary, "mine", role_prefix=prefix)
    assert refused.value.slug == "migration-refused"
    for word in (f"{prefix}_owner", f"{prefix}_append", f"{prefix}_user", "CREATE on the database"):
        assert word in refused.value.detail


def test_who_may_make_roles_needs_no_superuser(
    ordinary: str, database_url: str, prefix: str
) -> None:
    user = f"{prefix}_user"
    grant(
        database_url,
        "ALTER ROLE {user} CREATEROLE",
        "GRANT CREATE ON DATABASE {database} TO {user}",
        user=user,
    )
    migrate(ordinary, "mine", role_prefix=prefix)
    recorder = LedgerRecorder(ordinary, schema="mine", role_prefix=prefix)
    assert append(recorder).first_position == 1
    recorder.close()
    owner = rows(database_url, "SELECT tableowner FROM pg_tables WHERE schemaname = 'mine'")
    assert {name for (name,) in owner} == {f"{prefix}_owner"}


def test_who_is_a_member_of_all_roles_needs_nothing_else(
    ordinary: str, database_url: str, prefix: str
) -> None:
    """An administrator has made the roles; the one who migrates only fills the schema."""
    migrate(database_url, "others", role_prefix=prefix)
    user = f"{prefix}_user"
    grants = [f"GRANT {prefix}_{role} TO {{user}}" for role in Role]
    grant(database_url, *grants, "GRANT CREATE ON DATABASE {database} TO {user}", user=user)
    migrate(ordinary, "mine", role_prefix=prefix)
    assert migration_level(ordinary, "mine") == head_level()


def test_two_databases_of_a_server_may_make_the_same_roles_at_once(
    database_url: str, empty_database_url: str, prefix: str
) -> None:
    urls = [database_url, empty_database_url] * 3
    answers = at_once(
        [partial(migrate, url, f"s{number}", role_prefix=prefix) for number, url in enumerate(urls)]
    )
    assert answers == [None] * 6
    with psycopg.connect(empty_database_url, autocommit=True) as superuser:
        for role in Role:
            superuser.execute(SQL("DROP OWNED BY {}").format(Identifier(f"{prefix}_{role}")))


@pytest.mark.parametrize("name", ["public; DROP TABLE x", "", "Ledger", "a" * 50])
def test_a_name_that_would_need_quoting_is_refused(empty_database_url: str, name: str) -> None:
    with pytest.raises(InvalidError):
        migrate(empty_database_url, name)
    with pytest.raises(InvalidError):
        migrate(empty_database_url, role_prefix=name)
    assert migration_level(empty_database_url) is None


def test_a_migration_that_fails_leaves_nothing_behind(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table stands where the log should be."""
    with psycopg.connect(empty_database_url, autocommit=True) as superuser:
        superuser.execute("CREATE SCHEMA ledger; CREATE TABLE ledger.ledger_events (x int)")
        superuser.execute("GRANT ALL ON SCHEMA ledger TO ledger_owner")
    with pytest.raises(Exception, match="already exists"):
        migrate(empty_database_url)
    assert migration_level(empty_database_url) is None
    assert [row[0] for row in rows(empty_database_url, TABLES, "ledger")] == ["ledger_events"]


@pytest.fixture
def outdated(empty_database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A ledger that seems to need migrating, while somebody uses its tables."""
    migrate(empty_database_url)
    monkeypatch.setattr(migration, "migration_level", lambda *_: None)
    with psycopg.connect(empty_database_url) as user:
        user.execute("LOCK TABLE ledger.ledger_revision IN ACCESS EXCLUSIVE MODE")
        yield empty_database_url


def test_a_migration_does_not_wait_for_ever_for_a_table_in_use(
    outdated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migration, "LOCK_MS_MAX", 20)
    monkeypatch.setattr(migration, "TRIES_MAX", 3)
    with pytest.raises(UnavailableError, match="stays in use"):
        migrate(outdated)


def test_what_else_ends_a_migration_is_not_tried_again(outdated: str) -> None:
    with pytest.raises(Exception, match="statement timeout"):
        migrate(make_conninfo(outdated, options="-c statement_timeout=300"))


def test_two_who_grant_the_same_role_at_once_both_succeed(
    ordinary: str, database_url: str, prefix: str
) -> None:
    """Somebody else's grant is not committed yet; ours waits for it and finds it done."""
    user = f"{prefix}_user"
    grant(
        database_url,
        "ALTER ROLE {user} CREATEROLE",
        "GRANT CREATE ON DATABASE {database} TO {user}",
        user=user,
    )
    with psycopg.connect(ordinary, autocommit=True) as first:
        first.execute(SQL("CREATE ROLE {}").format(Identifier(f"{prefix}_owner")))
        first.autocommit = False
        join = SQL("GRANT {} TO CURRENT_USER").format(Identifier(f"{prefix}_owner"))
        first.execute(join)
        second = threading.Thread(
            target=migrate, args=(ordinary, "mine"), kwargs={"role_prefix": prefix}
        )
        second.start()
        waiting = "SELECT FROM pg_stat_activity WHERE usename = %s AND wait_event_type = 'Lock'"
        while not rows(database_url, waiting, user):
            assert second.is_alive()
        first.commit()
        second.join()
    assert migration_level(ordinary, "mine") == head_level()


def test_a_migration_in_the_way_of_nobody_lets_appends_through(database_url: str) -> None:
    """Asking for a ledger that is up to date takes no lock on it."""
    with psycopg.connect(database_url) as user:
        user.execute("LOCK TABLE ledger.ledger_events IN SHARE UPDATE EXCLUSIVE MODE")
        migrate(database_url)


def test_the_roles_of_a_connection_are_those_of_its_ledger(database_url: str) -> None:
    with psycopg.connect(connection_info(database_url, Role.VAULT)) as connection:
        assert connection.execute("SELECT current_user").fetchone() == ("ledger_vault",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT FROM ledger_events")


def test_a_ledger_that_is_not_there_is_named(empty_database_url: str) -> None:
    migrate(empty_database_url, "other")  # so that the roles are there
    recorder = LedgerRecorder(empty_database_url, patience_seconds=0.1)
    with pytest.raises(UnavailableError, match="mcledger migrate") as refused:
        append(recorder)
    assert refused.value.slug == "not-migrated"
    with pytest.raises(UnavailableError, match="mcledger migrate"):
        recorder.last_position()
    recorder.close()
