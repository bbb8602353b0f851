"""The Open Badges API 3.0: a teacher's other systems fetch her records with a token of hers.

That specification describes these addresses and how they refuse, so the OpenAPI of this ledger does
not. Each record is given once: as a signed document, or with `form=compactJwsString` as a token.

Source: Open Badges Specification 3.0, section 6; docs/sources.md.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import urlencode

import orjson
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from api.auth import TokenVerifier
from api.problems import MethodError
from api.record_addresses import addresses_of
from api.routing import OpenRouter, bearer
from api.settings import Settings, read_authorization_server
from api.writing import caller_of, edge_of
from ledger.errors import (
    ErasedError,
    ForbiddenError,
    InvalidError,
    LedgerError,
    NotFoundError,
    NotSignedInError,
    UnavailableError,
)
from ledger.record_vault import RecordVault
from projections import records

BASE: Final = "/ims/ob/v3p0"
SCOPE: Final = "https://purl.imsglobal.org/spec/ob/v3p0/scope/credential.readonly"
LIMIT_MAX: Final = 200

router = OpenRouter("records", prefix=BASE, include_in_schema=False)


class Page(BaseModel):
    """What is asked for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: Annotated[int, Field(ge=1)] = 50
    offset: Annotated[int, Field(ge=0, le=2**31)] = 0
    since: datetime | None = None
    form: Literal["credential", "compactJwsString"] = "credential"  # our own: one or the other


class _Code(NamedTuple):
    status: int
    minor: str


_CODES: Final[tuple[tuple[type[LedgerError], _Code], ...]] = (
    (NotSignedInError, _Code(401, "unauthorizedrequest")),
    (ForbiddenError, _Code(403, "forbidden")),
    (NotFoundError, _Code(404, "not_found")),
    (ErasedError, _Code(404, "not_found")),  # that standard knows no 410
    (MethodError, _Code(405, "not_allowed")),
    (InvalidError, _Code(400, "invalid_query_parameter")),
    (UnavailableError, _Code(503, "server_busy")),
)
_CHANGING: Final = ["PUT", "PATCH", "DELETE"]
_FAILED: Final = _Code(500, "internal_server_error")


@router.get("/discovery")
def read_service_description(request: Request) -> Response:
    """What this service offers, and where tokens for it are to be had. Never protected."""
    return _answered(lambda: _json(_description(request.app.state.settings)))


@router.get("/credentials")
async def read_credentials(request: Request) -> Response:
    """The records of whoever calls, a page of them."""
    return await run_in_threadpool(_answered, lambda: _credentials(request))


@router.post("/credentials")
def upsert_credential() -> Response:
    """Records of others come in by their own way, where a district looks at them."""
    return _refused(MethodError("credentials of others are not taken here"))


@router.api_route("/discovery", methods=["POST", *_CHANGING])
@router.api_route("/credentials", methods=_CHANGING)
@router.api_route("/profile", methods=["GET", "POST", *_CHANGING])
def refuse_method() -> Response:
    """What that standard has here and this service does not offer, refused in its words."""
    return _refused(MethodError("this service does not offer that"))


@router.get("/{path:path}")
def refuse_address() -> Response:
    """What that standard does not have here."""
    return _refused(NotFoundError("there is nothing at this address"))


def _credentials(request: Request) -> Response:
    verifier: TokenVerifier = request.app.state.verifier
    request.state.principal_id = verifier.principal(bearer(request), scope=SCOPE)
    page, edge, caller = _page(request), edge_of(request), caller_of(request)
    limit, since = min(page.limit, LIMIT_MAX), page.since
    if since is not None and since.tzinfo is None:
        since = since.replace(tzinfo=UTC)
    with edge.reading(caller.scope(caller.person_id)) as connection:
        found, total = records.page_of_person(
            connection, caller.person_id, since=since, limit=limit, offset=page.offset
        )
    vault, issues = RecordVault(edge.vault), [award.issue for award in found]
    kept = vault.open_all(issues, person_id=caller.person_id)
    documents = page.form == "credential"
    body = {
        "credential": [one.document for one in kept if documents],
        "compactJwsString": [one.token for one in kept if not documents],
    }
    url = f"{addresses_of(edge.settings).base}{BASE}/credentials"
    links = _links(url, page.model_copy(update={"limit": limit}), total)
    return _json(body, {"X-Total-Count": str(total), "Link": links})


