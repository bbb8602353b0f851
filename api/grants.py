"""Grants made from the machine itself: somebody has to be the first operator."""

from __future__ import annotations

from contextlib import closing
from uuid import UUID, uuid4

import orjson

from api.clock import wall
from api.edge import Edge
from api.settings import Settings
from ledger.application import Call
from ledger.commands.access import grant_access
from ledger.events.access import Role


def grant_from_here(settings: Settings, principal: UUID, role: Role, scope: UUID | None) -> int:
    """Grant a role, in the principal's own name, and return its position in the log."""
    with closing(Edge.open(settings)) as edge:
        edge.witnesses.must_allow_writing()
        body = orjson.dumps([str(principal), role, scope and str(scope)])
        call = Call(
            caller_id=principal,
            command_id=uuid4(),
            body_hash=edge.vault.body_hash(body),
            at=wall(),
        )
        granted = grant_access(edge.ledger, call, principal_id=principal, role=role, scope_id=scope)
    return granted.position
