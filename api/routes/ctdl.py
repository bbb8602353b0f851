"""The catalog for registries of credentials, in CTDL. Like what it describes it is public."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import orjson
from fastapi import Request, Response

from api.ctdl import Catalog
from api.exports.ctdl import described, described_stack, graph
from api.problems import declared
from api.record_addresses import addresses_of
from api.routing import OpenRouter
from api.writing import edge_of
from ledger.errors import NotFoundError
from projections import catalog

LINKED = "application/ld+json"
CHANGES = {"Cache-Control": "public, max-age=300"}
ANY: dict[str, Any] = {
    "response_class": Response,
    "responses": declared() | {200: {"content": {LINKED: {"schema": {"type": "object"}}}}},
}

router = OpenRouter("catalog")


@router.get("/issuers/{issuer_id}/ctdl", **ANY)
def list_offers(request: Request, issuer_id: UUID) -> Response:
    """Every micro-credential that an issuer has published, and its stacks, as one graph."""
    with _catalog(request) as known:
        if catalog.find_issuer(known.connection, issuer_id) is None:
            raise NotFoundError("there is no such issuer")
        found = graph(known.offers(issuer_id), known.stacks(issuer_id))
    return _linked(found)


@router.get("/issuers/{issuer_id}/ctdl/{credential_id}", **ANY)
def read_offer(request: Request, issuer_id: UUID, credential_id: UUID) -> Response:
    """One micro-credential, in its newest version."""
    with _catalog(request) as known:
        found = known.find_offer(issuer_id, credential_id)
    if found is None:
        raise NotFoundError("this issuer has published no such micro-credential")
    return _linked(described(found))


@router.get("/issuers/{issuer_id}/ctdl/stacks/{stack_id}", **ANY)
def read_offered_stack(request: Request, issuer_id: UUID, stack_id: UUID) -> Response:
    """One stack, as it is defined now."""
    with _catalog(request) as known:
        found = known.find_stack(issuer_id, stack_id)
    if found is None:
        raise NotFoundError("this issuer has defined no such stack")
    return _linked(described_stack(found))


@contextmanager
def _catalog(request: Request) -> Iterator[Catalog]:
    edge = edge_of(request)
    with edge.reading() as connection:
        yield Catalog.read(connection, addresses_of(edge.settings))


def _linked(content: dict[str, Any]) -> Response:
    return Response(orjson.dumps(content), media_type=LINKED, headers=CHANGES)
