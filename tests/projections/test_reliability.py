"""Pairs of assessors are of one round of reviews, and of those who could judge."""

from __future__ import annotations

from uuid import UUID

from projections.contract import Fact
from projections.reliability import Rounds, rounds_of
from tests.samples import APPROVER, FIRST, MET, NOT_MET, THIRD, Story


def of(story: Story) -> Rounds:
    return rounds_of(Fact(position, event) for position, event in enumerate(story.events, 1))


def passed(story: Story) -> list[tuple[bool, bool]]:
    """Of each pair whether all was met."""
    return [(all(first.values()), all(second.values())) for first, second in of(story).pairs]


def tied(story: Story, assessor_id: UUID) -> Story:
    return story.does(
        APPROVER,
        lambda e, a: e.declare_conflict(a, conflicted_person_id=assessor_id, reason="family"),
    )


def test_whoever_has_a_tie_to_the_earner_is_no_half_of_a_pair() -> None:
    """She has scored, and another one scores in her seat."""
    story = tied(Story().submitted().scored(MET, NOT_MET), FIRST)
    assert passed(story) == [], "half of it is gone"
    story.assigned(THIRD).scores(THIRD, NOT_MET)
    assert passed(story) == [(False, False)]


def test_an_adjudicator_with_a_tie_has_settled_nothing() -> None:
    story = Story().submitted().scored(MET, NOT_MET, MET)
    assert (of(story).adjudicated, passed(story)) == (1, [(True, False)])
    assert (of(tied(story, THIRD)).adjudicated, passed(story)) == (0, [(True, False)])


def test_each_attempt_is_a_round_with_days_of_its_own() -> None:
    story = Story().submitted().scored(NOT_MET, NOT_MET).later(3).decided("not_yet").later(60)
    story.submitted().scored(MET, MET).later(1).decided("award")
    assert passed(story) == [(False, False), (True, True)]
    assert of(story).days == [3, 1]
