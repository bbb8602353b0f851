"""What a district pays by, what people decide about entitlements, and what teachers were paid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Response
from psycopg import Connection
from pydantic import BaseModel, Field

from api import corrections
from api.access import (
    NOT_THERE,
    must_approve_payroll,
    must_prepare_payroll,
    must_see_payouts,
    visible_payers,
)
from api.answers import ListOf, answer_all, recorded
from api.disclosures import shows
from api.paging import LIMIT_MAX, PageOf
from api.payroll_views import known_payroll, known_position
from api.reading import (
    AsOfPageQuery,
    AsOfReadNow,
    Read,
    VersionsReadNow,
    reading,
    zone_of_person,
)
from api.routing import Router
from api.writing import Write, WriteNow
from ledger.commands import entitlement as entitlements
from ledger.commands import payroll as commands
from ledger.commands.entitlement import About
from ledger.errors import NotFoundError
from ledger.events.entitlement import HoldReason, WriteOffReason
from ledger.events.payroll import PayrollTerms
from ledger.rules.notices import OF_HR
from ledger.rules.payroll import Decided, Payable, terms_on
from ledger.rules.payroll_lines import Proposal
from ledger.rules.payroll_states import EntitlementState, entitlement_state
from ledger.store import EVERYTHING
from ledger.values import Cents, Day, Positive, ShortText, SignedCents, Value
from projections import batches, known, payable, payouts
from projections.batches import Adopted, Line, Terms
from projections.sql import NO_ID

router = Router("payroll")


class Hold(Value):
    """Why it is kept out of batches."""

    reason: HoldReason


class Approval(Value):
    """Which amount is approved."""

    amount_cents: Cents


class Adoption(Value):
    """Which proposal, and the amount that was seen: another one is refused.

    Of a recovery that is more than her check, `collect_at_most_cents` comes off it and the rest
    stays proposed: nobody's check goes below zero.
    """

    entitlement_id: UUID
    original_line_id: UUID
    amount_cents: SignedCents
    collect_at_most_cents: Annotated[Cents, Field(ge=1)] | None = None


class LineAttempt(Value):
    """Which attempt of the line."""

    attempt: Positive


class WriteOff(LineAttempt):
    """Why it is given up, and the minute of the board that says so."""

    reason: WriteOffReason
    board_reference: ShortText


class StandingQuery(AsOfPageQuery):
    """A page of entitlements as they were known then, on their way to a day."""

    effective_on: Annotated[
        Day | None,
        Field(description="what is payable after this day is pending; nothing where none is given"),
    ] = None


class Standing(BaseModel):
    """An entitlement and how far it has come."""

    entitlement_id: UUID
    person_id: UUID
    policy_id: UUID
    policy_version: int
    earned_on: date
    payable_on: date
    amount_cents: int
    derived: Literal["due", "pending", "not_due"]
    reason: str | None
    state: EntitlementState
    held_reason: str | None  # why somebody keeps it out of batches
    approved_cents: int | None  # what a person approved, where the terms ask for that


@router.write("/districts/{district_id}/payroll-terms")
def set_payroll_terms(district_id: UUID, body: PayrollTerms, write: WriteNow) -> Response:
    """From a day on, pay by these terms: codes, company, and above which sum two approve."""
    must_prepare_payroll(write.caller, district_id)
    call = write.call(body)
    return recorded(
        commands.set_payroll_terms(write.edge.ledger, call, district_id=district_id, terms=body)
    )


@router.read("/districts/{district_id}/payroll-terms", ListOf[Terms])
def list_payroll_terms(district_id: UUID, read: VersionsReadNow) -> Response:
    """Every version of how a district pays."""
    must_see_payouts(read.caller, district_id)
    with read.connection() as connection:
        read.visible("batches")  # or terms that were just set would not be there
        found = batches.terms_of_district(connection, district_id)
        with known_payroll(read, connection, district_id) as position:
            found = [one for one in found if one.position <= position]
    day = read.query.effective_on
    if day is not None:
        number = terms_on([PayrollTerms.model_validate(one.terms) for one in found], day)
        found = [one for one in found if one.terms_version == number]
    return answer_all(found, position)


@router.read("/districts/{district_id}/entitlements", PageOf[Standing])
def list_entitlements(
    district_id: UUID, read: Annotated[Read[StandingQuery], Depends(reading(StandingQuery))]
) -> Response:
    """Every entitlement to a payment, and how far it has come on its way to the teacher."""
    must_see_payouts(read.caller, district_id)
    with read.connection() as connection:
        read.visible(*payable.VIEWS)
        terms = batches.terms_of_district(connection, district_id)
        with known_payroll(read, connection, district_id, payable.VIEWS) as position:
            found = list(
                islice(_paid_by_payroll(read, connection, district_id, position), read.page.limit)
            )
            known_terms = [one for one in terms if one.position <= position]
            items = _standings(connection, known_terms, found)
    shows(read, "payouts", {one.person_id for one in found}, within=[district_id])
    key = (found[-1].earned_position, found[-1].payout_id) if found else None
    return read.page.answer(items, position, key=key)


@router.read("/people/{person_id}/payments", ListOf[Line])
def list_payments(person_id: UUID, read: AsOfReadNow) -> Response:
    """Every line that was made for a teacher, for herself and whoever may see what she is owed."""
    with read.connection(person_id) as connection:
        zone = zone_of_person(connection, person_id)
        as_of = read.known(connection, read.query.as_of, zone, "batches")
        position = min(as_of, read.visible("batches"))
        payers = batches.payers_of_person(connection, person_id)
    seen = visible_payers(read.caller, person_id, payers)
    items: list[Line] = []
    for district_id in sorted(seen):
        with (
            read.connection(party_to=district_id) as connection,
            known.payroll_of_district(connection, district_id, as_of),
        ):
            items += batches.lines_for_person(connection, person_id, district_id)
    shows(read, "payouts", [person_id] if items else [], within=seen)
    return answer_all(items, position)


@router.write("/entitlements/{payout_id}/holds")
def hold_entitlement(payout_id: UUID, body: Hold, write: WriteNow) -> Response:
    """Keep it out of every batch until it is released."""
    about = _about(write, payout_id)
    return recorded(write.run(entitlements.hold, body, about=about))


@router.write("/entitlements/{payout_id}/releases")
def release_entitlement(payout_id: UUID, write: WriteNow) -> Response:
    """Let it into a batch again."""
    return recorded(write.run(entitlements.release, about=_about(write, payout_id)))


@router.write("/entitlements/{payout_id}/approvals")
def approve_entitlement(payout_id: UUID, body: Approval, write: WriteNow) -> Response:
    """Approve an amount, where the terms of the district ask for that."""
    one = _found(write, payout_id)
    must_approve_payroll(write.caller, one[0])
    return recorded(write.run(entitlements.approve, body, about=_as_about(*one)))


@router.read("/districts/{district_id}/correction-proposals", ListOf[Proposal])
def list_proposals(district_id: UUID, read: AsOfReadNow) -> Response:
    """Where what was closed and what is owed now differ. Nothing is paid before it is adopted."""
    must_see_payouts(read.caller, district_id)
    with read.connection() as connection:
        as_of = known_position(read, connection, district_id, payable.VIEWS)
    position = min(as_of, read.visible(*payable.VIEWS))
    found = corrections.proposals(read.edge, district_id, through=position, as_of=as_of)
    shows(read, "payouts", {one.person_id for one in found}, within=[district_id])
    return answer_all(found, position)


@router.read("/districts/{district_id}/corrections", ListOf[Adopted])
def list_corrections(district_id: UUID, read: AsOfReadNow) -> Response:
    """The corrections that somebody adopted."""
    must_see_payouts(read.caller, district_id)
    with read.connection() as connection, known_payroll(read, connection, district_id) as position:
        found = batches.corrections_of_district(connection, district_id)
    shows(read, "payouts", {one.person_id for one in found}, within=[district_id])
    return answer_all(found, position)


@router.write("/districts/{district_id}/corrections")
def adopt_correction(district_id: UUID, body: Adoption, write: WriteNow) -> Response:
    """Make a proposed difference a line of the next batch."""
    must_prepare_payroll(write.caller, district_id)
    receipt = corrections.adopt(
        write.edge,
        write.call(body),
        district_id=district_id,
        entitlement_id=body.entitlement_id,
        original_line_id=body.original_line_id,
        amount_cents=body.amount_cents,
        collect_at_most_cents=body.collect_at_most_cents,
    )
    return recorded(receipt)


@router.write("/lines/{line_id}/releases")
def release_line(line_id: UUID, body: LineAttempt, write: WriteNow) -> Response:
    """Let a line that payroll passed over into the next batch."""
    district_id, line = _line(write, line_id, body.attempt)
    must_prepare_payroll(write.caller, district_id)
    corrections.must_be_bypassed(line)
    about = About(district_id, line.entitlement_id, line.person_id)
    return recorded(write.run(entitlements.release_line, body, about=about, line_id=line_id))


@router.write("/lines/{line_id}/write-offs")
def write_off_line(line_id: UUID, body: WriteOff, write: WriteNow) -> Response:
    """Give up what a line would have brought, on the board's authority."""
    district_id, line = _line(write, line_id, body.attempt)
    must_approve_payroll(write.caller, district_id)
    corrections.must_be_bypassed(line)
    about = About(district_id, line.entitlement_id, line.person_id)
    return recorded(
        write.run(
            entitlements.write_off,
            body,
            about=about,
            line_id=line_id,
            amount_cents=line.amount_cents,
        )
    )


