"""How far a person is under the policies that count units, as far as a caller may see."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from projections import thresholds
from projections.known import payouts_of_person, policies_known
from projections.thresholds import Standing


def standings(
    connection: Connection[Any],
    person_id: UUID,
    district_ids: Collection[UUID],
    *,
    day: date,
    known: int,
) -> Iterator[Standing]:
    """Under each policy of these districts that counts units, as known at a position."""
    for district_id in sorted(district_ids):
        adopted = {one.policy_id for one in policies_known(connection, district_id, known)}
        with payouts_of_person(connection, district_id, person_id, adopted, known):
            for policy_id in sorted(adopted):
                found = thresholds.of_person(connection, district_id, person_id, policy_id, day)
                if found is not None:
                    yield found
