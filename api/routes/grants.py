"""Access: roles that operators grant and withdraw, and what the caller herself holds."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import must_operate
from api.answers import answer, recorded
from api.caller import Caller
from api.reading import ReadNow
from api.routing import Router
from api.writing import WriteNow
from ledger.commands import access as grants
from ledger.events.access import Role
from ledger.values import Value

router = Router("access")


class Grant(Value):
    """A role, and the issuer or district it is for; null is for operators and state auditors."""

    role: Role
    scope_id: UUID | None = None


class Held(BaseModel):
    """A role that is held."""

    role: Role
    scope_id: UUID | None


class Access(BaseModel):
    """Who calls, and as what. Teachers and assessors need no role."""

    principal_id: UUID
    grants: list[Held]


@router.read("/me", Access)
def read_own_access(read: ReadNow) -> Response:
    """Who the ledger takes you for."""
    return _shown(read.caller)


@router.read("/principals/{principal_id}/grants", Access)
def read_access(principal_id: UUID, read: ReadNow) -> Response:
    """Which roles somebody holds."""
    must_operate(read.caller)
    return _shown(Caller(principal_id, read.edge.ledger))


@router.write("/principals/{principal_id}/grants")
def grant_access(principal_id: UUID, body: Grant, write: WriteNow) -> Response:
    """Let a person or a machine account act in a role."""
    must_operate(write.caller)
    return recorded(write.run(grants.grant_access, body, principal_id=principal_id))


@router.write("/principals/{principal_id}/grant-withdrawals")
def withdraw_access(principal_id: UUID, body: Grant, write: WriteNow) -> Response:
    """Take a role back; the next request feels it."""
    must_operate(write.caller)
    return recorded(write.run(grants.withdraw_access, body, principal_id=principal_id))


def _shown(caller: Caller) -> Response:
    grants = sorted(caller.grants, key=str)
    held = [{"role": role, "scope_id": scope_id} for role, scope_id in grants]
    return answer({"principal_id": caller.principal_id, "grants": held})
