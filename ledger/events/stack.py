"""Stacks: micro-credentials that together mean more."""

from typing import ClassVar
from uuid import UUID

from pydantic import model_validator

from ledger.events.base import Event
from ledger.values import Positive, ShortText, Slug, Text, Value


class Group(Value):
    """`needed` of the members below have to be earned; members may be groups themselves."""

    title: ShortText
    needed: Positive
    credential_ids: tuple[UUID, ...] = ()
    groups: tuple["Group", ...] = ()

    @model_validator(mode="after")
    def _can_be_met(self) -> "Group":
        if self.needed > len(self.credential_ids) + len(self.groups):
            raise ValueError(f"group {self.title!r} needs more members than it names")
        if len(set(self.credential_ids)) < len(self.credential_ids):
            raise ValueError(f"group {self.title!r} names one credential twice")
        return self


class StackEvent(Event):
    """Stream: one stack."""


class StackDefined(StackEvent):
    """What completes the stack from now on; version 1 is the first definition."""

    TOPIC: ClassVar[str] = "stack.defined.v1"

    stack_version: Positive
    issuer_id: UUID
    title: ShortText
    summary: Text
    requirement: Group
    capstone_credential_id: UUID | None  # to be earned as well, and counted last


class StackRetired(StackEvent):
    """The stack takes no new completions; completed ones stand."""

    TOPIC: ClassVar[str] = "stack.retired.v1"

    reason: Slug
