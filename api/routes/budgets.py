"""What the year costs, and why what was earned is not paid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from psycopg import Connection

from api.access import must_see_payouts
from api.answers import ListOf, answer_all
from api.disclosures import shows
from api.paging import PageOf
from api.reading import KnownPageQuery, KnownQuery, KnownReadNow, Read, reading
from api.routes.payouts import NamedPayout, answer_named, asked_of
from api.routing import Router
from ledger.aggregates.organization import Organization
from ledger.store import EVERYTHING
from ledger.values import ShortText
from projections import allotments, budgets, unpaid
from projections.allotments import AllotmentLine
from projections.budgets import BudgetLine
from projections.sql import NO_ID
from projections.unpaid import ReasonCount

router = Router("budgets")


class UnpaidQuery(KnownPageQuery):
    """A page of what is not due: of one person, for one reason."""

    person_id: UUID | None = None
    reason: ShortText | None = None


class UnpaidCountQuery(KnownQuery):
    """How what is due and what is not divides: of everybody, or of one person."""

    person_id: UUID | None = None


@router.read("/districts/{district_id}/budgets", ListOf[BudgetLine])
def read_budgets(district_id: UUID, read: KnownReadNow) -> Response:
    """Each policy and fiscal year: adopted, reserved, obligated, paid, left, still in review.

    What is in review is imagined to be awarded on the day asked for; its year is the one that is
    on for policies of which nothing was claimed yet.
    """
    with _budgets(read, district_id) as (_, found, as_of, position):
        return answer_all(found, min(as_of, position))


@contextmanager
def _budgets(
    read: Read[KnownQuery], district_id: UUID
) -> Iterator[tuple[Connection[Any], list[BudgetLine], int, int]]:
    """A district's budgets for one who may see them: as of which position, and how far it is."""
    must_see_payouts(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    position = read.visible(*budgets.VIEWS)
    with read.edge.reading([EVERYTHING]) as connection:
        as_of = read.known(connection, read.query.as_of, zone, *budgets.VIEWS)
        found = budgets.of_district(
            connection,
            district_id,
            at=read.at,
            today=read.day(zone, read.query.effective_on),
            position=position,
            as_of=as_of,
        )
        yield connection, found, as_of, position


@router.read("/districts/{district_id}/allotments", ListOf[AllotmentLine])
def read_allotments(district_id: UUID, read: KnownReadNow) -> Response:
    """Money from outside by fund and year: what of it has to reach staff, and what is missing."""
    with _budgets(read, district_id) as (connection, found, as_of, position):
        items = allotments.of_district(connection, district_id, found, as_of=as_of)
    return answer_all(items, min(as_of, position))


@router.read("/districts/{district_id}/unpaid", PageOf[NamedPayout])
def list_unpaid(
    district_id: UUID, read: Annotated[Read[UnpaidQuery], Depends(reading(UnpaidQuery))]
) -> Response:
    """Every award × policy in force that is not due, each with its reason."""
    with asked_of(read, district_id) as asked:
        found = unpaid.of_district(
            asked.connection,
            district_id,
            effective_on=asked.effective_on,
            as_of=asked.as_of,
            person_id=read.query.person_id,
            reason=read.query.reason,
            after=read.page.after(tuple[int, UUID], (0, NO_ID)),
            limit=read.page.limit,
        )
    return answer_named(read, district_id, found, asked.shown_to)


@router.read("/districts/{district_id}/unpaid-counts", ListOf[ReasonCount])
def count_unpaid(
    district_id: UUID, read: Annotated[Read[UnpaidCountQuery], Depends(reading(UnpaidCountQuery))]
) -> Response:
    """How many pairs of award and policy are due, and how many are not, by reason: they add up."""
    person_id = read.query.person_id
    with asked_of(read, district_id) as asked:
        found = unpaid.counts(
            asked.connection,
            district_id,
            effective_on=asked.effective_on,
            as_of=asked.as_of,
            person_id=person_id,
        )
    if found and person_id is not None:
        shows(read, "payouts", [person_id], within=[district_id])
    return answer_all(found, asked.shown_to)
