"""Needs measured by what counts: totals, categories, own kinds, and each year by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from ledger.events.equivalency import Need, Requirement
from ledger.rules.calendars import fiscal_year
from ledger.rules.counting import Unit


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a cycle that have come, and when its years begin."""

    first: date
    last: date
    year_starts_month: int

    @property
    def years(self) -> range:
        """The fiscal years that have begun, named by the calendar year in which each ends."""
        first, last = (fiscal_year(d, self.year_starts_month) for d in (self.first, self.last))
        return range(first, max(first, last) + 1)


@dataclass(frozen=True, slots=True)
class YearLine:
    """One year of a need that every year has to meet by itself."""

    year: int  # the calendar year in which it ends
    needed_hundredths: int
    earned_hundredths: int
    missing_hundredths: int


@dataclass(frozen=True, slots=True)
class NeedLine:
    """One need: hundredths of units, or of the kinds themselves where it says so."""

    need: str
    own: bool
    categories: tuple[str, ...] | None
    needed_hundredths: int
    earned_hundredths: int
    missing_hundredths: int
    years: tuple[YearLine, ...]


@dataclass(frozen=True, slots=True)
class OptionLine:
    """Needs that together are enough."""

    option: str
    met: bool
    needs: tuple[NeedLine, ...]

    @property
    def distance(self) -> Fraction:
        """How much is missing, each need as a share of itself."""
        return sum(
            (Fraction(one.missing_hundredths, one.needed_hundredths) for one in self.needs),
            Fraction(0),
        )


def measured(requirement: Requirement, units: Sequence[Unit], span: Span) -> tuple[OptionLine, ...]:
    """Every option of a requirement, with what is missing of each of its needs."""
    found = []
    for option in requirement.options:
        needs = tuple(_need(need, units, span) for need in option.needs)
        met = all(line.missing_hundredths == 0 for line in needs)
        found.append(OptionLine(option.option, met, needs))
    return tuple(found)


def best(options: Sequence[OptionLine]) -> OptionLine | None:
    """The option that is met, or the one that least is missing of; of equals the first."""
    return min(options, key=lambda one: (not one.met, one.distance), default=None)


def _need(need: Need, units: Sequence[Unit], span: Span) -> NeedLine:
    counted = [(unit, _quantity(need, unit)) for unit in units if _is_of(need, unit)]
    years = tuple(_years(need, counted, span)) if need.every_year else ()
    if years:
        needed = sum(year.needed_hundredths for year in years)
        missing = sum(year.missing_hundredths for year in years)
        earned = sum(year.earned_hundredths for year in years)
    else:
        needed = need.needed_hundredths
        earned = sum(quantity for _, quantity in counted)
        missing = max(needed - earned, 0)
    return NeedLine(need.need, need.own, need.categories, needed, earned, missing, years)


def _years(need: Need, counted: Sequence[tuple[Unit, int]], span: Span) -> Iterator[YearLine]:
    for year in span.years:
        earned = sum(
            quantity
            for unit, quantity in counted
            if fiscal_year(unit.earned_on, span.year_starts_month) == year
        )
        missing = max(need.needed_hundredths - earned, 0)
        yield YearLine(year, need.needed_hundredths, earned, missing)


def _is_of(need: Need, unit: Unit) -> bool:
    return (need.kinds is None or unit.kind in need.kinds) and (
        need.categories is None or unit.category in need.categories
    )


def _quantity(need: Need, unit: Unit) -> int:
    return unit.own_hundredths if need.own else unit.units_hundredths
