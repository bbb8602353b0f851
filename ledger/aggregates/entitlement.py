"""One entitlement to pay: what people decided about it, beside what follows from the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Header, first_header
from ledger.errors import ConflictError, NothingChangesError, RuleError
from ledger.events import AnyEntitlementEvent
from ledger.events.entitlement import (
    CorrectionAdopted,
    EntitlementApproved,
    EntitlementHeld,
    EntitlementReleased,
    HoldReason,
    LineReleased,
    LineWrittenOff,
    WriteOffReason,
)
from ledger.rules.payroll import line_id
from ledger.rules.payroll_lines import Proposal


class NotHeldError(RuleError):
    """The entitlement is not held."""

    slug = "not-held"


class LineSettledError(RuleError):
    """This attempt of the line was released or written off already."""

    slug = "line-settled"


@dataclass(frozen=True, kw_only=True)
class Entitlement(Aggregate):
    """What was decided so far; `version` 0 when nothing was."""

    district_id: UUID
    entitlement_id: UUID
    person_id: UUID
    held: bool = False
    approved_cents: int | None = None
    corrections: tuple[UUID, ...] = ()  # the lines they become, in order
    settled: frozenset[tuple[UUID, int]] = frozenset()  # attempts released or written off

    def _next(self, act: Act) -> Header:
        return self.header(act) if self.version else first_header(self.id, act)

    def hold(self, act: Act, *, reason: HoldReason) -> Sequence[AnyEntitlementEvent]:
        if self.held:
            raise NothingChangesError("it is held already")
        return [EntitlementHeld(**self._next(act), **self._about, reason=reason)]

    def release(self, act: Act) -> Sequence[AnyEntitlementEvent]:
        if not self.held:
            raise NotHeldError("nobody holds it")
        return [EntitlementReleased(**self._next(act), **self._about)]

    def approve(self, act: Act, *, amount_cents: int) -> Sequence[AnyEntitlementEvent]:
        """Approve an amount; another amount has to be approved again."""
        if self.approved_cents == amount_cents:
            raise NothingChangesError("this amount is approved already")
        return [EntitlementApproved(**self._next(act), **self._about, amount_cents=amount_cents)]

    def adopt(
        self, act: Act, *, proposal: Proposal, corrections_known: int, through_position: int
    ) -> Sequence[AnyEntitlementEvent]:
        """Make a proposed difference, which counts so many corrections already, the next line."""
        if corrections_known != len(self.corrections):
            raise ConflictError("another correction was adopted meanwhile; read again")
        number = corrections_known + 1
        return [
            CorrectionAdopted(
                **self._next(act),
                **self._about,
                correction=number,
                line_id=line_id(self.entitlement_id, number, proposal.kind),
                kind=proposal.kind,
                amount_cents=proposal.amount_cents,
                policy_id=proposal.policy_id,
                policy_version=proposal.policy_version,
                subject_id=proposal.subject_id,
                earned_on=proposal.earned_on,
                original=proposal.original,
                owed_cents=proposal.owed_cents,
                closed_cents=proposal.closed_cents,
                through_position=through_position,
            )
        ]

    def release_line(self, act: Act, *, line: UUID, attempt: int) -> Sequence[AnyEntitlementEvent]:
        self._must_be_open(line, attempt)
        return [LineReleased(**self._next(act), **self._about, line_id=line, attempt=attempt)]

    def write_off(
        self,
        act: Act,
        *,
        line: UUID,
        attempt: int,
        amount_cents: int,
        reason: WriteOffReason,
        board_reference: str,
    ) -> Sequence[AnyEntitlementEvent]:
        self._must_be_open(line, attempt)
        return [
            LineWrittenOff(
                **self._next(act),
                **self._about,
                line_id=line,
                attempt=attempt,
                amount_cents=amount_cents,
                reason=reason,
                board_reference=board_reference,
            )
        ]

    def _must_be_open(self, line: UUID, attempt: int) -> None:
        if (line, attempt) in self.settled:
            raise LineSettledError(f"attempt {attempt} of line {line} is settled")

    @property
    def _about(self) -> dict[str, UUID]:
        return {
            "district_id": self.district_id,
            "entitlement_id": self.entitlement_id,
            "person_id": self.person_id,
        }

    @classmethod
    def evolve(cls, state: Self | None, event: AnyEntitlementEvent) -> Self:
        state = state or cls(
            id=event.originator_id,
            version=0,
            district_id=event.district_id,
            entitlement_id=event.entitlement_id,
            person_id=event.person_id,
        )
        state = replace(state, version=event.originator_version)
        match event:
            case EntitlementHeld():
                return replace(state, held=True)
            case EntitlementReleased():
                return replace(state, held=False)
            case EntitlementApproved(amount_cents=amount_cents):
                return replace(state, approved_cents=amount_cents)
            case CorrectionAdopted(line_id=line):
                return replace(state, corrections=(*state.corrections, line))
            case LineReleased() | LineWrittenOff():
                return replace(state, settled=state.settled | {(event.line_id, event.attempt)})
            case _:
                assert_never(event)
