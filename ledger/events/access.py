"""Access grants: what a caller may do is a fact in the log, never a claim in a token."""

from typing import ClassVar, Literal
from uuid import UUID

from ledger.events.base import Event

Role = Literal["issuer_approver", "district", "payroll", "auditor", "operator", "payroll_system"]
# Teacher and assessor are not granted: a person is the teacher of her own record, and an
# assessor by the qualification stream of each credential.


class AccessEvent(Event):
    """Stream: the grants of one principal (a person or a machine account)."""

    principal_id: UUID


class AccessGranted(AccessEvent):
    """The principal may act in this role, within this issuer or district."""

    TOPIC: ClassVar[str] = "access.granted.v1"

    role: Role
    scope_id: UUID | None  # an issuer or a district; null only for an operator or a state auditor


class AccessWithdrawn(AccessEvent):
    """The principal may no longer act in this role and scope."""

    TOPIC: ClassVar[str] = "access.withdrawn.v1"

    role: Role
    scope_id: UUID | None
