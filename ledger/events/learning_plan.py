"""Learning plans: what a teacher means to earn, chosen and put in order by herself.

A plan asks nothing of anybody and counts for nothing. What she called it lies in the vault.
"""

from typing import ClassVar
from uuid import UUID

from ledger.events.base import Event
from ledger.values import VaultText


class LearningPlanEvent(Event):
    """Stream: one plan of one teacher."""

    person_id: UUID


class LearningPlanCreated(LearningPlanEvent):
    """She begins a plan, with nothing in it."""

    TOPIC: ClassVar[str] = "learning-plan.created.v1"

    title: VaultText


class PlanCredentialAdded(LearningPlanEvent):
    """She means to earn a micro-credential, after all that are in the plan already."""

    TOPIC: ClassVar[str] = "learning-plan.credential-added.v1"

    credential_id: UUID


class PlanCredentialRemoved(LearningPlanEvent):
    """It is no part of the plan any more; what she has done for it stands."""

    TOPIC: ClassVar[str] = "learning-plan.credential-removed.v1"

    credential_id: UUID


class PlanReordered(LearningPlanEvent):
    """The same micro-credentials in another order."""

    TOPIC: ClassVar[str] = "learning-plan.reordered.v1"

    credential_ids: tuple[UUID, ...]
