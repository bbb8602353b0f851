"""What a journal of a district's money is made from: what was owed, and which streams say more."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from ledger.events.entitlement import entitlement_stream
from ledger.rules.notices import OF_HR
from projections.sql import blocks, rows

VIEWS = ("payouts", "batches")
_SQL = blocks("journal")


class Owed(NamedTuple):
    """What an entitlement came to from one position until another; null: until now."""

    payout_id: UUID
    policy_id: UUID
    from_position: int
    to_position: int | None
    cents: int
    closed_cents: int  # of it, by payroll: all that is owed while it waits for a budget


class Span(NamedTuple):
    """From where to where in the log something waited; null: until now."""

    payout_id: UUID
    from_position: int
    to_position: int | None


def owed(connection: Connection[Any], district_id: UUID, *, as_of: int) -> list[Owed]:
    """Every version of what a district has owed up to a position."""
    found = rows(connection, _SQL["owed"], district_id=district_id, as_of=as_of, of_hr=OF_HR)
    return [Owed(*row) for row in found]


def persons(connection: Connection[Any], district_id: UUID, *, as_of: int) -> frozenset[UUID]:
    """Whose entitlements a journal up to a position is about."""
    found = rows(connection, _SQL["persons"], district_id=district_id, as_of=as_of, of_hr=OF_HR)
    return frozenset(person_id for (person_id,) in found)


def waits(connection: Connection[Any], district_id: UUID, *, as_of: int) -> list[Span]:
    """When what is otherwise due has waited for a budget, and so was owed as closed at most."""
    found = rows(connection, _SQL["waits"], district_id=district_id, as_of=as_of)
    return [Span(*row) for row in found]


def payroll_streams(connection: Connection[Any], district_id: UUID) -> list[UUID]:
    """Every stream that says what became of a district's payroll lines."""
    batches = rows(connection, _SQL["batch_streams"], district_id=district_id)
    decided = rows(connection, _SQL["decided_entitlements"], district_id=district_id)
    return [
        *(batch_id for (batch_id,) in batches),
        *(entitlement_stream(entitlement_id) for (entitlement_id,) in decided),
    ]


def fiscal_years(
    connection: Connection[Any], payout_ids: list[UUID], *, as_of: int
) -> dict[UUID, int]:
    """For which fiscal year each was earned, as known at a position."""
    return dict(rows(connection, _SQL["fiscal_years"], payout_ids=payout_ids, as_of=as_of))
