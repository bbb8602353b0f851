"""What came of whole classes: brought by a district, and given away without whose they were.

No student is here by any name, number or row; of a teacher's classes she herself, her staff office
and auditors are shown what is on file.
"""

from __future__ import annotations

from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.access import must_see_district, must_see_facts
from api.access_keeping import must_keep, must_keep_of_days
from api.answers import ListOf, answer, answer_all, recorded
from api.disclosures import shows
from api.reading import AsOfReadNow
from api.routing import Router
from api.writing import WriteNow
from ledger.aggregates.organization import Organization
from ledger.commands import class_outcome as commands
from ledger.events.class_outcome import Classes, TermName
from ledger.rules.suppression import CELL_MIN
from ledger.rules.terms import term_named
from ledger.store import EVERYTHING
from ledger.values import Slug, Value
from projections import class_outcomes
from projections.class_outcomes import OutcomeCell, TermOutcomes

router = Router("extracts")


class NewClassOutcomes(Value):
    """All classes that a teacher taught in a term, by any number of measures."""

    term: TermName
    classes: Classes


class OutcomesWithdrawal(Value):
    """Of which term what was said is taken back, and why."""

    term: TermName
    reason: Slug


class OutcomeExtract(BaseModel):
    """The classes of those who held a micro-credential when a term began, beside all others."""

    cell_min: int  # of fewer teachers nothing is shown, and no class has fewer students
    cells: list[OutcomeCell]


@router.read("/districts/{district_id}/award-outcomes", OutcomeExtract)
def read_award_outcomes(district_id: UUID, read: AsOfReadNow) -> Response:
    """What came of classes by award, term and measure, for analysis. It says nothing of why.

    The numbers are null where fewer than ten teachers are in a cell, or in its counterpart.
    """
    must_see_district(read.caller, district_id)
    zone = read.edge.ledger.get(Organization, district_id).zone
    position = read.visible(*class_outcomes.VIEWS)
    with read.edge.reading([EVERYTHING]) as connection:
        as_of = read.known(connection, read.query.as_of, zone, *class_outcomes.VIEWS)
        with class_outcomes.known(connection, district_id, as_of):
            found = class_outcomes.of_district(connection, district_id)
    return answer({"cell_min": CELL_MIN, "cells": found}, position=min(as_of, position))


@router.read("/districts/{district_id}/people/{person_id}/class-outcomes", ListOf[TermOutcomes])
def list_class_outcomes(district_id: UUID, person_id: UUID, read: AsOfReadNow) -> Response:
    """What a district says came of a teacher's classes, term by term."""
    position = read.visible(*class_outcomes.VIEWS)
    with read.connection(person_id) as connection:
        must_see_facts(read.caller, connection, district_id, person_id)
        zone = read.edge.ledger.get(Organization, district_id).zone
        as_of = read.known(connection, read.query.as_of, zone, *class_outcomes.VIEWS)
        with class_outcomes.known_of_person(connection, district_id, person_id, as_of):
            found = class_outcomes.of_person(connection, district_id, person_id)
    shows(read, "facts", [person_id], within=[district_id])
    return answer_all(found, min(as_of, position))


@router.write("/districts/{district_id}/people/{person_id}/class-outcomes")
def report_class_outcomes(
    district_id: UUID, person_id: UUID, body: NewClassOutcomes, write: WriteNow
) -> Response:
    """Say what came of all her classes in a term; said again it stands instead."""
    term = term_named(body.term)
    must_keep_of_days(write, district_id, person_id, term.first_day, term.last_day)
    known = {"district_id": district_id, "person_id": person_id}
    return recorded(write.run(commands.report_class_outcomes, body, **known))


@router.write("/districts/{district_id}/people/{person_id}/class-outcome-withdrawals")
def withdraw_class_outcomes(
    district_id: UUID, person_id: UUID, body: OutcomesWithdrawal, write: WriteNow
) -> Response:
    """Take back what was said of her classes in a term."""
    must_keep(write, district_id, person_id)
    known = {"district_id": district_id, "person_id": person_id}
    return recorded(write.run(commands.withdraw_class_outcomes, body, **known))
