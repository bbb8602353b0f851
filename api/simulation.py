"""Asking what a draft policy would have cost, over a ledger that has come far enough."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from api.edge import Edge
from api.reading import position_of
from ledger.aggregates.organization import Organization
from ledger.aggregates.policy import must_fit
from ledger.errors import InvalidError
from ledger.events.policy_rule import Rule
from ledger.rules.entitlements.findings import is_pooled
from ledger.store import EVERYTHING
from ledger.values import POSITION_MAX
from projections import simulation
from projections.known import policies_known
from projections.simulation import Simulation

KNOWN_VIEWS = (*simulation.VIEWS, "batches")  # which say where to look as of a position


class SimulationSpanError(InvalidError):
    """A span of days begins before it ends."""

    slug = "simulation-span"


class SimulationTooLargeError(InvalidError):
    """More people are judged than a request should wait for: `mcledger policy simulate` may."""

    slug = "simulation-too-large"


class PolicyUnknownError(InvalidError):
    """The district has no such policy to compare with."""

    slug = "policy-unknown"


def position_known(edge: Edge, district_id: UUID, as_of: str | None) -> int:
    """The position that a district means by one, or by a day that ends in its zone."""
    district = edge.ledger.get(Organization, district_id)
    district.must_be_district()
    with edge.reading() as connection:
        return position_of(edge, connection, as_of, district.zone, KNOWN_VIEWS)


def run(
    edge: Edge,
    district_id: UUID,
    rule: Rule,
    span: tuple[date, date],
    *,
    policy_id: UUID | None = None,
    must_exist: bool = False,
    as_of: int = POSITION_MAX,
    persons_max: int | None = None,
) -> Simulation:
    """Judge a draft over what was earned in a span, both days included.

    A policy that the district never adopted is compared with nothing, unless it has to exist.
    With an earlier position it is what would have been said there.
    """
    if span[0] > span[1]:
        raise SimulationSpanError(f"{span[0]} is after {span[1]}")
    must_fit(rule)
    with edge.reading([EVERYTHING]) as connection:
        adopted = {one.policy_id for one in policies_known(connection, district_id, as_of)}
        if must_exist and policy_id is not None and policy_id not in adopted:
            raise PolicyUnknownError(f"no policy {policy_id}")
        persons = simulation.count_persons(connection, district_id)
        if persons_max is not None and persons > persons_max:
            raise SimulationTooLargeError(
                f"{persons} persons would be judged, and at most {persons_max} are here;"
                " ask for it with: mcledger policy simulate",
                persons=persons,
                persons_max=persons_max,
            )
        return simulation.simulate(
            connection,
            district_id,
            rule,
            from_day=span[0],
            to_day=span[1],
            policy_id=next(iter(adopted & {policy_id}), None),
            as_of=min(as_of, edge.watch.position(KNOWN_VIEWS)) if is_pooled(rule) else as_of,
        )
