"""The review queue: whose turn it is, and by which business day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.aggregates.enrollment import Enrollment
from ledger.aggregates.enrollment_state import Status
from ledger.events import LedgerEvent
from ledger.events.issuer import IssuerHolidaysSet, IssuerTermsChanged
from ledger.rules.calendars import due_on
from projections.contract import Fact
from projections.review_clock import Calendar, Review
from projections.reviews import Reviews, _Desk, find_review, queue, standing, worklist
from tests.database import Server
from tests.projections.lives import TEACHERS, given_to, lives
from tests.projections.logs import Log, a_log
from tests.samples import (
    APPROVER,
    CREDENTIAL,
    EARNER,
    FIRST,
    HOLIDAYS,
    ISSUER,
    MET,
    NOT_MET,
    SECOND,
    THIRD,
    Story,
    header,
    issuer_events,
    issuer_terms,
    named,
)

MONDAY = date(2024, 11, 18)
FOURTEENTH = date(2024, 12, 10)  # business day after MONDAY, with Thanksgiving off


@pytest.fixture(scope="module")
def log(database_server: Server) -> Iterator[Log]:
    with a_log(database_server) as log:
        yield log


def review(log: Log, story: Story, *more: LedgerEvent) -> Review:
    """Where the review of a story stands, after anything else that happened."""
    log.empty()
    log.fill([*issuer_events(), *story.events, *more])
    log.catch_up()
    found = find_review(log.reader, story.enrollment.id)
    assert found is not None
    return found


def held(story: Story) -> Story:
    return story.submitted().scored(MET, MET).decided("integrity_hold", "looks-copied")


def resolved(story: Story, finding: Any) -> Story:
    return story.does(
        APPROVER,
        lambda e, a: e.resolve_hold(a, issuer=story.issuer, finding=finding, reason="looked-into"),
    )


def appealed(story: Story) -> Story:
    return story.does(EARNER, lambda e, a: e.open_appeal(a, issuer=story.issuer, ground="unfair"))


STORIES = {
    "enrolled": (Story(), "draft", "teacher", None),
    "submitted": (Story().submitted(), "in_review", "assessor", FOURTEENTH),
    "one has scored": (
        Story().submitted().assigned().scores(FIRST, MET),
        "in_review",
        "assessor",
        FOURTEENTH,
    ),
    "both agree": (Story().submitted().scored(MET, MET), "recommended", "approver", FOURTEENTH),
    "they differ": (
        Story().submitted().scored(MET, NOT_MET),
        "in_review",
        "adjudicator",
        FOURTEENTH,
    ),
    "a third has scored": (
        Story().submitted().scored(MET, NOT_MET, MET),
        "recommended",
        "approver",
        FOURTEENTH,
    ),
    "held": (held(Story()), "held", "approver", None),
    "not yet": (Story().failed(), "not_yet", "teacher", None),
    "appealed": (appealed(Story().failed()), "not_yet", "approver", None),
    "awarded": (Story().awarded(), "awarded", "nobody", None),
    "void": (resolved(held(Story()), "confirmed"), "not_yet", "teacher", None),
}


@pytest.mark.parametrize("name", STORIES)
def test_whose_turn_it_is_and_by_when(log: Log, name: str) -> None:
    story, state, acts_next, due = STORIES[name]
    found = review(log, story)
    assert (found.state, found.acts_next, found.due_on) == (state, acts_next, due)


def test_the_clock_stands_while_an_attempt_is_back_for_completion(log: Log) -> None:
    story = Story().submitted().later(3)  # Thursday: three of fourteen days are used
    story.does(APPROVER, lambda e, a: e.return_submission(a, reasons=["unreadable"]))
    found = review(log, story)
    assert (found.state, found.acts_next) == ("returned", "teacher")
    assert (found.due_on, found.days_left) == (None, 11)

    story.later(18).submitted()  # 9 December
    found = review(log, story)
    assert (found.attempt, found.clock_from, found.days_left) == (1, date(2024, 12, 9), 11)
    assert found.due_on == due_on(date(2024, 12, 9), 11, frozenset())


def test_the_clock_goes_on_where_a_hold_stopped_it(log: Log) -> None:
    story = Story().submitted().later(1).scored(MET, MET).later(1)
    story.decided("integrity_hold", "looks-copied").later(30)  # two days used; 20 December
    found = review(log, resolved(story, "cleared"))
    assert (found.state, found.acts_next) == ("recommended", "approver")
    assert found.due_on == due_on(date(2024, 12, 20), 12, frozenset())


def test_a_new_attempt_has_all_its_days_again(log: Log) -> None:
    found = review(log, Story().failed().later(14).submitted())
    assert (found.attempt, found.days_left) == (2, 14)


def test_terms_count_for_what_is_submitted_after_them(log: Log) -> None:
    shorter = issuer_terms(decision_business_days=5)
    changed = IssuerTermsChanged(**header(ISSUER, 4), terms=shorter)
    assert review(log, Story().submitted(), changed).due_on == FOURTEENTH
    story = Story().submitted()
    log.empty()
    log.fill([*issuer_events(), changed, *story.events])
    log.catch_up()
    found = find_review(log.reader, story.enrollment.id)
    assert found is not None
    assert found.due_on == date(2024, 11, 25)


@pytest.mark.parametrize("page_events", [1, 1000])
def test_holidays_set_later_move_the_day_of_a_running_clock(log: Log, page_events: int) -> None:
    more = (*HOLIDAYS, date(2024, 12, 2), date(2024, 12, 3))
    log.empty()
    closed = IssuerHolidaysSet(**header(ISSUER, 4), year=2024, holidays=more)
    log.fill([*issuer_events(), *Story().submitted().events, closed])
    log.catch_up(page_events=page_events)
    (found,) = queue(log.reader, ISSUER)
    assert found.due_on == date(2024, 12, 12)
    assert not log.owner.execute("SELECT FROM ledger_read.review_issuers WHERE recount").fetchall()


def test_the_queue_is_read_most_urgent_first_in_pages(log: Log) -> None:
    log.empty()
    log.fill(issuer_events())
    for days, person in enumerate(TEACHERS):
        log.fill(given_to(person, Story().later(3 - days).submitted().events))
    log.catch_up()
    found = queue(log.reader, ISSUER, limit=3)
    days = [one.due_on for one in found if one.due_on is not None]
    assert [one.person_id for one in found] == [TEACHERS[3], TEACHERS[2], TEACHERS[1]]
    assert days == sorted(days)
    seen = (days[-1], found[-1].enrollment_id)
    assert [one.person_id for one in queue(log.reader, ISSUER, after=seen)] == [TEACHERS[0]]
    assert queue(log.reader, ISSUER, acts_next="approver") == []
    assert len(queue(log.reader, ISSUER, credential_id=CREDENTIAL)) == 4
    assert queue(log.reader, named("another issuer")) == []


def test_an_assessor_finds_what_she_still_has_to_score(log: Log) -> None:
    found = review(log, Story().submitted().assigned().scores(FIRST, MET))
    assert found.open_assessors == [SECOND]
    assert worklist(log.reader, [FIRST]) == []
    assert worklist(log.reader, [SECOND]) == [found]
    assert worklist(log.reader, [THIRD]) == []


def test_holds_and_appeals_wait_for_the_approver_without_a_clock(log: Log) -> None:
    found = review(log, held(Story()))
    assert queue(log.reader, ISSUER) == []
    assert standing(log.reader, ISSUER) == [found]
    found = review(log, appealed(Story().failed()))
    assert standing(log.reader, ISSUER) == [found]
    review(log, Story().submitted())
    assert standing(log.reader, ISSUER) == []


EXPECTED = {
    Status.OPEN: {"teacher", "approver"},  # the approver when an appeal is open
    Status.IN_REVIEW: {"assessor", "adjudicator", "approver"},
    Status.RECOMMENDED: {"approver"},
    Status.HELD: {"approver"},
    Status.AWARDED: {"nobody"},
    Status.REVOKED: {"nobody", "approver"},
    Status.WITHDRAWN: {"nobody"},
}


@settings(max_examples=60)
@given(lives(teachers=1), st.integers(0, 400))
def test_a_review_agrees_with_the_aggregate(events: Sequence[LedgerEvent], cut: int) -> None:
    happened = events[:cut]
    for number, found in folded(happened).items():
        own = [e for e in happened if e.originator_id.int == number]
        state = Enrollment.fold(None, own)  # type: ignore[arg-type]  # of one stream
        assert state is not None
        assert found.acts_next in EXPECTED[state.status]
        open_seats = [s.assessor_id for s in state.seats if s.scores is None]
        if state.status is Status.IN_REVIEW:
            assert found.open_assessors == open_seats
        assert (found.due_on is not None) == (
            state.status in {Status.IN_REVIEW, Status.RECOMMENDED}
        )


def folded(events: Sequence[LedgerEvent]) -> dict[int, Review]:
    desk, relevant = _Desk({}, {}), Reviews().relevant
    for position, event in enumerate(events, start=1):
        wanted = relevant(event)
        if wanted is not None:
            desk.fold(Fact(position, wanted))
    for found in desk.reviews.values():
        found.settle()
    return desk.reviews


def test_a_calendar_counts_no_holiday_and_no_weekend() -> None:
    calendar = Calendar(issuer_id=ISSUER, business_days=14, holidays=list(HOLIDAYS))
    assert calendar.days_between(MONDAY, MONDAY) == 0
    assert calendar.days_between(MONDAY, FOURTEENTH) == 14
    assert calendar.due_on(MONDAY, 14) == FOURTEENTH
