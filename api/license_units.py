"""What a district hands in to an authority: the units on the licenses it keeps, and their sums.

Each award or credit stands once for each license, in the cycle in which it counts; what counts for
nothing stands there with its reason, so that counts add up to everything that was earned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from psycopg import Connection

from api.access import EVERYTHING, sights_of
from api.clock import wall
from api.edge import Edge
from api.reading import position_of
from api.renewals import CountedUnit, Rulebook, counted, lines, records_of_district, rulebook
from ledger.aggregates.organization import Organization
from ledger.rules.counting import Unit
from ledger.rules.equivalencies import Achievement
from ledger.rules.renewals import Progress
from ledger.store import EVERYTHING as ALL_ROWS
from ledger.values import local_date
from projections.renewals import Held
from projections.sql import NO_ID

VIEWS = ("renewals", "transcript", "stacks", "history", "employments")
PERSONS_AT_ONCE = 200
CARRIED_OVER = "carried_over"  # was handed in when it was earned


@dataclass(frozen=True, slots=True)
class Span:
    """Which units are asked for: of one jurisdiction or all, earned within these days."""

    jurisdiction: str | None
    from_day: date | None
    to_day: date | None

    def holds(self, day: date) -> bool:
        return (self.from_day is None or self.from_day <= day) and (
            self.to_day is None or day <= self.to_day
        )


@dataclass(frozen=True, slots=True)
class LicenseUnit:
    """What one award or credit brings one license; quantities are hundredths."""

    person_id: UUID
    license_id: UUID
    number_text_id: UUID | None  # where the vault has the license's number
    jurisdiction: str
    license_type: str
    cycle: int
    unit: str | None
    counted: CountedUnit


@dataclass(frozen=True, slots=True)
class UnitTotal:
    """Units of one kind by the version of the rules that counted them, or by why they are none."""

    jurisdiction: str
    unit: str | None
    kind: str
    rule_id: str | None
    rule_version: int | None
    reason: str | None
    licenses: int
    achievements: int
    units_hundredths: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What is wanted of a district's licenses, and as of when."""

    book: Rulebook  # what they are measured by
    span: Span
    day: date  # up to which everything is counted
    known: int  # the position of the log up to which anything is known
    whole: bool  # whether the asker sees what was decided outside the district's time as well


def of_district(
    connection: Connection[Any],
    district_id: UUID,
    asked: Asked,
    *,
    after: UUID = NO_ID,
    limit: int = PERSONS_AT_ONCE,
) -> dict[UUID, list[LicenseUnit]]:
    """A page of those whose licenses the district keeps, with their units as they stand on a day.

    `after` is the last person of the page before.
    """
    found = records_of_district(connection, district_id, asked.known, after=after, limit=limit)
    units: dict[UUID, list[LicenseUnit]] = {}
    whole = dict.fromkeys(found, EVERYTHING)
    sights = whole if asked.whole else sights_of(connection, found, district_id)
    for person_id, record in found.items():
        kept = [one for one in record.licenses if one.license.district_id == district_id]
        earned = record.achievements(sights[person_id])
        units[person_id] = [unit for held in kept for unit in _of_license(held, earned, asked)]
    return units


def everybody(
    connection: Connection[Any], district_id: UUID, asked: Asked
) -> Iterator[LicenseUnit]:
    """The units of all whose licenses the district keeps."""
    after = NO_ID
    while page := of_district(connection, district_id, asked, after=after):
        for found in page.values():
            yield from found
        after = max(page)


def of_office(
    edge: Edge,
    district_id: UUID,
    span: Span,
    *,
    as_of: str | None = None,
    effective_on: date | None = None,
) -> list[LicenseUnit]:
    """All units on the licenses that a district keeps, as its own office sees them; today if none.

    Raises what `position_of` raises.
    """
    zone = edge.ledger.get(Organization, district_id).zone
    edge.visible(VIEWS, edge.ledger.recorder.last_position())
    with edge.reading([ALL_ROWS]) as connection:
        known = position_of(edge, connection, as_of, zone, VIEWS)
        asked = Asked(
            book=rulebook(connection, known, jurisdiction=span.jurisdiction),
            span=span,
            day=effective_on or local_date(wall(), zone),
            known=known,
            whole=False,
        )
        return list(everybody(connection, district_id, asked))


def totals(units: Iterable[LicenseUnit]) -> list[UnitTotal]:
    """The units summed up; of each kind, version and reason one line."""
    sums: dict[tuple[Any, ...], list[LicenseUnit]] = {}
    for one in units:
        said = one.counted
        cited = (said.rule_id, said.rule_version, said.reason)
        sums.setdefault((one.jurisdiction, one.unit, said.kind, *cited), []).append(one)
    return [
        UnitTotal(
            jurisdiction=jurisdiction,
            unit=unit,
            kind=kind,
            rule_id=rule_id,
            rule_version=rule_version,
            reason=reason,
            licenses=len({one.license_id for one in found}),
            achievements=len({one.counted.achievement_id for one in found}),
            units_hundredths=sum(one.counted.units_hundredths for one in found),
        )
        for key, found in sorted(sums.items(), key=lambda item: str(item[0]))
        for jurisdiction, unit, kind, rule_id, rule_version, reason in [key]
    ]


def _of_license(held: Held, earned: Sequence[Achievement], asked: Asked) -> Iterator[LicenseUnit]:
    """Each achievement once, as the cycle has it that says most of it; of equal ones the oldest."""
    if asked.span.jurisdiction not in {None, held.license.jurisdiction}:
        return
    found: dict[str, list[tuple[Progress, Unit]]] = {}
    for line in lines(held.license, earned, asked.book, asked.day, "all"):
        for unit in line.units:
            if unit.kind != CARRIED_OVER and asked.span.holds(unit.earned_on):
                found.setdefault(unit.achievement_id, []).append((line, unit))
    for said in found.values():
        line, unit = max(said, key=_telling)
        yield LicenseUnit(
            person_id=held.license.person_id,
            license_id=held.license.license_id,
            number_text_id=None if held.number is None else held.number.text_id,
            jurisdiction=held.license.jurisdiction,
            license_type=held.license.license_type,
            cycle=line.cycle,
            unit=line.unit,
            counted=counted(unit),
        )


def _telling(said: tuple[Progress, Unit]) -> tuple[bool, bool, date]:
    """Whether it counts in this cycle; whether it was earned in it, which says why not.

    Of what was earned between two cycles the one before it says that.
    """
    line, unit = said
    begun = line.valid_from <= unit.earned_on
    ended = line.valid_to is not None and line.valid_to < unit.earned_on
    since = line.valid_from if begun else date.min
    return unit.units_hundredths > 0, begun and not ended, since
