"""Commands on a district's calendar."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ledger.aggregates import calendar as calendars
from ledger.aggregates.calendar import Calendar
from ledger.aggregates.organization import Organization
from ledger.application import Call, Ledger, Reader, Receipt
from ledger.events import AnyCalendarEvent
from ledger.events.calendar import DistrictFact
from ledger.values import stream_id


def calendar_stream(district_id: UUID) -> UUID:
    """The stream of a district's calendar."""
    return stream_id("calendar", district_id)


def record_calendar_fact(
    ledger: Ledger, call: Call, *, district_id: UUID, fact: DistrictFact
) -> Receipt:
    """Set a year, its pay periods, holidays, or what a school counts as."""
    stream = calendar_stream(district_id)

    def decide(read: Reader) -> Sequence[AnyCalendarEvent]:
        read.get(Organization, district_id).must_be_district()
        calendar = read.find(Calendar, stream)
        if calendar is None:
            return calendars.begin(stream, call.act, district_id=district_id, fact=fact)
        return calendar.record(call.act, fact=fact)

    return ledger.run(call, decide)
