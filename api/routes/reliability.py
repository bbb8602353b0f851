"""Whether a micro-credential is scored alike by whoever scores it. Nobody is shown."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response

from api.access import must_see_queue
from api.answers import answer
from api.reading import AsOfReadNow
from api.routing import Router
from ledger.aggregates.credential import Credential
from ledger.aggregates.issuer import Issuer
from ledger.store import EVERYTHING
from projections import reliability
from projections.reliability import Reliability

router = Router("queues")


@router.read("/credentials/{credential_id}/reliability", Reliability)
def read_reliability(credential_id: UUID, read: AsOfReadNow) -> Response:
    """How far assessors agree, on what they split, how many decisions fell, how long it took."""
    issuer_id = read.edge.ledger.get(Credential, credential_id).issuer_id
    must_see_queue(read.caller, issuer_id)
    position = read.visible(*reliability.VIEWS)
    zone = read.edge.ledger.get(Issuer, issuer_id).zone
    with read.edge.reading([EVERYTHING]) as connection:
        as_of = min(read.known(connection, read.query.as_of, zone, *reliability.VIEWS), position)
        found = reliability.of_credential(connection, credential_id, as_of)
    return answer(found, position=as_of)
