"""What anybody needs to check a record: keys of issuers, status lists, rubrics. No token is asked.

Nothing here says of anybody that she has a record.
"""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Path, Request, Response

from api.carry.contents import stack_of
from api.clock import now
from api.problems import declared
from api.record_addresses import addresses_of
from api.record_forms import OBJECT, TEXT, TOKEN, Form, wanted
from api.record_signing import document_of, keys_of
from api.routing import OpenRouter
from api.status_lists import status_lists_of
from api.writing import edge_of
from ledger.aggregates.credential import Credential
from ledger.errors import NotFoundError
from ledger.records.awards import achievement
from ledger.records.issuers import bare_jwk
from ledger.records.status import revocation_list
from ledger.records.transcripts import stack_achievement
from projections import records, stacks

LISTS_MAX = 10**6
DOCUMENT, LINKED, JWK = "application/did+ld+json", "application/vc+ld+json", "application/jwk+json"
PLAIN = "application/json"
CHANGES = {"Cache-Control": "public, max-age=300"}

ANY: dict[str, Any] = {  # of the type that the thing has, or that was asked for
    "response_class": Response,
    "responses": declared()
    | {
        200: {
            "content": dict.fromkeys((DOCUMENT, LINKED, JWK, PLAIN), OBJECT) | {"text/plain": TEXT}
        }
    },
}

router = OpenRouter("records")
ListNumber = Annotated[int, Path(ge=1, le=LISTS_MAX)]
Version = Annotated[int, Path(ge=1, le=10**6)]


@router.get("/.well-known/did.json", **ANY)
def read_ledger_keys(request: Request) -> Response:
    """The DID document of this ledger itself, with every key that it ever had."""
    return _did_document(request, None)


@router.get("/issuers/{issuer_id}/did.json", **ANY)
def read_issuer_keys(request: Request, issuer_id: UUID) -> Response:
    """The DID document of an issuer, with every key that it ever had."""
    return _did_document(request, issuer_id)


@router.get("/issuers/{issuer_id}/keys/{key}", **ANY)
def read_issuer_key(request: Request, issuer_id: UUID, key: str) -> Response:
    """One key of an issuer as a bare JSON Web Key."""
    keys = keys_of(edge_of(request), issuer_id)
    if keys is None:
        raise NotFoundError("this issuer has no keys")
    return _json(bare_jwk(keys.named(key).shown), JWK)


@router.get("/issuers/{issuer_id}/status/{list_number}", **ANY)
def read_status_list(request: Request, issuer_id: UUID, list_number: ListNumber) -> Response:
    """A status list, signed: a document, or a token where `Accept` asks for text/plain."""
    edge, lists = edge_of(request), status_lists_of(request)
    found = lists.find(edge, issuer_id, list_number, now(request))
    headers = {**CHANGES, "Vary": "Accept"}
    if wanted(request, Form.DOCUMENT, Form.TOKEN) is Form.TOKEN:
        return Response(found.token, media_type=TOKEN, headers=headers)
    return _json(found.document, LINKED, headers)


@router.get("/issuers/{issuer_id}/revocations", **ANY)
def read_revocations(request: Request, issuer_id: UUID) -> Response:
    """The records of an issuer that are revoked, by their ids: a `1EdTechRevocationList`."""
    edge = edge_of(request)
    if keys_of(edge, issuer_id) is None:
        raise NotFoundError("this issuer has no keys")
    addresses = addresses_of(edge.settings)
    with edge.reading([issuer_id]) as connection:
        found = records.revoked_records(connection, issuer_id)
    stated = revocation_list(
        url=addresses.revocations(issuer_id),
        issuer_id=addresses.issuer(issuer_id),
        revoked=map(addresses.record, found),
    )
    return _json(stated, PLAIN)


@router.get("/issuers/{issuer_id}/achievements/{credential_id}/{version}", **ANY)
def read_achievement(
    request: Request, issuer_id: UUID, credential_id: UUID, version: Version
) -> Response:
    """What a version of a micro-credential asks for, with its rubric, as records name it."""
    edge = edge_of(request)
    credential = edge.ledger.get(Credential, credential_id)
    if credential.issuer_id != issuer_id or version > credential.newest_version:
        raise NotFoundError("there is no such version")
    url = addresses_of(edge.settings).achievement(issuer_id, credential_id, version)
    aligned = credential.alignments_of(version)
    return _json(achievement(url, version, credential.definition_of(version), aligned), LINKED)


@router.get("/issuers/{issuer_id}/stacks/{stack_id}/{version}", **ANY)
def read_stack_achievement(
    request: Request, issuer_id: UUID, stack_id: UUID, version: Version
) -> Response:
    """What a version of a stack asks for, as transcripts name it."""
    edge = edge_of(request)
    with edge.reading() as connection:
        found = stacks.definitions(connection, [stack_id])
    for one in found:
        if (one.issuer_id, one.stack_version) == (issuer_id, version):
            stated = stack_of(one, addresses_of(edge.settings), ())
            return _json(stack_achievement(stated), LINKED)
    raise NotFoundError("there is no such version")


def _did_document(request: Request, issuer_id: UUID | None) -> Response:
    document = document_of(edge_of(request), issuer_id)
    if document is None:
        raise NotFoundError("this issuer has no keys")
    return _json(document, DOCUMENT)


def _json(body: Any, media_type: str, headers: dict[str, str] = CHANGES) -> Response:
    return Response(orjson.dumps(body), media_type=media_type, headers=headers)
