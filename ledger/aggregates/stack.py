"""Stacks: what has to be earned together, defined and redefined in versions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.issuer import Issuer
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyStackEvent
from ledger.events.stack import Group, StackDefined, StackRetired
from ledger.rules.stacks import credential_ids, depth

DEPTH_MAX = 5
CREDENTIALS_MAX = 500


class CredentialRepeatedError(InvalidError):
    """A stack names one micro-credential twice, so that one award would count twice."""

    slug = "credential-repeated"


class StackTooLargeError(InvalidError):
    """A stack has too many micro-credentials, or groups too deep inside one another."""

    slug = "stack-too-large"


class StackRetiredError(RuleError):
    """The stack is retired."""

    slug = "stack-retired"


@dataclass(frozen=True, kw_only=True)
class StackDefinition:
    """Everything a version of a stack says."""

    title: str
    summary: str
    requirement: Group
    capstone_credential_id: UUID | None = None

    @property
    def credential_ids(self) -> tuple[UUID, ...]:
        return credential_ids(self.requirement, self.capstone_credential_id)


def define(
    stream: UUID, act: Act, *, issuer: Issuer, definition: StackDefinition
) -> Sequence[AnyStackEvent]:
    """Begin a stack."""
    _must_be_definable(definition)
    return [
        StackDefined(
            **first_header(stream, act),
            stack_version=1,
            issuer_id=issuer.id,
            title=definition.title,
            summary=definition.summary,
            requirement=definition.requirement,
            capstone_credential_id=definition.capstone_credential_id,
        )
    ]


def _must_be_definable(definition: StackDefinition) -> None:
    if depth(definition.requirement) > DEPTH_MAX:
        raise StackTooLargeError(f"no more than {DEPTH_MAX} groups lie inside one another")
    named = definition.credential_ids
    if len(named) > CREDENTIALS_MAX:
        raise StackTooLargeError(f"a stack names no more than {CREDENTIALS_MAX} credentials")
    repeated = sorted({credential for credential in named if named.count(credential) > 1})
    if repeated:
        raise CredentialRepeatedError(
            f"credential {repeated[0]} is named more than once", credential_id=repeated[0]
        )


@dataclass(frozen=True, kw_only=True)
class Stack(Aggregate):
    """One stack, as it is defined now."""

    issuer_id: UUID
    stack_version: int
    definition: StackDefinition
    retired: bool = False

    def redefine(self, act: Act, *, definition: StackDefinition) -> Sequence[AnyStackEvent]:
        """What completes the stack from now on."""
        self._must_not_be_retired()
        _must_be_definable(definition)
        if definition == self.definition:
            raise NothingChangesError(f"version {self.stack_version} says this already")
        return [
            StackDefined(
                **self.header(act),
                stack_version=self.stack_version + 1,
                issuer_id=self.issuer_id,
                title=definition.title,
                summary=definition.summary,
                requirement=definition.requirement,
                capstone_credential_id=definition.capstone_credential_id,
            )
        ]

    def retire(self, act: Act, *, reason: str) -> Sequence[AnyStackEvent]:
        self._must_not_be_retired()
        return [StackRetired(**self.header(act), reason=reason)]

    def _must_not_be_retired(self) -> None:
        if self.retired:
            raise StackRetiredError(f"stack {self.id} is retired")

    @classmethod
    def evolve(cls, state: Self | None, event: AnyStackEvent) -> Self:
        match event:
            case StackDefined():
                return cls(
                    id=event.originator_id,
                    version=event.originator_version,
                    issuer_id=event.issuer_id,
                    stack_version=event.stack_version,
                    definition=StackDefinition(
                        title=event.title,
                        summary=event.summary,
                        requirement=event.requirement,
                        capstone_credential_id=event.capstone_credential_id,
                    ),
                )
            case StackRetired():
                assert state is not None, "a stack begins with a definition"
                return replace(state, version=event.originator_version, retired=True)
            case _:
                assert_never(event)
