"""Why not paid: every award × policy in force that is not due, with its reason.

Nothing is left out in silence: what is due and what is not, by reason, add up to every pair.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection

from ledger.values import POSITION_MAX
from projections.payouts import Payout, Status, page_of
from projections.sql import NO_ID, blocks, read

_LINES = blocks("payouts")
_SQL = blocks("unpaid")


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How many pairs of one policy stand so, and why. The counts of a district add up to all.

    `amount_cents` is what they come to, or would once what they wait for has come.
    """

    policy_id: UUID
    status: Status
    reason: str | None
    pairs: int
    amount_cents: int


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    person_id: UUID | None = None,
    reason: str | None = None,
    after: tuple[int, UUID] = (0, NO_ID),
    limit: int = 100,
) -> list[Payout]:
    """A page of what is not due; of one person or for one reason if named."""
    asked = [_LINES["lines_of_district"], _SQL["not_due"]]
    asked += [_LINES["lines_of_person"]] if person_id is not None else []
    asked += [_SQL["for_reason"]] if reason is not None else []
    return page_of(
        connection,
        asked,
        after=after,
        limit=limit,
        district_id=district_id,
        effective_on=effective_on,
        as_of=as_of,
        person_id=person_id,
        reason=reason,
    )


def counts(
    connection: Connection[Any],
    district_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    person_id: UUID | None = None,
) -> list[ReasonCount]:
    """How the pairs of a district divide, those that are due as well."""
    person: LiteralString = "" if person_id is None else _LINES["lines_of_person"]
    sql = _SQL["counts"].replace("{lines}", _LINES["lines"]).replace("{person}", person)
    return read(
        connection,
        ReasonCount,
        sql,
        district_id=district_id,
        effective_on=effective_on,
        as_of=as_of,
        person_id=person_id,
    )
