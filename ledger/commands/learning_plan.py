"""Commands on learning plans: the teacher's own, and nobody is asked."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import learning_plan as plans
from ledger.aggregates.credential import Credential
from ledger.aggregates.learning_plan import LearningPlan
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import get_person
from ledger.events import AnyLearningPlanEvent
from ledger.values import VaultText, stream_id


def create_learning_plan(
    ledger: Ledger, call: Call, *, person_id: UUID, title: VaultText
) -> Receipt:
    """Begin a plan, whose id follows from the command's."""
    stream = stream_id("learning-plan", call.command_id)

    def decide(read: Reader) -> Sequence[AnyLearningPlanEvent]:
        get_person(read, person_id)
        return plans.create(stream, call.act, person_id=person_id, title=title)

    return ledger.run(call, decide)


def add_to_plan(ledger: Ledger, call: Call, *, plan_id: UUID, credential_id: UUID) -> Receipt:
    """Put a micro-credential at the end of a plan."""

    def decide(read: Reader) -> Sequence[AnyLearningPlanEvent]:
        plan = read.get(LearningPlan, plan_id)
        return plan.add(call.act, credential=read.get(Credential, credential_id))

    return ledger.run(call, decide)


def remove_from_plan(ledger: Ledger, call: Call, *, plan_id: UUID, credential_id: UUID) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyLearningPlanEvent]:
        return read.get(LearningPlan, plan_id).remove(call.act, credential_id=credential_id)

    return ledger.run(call, decide)


def reorder_plan(
    ledger: Ledger, call: Call, *, plan_id: UUID, credential_ids: tuple[UUID, ...]
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyLearningPlanEvent]:
        return read.get(LearningPlan, plan_id).reorder(call.act, credential_ids=credential_ids)

    return ledger.run(call, decide)
