"""Differences between what was closed and what is owed: proposed to people, adopted by one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

from api.edge import Edge
from ledger.application import Call, Receipt
from ledger.commands import entitlement as entitlements
from ledger.commands.entitlement import About
from ledger.errors import ConflictError, RuleError
from ledger.rules.entitlements.lines import collectable
from ledger.rules.payroll_lines import Proposal
from ledger.rules.payroll_lines import proposals as proposed
from ledger.store import EVERYTHING
from ledger.values import POSITION_MAX
from projections import batches, known, payable
from projections.batches import Line


class NotBypassedError(RuleError):
    """Only a line that payroll passed over is released or written off."""

    slug = "line-not-bypassed"


class NothingToCollectError(RuleError):
    """Only a recovery is limited by what a check bears."""

    slug = "nothing-to-collect"


def proposals(
    edge: Edge, district_id: UUID, *, through: int, as_of: int = POSITION_MAX
) -> list[Proposal]:
    """Every difference at a position: what was closed `as_of`, and what is owed `through` it."""
    with (
        edge.reading([EVERYTHING]) as connection,
        known.payroll_of_district(connection, district_id, as_of),
    ):
        adopted = batches.corrections_of_district(connection, district_id)
        return proposed(
            payable.owed(connection, district_id, through=through),
            map(batches.as_correction, adopted),
            batches.last_tries(connection, district_id),
        )


def all_proposals(edge: Edge) -> Iterator[tuple[UUID, list[Proposal]]]:
    """Of each district that ever made a batch, where its closed lines and what is owed differ."""
    with edge.reading([EVERYTHING]) as connection:
        districts = batches.districts(connection)
    for district_id in districts:
        yield district_id, proposals(edge, district_id, through=_newest(edge))


def adopt(
    edge: Edge,
    call: Call,
    *,
    district_id: UUID,
    entitlement_id: UUID,
    original_line_id: UUID,
    amount_cents: int,
    collect_at_most_cents: int | None = None,
) -> Receipt:
    """Adopt a proposal as it was seen, or as much of it as one check bears.

    Raises:
        ConflictError: it is another one by now.
        NothingToCollectError: it takes nothing back, so no check has to bear it.
    """
    # Of one entitlement several may be proposed, and each counts those adopted before it.
    edge.visible(payable.VIEWS, edge.ledger.recorder.last_position())
    position = _newest(edge)
    found = proposals(edge, district_id, through=position)
    with edge.reading([EVERYTHING]) as connection:
        adopted = [
            one
            for one in batches.corrections_of_district(connection, district_id)
            if one.entitlement_id == entitlement_id
        ]
    wanted = (entitlement_id, original_line_id, amount_cents)
    matching = [
        one
        for one in found
        if (one.entitlement_id, one.original_line_id, one.amount_cents) == wanted
    ]
    if not matching:
        earlier = edge.ledger.replayed(call)
        if earlier is not None:
            return earlier
        raise ConflictError("this difference is not proposed, or no longer; read again")
    [one] = matching
    if collect_at_most_cents is not None:
        if one.amount_cents > 0:
            raise NothingToCollectError("this correction pays; only a recovery comes off a check")
        now, _stays_owed = collectable(one.amount_cents, collect_at_most_cents)
        one = replace(one, amount_cents=now)
    return entitlements.adopt_correction(
        edge.ledger,
        call,
        about=About(district_id, one.entitlement_id, one.person_id),
        proposal=one,
        corrections_known=len(adopted),
        through_position=position,
    )


def _newest(edge: Edge) -> int:
    return edge.watch.position(payable.VIEWS)


def must_be_bypassed(line: Line) -> None:
    """Raises NotBypassedError for a line that is on its way, paid, or free already."""
    if line.status not in {"bypassed", "released", "written_off"}:
        raise NotBypassedError(f"line {line.line_id} is {line.status}", status=line.status)
