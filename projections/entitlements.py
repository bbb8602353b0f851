"""What payouts come to for those who pay: instalments that are due."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection

from ledger.values import POSITION_MAX
from projections.sql import NO_ID, blocks, read

_SQL = blocks("payouts")


@dataclass(frozen=True, slots=True)
class Part:
    """One instalment of an entitlement, and what is owed of it now.

    `recovery` says what taking something of it back is called. Whoever has left since owes a
    share by the rule's ladder, counted from the day it was due; `amount_cents` is what stays.
    """

    payout_id: UUID
    person_id: UUID
    policy_id: UUID
    policy_version: int
    subject_id: UUID
    credential_id: UUID | None
    earned_on: date
    earned_position: int
    instalment: int
    due_on: date
    amount_cents: int
    whole_cents: int  # of all instalments, before anything is taken back
    recovery: Literal["reversal", "clawback"]
    fund: str | None  # null: the district's payroll terms say it
    account: str | None
    pensionable: bool | None
    shares: list[tuple[str, int]] | None  # fund and cents as earned, where several funds pay


def parts(
    connection: Connection[Any],
    district_id: UUID,
    *,
    effective_on: date,
    as_of: int = POSITION_MAX,
    after: tuple[int, UUID] = (0, NO_ID),
    limit: int = 100,
) -> list[Part]:
    """The instalments of a district that are due by a day, in order of what earned them.

    `after` is the earned position and the payout of the last one seen. A payout whose instalments
    do not all fit into a page is begun again by the next only from the following payout on, so a
    page has to be larger than the most instalments of one.
    """
    found = read(
        connection,
        Part,
        _SQL["parts"],
        district_id=district_id,
        effective_on=effective_on,
        as_of=as_of,
        after_position=after[0],
        after_id=after[1],
        limit=limit + 1,
    )
    if len(found) <= limit:
        return found
    cut = found[-1].payout_id  # this one may go on behind the page
    return [one for one in found if one.payout_id != cut]
