"""The people of a district: positions from the views, names from the vault, joined here alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from ledger.vault import PersonDetails, Vault
from projections import employments
from projections.employments import Employment
from projections.sql import NO_ID

POSITIONS_AT_ONCE = 2000
ERASED_PERSON = "erased person"  # where a name was


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
    vault: Vault,
    district_id: UUID,
    held: Sequence[Employment],
    search: str,
    *,
    after: UUID,
    limit: int,
) -> list[Colleague]:
    """A page of a district's position holders by name, those that every word is found in."""
    by_person: dict[UUID, list[Employment]] = {}
    for employment in held:
        by_person.setdefault(employment.person_id, []).append(employment)
    found = vault.search(by_person, district_id, search)
    if not search:  # whom the district has told no name of comes last
        found += sorted(by_person.keys() - set(found))
    begin = found.index(after) + 1 if after in found else 0
    chosen = found[begin : begin + limit]
    details = vault.get_details(chosen, district_id)
    erased = vault.erased(set(chosen) - details.keys())
    return [
        Colleague(
            person_id=person_id,
            name=ERASED_PERSON if person_id in erased else _or_none(details, person_id, "name"),
            employee_number=_or_none(details, person_id, "employee_number"),
            roles=sorted({_role(one) for one in by_person[person_id]}),
            employment_ids=[one.employment_id for one in by_person[person_id]],
        )
        for person_id in chosen
    ]


def names_of(vault: Vault, person_ids: Iterable[UUID], district_id: UUID) -> dict[UUID, str]:
    """What a district calls each person; who has no name there is left out."""
    wanted = set(person_ids)
    details = vault.get_details(wanted, district_id)
    erased = vault.erased(wanted - details.keys())
    names = {person_id: known.name for person_id, known in details.items()}
    return names | dict.fromkeys(erased, ERASED_PERSON)


def _or_none(details: Mapping[UUID, PersonDetails], person_id: UUID, field: str) -> str | None:
    known = details.get(person_id)
    return getattr(known, field) or None if known else None


def _role(employment: Employment) -> str:
    """The role by the newest terms."""
    return employment.segments[-1]["role"]
