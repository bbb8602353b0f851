"""What a report says as of an earlier position is what it said when the log ended there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from ledger.events import LedgerEvent
from ledger.events.merge import MERGES, PersonsMerged
from ledger.store import Role
from ledger.values import POSITION_MAX
from projections import budgets, catalog, employments, history, known, reviews, stacks
from projections.batches import Batches
from projections.budgets import BudgetLine
from projections.catalog_rows import Search
from projections.payouts import Payouts
from projections.reviews import Reviews
from projections.simulation import simulate
from projections.stacks import Stacks
from tests.database import Server
from tests.projections.histories import CREDENTIALS, DAYS, POLICIES, STACKS, World, all_of, worlds
from tests.projections.histories import TEACHERS as HOLDERS
from tests.projections.lives import TEACHERS, lives
from tests.projections.logs import Log, a_log
from tests.projections.ruled import HERE, RuledWorld, ruled_worlds
from tests.rules.dossiers import plain_rule
from tests.samples import (
    CREDENTIAL,
    DISTRICT,
    EARNER,
    ISSUER,
    MONDAY,
    STACK,
    Story,
    header,
    issuer_events,
    named,
)

Reader = Connection[Any]
FAR = date(2099, 1, 1)
SOON = date(2025, 7, 1)
SOMEWHERE = st.floats(0, 1)  # in a log
FEW = settings().max_examples // 8  # each example plays a log into a real database twice


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


class Reports:
    """Every report there is, as of a position; the newest is what the live tables say."""

    @staticmethod
    def stacks_of_person(reader: Reader, person: UUID, position: int) -> Any:
        with known.stacks_of_person(reader, person, position):
            return [stacks.of_person(reader, person, effective_on=day) for day in (SOON, FAR)]

    @staticmethod
    def holders(reader: Reader, stack: UUID, position: int) -> Any:
        with known.holders_of_stack(reader, stack, position):
            return stacks.of_stack(reader, stack, effective_on=SOON)

    @staticmethod
    def employments_of_person(reader: Reader, person: UUID, position: int) -> Any:
        with known.employments_of_person(reader, person, position):
            return employments.of_person(reader, person)

    @staticmethod
    def employments_of_district(reader: Reader, district: UUID, position: int) -> Any:
        with known.employments_of_district(reader, district, position):
            return employments.of_district(reader, district, from_day=date.min, to_day=FAR)

    @staticmethod
    def organizations(reader: Reader, district: UUID, position: int) -> Any:
        with known.organizations(reader, position):
            return employments.organizations(reader, district), employments.districts(reader)

    @staticmethod
    def queue(reader: Reader, issuer: UUID, position: int) -> Any:
        with known.queue_of_issuer(reader, issuer, position):
            return reviews.queue(reader, issuer)

    @staticmethod
    def review(reader: Reader, enrollment: UUID, position: int) -> Any:
        with known.review(reader, enrollment, position):
            return reviews.find_review(reader, enrollment)

    @staticmethod
    def catalog(reader: Reader, credential: UUID, position: int) -> Any:
        with known.catalog(reader, position):
            return (
                catalog.search(reader, Search(words="under")),
                catalog.facets(reader),
                catalog.find_credential(reader, credential),
                catalog.versions_of(reader, credential),
                catalog.issuers(reader),
                catalog.stacks(reader),
            )

    @staticmethod
    def history(reader: Reader, person: UUID, position: int) -> Any:
        return history.of_person(reader, person, until=position, limit=1000)


ABOUT: list[tuple[Callable[[Reader, UUID, int], Any], Sequence[UUID]]] = [
    (Reports.stacks_of_person, TEACHERS[:2]),
    (Reports.holders, [STACK]),
    (Reports.employments_of_person, TEACHERS[:2]),
    (Reports.employments_of_district, [DISTRICT]),
    (Reports.organizations, [DISTRICT]),
    (Reports.queue, [ISSUER]),
    (Reports.catalog, [CREDENTIAL]),
    (Reports.history, TEACHERS[:2]),
]


def all_reports(log: Log, enrollments: Sequence[UUID], position: int) -> list[Any]:
    about = [*ABOUT, (Reports.review, enrollments)]
    return [report(log.reader, one, position) for report, ids in about for one in ids]


@settings(max_examples=FEW)
@given(lives(teachers=2), SOMEWHERE)
def test_every_report_as_of_a_position_is_what_it_said_there(
    log: Log, events: Sequence[LedgerEvent], somewhere: float
) -> None:
    cut = round(somewhere * len(events))
    enrollments = sorted({e.originator_id for e in events if e.TOPIC.startswith("enrollment.")})
    log.empty()
    log.fill(events[:cut])
    log.catch_up()
    then = all_reports(log, enrollments, POSITION_MAX)
    log.fill(events[cut:])
    log.catch_up(page_events=50)
    assert all_reports(log, enrollments, cut) == then
    now = all_reports(log, enrollments, POSITION_MAX)
    assert all_reports(log, enrollments, len(events)) == now


@settings(max_examples=FEW)
@given(worlds(), SOMEWHERE)
def test_stack_progress_as_of_a_position_is_what_it_was_there(
    log: Log, world: World, somewhere: float
) -> None:
    """Definitions, awards, revocations and retirements of every kind."""
    events = [fact.event for fact in world.facts]
    cut = round(somewhere * len(events))

    def progress(position: int) -> list[Any]:
        found = [Reports.stacks_of_person(log.reader, one, position) for one in HOLDERS]
        return found + [Reports.holders(log.reader, one, position) for one in STACKS]

    log.empty()
    log.fill(events[:cut])
    log.catch_up([Stacks()])
    then = progress(POSITION_MAX)
    log.fill(events[cut:])
    log.catch_up([Stacks()])
    assert progress(cut) == then


def money(reader: Reader, last: int, as_of: int) -> list[Any]:
    """What a district's years cost, and what a draft would have: alone, and beside each policy."""
    adopted = {one.policy_id for one in known.policies_known(reader, HERE, as_of)}
    position = min(last, as_of)
    found: list[Any] = budgets.of_district(
        reader, HERE, at=MONDAY, today=DAYS[1], position=position, as_of=as_of
    )
    rule = plain_rule(pool={"budget_cents": 70_000})
    for compared in (set(), *({one} for one in sorted(adopted))):
        about: dict[str, Any] = {"policy_id": next(iter(compared), None), "as_of": as_of}
        found.append(simulate(reader, HERE, rule, from_day=DAYS[0], to_day=FAR, **about))
    return found


