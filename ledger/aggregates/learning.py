"""Learning: each resource is opened once and each module completed once, in each version.

So a stream is never longer than the lists it is about, however often she looks at them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, Header, first_header
from ledger.aggregates.credential import Credential, ResourceUnknownError
from ledger.errors import NothingChangesError
from ledger.events import AnyLearningEvent
from ledger.events.learning import ModuleCompleted, ResourceOpened
from ledger.values import stream_id

Step = type[ResourceOpened] | type[ModuleCompleted]


def learning_stream(person_id: UUID, credential_id: UUID) -> UUID:
    """The stream of what a person did with the resources of a micro-credential."""
    return stream_id("learning", person_id, credential_id)


@dataclass(frozen=True, kw_only=True)
class Learning(Aggregate):
    """What one person did with the resources of one micro-credential."""

    person_id: UUID
    done: frozenset[tuple[Step, int, str]] = frozenset()  # with the version and the resource

    @classmethod
    def evolve(cls, state: Self | None, event: AnyLearningEvent) -> Self:
        if state is None:
            state = cls(id=event.originator_id, version=0, person_id=event.person_id)
        step = (type(event), event.credential_version, event.resource)
        return replace(state, version=event.originator_version, done=state.done | {step})


def take_step(
    known: Learning | None,
    act: Act,
    step: Step,
    *,
    person_id: UUID,
    credential: Credential,
    credential_version: int,
    resource: str,
) -> Sequence[AnyLearningEvent]:
    """Open a resource that the version lists, or complete one that is a module.

    Raises ResourceUnknownError, NothingChangesError; whether she has enrolled is not asked.
    """
    listed = credential.resource(credential_version, resource)
    if step is ModuleCompleted and listed.kind != "module":
        raise ResourceUnknownError(f"{resource!r} is to be looked at, and no module to complete")
    if known is not None and (step, credential_version, resource) in known.done:
        raise NothingChangesError(f"this was recorded of {resource!r} already")
    header: Header
    if known is not None:
        header = known.header(act)
    else:
        header = first_header(learning_stream(person_id, credential.id), act)
    return [
        step(
            **header,
            person_id=person_id,
            credential_id=credential.id,
            credential_version=credential_version,
            resource=resource,
        )
    ]
