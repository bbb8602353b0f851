"""A notice of pay as HR has dealt with it: what was acted on, and on which day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate
from ledger.errors import InvalidError, NothingChangesError
from ledger.events import AnyPayNoticeEvent
from ledger.events.pay_notice import PayNoticeActedOn, PayNoticeReopened


class ActedOnLaterError(InvalidError):
    """What was acted on was so today or before."""

    slug = "acted-on-later"


class Span(NamedTuple):
    """What a notice says: from when on it holds, and the last day where it has ended."""

    effective_on: date
    ends_on: date | None


@dataclass(frozen=True, kw_only=True)
class PayNotice(Aggregate):
    """The notice of one entitlement; `signed` is what it said when it was last acted on."""

    signed: Span | None = None

    def sign(
        self,
        act: Act,
        *,
        district_id: UUID,
        person_id: UUID,
        entitlement_id: UUID,
        said: Span,
        acted_on: date,
        today: date,
    ) -> Sequence[AnyPayNoticeEvent]:
        """Say that it was acted on. Raises ActedOnLaterError, NothingChangesError."""
        if acted_on > today:
            raise ActedOnLaterError(f"acted_on {acted_on} is after today, {today}")
        if said == self.signed:
            raise NothingChangesError("that was signed already")
        return [
            PayNoticeActedOn(
                **self.header(act),
                district_id=district_id,
                person_id=person_id,
                entitlement_id=entitlement_id,
                acted_on=acted_on,
                effective_on=said.effective_on,
                ends_on=said.ends_on,
            )
        ]

    def reopen(
        self, act: Act, *, district_id: UUID, person_id: UUID, entitlement_id: UUID
    ) -> Sequence[AnyPayNoticeEvent]:
        """Say that it was not acted on after all. Raises NothingChangesError."""
        if self.signed is None:
            raise NothingChangesError("nobody has signed it")
        return [
            PayNoticeReopened(
                **self.header(act),
                district_id=district_id,
                person_id=person_id,
                entitlement_id=entitlement_id,
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyPayNoticeEvent) -> Self:
        state = state or cls(id=event.originator_id, version=0)
        state = state.at_version(event.originator_version)
        match event:
            case PayNoticeActedOn():
                return replace(state, signed=Span(event.effective_on, event.ends_on))
            case PayNoticeReopened():
                return replace(state, signed=None)
            case _:
                assert_never(event)
