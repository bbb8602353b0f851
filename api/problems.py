"""Every answer that is not a success: `application/problem+json`, as RFC 9457 has it.

`type` is `/problems/<slug>` with the stable slug of the error's class, `title` is that class's
first line, `detail` names the operands. Values that were sent are never repeated: they may be
somebody's name, or a secret.
"""

from __future__ import annotations

import http
import logging
import re
from typing import Any

import orjson
import psycopg
from eventsourcing import persistence
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.imports.flaws import FileRefusedError
from ledger.errors import (
    ConflictError,
    ErasedError,
    ForbiddenError,
    InvalidError,
    LedgerError,
    NotFoundError,
    NotSignedInError,
    PreconditionError,
    UnavailableError,
)

MEDIA_TYPE = "application/problem+json"
FLAWS_MAX = 100  # of one request; the first hundred say enough
WHERE_CHARACTERS_MAX = 200
OF_THE_CHECKER = re.compile(r"[a-z-]+\[.*\]|constrained-str")  # how it calls a choice it tried
log = logging.getLogger(__name__)


class MalformedError(InvalidError):
    """The request cannot be read."""

    slug = "malformed-request"
    status = 400


class KeyMissingError(MalformedError):
    """Every change needs an Idempotency-Key."""

    slug = "idempotency-key-missing"


class MethodError(LedgerError):
    """This address does not know that method."""

    slug = "method-not-allowed"
    status = 405


class TooLargeError(InvalidError):
    """More was sent than is taken."""

    slug = "too-large"
    status = 413


class MediaTypeError(InvalidError):
    """The content type is not one that this address takes."""

    slug = "unsupported-media-type"
    status = 415


class NotYetVisibleError(UnavailableError):
    """What was written is stored, but this view has not caught up with it yet."""

    slug = "not-yet-visible"


class PositionUnknownError(InvalidError):
    """The log has no such position."""

    slug = "position-unknown"


class InternalError(LedgerError):
    """Something is wrong on our side."""

    slug = "internal-error"


class Flaw(BaseModel):
    """One thing that is wrong with a request."""

    where: str = Field(description="where it is, as in `body.terms.zone`")
    what: str


class Problem(BaseModel):
    """Why a request was refused. A refusal leaves nothing behind."""

    type: str = Field(description="`/problems/` and a slug that never changes")
    title: str
    status: int
    detail: str
    errors: list[Flaw] = []


