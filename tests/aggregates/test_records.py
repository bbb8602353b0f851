"""Records of awards: what they rest on, and that a newer issue replaces an older one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.aggregates.enrollment_refusals import NotAwardedError
from ledger.aggregates.record import AwardedWork, Issue, Record, issue
from ledger.commands.record import record_stream
from ledger.errors import NothingChangesError
from ledger.events import AnyEnrollmentEvent
from ledger.events.enrollment import Adjudicated
from ledger.events.record import RecordIssued
from tests.samples import (
    APPROVER,
    DAY,
    EARNER,
    FIRST,
    ISSUER,
    MET,
    MONDAY,
    SECOND,
    THIRD,
    Story,
    act,
    definition,
    digest,
    levels,
    named,
)

SIGNED = Issue("zKey", "token-key", MONDAY, digest("document"))
STREAM = record_stream(ISSUER, 1, 17)


def issued(story: Story) -> RecordIssued:
    [event] = issue(
        STREAM,
        act(),
        award=story.enrollment,
        person_id=EARNER,
        list_number=1,
        status_index=17,
        signed=SIGNED,
    )
    assert isinstance(event, RecordIssued)
    return event


def test_an_award_is_issued_at_its_place() -> None:
    story = Story().awarded()
    event = issued(story)
    assert (event.enrollment_id, event.issuer_id) == (story.enrollment.id, ISSUER)
    state = Record.fold(None, [event])
    assert state is not None
    assert (state.id, state.list_number, state.status_index) == (STREAM, 1, 17)
    assert state.newest == SIGNED


@pytest.mark.parametrize("story", [Story(), Story().submitted()])
def test_what_is_no_award_is_not_issued(story: Story) -> None:
    with pytest.raises(NotAwardedError):
        issued(story)


def test_an_award_that_was_taken_back_is_not_issued() -> None:
    story = Story().awarded()
    story.does(
        APPROVER,
        lambda e, a: e.revoke(
            a,
            issuer=story.issuer,
            reason="misconduct",
            authority="issuer",
            effective_on=story.issuer.today(a.at),
        ),
    )
    with pytest.raises(NotAwardedError):
        issued(story)


def test_a_newer_issue_keeps_the_place_and_an_older_one_changes_nothing() -> None:
    state = Record.fold(None, [issued(Story().awarded())])
    assert state is not None
    newer = SIGNED._replace(key="zOther", valid_from=MONDAY + DAY)
    events = state.reissue(act(), signed=newer, reason="key_compromised")
    after = Record.fold(state, events)
    assert after == replace(state, version=2, newest=newer)
    for valid_from in (newer.valid_from, newer.valid_from - timedelta(seconds=1)):
        with pytest.raises(NothingChangesError):
            after.reissue(
                act(), signed=newer._replace(valid_from=valid_from), reason="key_replaced"
            )


def work(events: list[AnyEnrollmentEvent]) -> AwardedWork:
    found = AwardedWork.fold(None, events)
    assert found is not None
    return found


RUBRIC = definition().rubric


def test_a_record_says_the_level_that_both_assessors_saw_at_least() -> None:
    first, second = levels(3, 4), levels(4, 3)
    story = Story().submitted().scored(first, second).decided("award")
    found = work(story.events)
    assert found.awarded is not None
    assert set(found.evidence_ids) == story.enrollment.submitted_ids
    lower = [min(one, other) for one, other in zip((3, 4), (4, 3), strict=True)]
    assert found.levels(RUBRIC) == levels(*lower)


def test_where_two_differed_the_third_persons_scores_stand() -> None:
    story = Story().submitted().scored(levels(4, 1), MET)
    story.assigned(THIRD).scores(THIRD, levels(3, 4)).decided("award")
    assert any(isinstance(event, Adjudicated) for event in story.events)
    assert work(story.events).levels(RUBRIC) == levels(3, 4)


def test_what_an_earlier_attempt_showed_is_not_said() -> None:
    story = Story().submitted().scored(levels(1, 4), levels(1, 4)).decided("not_yet")
    earlier = work(story.events)
    assert list(earlier.levels(RUBRIC)) == [RUBRIC[1].criterion], "one criterion was met"
    again = story.does(
        EARNER,
        lambda e, a: e.submit(
            a, credential=story.credential, issuer=story.issuer, integrity_attested=True
        ),
    )
    assert work(again.events).levels(RUBRIC) == {}


def test_seats_are_told_apart_from_people() -> None:
    story = Story().submitted().assigned(FIRST, SECOND)
    story.scores(FIRST, levels(4, 4))
    assert work(story.events).levels(RUBRIC) == levels(4, 4)
    story.scores(SECOND, levels(3, 3))
    assert work(story.events).levels(RUBRIC) == levels(3, 3)


def test_no_two_places_have_one_stream() -> None:
    streams = {
        record_stream(named(issuer), n, i) for issuer in "ab" for n in (1, 2) for i in (1, 2)
    }
    assert len(streams) == 8
