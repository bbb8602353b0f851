"""A scope goes with each statement, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import scalar_row

from ledger.store import EVERYTHING, Role, ScopedConnection, connection_info, scope_of

SCOPE = "SELECT current_setting('mcledger.scope', true)"
ADA, BEA = uuid4(), uuid4()


@pytest.fixture
def connection(database_url: str) -> Iterator[ScopedConnection]:
    info = connection_info(database_url, Role.READ)
    with ScopedConnection.connect(info, autocommit=True) as one:
        yield one


def scope_seen(connection: ScopedConnection) -> str:
    with connection.cursor(row_factory=scalar_row, binary=True) as cursor:
        return str(cursor.execute(SCOPE).fetchone() or "")


def test_ids_are_written_as_the_server_reads_them(connection: ScopedConnection) -> None:
    text = scope_of([ADA, EVERYTHING])
    found = connection.execute("SELECT %s::uuid[]", [text]).fetchone()
    assert found == ([ADA, UUID(int=0)],)
    assert scope_of([]) == ""


def test_a_statement_has_the_scope_of_its_connection(connection: ScopedConnection) -> None:
    assert scope_seen(connection) == ""
    for who in (ADA, BEA, ADA):
        connection.scope = scope_of([who])
        assert scope_seen(connection) == scope_of([who])
    connection.scope = ""
    assert scope_seen(connection) == "", "a scope is gone with its statement"


def test_a_statement_is_prepared_for_each_kind_of_parameter(connection: ScopedConnection) -> None:
    connection.scope = scope_of([ADA])
    for _ in range(2):
        for value in (1, 2**40, "text", None, ADA, [ADA]):
            [(found,)] = connection.execute("SELECT %(one)s", {"one": value}).fetchall()
            assert found == value
    assert len(connection.prepared) <= 8


def test_what_fails_leaves_the_connection_as_it_was(connection: ScopedConnection) -> None:
    connection.scope = scope_of([ADA])
    for _ in range(2):
        with pytest.raises(errors.DivisionByZero):
            connection.execute("SELECT 1 / %s", [0])
        with pytest.raises(errors.UndefinedTable):
            connection.execute("SELECT FROM nothing_of_the_kind")
        assert scope_seen(connection) == scope_of([ADA])


def test_in_a_transaction_the_scope_ends_with_it(connection: ScopedConnection) -> None:
    connection.scope = scope_of([ADA])
    with connection.transaction():
        assert scope_seen(connection) == scope_of([ADA])
    connection.scope = ""
    assert scope_seen(connection) == ""


def test_a_statement_that_takes_too_long_is_cancelled(database_url: str) -> None:
    info = connection_info(database_url, Role.READ, statement_timeout="50ms")
    with ScopedConnection.connect(info, autocommit=True) as connection:
        connection.scope = scope_of([ADA])
        with pytest.raises(errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(60)")
        assert scope_seen(connection) == scope_of([ADA])


def test_a_connection_that_the_server_ends_is_found_broken(
    connection: ScopedConnection, database_url: str
) -> None:
    connection.scope = scope_of([ADA])
    with psycopg.connect(database_url, autocommit=True) as superuser:
        superuser.execute("SELECT pg_terminate_backend(%s)", [connection.info.backend_pid])
    with pytest.raises(psycopg.OperationalError):
        connection.execute("SELECT 1")
    assert connection.closed


def test_a_rollback_leaves_prepared_statements_alone(connection: ScopedConnection) -> None:
    connection.scope = scope_of([EVERYTHING])
    assert scope_seen(connection) == connection.scope
    connection.scope = ""
    for _ in range(10):  # often enough for the driver to prepare a statement by itself
        connection.execute("SELECT 1")
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT 1")
    connection.scope = scope_of([EVERYTHING])
    assert scope_seen(connection) == connection.scope
