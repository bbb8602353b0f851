"""The awards of a district's staff, for its operational data store: views and vault joined."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from api.clock import wall
from api.directory import positions_on
from api.edge import Edge
from api.exports.edfi import KIND, STAFF_ID_CHARACTERS_MAX, Held, Staff
from api.transcripts import LINES_MAX, decided_within
from ledger.aggregates.organization import Organization
from ledger.store import EVERYTHING
from ledger.values import local_date
from ledger.vault import PersonDetails
from projections import employments, transcript
from projections.transcript import TitledLine

VIEWS = ("transcript", "employments", "catalog")


class StaffAwards(NamedTuple):
    """The awards, and whose they are."""

    awards: list[Held]
    person_ids: frozenset[UUID]


def staff_awards(edge: Edge, district_id: UUID) -> StaffAwards:
    """What those who work for a district today were awarded while it employed them.

    An award that was revoked ends on the day of the revocation: a data store that has it is told.
    Raises NotFoundError for a district that is none.
    """
    today = local_date(wall(), edge.ledger.get(Organization, district_id).zone)
    edge.visible(VIEWS, edge.ledger.recorder.last_position())
    with edge.reading([EVERYTHING]) as connection:
        held = positions_on(connection, district_id, today)
        lines = [
            line
            for person_id in sorted({one.person_id for one in held})
            for spans in [employments.spans(connection, person_id, district_id)]
            for line in transcript.of_person(connection, person_id, limit=LINES_MAX)
            if line.awarded_on is not None and decided_within(line, spans)
        ]
    persons = frozenset(line.person_id for line in lines)
    details = edge.vault.get_details(persons, district_id)
    staff = {one: _staff(known) for one, known in details.items()}
    return StaffAwards([_held(line, staff.get(line.person_id)) for line in lines], persons)


def _staff(known: PersonDetails) -> Staff | None:
    """A staff member by her legal name; none where the district has not said all that it takes."""
    staff_id, given, family = known.employee_number, known.given_name, known.family_name
    if not (given and family and 0 < len(staff_id) <= STAFF_ID_CHARACTERS_MAX):
        return None
    return Staff(staff_id, given, family)


def _held(line: TitledLine, staff: Staff | None) -> Held:
    assert line.awarded_on is not None, "only awards are exported"
    ends = [day for day in (line.expires_on, line.revoked_on) if day is not None]
    return Held(
        award_id=line.enrollment_id,
        title=line.title or KIND,
        awarded_on=line.awarded_on,
        ends_on=min(ends, default=None),
        staff=staff,
    )
