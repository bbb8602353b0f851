"""A learning plan: micro-credentials that a teacher means to earn, in the order she gives them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.credential import Credential
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyLearningPlanEvent
from ledger.events.learning_plan import (
    LearningPlanCreated,
    PlanCredentialAdded,
    PlanCredentialRemoved,
    PlanReordered,
)
from ledger.values import VaultText

CREDENTIALS_MAX = 100


class PlanFullError(RuleError):
    """A plan has no room for more; begin another one."""

    slug = "plan-full"


class NotInPlanError(RuleError):
    """The micro-credential is no part of the plan."""

    slug = "not-in-plan"


class PlanOrderError(InvalidError):
    """An order names each micro-credential of the plan once, and no other."""

    slug = "plan-order"


def create(
    stream: UUID, act: Act, *, person_id: UUID, title: VaultText
) -> Sequence[AnyLearningPlanEvent]:
    """Begin a plan."""
    return [LearningPlanCreated(**first_header(stream, act), person_id=person_id, title=title)]


@dataclass(frozen=True, kw_only=True)
class LearningPlan(Aggregate):
    """One plan."""

    person_id: UUID
    credential_ids: tuple[UUID, ...] = ()

    def add(self, act: Act, *, credential: Credential) -> Sequence[AnyLearningPlanEvent]:
        """Put something that can be earned at the end of the plan."""
        if credential.id in self.credential_ids:
            raise NothingChangesError("it is in the plan already")
        if len(self.credential_ids) >= CREDENTIALS_MAX:
            raise PlanFullError(f"a plan holds {CREDENTIALS_MAX} micro-credentials at most")
        credential.must_take_enrollments()
        return [
            PlanCredentialAdded(
                **self.header(act), person_id=self.person_id, credential_id=credential.id
            )
        ]

    def remove(self, act: Act, *, credential_id: UUID) -> Sequence[AnyLearningPlanEvent]:
        """Take something out of the plan, whatever has become of it."""
        if credential_id not in self.credential_ids:
            raise NotInPlanError(f"credential {credential_id} is not in the plan")
        return [
            PlanCredentialRemoved(
                **self.header(act), person_id=self.person_id, credential_id=credential_id
            )
        ]

    def reorder(
        self, act: Act, *, credential_ids: tuple[UUID, ...]
    ) -> Sequence[AnyLearningPlanEvent]:
        """Put what is in the plan into another order."""
        if sorted(credential_ids) != sorted(self.credential_ids):
            raise PlanOrderError("name each micro-credential of the plan once, and no other")
        if credential_ids == self.credential_ids:
            raise NothingChangesError("the plan is in this order already")
        return [
            PlanReordered(
                **self.header(act), person_id=self.person_id, credential_ids=credential_ids
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyLearningPlanEvent) -> Self:
        if state is None:
            assert isinstance(event, LearningPlanCreated), "a plan is created before it is changed"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                person_id=event.person_id,
            )
        state = state.at_version(event.originator_version)
        match event:
            case PlanCredentialAdded(credential_id=added):
                return replace(state, credential_ids=(*state.credential_ids, added))
            case PlanCredentialRemoved(credential_id=removed):
                left = tuple(one for one in state.credential_ids if one != removed)
                return replace(state, credential_ids=left)
            case PlanReordered(credential_ids=ordered):
                return replace(state, credential_ids=ordered)
            case LearningPlanCreated():
                raise AssertionError("a plan is created once")
            case _:
                assert_never(event)
