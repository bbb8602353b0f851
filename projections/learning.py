"""Learning: the plans that teachers make, and what they opened and completed on their way.

Nobody but the teacher is shown any of it. It takes her choices alone, and no event of an
enrollment: what has become of a plan is put together when she reads it (api/learning_plans.py).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import UnionType
from typing import Any, ClassVar, Literal, assert_never
from uuid import UUID

from psycopg import Connection

from ledger.events import AnyLearningEvent, AnyLearningPlanEvent
from ledger.events.credential import ResourceKind
from ledger.events.learning import ModuleCompleted, ResourceOpened
from ledger.events.learning_plan import (
    LearningPlanCreated,
    PlanCredentialAdded,
    PlanCredentialRemoved,
    PlanReordered,
)
from projections.contract import Fact, Projection, Table, Viewer
from projections.sql import Write, blocks, read, to_write

Relevant = AnyLearningPlanEvent | AnyLearningEvent
_SQL = blocks("learning")


@dataclass(slots=True, kw_only=True)
class Plan:
    """One plan: what she means to earn, in her order."""

    plan_id: UUID
    person_id: UUID
    version: int  # of its stream
    title_text_id: UUID  # in the vault
    created_at: datetime
    created_position: int
    credential_ids: list[UUID] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Step:
    learning_id: UUID
    credential_version: int
    resource: str
    step: Literal["opened", "completed"]
    person_id: UUID
    credential_id: UUID
    taken_at: datetime
    position: int


class Learning(Projection[Relevant]):
    """Keeps `learning_plans` and `learning_steps`."""

    name: ClassVar[str] = "learning"
    takes: ClassVar[UnionType] = Relevant
    tables: ClassVar[tuple[Table, ...]] = (
        Table("learning_plans", seen_by=(Viewer.PERSON,)),
        Table("learning_steps", seen_by=(Viewer.PERSON,)),
    )
    sharded: ClassVar[bool] = True

    def apply(self, facts: Sequence[Fact[Relevant]], connection: Connection[Any]) -> list[Write]:
        planned = {
            event.originator_id
            for _, event in facts
            if not isinstance(event, ResourceOpened | ModuleCompleted)
        }
        plans: dict[UUID, Plan] = {}
        if planned:
            known = read(connection, Plan, _SQL["load_plans"], ids=list(planned))
            plans = {one.plan_id: one for one in known}
        steps: list[_Step] = []
        for position, event in facts:
            if isinstance(event, ResourceOpened | ModuleCompleted):
                steps.append(_step(event, position))
            else:
                _fold(plans, event, position)
        return [
            *to_write(_SQL["save_plans"], rows=list(plans.values())),
            *to_write(_SQL["save_steps"], rows=steps),
        ]


@dataclass(frozen=True, slots=True)
class Named:
    """A micro-credential as the catalog has it now."""

    credential_id: UUID
    title: str
    status: Literal["drafted", "published", "retired"]


@dataclass(frozen=True, slots=True)
class Taken:
    """One resource of a version, and when she first opened and completed it."""

    resource: str
    title: str
    url: str
    kind: ResourceKind
    minutes: int
    opened_at: datetime | None
    completed_at: datetime | None
    credential_id: UUID
    credential_version: int


@dataclass(frozen=True, slots=True)
class Begun:
    """A version of which she ever opened or completed something."""

    credential_id: UUID
    credential_version: int
    title: str | None  # null for a moment, while the catalog catches up
    begun_position: int


def plans_of_person(
    connection: Connection[Any], person_id: UUID, *, after: int = 0, limit: int = 100
) -> list[Plan]:
    """Her plans in the order she began them; `after` is the last `created_position` seen."""
    span = {"after": after, "limit": limit}
    return read(connection, Plan, _SQL["plans_of_person"], person_id=person_id, **span)


def named(connection: Connection[Any], credential_ids: Collection[UUID]) -> dict[UUID, Named]:
    """How the catalog calls some micro-credentials."""
    found = read(connection, Named, _SQL["named"], ids=list(credential_ids))
    return {one.credential_id: one for one in found}


def begun_by_person(
    connection: Connection[Any], person_id: UUID, *, after: int = 0, limit: int = 100
) -> list[Begun]:
    """The versions she learned something for, in that order; `after` is the last position seen."""
    span = {"after": after, "limit": limit}
    return read(connection, Begun, _SQL["begun_by_person"], person_id=person_id, **span)


def resources_of_person(
    connection: Connection[Any], person_id: UUID, credential_ids: Collection[UUID]
) -> list[Taken]:
    """Everything that the versions she began list now, in their order, with what she did."""
    asked = {"person_id": person_id, "ids": list(credential_ids)}
    return read(connection, Taken, _SQL["resources_of_person"], **asked)


def _step(event: AnyLearningEvent, position: int) -> _Step:
    match event:
        case ResourceOpened():
            step: Literal["opened", "completed"] = "opened"
        case ModuleCompleted():
            step = "completed"
        case _:
            assert_never(event)
    return _Step(
        learning_id=event.originator_id,
        credential_version=event.credential_version,
        resource=event.resource,
        step=step,
        person_id=event.person_id,
        credential_id=event.credential_id,
        taken_at=event.occurred_at,
        position=position,
    )


def _fold(plans: dict[UUID, Plan], event: AnyLearningPlanEvent, position: int) -> None:
    if isinstance(event, LearningPlanCreated):
        plans[event.originator_id] = Plan(
            plan_id=event.originator_id,
            person_id=event.person_id,
            version=event.originator_version,
            title_text_id=event.title.text_id,
            created_at=event.occurred_at,
            created_position=position,
        )
        return
    plan = plans[event.originator_id]
    plan.version = event.originator_version
    match event:
        case PlanCredentialAdded(credential_id=added):
            plan.credential_ids.append(added)
        case PlanCredentialRemoved(credential_id=removed):
            plan.credential_ids.remove(removed)
        case PlanReordered(credential_ids=ordered):
            plan.credential_ids = list(ordered)
        case _:
            assert_never(event)
