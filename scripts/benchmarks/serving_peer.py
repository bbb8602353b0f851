"""The least that answers a signed-in caller from a database: one route, one SELECT by key.

The same framework, server, token check and pool as ours; `python -m benchmarks.serving_peer`.
"""

import argparse
from typing import Any, cast

import uvicorn
from fastapi import FastAPI, Request, Response
from psycopg_pool import ConnectionPool

from api.app import NO_TELEMETRY
from api.auth import load_verifier
from api.settings import read_settings


def main() -> None:
    """Serve until terminated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    settings = read_settings()
    assert settings.database_url
    verifier = load_verifier(settings)
    pool = ConnectionPool(
        settings.database_url.get_secret_value(),
        min_size=settings.read_connections,
        kwargs={"autocommit": True},
    )
    app = FastAPI(telemetry=cast("Any", NO_TELEMETRY))

    @app.get("/v1/{path:path}")  # noqa: FAST003 - the whole path is the key
    def answer(request: Request) -> Response:
        verifier.principal(request.headers["authorization"].partition(" ")[2])
        key = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        with pool.connection() as connection, connection.cursor(binary=True) as cursor:
            cursor.execute("SELECT body FROM answers WHERE path = %s", [key])
            row = cursor.fetchone()
        assert row
        return Response(row[0], media_type="application/json")

    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
