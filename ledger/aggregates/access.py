"""Access grants: which roles a caller holds, and for which issuer or district."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.errors import InvalidError, RuleError
from ledger.events import AnyAccessEvent
from ledger.events.access import AccessGranted, AccessWithdrawn, Role

UNSCOPED_ROLES: frozenset[Role] = frozenset({"operator", "auditor"})


class ScopeMissingError(InvalidError):
    """This role is held for one issuer or one district, which has to be named."""

    slug = "scope-missing"


class ScopeRefusedError(InvalidError):
    """This role is held for all there is; with a scope it would be held for nothing."""

    slug = "scope-refused"


class AlreadyGrantedError(RuleError):
    """The role is held already."""

    slug = "already-granted"


class NotGrantedError(RuleError):
    """The role is not held."""

    slug = "not-granted"


def first_grant(
    stream: UUID, act: Act, *, principal_id: UUID, role: Role, scope_id: UUID | None
) -> Sequence[AnyAccessEvent]:
    """The first role that this principal holds."""
    _must_be_scoped(role, scope_id)
    header = first_header(stream, act)
    return [AccessGranted(**header, principal_id=principal_id, role=role, scope_id=scope_id)]


def _must_be_scoped(role: Role, scope_id: UUID | None) -> None:
    if scope_id is None and role not in UNSCOPED_ROLES:
        raise ScopeMissingError(f"role {role} is held for one issuer or district; name it")
    if scope_id is not None and role == "operator":
        raise ScopeRefusedError("an operator acts for all; name no scope")


@dataclass(frozen=True, kw_only=True)
class Access(Aggregate):
    """The roles of one principal as they are now."""

    principal_id: UUID
    grants: frozenset[tuple[Role, UUID | None]]

    def allows(self, role: Role, scope_id: UUID | None) -> bool:
        """Whether the role is held for this scope, or for all scopes."""
        return (role, scope_id) in self.grants or (role, None) in self.grants

    def grant(self, act: Act, *, role: Role, scope_id: UUID | None) -> Sequence[AnyAccessEvent]:
        _must_be_scoped(role, scope_id)
        if (role, scope_id) in self.grants:
            raise AlreadyGrantedError(f"{self.principal_id} is {role} already", role=role)
        return [
            AccessGranted(
                **self.header(act), principal_id=self.principal_id, role=role, scope_id=scope_id
            )
        ]

    def withdraw(self, act: Act, *, role: Role, scope_id: UUID | None) -> Sequence[AnyAccessEvent]:
        if (role, scope_id) not in self.grants:
            raise NotGrantedError(f"{self.principal_id} is not {role} there", role=role)
        return [
            AccessWithdrawn(
                **self.header(act), principal_id=self.principal_id, role=role, scope_id=scope_id
            )
        ]

    @classmethod
    def evolve(cls, state: Self | None, event: AnyAccessEvent) -> Self:
        grant = (event.role, event.scope_id)
        if state is None:
            assert isinstance(event, AccessGranted), "nothing can be withdrawn before it is granted"
            return cls(
                id=event.originator_id,
                version=event.originator_version,
                principal_id=event.principal_id,
                grants=frozenset({grant}),
            )
        state = state.at_version(event.originator_version)
        match event:
            case AccessGranted():
                return replace(state, grants=state.grants | {grant})
            case AccessWithdrawn():
                return replace(state, grants=state.grants - {grant})
            case _:
                assert_never(event)
