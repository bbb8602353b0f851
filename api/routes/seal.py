"""What is sealed, for anybody: the newest checkpoint, the tiles of the tree, and proofs.

Hashes and signatures alone, which tell nothing of what happened; so no token is asked for, and
witnesses fetch them as the static files that C2SP tlog-tiles makes of them. That specification
describes them, and not the OpenAPI of this ledger.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Request, Response

from api.routing import OpenRouter
from api.writing import edge_of
from ledger.errors import NotFoundError
from ledger.seal.merkle import HASH_BYTES
from ledger.seal.reads import NotSealedYetError, SealReads
from ledger.seal.tiles import parse_tile_path
from ledger.values import POSITION_MAX

LEVEL_MAX = 7  # of a tree with 2^64 leaves
TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"
CHANGES = {"Cache-Control": "no-cache"}
NEVER_CHANGES = {"Cache-Control": "public, max-age=31536000, immutable"}

router = OpenRouter("seal", include_in_schema=False)


@router.get("/checkpoint")
def read_checkpoint(request: Request) -> Response:
    """The newest checkpoint, and the signatures of those witnesses that have come to it."""
    with edge_of(request).reading() as connection:
        sealed = SealReads(connection).newest_checkpoint()
    if sealed is None:
        raise NotSealedYetError("nothing is sealed yet; ask again")
    return Response(sealed[1], media_type=TEXT, headers=CHANGES)


@router.get("/tile/{path:path}")
def read_tile(request: Request, path: str) -> Response:
    """A tile of the tree, or the beginning of one: `0/x001/x234/067`, `0/005.p/17`."""
    named = parse_tile_path(path)
    if named is None or named[0] > LEVEL_MAX:
        raise NotFoundError("there is no such tile")
    level, number, width = named
    with edge_of(request).reading() as connection:
        hashes = SealReads(connection).tile(level, number)[: width * HASH_BYTES]
    if len(hashes) < width * HASH_BYTES:
        raise NotFoundError("there is no such tile yet")
    return Response(hashes, media_type=BYTES, headers=NEVER_CHANGES)


@router.get("/proofs/{position}")
def read_proof(request: Request, position: Annotated[int, Path(ge=1, le=POSITION_MAX)]) -> Response:
    """The proof that the event at a position is in a checkpoint, as a `.tlog-proof`.

    In one that witnesses have signed, as soon as there is one.
    """
    with edge_of(request).reading() as connection:
        proof = SealReads(connection).proof(position)
    return Response(str(proof), media_type=TEXT, headers=CHANGES)
