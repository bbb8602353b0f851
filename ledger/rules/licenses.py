"""A license as its events have made it: the cycles it was valid in, and what was ruled on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import assert_never
from uuid import UUID

from ledger.events.licensure import (
    LicenseChanged,
    LicenseClosed,
    LicenseRecorded,
    LicenseRenewed,
    LicenseRulingMade,
)

AnyLicenseFact = (
    LicenseRecorded | LicenseChanged | LicenseRenewed | LicenseClosed | LicenseRulingMade
)


@dataclass(frozen=True, slots=True)
class Term:
    """One cycle of validity; both ends are included, and null means that none is stated."""

    issued_on: date
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What holds from a day on."""

    effective_on: date
    role: str
    traits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a district said of one achievement."""

    outcome: str
    reason: str
    units_hundredths: int | None
    category: str | None
    district_id: UUID
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class License:
    """One license of one person."""

    license_id: UUID
    person_id: UUID
    district_id: UUID  # that acted on it last
    jurisdiction: str
    license_type: str
    zone: str
    terms: tuple[Term, ...]
    facts: tuple[Facts, ...]  # by the day each took effect, the newest last
    rulings: Mapping[UUID, Ruling] = field(default_factory=dict)
    closed_on: date | None = None
    closed_reason: str | None = None
    positions: tuple[int, ...] = ()

    def facts_on(self, day: date) -> Facts:
        """The facts of that day; of the first day for any day before it."""
        in_force = [facts for facts in self.facts if facts.effective_on <= day]
        return in_force[-1] if in_force else self.facts[0]


def license_after(before: License | None, event: AnyLicenseFact, position: int) -> License:
    """The license after one more event."""
    if isinstance(event, LicenseRecorded):
        return _recorded(event, position)
    assert before is not None, "a license begins by being recorded"
    held = replace(before, district_id=event.district_id, positions=(*before.positions, position))
    match event:
        case LicenseChanged():
            earlier = [facts for facts in held.facts if facts.effective_on < event.effective_on]
            now = Facts(event.effective_on, event.role, event.traits)
            return replace(held, facts=(*earlier, now))
        case LicenseRenewed():
            term = Term(event.issued_on, event.valid_from, event.valid_to)
            return replace(held, terms=(*held.terms, term))
        case LicenseClosed():
            return replace(held, closed_on=event.effective_on, closed_reason=event.reason)
        case LicenseRulingMade():
            ruling = Ruling(
                event.outcome,
                event.reason,
                event.units_hundredths,
                event.category,
                event.district_id,
                position,
            )
            return replace(held, rulings={**held.rulings, event.achievement_id: ruling})
        case _:
            assert_never(event)


def _recorded(event: LicenseRecorded, position: int) -> License:
    return License(
        license_id=event.originator_id,
        person_id=event.person_id,
        district_id=event.district_id,
        jurisdiction=event.jurisdiction,
        license_type=event.license_type,
        zone=event.zone,
        terms=(Term(event.issued_on, event.valid_from, event.valid_to),),
        facts=(Facts(event.valid_from, event.role, event.traits),),
        positions=(position,),
    )
