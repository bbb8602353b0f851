"""Commands on entitlements to pay: what a person decides beside what follows from the log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from ledger.aggregates.entitlement import Entitlement
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyEntitlementEvent
from ledger.events.entitlement import HoldReason, WriteOffReason, entitlement_stream
from ledger.rules.payroll_lines import Proposal


@dataclass(frozen=True, slots=True)
class About:
    """Which entitlement, and whose; as the views have it."""

    district_id: UUID
    entitlement_id: UUID
    person_id: UUID


def hold(ledger: Ledger, call: Call, *, about: About, reason: HoldReason) -> Receipt:
    """Keep it out of every batch until it is released."""
    return _run(ledger, call, about, lambda one: one.hold(call.act, reason=reason))


def release(ledger: Ledger, call: Call, *, about: About) -> Receipt:
    """Let it into a batch again."""
    return _run(ledger, call, about, lambda one: one.release(call.act))


def approve(ledger: Ledger, call: Call, *, about: About, amount_cents: int) -> Receipt:
    """Approve an amount, where the terms of the district ask for that."""
    return _run(ledger, call, about, lambda one: one.approve(call.act, amount_cents=amount_cents))


def adopt_correction(
    ledger: Ledger,
    call: Call,
    *,
    about: About,
    proposal: Proposal,
    corrections_known: int,
    through_position: int,
) -> Receipt:
    """Make a proposed difference a line of the next batch."""
    return _run(
        ledger,
        call,
        about,
        lambda one: one.adopt(
            call.act,
            proposal=proposal,
            corrections_known=corrections_known,
            through_position=through_position,
        ),
    )


def release_line(
    ledger: Ledger, call: Call, *, about: About, line_id: UUID, attempt: int
) -> Receipt:
    """Let a line that payroll passed over into the next batch."""
    return _run(
        ledger, call, about, lambda one: one.release_line(call.act, line=line_id, attempt=attempt)
    )


def write_off(
    ledger: Ledger,
    call: Call,
    *,
    about: About,
    line_id: UUID,
    attempt: int,
    amount_cents: int,
    reason: WriteOffReason,
    board_reference: str,
) -> Receipt:
    """Give up what a line would have brought, on a board's authority."""
    return _run(
        ledger,
        call,
        about,
        lambda one: one.write_off(
            call.act,
            line=line_id,
            attempt=attempt,
            amount_cents=amount_cents,
            reason=reason,
            board_reference=board_reference,
        ),
    )


def _run(
    ledger: Ledger,
    call: Call,
    about: About,
    act: Callable[[Entitlement], Sequence[AnyEntitlementEvent]],
) -> Receipt:
    stream = entitlement_stream(about.entitlement_id)

    def decide(read: Reader) -> Sequence[AnyEntitlementEvent]:
        known = read.find(Entitlement, stream)
        return act(
            known
            or Entitlement(
                id=stream,
                version=0,
                district_id=about.district_id,
                entitlement_id=about.entitlement_id,
                person_id=about.person_id,
            )
        )

    return ledger.run(call, decide)
