"""Payouts: what each award comes to under each policy, why, and what nobody is owed yet."""

from __future__ import annotations

from datetime import date
from typing import Literal
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import NOT_THERE, must_see_payouts, sees_payout, visible_payers
from api.answers import ListOf, answer, answer_all
from api.dependencies import CallerNow, EdgeNow, PageNow
from api.moments import MomentNow, zone_of_person
from api.paging import PageOf
from api.routing import Router
from ledger.aggregates.organization import Organization
from ledger.errors import NotFoundError
from projections import payouts
from projections.payouts import Explanation, Notice, Payout, PolicyVersion, Total
from projections.sql import NO_ID

router = Router("payouts")
PAYOUTS_MAX = 5000  # of one person; what is hidden from the caller is left out of them


class NamedPayout(BaseModel):
    """A payout and whose it is."""

    payout: Payout
    name: str | None


@router.read("/districts/{district_id}/payouts", PageOf[NamedPayout])
def list_payouts(
    *,
    district_id: UUID,
    caller: CallerNow,
    edge: EdgeNow,
    moment: MomentNow,
    page: PageNow,
    status: Literal["due", "pending", "not_due"] | None = None,
    benefit: Literal["one_time", "base_pay"] | None = None,
) -> Response:
    """What a district owes, waits with or does not owe, each with its reason."""
    must_see_payouts(caller, district_id)
    zone = edge.ledger.get(Organization, district_id).zone
    with edge.reading() as connection:
        position = moment.visible("payouts")
        as_of = moment.known(connection, zone, "payouts")
        found = payouts.of_district(
            connection,
            district_id,
            effective_on=moment.day(zone),
            as_of=as_of,
            status=status,
            benefit=benefit,
            after=page.after(tuple[int, UUID], (0, NO_ID)),
            limit=page.limit,
        )
    names = edge.vault.get_details({one.person_id for one in found})
    items = [
        {"payout": one, "name": names[one.person_id].name if one.person_id in names else None}
        for one in found
    ]
    return page.answer(items, min(as_of, position), key=_key(found))


@router.read("/districts/{district_id}/payout-totals", ListOf[Total])
def read_payout_totals(
    district_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow
) -> Response:
    """What each policy of a district comes to, year by year; the counts tie to the lines."""
    must_see_payouts(caller, district_id)
    zone = edge.ledger.get(Organization, district_id).zone
    with edge.reading() as connection:
        position = moment.visible("payouts")
        as_of = moment.known(connection, zone, "payouts")
        found = payouts.totals(
            connection,
            district_id,
            effective_on=moment.day(zone),
            as_of=as_of,
        )
    return answer_all(found, min(as_of, position))


@router.read("/districts/{district_id}/base-pay-notices", PageOf[Notice])
def list_base_pay_notices(
    district_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow, page: PageNow
) -> Response:
    """What the staff office has to know of base pay that rises. Never a payroll line."""
    must_see_payouts(caller, district_id)
    zone = edge.ledger.get(Organization, district_id).zone
    with edge.reading() as connection:
        position = moment.visible("payouts")
        as_of = moment.known(connection, zone, "payouts")
        found = payouts.notices(
            connection,
            district_id,
            as_of=as_of,
            after=page.after(tuple[date, UUID], (date.min, NO_ID)),
            limit=page.limit,
        )
    key = (found[-1].begins_on, found[-1].person_id) if found else None
    return page.answer(found, min(as_of, position), key=key)


@router.read("/people/{person_id}/payouts", PageOf[Payout])
def list_own_payouts(
    person_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow, page: PageNow
) -> Response:
    """What a teacher is owed, by all districts for herself; a district sees what it owes her."""
    with edge.reading() as connection:
        zone = zone_of_person(connection, person_id)
        position = moment.visible("payouts")
        as_of = moment.known(connection, zone, "payouts")
        found = payouts.of_person(
            connection,
            person_id,
            effective_on=moment.day(zone),
            as_of=as_of,
            after=page.after(tuple[int, UUID], (0, NO_ID)),
            limit=PAYOUTS_MAX,
        )
    payers = visible_payers(caller, person_id, {one.district_id for one in found})
    items = [one for one in found if one.district_id in payers][: page.limit]
    return page.answer(items, min(as_of, position), key=_key(items))


@router.read("/payouts/{payout_id}/explanation", Explanation)
def explain_payout(
    payout_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow
) -> Response:
    """Why a payout is what it is: policy, board reference, every rule tried, the events."""
    with edge.reading() as connection:
        position = moment.visible("payouts")
        as_of = moment.known(connection, "UTC", "payouts")
        found = payouts.explain(
            connection,
            payout_id,
            effective_on=moment.day("UTC"),
            as_of=as_of,
        )
    if found is None or not sees_payout(caller, found.payout.person_id, found.payout.district_id):
        raise NotFoundError(NOT_THERE)
    return answer(found, position=min(as_of, position))


@router.read("/districts/{district_id}/policies", ListOf[PolicyVersion])
def list_policies(district_id: UUID, edge: EdgeNow, moment: MomentNow) -> Response:
    """Every version of every policy that a board ever adopted, for everybody to read."""
    edge.ledger.get(Organization, district_id)
    with edge.reading() as connection:
        position = moment.visible("payouts")
        return answer_all(payouts.policies_of_district(connection, district_id), position)


def _key(found: list[Payout]) -> tuple[int, UUID] | None:
    return (found[-1].earned_position, found[-1].payout_id) if found else None
