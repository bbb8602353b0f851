"""Who may do what in the database: every cell of the table in docs/operating.md, tried."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from threading import Event

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from ledger.seal.reads import DatabaseLog
from ledger.store import LedgerRecorder, Role, connection_info, head_level, migrate, migration_level
from ledger.store.connections import TIMEOUT_NAMES, TIMEOUTS
from projections import setup
from projections.database import Database
from projections.runner import Runner
from tests.database import Server
from tests.store.helpers import PASSWORD, append, rows

ACTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")
# What each role may do to the tables of a kind, where it may do anything.
MAY = {
    ("log", Role.APPEND): {"SELECT"},
    ("log", Role.PROJECT): {"SELECT"},
    ("log", Role.READ): {"SELECT"},
    ("log", Role.AUDIT): {"SELECT"},
    ("seal", Role.APPEND): {"SELECT"},
    ("seal", Role.PROJECT): {"SELECT", "INSERT"},
    ("seal", Role.READ): {"SELECT"},
    ("seal", Role.AUDIT): {"SELECT"},
    ("vault", Role.VAULT): {"SELECT", "INSERT", "UPDATE", "DELETE"},
    ("disclosures", Role.DISCLOSE): {"SELECT", "INSERT", "DELETE"},
    ("derived", Role.PROJECT): set(ACTS),
    ("derived", Role.READ): {"SELECT"},
}
# May become owner and project, and so has their rights.
FOR_SETTING_UP = {Role.OWNER, Role.MIGRATE}
RUNNING = [role for role in Role if role not in FOR_SETTING_UP]


@pytest.fixture(scope="module")
def ledger_url(database_server: Server) -> Iterator[str]:
    """A ledger with its views, which the tests of this file leave as it is."""
    with database_server.database(database_server.template) as url:
        setup.migrate(url)
        yield url


def kind_of(schema: str, table: str) -> str:
    if schema == "ledger_read":
        return "derived"
    known = [kind for kind, _ in MAY if table.startswith((kind, f"{kind}_"))]
    return known[0] if known else "log"


@pytest.mark.parametrize("role", RUNNING)
def test_a_role_may_do_what_the_table_says_and_nothing_else(role: Role, ledger_url: str) -> None:
    found = rows(
        ledger_url,
        "SELECT t.schemaname, t.tablename, a.act FROM pg_tables t, unnest(%s::text[]) a(act)"
        " WHERE t.schemaname IN ('ledger', 'ledger_read')"
        " AND has_table_privilege(%s, format('%%I.%%I', t.schemaname, t.tablename), a.act)",
        list(ACTS),
        f"ledger_{role}",
    )
    too_much = [
        (table, act)
        for schema, table, act in found
        if act not in MAY.get((kind_of(schema, table), role), set())
    ]
    assert too_much == []
    kinds = {kind_of(schema, table) for schema, table, _ in found}
    assert kinds == {kind for kind, holder in MAY if holder is role}


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        (Role.APPEND, "UPDATE ledger_events SET topic = 'x'"),
        (Role.APPEND, "SELECT FROM vault_person_keys"),
        (Role.APPEND, "SELECT FROM ledger_read.employments"),
        (Role.APPEND, "INSERT INTO seal_checkpoints VALUES (1, '')"),
        (Role.APPEND, "CREATE TABLE ledger.mine ()"),
        (Role.READ, "SELECT FROM vault_person_keys"),
        (Role.READ, "SELECT FROM vault_tenant"),
        (Role.READ, "INSERT INTO seal_checkpoints VALUES (1, '')"),
        (Role.READ, "UPDATE bookmarks SET position = 0"),
        (Role.PROJECT, "INSERT INTO ledger_events (notification_id) VALUES (1)"),
        (Role.PROJECT, "SELECT FROM vault_texts"),
        (Role.PROJECT, "UPDATE seal_checkpoints SET note = ''"),
        (Role.VAULT, "SELECT FROM ledger_events"),
        (Role.VAULT, "SELECT FROM seal_checkpoints"),
        (Role.VAULT, "SELECT FROM ledger_read.employments"),
        (Role.AUDIT, "SELECT FROM vault_person_keys"),
        (Role.AUDIT, "SELECT FROM vault_texts"),
        (Role.AUDIT, "SELECT FROM ledger_read.employments"),
        (Role.AUDIT, "INSERT INTO seal_checkpoints VALUES (1, '')"),
        (Role.AUDIT, "CREATE TABLE ledger.mine ()"),
    ],
)
def test_what_a_role_may_not_do_is_refused(role: Role, statement: str, ledger_url: str) -> None:
    with (
        psycopg.connect(connection_info(ledger_url, role), autocommit=True) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


@pytest.mark.parametrize("role", [role for role in RUNNING if role is not Role.APPEND])
def test_nobody_but_the_append_role_appends(role: Role, ledger_url: str) -> None:
    call = "SELECT ledger.ledger_append('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')"
    with (
        psycopg.connect(connection_info(ledger_url, role), autocommit=True) as connection,
        pytest.raises(errors.InsufficientPrivilege),
    ):
        connection.execute(call.encode())


def test_whoever_verifies_sees_the_log_and_its_seal(database_url: str) -> None:
    with closing(LedgerRecorder(database_url)) as recorder:
        append(recorder)
    info = connection_info(database_url, Role.AUDIT)
    with psycopg.connect(info, autocommit=True) as connection:
        log = DatabaseLog(connection)
        assert [row.position for row in log.rows(1, 9)] == [1]
        assert list(log.checkpoints()) == []


@pytest.mark.parametrize("role", Role)
def test_every_role_has_its_time_limits(role: Role, ledger_url: str) -> None:
    with psycopg.connect(connection_info(ledger_url, role), autocommit=True) as connection:
        found = tuple(
            connection.execute(f"SHOW {name}".encode()).fetchone() for name in TIMEOUT_NAMES
        )
    told = tuple(limit.replace("60s", "1min") for limit in TIMEOUTS[role])
    assert tuple(limit for (limit,) in filter(None, found)) == told


# One login for each process, each a member of the roles it needs.
LOGINS = {
    "migrator": [Role.MIGRATE],
    "api": [Role.APPEND, Role.READ, Role.VAULT],
    "projector": [Role.PROJECT],
    "auditor": [Role.AUDIT],
}


@pytest.fixture
def logins(empty_database_url: str) -> Iterator[dict[str, str]]:
    """The address as each of these logins; the database belongs to an administrator."""
    prefix = f"l{secrets.token_hex(4)}"
    with psycopg.connect(empty_database_url, autocommit=True) as administrator:
        migrate(empty_database_url)
        setup.migrate(empty_database_url)
        urls = {}
        for name, roles in LOGINS.items():
            login = Identifier(f"{prefix}_{name}")
            administrator.execute(SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(login, PASSWORD))
            for role in roles:
                administrator.execute(
                    SQL("GRANT {} TO {}").format(Identifier(f"ledger_{role}"), login)
                )
            urls[name] = make_conninfo(
                empty_database_url, user=f"{prefix}_{name}", password=PASSWORD
            )
        yield urls
        for name in LOGINS:
            login = Identifier(f"{prefix}_{name}")
            administrator.execute(SQL("DROP OWNED BY {}").format(login))
            administrator.execute(SQL("DROP ROLE {}").format(login))


def test_a_process_runs_on_a_login_that_has_only_its_own_roles(
    logins: dict[str, str], empty_database_url: str
) -> None:
    with closing(LedgerRecorder(logins["api"])) as recorder:
        append(recorder)
    stop = Event()
    Runner(Database(logins["projector"]), on_step=lambda moved: None if moved else stop.set()).run(
        stop
    )
    with closing(Database(logins["api"]).connect(role=Role.READ)) as reader:
        found = reader.execute("SELECT DISTINCT position FROM bookmarks").fetchall()
    assert found == [(1,)]
    with psycopg.connect(connection_info(logins["auditor"], Role.AUDIT)) as auditor:
        assert DatabaseLog(auditor).last_position() == 1


def test_a_login_cannot_take_on_a_role_that_it_was_not_given(logins: dict[str, str]) -> None:
    for name, roles in LOGINS.items():
        own = {*roles, *({Role.OWNER, Role.PROJECT} if Role.MIGRATE in roles else ())}
        for role in Role:
            if role in own:
                with psycopg.connect(connection_info(logins[name], role)):
                    continue
            with pytest.raises(psycopg.OperationalError, match="permission denied"):
                psycopg.connect(connection_info(logins[name], role))


def test_a_member_of_migrate_brings_a_ledger_up_to_date(
    logins: dict[str, str], empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without being superuser, without making roles, and without being able to append."""
    with psycopg.connect(empty_database_url, autocommit=True) as administrator:
        administrator.execute("DROP SCHEMA ledger CASCADE; DROP SCHEMA ledger_read CASCADE")
        administrator.execute("DROP SCHEMA ledger_rebuild CASCADE")
        for schema, owner in (
            ("ledger", "owner"),
            ("ledger_read", "project"),
            ("ledger_rebuild", "project"),
        ):
            administrator.execute(f"CREATE SCHEMA {schema} AUTHORIZATION ledger_{owner}".encode())
    migrate(logins["migrator"])
    setup.migrate(logins["migrator"])
    assert migration_level(empty_database_url) == head_level()
    owners = rows(
        empty_database_url,
        "SELECT DISTINCT schemaname, tableowner FROM pg_tables WHERE schemaname ~ '^ledger'",
    )
    assert sorted(owners) == [("ledger", "ledger_owner"), ("ledger_read", "ledger_project")]
