"""How far a license is: what each cycle needs, what counts toward it, what is missing, and why.

Everything follows from the license, her achievements, the adopted rules and a day, so the same
function answers for today, for any day, and for what was known at any position of the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from uuid import UUID

from ledger.events.equivalency import Requirement
from ledger.rules.calendars import ONE_DAY, add_months
from ledger.rules.counting import Equal, Unit, count, unruled
from ledger.rules.equivalencies import Achievement, Rule, decimal, governing, local_rule
from ledger.rules.licenses import License, Term
from ledger.rules.needs import OptionLine, Span, best, measured
from ledger.rules.uploads import upload_after

Classes = Mapping[UUID, Equal]  # by district: micro-credentials that it named as one competency
NO_CLASSES: Classes = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class RuleName:
    """Which version of whose rules: what a number cites."""

    rule_id: str
    rule_version: int
    district_id: str | None
    authority_reference: str
    title: str


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """What one category has brought; null is what lies in none."""

    category: str | None
    earned_hundredths: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One license in one cycle, for one purpose. Quantities are hundredths of `unit`."""

    license_id: str
    person_id: str
    jurisdiction: str
    license_type: str
    purpose: str | None  # null: no rule asks anything that we know of
    cycle: int  # 1 is the first on file
    valid_from: date
    valid_to: date | None
    state: str  # met, missing, exempt, lapsed, closed, no_rule, no_requirement
    unit: str | None
    needed_hundredths: int
    earned_hundredths: int
    missing_hundredths: int
    option: str | None  # by which it is met, or which is nearest
    options: tuple[OptionLine, ...]
    window_from: date | None
    window_to: date | None
    approver: str | None
    rule: RuleName | None
    units: tuple[Unit, ...]
    upload_from: date | None = None  # the window of upload that is open on the day, or the next
    upload_to: date | None = None

    @property
    def met(self) -> bool:
        return self.state in {"met", "exempt"}

    @property
    def categories(self) -> list[CategoryLine]:
        """What each category has brought, by name; they add up to what is earned."""
        sums: dict[str | None, int] = {}
        for unit in self.units:
            if unit.units_hundredths:
                sums[unit.category] = sums.get(unit.category, 0) + unit.units_hundredths
        ordered = sorted(sums, key=lambda category: (category is None, category or ""))
        return [CategoryLine(category, sums[category]) for category in ordered]

    def may_renew_on(self, day: date) -> bool:
        """Met, and within the days on which the authority takes renewals."""
        begun = self.window_from is None or self.window_from <= day
        return self.met and begun and (self.window_to is None or day <= self.window_to)


def progress(
    license_: License,
    achievements: Sequence[Achievement],
    rules: Sequence[Rule],
    day: date,
    *,
    classes: Classes = NO_CLASSES,
) -> list[Progress]:
    """The newest cycle that has begun by a day, one line for each purpose."""
    begun = [n for n, term in enumerate(license_.terms) if term.valid_from <= day]
    newest = begun[-1] if begun else 0
    return in_cycle(license_, achievements, rules, day, newest, classes=classes)


def in_cycle(
    license_: License,
    achievements: Sequence[Achievement],
    rules: Sequence[Rule],
    day: date,
    index: int,
    *,
    classes: Classes = NO_CLASSES,
) -> list[Progress]:
    """One cycle (0 is the first) as it stands on a day."""
    counted: frozenset[str] = frozenset()
    before: list[Progress] = []
    for n in range(0 if _looks_back(license_, achievements, rules) else index, index + 1):
        case = _case(license_, achievements, rules, day, n, before=before, counted_before=counted)
        before = _lines(replace(case, equal=classes.get(license_.district_id, ())))
        counted |= _counted(before)
    return before


def _looks_back(
    license_: License, achievements: Sequence[Achievement], rules: Sequence[Rule]
) -> bool:
    """Whether a cycle can rest on earlier ones, by what is carried over or was exchanged."""
    return any(one.exchanged_for is not None for one in achievements) or any(
        requirement.carry_over is not None
        for rule in rules
        if rule.terms.jurisdiction == license_.jurisdiction
        for requirement in rule.terms.requirements
    )


