"""The ledger of base pay: what policies have added to each teacher's, and what that is a pay.

Never a payroll line. What her base is otherwise, the salary schedule knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.rules.base_pay import over_pays
from ledger.values import POSITION_MAX
from projections.sql import NO_ID, blocks, read, rows

_SQL = blocks("base_pay")


@dataclass(frozen=True, slots=True)
class BasePay:
    """What rises have added to one teacher's base pay a year, as it holds on a day.

    Over the pays of the fiscal year that holds the day, each is `each_pay_cents` and the last of
    the year `last_pay_cents`; null where the district has set no pay periods for that year.
    """

    person_id: UUID
    annual_cents: int
    newest_on: date  # from when the newest of the rises holds
    payout_ids: list[UUID]  # the rises, oldest first
    pays: int | None
    each_pay_cents: int | None
    last_pay_cents: int | None


@dataclass(frozen=True, slots=True)
class _Added:
    person_id: UUID
    annual_cents: int
    newest_on: date
    payout_ids: list[UUID]


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    after: UUID = NO_ID,
    limit: int = 100,
) -> Sequence[BasePay]:
    """A page of a district's teachers whose base pay has risen by a day; `after` is the last one.

    `connection` has to see the district's payouts.
    """
    asked = {"district_id": district_id, "effective_on": effective_on, "as_of": as_of}
    found = read(connection, _Added, _SQL["of_district"], **asked, after=after, limit=limit)
    years = rows(connection, _SQL["pays"], **asked)
    pays = years[0][0] if years else None
    return [_line(one, pays) for one in found]


def _line(added: _Added, pays: int | None) -> BasePay:
    split = None if pays is None else over_pays(added.annual_cents, pays)
    return BasePay(
        person_id=added.person_id,
        annual_cents=added.annual_cents,
        newest_on=added.newest_on,
        payout_ids=added.payout_ids,
        pays=split and split.pays,
        each_pay_cents=split and split.each_cents,
        last_pay_cents=split and split.last_cents,
    )
