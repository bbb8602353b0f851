"""How a district takes micro-credentials up: enrolled, submitted, earned, and the share of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.rules.calendars import ONE_DAY
from ledger.values import POSITION_MAX, beginning_of
from projections.known import employments_of_district, folded
from projections.sql import blocks, read, rows
from projections.transcript import Transcript

VIEWS = ("transcript", "employments")
PER_MILLE = 1000
_SQL = blocks("adoption")


@dataclass(frozen=True, slots=True)
class Adoption:
    """What became of the enrollments in one micro-credential, each counted once.

    `submitted` were handed in at least once, `earned` were ever awarded; `revoked` are of these.
    """

    credential_id: UUID
    persons: int
    enrolled: int
    submitted: int
    earned: int
    revoked: int

    @property
    def earned_per_mille(self) -> int | None:
        """Of those who handed in; null where nobody has."""
        return per_mille(self.earned, self.submitted)


def per_mille(part: int, whole: int) -> int | None:
    """The share in thousandths, rounded half up; null of nothing."""
    return None if not whole else (2 * PER_MILLE * part + whole) // (2 * whole)


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    zone: str,
    *,
    from_day: date | None = None,
    to_day: date | None = None,
) -> Sequence[Adoption]:
    """Each micro-credential that staff of a district began within a span of days."""
    days = rows(connection, _SQL["days_of_staff"], district_id=district_id)
    return read(
        connection,
        Adoption,
        _SQL["of_district"],
        district_id=district_id,
        zones=[zone for zone, _ in days],
        days=[day for _, day in days],
        begin_at=[beginning_of(day, zone) for zone, day in days],
        from_at=beginning_of(from_day, zone) if from_day else None,
        until_at=beginning_of(to_day + ONE_DAY, zone) if to_day and to_day < date.max else None,
    )


@contextmanager
def known(connection: Connection[Any], district_id: UUID, position: int) -> Iterator[None]:
    """The tables as they were known at a position, for this district."""
    if position >= POSITION_MAX:
        yield
        return
    streams = rows(connection, _SQL["enrollments_of_district"], district_id=district_id)
    with (
        folded(connection, Transcript(), [one for (one,) in streams], position),
        employments_of_district(connection, district_id, position),
    ):
        yield
