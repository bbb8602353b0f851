"""The HTTP edge as one object. `mcledger serve` makes it; so do the tests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from importlib.metadata import version
from threading import Event, Thread
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api import disclosure_commitments, problems
from api.auth import load_verifier
from api.clock import wall
from api.edge import Edge
from api.places import Places
from api.request_log import RequestLog
from api.routes import (
    ROUTERS,
    ctdl,
    health,
    records_open_badges,
    records_public,
    records_verify,
    seal,
    shared,
)
from api.settings import Settings, read_settings
from api.status_lists import StatusLists

OPEN_ROUTERS = (
    health.router,
    seal.router,
    shared.router,
    records_public.router,
    records_verify.router,
    records_open_badges.router,
    ctdl.router,
)
DESCRIPTION = """\
A ledger of teachers' micro-credentials. Every change is one request with an `Idempotency-Key`, is
one command, and answers with the place of its events in the log (`Ledger-Position`). Send it again
under the same key after any doubt: it happens once. Every refusal is `application/problem+json`
and leaves nothing behind. Lists continue at their `Link: rel=next`.
"""
NO_TELEMETRY = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}


def create_app(settings: Settings) -> FastAPI:
    """The app for these settings. Raises SettingsError when they do not allow to start."""
    app = FastAPI(
        title="Micro-credential ledger",
        version=version("microcredential-ledger"),
        description=DESCRIPTION,
        lifespan=_lifespan,
        docs_url=None,  # its pages load scripts from elsewhere
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,
        telemetry=_telemetry(settings),
    )
    app.state.settings = settings
    app.state.verifier = load_verifier(settings)
    app.state.status_lists = StatusLists()
    app.add_middleware(RequestLog)
    problems.install(app)
    routes = [route for router in (*ROUTERS, *OPEN_ROUTERS) for route in router.routes]
    app.router.routes += [Places(routes), *routes]
    app.openapi = _documented(app)  # type: ignore[method-assign]  # FastAPI's way to extend it
    return app


def app_of_this_process() -> FastAPI:
    """For servers that start several processes, each of which makes its own app."""
    return create_app(read_settings())


def _telemetry(settings: Settings) -> Any:
    """Off unless somebody listens: idle instrumentation doubles what a request costs."""
    if settings.telemetry_endpoint is None:
        return NO_TELEMETRY
    return {
        "logs": False,  # they repeat bodies
        "operation_spans": False,
        "auto_configure": True,
        "exclude": _has_secret,
    }


def _has_secret(scope: Mapping[str, Any]) -> bool:
    """Whether the address of a request is a secret, which a trace would repeat."""
    return str(scope.get("path", "")).startswith("/share/")


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    limiter = anyio.to_thread.current_default_thread_limiter()
    limiter.total_tokens = settings.threads
    edge = await anyio.to_thread.run_sync(Edge.open, settings)
    app.state.edge, stop = edge, Event()
    committer = Thread(target=disclosure_commitments.follow, args=(edge, wall, stop))
    committer.start()
    with ThreadPoolExecutor(settings.threads, thread_name_prefix="read") as readers:
        app.state.readers = readers
        try:
            yield
        finally:
            stop.set()
            await anyio.to_thread.run_sync(committer.join)
            await anyio.to_thread.run_sync(edge.close)


def _documented(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI with what FastAPI cannot know: the shape of problems, and who has to sign in."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            _add_problems(document)
            _add_sign_in(document)
            app.openapi_schema = document
        return app.openapi_schema

    return openapi


def _add_problems(document: dict[str, Any]) -> None:
    schema = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas |= schema.pop("$defs")
    schemas["Problem"] = schema


def _add_sign_in(document: dict[str, Any]) -> None:
    document["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    }
    for path, operations in document["paths"].items():
        for operation in operations.values():
            operation["security"] = [{"token": []}] if path.startswith("/v1/") else []
