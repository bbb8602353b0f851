"""The second wall: what the database shows to whom when the code forgot to ask for less."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from api.caller import Caller
from api.edge import Edge
from ledger.store import EVERYTHING
from projections.contract import Viewer
from projections.database import Database
from projections.rebuild import rebuild
from projections.registry import PROJECTIONS
from projections.setup import ENGINE_TABLES
from tests.api.conftest import running
from tests.api.test_authorization import TABLE, Tenant, furnish
from tests.api.world import District, World, stipend, story
from tests.database import Server

TABLES = [*ENGINE_TABLES, *(table for one in PROJECTIONS for table in one.tables)]
PUBLIC = {table.name for table in TABLES if Viewer.EVERYBODY in table.seen_by}
OF_PERSONS = (
    "transcript_lines",
    "history_streams",
    "stack_progress",
    "stack_awards",
    "employments",
    "payouts",
    "payout_awards",
    "payout_employments",
    "reviews",
    "shares",
    "consents",
    "disputes",
    "learning_plans",
    "learning_steps",
)
UNPROTECTED = """
    SELECT c.relname
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = 'ledger_read' AND c.relkind IN ('r', 'p')
       AND NOT (c.relrowsecurity AND EXISTS (
           SELECT FROM pg_policy p
            WHERE p.polrelid = c.oid AND p.polroles = ARRAY['ledger_read'::regrole::oid]))
