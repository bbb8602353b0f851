"""What a write asks for: by whom, when, under which key, on which version.

A route takes one dependency, `write` or `read`, and each is a coroutine that waits for nothing: so
a request costs one thread, for its route, and nothing goes from dependency to dependency.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request
from psycopg import Connection
from pydantic import BaseModel

from api.caller import Caller
from api.clock import now
from api.edge import Edge
from api.problems import KeyMissingError, MalformedError
from ledger.application import Call, Receipt, command_id
from ledger.errors import LedgerError
from ledger.values import VaultText

Found = TypeVar("Found")
Command = Callable[..., Receipt]
IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")
VERSION_TAG = re.compile(r'"([0-9]{1,9})"')


def edge_of(request: Request) -> Edge:
    edge: Edge = request.app.state.edge
    return edge


def caller_of(request: Request) -> Caller:
    """Who calls; the route class has checked the token before it read the body."""
    edge = edge_of(request)
    return Caller(request.state.principal_id, edge.ledger, edge.watch.meant)


@dataclass(frozen=True)
class Write:
    """A request to change something: by whom, when, under which key, on which version."""

    caller: Caller
    at: datetime
    edge: Edge
    command_id: UUID
    target: str
    expected_version: int | None

    @cached_property
    def sent_before(self) -> bool:
        """Whether this command is in the log: then its caller was allowed to give it."""
        return self.edge.ledger.recorder.find_command(self.command_id) is not None

    def call(self, body: BaseModel | None = None) -> Call:
        """What the ledger needs to know of this request, whoever resends it how often."""
        asked = body.model_dump(mode="json", exclude_unset=True) if body is not None else None
        canonical = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
        return Call(
            caller_id=self.caller.principal_id,
            command_id=self.command_id,
            body_hash=self.edge.vault.body_hash(self.target.encode() + b"\n" + canonical),
            at=self.at,
            expected_version=self.expected_version,
        )

    def keep(self, person_id: UUID, purpose: str, text: str | None) -> VaultText | None:
        """Put words by or about a person into the vault; the log gets to know where they are."""
        if text is None:
            return None
        return self.edge.vault.put_text(person_id, purpose, text, command_id=self.command_id)

    def find(
        self,
        scope: Iterable[UUID],
        look: Callable[[Connection[Any]], Found],
        views: tuple[str, ...] = ("employments",),
    ) -> Found:
        """What views say that a write hangs on. What a look refuses is looked at once more.

        Views come after the log: whom a district hired a moment ago it may write about at once.
        So nothing is "not there" before they have shown all that was in the log.
        """
        seen = self.edge.watch.position(views)
        try:
            with self.edge.reading(scope) as connection:
                return look(connection)
        except LedgerError:
            last = self.edge.ledger.recorder.last_position()
            if seen >= last:
                raise
        self.edge.visible(views, last)
        with self.edge.reading(scope) as connection:
            return look(connection)

    def run(self, command: Command, body: BaseModel | None = None, **known: Any) -> Receipt:
        """Give a command: what is `known` from the address, and the fields of the body as sent."""
        asked = dict(body) if body is not None else {}
        return command(self.edge.ledger, self.call(body), **(asked | known))


async def write_of(
    *,
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(description="made by the client, kept until an answer came; at most 255 characters"),
    ] = None,
    if_match: Annotated[
        str | None, Header(description="the ETag that was read; refused with 412 when it moved")
    ] = None,
    prefer: Annotated[  # noqa: ARG001 - api/receipts.py reads it, after the answer is made
        str | None,
        Header(description="wait=3: answer once the events are sealed, after 3 seconds at most"),
    ] = None,
) -> Write:
    """Everything about a write but its body."""
    edge_of(request).witnesses.must_allow_writing()
    if idempotency_key is None:
        raise KeyMissingError("send an Idempotency-Key, and the same one when you send it again")
    if not IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise MalformedError("an Idempotency-Key is 1 to 255 visible ASCII characters")
    caller = caller_of(request)
    # Without the prefix, which the framework sometimes leaves out: ids of commands hang on it.
    route = f"{request.method} {request.scope['route'].path.removeprefix('/v1')}"
    return Write(
        caller=caller,
        at=now(request),
        edge=edge_of(request),
        command_id=command_id(caller.principal_id, route, idempotency_key),
        target=f"{request.method} {request.url.path}",
        expected_version=_version(if_match),
    )


WriteNow = Annotated[Write, Depends(write_of)]


def _version(if_match: str | None) -> int | None:
    if if_match is None:
        return None
    matched = VERSION_TAG.fullmatch(if_match.strip())
    if matched is None:
        raise MalformedError('If-Match takes one ETag of ours, like "7"')
    return int(matched[1])
