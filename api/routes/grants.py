"""Access: roles that operators grant and withdraw, and what the caller herself holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import APPROVING, PREPARING, must_audit, must_operate
from api.answers import ListOf, answer, answer_all, recorded
from api.reading import STREAMS, WITHOUT_ZONE, AsOfReadNow, ReadNow
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.access import Access as AccessState
from ledger.aggregates.organization import Organization
from ledger.commands import access as grants
from ledger.commands.access import access_stream
from ledger.events.access import Role
from ledger.store import EVERYTHING
from ledger.values import Value
from projections import grants as district_grants
from projections.grants import HeldRole
from projections.log import facts_of, last_position

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


@dataclass(frozen=True, slots=True)
class Officer:
    """Somebody who acts for a district. Whoever may do both never does both with one batch."""

    principal_id: UUID
    roles: list[HeldRole]
    may_prepare_payroll: bool
    may_approve_payroll: bool


@router.read("/me", Access)
def read_own_access(read: ReadNow) -> Response:
    """Who the ledger takes you for."""
    return _shown(read.caller.principal_id, read.caller.grants)


@router.read("/principals/{principal_id}/grants", Access)
def read_access(principal_id: UUID, read: AsOfReadNow) -> Response:
    """Which roles somebody holds, or held then."""
    must_operate(read.caller)
    stream = access_stream(principal_id)
    with read.connection() as connection:
        as_of = read.known(connection, read.query.as_of, WITHOUT_ZONE, *STREAMS)
        then = facts_of(connection, [stream], as_of)
        position = min(as_of, last_position(connection))
    found = AccessState.fold(None, [fact.event for fact in then])
    return _shown(principal_id, found.grants if found else frozenset(), position)


@router.read("/districts/{district_id}/grants", ListOf[Officer])
def list_officers(district_id: UUID, read: AsOfReadNow) -> Response:
    """Who acts for a district and as what; who may prepare payroll, approve it, or both."""
    must_audit(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    position = read.visible(*district_grants.VIEWS)
    with read.edge.reading([EVERYTHING]) as connection:
        as_of = read.known(connection, read.query.as_of, zone, *district_grants.VIEWS)
        found = district_grants.of_district(connection, district_id, min(as_of, position))
    officers = [_officer(principal_id, held) for principal_id, held in found.items()]
    return answer_all(officers, min(as_of, position))


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


def _shown(
    principal_id: UUID, grants: Collection[tuple[Role, UUID | None]], position: int | None = None
) -> Response:
    held = [{"role": role, "scope_id": scope_id} for role, scope_id in sorted(grants, key=str)]
    return answer({"principal_id": principal_id, "grants": held}, position=position)


def _officer(principal_id: UUID, held: list[HeldRole]) -> Officer:
    roles = {one.role for one in held}
    return Officer(
        principal_id=principal_id,
        roles=held,
        may_prepare_payroll=not roles.isdisjoint(PREPARING),
        may_approve_payroll=not roles.isdisjoint(APPROVING),
    )
