"""The awards of a district's staff, for its operational data store: views and vault joined."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection

from api.clock import wall
from api.directory import positions_on
from api.edge import Edge
from api.exports.edfi import KIND, STAFF_ID_CHARACTERS_MAX, Held, Staff
from api.reading import position_of
from api.transcripts import decided_within, lines_as_of
from ledger.aggregates.organization import Organization
from ledger.store import EVERYTHING
from ledger.values import POSITION_MAX, local_date
from ledger.vault import PersonDetails
from projections import employments, known, transcript
from projections.transcript import TitledLine

VIEWS = ("transcript", "employments", "catalog")
PERSONS_AT_ONCE = 500


class StaffAwards(NamedTuple):
    """The awards, and whose they are."""

    awards: list[Held]
    person_ids: frozenset[UUID]


def staff_awards(
    edge: Edge,
    district_id: UUID,
    *,
    as_of: str | None = None,
    effective_on: date | None = None,
) -> StaffAwards:
    """What those who work for a district on a day were awarded until then while it employed them.

    An award that was revoked ends on the day of the revocation: a data store that has it is told.
    Raises NotFoundError for a district that is none, and what `position_of` raises.
    """
    zone = edge.ledger.get(Organization, district_id).zone
    day = effective_on or local_date(wall(), zone)
    edge.visible(VIEWS, edge.ledger.recorder.last_position())
    with edge.reading([EVERYTHING]) as connection:
        until = position_of(edge, connection, as_of, zone, VIEWS)
        with known.employments_of_district(connection, district_id, until):
            held = sorted({one.person_id for one in positions_on(connection, district_id, day)})
            spans = employments.spans_of_persons(connection, held, district_id)
        lines = [
            line
            for start in range(0, len(held), PERSONS_AT_ONCE)
            for line in _lines(connection, held[start : start + PERSONS_AT_ONCE], until)
            if line.awarded_on is not None
            and line.awarded_on <= day
            and decided_within(line, spans.get(line.person_id, []))
        ]
    persons = frozenset(line.person_id for line in lines)
    details = edge.vault.get_details(persons, district_id)
    staff = {one: _staff(kept) for one, kept in details.items()}
    return StaffAwards([_held(line, staff.get(line.person_id), day) for line in lines], persons)


def _lines(connection: Connection[Any], person_ids: Sequence[UUID], until: int) -> list[TitledLine]:
    if until >= POSITION_MAX:
        return transcript.of_persons(connection, person_ids)
    return lines_as_of(connection, person_ids, until)


def _staff(known: PersonDetails) -> Staff | None:
    """A staff member by her legal name; none where the district has not said all that it takes."""
    staff_id, given, family = known.employee_number, known.given_name, known.family_name
    if not (given and family and 0 < len(staff_id) <= STAFF_ID_CHARACTERS_MAX):
        return None
    return Staff(staff_id, given, family)


def _held(line: TitledLine, staff: Staff | None, day: date) -> Held:
    assert line.awarded_on is not None, "only awards are exported"
    revoked_on = line.revoked_on if line.revoked_on and line.revoked_on <= day else None
    ends = [one for one in (line.expires_on, revoked_on) if one is not None]
    return Held(
        award_id=line.enrollment_id,
        title=line.title or KIND,
        awarded_on=line.awarded_on,
        ends_on=min(ends, default=None),
        staff=staff,
    )
