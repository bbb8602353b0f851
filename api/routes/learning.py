"""Learning: a teacher plans what she means to earn, and says what she opened and completed.

All of it is hers alone to write and to read, whoever employs her, and nothing counts by it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Response
from psycopg import Connection

from api.access import must_be
from api.answers import recorded
from api.learning_plans import PlanProgress, progress
from api.paging import PageOf
from api.reading import PagedAsOfReadNow, PagedKnownReadNow, zone_of_person
from api.routing import Router
from api.transcripts import LINES_MAX
from api.words import words_about
from api.writing import Write, WriteNow
from ledger.aggregates.learning_plan import LearningPlan
from ledger.commands import learning as steps
from ledger.commands import learning_plan as plans
from ledger.events.learning import ModuleCompleted, ResourceOpened
from ledger.rules.learning_plans import percent_done
from ledger.values import POSITION_MAX, Positive, ShortText, Slug, Value
from projections import history, known, learning, transcript
from projections.learning import Taken
from projections.transcript import Line

router = Router("learning")
TITLE = "plan-title"  # what the vault calls it
VIEWS = ("learning", "catalog")


class NewPlan(Value):
    """What she calls it: words of her own, which stay in the vault."""

    title: ShortText


class PlanCredential(Value):
    """Which micro-credential."""

    credential_id: UUID


class PlanOrder(Value):
    """All that is in the plan, in the order it is to have."""

    credential_ids: tuple[UUID, ...]


class LearningStep(Value):
    """Which resource of which version, as the catalog lists it."""

    credential_id: UUID
    credential_version: Positive
    resource: Slug


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningProgress:
    """How far she has come with what a version lists. It is no part of any evidence."""

    credential_id: UUID
    credential_version: int
    title: str | None  # null for a moment, while the catalog catches up
    resources: int  # listed, modules among them
    opened: int
    modules: int
    completed: int
    percent_completed: int  # of the modules, rounded down
    listed: list[Taken]


@router.write("/people/{person_id}/learning-plans")
def create_learning_plan(person_id: UUID, body: NewPlan, write: WriteNow) -> Response:
    """Begin a plan of your own. Nobody else is shown it."""
    must_be(write.caller, person_id)
    title = write.keep(person_id, TITLE, body.title)
    return recorded(write.run(plans.create_learning_plan, body, person_id=person_id, title=title))


@router.write("/learning-plans/{plan_id}/additions")
def add_to_plan(plan_id: UUID, body: PlanCredential, write: WriteNow) -> Response:
    """Put a micro-credential at the end of your plan."""
    _own(write, plan_id)
    return recorded(write.run(plans.add_to_plan, body, plan_id=plan_id))


@router.write("/learning-plans/{plan_id}/removals")
def remove_from_plan(plan_id: UUID, body: PlanCredential, write: WriteNow) -> Response:
    """Take a micro-credential out of your plan; what you did for it stands."""
    _own(write, plan_id)
    return recorded(write.run(plans.remove_from_plan, body, plan_id=plan_id))


@router.write("/learning-plans/{plan_id}/orders")
def reorder_plan(plan_id: UUID, body: PlanOrder, write: WriteNow) -> Response:
    """Put your plan into another order."""
    _own(write, plan_id)
    return recorded(write.run(plans.reorder_plan, body, plan_id=plan_id))


@router.read("/people/{person_id}/learning-plans", PageOf[PlanProgress])
def list_learning_plans(person_id: UUID, read: PagedKnownReadNow) -> Response:
    """Your plans, each line with where it stands on a day, and how much of each is earned."""
    must_be(read.caller, person_id)
    after, limit = read.page.after(int, 0), read.page.limit
    with read.connection(person_id) as connection:
        position = read.visible(*VIEWS, "transcript", "history")
        zone = zone_of_person(connection, person_id)
        day = read.day(zone, read.query.effective_on)
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS, "history")
        enrolled = _enrolled(connection, person_id, as_of)
        with known.learning_of_person(connection, person_id, as_of):
            found = learning.plans_of_person(connection, person_id, after=after, limit=limit)
            named = learning.named(connection, {one for p in found for one in p.credential_ids})
    words = words_about(read.edge, person_id, [one.title_text_id for one in found])
    items = [
        progress(one, enrolled, named, title=words.get(one.title_text_id), day=day) for one in found
    ]
    key = found[-1].created_position if found else None
    return read.page.answer(items, min(as_of, position), key=key)


@router.write("/people/{person_id}/opened-resources")
def open_resource(person_id: UUID, body: LearningStep, write: WriteNow) -> Response:
    """Say that you opened a resource of a version. It is never evidence of a competency."""
    must_be(write.caller, person_id)
    return recorded(write.run(steps.record_step, body, person_id=person_id, step=ResourceOpened))


@router.write("/people/{person_id}/completed-modules")
def complete_module(person_id: UUID, body: LearningStep, write: WriteNow) -> Response:
    """Say that you went through a module. Only your own progress follows from it."""
    must_be(write.caller, person_id)
    return recorded(write.run(steps.record_step, body, person_id=person_id, step=ModuleCompleted))


@router.read("/people/{person_id}/learning", PageOf[LearningProgress])
def list_learning(person_id: UUID, read: PagedAsOfReadNow) -> Response:
    """What you opened and completed of each version's resources, and what is left of them."""
    must_be(read.caller, person_id)
    after, limit = read.page.after(int, 0), read.page.limit
    with read.connection(person_id) as connection:
        position = read.visible(*VIEWS)
        zone = zone_of_person(connection, person_id)
        as_of = read.known(connection, read.query.as_of, zone, *VIEWS)
        with known.learning_of_person(connection, person_id, as_of):
            begun = learning.begun_by_person(connection, person_id, after=after, limit=limit)
            ids = {one.credential_id for one in begun}
            taken = learning.resources_of_person(connection, person_id, ids)
    listed: dict[tuple[UUID, int], list[Taken]] = defaultdict(list)
    for each in taken:
        listed[each.credential_id, each.credential_version].append(each)
    items = [_progress(one, listed[one.credential_id, one.credential_version]) for one in begun]
    key = begun[-1].begun_position if begun else None
    return read.page.answer(items, min(as_of, position), key=key)


def _own(write: Write, plan_id: UUID) -> None:
    must_be(write.caller, write.edge.ledger.get(LearningPlan, plan_id).person_id)


def _enrolled(connection: Connection[Any], person_id: UUID, as_of: int) -> dict[UUID, list[Line]]:
    """What she had enrolled in as of a position, by micro-credential."""
    lines: Iterable[Line]
    if as_of >= POSITION_MAX:
        lines = transcript.of_person(connection, person_id, limit=LINES_MAX)
    else:
        events = history.events_of(connection, person_id, "enrollment", until=as_of)
        lines = transcript.lines_of(events)
    found: dict[UUID, list[Line]] = defaultdict(list)
    for line in lines:
        found[line.credential_id].append(line)
    return found


def _progress(begun: learning.Begun, listed: list[Taken]) -> LearningProgress:
    modules = [one for one in listed if one.kind == "module"]
    completed = sum(one.completed_at is not None for one in modules)
    return LearningProgress(
        credential_id=begun.credential_id,
        credential_version=begun.credential_version,
        title=begun.title,
        resources=len(listed),
        opened=sum(one.opened_at is not None for one in listed),
        modules=len(modules),
        completed=completed,
        percent_completed=percent_done(completed, len(modules)),
        listed=listed,
    )
