"""Payouts: what each award comes to under each policy, why, and what nobody is owed yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Annotated, Any, Literal, NamedTuple, TypeVar
from uuid import UUID

from fastapi import Depends, Response
from psycopg import Connection
from pydantic import BaseModel

from api.access import NOT_THERE, must_see_payouts, sees_payout, visible_payers
from api.answers import ListOf, answer, answer_all
from api.directory import names_of
from api.disclosures import shows
from api.explanations import VIEWS, PayoutExplained, explain
from api.paging import PageOf
from api.reading import (
    KnownPageQuery,
    KnownQuery,
    KnownReadNow,
    PagedKnownReadNow,
    Read,
    VersionsReadNow,
    reading,
    zone_of_person,
)
from api.routing import Router
from ledger.aggregates.organization import Organization
from ledger.errors import NotFoundError
from projections import payouts
from projections.known import policies_known
from projections.payouts import Notice, Payout, PolicyVersion, Total, in_force_on
from projections.sql import NO_ID

router = Router("payouts")
PAYOUTS_MAX = 5000  # of one person; what is hidden from the caller is left out of them


class PayoutQuery(KnownPageQuery):
    """A page of payouts of one kind."""

    status: Literal["due", "pending", "not_due"] | None = None
    benefit: Literal["one_time", "base_pay"] | None = None


class NamedPayout(BaseModel):
    """A payout and whose it is."""

    payout: Payout
    name: str | None


AnyKnownQuery = TypeVar("AnyKnownQuery", bound=KnownQuery)
AnyKnownPageQuery = TypeVar("AnyKnownPageQuery", bound=KnownPageQuery)


class Asked(NamedTuple):
    """Where to read a district's payouts, as known at which position, and on which day."""

    connection: Connection[Any]
    as_of: int
    effective_on: date
    shown_to: int  # the position that the answer speaks of


@contextmanager
def asked_of(read: Read[AnyKnownQuery], district_id: UUID, *beside: str) -> Iterator[Asked]:
    """What is asked of a district's payouts, and views beside them, by one who may see them all."""
    views = ("payouts", *beside)
    must_see_payouts(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    with read.connection() as connection:
        position = read.visible(*views)
        known = read.known(connection, read.query.as_of, zone, *views)
        day = read.day(zone, read.query.effective_on)
        yield Asked(connection, known, day, min(known, position))


def answer_named(
    read: Read[AnyKnownPageQuery], district_id: UUID, found: list[Payout], shown_to: int
) -> Response:
    """A page of a district's payouts with the names it knows; that they were shown is noted."""
    person_ids = [one.person_id for one in found]
    shows(read, "payouts", person_ids, within=[district_id])
    names = names_of(read.edge.vault, person_ids, district_id)
    items = [{"payout": one, "name": names.get(one.person_id)} for one in found]
    return read.page.answer(items, shown_to, key=_key(found))


@router.read("/districts/{district_id}/payouts", PageOf[NamedPayout])
def list_payouts(
    district_id: UUID,
    read: Annotated[Read[PayoutQuery], Depends(reading(PayoutQuery))],
) -> Response:
    """What a district owes, waits with or does not owe, each with its reason."""
    with asked_of(read, district_id) as asked:
        found = payouts.of_district(
            asked.connection,
            district_id,
            effective_on=asked.effective_on,
            as_of=asked.as_of,
            status=read.query.status,
            benefit=read.query.benefit,
            after=read.page.after(tuple[int, UUID], (0, NO_ID)),
            limit=read.page.limit,
        )
    return answer_named(read, district_id, found, asked.shown_to)


@router.read("/districts/{district_id}/payout-totals", ListOf[Total])
def read_payout_totals(district_id: UUID, read: KnownReadNow) -> Response:
    """What each policy of a district comes to, year by year; the counts tie to the lines."""
    with asked_of(read, district_id) as asked:
        found = payouts.totals(
            asked.connection, district_id, effective_on=asked.effective_on, as_of=asked.as_of
        )
    return answer_all(found, asked.shown_to)


@router.read("/districts/{district_id}/base-pay-notices", PageOf[Notice])
def list_base_pay_notices(district_id: UUID, read: PagedKnownReadNow) -> Response:
    """What the staff office has to know of base pay that rises. Never a payroll line."""
    with asked_of(read, district_id) as asked:
        found = payouts.notices(
            asked.connection,
            district_id,
            effective_on=asked.effective_on,
            as_of=asked.as_of,
            after=read.page.after(tuple[date, UUID], (date.min, NO_ID)),
            limit=read.page.limit,
        )
    shows(read, "base-pay", {one.person_id for one in found}, within=[district_id])
    key = (found[-1].begins_on, found[-1].person_id) if found else None
    return read.page.answer(found, asked.shown_to, key=key)


@router.read("/people/{person_id}/payouts", PageOf[Payout])
def list_own_payouts(person_id: UUID, read: PagedKnownReadNow) -> Response:
    """What a teacher is owed, by all districts for herself; a district sees what it owes her."""
    with read.connection(person_id) as connection:
        zone = zone_of_person(connection, person_id)
        position = read.visible("payouts")
        known = read.known(connection, read.query.as_of, zone, "payouts")
        found = payouts.of_person(
            connection,
            person_id,
            effective_on=read.day(zone, read.query.effective_on),
            as_of=known,
            after=read.page.after(tuple[int, UUID], (0, NO_ID)),
            limit=PAYOUTS_MAX,
        )
    payers = visible_payers(read.caller, person_id, {one.district_id for one in found})
    shows(read, "payouts", [person_id], within=payers)
    items = [one for one in found if one.district_id in payers][: read.page.limit]
    return read.page.answer(items, min(known, position), key=_key(items))


@router.read("/payouts/{payout_id}/explanation", PayoutExplained)
def explain_payout(payout_id: UUID, read: KnownReadNow) -> Response:
    """Why a payout is what it is, from the board's minute to what payroll answered.

    The policy version, every rule tried with its inputs, the award with its scores and the digests
    of its evidence, the budget, every line and its batch.
    """
    day = read.day("UTC", read.query.effective_on)
    with read.connection() as connection:
        position = read.visible(*VIEWS)
        known = read.known(connection, read.query.as_of, "UTC", "payouts")
        payout = payouts.find_payout(connection, payout_id, effective_on=day, as_of=known)
    if payout is None or not sees_payout(read.caller, payout.person_id, payout.district_id):
        raise NotFoundError(NOT_THERE)
    # What others claim of the same budget is part of why it is so much: a sum without a name.
    with read.connection(party_to=payout.district_id) as connection:
        found = explain(
            connection,
            payout_id,
            effective_on=day,
            as_of=known,
            names_staff=payout.person_id != read.caller.principal_id,
        )
    shows(read, "payout", [payout.person_id], within=[payout.district_id], thing_id=payout_id)
    return answer(found, position=min(known, position))


@router.read("/districts/{district_id}/policies", ListOf[PolicyVersion])
def list_policies(district_id: UUID, read: VersionsReadNow) -> Response:
    """Every version of every policy that a board ever adopted, for everybody to read."""
    zone = read.edge.ledger.get(Organization, district_id).zone
    with read.edge.reading() as connection:
        position = read.visible("payouts")
        as_of = read.known(connection, read.query.as_of, zone, "payouts")
        found = policies_known(connection, district_id, as_of)
    day = read.query.effective_on
    if day is not None:
        found = in_force_on(found, day)
    return answer_all(found, min(as_of, position))


def _key(found: list[Payout]) -> tuple[int, UUID] | None:
    return (found[-1].earned_position, found[-1].payout_id) if found else None
