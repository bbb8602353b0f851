"""Commands on learning: she says what she did; nobody checks it, and it counts for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates.credential import Credential
from ledger.aggregates.learning import Learning, Step, learning_stream, take_step
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.commands.person import get_person
from ledger.events import AnyLearningEvent


def record_step(
    ledger: Ledger,
    call: Call,
    *,
    step: Step,
    person_id: UUID,
    credential_id: UUID,
    credential_version: int,
    resource: str,
) -> Receipt:
    """Record that she opened a resource of a version, or completed a module."""

    def decide(read: Reader) -> Sequence[AnyLearningEvent]:
        get_person(read, person_id)
        return take_step(
            read.find(Learning, learning_stream(person_id, credential_id)),
            call.act,
            step,
            person_id=person_id,
            credential=read.get(Credential, credential_id),
            credential_version=credential_version,
            resource=resource,
        )

    return ledger.run(call, decide)