BY_STATUS: dict[int, type[LedgerError]] = {
    400: MalformedError,
    401: NotSignedInError,
    403: ForbiddenError,
    404: NotFoundError,
    405: MethodError,
    409: ConflictError,
    410: ErasedError,
    412: PreconditionError,
    413: TooLargeError,
    415: MediaTypeError,
    422: InvalidError,
    500: InternalError,
    503: UnavailableError,
}
EVERYWHERE = (401, 403, 404, 422, 500, 503)
DESCRIPTIONS = {status: http.HTTPStatus(status).phrase for status in BY_STATUS}


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route says in the OpenAPI about the problems it answers with."""
    return {
        status: {
            "description": DESCRIPTIONS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in sorted({*EVERYWHERE, *statuses})
    }


def title_of(error: type[LedgerError]) -> str:
    return (error.__doc__ or "").split("\n", 1)[0].strip()


def answer(
    error: type[LedgerError],
    detail: str,
    *,
    flaws: list[Flaw] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """The problem document of a refusal."""
    if issubclass(error, NotFoundError):
        detail = title_of(NotFoundError)  # the same words whether it is not there or not yours
    body: dict[str, Any] = {
        "type": f"/problems/{error.slug}",
        "title": title_of(error),
        "status": error.status,
        "detail": detail,
    }
    if flaws:
        body["errors"] = [flaw.model_dump() for flaw in flaws]
    sent = dict(headers or {})
    if error.status == NotSignedInError.status:
        sent["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if error.status == UnavailableError.status:
        sent["Retry-After"] = "1"
    return Response(
        orjson.dumps(body), status_code=error.status, media_type=MEDIA_TYPE, headers=sent
    )


def _readable(text: str) -> str:
    """A name that came with the request, cut short and without what JSON cannot carry."""
    return text.encode("ascii", "backslashreplace").decode()[:WHERE_CHARACTERS_MAX]


def _where(flaw: Any) -> str:
    """Where it is by the names that were sent; an unknown name may be any."""
    *above, last = map(str, flaw["loc"])
    own = [part for part in above if not OF_THE_CHECKER.fullmatch(part)]
    if flaw["type"] == "extra_forbidden" or not OF_THE_CHECKER.fullmatch(last):
        own.append(last)
    return _readable(".".join(own))


def _flaws(error: RequestValidationError) -> list[Flaw]:
    return [
        Flaw(
            where=_where(flaw),
            what=_readable(str(flaw["msg"]).removeprefix("Value error, ")),
        )
        for flaw in list(error.errors())[:FLAWS_MAX]
    ]


def answer_refusal(_request: Request, error: Exception) -> Response:
    """Whatever the ledger or the edge refused on purpose."""
    assert isinstance(error, LedgerError)
    if error.status >= InternalError.status and not isinstance(error, UnavailableError):
        log.error("refused with %s", error.slug)
        return answer(InternalError, "the failure is in the log under this request's id")
    flaws = _flaws_of_file(error) if isinstance(error, FileRefusedError) else []
    return answer(type(error), error.detail, flaws=flaws)


def _flaws_of_file(error: FileRefusedError) -> list[Flaw]:
    return [
        Flaw(
            where=" ".join(
                str(part)
                for part in (flaw.file, f"row {flaw.row}" if flaw.row else None, flaw.column)
                if part is not None
            ),
            what=f"{flaw.message} [{flaw.slug}]",
        )
        for flaw in error.flaws
    ]


def answer_invalid(_request: Request, error: Exception) -> Response:
    """What FastAPI found while parsing: fields that are missing, unknown or of the wrong kind."""
    assert isinstance(error, RequestValidationError)
    flaws = _flaws(error)
    if any(flaw["type"] == "json_invalid" for flaw in error.errors()):
        return answer(MalformedError, "the body is not JSON", flaws=flaws)
    first = flaws[0]
    return answer(InvalidError, f"{first.where}: {first.what}", flaws=flaws)


def answer_http(_request: Request, error: Exception) -> Response:
    """What the framework itself refuses: no such address, method or size."""
    assert isinstance(error, HTTPException)
    kind = BY_STATUS.get(error.status_code, MalformedError)
    return answer(kind, str(error.detail), headers=dict(error.headers or {}))


def answer_unavailable(_request: Request, error: Exception) -> Response:
    """The database cannot be reached, or did not answer in time."""
    log.warning("unavailable: %s", type(error).__name__)
    return answer(
        UnavailableError, "the outcome is not known; send the same request with the same key again"
    )


def answer_failure() -> Response:
    """For whatever nobody foresaw; the log has more, the caller does not."""
    return answer(InternalError, "the failure is in the log under this request's id")


NOT_NOW = (  # psycopg files these under its internal errors; the next try finds another server
    psycopg.errors.IdleInTransactionSessionTimeout,  # this process stood still for too long
    psycopg.errors.TransactionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,  # the server has become a standby
)


def install(app: FastAPI) -> None:
    """Make every refusal of this app a problem document."""
    app.add_exception_handler(LedgerError, answer_refusal)
    app.add_exception_handler(RequestValidationError, answer_invalid)
    app.add_exception_handler(HTTPException, answer_http)
    for unreachable in (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        persistence.OperationalError,
        persistence.InterfaceError,
        *NOT_NOW,
    ):
        app.add_exception_handler(unreachable, answer_unavailable)
