"""The transcript: what each history comes to, now and as of any position before."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings

from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.enrollment_state import Status
from ledger.events import LedgerEvent
from ledger.events.enrollment import EnrollmentEvent
from projections import history
from projections.contract import Fact
from projections.transcript import Line, lines_of, of_enrollment, of_person
from tests.database import Server
from tests.projections.lives import TEACHERS, given_to, lives
from tests.projections.logs import Log, a_log
from tests.samples import (
    APPROVER,
    EARNER,
    ENROLLMENT,
    MET,
    Story,
    credential_events,
    definition,
    issuer_events,
)

LAST_OF_STATUS = {
    Status.IN_REVIEW: {"submitted"},
    Status.RECOMMENDED: {"submitted"},
    Status.HELD: {"held"},
    Status.AWARDED: {"awarded"},
    Status.REVOKED: {"revoked"},
    Status.WITHDRAWN: {"withdrawn"},
    Status.OPEN: {"enrolled", "returned", "not_yet"},
}


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


def line(story: Story) -> Line:
    (found,) = lines_of(facts(story.events))
    return found


def facts(events: Sequence[LedgerEvent]) -> list[Fact[LedgerEvent]]:
    return [Fact(position, event) for position, event in enumerate(events, start=1)]


def states(found: Line) -> list[tuple[int, str]]:
    return [(attempt["attempt"], attempt["state"]) for attempt in found.attempts]


def test_an_enrollment_alone_is_a_line() -> None:
    found = line(Story())
    assert (found.status, found.attempts, found.positions) == ("enrolled", [], [1])


def test_an_award_names_its_days_and_the_events_that_made_it() -> None:
    story = Story(asks=definition(valid_months=12)).awarded()
    found = line(story)
    assert (found.status, found.awarded_on) == ("awarded", date(2024, 11, 18))
    assert found.expires_on == date(2025, 11, 18)
    assert states(found) == [(1, "awarded")]
    made_by = [story.events[position - 1].TOPIC.split(".")[1] for position in found.positions]
    assert made_by == ["enrolled", "submitted", "review-decided", "awarded"]


def test_every_attempt_stays_to_be_seen() -> None:
    found = line(Story().failed().later(3).submitted())
    assert states(found) == [(1, "not_yet"), (2, "submitted")]
    assert found.attempts[0]["decided_on"] == "2024-11-18"
    assert found.attempts[1]["submitted_on"] == "2024-11-21"


def test_what_was_returned_takes_the_place_of_no_attempt() -> None:
    story = Story().submitted()
    story.does(APPROVER, lambda e, a: e.return_submission(a, reasons=["unreadable"]))
    assert (line(story).status, states(line(story))) == ("returned", [(1, "returned")])
    assert states(line(story.submitted())) == [(1, "submitted")]


def test_a_hold_is_shown_and_how_it_ended() -> None:
    story = Story().submitted().scored(MET, MET).decided("integrity_hold", "looks-copied")
    assert line(story).status == "held"
    story.does(
        APPROVER,
        lambda e, a: e.resolve_hold(a, issuer=story.issuer, finding="confirmed", reason="copied"),
    )
    assert (line(story).status, states(line(story))) == ("not_yet", [(1, "void")])


def test_an_award_expires_on_its_day_and_not_before() -> None:
    found = line(Story(asks=definition(valid_months=12)).awarded())
    last_day = date(2025, 11, 17)
    assert (found.status_on(last_day), found.holds(last_day)) == ("awarded", True)
    day_after = last_day + timedelta(days=1)
    assert (found.status_on(day_after), found.holds(day_after)) == ("expired", False)
    assert not found.holds(date(2024, 11, 17))


def test_a_revocation_counts_from_the_day_it_takes_effect() -> None:
    story = Story().awarded().later(10)
    story.does(
        APPROVER,
        lambda e, a: e.revoke(a, issuer=story.issuer, reason="copied", authority="committee"),
    )
    found = line(story)
    effective = date(2024, 11, 28)
    assert (found.status, found.revoked_on, found.reason) == ("revoked", effective, "copied")
    assert found.status_on(effective - timedelta(days=1)) == "awarded"
    assert found.status_on(effective) == "revoked"
    assert not found.holds(effective)


def test_of_what_was_never_awarded_no_day_changes_the_status() -> None:
    story = Story()
    story.does(EARNER, lambda e, a: e.withdraw(a, reason="moved"))
    found = line(story)
    assert found.status == found.status_on(date(2099, 1, 1)) == "withdrawn"
    assert not found.holds(date(2099, 1, 1))


@settings(max_examples=50)
@given(lives(teachers=1))
def test_a_line_agrees_with_the_aggregate_about_where_it_stands(
    events: Sequence[LedgerEvent],
) -> None:
    lines = {found.enrollment_id: found for found in lines_of(facts(events))}
    for stream, found in lines.items():
        own = [e for e in events if e.originator_id == stream and isinstance(e, EnrollmentEvent)]
        state = Enrollment.fold(None, own)  # type: ignore[arg-type]  # of one stream
        assert state is not None
        assert found.status in LAST_OF_STATUS[state.status]
        assert (found.expires_on, found.awarded_on) == (state.expires_on, state.awarded_on)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5)
@given(lives())
def test_her_transcript_as_of_a_position_is_what_the_tables_said_then(
    log: Log, events: Sequence[LedgerEvent]
) -> None:
    log.empty()
    with log.engine(page_events=40) as engine:
        for start in range(0, len(events), 40):
            log.fill(events[start : start + 40])
            engine.run_to_end()
            said = {
                person: [untitled(found) for found in of_person(log.reader, person)]
                for person in TEACHERS
            }
            at = log.last()
            for person, lines in said.items():
                hers = history.events_of(log.reader, person, "enrollment", until=at)
                assert lines_of(hers) == lines
    at_half = len(events) // 2
    for person in TEACHERS[:2]:
        hers = history.events_of(log.reader, person, "enrollment", until=at_half)
        assert all(fact.position <= at_half for fact in hers)


def untitled(found: Line) -> Line:
    return Line(**{name: getattr(found, name) for name in Line.__dataclass_fields__})


def test_lines_are_read_with_titles_in_pages(log: Log) -> None:
    log.empty()
    log.fill([*issuer_events(), *credential_events()])
    person = TEACHERS[0]
    for _ in range(3):
        log.fill(given_to(person, Story().events))
        person = TEACHERS[TEACHERS.index(person) + 1]
    log.catch_up()
    (found,) = of_person(log.reader, TEACHERS[0])
    assert (found.title, found.issuer_name) == ("Checking for understanding", "Lakeshore")
    assert of_person(log.reader, TEACHERS[0], after=found.enrolled_position) == []
    assert of_enrollment(log.reader, found.enrollment_id) == found
    assert of_enrollment(log.reader, ENROLLMENT) is None
