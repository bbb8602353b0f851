"""What somebody's awards come to in each state that counts them, licensed there or not.

A license has cycles, needs and caps; none of that is asked here. It is what the rules of today make
of all that she holds today, from each award's own kind, for somebody who weighs where to go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import partial
from uuid import UUID

from ledger.events.equivalency import MICRO_CREDENTIAL
from ledger.rules.counting import Equal, Unit, count
from ledger.rules.equivalencies import HUNDREDTHS, Achievement, Rule, local_rule
from ledger.rules.licenses import Facts, License, Term


@dataclass(frozen=True, slots=True)
class StateUnits:
    """All her awards in one state's own unit; quantities are hundredths."""

    jurisdiction: str
    unit: str
    units_hundredths: int  # rounded down
    awards: int  # that bring something
    nothing: Mapping[str, int]  # how many bring nothing, by reason
    rule_id: UUID
    rule_version: int
    title: str


def in_states(
    achievements: Iterable[Achievement],
    rules: Sequence[Rule],
    day: date,
    *,
    district_id: UUID,
    equal: Equal = (),
) -> list[StateUnits]:
    """Her awards by the rules that each state has in force on a day, in the order of the states.

    Where a state leaves it to districts, the rule of `district_id` counts, for which she works;
    `equal` is what that district calls one competency.
    """
    earned = sorted(achievements, key=lambda one: (one.earned_on, one.position))
    states: dict[str, Rule] = {}
    for rule in sorted(rules, key=lambda one: one.rule_version):
        if rule.district_id is None and rule.covers(day):
            states[rule.terms.jurisdiction] = rule
    found = []
    for state, rule in sorted(states.items()):
        ever = _license_of_no_cycle(state, district_id)
        own = [one for one in rules if one.terms.jurisdiction == state]
        units = count(
            earned,
            license_=ever,
            term=ever.terms[0],
            day=day,
            state=rule,
            local_on=partial(local_rule, own, district_id),
            caps=(),
            equal=equal,
        )
        found.append(_line(rule, [unit for unit in units if unit.kind == MICRO_CREDENTIAL]))
    return found


def _license_of_no_cycle(state: str, district_id: UUID) -> License:
    """One that nobody holds: valid at all times, of no traits, kept by the district."""
    return License(
        license_id=district_id,
        person_id=district_id,
        district_id=district_id,
        jurisdiction=state,
        license_type="any",
        zone="UTC",
        terms=(Term(issued_on=date.min, valid_from=date.min, valid_to=None),),
        facts=(Facts(date.min, "teacher", ()),),
    )


def _line(rule: Rule, units: Sequence[Unit]) -> StateUnits:
    whole = sum((unit.exact for unit in units), Fraction(0))
    return StateUnits(
        jurisdiction=rule.terms.jurisdiction,
        unit=rule.terms.unit,
        units_hundredths=int(whole * HUNDREDTHS),
        awards=sum(unit.exact > 0 for unit in units),
        nothing=dict(
            sorted(Counter(unit.reason or "nothing" for unit in units if not unit.exact).items())
        ),
        rule_id=rule.rule_id,
        rule_version=rule.rule_version,
        title=rule.terms.title,
    )
