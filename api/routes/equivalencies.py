"""Equivalency rules: what a state or a district counts. All may read them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Response
from pydantic import Field

from api.access import must_act_for_district, must_operate, must_write_rules
from api.answers import ListOf, answer_all, recorded
from api.reading import WITHOUT_ZONE, Read, VersionsQuery, reading
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.equivalency import Equivalency
from ledger.commands import equivalency as equivalencies
from ledger.events.equivalency import EquivalencyTerms
from ledger.values import Day, ShortText, Value
from projections.renewal_rules import in_force_on, rules_known

router = Router("equivalencies")


class RuleQuery(VersionsQuery):
    """Which rules to look for."""

    jurisdiction: Annotated[
        str | None, Field(pattern=r"^us-[a-z]{2}$", description="a state, as in us-nc")
    ] = None


class Adoption(Value):
    """A version of an authority's rules, whole, and the act that says so."""

    authority_reference: ShortText
    adopted_on: Day
    terms: EquivalencyTerms


class RuleEnd(Value):
    """The last day that the rules cover, and the act that says so."""

    authority_reference: ShortText
    last_day: Day


@dataclass(frozen=True, slots=True)
class AdoptedRule:
    """One version of an authority's rules."""

    equivalency_id: UUID
    rule_version: int
    district_id: UUID | None  # null: the state's own
    authority_reference: str
    adopted_on: date
    last_day: date | None
    terms: EquivalencyTerms
    position: int


@router.read("/equivalencies", ListOf[AdoptedRule])
def list_equivalencies(
    read: Annotated[Read[RuleQuery], Depends(reading(RuleQuery))],
) -> Response:
    """Every version of every authority's rules, the state's before its districts'."""
    with read.edge.reading() as connection:
        position = read.visible("renewals")
        as_of = read.known(connection, read.query.as_of, WITHOUT_ZONE, "renewals")
        found = rules_known(connection, until=as_of, jurisdiction=read.query.jurisdiction)
    day = read.query.effective_on
    if day is not None:
        found = in_force_on(found, day)
    items = [
        AdoptedRule(
            equivalency_id=rule.rule_id,
            rule_version=rule.rule_version,
            district_id=rule.district_id,
            authority_reference=rule.authority_reference,
            adopted_on=rule.adopted_on,
            last_day=rule.last_day,
            terms=rule.terms,
            position=rule.position,
        )
        for rule in found
    ]
    return answer_all(items, min(as_of, position))


@router.write("/equivalencies")
def adopt_state_rules(body: Adoption, write: WriteNow) -> Response:
    """Bring the first or the next version of a state's rules for its jurisdiction."""
    must_operate(write.caller)
    return recorded(write.run(equivalencies.adopt_equivalency, body, district_id=None))


@router.write("/districts/{district_id}/equivalencies")
def adopt_district_rules(district_id: UUID, body: Adoption, write: WriteNow) -> Response:
    """Adopt the first or the next version of a district's own rules for a jurisdiction."""
    must_act_for_district(write.caller, district_id)
    return recorded(write.run(equivalencies.adopt_equivalency, body, district_id=district_id))


@router.write("/equivalencies/{equivalency_id}/retirements")
def retire_rules(equivalency_id: UUID, body: RuleEnd, write: WriteNow) -> Response:
    """End an authority's rules after a day."""
    must_write_rules(write.caller, write.edge.ledger.get(Equivalency, equivalency_id).district_id)
    return recorded(
        write.run(equivalencies.retire_equivalency, body, equivalency_id=equivalency_id)
    )