def _page(request: Request) -> Page:
    pairs = request.query_params.multi_items()
    try:
        if len(dict(pairs)) < len(pairs):
            raise InvalidError("the query says one thing twice")
        return Page.model_validate_strings(dict(pairs))
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_input=False)[0]
        raise InvalidError(f"{'.'.join(map(str, wrong['loc']))[:100]}: {wrong['msg']}") from None


def _links(url: str, page: Page, total: int) -> str:
    """First and last always; next before the last page, prev after the first."""
    last = (total - 1) // page.limit * page.limit if total else 0
    offsets = {"first": 0, "last": last}
    if page.offset + page.limit < total:
        offsets["next"] = page.offset + page.limit
    if page.offset > 0:
        offsets["prev"] = max(0, page.offset - page.limit)
    asked = {} if page.since is None else {"since": page.since.isoformat()}
    if page.form != "credential":
        asked["form"] = page.form
    return ", ".join(
        f'<{url}?{urlencode({"limit": page.limit, "offset": offset, **asked})}>; rel="{name}"'
        for name, offset in offsets.items()
    )


def _description(settings: Settings) -> dict[str, Any]:
    """The profiled OpenAPI document; where tokens are to be had says their server's metadata."""
    server = read_authorization_server(settings)
    scopes = {SCOPE: "Permission to read the credentials of the authenticated entity."}
    scheme = {
        "type": "oauth2",
        "description": "Authorization code with PKCE (S256).",
        "x-imssf-name": "Micro-credential ledger",
        "x-imssf-privacyPolicyUrl": server.op_policy_uri,
        "x-imssf-registrationUrl": server.registration_endpoint,
        "x-imssf-termsOfServiceUrl": server.op_tos_uri,
        "flows": {
            "authorizationCode": {
                "authorizationUrl": server.authorization_endpoint,
                "tokenUrl": server.token_endpoint,
                **({"refreshUrl": server.token_endpoint} if server.refreshes else {}),
                "scopes": scopes,
            }
        },
    }
    base = addresses_of(settings).base
    operation = {
        "operationId": "getCredentials",
        "responses": {"200": {"description": "The records of whoever calls."}},
        "security": [{"OAuth2ACG": [SCOPE]}],
    }
    return {
        "openapi": "3.0.1",
        "info": {
            "title": "Micro-credential ledger",
            "version": version("microcredential-ledger"),
            "termsOfService": server.op_tos_uri,
            "x-imssf-privacyPolicyUrl": server.op_policy_uri,
        },
        "servers": [{"url": f"{base}{BASE}"}],
        "paths": {"/credentials": {"get": operation}},
        "components": {"securitySchemes": {"OAuth2ACG": scheme}},
    }


def _answered(answering: Callable[[], Response]) -> Response:
    """The answer, or the refusal in the words of that specification."""
    try:
        return answering()
    except LedgerError as refusal:
        return _refused(refusal)


def _refused(refusal: LedgerError) -> Response:
    code = next((code for kind, code in _CODES if isinstance(refusal, kind)), _FAILED)
    body = {
        "imsx_codeMajor": "unsupported" if isinstance(refusal, MethodError) else "failure",
        "imsx_severity": "error",
        "imsx_description": refusal.slug if code is _FAILED else refusal.detail,
        "imsx_codeMinor": {
            "imsx_codeMinorField": [
                {
                    "imsx_codeMinorFieldName": "TargetEndSystem",
                    "imsx_codeMinorFieldValue": code.minor,
                }
            ]
        },
    }
    headers = {"WWW-Authenticate": "Bearer"} if code.status == NotSignedInError.status else {}
    return _json(body, headers, code.status)


def _json(body: Any, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    sent = {"Cache-Control": "no-store", **(headers or {})}
    return Response(orjson.dumps(body), status, sent, "application/json")
