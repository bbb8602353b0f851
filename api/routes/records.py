"""A person's record: transcript, history, stacks, positions. It is hers; others see parts of it."""

from __future__ import annotations

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import (
    NOT_THERE,
    must_see_person,
    must_see_whole_record,
    visible_districts,
)
from api.answers import ListOf, answer, answer_all
from api.dependencies import CallerNow, EdgeNow, PageNow
from api.directory import HeldPosition
from api.moments import MomentNow, zone_of_person
from api.paging import PageOf
from api.routing import Router
from api.transcripts import Made, ShownLine, lines_as_of, made_by, shown, visible_lines
from ledger.errors import NotFoundError
from ledger.vault import PersonDetails
from projections import employments, history, stacks, transcript

router = Router("records")
LINES_MAX = 1000  # of one person, more than anybody enrolls for; what is hidden is left out of them


class Person(BaseModel):
    """Who a person is, as the vault has it."""

    person_id: UUID
    details: PersonDetails | None


class Explanation(BaseModel):
    """Why a line of a transcript says what it says."""

    line: ShownLine
    events: list[Made]


@router.read("/people/{person_id}", Person)
def read_person(person_id: UUID, caller: CallerNow, edge: EdgeNow) -> Response:
    """Who a person is: for herself, and for the districts that employ or employed her."""
    with edge.reading() as connection:
        must_see_person(caller, connection, person_id)
    details = edge.vault.get_details([person_id]).get(person_id)
    return answer({"person_id": person_id, "details": details.model_dump() if details else None})


@router.read("/people/{person_id}/transcript", PageOf[ShownLine])
def read_transcript(
    person_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow, page: PageNow
) -> Response:
    """What a teacher set out to earn and what came of it; revoked and expired shown as such.

    A district sees what was decided while it employed her.
    """
    after = page.after(int, 0)
    with edge.reading() as connection:
        position = moment.visible("transcript")
        if moment.as_of is None:
            found = transcript.of_person(connection, person_id, after=after, limit=LINES_MAX)
        else:
            zone = zone_of_person(connection, person_id)
            position = moment.known(connection, zone, "history")
            known = lines_as_of(connection, person_id, position)
            found = [line for line in known if line.enrolled_position > after]
        lines = visible_lines(connection, caller, person_id, found)[: page.limit]
    items = [shown(line, moment.at, moment.effective_on) for line in lines]
    return page.answer(items, position, key=lines[-1].enrolled_position if lines else None)


@router.read("/people/{person_id}/transcript/{enrollment_id}/explanation", Explanation)
def explain_transcript_line(
    person_id: UUID, enrollment_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow
) -> Response:
    """Which events made a line: where in the log, when recorded, and by whom."""
    with edge.reading() as connection:
        position = moment.visible("transcript", "history")
        found = transcript.of_enrollment(connection, enrollment_id)
        own = [found] if found is not None and found.person_id == person_id else []
        lines = visible_lines(connection, caller, person_id, own)
        if not lines:
            raise NotFoundError(NOT_THERE)
        made = made_by(connection, lines[0])
    body = {"line": shown(lines[0], moment.at, moment.effective_on), "events": made}
    return answer(body, position=position)


@router.read("/people/{person_id}/history", PageOf[history.Happening])
def read_history(
    person_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow, page: PageNow
) -> Response:
    """Everything that happened to a teacher, in order: an index into the log."""
    must_see_whole_record(caller, person_id)
    with edge.reading() as connection:
        position = moment.visible("history")
        found = history.of_person(connection, person_id, after=page.after(int, 0), limit=page.limit)
    return page.answer(found, position, key=found[-1].position if found else None)


@router.read("/people/{person_id}/stacks", ListOf[stacks.TitledLine])
def read_stack_progress(
    person_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow
) -> Response:
    """How far she has come with each stack that she was ever awarded a part of."""
    must_see_whole_record(caller, person_id)
    with edge.reading() as connection:
        position = moment.visible("stacks")
        day = moment.day(zone_of_person(connection, person_id))
        found = stacks.of_person(connection, person_id, effective_on=day)
    return answer_all(found, position)


@router.read("/people/{person_id}/employments", ListOf[HeldPosition])
def read_employments(
    person_id: UUID, caller: CallerNow, edge: EdgeNow, moment: MomentNow
) -> Response:
    """Every position she holds or held; a district sees its own."""
    with edge.reading() as connection:
        position = moment.visible("employments")
        held = employments.of_person(connection, person_id)
        districts = visible_districts(caller, person_id, {one.district_id for one in held})
    return answer_all([one for one in held if one.district_id in districts], position)
