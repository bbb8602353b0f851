"""Puts a district's journal together: what is owed by position, and the events of its batches."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from api.edge import Edge
from api.exports.journal import Entry, Format, Payroll, accruals, render, turns
from api.reading import position_of
from ledger.aggregates.organization import Organization
from ledger.store import EVERYTHING
from ledger.values import local_date
from projections import journal as sources
from projections.journal import VIEWS, Owed, Span, payroll_streams
from projections.known import policies_known
from projections.log import facts_at, facts_of

PAGE_EVENTS = 5_000


class Journal(NamedTuple):
    """The text, and whose entitlements are in it."""

    text: str
    person_ids: frozenset[UUID]


def journal(edge: Edge, district_id: UUID, layout: Format, as_of: str | None = None) -> Journal:
    """The journal of a district as text of a plain-text accounting tool.

    Args:
        edge: The ledger.
        district_id: Whose money.
        layout: For which tool.
        as_of: A position or a day: as it was known then, the same bytes whenever it is asked for.

    Raises:
        DayError: there is no such day.
        PositionUnknownError: the log has not come that far.
    """
    zone = edge.ledger.get(Organization, district_id).zone
    with edge.reading([EVERYTHING]) as connection:
        known = position_of(edge, connection, as_of, zone, VIEWS)
        position = min(known, edge.visible(VIEWS, 0))
        entries = entries_of(connection, district_id, zone, position)
        versions = policies_known(connection, district_id, position)
        persons = sources.persons(connection, district_id, as_of=position)
    titles = {one.policy_id: one.terms["title"] for one in versions}
    return Journal(render(entries, titles, layout), persons)


def entries_of(
    connection: Connection[Any], district_id: UUID, zone: str, position: int
) -> list[Entry]:
    """Every entry up to a position; the connection has to be one that sees everything."""
    owed = sources.owed(connection, district_id, as_of=position)
    waits = sources.waits(connection, district_id, as_of=position)
    spans: list[Owed | Span] = [*owed, *waits]
    wanted = turns(spans, position)
    days = {
        fact.position: local_date(fact.event.occurred_at, zone)
        for start in range(0, len(wanted), PAGE_EVENTS)
        for fact in facts_at(connection, wanted[start : start + PAGE_EVENTS])
    }
    payroll = Payroll(zone)
    for fact in facts_of(connection, payroll_streams(connection, district_id), position):
        payroll.book(fact)
    return [*accruals(owed, waits, days.__getitem__, position), *payroll.entries]
