"""What HR is told: who changed lanes or steps, or whose base pay rises. Never a payroll line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.rules.notices import NoticeKind
from ledger.values import POSITION_MAX
from projections.sql import NO_ID, blocks, read

_SQL = blocks("pay_notices")


@dataclass(frozen=True, slots=True)
class PayNotice:
    """One change of somebody's place on the salary schedule; HR works out the pay from it.

    `retro_days` lie between the day from which it holds and the day on which everything it needs
    was there; payroll owes her the difference for them by `settle_by`, where the rule names a day.
    """

    entitlement_id: UUID
    person_id: UUID
    district_id: UUID
    policy_id: UUID
    policy_version: int
    policy_title: str
    board_reference: str
    kind: NoticeKind
    crossed_on: date  # the day that reached the threshold or brought the award
    complete_on: date  # when everything it needs was there, documents too
    effective_on: date
    ends_on: date | None  # the day before a revocation takes effect; null: it stands
    in_force: bool  # on the day asked for
    annual_cents: int | None  # null: the salary schedule says how much
    unit: str | None  # of the threshold that was reached
    reached: int | None
    retro_days: int
    settle_by: date | None


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    kind: NoticeKind | None = None,
    from_day: date | None = None,
    to_day: date | None = None,
    after: tuple[date, UUID] = (date.min, NO_ID),
    limit: int = 100,
) -> list[PayNotice]:
    """A page of a district's notices, by the day from which each holds.

    Args:
        connection: One that sees the district's payouts.
        district_id: Whose teachers.
        effective_on: The day on which each is in force or not.
        as_of: What was known at this position of the log.
        kind: Lanes, steps or base pay alone.
        from_day: The first day on which everything it needs was there; null: any.
        to_day: The last.
        after: Day and entitlement of the last one seen.
        limit: How many at most.
    """
    return read(
        connection,
        PayNotice,
        _SQL["of_district"],
        district_id=district_id,
        effective_on=effective_on,
        as_of=as_of,
        kind=kind,
        from_day=from_day,
        to_day=to_day,
        after_day=after[0],
        after_id=after[1],
        limit=limit,
    )
