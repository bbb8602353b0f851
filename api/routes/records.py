"""A person's record: transcript, history, stacks, positions. It is hers; others see parts of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import Response
from psycopg import Connection
from pydantic import BaseModel

from api.accepted_lines import ELSEWHERE, accepted_lines
from api.access import (
    NOT_THERE,
    must_see_person,
    must_see_whole_record,
    sees_payout,
    sight_on,
    visible_districts,
)
from api.answers import ListOf, answer, answer_all
from api.directory import HeldPosition
from api.disclosures import shows_person
from api.dispute_notes import Notes, notes_on
from api.openings import brought_lines, opening_records
from api.paging import PageOf
from api.reading import (
    WITHOUT_ZONE,
    KnownReadNow,
    PagedAsOfReadNow,
    PagedKnownReadNow,
    Read,
    ReadNow,
    zone_of_person,
)
from api.renewals import LicenseUnits, brought
from api.routing import Router
from api.transcripts import (
    LINES_MAX,
    Made,
    ShownLine,
    duplicates_of,
    lines_as_of,
    made_by,
    shown,
    visible_lines,
)
from ledger.errors import NotFoundError
from ledger.values import POSITION_MAX
from ledger.vault import PersonDetails
from projections import employments, history, known, payouts, stacks, transcript
from projections.payouts import Payout

router = Router("records")
EXPLAINED = ("transcript", "history", "renewals", "stacks", "disputes", "payouts", ELSEWHERE)


class Person(BaseModel):
    """Who a person is, as the vault has it."""

    person_id: UUID
    details: PersonDetails | None
    erased: bool  # nothing will ever be known of her again; what she earned stands


class Explanation(BaseModel):
    """Why a line of a transcript says what it says."""

    line: ShownLine
    events: list[Made]
    hours_sat: str  # none, for it was shown and not sat; by which rule it counts instead
    licenses: list[LicenseUnits]  # what the award counts for, or why for nothing
    payouts: list[Payout]  # what policies make of it, as far as the reader may know


@router.read("/people/{person_id}/transcript", PageOf[ShownLine])
def read_transcript(person_id: UUID, read: PagedKnownReadNow) -> Response:
    """What a teacher set out to earn and what came of it; revoked and expired shown as such.

    A district sees what was decided while it employed her. What her districts' earlier systems had
    awarded stands among it with its origin, and what they accepted from elsewhere with the
    acceptance; a district sees what came from its own, and what it accepted itself.
    """
    after = read.page.after(int, 0)
    with read.connection(person_id) as connection:
        position = read.visible("transcript", "history", "disputes", ELSEWHERE)
        until = POSITION_MAX
        if read.query.as_of is None:
            found = transcript.of_person(connection, person_id, after=after, limit=LINES_MAX)
        else:
            zone = zone_of_person(connection, person_id)
            position = until = read.known(connection, read.query.as_of, zone, "history")
            then = lines_as_of(connection, [person_id], position)
            found = [line for line in then if line.enrolled_position > after]
        lines = visible_lines(connection, read.caller, person_id, found)[: read.page.limit]
        instead = duplicates_of(connection, read.edge.watch.ids_of(person_id))
        notes: Notes = {}
        if not found or found[0].disputed:
            notes = notes_on(read.edge, connection, person_id, until=until)
        day = read.query.effective_on
        items = [shown(line, read.at, day, instead, notes) for line in lines]
        if not found or found[0].brought:
            came = _brought(read, connection, person_id, notes, until=until)
            items += [line for line in came if line.position > after]
        items = sorted(items, key=lambda line: line.position)[: read.page.limit]
        issuers = {line.issuer_id for line in items if line.issuer_id is not None}
        shows_person(read, connection, "transcript", person_id, issuer_ids=issuers)
    return read.page.answer(items, position, key=items[-1].position if items else None)


@router.read("/people/{person_id}", Person)
def read_person(person_id: UUID, read: ReadNow) -> Response:
    """Who a person is: for herself, and for the districts that employ or employed her."""
    with read.connection(person_id) as connection:
        position = read.visible("employments")
        district_id = must_see_person(read.caller, connection, person_id)
        shows_person(read, connection, "person", person_id)
    details = read.edge.vault.get_details([person_id], district_id).get(person_id)
    body = {
        "person_id": person_id,
        "details": details.model_dump() if details else None,
        "erased": details is None and bool(read.edge.vault.erased([person_id])),
    }
    return answer(body, position=position)


@router.read("/people/{person_id}/transcript/{enrollment_id}/explanation", Explanation)
def explain_transcript_line(
    person_id: UUID,
    enrollment_id: UUID,
    read: KnownReadNow,
) -> Response:
    """Which events made a line, where in the log and by whom; and what it brings her licenses."""
    with read.connection(person_id) as connection:
        position = read.visible(*EXPLAINED)
        zone = zone_of_person(connection, person_id)
        if read.query.as_of is None:
            found = transcript.of_enrollment(connection, enrollment_id)
            own = [found] if found is not None and found.person_id == person_id else []
        else:
            position = read.known(connection, read.query.as_of, zone, "transcript", "history")
            then = lines_as_of(connection, [person_id], position)
            own = [line for line in then if line.enrollment_id == enrollment_id]
        until = POSITION_MAX if read.query.as_of is None else position
        notes = notes_on(read.edge, connection, person_id, until=until)
        instead = duplicates_of(connection, read.edge.watch.ids_of(person_id))
        lines = [
            shown(one, read.at, read.query.effective_on, instead, notes)
            for one in visible_lines(connection, read.caller, person_id, own)
        ]
        came = _brought(read, connection, person_id, notes, until=until)
        lines += [one for one in came if one.enrollment_id == enrollment_id]
        if not lines:
            raise NotFoundError(NOT_THERE)
        line = lines[0]
        day = read.day(zone, read.query.effective_on)
        units = brought(
            connection,
            sight_on(read.caller, connection, person_id),
            person_id,
            enrollment_id,
            until=until,
            day=day,
        )
        paid = payouts.of_subject(
            connection, person_id, enrollment_id, effective_on=day, as_of=until
        )
        shows_person(
            read,
            connection,
            "transcript-line",
            person_id,
            issuer_ids=[line.issuer_id] if line.issuer_id is not None else [],
            thing_id=enrollment_id,
        )
        made = made_by(connection, person_id, line)
    seen = [one for one in paid if sees_payout(read.caller, person_id, one.district_id)]
    body = {
        "line": line,
        "events": made,
        "hours_sat": _hours_sat(units),
        "licenses": units,
        "payouts": seen,
    }
    return answer(body, position=position)


def _hours_sat(units: Sequence[LicenseUnits]) -> str:
    counted = {one.rule for one in units if one.rule and one.counted.units_hundredths > 0}
    return "; ".join(["n/a", *(f"credit by rule {one}" for one in sorted(counted))])


def _brought(
    read: Read[Any], connection: Connection[Any], person_id: UUID, notes: Notes, *, until: int
) -> list[ShownLine]:
    """Awards of earlier systems and from elsewhere, as far as they are the caller's to see."""
    sight, day = sight_on(read.caller, connection, person_id), read.query.effective_on
    records = opening_records(connection, person_id, sight, until=until)
    accepted = accepted_lines(
        read.edge, connection, person_id, sight, notes, until=until, at=read.at, effective_on=day
    )
    return [*brought_lines(records, read.at, day), *accepted]


