"""Learning: which resources of a micro-credential a teacher has opened, which modules completed.

Neither is evidence of a competency. Nothing but her own progress is made of these events: no
award, no unit of any kind, no money.
"""

from typing import ClassVar
from uuid import UUID

from ledger.events.base import Event
from ledger.values import Positive, Slug


class LearningEvent(Event):
    """Stream: what one person did with the resources of one micro-credential."""

    person_id: UUID
    credential_id: UUID
    credential_version: Positive
    resource: Slug  # as the list of that version names it


class ResourceOpened(LearningEvent):
    """She opened a resource of a version for the first time."""

    TOPIC: ClassVar[str] = "learning.resource-opened.v1"


class ModuleCompleted(LearningEvent):
    """She went through a module of a version, at her own pace."""

    TOPIC: ClassVar[str] = "learning.module-completed.v1"
