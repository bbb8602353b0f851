"""What changed between two positions: "what since the last audit", for a district or a teacher."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Response
from psycopg import Connection

from api.accepted_lines import ELSEWHERE
from api.access import district_changes, must_see_whole_record
from api.changes import OF_DISTRICT, OF_PAYROLL, OF_PERSON, Change, Comparison, Kind
from api.disclosures import shows, shows_person
from api.paging import PageOf
from api.reading import AsOf, EffectiveOn, PageQuery, Read, reading, zone_of_person
from api.routing import Router
from ledger.aggregates.organization import Organization
from ledger.errors import InvalidError
from projections.changes import Between

router = Router("changes")
VIEWS = (
    *("transcript", "reviews", "history", "employments", "stacks", "payouts", "renewals"),
    ELSEWHERE,
)


class SpanReversedError(InvalidError):
    """The later of two positions comes first."""

    slug = "span-reversed"


class ChangesQuery(PageQuery):
    """Between which two positions, and of what kind."""

    since: AsOf = None  # the beginning of the log where none is given
    until: AsOf = None  # now, and the same now for all pages
    effective_on: EffectiveOn = None
    kind: Kind | None = None


class Changes(PageOf[Change]):
    """A page of changes, after one position and up to another."""

    since: int
    until: int


ChangesReadNow = Annotated[Read[ChangesQuery], Depends(reading(ChangesQuery))]


@router.read("/districts/{district_id}/changes", Changes)
def list_district_changes(district_id: UUID, read: ChangesReadNow) -> Response:
    """What a district's reports say otherwise than they did: before, after, and by which events.

    Awards and transcript lines decided while it employed somebody, employments, payouts with their
    sums, policies; for its payroll office payouts and sums alone.
    """
    whole = district_changes(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    with read.connection() as connection:
        between = _between(read, connection, zone)
        comparison = Comparison(read, connection, between, zone, district_id=district_id)
        found = _page(comparison, OF_DISTRICT if whole else OF_PAYROLL)
    persons = {one.person_id for one in found if one.person_id is not None}
    shows(read, "changes", persons, within=[district_id])
    return _answer(read, between, found)


@router.read("/people/{person_id}/changes", Changes)
def list_person_changes(person_id: UUID, read: ChangesReadNow) -> Response:
    """What a teacher's reports say otherwise than they did, for herself and the state's auditors.

    Awards and transcript lines, reviews, stack progress, employments and payouts of all districts.
    """
    must_see_whole_record(read.caller, person_id)
    with read.connection(person_id) as connection:
        zone = zone_of_person(connection, person_id)
        between = _between(read, connection, zone)
        comparison = Comparison(read, connection, between, zone, person_id=person_id)
        found = _page(comparison, OF_PERSON)
        shows_person(read, connection, "changes", person_id)
    return _answer(read, between, found)


def _between(read: Read[ChangesQuery], connection: Connection[Any], zone: str) -> Between:
    """The two positions. A page that follows another keeps the end that the first one found."""
    newest = read.visible(*VIEWS)
    query = read.query
    since = read.known(connection, query.since or "0", zone, *VIEWS)
    if query.until is None:
        until = read.page.after(tuple[str, str, int], ("", "", newest))[2]
    else:
        until = read.known(connection, query.until, zone, *VIEWS)
    if since > until:
        raise SpanReversedError(f"position {since} comes after {until}")
    return Between(since, until)


def _page(comparison: Comparison, kinds: tuple[Kind, ...]) -> list[Change]:
    read = comparison.read
    wanted = read.query.kind
    chosen = [kind for kind in kinds if wanted in {None, kind}]
    kind, key, _ = read.page.after(tuple[str, str, int], ("", "", 0))
    return comparison.page(chosen, (kind, key), read.page.limit)


def _answer(read: Read[ChangesQuery], between: Between, found: list[Change]) -> Response:
    key = (found[-1].kind, found[-1].id, between.until) if found else None
    more = {"since": between.since, "until": between.until}
    return read.page.answer(found, between.until, key=key, **more)