"""


@dataclass
class Two:
    """Two tenants of one ledger, and what rows there are of each person."""

    world: World
    here: Tenant
    there: Tenant
    url: str

    def seen(self, table: str, who: UUID) -> set[UUID]:
        """The persons in the rows of a table that a query without WHERE brings a caller."""
        self.wait()
        caller = Caller(who, self.world.edge.ledger)
        with self.world.edge.reading(caller.scope()) as connection:
            found = connection.execute(f"SELECT person_id FROM {table}".encode()).fetchall()
        return {person for (person,) in found}

    def persons(self, table: str) -> set[UUID]:
        self.wait()
        with psycopg.connect(self.url) as owner:
            query = f"SELECT person_id FROM ledger_read.{table}".encode()
            return {person for (person,) in owner.execute(query).fetchall()}

    def wait(self) -> None:
        """Until the tables hold everything that was written."""
        names = [projection.name for projection in PROJECTIONS]
        assert self.world.edge.watch.wait_for(self.world.position, names, seconds=30)


@pytest.fixture(scope="module")
def two(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    with (
        database_server.database(database_server.template) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        here, there = furnish(world, "here-1d2c"), furnish(world, "there-8b4a")
        world.seen(here.roles["teacher"], f"/v1/people/{here.roles['teacher']}/payouts")
        yield Two(world, here, there, url)


def test_every_derived_table_has_row_security(two: Two) -> None:
    with psycopg.connect(two.url) as owner:
        assert owner.execute(UNPROTECTED.encode()).fetchall() == []


def test_a_rebuilt_table_has_it_too(two: Two) -> None:
    rebuild(Database(two.url), PROJECTIONS, workers=1)
    with psycopg.connect(two.url) as owner:
        assert owner.execute(UNPROTECTED.encode()).fetchall() == []
    assert two.seen("transcript_lines", uuid4()) == set()


def test_the_wall_would_be_missed_if_it_were_gone(two: Two) -> None:
    with psycopg.connect(two.url) as owner:
        owner.execute("ALTER TABLE ledger_read.payouts DISABLE ROW LEVEL SECURITY")
        assert owner.execute(UNPROTECTED.encode()).fetchall() == [("payouts",)]
        owner.rollback()


def test_without_a_scope_only_what_is_public_is_seen(two: Two) -> None:
    """Nothing at all, or an error: an empty answer could be taken for the truth."""
    hidden = 0
    with psycopg.connect(two.url) as owner, two.world.edge.reading() as connection:
        for name in {table.name for table in TABLES} - PUBLIC:
            query = f"SELECT FROM ledger_read.{name} LIMIT 1".encode()
            if owner.execute(query).rowcount:
                hidden += 1
                with pytest.raises(errors.InsufficientPrivilege, match="whose rows"):
                    connection.execute(query)
    assert hidden >= len(OF_PERSONS)
    with two.world.edge.reading() as connection:
        for table in ("catalog_credentials", "payout_policies", "organizations", "bookmarks"):
            assert connection.execute(f"SELECT FROM {table} LIMIT 1".encode()).rowcount == 1


@pytest.mark.parametrize("table", OF_PERSONS)
def test_a_query_that_forgot_its_where_brings_a_teacher_herself(two: Two, table: str) -> None:
    assert len(two.persons(table)) > 1
    teacher = two.here.roles["teacher"]
    assert two.seen(table, teacher) == {teacher}
    assert two.seen(table, uuid4()) == set()


@pytest.mark.parametrize("table", OF_PERSONS)
def test_a_query_that_forgot_its_where_brings_no_other_tenant(two: Two, table: str) -> None:
    theirs = {two.there.roles["teacher"], two.there.roles["assessor"]}
    for role in ("district", "payroll", "district_auditor", "approver", "assessor"):
        assert not two.seen(table, two.here.roles[role]) & theirs, role


@pytest.mark.parametrize(
    ("table", "role"),
    [
        ("shares", "district"),
        ("shares", "approver"),
        ("disputes", "district"),
        ("disputes", "approver"),
        ("transcript_lines", "district"),
        ("transcript_lines", "approver"),
        ("history_streams", "district"),
        ("history_streams", "approver"),
        ("employments", "district_auditor"),
        ("payouts", "payroll"),
        ("reviews", "approver"),
        ("stack_progress", "approver"),
        ("stack_awards", "approver"),
    ],
)
def test_the_wall_is_not_narrower_than_the_code(two: Two, table: str, role: str) -> None:
    assert two.here.roles["teacher"] in two.seen(table, two.here.roles[role])


def test_the_operator_is_shown_no_record(two: Two) -> None:
    assert two.seen("transcript_lines", two.world.operator) == set()


def test_who_may_see_everything_does(two: Two) -> None:
    auditor = two.world.grant("auditor")
    for table in OF_PERSONS:
        assert two.seen(table, auditor) == two.persons(table)


def test_a_connection_goes_back_to_its_pool_with_nobodys_scope(two: Two) -> None:
    edge = two.world.edge
    with edge.reading([EVERYTHING]) as connection:
        assert connection.execute("SELECT FROM transcript_lines").rowcount > 0
    for _ in range(edge.settings.read_connections + 1):
        with edge.reading() as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute("SELECT FROM transcript_lines")


def reads() -> Iterator[tuple[str, str]]:
    """Every read, and every role that is let in."""
    for operation, rule in TABLE.items():
        method, path = operation.split()
        if method == "GET" and path.startswith("/v1/") and "/evidence/" not in path:
            everybody = [*("teacher", "assessor", "approver", "district", "payroll"), "operator"]
            allowed = everybody if rule["allowed"] == "all" else rule["allowed"]
            yield from ((path, role) for role in allowed)


@contextmanager
def without_the_wall(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    walled = Edge.reading
    with monkeypatch.context() as patched:
        patched.setattr(Edge, "reading", lambda edge, _scope=(): walled(edge, [EVERYTHING]))
        yield


@pytest.mark.parametrize("query", [{}, {"effective_on": "2060-01-01"}], ids=["today", "later"])
def test_the_wall_changes_no_answer(
    two: Two, query: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that is hidden from a sum would make it too small, and nobody would notice."""
    roles = {
        **two.here.roles,
        "operator": two.world.operator,
        "auditor": two.world.grant("auditor"),
    }
    two.wait()  # a table that is still being brought up to the log would differ between the two
    asked = 0
    for path, role in reads():
        address = path.format(**two.here.ids)
        walled = two.world.ask(roles[role], "GET", address, params=query)
        with without_the_wall(monkeypatch):
            open_answer = two.world.ask(roles[role], "GET", address, params=query)
        assert (walled.status_code, walled.text) == (open_answer.status_code, open_answer.text), (
            f"{role}: {path}"
        )
        asked += walled.status_code == 200
    assert asked > 20


def test_a_teacher_is_told_how_much_others_claim_of_a_budget_before_her(two: Two) -> None:
    """Their rows are hidden from her, and the sum of them is not."""
    world, office = two.world, two.here.roles["district"]
    district = District(world, two.here.ids["district_id"], office)
    body = stipend(title="With a budget", budget_cents_per_year=40_000)
    policy = world.done(office, f"/v1/districts/{district.id}/policies", body)["id"]
    second = story(world, district, token="second").award()
    payouts = world.seen(second.teacher, f"/v1/people/{second.teacher}/payouts")["items"]
    [waits] = [one["payout_id"] for one in payouts if one["policy_id"] == policy]
    path = f"/v1/payouts/{waits}/explanation"
    for who in (second.teacher, office):
        assert world.seen(who, path)["budget"]["claimed_ahead_cents"] == 30_000
    assert two.seen("payouts", second.teacher) == {second.teacher}
