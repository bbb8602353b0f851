"""A teacher's history, her employments, and the organizations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest

from ledger.aggregates.challenge import Challenge
from ledger.events import EVENT_CLASSES
from ledger.events.base import Event
from ledger.events.batch import BatchLinesListed
from ledger.events.employment import EmploymentEnded
from ledger.events.merge import MergeRequested
from ledger.events.person import PersonEvent, PersonRegistered
from projections import employments, history
from projections.employments import Span
from tests.database import Server
from tests.projections.lives import (
    SCHOOL,
    TEACHERS,
    given_to,
    organization_streams,
    person_streams,
)
from tests.projections.logs import Log, a_log
from tests.projections.test_challenges import begun
from tests.projections.test_merges import merged
from tests.samples import DISTRICT, Story, act, header, issuer_events, named

HER, OTHER = TEACHERS[:2]
MEMBERS = [named(f"member {n} of a team") for n in range(3)]
JOB = 1  # the second of her streams
ALWAYS = {"from_day": date(2020, 1, 1), "to_day": date(2030, 1, 1)}


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    """Two teachers, each with everything that happens to a person, one after the other."""
    with a_log(database_server) as log:
        log.fill([*issuer_events(), *(e for stream in organization_streams() for e in stream)])
        for person in (HER, OTHER):
            for stream in (*person_streams(person), given_to(person, Story().awarded().events)):
                log.fill(stream)
        log.catch_up(page_events=7)
        yield log


def test_her_history_is_everything_about_her_in_order(log: Log) -> None:
    found = history.of_person(log.reader, HER)
    expected = [*(e for stream in person_streams(HER) for e in stream), *Story().awarded().events]
    assert [one.topic for one in found] == [event.TOPIC for event in expected]
    positions = [one.position for one in found]
    assert positions == sorted(positions)


def names_somebody(kind: type[Event]) -> bool:
    schema = json.dumps(kind.model_json_schema())
    return issubclass(kind, PersonEvent) or '"person_id"' in schema or '"principal_id"' in schema


def test_whatever_names_a_person_is_in_her_history() -> None:
    """But a merge that one operator asked for, which is none yet, and the lines of batches."""
    elsewhere = {MergeRequested, BatchLinesListed}
    expected = {kind for kind in EVENT_CLASSES.values() if names_somebody(kind)} - elsewhere
    assert expected == history.History().classes


def test_each_of_a_team_has_her_own_part_of_it_whoever_she_is_by_now(log: Log) -> None:
    founder, other, again = MEMBERS
    events = begun()

    def then(name: str, **said: Any) -> None:
        challenge = Challenge.fold(None, events)
        assert challenge is not None
        events.extend(getattr(challenge, name)(act(), meant=lambda one: one, **said))

    then("form_team", person_id=founder)
    then("join", person_id=other, team=1)
    then("leave", person_id=other)
    log.fill([*(PersonRegistered(**header(one)) for one in MEMBERS)])
    log.fill([*events, merged(again, other)])
    then("join", person_id=again, team=1)
    log.fill(events[-1:])
    log.catch_up()
    joined, left = "challenge.team-joined.v1", "challenge.team-left.v1"

    def topics(person: UUID) -> list[str]:
        found = [one.topic for one in history.of_person(log.reader, person)]
        return [topic for topic in found if topic != PersonRegistered.TOPIC]

    assert topics(founder) == [joined]
    assert topics(again) == [joined, left, "merge.persons-merged.v1", joined]
    assert topics(other) == []


def test_a_history_is_read_in_pages(log: Log) -> None:
    whole = history.of_person(log.reader, HER)
    pages, after = [], 0
    while page := history.of_person(log.reader, HER, after=after, limit=4):
        pages += page
        after = page[-1].position
    assert pages == whole


def test_her_events_are_read_back_by_kind_up_to_a_position(log: Log) -> None:
    found = history.of_person(log.reader, HER)
    of_jobs = [one.position for one in found if one.topic.startswith("employment.")]
    facts = history.events_of(log.reader, HER, "employment", until=of_jobs[2])
    assert [fact.position for fact in facts] == of_jobs[:3]
    assert {fact.event.originator_id for fact in facts} == {
        person_streams(HER)[JOB][0].originator_id
    }
    assert history.events_of(log.reader, named("nobody"), "employment", until=99) == []


def test_a_change_gives_way_to_an_earlier_one_that_is_known_later(log: Log) -> None:
    (found,) = employments.of_person(log.reader, HER)
    assert [(s["from_day"], s["exempt"]) for s in found.segments] == [
        ("2024-08-01", True),
        ("2024-10-01", False),
    ]
    before, after = found.segment_on(date(2024, 9, 30)), found.segment_on(date(2024, 10, 1))
    assert before is not None
    assert after is not None
    assert (before["exempt"], after["exempt"]) == (True, False)
    assert found.segment_on(date(2024, 7, 31)) is None
    assert found.last_day is None  # it was ended and reopened


def test_a_district_sees_who_was_employed_in_a_span(log: Log) -> None:
    found = employments.of_district(log.reader, DISTRICT, **ALWAYS)
    assert {one.person_id for one in found} == {HER, OTHER}
    first = employments.of_district(log.reader, DISTRICT, **ALWAYS, limit=1)
    after = (first[0].person_id, first[0].employment_id)
    assert first + employments.of_district(log.reader, DISTRICT, **ALWAYS, after=after) == found
    summer = {"from_day": date(2024, 6, 1), "to_day": date(2024, 7, 31)}
    assert employments.of_district(log.reader, DISTRICT, **summer) == []
    assert employments.of_district(log.reader, named("elsewhere"), **ALWAYS) == []


def test_spans_say_on_which_days_a_district_employed_her(log: Log) -> None:
    (span,) = employments.spans(log.reader, HER, DISTRICT)
    assert span == Span(date(2024, 8, 1), None)
    assert span.holds(date(2024, 8, 1))
    assert not span.holds(date(2024, 7, 31))
    assert not Span(date(2024, 8, 1), date(2024, 9, 1)).holds(date(2024, 9, 2))
    assert employments.spans(log.reader, HER, named("elsewhere")) == []


def test_a_position_that_was_never_held_is_no_span(log: Log) -> None:
    started = person_streams(TEACHERS[2])[JOB][0]
    never = EmploymentEnded(
        **header(started.originator_id, 2),
        person_id=TEACHERS[2],
        district_id=DISTRICT,
        last_day=date(2024, 7, 31),
    )
    log.fill([started, never])
    log.catch_up()
    assert employments.spans(log.reader, TEACHERS[2], DISTRICT) == []
    (found,) = employments.of_person(log.reader, TEACHERS[2])
    assert found.segment_on(date(2024, 8, 1)) is None


def test_organizations_are_known_by_their_newest_names(log: Log) -> None:
    (district,) = employments.districts(log.reader)
    assert (district.organization_id, district.name) == (DISTRICT, "Lake and Hills")
    found = employments.organizations(log.reader, DISTRICT)
    assert [(one.kind, one.organization_id) for one in found] == [
        ("district", DISTRICT),
        ("school", SCHOOL),
    ]
