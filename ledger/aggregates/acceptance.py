"""What a district lets an award from elsewhere count for: decided, questioned, decided anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Header, first_header
from ledger.aggregates.licensure import check_near
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyAcceptanceEvent
from ledger.events.acceptance import (
    AcceptanceDecided,
    AcceptanceOutcome,
    AcceptancePutUnderReview,
)
from ledger.events.equivalency import MICRO_CREDENTIAL
from ledger.events.external_record import ExternalItem

ONE_AWARD = 100  # hundredths
ISSUED_HERE = "issued-here"  # why an award from elsewhere is none


class ItemRevokedError(RuleError):
    """Its issuer has taken the award back."""

    slug = "item-revoked"


class ItemIssuedHereError(RuleError):
    """This ledger issued the award: it counts as that, and not a second time."""

    slug = "item-issued-here"


class PartOfAwardError(InvalidError):
    """So much of one award cannot be accepted like this."""

    slug = "part-of-award"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a district says of an award, in its own kind."""

    outcome: AcceptanceOutcome
    reason: str
    kind: str = MICRO_CREDENTIAL
    quantity_hundredths: int = ONE_AWARD
    category: str | None = None

    def check(self) -> None:
        """A whole award is one, and a part of it less. Raises PartOfAwardError."""
        if self.kind != MICRO_CREDENTIAL:
            return
        whole = self.quantity_hundredths == ONE_AWARD
        if self.outcome == "partly_accepted" and not self.quantity_hundredths < ONE_AWARD:
            raise PartOfAwardError("a part of an award is less than 100 hundredths")
        if self.outcome != "partly_accepted" and not whole:
            raise PartOfAwardError("a whole award is 100 hundredths")


def decide(
    stream: UUID,
    act: Act,
    *,
    district_id: UUID,
    person_id: UUID,
    record_id: UUID,
    zone: str,
    item: ExternalItem,
    decision: Decision,
) -> Sequence[AnyAcceptanceEvent]:
    """Say for the first time what the award counts for."""
    about = Acceptance(
        id=stream,
        version=0,
        person_id=person_id,
        district_id=district_id,
        record_id=record_id,
        item_id=item.item_id,
        earned_on=item.earned_on,
        expires_on=item.expires_on,
        zone=zone,
    )
    return about.decided(first_header(stream, act), item, decision)


@dataclass(frozen=True, kw_only=True)
class Acceptance(Aggregate):
    """One award from elsewhere in one district."""

    person_id: UUID
    district_id: UUID
    record_id: UUID
    item_id: UUID
    earned_on: date
    expires_on: date | None
    zone: str
    decision: Decision | None = None
    under_review: bool = False

    @property
    def counts(self) -> bool:
        """Whether something rests on it."""
        accepted = self.decision is not None and self.decision.outcome != "declined"
        return accepted and not self.under_review

    def decide(
        self, act: Act, *, item: ExternalItem, decision: Decision
    ) -> Sequence[AnyAcceptanceEvent]:
        """Decide anew. What is under review may stand, whatever its issuer says."""
        if not self.under_review and decision == self.decision:
            raise NothingChangesError("the district has said so already")
        return self.decided(self.header(act), item, decision)

    def decided(
        self, header: Header, item: ExternalItem, decision: Decision
    ) -> Sequence[AnyAcceptanceEvent]:
        """What a decision writes, be it the first or a later one."""
        accepting = decision.outcome != "declined"
        if accepting and item.reason == ISSUED_HERE:
            raise ItemIssuedHereError("it stands on her transcript, and counts from there")
        if accepting and item.status == "revoked" and not self.under_review:
            raise ItemRevokedError("the issuer has revoked this award")
        decision.check()
        return [
            AcceptanceDecided(
                **header,
                person_id=self.person_id,
                district_id=self.district_id,
                record_id=self.record_id,
                item_id=self.item_id,
                outcome=decision.outcome,
                reason=decision.reason,
                kind=decision.kind,
                quantity_hundredths=decision.quantity_hundredths,
                category=decision.category,
                earned_on=self.earned_on,
                expires_on=self.expires_on,
                zone=self.zone,
            )
        ]

    def put_under_review(
        self, act: Act, *, reason: str, effective_on: date
    ) -> Sequence[AnyAcceptanceEvent]:
        """Let it count for nothing until somebody has looked at it again."""
        check_near(effective_on)
        if not self.counts:
            raise NothingChangesError("nothing rests on this award")
        return [
            AcceptancePutUnderReview(
                **self.header(act),
                person_id=self.person_id,
                district_id=self.district_id,
                reason=reason,
                effective_on=effective_on,
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyAcceptanceEvent) -> Self:
        match event:
            case AcceptanceDecided():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    person_id=event.person_id,
                    district_id=event.district_id,
                    record_id=event.record_id,
                    item_id=event.item_id,
                    earned_on=event.earned_on,
                    expires_on=event.expires_on,
                    zone=event.zone,
                    decision=Decision(
                        outcome=event.outcome,
                        reason=event.reason,
                        kind=event.kind,
                        quantity_hundredths=event.quantity_hundredths,
                        category=event.category,
                    ),
                )
            case AcceptancePutUnderReview():
                assert state is not None, "an acceptance begins with a decision"
                return replace(state, version=event.originator_version, under_review=True)
            case _:
                assert_never(event)
