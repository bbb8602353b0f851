"""A district's calendar: fiscal years, pay periods, holidays, and what its schools count as."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from ledger.events.base import Event
from ledger.values import Cents, Day, Percent, Positive, ShortText, Slug, Value, stream_id


class FiscalYearSet(Value):
    """A fiscal year has these days; it is named by the calendar year in which it ends."""

    kind: Literal["fiscal_year_set"] = "fiscal_year_set"
    fiscal_year: Positive
    first_day: Day
    last_day: Day


class FiscalYearClosed(Value):
    """Whatever is recorded from now on about the year is late."""

    kind: Literal["fiscal_year_closed"] = "fiscal_year_closed"
    fiscal_year: Positive


class PayPeriodDays(Value):
    """One pay period, both days included, and the day on which it is paid."""

    first_day: Day
    last_day: Day
    pay_date: Day


class PayCalendarSet(Value):
    """The pay periods of one fiscal year, all of them, in place of any set before."""

    kind: Literal["pay_calendar_set"] = "pay_calendar_set"
    fiscal_year: Positive
    pay_periods: tuple[PayPeriodDays, ...] = Field(min_length=1)


class DistrictHolidaysSet(Value):
    """The days of a calendar year, other than weekends, that are no business days."""

    kind: Literal["district_holidays_set"] = "district_holidays_set"
    year: Positive
    holidays: tuple[Day, ...]


class SchoolAttributeSet(Value):
    """A school counts as something (high needs, rural, charter) from day to day."""

    kind: Literal["school_attribute_set"] = "school_attribute_set"
    school_id: UUID
    attribute: Slug
    first_day: Day
    last_day: Day | None = None


class PoolDrawn(Value):
    """The lots of a pool were drawn; whoever has the seed can draw them again."""

    kind: Literal["pool_drawn"] = "pool_drawn"
    policy_id: UUID
    fiscal_year: Positive
    seed: ShortText


class CompetencyClassSet(Value):
    """These micro-credentials, whoever issues them, show one competency; fewer than two: none."""

    kind: Literal["competency_class_set"] = "competency_class_set"
    name: Slug
    credential_ids: tuple[UUID, ...]


class AllotmentSet(Value):
    """Money from outside for a fund and a year, of which so much at least has to reach staff."""

    kind: Literal["allotment_set"] = "allotment_set"
    fund: Slug
    fiscal_year: Positive
    amount_cents: Cents
    floor_percent: Percent


DistrictFact = Annotated[
    FiscalYearSet
    | FiscalYearClosed
    | PayCalendarSet
    | DistrictHolidaysSet
    | SchoolAttributeSet
    | PoolDrawn
    | CompetencyClassSet
    | AllotmentSet,
    Field(discriminator="kind"),
]


def calendar_stream(district_id: UUID) -> UUID:
    """The stream of a district's calendar."""
    return stream_id("calendar", district_id)


class CalendarEvent(Event):
    """Stream: the dated facts of one district that its rules rest on."""

    district_id: UUID


class CalendarFactRecorded(CalendarEvent):
    """A dated fact of the district; said again of the same year or school, it replaces that."""

    TOPIC: ClassVar[str] = "calendar.fact-recorded.v1"

    fact: DistrictFact
