"""Receipts that are waited for: `Prefer: wait=3` on a write asks for the proofs with the answer.

The change is made and answered as always; then the answer waits for the seal, without a thread
and without a connection. Whether it came in time or not, the change has happened.
"""

from __future__ import annotations

import re
import time
from typing import Any

import anyio
import anyio.to_thread
import orjson
from fastapi import Request, Response

from api.writing import edge_of
from ledger.seal.reads import SealReads

WAIT_SECONDS_MAX = 10
LOOK_AGAIN_SECONDS = 0.05
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*([0-9]{1,4})\s*(?=$|[,;])", re.IGNORECASE)
CREATED = 201


async def with_proofs(request: Request, response: Response) -> Response:
    """The answer to a write, with the proofs that its caller prefers to wait for."""
    if response.status_code != CREATED or "prefer" not in request.headers:
        return response
    seconds = _preferred(request)
    body = orjson.loads(response.body)
    positions = [receipt["position"] for receipt in body.get("receipts", ())]
    if seconds is None or not positions or not await _sealed(request, max(positions), seconds):
        return response
    proofs = await anyio.to_thread.run_sync(_proofs, request, positions)
    for receipt, proof in zip(body["receipts"], proofs, strict=True):
        receipt["proof"] = proof
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    headers["Preference-Applied"] = f"wait={seconds}"
    return Response(orjson.dumps(body), status_code=CREATED, headers=headers)


def _preferred(request: Request) -> int | None:
    """How many seconds the caller would wait (RFC 7240); a preference is never an error."""
    found = _WAIT.search(", ".join(request.headers.getlist("prefer")))
    return min(int(found[1]), WAIT_SECONDS_MAX) if found else None


async def _sealed(request: Request, position: int, seconds: int) -> bool:
    """Whether a checkpoint covers the position before so many seconds are over."""
    until = time.monotonic() + seconds
    while await anyio.to_thread.run_sync(_sealed_size, request) < position:
        if time.monotonic() >= until:
            return False
        await anyio.sleep(LOOK_AGAIN_SECONDS)
    return True


def _sealed_size(request: Request) -> int:
    with edge_of(request).reading() as connection:
        sealed = SealReads(connection).last_checkpoint()
    return sealed[0] if sealed else 0


def _proofs(request: Request, positions: list[int]) -> list[Any]:
    with edge_of(request).reading() as connection:
        reads = SealReads(connection)
        return [str(reads.proof(position)) for position in positions]
