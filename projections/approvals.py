"""Which micro-credentials a district approves: those that one of its policies in force is for.

A policy that names none approves of all. What it asks for beside the award is for its quote to say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from projections.catalog_rows import Approval
from projections.known import policies_known
from projections.payouts import PolicyVersion, in_force_on

VIEWS = ("payouts",)
OF_AWARDS = frozenset({"award", "annual_recertification"})


def approvals_of(
    connection: Connection[Any], district_id: UUID, day: date, until: int
) -> list[Approval]:
    """What the policies of a district that hold on a day, as known at a position, are for."""
    return list(_approvals(in_force_on(policies_known(connection, district_id, until), day)))


def _approvals(policies: Iterable[PolicyVersion]) -> Iterator[Approval]:
    for policy in policies:
        trigger = policy.terms["trigger"]
        of_awards = [one for one in trigger.get("sources", ()) if one["of"] == "award"]
        for said in [trigger] if trigger["kind"] in OF_AWARDS else of_awards:
            yield Approval(
                credential_ids=said.get("credential_ids"),
                issuer_ids=said.get("issuer_ids"),
                tiers=said.get("tiers"),
            )
        if trigger["kind"] == "stack":
            yield Approval(stack_id=trigger["stack_id"])
