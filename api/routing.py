"""The routes of /v1: who calls is known, and how much may be sent, before a body is read."""

from __future__ import annotations

import re
from asyncio import get_running_loop
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar, get_args, get_type_hints
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response, params
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.types import Message

from api.answers import Recorded
from api.auth import TokenVerifier
from api.disclosures import written_down
from api.problems import MediaTypeError, declared
from api.receipts import with_proofs
from api.settings import Settings
from ledger.errors import NotSignedInError

FORM_OVERHEAD_BYTES = 64 * 1024  # the other fields of a form that carries a file
JSON, FORM = "application/json", "multipart/form-data"
WRITE_PROBLEMS = (400, 409, 412, 413, 415)
READ_PROBLEMS = (400,)
ASK_PROBLEMS = (400, 409, 413, 415)
GONE = 410  # a file that was erased
TEXT_OR_NAME = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?', re.DOTALL)  # a name has a colon
ONCE = frozenset(  # of two, a proxy may go by the one and we by the other
    {b"authorization", b"content-type", b"idempotency-key", b"if-match", b"ledger-time"}
)
BYTES = {"*/*": {"schema": {"type": "string", "format": "binary"}}}
Route = TypeVar("Route", bound=Callable[..., Any])
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictRequest(Request):
    """A request whose JSON is JSON: no NaN, no half characters, no endless nesting, no name twice.

    Of two values under one name readers take the first or the last, so nobody knows what was meant.
    """

    async def json(self) -> Any:
        body = await self.body()
        said = orjson.loads(body)
        if sum(map(bool, TEXT_OR_NAME.findall(body))) > _names_in(said):
            raise HTTPException(400, "the body says one thing twice")
        return said


class StrictForm(StrictRequest):
    """A form that says each thing once, and nothing that the address does not take."""

    def __init__(
        self, request: Request, limit: int, names: frozenset[str], instead: str = ""
    ) -> None:
        super().__init__(request.scope, limited(request, limit, instead))
        self.names = names

    async def form(self, **limits: Any) -> FormData:  # type: ignore[override] # only awaited here
        form = await super().form(**limits)
        said = [name for name, _ in form.multi_items()]
        if len(said) == len(set(said) & self.names):
            return form
        await form.close()
        raise HTTPException(
            400, "the form says one thing twice, or what this address does not take"
        )


