"""A district's calendar."""

from __future__ import annotations

from datetime import date

import pytest

from ledger.aggregates.calendar import (
    Calendar,
    CalendarSpanError,
    ClassRepeatsCredentialError,
    FiscalYearClosedError,
    FiscalYearUnknownError,
    PoolDrawnError,
    begin,
)
from ledger.aggregates.licensure import FarDayError
from ledger.errors import NothingChangesError
from ledger.events.calendar import (
    CalendarFactRecorded,
    CompetencyClassSet,
    DistrictFact,
    DistrictHolidaysSet,
    FiscalYearClosed,
    FiscalYearSet,
    PayCalendarSet,
    PayPeriodDays,
    PoolDrawn,
    SchoolAttributeSet,
)
from tests.given import Outcome, fact, given
from tests.samples import DISTRICT, act, header, named

CALENDAR, SCHOOL, POLICY = named("calendar"), named("school"), named("policy")


def year(number: int, first: date | None = None, last: date | None = None) -> FiscalYearSet:
    return FiscalYearSet(
        fiscal_year=number,
        first_day=first or date(number - 1, 7, 1),
        last_day=last or date(number, 6, 30),
    )


def period(first: date, last: date, paid: date) -> PayPeriodDays:
    return PayPeriodDays(first_day=first, last_day=last, pay_date=paid)


def pays(*periods: PayPeriodDays) -> PayCalendarSet:
    return PayCalendarSet(fiscal_year=2025, pay_periods=periods)


JULY = period(date(2024, 7, 6), date(2024, 7, 19), date(2024, 7, 26))
AUGUST = period(date(2024, 7, 20), date(2024, 8, 2), date(2024, 8, 9))


def recorded(*facts: DistrictFact) -> list[CalendarFactRecorded]:
    return [
        CalendarFactRecorded(**header(CALENDAR, number), district_id=DISTRICT, fact=one)
        for number, one in enumerate(facts, 1)
    ]


def setting(what: DistrictFact, *before: DistrictFact) -> Outcome:
    if not before:
        return given().when(lambda _: begin(CALENDAR, act(), district_id=DISTRICT, fact=what))
    return given(*recorded(*before)).when(lambda c: c.record(act(), fact=what))


@pytest.mark.parametrize(
    ("what", "before"),
    [
        (year(2025), ()),
        (year(2026), (year(2025),)),
        (year(2024), (year(2025),)),
        (year(2025, last=date(2025, 6, 29)), (year(2025),)),
        (pays(JULY, AUGUST), (year(2025),)),
        (DistrictHolidaysSet(year=2024, holidays=(date(2024, 11, 28),)), ()),
        (SchoolAttributeSet(school_id=SCHOOL, attribute="rural", first_day=date(2024, 7, 1)), ()),
        (FiscalYearClosed(fiscal_year=2025), (year(2025),)),
        (PoolDrawn(policy_id=POLICY, fiscal_year=2025, seed="7 March"), (year(2025),)),
    ],
)
def test_what_fits_is_set(what: DistrictFact, before: tuple[DistrictFact, ...]) -> None:
    after = setting(what, *before).then(fact(CalendarFactRecorded, fact=what))
    assert isinstance(after, Calendar)
    after_again = given(*recorded(*before, what))
    after_again.when(lambda c: c.record(act(), fact=what)).then_refused(NothingChangesError)


@pytest.mark.parametrize(
    ("what", "before"),
    [
        (year(2027), (year(2025),)),  # a gap
        (year(2026, first=date(2025, 6, 30)), (year(2025),)),  # an overlap
        (year(2025, last=date(2024, 6, 30)), ()),  # named by another year
        (year(2025, first=date(2025, 7, 1)), ()),  # reversed
        (pays(AUGUST, JULY), (year(2025),)),
        (pays(JULY, JULY), (year(2025),)),
        (pays(period(date(2024, 7, 19), date(2024, 7, 6), date(2024, 7, 26))), (year(2025),)),
        (pays(JULY, AUGUST.model_copy(update={"pay_date": JULY.pay_date})), (year(2025),)),
        (DistrictHolidaysSet(year=2024, holidays=(date(2025, 1, 1),)), ()),
        (
            SchoolAttributeSet(
                school_id=SCHOOL,
                attribute="rural",
                first_day=date(2024, 7, 1),
                last_day=date(2024, 6, 30),
            ),
            (),
        ),
    ],
)
def test_what_does_not_fit_is_refused(what: DistrictFact, before: tuple[DistrictFact, ...]) -> None:
    setting(what, *before).then_refused(CalendarSpanError)


@pytest.mark.parametrize(
    "what",
    [
        year(9999),
        year(2025, first=date(1, 1, 1)),
        pays(period(date(2024, 7, 6), date.max, date(2024, 7, 26)), AUGUST),
        pays(JULY, AUGUST.model_copy(update={"pay_date": date.max})),
    ],
)
def test_a_day_to_which_no_day_can_be_added_is_refused(what: DistrictFact) -> None:
    before = () if isinstance(what, FiscalYearSet) else (year(2025),)
    setting(what, *before).then_refused(FarDayError)


@pytest.mark.parametrize(
    "what",
    [
        pays(JULY),
        FiscalYearClosed(fiscal_year=2025),
        PoolDrawn(policy_id=POLICY, fiscal_year=2025, seed="7 March"),
    ],
)
def test_a_year_is_set_before_anything_is_said_of_it(what: DistrictFact) -> None:
    setting(what).then_refused(FiscalYearUnknownError, "2025")


def test_a_closed_year_keeps_its_days() -> None:
    moved = year(2025, last=date(2025, 6, 29))
    closed = FiscalYearClosed(fiscal_year=2025)
    setting(moved, year(2025), closed).then_refused(FiscalYearClosedError)


def test_a_class_names_each_credential_once_and_the_newest_word_on_it_holds() -> None:
    two = CompetencyClassSet(name="wait_time", credential_ids=(POLICY, SCHOOL))
    none = CompetencyClassSet(name="wait_time", credential_ids=())
    for what, before in ((two, ()), (none, (two,)), (two, (two, none))):
        setting(what, *before).then(fact(CalendarFactRecorded, fact=what))
    twice = CompetencyClassSet(name="wait_time", credential_ids=(POLICY, POLICY))
    setting(twice).then_refused(ClassRepeatsCredentialError)


def test_lots_are_drawn_once() -> None:
    drawn = PoolDrawn(policy_id=POLICY, fiscal_year=2025, seed="7 March")
    again = drawn.model_copy(update={"seed": "8 March"})
    setting(again, year(2025), drawn).then_refused(PoolDrawnError)
