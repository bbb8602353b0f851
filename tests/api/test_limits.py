"""Nobody waits without end, no more connections are opened than there are, and guards are there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from pydantic import SecretStr
from typer.testing import CliRunner

from api.cli import app
from api.edge import DISCLOSURE_CONNECTIONS, LEDGER_CONNECTIONS, OTHER_CONNECTIONS, budget
from api.settings import Settings
from ledger.store import Budget, ConnectionsShortError, Role, connection_info, connections
from projections import setup
from tests.api.conftest import running
from tests.api.world import World
from tests.database import Server


@pytest.fixture
def impatient(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: Any
) -> Iterator[World]:
    """A running edge that waits only so long for a statement, a lock, or the end of a pause."""
    monkeypatch.setitem(connections.TIMEOUTS, Role.READ, request.param)
    with running(database_url, tmp_path) as world:
        yield world


@pytest.mark.parametrize(
    "impatient", [("150ms", "60s", "2s"), ("60s", "150ms", "2s")], indirect=True,
    ids=["statement", "lock"],
)  # fmt: skip
def test_a_read_that_is_stuck_is_answered_503(impatient: World, database_url: str) -> None:
    person = impatient.operator
    path = f"/v1/people/{person}/transcript"
    assert impatient.get(person, path).status_code == 200
    with psycopg.connect(database_url) as other:
        other.execute("LOCK TABLE ledger_read.transcript_lines IN ACCESS EXCLUSIVE MODE")
        answer = impatient.get(person, path)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    assert answer.json()["type"] == "/problems/unavailable"
    assert impatient.get(person, path).status_code == 200, "the connection is as good as before"


@pytest.mark.parametrize("role", [Role.APPEND, Role.READ, Role.VAULT])
def test_a_transaction_in_which_nothing_happens_is_ended(
    role: Role, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections.TIMEOUTS, role, ("5s", "2s", "50ms"))
    with psycopg.connect(connection_info(database_url, role)) as connection:
        connection.execute("SELECT 1")
        with psycopg.connect(database_url, autocommit=True) as other:
            asked = "SELECT FROM pg_stat_activity WHERE pid = %s"
            while other.execute(asked, [connection.info.backend_pid]).rowcount:
                time.sleep(0.01)
        with pytest.raises((errors.IdleInTransactionSessionTimeout, psycopg.OperationalError)):
            connection.execute("SELECT 1")


def test_what_is_needed_is_counted_as_documented() -> None:
    needed = Budget(processes=4, per_process=24, allowed=97)
    assert needed.needed == 4 * 24 + 12 + 2 + 12
    with pytest.raises(ConnectionsShortError, match="raise max_connections by 25") as refused:
        needed.check()
    assert refused.value.operands == {"needed": 122, "allowed": 97}
    Budget(processes=4, per_process=24, allowed=122).check()


def test_a_process_opens_no_more_connections_than_were_counted(shared_world: World) -> None:
    edge = shared_world.edge
    for path in ("/readyz", "/v1/credentials", "/v1/me"):
        shared_world.get(shared_world.operator, path)
    with edge.reading() as connection:
        counted = budget(edge.settings, connection)
    url = edge.settings.database_url
    assert url is not None
    with psycopg.connect(url.get_secret_value()) as owner:
        asked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        found = owner.execute(asked).fetchone()
    assert found is not None
    assert 0 < found[0] <= counted.needed
    pools = (
        edge.reads.max_size + edge.secrets.max_size + LEDGER_CONNECTIONS + DISCLOSURE_CONNECTIONS
    )
    assert counted.per_process == pools + OTHER_CONNECTIONS


def test_a_server_with_too_few_connections_is_refused_at_the_start(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MCLEDGER_API_PROCESSES", "1")
    refused = CliRunner().invoke(app, ["serve", "--workers", "64"])
    assert isinstance(refused.exception, ConnectionsShortError)
    assert "64 x" in refused.exception.detail


def test_a_server_with_too_few_connections_is_not_ready(world: World) -> None:
    many = world.edge.settings.model_copy(update={"api_processes": 500})
    object.__setattr__(world.edge, "settings", many)
    answer = world.client.get("/readyz")
    assert answer.status_code == 503
    [short] = [check for check in answer.json()["checks"] if not check["ok"]]
    assert short["name"] == "connections"
    assert "500 x" in short["detail"]


EMPLOYS = "ledger_read.scope_employs(person uuid)"
PLPGSQL = "LANGUAGE plpgsql STABLE AS $$ BEGIN"
GAPS = [  # what is done, how it is undone, what is said of it
    (
        "GRANT INSERT ON ledger.ledger_events TO ledger_append",
        "REVOKE INSERT ON ledger.ledger_events FROM ledger_append",
        "grant of INSERT on ledger_events",
    ),
    (
        "GRANT UPDATE ON ledger.ledger_events TO PUBLIC",
        "REVOKE UPDATE ON ledger.ledger_events FROM PUBLIC",
        "to PUBLIC",
    ),
    (
        "ALTER TABLE ledger.ledger_events DISABLE TRIGGER append_only",
        "ALTER TABLE ledger.ledger_events ENABLE ALWAYS TRIGGER append_only",
        "trigger append_only",
    ),
    (
        "ALTER FUNCTION ledger.ledger_append SECURITY INVOKER",
        "ALTER FUNCTION ledger.ledger_append SECURITY DEFINER",
        "function ledger_append",
    ),
    (
        "GRANT SELECT ON ledger.vault_person_keys TO ledger_read",
        "REVOKE SELECT ON ledger.vault_person_keys FROM ledger_read",
        "vault_person_keys to <read>",
    ),
    (
        "ALTER TABLE ledger_read.payouts DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE ledger_read.payouts ENABLE ROW LEVEL SECURITY",
        "payouts has no row security",
    ),
    (
        "DROP POLICY seen ON ledger_read.payouts",
        None,
        "payouts has no policy",
    ),
    (
        "CREATE POLICY all_of_it ON ledger_read.payouts USING (true)",
        "DROP POLICY all_of_it ON ledger_read.payouts",
        "a policy that the projections did not make",
    ),
    (
        (
            "CREATE TRIGGER quiet BEFORE UPDATE ON ledger_read.payouts FOR EACH ROW"
            " EXECUTE FUNCTION suppress_redundant_updates_trigger()"
        ),
        "DROP TRIGGER quiet ON ledger_read.payouts",
        "payouts has a trigger or a rule that the projections did not make",
    ),
    (
        "CREATE RULE none AS ON INSERT TO ledger_read.payouts DO INSTEAD NOTHING",
        "DROP RULE none ON ledger_read.payouts",
        "payouts has a trigger or a rule that the projections did not make",
    ),
    (
        "GRANT SELECT ON ledger_read.payouts TO PUBLIC",
        "REVOKE SELECT ON ledger_read.payouts FROM PUBLIC",
        "payouts is open to others",
    ),
    (
        "ALTER TABLE ledger_read.payouts OWNER TO ledger_vault",
        "ALTER TABLE ledger_read.payouts OWNER TO ledger_project",
        "does not belong to the projector",
    ),
    (
        "ALTER POLICY seen ON ledger_read.payouts USING (true)",  # under the comment it had
        None,
        "payouts shows its rows to others",
    ),
    (
        "ALTER POLICY seen ON ledger_read.employments TO PUBLIC",
        None,
        "employments shows its rows to others",
    ),
    (
        "ALTER TABLE ledger_read.payouts FORCE ROW LEVEL SECURITY",
        "ALTER TABLE ledger_read.payouts NO FORCE ROW LEVEL SECURITY",
        "payouts hides its rows from the projector",
    ),
    (
        f"CREATE OR REPLACE FUNCTION {EMPLOYS} RETURNS boolean {PLPGSQL} RETURN true; END $$",
        None,
        "function ledger_read.scope_employs is not as it was made",
    ),
    (
        "ALTER FUNCTION ledger_read.assigned_to SET search_path = public",
        None,
        "function ledger_read.assigned_to is not as it was made",
    ),
    (
        f"CREATE FUNCTION ledger_read.scope(o text) RETURNS uuid[] {PLPGSQL} RETURN NULL; END $$",
        "DROP FUNCTION ledger_read.scope(text)",
        "function ledger_read.scope was not made by the projections",
    ),
    (
        "CREATE TABLE ledger_read.copied AS SELECT * FROM ledger_read.payouts",
        "DROP TABLE ledger_read.copied",
        "copied has no row security",
    ),
    (
        "GRANT SELECT (person_id) ON ledger_read.payouts TO PUBLIC",
        "REVOKE SELECT (person_id) ON ledger_read.payouts FROM PUBLIC",
        "payouts is open to others",
    ),
]


@pytest.fixture(scope="module")
def guarded(
    database_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[World, str]]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield world, url


@pytest.mark.parametrize(("done", "undone", "told"), GAPS)
def test_a_ledger_without_its_guards_is_not_ready(
    guarded: tuple[World, str], done: str, undone: str | None, told: str
) -> None:
    """Where nothing undoes it, migrating does."""
    world, url = guarded
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(done.encode())
        try:
            answer = world.client.get("/readyz")
        finally:
            if undone is None:
                setup.migrate(url)
            else:
                owner.execute(undone.encode())
    assert answer.status_code == 503
    [guards] = [check for check in answer.json()["checks"] if not check["ok"]]
    assert guards["name"] == "guards"
    assert told in guards["detail"]
    assert world.client.get("/readyz").status_code == 200


def test_settings_name_how_many_processes_there_are() -> None:
    url = SecretStr("postgresql://nowhere/x")
    assert Settings(environment="development", database_url=url).api_processes == 1