@router.read("/people/{person_id}/history", PageOf[history.Happening])
def read_history(person_id: UUID, read: PagedAsOfReadNow) -> Response:
    """Everything that happened to a teacher, in order: an index into the log."""
    must_see_whole_record(read.caller, person_id)
    with read.connection(person_id) as connection:
        position = read.visible("history")
        zone = zone_of_person(connection, person_id)
        as_of = read.known(connection, read.query.as_of, zone, "history")
        after, limit = read.page.after(int, 0), read.page.limit
        found = history.of_person(connection, person_id, after=after, until=as_of, limit=limit)
        shows_person(read, connection, "history", person_id)
    position = min(as_of, position)
    return read.page.answer(found, position, key=found[-1].position if found else None)


@router.read("/people/{person_id}/stacks", ListOf[stacks.TitledLine])
def read_stack_progress(person_id: UUID, read: KnownReadNow) -> Response:
    """How far she has come with each stack that she was ever awarded a part of."""
    must_see_whole_record(read.caller, person_id)
    with read.connection(person_id) as connection:
        position = read.visible("stacks")
        zone = zone_of_person(connection, person_id)
        as_of = read.known(connection, read.query.as_of, zone, "stacks")
        day = read.day(zone, read.query.effective_on)
        with known.stacks_of_person(connection, person_id, as_of):
            found = stacks.of_person(connection, person_id, effective_on=day)
        shows_person(read, connection, "stacks", person_id)
    return answer_all(found, min(as_of, position))


@router.read("/people/{person_id}/employments", ListOf[HeldPosition])
def read_employments(person_id: UUID, read: KnownReadNow) -> Response:
    """Every position she holds or held, or held on a day; a district sees its own."""
    with read.connection(person_id) as connection:
        position = read.visible("employments")
        held = employments.of_person(connection, person_id)
        districts = visible_districts(read.caller, person_id, {one.district_id for one in held})
        zone = held[-1].zone if held else WITHOUT_ZONE
        as_of = read.known(connection, read.query.as_of, zone, "employments")
        with known.employments_of_person(connection, person_id, as_of):
            held = employments.of_person(connection, person_id)
        shows_person(read, connection, "employments", person_id)
    day = read.query.effective_on
    items = [
        one
        for one in held
        if one.district_id in districts and (day is None or one.segment_on(day) is not None)
    ]
    return answer_all(items, min(as_of, position))