def _lines(case: _Case) -> list[Progress]:
    if case.rule is None:
        return [_blank(case, "no_rule", tuple(unruled(case.license, case.achievements, case.day)))]
    asked = list(_asked(case))
    if not asked:
        anything = Requirement(purpose="anything", approver="nobody")
        return [_blank(case, "no_requirement", _units(case, anything))]
    return [_line(case, by, requirement) for by, requirement in asked]


def _counted(lines: Sequence[Progress]) -> frozenset[str]:
    """What counts for something in a cycle."""
    return frozenset(unit.achievement_id for line in lines for unit in line.units if unit.exact)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """Everything one cycle is judged by."""

    license: License
    achievements: Sequence[Achievement]
    rules: Sequence[Rule]
    day: date
    index: int
    term: Term  # with the last day that the rules give it where the license states none
    rule: Rule | None
    before: Sequence[Progress]  # the cycle before; none where nothing looks back
    counted_before: frozenset[str]  # in earlier cycles; none where nothing looks back
    equal: Equal = ()

    @property
    def lapsed(self) -> bool:
        last = self.index == len(self.license.terms) - 1
        return last and self.term.valid_to is not None and self.term.valid_to < self.day

    @property
    def judged_on(self) -> date:
        """The day itself, or the cycle's last when that has passed."""
        return min(self.day, self.term.valid_to or self.day)


def _case(
    license_: License,
    achievements: Sequence[Achievement],
    rules: Sequence[Rule],
    day: date,
    index: int,
    *,
    before: Sequence[Progress],
    counted_before: frozenset[str],
) -> _Case:
    known = [one for one in rules if one.terms.jurisdiction == license_.jurisdiction]
    term = license_.terms[index]
    traits = license_.facts_on(min(day, term.valid_to or day)).traits
    rule = governing(known, term, traits)
    return _Case(
        license=license_,
        achievements=sorted(achievements, key=lambda one: (one.earned_on, one.position)),
        rules=known,
        day=day,
        index=index,
        term=term if rule is None else _bounded(term, license_, rule),
        rule=rule,
        before=before,
        counted_before=counted_before,
    )


def _bounded(term: Term, license_: License, rule: Rule) -> Term:
    """The term with a last day, where the rules say how long such a license is valid."""
    if term.valid_to is not None:
        return term
    months = [
        v.valid_months for v in rule.terms.validities if license_.license_type in v.license_types
    ]
    if not months:
        return term
    return replace(term, valid_to=add_months(term.valid_from, months[0]) - ONE_DAY)


def _asked(case: _Case) -> Iterator[tuple[Rule, Requirement]]:
    """For each purpose the first requirement that fits; the state's, then the district's own."""
    assert case.rule is not None, "who asks is known"
    local = local_rule(case.rules, case.license.district_id, case.judged_on)
    for rule in [case.rule] + ([local] if local is not None else []):
        seen: set[str] = set()
        for requirement in rule.terms.requirements:
            if requirement.purpose not in seen and _fits(case, requirement):
                seen.add(requirement.purpose)
                yield rule, requirement


def _fits(case: _Case, requirement: Requirement) -> bool:
    facts = case.license.facts_on(case.judged_on)
    types, roles = requirement.license_types, requirement.roles
    return (
        requirement.lapsed <= case.lapsed
        and (types is None or case.license.license_type in types)
        and (roles is None or facts.role in roles)
        and set(requirement.traits) <= set(facts.traits)
    )


def _line(case: _Case, by: Rule, requirement: Requirement) -> Progress:
    assert case.rule is not None, "who asks is known"
    units = _units(case, requirement)
    blank = _blank(case, "missing", units)
    span = Span(case.term.valid_from, case.judged_on, case.rule.terms.year_starts_month)
    options = measured(requirement, units, span)
    chosen = best(options)
    window_from, window_to = _window(case.term, requirement)
    first = chosen.needs[0] if chosen is not None else None
    return replace(
        blank,
        purpose=requirement.purpose,
        state=_state(case, requirement, chosen),
        needed_hundredths=first.needed_hundredths if first else 0,
        earned_hundredths=first.earned_hundredths if first else blank.earned_hundredths,
        missing_hundredths=first.missing_hundredths if first else 0,
        option=chosen.option if chosen else None,
        options=options,
        window_from=window_from,
        window_to=window_to,
        approver=requirement.approver,
        rule=rule_name(by),
    )


