"""Lanes, steps and base pay: what HR is told, and how far somebody is toward the next."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import BaseModel

from api.access import NOT_THERE, must_act_for_district, visible_payers
from api.answers import ListOf, answer_all, recorded
from api.directory import names_of
from api.disclosures import shows
from api.edge import Edge
from api.paging import PageOf
from api.reading import (
    KnownPageQuery,
    KnownReadNow,
    PagedKnownReadNow,
    Read,
    reading,
    zone_of_person,
)
from api.routes.payouts import asked_of
from api.routing import Router
from api.standings import standings
from api.writing import WriteNow
from ledger.aggregates.pay_notice import Span
from ledger.commands import pay_notice as commands
from ledger.errors import ConflictError, NotFoundError, RuleError
from ledger.rules.notices import NoticeKind
from ledger.store import EVERYTHING
from ledger.values import Day, Value
from projections import base_pay, employments, pay_notices, payouts
from projections.base_pay import BasePay
from projections.pay_notices import PayNotice, SignOff
from projections.sql import NO_ID
from projections.thresholds import Standing

router = Router("pay-notices")
VIEWS = ("payouts", "employments", "batches")  # the last says where to look as of a position


class NotANoticeError(RuleError):
    """Of this payout there is no notice to HR: it is a payroll line, or nothing is due."""

    slug = "not-a-notice"


class NoticeQuery(KnownPageQuery):
    """A page of notices: of one kind, or of those that were complete within a span of days."""

    kind: NoticeKind | None = None
    from_day: Day | None = None
    to_day: Day | None = None


class NamedNotice(BaseModel):
    """A notice and whose it is."""

    notice: PayNotice
    name: str | None
    sign_off: SignOff | None  # null: nobody of HR has said that it was acted on
    acted_on_as_it_stands: bool  # false as well where its days have moved since it was signed


class NamedBasePay(BaseModel):
    """What was added to somebody's base pay, and whose it is."""

    base_pay: BasePay
    name: str | None


class ActedOn(Value):
    """When it was acted on, and from when on the notice that was seen says that it holds."""

    acted_on: Day
    effective_on: Day
    ends_on: Day | None = None


@router.read("/districts/{district_id}/pay-notices", PageOf[NamedNotice])
def list_pay_notices(
    district_id: UUID,
    read: Annotated[Read[NoticeQuery], Depends(reading(NoticeQuery))],
) -> Response:
    """Who changed lanes or steps, or whose base pay rises: from when on, and the days of retro pay.

    Never a payroll line: what a lane is worth the salary schedule says.
    """
    query = read.query
    with asked_of(read, district_id, "pay_notices") as asked:
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
        ids = [one.entitlement_id for one in found]
        signatures = pay_notices.sign_offs(asked.connection, ids, as_of=asked.as_of)
    person_ids = {one.person_id for one in found}
    shows(read, "base-pay", person_ids, within=[district_id])
    names = names_of(read.edge.vault, person_ids, district_id)
    items = [
        {
            "notice": one,
            "name": names.get(one.person_id),
            "sign_off": (signed := signatures.get(one.entitlement_id)),
            "acted_on_as_it_stands": signed is not None and signed.is_of(one),
        }
        for one in found
    ]
    key = (found[-1].effective_on, found[-1].entitlement_id) if found else None
    return read.page.answer(items, asked.shown_to, key=key)


@router.read("/districts/{district_id}/base-pay", PageOf[NamedBasePay])
def list_base_pay(district_id: UUID, read: PagedKnownReadNow) -> Response:
    """What rises have added to each teacher's base pay as it holds on a day, and what each pay is.

    Never a payroll line: the salary schedule knows what her base is otherwise.
    """
    with asked_of(read, district_id) as asked:
        found = base_pay.of_district(
            asked.connection,
            district_id,
            effective_on=asked.effective_on,
            as_of=asked.as_of,
            after=read.page.after(UUID, NO_ID),
            limit=read.page.limit,
        )
    person_ids = {one.person_id for one in found}
    shows(read, "base-pay", person_ids, within=[district_id])
    names = names_of(read.edge.vault, person_ids, district_id)
    items = [{"base_pay": one, "name": names.get(one.person_id)} for one in found]
    return read.page.answer(items, asked.shown_to, key=found[-1].person_id if found else None)


@router.write("/districts/{district_id}/pay-notices/{payout_id}/sign-offs")
def sign_pay_notice(district_id: UUID, payout_id: UUID, body: ActedOn, write: WriteNow) -> Response:
    """Say that HR has acted on a notice as it was seen. Refused when its days are others by now."""
    must_act_for_district(write.caller, district_id)
    call = write.call(body)
    earlier = write.edge.ledger.replayed(call)
    if earlier is not None:
        return recorded(earlier)
    notice = _notice(write.edge, district_id, payout_id)
    said = Span(body.effective_on, body.ends_on)
    if said != (notice.effective_on, notice.ends_on):
        raise ConflictError("the notice says other days by now; read it again")
    return recorded(
        commands.sign_pay_notice(
            write.edge.ledger,
            call,
            district_id=district_id,
            person_id=notice.person_id,
            entitlement_id=payout_id,
            said=said,
            acted_on=body.acted_on,
        )
    )


@router.write("/districts/{district_id}/pay-notices/{payout_id}/reopenings")
def reopen_pay_notice(district_id: UUID, payout_id: UUID, write: WriteNow) -> Response:
    """Say that a notice was signed in error: nobody has acted on it."""
    must_act_for_district(write.caller, district_id)
    call = write.call()
    earlier = write.edge.ledger.replayed(call)
    if earlier is not None:
        return recorded(earlier)
    return recorded(
        commands.reopen_pay_notice(
            write.edge.ledger,
            call,
            district_id=district_id,
            person_id=_notice(write.edge, district_id, payout_id).person_id,
            entitlement_id=payout_id,
        )
    )


def _notice(edge: Edge, district_id: UUID, payout_id: UUID) -> PayNotice:
    """A notice of a district as it stands now. Raises NotFoundError, NotANoticeError."""
    edge.visible(("payouts",), edge.ledger.recorder.last_position())
    with edge.reading([district_id]) as connection:
        payout = payouts.find_payout(connection, payout_id, effective_on=date.max)
        if payout is None or payout.district_id != district_id:
            raise NotFoundError(NOT_THERE)
        found = pay_notices.of_district(
            connection, district_id, effective_on=date.max, entitlement_id=payout_id
        )
    if not found:
        raise NotANoticeError(f"HR is not told of payout {payout_id}, or no longer")
    return found[0]


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
        found = list(standings(connection, person_id, district_ids, day=day, known=known))
    shows(read, "payouts", [person_id], within=district_ids)
    return answer_all(found, min(known, position))
