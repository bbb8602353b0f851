"""What of an issuer's catalog is mapped to an edition of a framework. Nobody is in it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response

from api.answers import ListOf, answer_all
from api.reading import AsOfQuery, Read, reading
from api.routing import Router
from ledger.aggregates.issuer import Issuer
from ledger.values import ShortText
from projections import alignment_coverage, known
from projections.alignment_coverage import Covered

router = Router("catalog")


class CoverageQuery(AsOfQuery):
    """Which framework, in which edition; any where none is named."""

    framework: ShortText | None = None
    edition: ShortText | None = None


@router.read("/issuers/{issuer_id}/alignment-coverage", ListOf[Covered])
def read_alignment_coverage(
    issuer_id: UUID, read: Annotated[Read[CoverageQuery], Depends(reading(CoverageQuery))]
) -> Response:
    """Of each micro-credential the statements that it names, or that it is unmapped."""
    asked = read.query
    zone = read.edge.ledger.get(Issuer, issuer_id).zone
    position = read.visible(*alignment_coverage.VIEWS)
    with read.connection() as connection:
        as_of = read.known(connection, asked.as_of, zone, *alignment_coverage.VIEWS)
        with known.catalog(connection, as_of):
            found = alignment_coverage.of_issuer(
                connection, issuer_id, asked.framework, asked.edition
            )
    return answer_all(found, min(as_of, position))
