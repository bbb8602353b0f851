"""A district's calendar: fiscal years that follow on one another, pay periods, holidays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Self, assert_never
from uuid import UUID

from ledger.aggregates.base import Act, Aggregate, first_header
from ledger.aggregates.licensure import check_near
from ledger.errors import InvalidError, NothingChangesError, RuleError
from ledger.events import AnyCalendarEvent
from ledger.events.calendar import (
    AllotmentSet,
    CalendarFactRecorded,
    CompetencyClassSet,
    DistrictFact,
    DistrictHolidaysSet,
    FiscalYearClosed,
    FiscalYearSet,
    PayCalendarSet,
    PoolDrawn,
    SchoolAttributeSet,
)
from ledger.rules.calendars import ONE_DAY
from ledger.rules.entitlements.gather import subject_of


class CalendarSpanError(InvalidError):
    """A year, a period or a span of days does not fit: it is reversed, has a gap, or overlaps."""

    slug = "calendar-span"


class FiscalYearUnknownError(RuleError):
    """The district has not set this fiscal year."""

    slug = "fiscal-year-unknown"


class FiscalYearClosedError(RuleError):
    """The fiscal year is closed, and its days stay as they are."""

    slug = "fiscal-year-closed"


class ClassRepeatsCredentialError(InvalidError):
    """A class of equal micro-credentials names one of them twice."""

    slug = "class-repeats-credential"


class PoolDrawnError(RuleError):
    """The lots of this pool were drawn, and are not drawn again."""

    slug = "pool-drawn"


def begin(
    stream: UUID, act: Act, *, district_id: UUID, fact: DistrictFact
) -> Sequence[AnyCalendarEvent]:
    """The first fact of a district's calendar."""
    state = Calendar(id=stream, version=0, district_id=district_id)
    state.must_accept(fact)
    return [CalendarFactRecorded(**first_header(stream, act), district_id=district_id, fact=fact)]


@dataclass(frozen=True, kw_only=True)
class Calendar(Aggregate):
    """What one district has set so far, the newest word on each year and school."""

    district_id: UUID
    years: Mapping[int, FiscalYearSet] = field(default_factory=dict)
    closed: frozenset[int] = frozenset()
    drawn: frozenset[tuple[UUID, int]] = frozenset()
    newest: Mapping[tuple[str, object], DistrictFact] = field(default_factory=dict)

    def record(self, act: Act, *, fact: DistrictFact) -> Sequence[AnyCalendarEvent]:
        self.must_accept(fact)
        return [CalendarFactRecorded(**self.header(act), district_id=self.district_id, fact=fact)]

    def must_accept(self, fact: DistrictFact) -> None:
        """Raises a subclass of InvalidError or RuleError when it does not fit what was set."""
        if self.newest.get(subject_of(fact)) == fact:
            raise NothingChangesError("the calendar says this already")
        match fact:
            case FiscalYearSet():
                self._must_fit(fact)
            case FiscalYearClosed(fiscal_year=year) | AllotmentSet(fiscal_year=year):
                self._must_know(year)
            case PayCalendarSet(fiscal_year=year):
                self._must_know(year)
                _must_follow(fact)
            case SchoolAttributeSet() | DistrictHolidaysSet():
                _must_lie_right(fact)
            case PoolDrawn(policy_id=policy_id, fiscal_year=year):
                self._must_know(year)
                if (policy_id, year) in self.drawn:
                    raise PoolDrawnError(f"the lots of fiscal year {year} were drawn")
            case CompetencyClassSet(credential_ids=credential_ids):
                if len(set(credential_ids)) < len(credential_ids):
                    raise ClassRepeatsCredentialError("a class names a micro-credential once")
            case _:
                assert_never(fact)

    def _must_know(self, year: int) -> None:
        if year not in self.years:
            raise FiscalYearUnknownError(f"set the days of fiscal year {year} first")

    def _must_fit(self, fact: FiscalYearSet) -> None:
        check_near(fact.first_day, fact.last_day)
        year = fact.fiscal_year
        if year in self.closed:
            raise FiscalYearClosedError(f"fiscal year {year} is closed")
        if fact.last_day < fact.first_day or fact.last_day.year != year:
            raise CalendarSpanError(f"fiscal year {year} ends in {year}, after it has begun")
        others = [one for one in self.years.values() if one.fiscal_year != year]
        spans = sorted((one.first_day, one.last_day) for one in [*others, fact])
        if any(later[0] != earlier[1] + ONE_DAY for earlier, later in pairwise(spans)):
            raise CalendarSpanError("fiscal years follow one another without gap or overlap")

    @classmethod
    def evolve(cls, state: Self | None, event: AnyCalendarEvent) -> Self:
        fact = event.fact
        if state is None:
            state = cls(id=event.originator_id, version=0, district_id=event.district_id)
        newest = {**state.newest, subject_of(fact): fact}
        state = replace(state, version=event.originator_version, newest=newest)
        match fact:
            case FiscalYearSet(fiscal_year=year):
                return replace(state, years={**state.years, year: fact})
            case FiscalYearClosed(fiscal_year=year):
                return replace(state, closed=state.closed | {year})
            case PoolDrawn(policy_id=policy_id, fiscal_year=year):
                return replace(state, drawn=state.drawn | {(policy_id, year)})
            case _:
                return state


def _must_lie_right(fact: SchoolAttributeSet | DistrictHolidaysSet) -> None:
    if isinstance(fact, DistrictHolidaysSet):
        if any(day.year != fact.year for day in fact.holidays):
            raise CalendarSpanError(f"every holiday of {fact.year} has to lie in it")
    elif fact.last_day is not None and fact.last_day < fact.first_day:
        raise CalendarSpanError(f"from {fact.first_day} to {fact.last_day} is no span of days")


def _must_follow(fact: PayCalendarSet) -> None:
    for period in fact.pay_periods:
        check_near(period.first_day, period.last_day, period.pay_date)
        if period.last_day < period.first_day:
            raise CalendarSpanError(f"a period from {period.first_day} ends before it begins")
    for earlier, later in pairwise(fact.pay_periods):
        if later.first_day != earlier.last_day + ONE_DAY:
            raise CalendarSpanError(f"after {earlier.last_day} the next period begins a day later")
        if later.pay_date <= earlier.pay_date:
            raise CalendarSpanError(f"{later.pay_date} does not come after {earlier.pay_date}")
