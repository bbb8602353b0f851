"""What a success looks like: a write is answered with its place in the log, a read with rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Response
from pydantic import BaseModel

from ledger.application import Receipt

JSON = "application/json"
Item = TypeVar("Item")


class EventReceipt(BaseModel):
    """What shows later that the log still holds exactly this event, at exactly this place."""

    position: int
    # The hash of everything that was stored, in hexadecimal; proved by /proofs/{position}.
    leaf: str
    proof: str | None = None  # that it is sealed, as a .tlog-proof; there when it was waited for


class Recorded(BaseModel):
    """A change is in the log. The same request under the same key gets the same answer."""

    id: UUID  # of what was changed; for something new, its id from now on
    version: int  # that it has reached; send it back as If-Match: "7"
    position: int  # in the log; give it to a read as min_position to see the change
    events: list[str]  # the topics of what happened, in order
    receipts: list[EventReceipt]  # one for each of the events


def recorded(receipt: Receipt, **more: Any) -> Response:
    """The answer to a write."""
    body = {
        "id": receipt.stream,
        "version": receipt.version,
        "position": receipt.position,
        "events": [event.TOPIC for event in receipt.events],
        "receipts": [
            {"position": position, "leaf": leaf.hex()}
            for position, leaf in enumerate(receipt.leaves, receipt.first_position)
        ],
        **more,
    }
    headers = {"ETag": f'"{receipt.version}"', "Ledger-Position": str(receipt.position)}
    if receipt.replayed:
        headers["Idempotency-Replayed"] = "true"
    return Response(
        orjson.dumps(body), status_code=201, media_type="application/json", headers=headers
    )


class ListOf(BaseModel, Generic[Item]):
    """A list that is short enough to come whole."""

    items: list[Item]


def answer_all(items: Sequence[Any], position: int | None = None) -> Response:
    """The answer to a read of a short list."""
    return answer({"items": items}, position=position)


def answer(body: object, *, position: int | None = None, **headers: str) -> Response:
    """The answer to a read. `position` is the place in the log up to which the view has come.

    Written by orjson straight from the rows, for a second model of the same rows would only cost.
    """
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if position is not None:
        sent["Ledger-Position"] = str(position)
    return Response(orjson.dumps(body, default=_fields_of), media_type=JSON, headers=sent)


def _fields_of(value: object) -> dict[str, Any]:
    """The values of events are models, which orjson does not know by itself."""
    if isinstance(value, BaseModel):
        return vars(value)
    raise TypeError(f"a {type(value).__name__} has no place in an answer")