@settings(max_examples=FEW)
@given(st.one_of(worlds(), ruled_worlds()), SOMEWHERE, SOMEWHERE)
def test_budgets_and_drafts_as_of_a_position_are_what_they_were_there(
    log: Log, world: World, somewhere: float, together: float
) -> None:
    """Two records become one person's somewhere: before or behind the position."""
    events = [fact.event for fact in world.facts]
    merged = PersonsMerged(
        **header(MERGES, 1, MONDAY),
        person_id=HOLDERS[0],
        merged_id=HOLDERS[1],
        reason="duplicate_account",
        requested_by=named("one"),
        confirmed_by=named("another"),
    )
    events.insert(round(together * len(events)), merged)
    cut = round(somewhere * len(events))
    views = [Payouts(), Batches(), Reviews()]
    log.empty()
    log.fill(events[:cut])
    log.catch_up(views)
    then = money(log.reader, cut, POSITION_MAX)
    log.fill(events[cut:])
    log.catch_up(views)
    assert money(log.reader, len(events), cut) == then
    now = money(log.reader, len(events), POSITION_MAX)
    assert money(log.reader, len(events), len(events)) == now


def test_what_was_in_review_is_foreseen_by_the_day_it_was_handed_in_on(log: Log) -> None:
    """300.00 by a rule that had ended when the award is imagined, and not when she handed in."""
    world = RuledWorld()
    governed = {"versioning": {"governed_by": "submitted"}}
    world.adopt_rule(plain_rule(effective_to=date(2024, 12, 31), **governed))
    world.employ(EARNER, HERE, first_day=date(2020, 8, 17))
    story = Story().submitted()
    begun = [*issuer_events(), *(fact.event for fact in world.facts), *story.events]
    log.empty()
    log.fill(begun)
    log.catch_up()
    now, cut = money(log.reader, len(begun), POSITION_MAX), len(begun)
    assert [line.forecast.amount_cents for line in now if isinstance(line, BudgetLine)] == [30_000]
    world.retire(POLICIES[2], DAYS[0])
    log.fill([world.facts[-1].event])
    log.catch_up()
    assert money(log.reader, log.last(), cut) == now != money(log.reader, log.last(), POSITION_MAX)


def test_nothing_is_left_of_what_was_looked_at(log: Log) -> None:
    world = World()
    world.define(STACKS[0], all_of(*CREDENTIALS[:2]), None, DAYS[0])
    world.award(HOLDERS[0], CREDENTIALS[0], DAYS[1])
    world.award(HOLDERS[0], CREDENTIALS[1], DAYS[1])
    log.empty()
    log.fill([fact.event for fact in world.facts])
    log.catch_up()
    live = log.dump()
    for position, percent in ((5, []), (6, [50]), (7, [100]), (POSITION_MAX, [100])):
        with known.stacks_of_person(log.reader, HOLDERS[0], position):
            found = stacks.of_person(log.reader, HOLDERS[0], effective_on=DAYS[1])
        assert [line.percent for line in found] == percent
    assert log.dump() == live
    temporary = "SELECT count(*) FROM pg_class WHERE relpersistence = 't'"
    assert log.reader.execute(temporary).fetchone() == (0,)


def test_a_connection_that_met_an_error_is_not_used_again(log: Log) -> None:
    with closing(log.database.connect(role=Role.READ)) as reader:
        path = reader.execute("SHOW search_path").fetchone()
        with known.catalog(reader, 1):
            assert reader.execute("SHOW search_path").fetchone() != path
        assert reader.execute("SHOW search_path").fetchone() == path
        with pytest.raises(ZeroDivisionError), known.catalog(reader, 1):
            raise ZeroDivisionError
        assert reader.closed