class OpenRoute(APIRoute):
    """A route that answers anybody whose headers say each thing once."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            _check_headers(request)
            return await handle(request)

        return handle_strictly


class SignedInRoute(APIRoute):
    """A route that answers only callers with a good token."""

    body_setting = "body_bytes_max"  # the setting that limits what may be sent

    def get_route_handler(self) -> Handler:
        handle = _reader(self.endpoint) if self.methods == {"GET"} else super().get_route_handler()
        field = self.body_field
        expected = None
        if field is not None:
            expected = FORM if isinstance(field.field_info, params.Form) else JSON
        names = frozenset(one.alias for one in self.dependant.body_params)

        async def handle_strictly(request: Request) -> Response:
            _check_headers(request)
            verifier: TokenVerifier = request.app.state.verifier
            principal_id = verifier.principal(bearer(request))
            request.state.principal_id = principal_id
            _mean_person(request)
            if expected is None:
                answered = await written_down(request, await handle(request))
                return await with_proofs(request, answered)
            _check_content_type(request, expected)
            limit = _limit(request.app.state.settings, self.body_setting, expected)
            if expected == FORM:
                strict: StrictRequest = StrictForm(request, limit, names)
            else:
                strict = StrictRequest(request.scope, limited(request, limit))
            answered = await written_down(request, await handle(strict))
            return await with_proofs(request, answered)

        return handle_strictly


class EvidenceRoute(SignedInRoute):
    body_setting = "evidence_bytes_max"


class ImportRoute(SignedInRoute):
    body_setting = "import_bytes_max"


class OpenRouter(APIRouter):
    """The routes of one subject that may be asked without a token."""

    def __init__(
        self, subject: str, route_class: type[APIRoute] = OpenRoute, **options: Any
    ) -> None:
        super().__init__(
            tags=[subject],
            generate_unique_id_function=_name_of,
            route_class=route_class,
            **options,
        )


class Router(OpenRouter):
    """The routes of one subject. A write appends facts and answers 201; a read changes nothing."""

    def __init__(self, subject: str, route_class: type[SignedInRoute] = SignedInRoute) -> None:
        super().__init__(subject, prefix="/v1", route_class=route_class)

    def write(self, path: str, model: type[Recorded] = Recorded) -> Callable[[Route], Route]:
        return self.post(
            path, status_code=201, response_model=model, responses=declared(*WRITE_PROBLEMS)
        )

    def post_file(self, path: str, model: Any) -> Callable[[Route], Route]:
        """For a file that is known by its content and answers with a report."""
        return self.post(path, response_model=model, responses=declared(*WRITE_PROBLEMS))

    def ask(self, path: str, model: Any) -> Callable[[Route], Route]:
        """A read whose question needs a body: it stores nothing, and may be asked again freely."""

        def register(function: Route) -> Route:
            options = {"response_model": model, "responses": declared(*ASK_PROBLEMS)}
            return self.post(path, openapi_extra=_asked_with(function), **options)(function)

        return register

    def download(self, path: str, content: Mapping[str, Any] = BYTES) -> Callable[[Route], Route]:
        """For bytes of whatever type they were found to be, where `content` does not say which."""
        return self._read(
            path,
            response_class=Response,
            responses=declared(*READ_PROBLEMS, GONE) | {200: {"content": content}},
        )

    def read(self, path: str, model: Any) -> Callable[[Route], Route]:
        return self._read(path, response_model=model, responses=declared(*READ_PROBLEMS))

    def _read(self, path: str, **options: Any) -> Callable[[Route], Route]:
        def register(function: Route) -> Route:
            return self.get(path, openapi_extra=_asked_with(function), **options)(function)

        return register


def _name_of(route: APIRoute) -> str:
    """How the OpenAPI calls what a route does: as the code does."""
    return route.name


def _asked_with(function: Callable[..., Any]) -> dict[str, Any]:
    return {"parameters": list(_parameters(function))}


def _parameters(function: Callable[..., Any]) -> Iterator[dict[str, Any]]:
    """What the OpenAPI says of the query that a read takes."""
    _, depends = get_args(get_type_hints(function, include_extras=True)["read"])
    query: type[BaseModel] = get_type_hints(depends.dependency)["query"]
    for name, schema in query.model_json_schema()["properties"].items():
        description = schema.pop("description", None)
        named = {"name": name, "in": "query", "required": False, "schema": schema}
        yield named | ({"description": description} if description else {})


def _reader(function: Callable[..., Response]) -> Handler:
    """Call a read: with what its address names, and what it is asked with; it answers bytes.

    The framework's way to such a call is made for whatever a function may take, and costs a
    request as much as reading the database does; so does its way to a thread, which can take back
    what it began. A read that nobody waits for any more ends by itself.
    """
    hints = get_type_hints(function, include_extras=True)
    hints.pop("return")
    _, depends = get_args(hints.pop("read"))
    named = {name: TypeAdapter(hint) for name, hint in hints.items()}

    async def handle(request: Request) -> Response:
        read = await depends.dependency(request)
        found = {name: _named(request, name, kind) for name, kind in named.items()}
        call = partial(copy_context().run, partial(function, **found, read=read))
        return await get_running_loop().run_in_executor(request.app.state.readers, call)

    return handle


def _named(request: Request, name: str, kind: TypeAdapter[Any]) -> Any:
    try:
        return kind.validate_strings(request.path_params[name])
    except ValidationError as error:
        flaws = error.errors(include_url=False, include_input=False, include_context=False)
        raise RequestValidationError(
            [{**flaw, "loc": ("path", name, *flaw["loc"])} for flaw in flaws]
        ) from None


def _mean_person(request: Request) -> None:
    """Answer for a record that was merged as for the one it was merged into, to whoever may see it.

    Whoever may not is told what she would be told of that one, so nobody learns of the merge.
    """
    meant: Mapping[UUID, UUID] = request.app.state.edge.watch.meant
    asked = request.path_params.get("person_id") if meant else None
    if asked is not None:
        with suppress(ValueError):  # what is no id is refused where it is read
            person_id = UUID(str(asked))
            request.path_params["person_id"] = str(meant.get(person_id, person_id))


def bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NotSignedInError("send an access token: Authorization: Bearer ...")
    return token.strip()


def _names_in(said: Any) -> int:
    """How many names there are in all objects of what was read."""
    names, left = 0, [said]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            names += len(one)
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
    return names


def _check_headers(request: Request) -> None:
    names = [name for name, _ in request.headers.raw if name in ONCE]
    if len(names) > len(set(names)):
        raise HTTPException(400, "the headers say one thing twice")


def _check_content_type(request: Request, expected: str) -> None:
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent != expected:
        raise MediaTypeError(f"send this as {expected}")


def _limit(settings: Settings, name: str, expected: str) -> int:
    limit: int = getattr(settings, name)
    return limit + FORM_OVERHEAD_BYTES if expected == FORM else limit


def limited(
    request: Request, limit: int, instead: str = ""
) -> Callable[[], Coroutine[Any, Any, Message]]:
    """Receive no more than `limit` bytes, whatever length was announced.

    Args:
        request: What is to be received.
        limit: How many bytes of it.
        instead: What whoever has more can do.
    """
    announced = request.headers.get("content-length", "0")
    too_large = HTTPException(413, f"at most {limit} bytes are taken here{instead}")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise too_large
        return message

    return receive
