"""An award and the course it was exchanged for: one counts, wherever they are added up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

from ledger.rules.entitlements.facts import Activity
from ledger.rules.pairs import Exchange, left_out
from tests.rules.dossiers import OnFile, shipped
from tests.samples import named

AWARD, COURSE, OTHER = (named(name) for name in ("mc", "course", "another course"))
PAIR = [Exchange(AWARD, COURSE)]


def test_the_one_that_is_worth_more_counts_and_of_equals_the_course() -> None:
    assert left_out(PAIR, {AWARD: Fraction(1), COURSE: Fraction(2)}) == {AWARD: COURSE}
    assert left_out(PAIR, {AWARD: Fraction(2), COURSE: Fraction(1)}) == {COURSE: AWARD}
    assert left_out(PAIR, {AWARD: Fraction(1), COURSE: Fraction(1)}) == {AWARD: COURSE}


def test_where_one_is_worth_nothing_or_is_not_there_nothing_is_left_out() -> None:
    assert left_out(PAIR, {AWARD: Fraction(0), COURSE: Fraction(1)}) == {}
    assert left_out(PAIR, {AWARD: Fraction(1)}) == {}
    assert left_out([], {AWARD: Fraction(1), COURSE: Fraction(1)}) == {}


def test_an_award_that_is_out_already_leaves_a_second_course_alone() -> None:
    pairs = [*PAIR, Exchange(AWARD, OTHER)]
    worth = {AWARD: Fraction(1), COURSE: Fraction(1), OTHER: Fraction(1)}
    assert left_out(pairs, worth) == {AWARD: COURSE}


def exchanged(day: date) -> OnFile:
    """One award of the association, and the graduate credit that a university gave for it."""
    file = OnFile().hired(date(2020, 8, 17))
    file.award(
        "mc",
        date(2025, 3, 1),
        issuer="association",
        started=date(2025, 1, 7),
        approved=date(2025, 1, 6),
        documents=date(2025, 3, 10),
    )
    course = Activity(
        COURSE, "university_credit", "any", 100, day, day, file.next(), exchanged_for=AWARD
    )
    file.add("activities", course)
    file.note("approval", "course", date(2025, 1, 6))
    return file.note("document", "course", day)


def test_a_lane_counts_the_award_or_its_credit_and_names_the_pair() -> None:
    """15 hours of micro-credential and its one graduate credit: the lane counts 1, not 2."""
    evaluation = exchanged(date(2025, 4, 1)).under(shipped("I2"))
    assert evaluation.balance is not None
    assert evaluation.balance.counted == 1
    (award, course) = evaluation.contributions
    assert (award.counts, course.counts) == (False, True)
    (said,) = [check for check in award.checks if check["rule"] == "not_exchanged"]
    assert said["reason"] == "exchanged"
    assert said["inputs"] == {"counts_instead": COURSE}


def test_a_course_whose_papers_never_came_leaves_the_award_in_its_place() -> None:
    late = exchanged(date(2025, 8, 1))
    papers = tuple(note for note in late.dossier.notes if note.subject_id != COURSE)
    late.dossier = replace(late.dossier, notes=papers)
    award, course = late.under(shipped("I2")).contributions
    assert (award.counts, course.counts) == (True, False)
