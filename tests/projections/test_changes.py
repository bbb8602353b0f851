"""Over random histories: pairs of rows lead from each report at one position to that at another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.events import LedgerEvent
from projections import changes, employments, known, payouts, reviews, stacks
from projections.changes import Between, Pair
from projections.contract import Fact
from projections.payouts import Payouts
from projections.stacks import Stacks
from projections.transcript import lines_of
from tests.database import Server
from tests.projections.histories import DAYS, DISTRICTS, World, worlds
from tests.projections.histories import TEACHERS as EARNERS
from tests.projections.lives import TEACHERS, lives
from tests.projections.logs import Log, a_log
from tests.samples import DISTRICT

SOMEWHERE = st.floats(0, 1)  # in a log
FEW = settings().max_examples // 4  # each example plays a log into a real database
DAY = DAYS[5]


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


def leads(
    before: Mapping[Any, Any], pairs: Mapping[Any, Pair[Any]], after: Mapping[Any, Any]
) -> None:
    """Changing what the pairs say, and nothing else, makes one report the other."""
    changed = dict(before)
    for key, pair in pairs.items():
        assert before.get(key) == pair.before
        if pair.before != pair.after:
            assert pair.positions, "what made it another is not named"
        if pair.after is not None:
            changed[key] = pair.after
        else:
            changed.pop(key, None)
    assert changed == after


def between(events: Sequence[Any], one: float, other: float) -> Between:
    first, last = sorted((round(one * len(events)), round(other * len(events))))
    return Between(first, last)


@settings(max_examples=FEW)
@given(lives(teachers=2), SOMEWHERE, SOMEWHERE)
def test_lines_reviews_and_employments(
    log: Log, events: Sequence[LedgerEvent], one: float, other: float
) -> None:
    span, reader = between(events, one, other), log.reader
    log.empty()
    log.fill(events)
    log.catch_up()
    facts = [Fact(n, event) for n, event in enumerate(events, start=1)]
    for person in TEACHERS[:2]:
        own = [fact for fact in facts if getattr(fact.event, "person_id", None) == person]
        at = {}
        for position in (span.since, span.until):
            lines = lines_of(fact for fact in own if fact.position <= position)
            at[position] = {line.enrollment_id: line for line in lines}
        found = changes.transcript_lines(reader, span, person_id=person)
        leads(at[span.since], found, at[span.until])
        jobs, desks = {}, {}
        for position in (span.since, span.until):
            with known.employments_of_person(reader, person, position):
                held = employments.of_person(reader, person)
            jobs[position] = {job.employment_id: job for job in held}
            desks[position] = {
                line.enrollment_id: review_at(log, line.enrollment_id, position)
                for line in at[position].values()
            }
        own_jobs = changes.employments(reader, span, person_id=person)
        leads(jobs[span.since], own_jobs, jobs[span.until])
        of_district = changes.employments(reader, span, district_id=DISTRICT)
        assert own_jobs.items() <= of_district.items()
        found_reviews = changes.reviews(reader, span, person)
        leads(desks[span.since], found_reviews, desks[span.until])


def review_at(log: Log, enrollment: UUID, position: int) -> Any:
    with known.review(log.reader, enrollment, position):
        return reviews.find_review(log.reader, enrollment)


@settings(max_examples=FEW)
@given(worlds(), SOMEWHERE, SOMEWHERE)
def test_payouts_sums_stacks_and_policies(log: Log, world: World, one: float, other: float) -> None:
    """With caps and budgets, so that one award moves the payouts of others."""
    events, reader = [fact.event for fact in world.facts], log.reader
    span = between(events, one, other)
    log.empty()
    log.fill(events)
    log.catch_up([Payouts(), Stacks()])

    def owed(position: int, person: UUID) -> dict[UUID, Any]:
        asked = {"effective_on": DAY, "as_of": position, "limit": 1000}
        return {one.payout_id: one for one in payouts.of_person(reader, person, **asked)}

    for person in EARNERS:
        found = changes.payouts(reader, span, DAY, person_id=person)
        leads(owed(span.since, person), found, owed(span.until, person))
        progress = []
        for position in (span.since, span.until):
            with known.stacks_of_person(reader, person, position):
                lines = stacks.of_person(reader, person, effective_on=DAY)
            progress.append({line.stack_id: line for line in lines})
        leads(progress[0], changes.stack_lines(reader, span, person, DAY), progress[1])
    for district in DISTRICTS:
        moved = changes.payouts(reader, span, DAY, district_id=district)
        pairs = changes.payout_totals(reader, span, DAY, district, moved)
        sums = [
            {
                (one.policy_id, one.fiscal_year, one.benefit): one
                for one in payouts.totals(reader, district, effective_on=DAY, as_of=position)
            }
            for position in (span.since, span.until)
        ]
        leads(sums[0], pairs, sums[1])
        adopted = [
            {
                (one.policy_id, one.policy_version): one
                for one in known.policies_known(reader, district, position)
            }
            for position in (span.since, span.until)
        ]
        leads(adopted[0], changes.policies(reader, span, district), adopted[1])
