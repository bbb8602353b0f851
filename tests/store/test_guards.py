"""What nobody may do, and which servers are not trusted."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.conninfo import make_conninfo

from api.local_paths import find_binaries
from api.local_postgres import Cluster
from ledger.errors import InvalidError
from ledger.store import (
    LedgerRecorder,
    Role,
    UnsafeServerError,
    connection_info,
    refuse_unsafe_server,
)
from tests.store.helpers import append, log, rows

CHANGES = [
    "UPDATE ledger.ledger_events SET topic = 'x'",
    "UPDATE ledger.ledger_events SET topic = 'x' WHERE false",
    "DELETE FROM ledger.ledger_events",
    "DELETE FROM ledger.ledger_events WHERE false",
    "TRUNCATE ledger.ledger_events",
    "UPDATE ledger.ledger_lock SET one = true",
    "DELETE FROM ledger.ledger_lock",
    "TRUNCATE ledger.ledger_lock",
]
INSERT = (
    "INSERT INTO ledger.ledger_events (notification_id, originator_version, recorded_at,"
    " originator_id, command_id, command_index, topic, state, body_hash) VALUES (99, 1, now(),"
    " gen_random_uuid(), gen_random_uuid(), 0, 't', '', sha256(''))"
)
REPLACE = (
    "CREATE OR REPLACE FUNCTION ledger.ledger_refuse_change() RETURNS trigger"
    " LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
)
FORBIDDEN = [
    INSERT,
    REPLACE,
    "DO 'BEGIN LOCK TABLE ledger.ledger_events IN EXCLUSIVE MODE; END'",
    "SELECT FROM ledger.ledger_lock FOR UPDATE",
    "ALTER TABLE ledger.ledger_events DISABLE TRIGGER append_only",
    "ALTER TABLE ledger.ledger_events ADD COLUMN x int",
    "DROP TABLE ledger.ledger_events",
    "DROP TRIGGER append_only ON ledger.ledger_events",
    "CREATE TABLE ledger.mine ()",
]


@pytest.fixture(params=[role for role in Role if role not in {Role.OWNER, Role.MIGRATE}])
def as_role(request: pytest.FixtureRequest, database_url: str) -> Iterator[psycopg.Connection]:
    """A connection as each role that a running system uses."""
    conninfo = connection_info(database_url, request.param)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        yield connection


def test_no_role_of_a_running_system_may_change_the_log(as_role: psycopg.Connection) -> None:
    for statement in (*CHANGES, *FORBIDDEN):
        with pytest.raises(errors.InsufficientPrivilege):
            as_role.execute(statement.encode())


@pytest.mark.parametrize("become", ["ROLE ledger_owner", "session_replication_role = replica"])
def test_not_even_the_owner_or_a_replica_changes_the_log(
    recorder: LedgerRecorder, database_url: str, become: str
) -> None:
    append(recorder)
    with psycopg.connect(database_url, autocommit=True) as superuser:
        superuser.execute(f"SET {become}".encode())
        for statement in CHANGES:
            with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
                superuser.execute(statement.encode())
    assert len(log(database_url)) == 1


def test_who_may_append_may_read_and_nothing_else(database_url: str) -> None:
    granted = rows(
        database_url,
        "SELECT grantee, privilege_type FROM information_schema.role_table_grants"
        " WHERE table_schema = 'ledger' AND table_name = 'ledger_events'"
        " AND grantee <> 'ledger_owner' ORDER BY 1",
    )
    readers = ["ledger_append", "ledger_audit", "ledger_project", "ledger_read"]
    assert granted == [(reader, "SELECT") for reader in readers]


def test_only_who_may_append_may_call_the_door(database_url: str) -> None:
    granted = rows(
        database_url,
        "SELECT grantee FROM information_schema.role_routine_grants"
        " WHERE routine_schema = 'ledger' AND routine_name = 'ledger_append' ORDER BY 1",
    )
    assert granted == [("ledger_append",), ("ledger_owner",)]


def test_no_role_may_log_in(database_url: str) -> None:
    found = rows(
        database_url,
        "SELECT rolname, rolcanlogin, rolsuper, rolbypassrls FROM pg_roles"
        " WHERE starts_with(rolname, 'ledger_') ORDER BY 1",
    )
    names = sorted(f"ledger_{role}" for role in Role)
    assert found == [(name, False, False, False) for name in names]


def test_a_table_in_the_way_cannot_mislead_the_door(
    recorder: LedgerRecorder, database_url: str
) -> None:
    """Whoever calls the function cannot make it look elsewhere."""
    conninfo = connection_info(database_url, Role.APPEND)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET search_path = pg_temp, public")
        connection.execute("CREATE TEMP TABLE ledger_lock (one boolean)")
        connection.execute("CREATE TEMP TABLE ledger_events (LIKE ledger.ledger_events)")
        connection.execute(
            "SELECT ledger.ledger_append(ARRAY[%s::uuid], '{1}', '{t}', ARRAY[''::bytea],"
            " ARRAY[%s::uuid], '{0}', ARRAY[sha256('')], '{}', '{}', '{}')",
            [uuid4(), uuid4()],
        )
        assert connection.execute("SELECT count(*) FROM pg_temp.ledger_events").fetchone() == (0,)
    assert len(log(database_url)) == 1


def test_without_its_lock_the_door_stays_shut(database_url: str) -> None:
    """Two appends that do not queue would leave holes that followers never see filled."""
    with psycopg.connect(database_url, autocommit=True) as superuser:
        superuser.execute("ALTER TABLE ledger.ledger_lock DISABLE TRIGGER append_only")
        superuser.execute("DELETE FROM ledger.ledger_lock")
    recorder = LedgerRecorder(database_url)
    with pytest.raises(errors.RaiseException, match="lost its row"):
        append(recorder)
    recorder.close()


def test_the_projections_own_their_schema_and_readers_read_it(database_url: str) -> None:
    with psycopg.connect(connection_info(database_url, Role.PROJECT), autocommit=True) as project:
        project.execute("CREATE TABLE lines (id int PRIMARY KEY)")
        project.execute("INSERT INTO lines VALUES (1)")
        project.execute("SELECT FROM ledger_events")
    with psycopg.connect(connection_info(database_url, Role.READ), autocommit=True) as reader:
        assert reader.execute("SELECT id FROM lines").fetchall() == [(1,)]
        reader.execute("SELECT FROM ledger_events")
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute("DELETE FROM lines")
    assert rows(database_url, "SELECT tableowner FROM pg_tables WHERE tablename = 'lines'") == [
        ("ledger_project",)
    ]


def test_a_session_cannot_shed_its_role_by_resetting(database_url: str) -> None:
    conninfo = connection_info(database_url, Role.APPEND)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in ("RESET ROLE", "RESET ALL", "DISCARD ALL"):
            connection.execute(statement.encode())
            assert connection.execute("SELECT current_user").fetchone() == ("ledger_append",)


def test_no_connection_waits_without_end(database_url: str) -> None:
    conninfo = connection_info(database_url, Role.READ, statement_timeout="60s")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        found = connection.execute(
            "SELECT name, setting FROM pg_settings WHERE name = ANY(%s) ORDER BY 1",
            [["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]],
        ).fetchall()
    assert found == [
        ("idle_in_transaction_session_timeout", "2000"),
        ("lock_timeout", "2000"),
        ("statement_timeout", "60000"),
    ]


def test_options_of_the_url_are_kept(database_url: str) -> None:
    with psycopg.connect(
        connection_info(make_conninfo(database_url, options="-c work_mem=9MB"), Role.READ)
    ) as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("9MB",)
        assert connection.execute("SELECT current_user").fetchone() == ("ledger_read",)


@pytest.mark.parametrize("name", ["", "A", "a b", "a-b", "1a", 'a"b', "a" * 41, "ä"])
def test_a_name_that_would_need_quoting_is_refused(database_url: str, name: str) -> None:
    with pytest.raises(InvalidError, match="cannot name"):
        connection_info(database_url, Role.READ, schema=name)
    with pytest.raises(InvalidError, match="cannot name"):
        connection_info(database_url, Role.READ, role_prefix=name)


def test_a_server_that_may_lose_what_it_acknowledged_is_refused(cluster: Cluster) -> None:
    off = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    unsafe = Cluster(cluster.directory, **off)
    with (
        psycopg.connect(unsafe.start()) as connection,
        pytest.raises(UnsafeServerError) as refused,
    ):
        refuse_unsafe_server(connection)
    assert refused.value.operands == {"settings": list(off)}
    assert refused.value.slug == "unsafe-server"
    assert "fsync, full_page_writes, synchronous_commit off" in refused.value.detail

    unsafe.stop()
    cluster._run(find_binaries(), "pg_checksums", "--disable", "-D", str(cluster.data))
    with psycopg.connect(cluster.start()) as connection:
        [warning] = refuse_unsafe_server(connection)
    assert warning.startswith("data_checksums is off")


def test_the_door_looks_at_every_new_connection(database_url: str) -> None:
    careless = LedgerRecorder(make_conninfo(database_url, options="-c synchronous_commit=off"))
    with pytest.raises(UnsafeServerError, match="synchronous_commit off"):
        append(careless)
    careless.close()
    assert log(database_url) == []


@pytest.mark.parametrize("setting", ["on", "local", "remote_write", "remote_apply"])
def test_every_other_way_to_commit_is_fine(database_url: str, setting: str) -> None:
    url = make_conninfo(database_url, options=f"-c synchronous_commit={setting}")
    with psycopg.connect(url) as connection:
        assert all("checksums" in warning for warning in refuse_unsafe_server(connection))
