"""Asking what a draft policy would have cost, over a ledger that has come far enough."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from api.edge import Edge
from ledger.errors import InvalidError
from ledger.events.policy_rule import Rule
from ledger.store import EVERYTHING
from projections import payouts, simulation
from projections.simulation import Simulation


class SimulationSpanError(InvalidError):
    """A span of days begins before it ends."""

    slug = "simulation-span"


class PolicyUnknownError(InvalidError):
    """The district has no such policy to compare with."""

    slug = "policy-unknown"


def run(
    edge: Edge,
    district_id: UUID,
    rule: Rule,
    span: tuple[date, date],
    *,
    policy_id: UUID | None = None,
    must_exist: bool = False,
) -> Simulation:
    """Judge a draft over what was earned in a span, both days included.

    A policy that the district never adopted is compared with nothing, unless it has to exist.
    """
    if span[0] > span[1]:
        raise SimulationSpanError(f"{span[0]} is after {span[1]}")
    with edge.reading([EVERYTHING]) as connection:
        known = {one.policy_id for one in payouts.policies_of_district(connection, district_id)}
        if must_exist and policy_id is not None and policy_id not in known:
            raise PolicyUnknownError(f"no policy {policy_id}")
        return simulation.simulate(
            connection,
            district_id,
            rule,
            from_day=span[0],
            to_day=span[1],
            policy_id=policy_id if policy_id in known else None,
        )
