"""What a district owes and may pay: the one place where payroll meets the payouts.

Payroll knows entitlements through these functions alone, so whoever derives them otherwise changes
this module and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.errors import RuleError
from ledger.rules.entitlements.lines import FUND
from ledger.rules.notices import OF_HR
from ledger.rules.payroll import Correction, Payable, apportion
from projections import batches, payouts
from projections.entitlements import Part, parts
from projections.parking import parked_scopes
from projections.sql import NO_ID

VIEWS = ("payouts", "batches")  # that have to have come as far as the position
PAGE = 5_000
ALWAYS = date.max  # whatever is payable at some time
UNNAMED = None  # in place of a micro-credential, where something rests on several


class LedgerInDoubtError(RuleError):
    """An event could not be read, and until it is mended nothing can be paid."""

    slug = "ledger-in-doubt"


def payable(
    connection: Connection[Any], district_id: UUID, *, through: int, pay_date: date
) -> list[Payable]:
    """What is due by a pay date as it follows from the log through a position, in its order.

    Whatever rests on an event that could not be read is left out; when all does, nothing is paid.
    The connection has to be one that sees everything.
    """
    doubtful = _in_doubt(connection)
    return [
        payable
        for one in _due(connection, district_id, through, pay_date)
        if doubtful.isdisjoint((one.person_id, one.policy_id, one.credential_id))
        for payable in _payables(one)
    ]


def corrections(
    connection: Connection[Any], district_id: UUID, *, through: int
) -> list[Correction]:
    """What people adopted up to a position, in order; without what is in doubt, as above."""
    doubtful = _in_doubt(connection)
    return [
        batches.as_correction(one)
        for one in batches.corrections_of_district(connection, district_id, as_of=through)
        if doubtful.isdisjoint((one.person_id, one.policy_id, UNNAMED))
    ]


def derived(
    connection: Connection[Any], district_id: UUID, *, through: int, pay_date: date
) -> list[Payable]:
    """The same with whatever is in doubt now: of a position that was read long ago."""
    due = _due(connection, district_id, through, pay_date)
    return [payable for one in due for payable in _payables(one)]


def owed(connection: Connection[Any], district_id: UUID, *, through: int) -> Mapping[UUID, Payable]:
    """What is owed at some time, by the line that it becomes first; closed or not."""
    due = _due(connection, district_id, through, ALWAYS)
    return {one.line_id: one for part in due for one in _payables(part)}


def find(connection: Connection[Any], entitlement_id: UUID) -> tuple[UUID, Payable] | None:
    """One entitlement as a whole, whatever its status, behind the district that would pay it.

    Null when there is none, or when payroll has nothing to do with it.
    Notices to HR are none of payroll's. What is paid in parts has the amount of all of them.
    """
    payout = payouts.find_payout(connection, entitlement_id, effective_on=ALWAYS)
    if payout is None or payout.benefit in OF_HR:
        return None
    return payout.district_id, Payable(
        entitlement_id=payout.payout_id,
        person_id=payout.person_id,
        policy_id=payout.policy_id,
        policy_version=payout.policy_version,
        subject_id=payout.subject_id,
        earned_on=payout.earned_on,
        payable_on=payout.payable_on,
        amount_cents=payout.amount_cents,
    )


def _due(connection: Connection[Any], district_id: UUID, through: int, day: date) -> Iterator[Part]:
    after = (0, NO_ID)
    while page := parts(
        connection, district_id, effective_on=day, as_of=through, after=after, limit=PAGE
    ):
        yield from page
        after = (page[-1].earned_position, page[-1].payout_id)


def _in_doubt(connection: Connection[Any]) -> set[UUID | None]:
    """Whom and what nothing is paid for: what one view lacks, another may have come to.

    A stack or a threshold names no micro-credential, and may rest on the one that is in doubt.
    """
    scopes = [scope for view in VIEWS for scope in parked_scopes(connection, view)]
    if any(scope.kind == "ledger" for scope in scopes):
        raise LedgerInDoubtError("an event about nobody in particular could not be read")
    unnamed = {UNNAMED} if any(scope.kind == "credential" for scope in scopes) else set()
    return {scope.id for scope in scopes} | unnamed


def _payables(one: Part) -> list[Payable]:
    """An instalment as one line, or as a line for each fund that pays a share of it."""
    whole = _payable(one)
    if not one.shares:
        return [whole]
    funds = [fund for fund, _ in one.shares]
    cents = apportion(one.amount_cents, [abs(earned_cents) for _, earned_cents in one.shares])
    return [
        replace(
            whole,
            share=share,
            amount_cents=amount_cents,
            fund_source=fund,
            account=one.account and one.account.replace(FUND, fund),
        )
        for share, (fund, amount_cents) in enumerate(zip(funds, cents, strict=True), 1)
    ]


def _payable(one: Part) -> Payable:
    return Payable(
        entitlement_id=one.payout_id,
        person_id=one.person_id,
        policy_id=one.policy_id,
        policy_version=one.policy_version,
        subject_id=one.subject_id,
        earned_on=one.earned_on,
        payable_on=one.due_on,
        amount_cents=one.amount_cents,
        instalment=one.instalment,
        whole_cents=one.whole_cents,
        recovery=one.recovery,
        fund_source=one.fund,
        account=one.account,
        pensionable=one.pensionable,
    )
