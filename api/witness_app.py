"""The small HTTP face of a witness: `POST /add-checkpoint` as C2SP tlog-witness has it, and a GET.

Nobody signs in. A checkpoint is believed for its signatures, and what a witness holds is for all.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ledger.errors import LedgerError
from ledger.seal import witness
from ledger.seal.witness import HeldSizeError, RequestError, Witness

BODY_BYTES_MAX = 64 * 1024
SIZE = "text/x.tlog.size"  # the content type of a size alone


def create_witness_app(served: Witness) -> Starlette:
    """The face of one witness."""

    async def add_checkpoint(request: Request) -> Response:
        """Cosign a checkpoint; 409 with the size that is held where the proof begins elsewhere."""
        asked = witness.Request.parse(await _text(request))
        line = await run_in_threadpool(served.add, asked)
        return PlainTextResponse(str(line))

    async def read_newest(request: Request) -> Response:
        """The newest checkpoint of a log that was cosigned here; 204 before the first."""
        newest = await run_in_threadpool(served.newest, request.path_params["origin"])
        headers = {"Cache-Control": "no-cache"}
        if newest is None:
            return Response(status_code=204, headers=headers)
        return PlainTextResponse(newest, headers=headers)

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/checkpoint/{origin:path}", read_newest, methods=["GET"]),
        ],
        exception_handlers={HeldSizeError: _held_size, LedgerError: _refused},
    )


async def _text(request: Request) -> str:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_BYTES_MAX:
            raise HTTPException(413, f"at most {BODY_BYTES_MAX} bytes are taken here\n")
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise RequestError("a request is text") from None


async def _held_size(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HeldSizeError), "registered for nothing else"
    return Response(f"{error.operands['size']}\n", 409, headers={"Content-Type": SIZE})


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, LedgerError), "registered for nothing else"
    return PlainTextResponse(f"{error.detail} [{error.slug}]\n", error.status)
