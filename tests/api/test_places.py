"""The table of addresses: it finds what holding an address against each route would find."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

from api.app import OPEN_ROUTERS
from api.places import Places
from api.routes import ROUTERS

AN_ID = str(UUID(int=7))
ROUTES = [
    route
    for router in (*ROUTERS, *OPEN_ROUTERS)
    for route in router.routes
    if isinstance(route, APIRoute)
]
PLACES = Places(ROUTES)
ASKED = [(method, route) for route in ROUTES for method in sorted(route.methods)]


def asked(path: str, method: str = "GET", **more: str) -> Scope:
    return {"type": "http", "method": method, "path": path, **more}


def found(routes: APIRouter, scope: Scope) -> object:
    """What the routes of one place answer such a request with."""
    matches = [route.matches(scope) for route in routes.routes]
    return next((child["endpoint"] for match, child in matches if match == Match.FULL), None)


@pytest.mark.parametrize(
    ("method", "route"), ASKED, ids=[f"{method} {route.path}" for method, route in ASKED]
)
def test_given_any_route_when_its_address_is_asked_then_the_table_leads_to_it(
    method: str, route: APIRoute
) -> None:
    scope = asked(re.sub(r"\{[^}]*\}", AN_ID, route.path), method)

    match, child = PLACES.matches(scope)

    if ":path}" in route.path:
        assert match == Match.NONE  # left to those that are tried one after the other
    else:
        assert match == Match.FULL
        assert found(child["place"], scope) is route.endpoint


def test_given_a_fixed_part_and_one_that_may_be_anything_then_the_fixed_one_goes_before() -> None:
    router = APIRouter()
    router.add_api_route("/lists/{list_id}", lambda list_id: list_id, methods=["GET"])
    router.add_api_route("/lists/new", lambda: None, methods=["GET"])
    free, fixed = (route for route in router.routes if isinstance(route, APIRoute))
    places = Places(router.routes)

    chosen = {path: places.matches(asked(path))[1]["place"] for path in ("/lists/new", "/lists/x")}

    assert found(chosen["/lists/new"], asked("/lists/new")) is fixed.endpoint
    assert found(chosen["/lists/x"], asked("/lists/x")) is free.endpoint


@pytest.mark.parametrize(
    "scope",
    [
        asked("/v1/nothing"),
        asked(f"/v1/people/{AN_ID}/transcript/"),
        asked(f"/V1/people/{AN_ID}"),
        asked(""),
        asked(f"/v1/people/{AN_ID}", root_path="/v1"),
        {"type": "websocket", "path": f"/v1/people/{AN_ID}"},
    ],
)
def test_given_what_is_no_address_of_ours_then_the_table_leads_nowhere(scope: Scope) -> None:
    assert PLACES.matches(scope) == (Match.NONE, {})
