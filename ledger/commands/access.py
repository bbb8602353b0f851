"""Commands on access grants."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates.access import Access, NotGrantedError, first_grant
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyAccessEvent
from ledger.events.access import Role
from ledger.values import stream_id


def access_stream(principal_id: UUID) -> UUID:
    """The stream that holds the grants of one person or machine account."""
    return stream_id("access", principal_id)


def grant_access(
    ledger: Ledger, call: Call, *, principal_id: UUID, role: Role, scope_id: UUID | None
) -> Receipt:
    """Let a principal act in a role, for one issuer or district or, where it may be, for all."""
    stream = access_stream(principal_id)

    def decide(read: Reader) -> Sequence[AnyAccessEvent]:
        access = read.find(Access, stream)
        if access is not None:
            return access.grant(call.act, role=role, scope_id=scope_id)
        return first_grant(
            stream, call.act, principal_id=principal_id, role=role, scope_id=scope_id
        )

    return ledger.run(call, decide)


def withdraw_access(
    ledger: Ledger, call: Call, *, principal_id: UUID, role: Role, scope_id: UUID | None
) -> Receipt:
    def decide(read: Reader) -> Sequence[AnyAccessEvent]:
        access = read.find(Access, access_stream(principal_id))
        if access is None:
            raise NotGrantedError(f"{principal_id} holds no role", role=role)
        return access.withdraw(call.act, role=role, scope_id=scope_id)

    return ledger.run(call, decide)
