"""Lanes, steps and base pay: what HR is told, and how far somebody is toward the next."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel

from api.access import visible_payers
from api.answers import ListOf, answer_all
from api.directory import names_of
from api.disclosures import shows
from api.paging import PageOf
from api.reading import KnownPageQuery, KnownReadNow, Read, reading, zone_of_person
from api.routes.payouts import asked_of
from api.routing import Router
from ledger.rules.notices import NoticeKind
from ledger.store import EVERYTHING
from ledger.values import Day
from projections import employments, pay_notices, thresholds
from projections.known import payouts_of_person, policies_known
from projections.pay_notices import PayNotice
from projections.sql import NO_ID
from projections.thresholds import Standing

router = Router("pay-notices")
VIEWS = ("payouts", "employments", "batches")  # the last says where to look as of a position


class NoticeQuery(KnownPageQuery):
    """A page of notices: of one kind, or of those that were complete within a span of days."""

    kind: NoticeKind | None = None
    from_day: Day | None = None
    to_day: Day | None = None


class NamedNotice(BaseModel):
    """A notice and whose it is."""

    notice: PayNotice
    name: str | None


@router.read("/districts/{district_id}/pay-notices", PageOf[NamedNotice])
def list_pay_notices(
    district_id: UUID,
    read: Annotated[Read[NoticeQuery], Depends(reading(NoticeQuery))],
) -> Response:
    """Who changed lanes or steps, or whose base pay rises: from when on, and the days of retro pay.

    Never a payroll line: what a lane is worth the salary schedule says.
    """
    query = read.query
    with asked_of(read, district_id) as asked:
        found = pay_notices.of_district(
            asked.connection,
            district_id,
            effective_on=asked.effective_on,
            as_of=asked.as_of,
            kind=query.kind,
            from_day=query.from_day,
            to_day=query.to_day,
            after=read.page.after(tuple[date, UUID], (date.min, NO_ID)),
            limit=read.page.limit,
        )
    person_ids = {one.person_id for one in found}
    shows(read, "base-pay", person_ids, within=[district_id])
    names = names_of(read.edge.vault, person_ids, district_id)
    items = [{"notice": one, "name": names.get(one.person_id)} for one in found]
    key = (found[-1].effective_on, found[-1].entitlement_id) if found else None
    return read.page.answer(items, asked.shown_to, key=key)


@router.read("/people/{person_id}/thresholds", ListOf[Standing])
def read_thresholds(person_id: UUID, read: KnownReadNow) -> Response:
    """How far she is toward the next lane or step under each policy that counts units.

    Each award and activity says what it brings, or why it counts for nothing; of an award and the
    course it was exchanged for, one names the other.
    """
    with read.edge.reading([EVERYTHING]) as connection:
        zone = zone_of_person(connection, person_id)
        position = read.visible(*VIEWS)
        known = read.known(connection, read.query.as_of, zone, *VIEWS)
        day = read.day(zone, read.query.effective_on)
        held = employments.of_person(connection, person_id)
        district_ids = visible_payers(read.caller, person_id, {one.district_id for one in held})
        found: list[Standing] = []
        for district_id in sorted(district_ids):
            adopted = {one.policy_id for one in policies_known(connection, district_id, known)}
            with payouts_of_person(connection, district_id, person_id, adopted, known):
                for policy_id in sorted(adopted):
                    standing = thresholds.of_person(
                        connection, district_id, person_id, policy_id, day
                    )
                    found += [] if standing is None else [standing]
    shows(read, "payouts", [person_id], within=district_ids)
    return answer_all(found, min(known, position))
