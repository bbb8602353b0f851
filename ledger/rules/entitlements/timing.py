"""When it is paid, or from when on it holds: pay periods, cut-offs, instalments."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from itertools import count, takewhile
from operator import itemgetter
from typing import Any, NamedTuple

from ledger.events import policy_money as money
from ledger.events.policy_rule import Rule
from ledger.rules.calendars import MONTHS_PER_YEAR, ONE_DAY, add_months
from ledger.rules.entitlements.days import (
    Days,
    MissingFactError,
    each_year,
    fiscal_year_of,
    following_year,
    full_pay_periods_after,
    last_day_of_span,
)
from ledger.rules.entitlements.facts import Calendar, PayPeriod

MONTHS_PER_QUARTER = 3


class Part(NamedTuple):
    """One instalment; the first is 1."""

    instalment: int
    due_on: date
    amount_cents: int


def due_day(timing: money.Timing, days: Days) -> date:
    """The day on which it is due, or from which a lane or a base pay holds.

    Raises:
        MissingFactError: a day it hangs on, or the calendar it is looked up in, is not known.
    """
    after = days.day(timing.after)
    if timing.new_hire is not None and "hired" in days.named:
        hired = days.named["hired"]
        span = timing.new_hire
        last = last_day_of_span(days.calendar, hired, span.days, "calendar", span.first_day)
        if after <= last:
            return hired
    return _PAID_ON[timing.paid_on.kind](timing.paid_on, after, days.calendar)


def settle_by(timing: money.Timing, days: Days) -> date | None:
    """The pay date by which what is owed for the past has to be paid; null: the rule names none."""
    if timing.retro_within_periods is None:
        return None
    return _period(days.calendar, days.day(timing.after), timing.retro_within_periods).pay_date


def parts(rule: Rule, turn: int, total: int, first: date, calendar: Calendar) -> list[Part]:
    """The instalments of an amount: equal parts, what does not divide in the last or the first.

    What recurs is paid whole again in each fiscal year that the district has set.

    Raises:
        MissingFactError: the calendar does not reach to the first of what recurs, or to a pay date.
    """
    plan = rule.timing.instalments
    if rule.timing.recurs:
        if not calendar.fiscal_years or first > calendar.fiscal_years[-1].last_day:
            raise MissingFactError("calendar_missing")
        days = (add_months(first, MONTHS_PER_YEAR * n) for n in count())
        known = takewhile(lambda day: day <= calendar.fiscal_years[-1].last_day, days)
        return [Part(number, day, total) for number, day in enumerate(known, 1)]
    if plan is None or (plan.turns is not None and turn not in plan.turns):
        return [Part(1, first, total)]
    each, rest = divmod(total, plan.count)
    carries = plan.count if rule.rounding.residual == "last_instalment" else 1
    return [
        Part(number, _part_day(plan, number, first, calendar), each + rest * (number == carries))
        for number in range(1, plan.count + 1)
    ]


def _part_day(plan: money.Instalments, number: int, first: date, calendar: Calendar) -> date:
    if plan.apart == "months":
        return add_months(first, plan.months * (number - 1))
    if plan.apart == "fiscal_years":
        return add_months(first, MONTHS_PER_YEAR * (number - 1))
    dates = [period.pay_date for period in calendar.pay_periods if period.pay_date >= first]
    if number > len(dates):
        raise MissingFactError("calendar_missing")
    return dates[number - 1]


def _waiting(paid_on: money.Waiting, after: date, _: Calendar) -> date:
    return after + timedelta(days=paid_on.days)


def _pay_period(paid_on: money.PayPeriodTiming, after: date, calendar: Calendar) -> date:
    period = _period(calendar, after, paid_on.number)
    return period.first_day if paid_on.on == "first_day" else period.pay_date


def _period(calendar: Calendar, after: date, number: int) -> PayPeriod:
    """The so-manieth full pay period after a day that the calendar covers."""
    periods = full_pay_periods_after(calendar, after)
    known = calendar.pay_periods and calendar.pay_periods[0].first_day <= after
    if not known or number > len(periods):
        raise MissingFactError("calendar_missing")
    return periods[number - 1]


def _next_pay_date(paid_on: money.NextPayDate, after: date, calendar: Calendar) -> date:
    dates = [period.pay_date for period in calendar.pay_periods]
    place = bisect_left(dates, after + timedelta(days=paid_on.lead_days))
    if place == len(dates) or calendar.pay_periods[0].first_day > after:
        raise MissingFactError("calendar_missing")
    return dates[place]


def _fixed(paid_on: money.FixedPayDays, after: date, calendar: Calendar) -> date:
    """The day of the first cut-off at or after it, in this fiscal year or the next.

    A day of payment that comes before its cut-off in the fiscal year belongs to the year after.
    """
    year = fiscal_year_of(calendar, after)
    while True:
        in_order = [(each_year(one.cut_off, year), one) for one in paid_on.pay_days]
        for cut_off, pay_day in sorted(in_order, key=itemgetter(0)):
            if after <= cut_off:
                pay_on = each_year(pay_day.pay_on, year)
                if pay_on < cut_off:
                    pay_on = each_year(pay_day.pay_on, following_year(calendar, year))
                return pay_on
        year = following_year(calendar, year)


def _period_end(paid_on: money.PeriodEnd, after: date, calendar: Calendar) -> date:
    """The last day of the month, or of the quarter of the fiscal year."""
    if paid_on.period == "month":
        return add_months(after.replace(day=1), 1) - ONE_DAY
    begins = fiscal_year_of(calendar, after).first_day
    quarter = MONTHS_PER_QUARTER
    while add_months(begins, quarter) <= after:
        quarter += MONTHS_PER_QUARTER
    return add_months(begins, quarter) - ONE_DAY


def _next_contract_year(_: money.NextContractYear, after: date, calendar: Calendar) -> date:
    return following_year(calendar, fiscal_year_of(calendar, after)).first_day


_PAID_ON: Mapping[str, Callable[[Any, date, Calendar], date]] = {
    "waiting": _waiting,
    "pay_period": _pay_period,
    "next_pay_date": _next_pay_date,
    "fixed_pay_days": _fixed,
    "period_end": _period_end,
    "next_contract_year": _next_contract_year,
}
