"""Who may act for a district and as what, folded from its grants: looked at by auditors, seldom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.events.access import AccessGranted, AccessWithdrawn, Role
from projections.log import facts_at
from projections.sql import blocks, rows

VIEWS = ("history",)
_SQL = blocks("grants")


@dataclass(frozen=True, slots=True, order=True)
class HeldRole:
    """A role that somebody holds, and since which event."""

    role: Role
    granted_position: int
    granted_at: datetime


def of_district(
    connection: Connection[Any], district_id: UUID, until: int
) -> dict[UUID, list[HeldRole]]:
    """The roles that each principal held for a district at a position of the log.

    Two ids that were merged keep what each was granted: withdrawn from one, the other still has it.
    """
    scope = str(district_id).encode()
    found_at = rows(connection, _SQL["about"], scope=scope, until=until)
    held: dict[tuple[UUID, Role, UUID], HeldRole] = {}
    for position, event in facts_at(connection, [position for (position,) in found_at]):
        if not isinstance(event, AccessGranted | AccessWithdrawn) or event.scope_id != district_id:
            continue
        key = event.principal_id, event.role, event.originator_id
        if isinstance(event, AccessGranted):
            held[key] = HeldRole(event.role, position, event.occurred_at)
        else:
            held.pop(key, None)
    found: dict[UUID, list[HeldRole]] = {}
    for (principal_id, *_), role in sorted(held.items()):
        found.setdefault(principal_id, []).append(role)
    return found