def _units(case: _Case, requirement: Requirement) -> tuple[Unit, ...]:
    """What counts in the cycle, with what the cycle before has left over."""
    assert case.rule is not None, "who asks is known"
    own = count(
        case.achievements,
        license_=case.license,
        term=case.term if not requirement.lapsed else replace(case.term, valid_to=None),
        day=case.day,
        state=case.rule,
        local_on=lambda day: local_rule(case.rules, case.license.district_id, day),
        caps=requirement.caps,
        counted_before=case.counted_before,
        equal=case.equal,
    )
    carried = _carried(case, requirement)
    return (carried, *own) if carried is not None else own


def _carried(case: _Case, requirement: Requirement) -> Unit | None:
    """The surplus of the cycle before, as far as it was earned late enough in it."""
    carry = requirement.carry_over
    if carry is None:
        return None
    line = next((one for one in case.before if one.purpose == requirement.purpose), None)
    if line is None or line.valid_to is None or not line.needed_hundredths:
        return None  # where nothing was needed nothing was beyond the need
    surplus = max(line.earned_hundredths - line.needed_hundredths, 0)
    since = add_months(line.valid_to + ONE_DAY, -carry.last_months)
    late = [
        unit.units_hundredths
        for unit in line.units
        if unit.earned_on >= since and unit.kind not in carry.except_kinds
    ]
    taken = min(surplus, sum(late))
    if taken == 0:
        return None
    said = (
        f"surplus {decimal(surplus)} of the cycle to {line.valid_to},"
        f" of which {decimal(sum(late))} was earned since {since}: {decimal(taken)}"
    )
    return Unit(
        achievement_id=str(case.license.license_id),
        kind="carried_over",
        quantity_hundredths=taken,
        earned_on=case.term.valid_from,
        category=None,
        units_hundredths=taken,
        exact=Fraction(taken, 100),
        reason=None,
        arithmetic=said,
        rule_id=line.rule.rule_id if line.rule else None,
        rule_version=line.rule.rule_version if line.rule else None,
        other_id=None,
        position=case.license.positions[0],
    )


def _state(case: _Case, requirement: Requirement, chosen: OptionLine | None) -> str:
    closed = case.license.closed_on
    if closed is not None and closed <= case.day:
        return "closed"
    if chosen is None:
        return "exempt"
    if chosen.met:
        return "met"
    return "lapsed" if case.lapsed and not requirement.lapsed else "missing"


def _window(term: Term, requirement: Requirement) -> tuple[date | None, date | None]:
    """The days on which a renewal is taken: within the year in which the license runs out."""
    if term.valid_to is None:
        return None, None
    year = term.valid_to.year
    days = (requirement.window_from, requirement.window_to)
    first, last = (None if day is None else date.fromisoformat(f"{year}-{day}") for day in days)
    return first, last


def _blank(case: _Case, state: str, units: tuple[Unit, ...]) -> Progress:
    """A line of which only the cycle and what counts in it is known."""
    upload = None if case.rule is None else upload_after(case.rule.terms.upload_windows, case.day)
    return Progress(
        license_id=str(case.license.license_id),
        person_id=str(case.license.person_id),
        jurisdiction=case.license.jurisdiction,
        license_type=case.license.license_type,
        purpose=None,
        cycle=case.index + 1,
        valid_from=case.term.valid_from,
        valid_to=case.term.valid_to,
        state=state,
        unit=case.rule.terms.unit if case.rule else None,
        needed_hundredths=0,
        earned_hundredths=sum(unit.units_hundredths for unit in units),
        missing_hundredths=0,
        option=None,
        options=(),
        window_from=None,
        window_to=None,
        approver=None,
        rule=rule_name(case.rule) if case.rule else None,
        units=units,
        upload_from=None if upload is None else upload.first_day,
        upload_to=None if upload is None else upload.last_day,
    )


def rule_name(rule: Rule) -> RuleName:
    """What a line cites."""
    return RuleName(
        rule_id=str(rule.rule_id),
        rule_version=rule.rule_version,
        district_id=None if rule.district_id is None else str(rule.district_id),
        authority_reference=rule.authority_reference,
        title=rule.terms.title,
    )
