"""A district's payroll as it was known at the position that a read asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg import Connection

from api.reading import AsOfQuery, Read
from ledger.aggregates.organization import Organization
from projections import known

VIEW = "batches"


@contextmanager
def known_payroll(read: Read[Any], connection: Connection[Any], district_id: UUID) -> Iterator[int]:
    """Batches and lines are read as they were known then; up to where the answer reaches."""
    assert isinstance(read.query, AsOfQuery), "this read is of now alone"
    zone = read.edge.ledger.get(Organization, district_id).zone
    as_of = read.known(connection, read.query.as_of, zone, VIEW)
    position = read.visible(VIEW)
    with known.payroll_of_district(connection, district_id, as_of):
        yield min(as_of, position)
