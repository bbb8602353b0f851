"""A district's payroll as it was known at the position that a read asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg import Connection

from api.reading import AsOfQuery, Read
from ledger.aggregates.organization import Organization
from projections import known

VIEWS = ("batches",)


def known_position(
    read: Read[Any], connection: Connection[Any], district_id: UUID, views: Sequence[str] = VIEWS
) -> int:
    """The position that `as_of` means for a district, once the views show it; else the newest."""
    assert isinstance(read.query, AsOfQuery), "this read is of now alone"
    zone = read.edge.ledger.get(Organization, district_id).zone
    return read.known(connection, read.query.as_of, zone, *views)


@contextmanager
def known_payroll(
    read: Read[Any], connection: Connection[Any], district_id: UUID, views: Sequence[str] = VIEWS
) -> Iterator[int]:
    """Batches and lines are read as they were known then; up to where the answer reaches."""
    as_of = known_position(read, connection, district_id, views)
    position = read.visible(*views)
    with known.payroll_of_district(connection, district_id, as_of):
        yield min(as_of, position)
