"""Whatever guards the log is as the migrations made it, and whoever changes it is told of."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.sql import SQL, Identifier
from typer.testing import CliRunner

from api.cli import app
from ledger.seal.structure import (
    FILE_NAME,
    Difference,
    check_structure,
    describe,
    differences,
    written,
)
from ledger.store import Role, connection_info, head_level, migrate
from projections import setup
from tests.database import ROOT, Server
from tests.seal.logs import fill, owner


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    """A ledger that every test leaves as it was."""
    with (
        database_server.database(database_server.template) as url,
        owner(url) as connection,
    ):
        yield connection


def changed(connection: Connection[Any], *statements: str) -> list[str]:
    """What is told while these changes last."""
    with connection.transaction(force_rollback=True):
        for statement in statements:
            connection.execute(statement.encode())
        return [str(one) for one in check_structure(connection)]


def test_the_description_is_what_the_migrations_make(connection: Connection[Any]) -> None:
    """If this fails after a new migration: python -m tests.seal.structure."""
    described = (ROOT / "ledger" / "seal" / FILE_NAME).read_text("utf-8")
    assert described == written(connection, head_level())


def test_a_ledger_as_the_migrations_made_it_raises_no_alarm(connection: Connection[Any]) -> None:
    assert check_structure(connection) == []


def test_whoever_may_only_read_can_check_it(database_url: str) -> None:
    with psycopg.connect(connection_info(database_url, Role.READ), autocommit=True) as reader:
        assert check_structure(reader) == []


def test_a_ledger_of_other_names_is_described_alike(
    connection: Connection[Any], database_url: str
) -> None:
    migrate(database_url, "otherwise", role_prefix="other")
    with owner(database_url) as elsewhere:
        try:
            found = describe(elsewhere, "otherwise", "other")
            assert found == describe(connection)
            assert check_structure(elsewhere, "otherwise", "other") == []
        finally:
            elsewhere.execute("DROP SCHEMA otherwise, otherwise_read CASCADE")
            for role in Role:
                drop = SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(Identifier(f"other_{role}"))
                elsewhere.execute(drop)


DOOR = (
    "ledger_append(uuid[],bigint[],text[],bytea[],uuid[],integer[],bytea[],uuid[],uuid[],bigint[])"
)
TOLD: Mapping[str, tuple[str, str]] = {
    "a trigger dropped": (
        "DROP TRIGGER append_only ON ledger_events",
        "trigger append_only of ledger_events is missing",
    ),
    "a trigger disabled": (
        "ALTER TABLE seal_tiles DISABLE TRIGGER append_only",
        "trigger append_only of seal_tiles was changed: fires: never, not always",
    ),
    "a trigger that replicas pass": (
        "ALTER TABLE ledger_events ENABLE TRIGGER append_only",
        "trigger append_only of ledger_events was changed: fires: unless a replica, not always",
    ),
    "a trigger of somebody else": (
        (
            "CREATE TRIGGER quiet BEFORE INSERT ON ledger_events FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        ),
        "trigger quiet of ledger_events was not made by the migrations",
    ),
    "a trigger of fewer events": (
        (
            "CREATE OR REPLACE TRIGGER append_only BEFORE UPDATE ON ledger_lock"
            " FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change()"
        ),
        "trigger append_only of ledger_lock was changed: definition:",
    ),
    "a function rewritten": (
        (
            "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql"
            " AS 'BEGIN RETURN NULL; END'"
        ),
        "function ledger_refuse_change() was changed: source: sha256:",
    ),
    "a function run as its caller": (
        f"ALTER FUNCTION {DOOR} SECURITY INVOKER",
        "was changed: runs as: its caller, not its owner",
    ),
    "a function that looks elsewhere": (
        f"ALTER FUNCTION {DOOR} SET search_path = public, ledger",
        "was changed: settings:",
    ),
    "a function of another owner": (
        f"ALTER FUNCTION {DOOR} OWNER TO ledger_vault",
        "was changed: owner: <vault>, not <owner>",
    ),
    "a function of somebody else": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "function f() was not made by the migrations",
    ),
    "a door for everybody": (
        f"GRANT EXECUTE ON FUNCTION {DOOR} TO PUBLIC",
        "to PUBLIC was not made by the migrations",
    ),
    "a right granted": (
        "GRANT UPDATE ON ledger_events TO ledger_append",
        "grant of UPDATE on ledger_events to <append> was not made by the migrations",
    ),
    "a right to one column": (
        "GRANT UPDATE (state) ON ledger_events TO ledger_read",
        "grant of UPDATE on ledger_events.state to <read> was not made by the migrations",
    ),
    "a right to the vault": (
        "GRANT SELECT ON vault_person_keys TO ledger_read",
        "grant of SELECT on vault_person_keys to <read> was not made by the migrations",
    ),
    "a right taken": (
        "REVOKE SELECT ON seal_checkpoints FROM ledger_read",
        "grant of SELECT on seal_checkpoints to <read> is missing",
    ),
    "a right to pass it on": (
        "GRANT SELECT ON ledger_events TO ledger_read WITH GRANT OPTION",
        "was changed: can be passed on: True, not False",
    ),
    "a right to make things": (
        "GRANT CREATE ON SCHEMA ledger TO PUBLIC",
        "grant of CREATE on the schema to PUBLIC was not made by the migrations",
    ),
    "a role of all rights": (
        "ALTER ROLE ledger_read BYPASSRLS",
        "role <read> was changed: bypasses row-level security: True, not False",
    ),
    "a role that logs in": (
        "ALTER ROLE ledger_owner LOGIN",
        "role <owner> was changed: may log in: True, not False",
    ),
    "a role that acts as another": (
        "GRANT ledger_owner TO ledger_append",
        "role <append> as <owner> was not made by the migrations",
    ),
    "a role that may let others in": (
        "GRANT ledger_owner TO ledger_migrate WITH ADMIN OPTION",
        "role <migrate> as <owner> was changed: can be passed on: True, not False",
    ),
    "a setting that opens every wall": (
        "ALTER ROLE ledger_read SET mcledger.scope = '{00000000-0000-0000-0000-000000000000}'",
        "setting mcledger.scope of role <read> was not made by the migrations",
    ),
    "a grant on what is to come": (
        "ALTER DEFAULT PRIVILEGES IN SCHEMA ledger GRANT SELECT ON TABLES TO PUBLIC",
        "default grant of SELECT on tables of ",
    ),
    "a heir elsewhere": (
        "CREATE TABLE public.heir () INHERITS (ledger_events)",
        "table ledger_events was changed: children: ['public.heir'], not none",
    ),
    "a rule": (
        "CREATE RULE nothing AS ON INSERT TO ledger_events DO INSTEAD NOTHING",
        "rule nothing of ledger_events was not made by the migrations",
    ),
    "row-level security": (
        "ALTER TABLE seal_checkpoints ENABLE ROW LEVEL SECURITY",
        "table seal_checkpoints was changed: row-level security: on, not off",
    ),
    "a policy": (
        "CREATE POLICY narrow ON ledger_events FOR SELECT TO ledger_read USING (false)",
        "policy narrow of ledger_events was not made by the migrations",
    ),
    "a constraint dropped": (
        "ALTER TABLE ledger_events DROP CONSTRAINT ledger_events_position",
        "constraint ledger_events_position of ledger_events is missing",
    ),
    "an index dropped": (
        "DROP INDEX vault_texts_person",
        "index vault_texts_person of vault_texts is missing",
    ),
    "an index added": (
        "CREATE INDEX mine ON ledger_events (topic)",
        "index mine of ledger_events was not made by the migrations",
    ),
    "a column that may be null": (
        "ALTER TABLE ledger_events ALTER state DROP NOT NULL",
        "column state of ledger_events was changed: not null: False, not True",
    ),
    "a table that a crash empties": (
        "ALTER TABLE vault_texts SET UNLOGGED",
        "table vault_texts was changed: kept: unlogged, not logged",
    ),
    "a table of another owner": (
        "ALTER TABLE vault_texts OWNER TO ledger_read",
        "table vault_texts was changed: owner: <read>, not <owner>",
    ),
    "a table of somebody else": (
        "CREATE TABLE mine (i int PRIMARY KEY)",
        "table mine was not made by the migrations",
    ),
    "a view": (
        "CREATE VIEW everything AS SELECT * FROM vault_texts",
        "view everything was not made by the migrations",
    ),
    "a heir": (
        "CREATE TABLE heir () INHERITS (ledger_events)",
        "table heir was not made by the migrations",
    ),
    "an older level": (
        "UPDATE ledger_revision SET version_num = '0001'",
        "the revision of the tables is 0001,",
    ),
}


@pytest.mark.parametrize("what", TOLD)
def test_each_change_is_named(connection: Connection[Any], what: str) -> None:
    statement, expected = TOLD[what]
    told = changed(connection, statement)
    assert any(expected in one for one in told), told
    assert check_structure(connection) == []


def test_a_difference_says_which_kind_it_is() -> None:
    expected = {"a": {"x": 1}, "b": {}, "same": {"y": 2}}
    found = {"a": {"x": 2, "z": 3}, "c": {}, "same": {"y": 2}}
    assert differences(expected, found) == [
        Difference("a", "changed", "was changed: x: 2, not 1; z: 3, not none"),
        Difference("b", "missing", "is missing"),
        Difference("c", "added", "was not made by the migrations"),
    ]


@pytest.fixture
def verified(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`mcledger` over a sealed log with derived tables."""
    setup.migrate(database_url)
    fill(database_url, 20)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(tmp_path))

    def run(*words: str, status: int) -> str:
        result = CliRunner().invoke(app, list(words))
        assert result.exit_code == status, (result.output, result.exception)
        return result.stdout

    run("seal", "--once", status=0)
    return run


