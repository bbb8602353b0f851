"""A dispute of a record: opened, answered within thirty days, rebutted, withdrawn.

open ──▶ answered          her rebuttal may come before or after the answer,
  └──▶ withdrawn ◀──┘      and goes with a withdrawal
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import NothingChangesError, RuleError
from ledger.events import AnyDisputeEvent
from ledger.events.dispute import (
    DisputeAnswered,
    DisputedKind,
    DisputeOpened,
    DisputeOutcome,
    DisputeRebutted,
    DisputeWithdrawn,
)
from ledger.values import VaultText, local_date

ANSWER_DAYS = 30  # calendar days; docs/sources.md#disputes
Stage = Literal["open", "answered", "withdrawn"]


class DisputeOpenError(RuleError):
    """This record is disputed already, and the answer is still to come."""

    slug = "dispute-open"


class DisputeOverError(RuleError):
    """This dispute was answered or withdrawn."""

    slug = "dispute-over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disputed:
    """The record that is said to be wrong, and the office that has to answer for it."""

    about: DisputedKind
    subject_id: UUID
    office_kind: Literal["issuer", "district"]
    office_id: UUID
    zone: str  # of the office, in whose days the clock runs


def due_on(opened_on: date) -> date:
    """The last day on which an answer is in time."""
    return opened_on + timedelta(days=ANSWER_DAYS)


def open_dispute(
    stream: UUID,
    act: Act,
    *,
    person_id: UUID,
    disputed: Disputed,
    number: int,
    statement: VaultText,
) -> Sequence[AnyDisputeEvent]:
    """Begin a dispute; the clock begins with it."""
    today = local_date(act.at, disputed.zone)
    return [
        DisputeOpened(
            **first_header(stream, act),
            person_id=person_id,
            about=disputed.about,
            subject_id=disputed.subject_id,
            number=number,
            office_kind=disputed.office_kind,
            office_id=disputed.office_id,
            statement=statement,
            zone=disputed.zone,
            opened_on=today,
            due_on=due_on(today),
        )
    ]


@dataclass(frozen=True, kw_only=True)
class Dispute(Aggregate):
    """One dispute, and where it stands."""

    person_id: UUID
    disputed: Disputed
    stage: Stage = "open"
    rebuttal: VaultText | None = None

    def answer(
        self, act: Act, *, outcome: DisputeOutcome, reason: str, words: VaultText | None
    ) -> Sequence[AnyDisputeEvent]:
        """What the office says, once; late is better than never."""
        self._must_be("open")
        return [
            DisputeAnswered(
                **self.header(act),
                person_id=self.person_id,
                outcome=outcome,
                reason=reason,
                words=words,
                answered_on=local_date(act.at, self.disputed.zone),
            )
        ]

    def rebut(self, act: Act, *, rebuttal: VaultText) -> Sequence[AnyDisputeEvent]:
        """Her words beside the record, whatever is answered."""
        self._must_be("open", "answered")
        if rebuttal == self.rebuttal:
            raise NothingChangesError("the record says so already")
        return [DisputeRebutted(**self.header(act), person_id=self.person_id, rebuttal=rebuttal)]

    def withdraw(self, act: Act) -> Sequence[AnyDisputeEvent]:
        """Take it back, answered or not."""
        self._must_be("open", "answered")
        return [DisputeWithdrawn(**self.header(act), person_id=self.person_id)]

    def _must_be(self, *stages: Stage) -> None:
        if self.stage not in stages:
            raise DisputeOverError(f"this dispute is {self.stage}")

    @classmethod
    def evolve(cls, state: Self | None, event: AnyDisputeEvent) -> Self:
        if state is None:
            assert isinstance(event, DisputeOpened), "a dispute begins by being opened"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                person_id=event.person_id,
                disputed=Disputed(
                    about=event.about,
                    subject_id=event.subject_id,
                    office_kind=event.office_kind,
                    office_id=event.office_id,
                    zone=event.zone,
                ),
            )
        state = state.at_version(event.originator_version)
        match event:
            case DisputeOpened():
                raise AssertionError("a dispute is opened once")
            case DisputeAnswered():
                return replace(state, stage="answered")
            case DisputeRebutted(rebuttal=rebuttal):
                return replace(state, rebuttal=rebuttal)
            case DisputeWithdrawn():
                return replace(state, stage="withdrawn")
            case _:
                assert_never(event)
