"""The OpenAPI is true: what it promises is what comes back, whatever is sent."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ledger.events import EVENT_CLASSES
from tests.api import test_authorization as authorization
from tests.api.world import World

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
EXAMPLES = 60
PATIENCE_SECONDS = 120  # a busy machine takes longer than the ten that are waited for by itself
MOSTLY = st.sampled_from([True, True, True, False])
OF_THE_CONNECTION = {"connection", "content-length", "host", "transfer-encoding"}
"""Headers that the server itself reads and refuses, before there is a request to answer."""


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode))
def test_whatever_is_sent_the_answer_is_one_that_was_declared(
    mode: schemathesis.GenerationMode, shared_world: World
) -> None:
    """As somebody who holds every role; most requests are about things that exist."""
    who, known = furnish(shared_world, mode.name)
    with over_socket(shared_world) as address:
        url = f"{address}/openapi.json"
        schema = schemathesis.openapi.from_url(url, timeout=PATIENCE_SECONDS)
        check_all(schema, mode, known, f"Bearer {shared_world.token(who)}")


@contextmanager
def over_socket(world: World) -> Iterator[str]:
    """The app of a world behind a real server."""
    config = uvicorn.Config(world.app, port=0, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:  # or a test that fails would never come to its end
        server.should_exit = True
        thread.join()


def check_all(
    schema: BaseSchema, mode: schemathesis.GenerationMode, known: dict[str, str], token: str
) -> None:
    for result in schema.get_all_operations():
        operation = result.ok()

        @given(case=operation.as_strategy(generation_mode=mode), existing=MOSTLY)
        @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
        def check(case: schemathesis.Case, *, existing: bool) -> None:
            if existing:
                case.path_parameters = named(case.path_parameters, known)
                case.body = named(case.body, known)
            for name in [name for name in case.headers or {} if name.lower() in OF_THE_CONNECTION]:
                del case.headers[name]
            headers = {"Authorization": token, "Idempotency-Key": str(uuid4())}
            case.call_and_validate(headers=headers, checks=CHECKS, timeout=PATIENCE_SECONDS)

        with suppress(Unsatisfiable):  # what takes nothing cannot be sent anything wrong
            check()


def named(fields: Any, known: dict[str, str]) -> Any:
    """The fields, with what exists under the names that say what they are."""
    if not isinstance(fields, dict):
        return fields
    return fields | {name: known[name] for name in fields if name in known}


def furnish(world: World, token: str) -> tuple[UUID, dict[str, str]]:
    """A world in which everything exists once, and somebody who may do everything in it."""
    tenant = authorization.furnish(world, token)
    who, district = tenant.roles["teacher"], tenant.ids["district_id"]
    for role, scope in (
        ("operator", None),
        ("auditor", None),
        ("issuer_approver", tenant.ids["issuer_id"]),
        ("district", district),
        ("payroll", district),
        ("payroll_system", district),
    ):
        body = {"role": role, "scope_id": scope}
        world.done(world.operator, f"/v1/principals/{who}/grants", body)
    # Her own roles stay hers, whatever is withdrawn; else nothing more would be answered.
    return who, tenant.ids | {"principal_id": tenant.ids["assessor_id"]}


def test_every_operation_has_an_id_a_summary_and_declares_its_problems(
    shared_world: World,
) -> None:
    document = shared_world.client.get("/openapi.json").json()
    ids = []
    for path, operations in document["paths"].items():
        for operation in operations.values():
            ids.append(operation["operationId"])
            assert operation["description"], path
            if path.startswith("/v1/"):
                assert {"401", "404", "503"} <= set(operation["responses"]), path
                assert operation["security"] == [{"token": []}]
    assert len(set(ids)) == len(ids)
    references = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert references <= set(document["components"]["schemas"])


def test_no_text_of_a_query_is_just_any_text(shared_world: World) -> None:
    """What has no rule may hold a NUL, over which the database fails."""
    document = shared_world.client.get("/openapi.json").json()
    asked = [
        (path, parameter["name"], shape)
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
        for shape in (parameter["schema"], *parameter["schema"].get("anyOf", ()))
        if shape.get("type") == "string"
    ]
    assert len(asked) > 100
    assert not [
        one for one in asked if not {"enum", "format", "maxLength", "pattern"} & one[2].keys()
    ]


BOUNDS = (("maxItems", 1), ("maxLength", 1), ("maximum", 1), ("minItems", -1), ("minimum", -1))
REFUSED_BY_A_RULE = {"scope"}
"""An empty scope has its own slug: what is missing is that awards are named."""


def test_no_field_of_a_body_is_wider_than_every_event_that_has_a_field_of_its_name(
    shared_world: World,
) -> None:
    """What the edge lets in, an event can hold; otherwise it would fail where nobody expects it."""
    document = shared_world.client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    held: dict[str, list[dict[str, Any]]] = {}
    for event in EVENT_CLASSES.values():
        schema = event.model_json_schema()
        for name, shape in fields_of(schema, schema.get("$defs", {})):
            held.setdefault(name, []).append(shape)
    wider = [
        (path, name, shape)
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for content in operation.get("requestBody", {}).get("content", {}).values()
        for name, shape in fields_of(content["schema"], schemas)
        if (same := [one for one in held.get(name, ()) if one["type"] == shape["type"]])
        and name not in REFUSED_BY_A_RULE
        and all(is_wider(shape, one) for one in same)
    ]
    assert held["hosts"] == [{"type": "array", "maxItems": 10}]
    assert not wider


def is_wider(shape: dict[str, Any], held: dict[str, Any]) -> bool:
    """Whether it takes more than an event holds: a bound is missing, or further out.

    The document writes bounds as floats, which round 2 ** 63 - 1.
    """
    return any(
        bound in held and (bound not in shape or sign * shape[bound] > sign * float(held[bound]))
        for bound, sign in BOUNDS
    )


def fields_of(
    schema: dict[str, Any], known: dict[str, dict[str, Any]], name: str = "", depth: int = 8
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each field at any depth by its last name, with its type and bounds."""
    while "$ref" in schema:
        schema = known[schema["$ref"].rsplit("/", 1)[-1]]
    if not depth:
        return
    if name and schema.get("type") in ("array", "string", "integer"):
        bounds = {key: schema[key] for key, _ in BOUNDS if key in schema}
        yield name, {"type": schema["type"], **bounds}
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
        yield from fields_of(one, known, name, depth - 1)
    if isinstance(schema.get("items"), dict):
        yield from fields_of(schema["items"], known, f"{name}[]", depth - 1)
    for field, one in schema.get("properties", {}).items():
        yield from fields_of(one, known, field, depth - 1)