def test_verify_tells_a_missing_guard_from_a_changed_event(
    verified: Any, database_url: str
) -> None:
    missing = "not as the migrations made it: trigger append_only of ledger_events is missing"
    verified("verify", status=0)
    with owner(database_url) as connection:
        connection.execute("DROP TRIGGER append_only ON ledger_events")
        output = verified("verify", status=5)
        assert missing in output
        assert "20 events, 20 proved by 1 checkpoints: sound" in output
        connection.execute("UPDATE ledger_events SET state = '{}' WHERE notification_id = 7")
    output = verified("verify", status=3)
    assert missing in output
    assert "state at 7" in output
    said = json.loads(verified("verify", "--json", status=3))
    assert (said["sound"], said["exit_status"]) == (False, 3)
    assert [one["object"] for one in said["structure"]] == ["trigger append_only of ledger_events"]
    assert [one["first"] for one in said["damages"]] == [7]


def test_damage_to_derived_tables_is_for_check_to_name_and_no_alarm_of_verify(
    verified: Any, database_url: str
) -> None:
    """The same border from both sides: a false row, and a table that is gone."""
    with owner(database_url) as connection:
        connection.execute(
            "INSERT INTO ledger_read.review_issuers VALUES (gen_random_uuid(), 1, '{}', false)"
        )
        assert "sound" in verified("verify", status=0)
        assert "DIFFERENT" in verified("check", "reviews", "--workers", "1", status=1)
        connection.execute("DROP TABLE ledger_read.transcript_lines")
    assert "sound" in verified("verify", status=0)
