"""The people of a district: positions from the views, names from the vault, joined here alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.vault import Vault
from projections import employments
from projections.employments import Employment
from projections.sql import NO_ID

POSITIONS_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works for the district."""

    person_id: UUID
    name: str | None  # null: the vault holds none
    employee_number: str | None
    roles: list[str]
    employment_ids: list[UUID]


@dataclass(frozen=True, slots=True)
class Segment:
    """The terms of a position from a day on."""

    from_day: date
    school_id: UUID | None
    role: str
    fte_thousandths: int | None
    exempt: bool | None


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """A position somebody holds or held. Both named days are included."""

    employment_id: UUID
    person_id: UUID
    district_id: UUID
    zone: str
    first_day: date
    last_day: date | None
    segments: list[Segment]
    position: int


def positions_on(connection: Connection[Any], district_id: UUID, day: date) -> list[Employment]:
    """Every position held at a district on a day."""
    held: list[Employment] = []
    after = (NO_ID, NO_ID)
    while True:
        found = employments.of_district(
            connection,
            district_id,
            from_day=day,
            to_day=day,
            after=after,
            limit=POSITIONS_AT_ONCE,
        )
        held += found
        if len(found) < POSITIONS_AT_ONCE:
            return held
        after = (found[-1].person_id, found[-1].employment_id)


def colleagues(
    vault: Vault, held: Sequence[Employment], search: str, after: UUID, limit: int
) -> list[Colleague]:
    """A page of the holders of these positions by name, those that every word is found in."""
    by_person: dict[UUID, list[Employment]] = {}
    for employment in held:
        by_person.setdefault(employment.person_id, []).append(employment)
    found = vault.search(by_person, search)
    begin = found.index(after) + 1 if after in found else 0
    chosen = found[begin : begin + limit]
    details = vault.get_details(chosen)
    return [
        Colleague(
            person_id=person_id,
            name=details[person_id].name or None,
            employee_number=details[person_id].employee_number or None,
            roles=sorted({_role(one) for one in by_person[person_id]}),
            employment_ids=[one.employment_id for one in by_person[person_id]],
        )
        for person_id in chosen
    ]


def _role(employment: Employment) -> str:
    """The role by the newest terms."""
    return employment.segments[-1]["role"]
