"""Credits, points and hours: what counts toward a threshold, and where one is reached.

Units are exact fractions: 10 hours at 15 hours a credit are two thirds of a credit, and three
such awards are two credits. What counts is walked through in order of days; each threshold that
the running total reaches is one occasion, dated on the day that reached it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import NamedTuple
from uuid import UUID

from ledger.events.policy_rule import Rule, Source, UnitsTrigger
from ledger.rules.calendars import add_months
from ledger.rules.entitlements.conditions import Case, checks
from ledger.rules.entitlements.days import (
    Days,
    MissingFactError,
    fiscal_year_of,
    following_year,
)
from ledger.rules.entitlements.facts import Calendar, Dossier
from ledger.rules.entitlements.occasions import (
    Occasion,
    activity_occasion,
    award_occasion,
    days_of,
)
from ledger.rules.incentives import Check, duplicate_checks
from ledger.rules.pairs import Exchange, left_out
from ledger.values import stream_id


class Contribution(NamedTuple):
    """One award or activity: how many units it brings under which category, and why or why not."""

    occasion: Occasion
    category: str
    units: Fraction
    opening: bool
    checks: list[Check]

    @property
    def counts(self) -> bool:
        return self.occasion.stands and all(made["passed"] is True for made in self.checks)


class Portion(NamedTuple):
    """Units that count from a day on; what a yearly limit carried over counts from a later day."""

    day: date
    place: tuple[int, int]
    category: str
    units: Fraction
    opening: bool
    source: Occasion


class Balance(NamedTuple):
    """What there is at the end: units that count, those that the last threshold used, the rest."""

    unit: str
    counted: Fraction
    used: Fraction
    categories_met: bool  # whether each category brings what it has to
    by_category: Mapping[str, Fraction]  # what each brings, before its limits

    @property
    def banked(self) -> Fraction:
        return self.counted - self.used


def contributions(rule: Rule, dossier: Dossier, policy_id: UUID) -> list[Contribution]:
    """Everything that a source of the rule names, with the rule's tests made on each.

    Windows, preconditions and exclusions are asked of what is to count, not of the threshold.
    """
    assert isinstance(rule.trigger, UnitsTrigger), "only these triggers count units"
    asked = (*rule.windows, *rule.preconditions, *rule.exclusions)
    found: list[Contribution] = []
    counted: list[UUID] = []  # the credentials that count so far
    for one in sorted(_things(dossier, policy_id), key=_by_day):
        source = next((source for source in rule.trigger.sources if _fits(source, one)), None)
        if source is None:
            continue
        amount = Fraction(1) if one.award is not None else one.units
        case = Case(policy_id, rule, dossier, one, counted)
        opening = source.opening or (one.activity is not None and one.activity.opening)
        made = [] if opening else checks(asked, case)
        made += duplicate_checks(one.award.duplicate_of if one.award else None)
        units = amount * source.units / source.each
        found.append(Contribution(one, source.category, units, opening, made))
        if found[-1].counts and one.credential_id is not None:
            counted.append(one.credential_id)
    return _once(dossier, found)


def _by_day(one: Occasion) -> tuple[date, tuple[int, int]]:
    return one.days.earned, one.place


def _once(dossier: Dossier, found: Sequence[Contribution]) -> list[Contribution]:
    """Of an award and the course it was exchanged for one counts; the check names the pair."""
    exchanges = [
        Exchange(one.exchanged_for, one.activity_id)
        for one in dossier.activities
        if one.exchanged_for is not None
    ]
    worth = {one.occasion.subject_id: one.units for one in found if one.counts}
    out = left_out(exchanges, worth)
    return [
        one._replace(checks=[*one.checks, _exchanged(one.occasion.subject_id, out)])
        if one.occasion.subject_id in out
        else one
        for one in found
    ]


def _exchanged(subject_id: UUID, out: Mapping[UUID, UUID]) -> Check:
    return Check(
        rule="not_exchanged",
        inputs={"counts_instead": out[subject_id]},
        passed=False,
        reason="exchanged",
    )


def _things(dossier: Dossier, policy_id: UUID) -> Iterator[Occasion]:
    for held in dossier.awards:
        yield award_occasion(held, dossier, policy_id)
    for activity in dossier.activities:
        yield activity_occasion(activity, dossier, policy_id)


def _fits(source: Source, one: Occasion) -> bool:
    if source.of == "activity":
        return one.activity is not None and (
            source.activities is None or one.activity.kind in source.activities
        )
    if one.award is None:
        return False
    award = one.award.award
    return (
        (source.issuer_ids is None or one.award.issuer_id in source.issuer_ids)
        and (source.credential_ids is None or award.credential_id in source.credential_ids)
        and (source.tiers is None or award.tier in source.tiers)
    )


def thresholds(
    rule: Rule, dossier: Dossier, policy_id: UUID, found: Sequence[Contribution]
) -> list[Occasion]:
    """The thresholds reached, those too that only what was revoked since had reached."""
    standing = _reached(rule, dossier, policy_id, [one for one in found if one.counts])
    known = {one.subject_id for one in standing}
    revived = [one._replace(occasion=replace(one.occasion, stands=True)) for one in found]
    before = _reached(rule, dossier, policy_id, [one for one in revived if one.counts])
    ended = [one.occasion.ended_on for one in found if one.occasion.ended_on is not None]
    fallen = [
        replace(one, stands=False, ended_on=max(ended, default=None))
        for one in before
        if one.subject_id not in known
    ]
    return [*standing, *fallen]


def balance(
    rule: Rule, calendar: Calendar, found: Sequence[Contribution], on: date | None = None
) -> Balance:
    """How many units there are, and how many wait for the next threshold.

    With a day it is what counts on that day: nothing earned later, and nothing expired by then.
    """
    trigger = _units(rule)
    portions = _portions(trigger, calendar, [one for one in found if one.counts])
    if on is not None:
        begun = [one for one in portions if one.day <= on]
        portions = _live(trigger, calendar, begun, on)
    counted, met = _counted(trigger, portions)
    levels = _levels(trigger, counted) if met else []
    used = Fraction(max(levels, default=0))
    return Balance(trigger.unit, counted, used, met, _by_category(portions))


def next_threshold(trigger: UnitsTrigger, used: Fraction) -> int | None:
    """The first threshold beyond the last that was reached; null: there is none."""
    ahead = [level for level in trigger.thresholds if level > used]
    if ahead:
        return ahead[0]
    return None if trigger.then_every is None else int(used) + trigger.then_every


def _units(rule: Rule) -> UnitsTrigger:
    assert isinstance(rule.trigger, UnitsTrigger), "only these triggers count units"
    return rule.trigger


def _reached(
    rule: Rule, dossier: Dossier, policy_id: UUID, found: Sequence[Contribution]
) -> list[Occasion]:
    trigger, calendar = _units(rule), dossier.calendar
    portions = _portions(trigger, calendar, found)
    reached: dict[tuple[int, int], Occasion] = {}
    passed: set[tuple[int, int]] = set()
    for index, last in enumerate(portions):
        live = _live(trigger, calendar, portions[: index + 1], last.day)
        year = fiscal_year_of(calendar, last.day).fiscal_year if trigger.each_year else 0
        counted, met = _counted(trigger, live)
        for level in _levels(trigger, counted) if met else []:
            key = (year, level)
            if key in passed:
                continue
            passed.add(key)
            if not last.opening:
                reached[key] = _occasion(rule, dossier, policy_id, key, portions[: index + 1])
    return list(_spread(trigger, dossier, reached.values()))


def _occasion(
    rule: Rule, dossier: Dossier, policy_id: UUID, key: tuple[int, int], portions: Sequence[Portion]
) -> Occasion:
    """A threshold reached by its last portion, which lends it its days and its place."""
    trigger, last = _units(rule), portions[-1]
    year, level = key
    day = last.day
    if trigger.not_before_months is not None:
        day = max(day, add_months(portions[0].day, trigger.not_before_months))
    about = (last.source.subject_id, *last.source.about[1:])
    known = {k: v for k, v in last.source.days.named.items() if k in {"started", "submitted"}}
    below = max((one for one in [0, *_levels(trigger, Fraction(level))] if one < level), default=0)
    return Occasion(
        kind="threshold",
        subject_id=stream_id("threshold", dossier.person_id, trigger.unit, year, level),
        days=days_of(dossier, policy_id, day, about, None, **known),
        place=last.place,
        about=about,
        positions=tuple(sorted({one for p in portions for one in p.source.positions})),
        units=Fraction(level - below),
        reached=level,
    )


def _spread(
    trigger: UnitsTrigger, dossier: Dossier, reached: Iterable[Occasion]
) -> Iterator[Occasion]:
    """No more steps in a fiscal year than the rule allows; the others wait for the next one."""
    taken: dict[date, int] = {}
    for turn, one in enumerate(reached, 1):
        if trigger.steps_per_year_max is None:
            yield replace(one, turn=turn)
            continue
        day, missing = one.days.earned, None
        try:
            year = fiscal_year_of(dossier.calendar, day)
            while taken.get(year.first_day, 0) >= _steps(trigger, dossier, day):
                year = following_year(dossier.calendar, year)
                day = year.first_day
            taken[year.first_day] = taken.get(year.first_day, 0) + 1
        except MissingFactError as error:
            missing = error.reason
        days = Days(day, dossier.calendar, one.days.named)
        yield replace(one, turn=turn, days=days, missing=missing)


def _steps(trigger: UnitsTrigger, dossier: Dossier, day: date) -> int:
    held = {one.status for one in dossier.statuses if one.on(day)}
    most = trigger.steps_per_year_max or 0
    more = trigger.steps_per_year_max_with
    return more if more is not None and held & set(trigger.steps_with_statuses) else most


def _portions(
    trigger: UnitsTrigger, calendar: Calendar, found: Iterable[Contribution]
) -> list[Portion]:
    """What counts from which day on; what is beyond the most of a year is lost or carried over."""
    portions: list[Portion] = []
    taken: dict[int, Fraction] = {}
    for one in found:
        source = one.occasion
        left, day = one.units, source.days.earned
        while left:
            part = left
            if trigger.yearly_units_max is not None and not one.opening:
                year = fiscal_year_of(calendar, day)
                used = taken.get(year.fiscal_year, Fraction(0))
                part = min(left, trigger.yearly_units_max - used)
                taken[year.fiscal_year] = used + part
            if part:
                portion = Portion(day, source.place, one.category, part, one.opening, source)
                portions.append(portion)
            left -= part
            if left and trigger.excess == "lost":
                break
            if left:
                try:
                    day = following_year(calendar, fiscal_year_of(calendar, day)).first_day
                except MissingFactError:
                    break  # it waits for a year that the district has not set yet
    return sorted(portions, key=lambda portion: (portion.day, portion.place))


def _live(
    trigger: UnitsTrigger, calendar: Calendar, portions: Sequence[Portion], day: date
) -> list[Portion]:
    """Those that still count on the day: not expired, and of this fiscal year if it asks for it."""
    live = list(portions)
    if trigger.expire_months is not None:
        months = trigger.expire_months
        live = [one for one in live if day < add_months(one.day, months)]
    if trigger.each_year:
        year = fiscal_year_of(calendar, day)
        live = [one for one in live if year.first_day <= one.day <= year.last_day]
    return live


def _counted(trigger: UnitsTrigger, portions: Iterable[Portion]) -> tuple[Fraction, bool]:
    """The sum of all categories within their limits, and whether each brings what it has to.

    Categories are gone through in the rule's order, so what overflows goes to one further down.
    """
    sums = _by_category(portions)
    met = True
    for category in trigger.categories:
        units = sums.get(category.category, Fraction(0))
        met = met and units >= category.units_min
        if category.units_max is not None and units > category.units_max:
            beyond = units - category.units_max
            sums[category.category] = Fraction(category.units_max)
            if category.overflow_to is not None:
                there = sums.get(category.overflow_to, Fraction(0))
                sums[category.overflow_to] = there + beyond
    return sum(sums.values(), Fraction(0)), met


def _by_category(portions: Iterable[Portion]) -> dict[str, Fraction]:
    sums: dict[str, Fraction] = {}
    for one in portions:
        sums[one.category] = sums.get(one.category, Fraction(0)) + one.units
    return sums


def _levels(trigger: UnitsTrigger, counted: Fraction) -> list[int]:
    """Every threshold that so many units reach, in order."""
    levels = [level for level in trigger.thresholds if level <= counted]
    if trigger.then_every is not None:
        level = trigger.thresholds[-1] + trigger.then_every
        while level <= counted:
            levels.append(level)
            level += trigger.then_every
    return levels
