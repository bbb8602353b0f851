"""What the database says when it drops a request: never a 500, for the client can do something."""

import psycopg
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import problems

DROPPED = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.AdminShutdown,
    psycopg.errors.CrashShutdown,
    psycopg.errors.CannotConnectNow,
    psycopg.errors.QueryCanceled,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.TooManyConnections,
    psycopg.errors.DiskFull,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,
)


@pytest.mark.parametrize("error", DROPPED, ids=lambda error: error.__name__)
def test_a_dropped_request_is_answered_as_unknown(error: type[psycopg.Error]) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    def fail() -> None:
        raise error

    answer = TestClient(app).get("/")
    assert answer.status_code == 503
    assert answer.json()["type"] == "/problems/unavailable"
