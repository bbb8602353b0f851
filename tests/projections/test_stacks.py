"""Stack progress as people read it, and that it follows from the log however that is cut."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection

from ledger.events.stack import Group, StackDefined
from ledger.values import POSITION_MAX
from projections import holders
from projections.stacks import Definition, Stacks, TitledLine, definitions, of_person, of_stack
from tests.database import Server
from tests.projections.histories import (
    CREDENTIALS,
    DAYS,
    STACKS,
    TEACHERS,
    World,
    all_of,
    worlds,
)
from tests.projections.playing import dumps_however_cut, play, play_on, tables_of
from tests.projections.slow_payouts import completed
from tests.samples import group, named

STACKS_PROJECTION = Stacks()
FEW = settings().max_examples // 3  # each example plays a log into a real database
ANNE, BERTHA, CARLA = TEACHERS
MARCH, MAY, JULY = DAYS[0], DAYS[1], DAYS[3]
FAR = date(2099, 1, 1)


@pytest.fixture(scope="module")
def connection(database_server: Server) -> Iterator[Connection[Any]]:
    with tables_of(database_server, STACKS_PROJECTION) as connection:
        yield connection


def only(connection: Connection[Any], person: UUID = ANNE, day: date = MARCH) -> TitledLine:
    (line,) = of_person(connection, person, effective_on=day)
    return line


def test_progress_says_what_is_earned_and_what_is_missing(connection: Connection[Any]) -> None:
    """One of three parts: 33 %, rounded down; the other two by their ids."""
    world = World()
    world.define(STACKS[0], all_of(*CREDENTIALS[:3]), None, MARCH)
    world.award(ANNE, CREDENTIALS[0], MAY)
    play(connection, STACKS_PROJECTION, world.facts)
    line = only(connection)
    assert (line.percent, line.needed, line.remaining) == (33, 3, 2)
    assert line.earned == [CREDENTIALS[0]]
    assert line.missing == {
        "title": "Parts",
        "needed": 2,
        "credential_ids": [str(one) for one in CREDENTIALS[1:3]],
        "groups": [],
    }
    assert (line.title, line.stack_version, line.retired) == ("A stack", 1, False)
    assert line.completed_position is None
    assert line.positions == [5, 6]


def test_the_thirtieth_of_thirty_completes_and_a_revocation_undoes_it(
    connection: Connection[Any],
) -> None:
    """Muskego-Norway: 15 + 14 = 29 of 30 is 96 %, not complete; the 30th completes it, once.

    Revoking one leaves 29 and the completion on record as one that no longer stands.

    Source: docs/sources.md#stacks.
    """
    kinds = (group("foundational", 15), group("elective", 15))
    world = World()
    world.define(STACKS[0], Group(title="Both", needed=2, groups=kinds), None, MARCH)
    parts = [one for kind in kinds for one in kind.credential_ids]
    awards = [world.award(ANNE, part, MAY) for part in parts]
    play(connection, STACKS_PROJECTION, world.facts[:-1])
    line = only(connection)
    assert (line.percent, line.remaining, line.completed_on) == (96, 1, None)
    play_on(connection, STACKS_PROJECTION, world.facts[-1:])
    line = only(connection)
    completed_at = len(world.facts)
    assert (line.percent, line.missing, line.completion_stands) == (100, None, True)
    assert (line.completed_position, line.completed_on) == (completed_at, MAY)
    assert line.completed_by == list(range(6, 36))
    assert awards[0] is not None
    world.turn(awards[0])
    play_on(connection, STACKS_PROJECTION, world.facts[-1:])
    line = only(connection)
    assert (line.percent, line.completion_stands) == (96, False)
    assert line.completed_position == completed_at
    assert line.positions[-1] == len(world.facts)
    world.turn(awards[0])
    play_on(connection, STACKS_PROJECTION, world.facts[-1:])
    assert only(connection).completion_stands is True


def test_a_capstone_is_missing_until_it_is_earned(connection: Connection[Any]) -> None:
    world = World()
    world.define(STACKS[0], all_of(CREDENTIALS[0]), CREDENTIALS[3], MARCH)
    world.award(ANNE, CREDENTIALS[0], MAY)
    play(connection, STACKS_PROJECTION, world.facts)
    line = only(connection)
    assert (line.percent, line.missing, line.capstone_missing) == (50, None, CREDENTIALS[3])
    world.award(ANNE, CREDENTIALS[3], MAY)
    play(connection, STACKS_PROJECTION, world.facts)
    assert (only(connection).percent, only(connection).capstone_missing) == (100, None)


def test_a_new_definition_measures_everybody_anew_and_leaves_completions_alone(
    connection: Connection[Any],
) -> None:
    """Anne completed version 1. Version 2 asks for one more: 50 %, and complete since before.

    Bertha holds what version 2 adds: half of it, too. Carla holds what neither asks for.
    """
    world = World()
    world.define(STACKS[0], all_of(CREDENTIALS[0]), None, MARCH)
    world.award(ANNE, CREDENTIALS[0], MAY)
    world.award(BERTHA, CREDENTIALS[1], MAY)
    world.award(CARLA, CREDENTIALS[2], MAY)
    world.define(STACKS[0], all_of(*CREDENTIALS[:2]), None, MAY)
    for batches in ([world.facts], [[fact] for fact in world.facts]):
        play(connection, STACKS_PROJECTION, *batches)
        anne, bertha = only(connection, ANNE), only(connection, BERTHA)
        assert (anne.percent, anne.stack_version) == (50, 2)
        assert (anne.completed_version, anne.completion_stands) == (1, True)
        assert (bertha.percent, bertha.completed_on) == (50, None)
        assert of_person(connection, CARLA, effective_on=MARCH) == []


def test_a_retired_stack_takes_no_new_completions(connection: Connection[Any]) -> None:
    world = World()
    world.define(STACKS[0], all_of(CREDENTIALS[0]), None, MARCH)
    world.award(ANNE, CREDENTIALS[0], MAY)
    world.retire_stack(STACKS[0])
    world.award(BERTHA, CREDENTIALS[0], MAY)
    play(connection, STACKS_PROJECTION, world.facts)
    anne, bertha = only(connection, ANNE), only(connection, BERTHA)
    assert (anne.retired, anne.completion_stands) == (True, True)
    assert (bertha.percent, bertha.completed_position) == (100, None)


def test_what_has_expired_counts_no_more_from_its_day_on(connection: Connection[Any]) -> None:
    world = World()
    world.define(STACKS[0], all_of(*CREDENTIALS[:2]), None, MARCH)
    world.award(ANNE, CREDENTIALS[0], MARCH, expires_on=JULY)
    world.award(ANNE, CREDENTIALS[1], MARCH)
    world.award(BERTHA, CREDENTIALS[1], MARCH)
    play(connection, STACKS_PROJECTION, world.facts)
    eve, day = only(connection, ANNE, DAYS[2]), only(connection, ANNE, JULY)
    assert (eve.percent, eve.next_expiry_on) == (100, JULY)
    assert (day.percent, day.remaining, day.earned) == (50, 1, [CREDENTIALS[1]])
    assert day.completion_stands is True
    lines = of_stack(connection, STACKS[0], effective_on=FAR)
    assert [line.percent for line in lines] == [50, 50]


def test_nobody_is_found_to_hold_a_stack_whose_capstone_or_part_has_expired(
    connection: Connection[Any],
) -> None:
    """All three complete one part and a capstone in May; one of the two expires for two in July.

    Until the eve all three hold the stack, from that day on Carla alone, and before May nobody did.
    """
    world = World()
    world.define(STACKS[0], all_of(CREDENTIALS[0]), CREDENTIALS[3], MARCH)
    for person in TEACHERS:
        world.award(person, CREDENTIALS[0], MAY, expires_on=JULY if person == BERTHA else None)
        world.award(person, CREDENTIALS[3], MAY, expires_on=JULY if person == ANNE else None)
    play(connection, STACKS_PROJECTION, world.facts)

    def found(day: date) -> set[UUID]:
        held = holders.stack(connection, TEACHERS, STACKS[0], day, POSITION_MAX)
        return {one.person_id for one in held}

    assert (found(MARCH), found(DAYS[2]), found(JULY)) == (set(), set(TEACHERS), {CARLA})


def test_everybody_with_a_part_of_a_stack_is_read_in_pages(connection: Connection[Any]) -> None:
    world = World()
    world.define(STACKS[0], all_of(*CREDENTIALS[:2]), None, MARCH)
    world.define(STACKS[1], all_of(CREDENTIALS[0]), None, MARCH)
    for person in TEACHERS:
        world.award(person, CREDENTIALS[0], MAY)
    play(connection, STACKS_PROJECTION, world.facts)
    whole = of_stack(connection, STACKS[0], effective_on=FAR)
    assert [line.person_id for line in whole] == sorted(TEACHERS)
    first = of_stack(connection, STACKS[0], effective_on=FAR, limit=2)
    rest = of_stack(connection, STACKS[0], effective_on=FAR, after=first[-1].person_id)
    assert first + rest == whole
    assert len(of_person(connection, ANNE, effective_on=FAR)) == 2


def test_every_definition_is_kept(connection: Connection[Any]) -> None:
    world = World()
    world.define(STACKS[0], all_of(CREDENTIALS[0]), CREDENTIALS[1], MARCH)
    world.define(STACKS[0], all_of(CREDENTIALS[2]), None, MARCH)
    play(connection, STACKS_PROJECTION, world.facts)
    first, second = definitions(connection, [STACKS[0]])
    assert first == Definition(
        stack_id=STACKS[0],
        stack_version=1,
        issuer_id=named("issuer"),
        title="A stack",
        requirement=all_of(CREDENTIALS[0]).model_dump(mode="json"),
        capstone_credential_id=CREDENTIALS[1],
        from_position=5,
        to_position=6,
    )
    assert (second.stack_version, second.to_position) == (2, None)


@given(worlds(), st.data())
@settings(max_examples=FEW)
def test_it_does_not_matter_how_the_log_is_cut(
    connection: Connection[Any], world: World, data: st.DataObject
) -> None:
    at_once, one_by_one, cut = dumps_however_cut(connection, STACKS_PROJECTION, world.facts, data)
    assert at_once == one_by_one == cut


@given(worlds())
@settings(max_examples=FEW)
def test_completions_are_what_the_log_so_far_comes_to(
    connection: Connection[Any], world: World
) -> None:
    play(connection, STACKS_PROJECTION)
    for end in range(1, len(world.facts) + 1):
        play_on(connection, STACKS_PROJECTION, world.facts[end - 1 : end])
        log = world.facts[:end]
        defined = {f.event.originator_id for f in log if isinstance(f.event, StackDefined)}
        expected = {
            (person, stack, *done)
            for person in TEACHERS
            for stack in defined
            if (done := completed(log, stack, person)) is not None
        }
        found = {
            (
                person,
                line.stack_id,
                line.completed_on,
                (line.completed_position, (line.completed_by or [0])[-1]),
                line.completion_stands,
            )
            for person in TEACHERS
            for line in of_person(connection, person, effective_on=MARCH)
            if line.completed_position is not None
        }
        assert found == expected