def _paid_by_payroll(
    read: Read[StandingQuery], connection: Connection[Any], district_id: UUID, as_of: int
) -> Iterator[payouts.Payout]:
    """A district's payouts behind the last page, without those that are for HR to know of."""
    after = read.page.after(tuple[int, UUID], (0, NO_ID))
    while page := payouts.of_district(
        connection,
        district_id,
        effective_on=read.query.effective_on or payable.ALWAYS,
        as_of=as_of,
        after=after,
        limit=LIMIT_MAX,
    ):
        yield from (one for one in page if one.benefit not in OF_HR)
        after = (page[-1].earned_position, page[-1].payout_id)


def _standings(
    connection: Connection[Any], terms: Sequence[Terms], found: Sequence[payouts.Payout]
) -> list[dict[str, Any]]:
    ids = [one.payout_id for one in found]
    tried = batches.tries_of(connection, ids)
    decided = batches.decided_of(connection, ids)
    by_person = bool(terms) and terms[-1].terms["entitlements_approved_by"] == "person"
    nothing = Decided()
    return [
        {
            "entitlement_id": one.payout_id,
            "person_id": one.person_id,
            "policy_id": one.policy_id,
            "policy_version": one.policy_version,
            "earned_on": one.earned_on,
            "payable_on": one.payable_on,
            "amount_cents": one.amount_cents,
            "derived": one.status,
            "reason": one.reason,
            "held_reason": about.held_reason,
            "approved_cents": about.approved_cents,
            "state": entitlement_state(
                one.status,
                one.amount_cents,
                about,
                tried.get(one.payout_id, []),
                approved_by="person" if by_person else "policy",
            ),
        }
        for one in found
        for about in [decided.get(one.payout_id, nothing)]
    ]


def _about(write: Write, entitlement_id: UUID) -> About:
    district_id, one = _found(write, entitlement_id)
    must_prepare_payroll(write.caller, district_id)
    return _as_about(district_id, one)


def _as_about(district_id: UUID, one: Payable) -> About:
    return About(district_id, one.entitlement_id, one.person_id)


def _found(write: Write, entitlement_id: UUID) -> tuple[UUID, Payable]:
    def look(connection: Connection[Any]) -> tuple[UUID, Payable]:
        found = payable.find(connection, entitlement_id)
        if found is None:
            raise NotFoundError(NOT_THERE)
        return found

    return write.find([EVERYTHING], look, payable.VIEWS)


def _line(write: Write, line_id: UUID, attempt: int) -> tuple[UUID, Line]:
    def look(connection: Connection[Any]) -> tuple[UUID, Line]:
        found = batches.line(connection, line_id, attempt)
        batch = batches.find(connection, found.batch_id) if found else None
        if found is None or batch is None:
            raise NotFoundError(NOT_THERE)
        return batch.district_id, found

    return write.find([EVERYTHING], look, ("batches",))
