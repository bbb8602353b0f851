"""What licenses are measured by: authorities' rules, and which competencies districts call one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, Self
from uuid import UUID

from psycopg import Connection

from ledger.events.calendar import CalendarFactRecorded, CompetencyClassSet
from ledger.events.equivalency import EquivalencyAdopted, EquivalencyRetired, EquivalencyTerms
from ledger.rules.equivalencies import Rule
from ledger.rules.renewals import Classes
from projections.sql import blocks, read

_SQL = blocks("renewals")
# Rules are read for every answer and hardly ever change: each text is parsed once.
_terms = lru_cache(4096)(EquivalencyTerms.model_validate_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleRow:
    """A version of an authority's rules, and where it was retired, if it was."""

    rule_id: UUID
    rule_version: int
    district_id: UUID | None
    jurisdiction: str
    authority_reference: str
    adopted_on: date
    terms: str  # as JSON
    position: int
    last_day: date | None
    retired_position: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassRow:
    """What a district said of one competency: which micro-credentials show it, from then on."""

    district_id: UUID
    name: str
    position: int
    credential_ids: list[UUID]  # fewer than two: it is no class any more


@dataclass(frozen=True, slots=True)
class Said:
    """What authorities have said, as a batch of events leaves it."""

    rules: dict[tuple[UUID, int], RuleRow] = field(default_factory=dict)
    classes: list[ClassRow] = field(default_factory=list)

    @classmethod
    def loaded(cls, connection: Connection[Any], ids: Collection[UUID]) -> Self:
        """The versions of these rules so far."""
        found = read(connection, RuleRow, _SQL["load_rules"], ids=list(ids))
        return cls({(one.rule_id, one.rule_version): one for one in found})

    def take(
        self, event: EquivalencyAdopted | EquivalencyRetired | CalendarFactRecorded, position: int
    ) -> None:
        """Take in one more event; of a district's calendar only what names a competency."""
        match event:
            case EquivalencyAdopted():
                row = _rule_row(event, position)
                self.rules[row.rule_id, row.rule_version] = row
            case EquivalencyRetired(originator_id=rule_id, last_day=last_day):
                for key in [key for key in self.rules if key[0] == rule_id]:
                    before = self.rules[key]
                    self.rules[key] = replace(before, last_day=last_day, retired_position=position)
            case CalendarFactRecorded(fact=CompetencyClassSet() as named):
                self.classes.append(
                    ClassRow(
                        district_id=event.district_id,
                        name=named.name,
                        position=position,
                        credential_ids=sorted(named.credential_ids),
                    )
                )
            case CalendarFactRecorded():
                pass


def rules_known(
    connection: Connection[Any], *, until: int, jurisdiction: str | None = None
) -> list[Rule]:
    """Every version of every authority's rules, as known at a position."""
    found = read(connection, RuleRow, _SQL["rules"], until=until, jurisdiction=jurisdiction)
    return [
        Rule(
            rule_id=row.rule_id,
            rule_version=row.rule_version,
            district_id=row.district_id,
            authority_reference=row.authority_reference,
            adopted_on=row.adopted_on,
            terms=_terms(row.terms),
            last_day=row.last_day,
            position=row.position,
        )
        for row in found
    ]


def in_force_on(versions: Iterable[Rule], day: date) -> list[Rule]:
    """Of each authority's rules the newest version whose span holds a day."""
    return list({one.rule_id: one for one in versions if one.covers(day)}.values())


def classes_known(connection: Connection[Any], *, until: int) -> Classes:
    """Which micro-credentials districts had named as one competency by a position, by district."""
    found: dict[UUID, list[frozenset[UUID]]] = {}
    for row in read(connection, ClassRow, _SQL["classes"], until=until):
        found.setdefault(row.district_id, []).append(frozenset(row.credential_ids))
    return found


def _rule_row(event: EquivalencyAdopted, position: int) -> RuleRow:
    return RuleRow(
        rule_id=event.originator_id,
        rule_version=event.rule_version,
        district_id=event.district_id,
        jurisdiction=event.terms.jurisdiction,
        authority_reference=event.authority_reference,
        adopted_on=event.adopted_on,
        terms=event.terms.model_dump_json(),
        position=position,
        last_day=None,
        retired_position=None,
    )
