"""What counts in a challenge, how teams are scored and put in order, and how a prize is split."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.challenge import Deadline, ScoreRule
from ledger.events.policy_conditions import (
    AskedRule,
    BetweenRule,
    CompensatedRule,
    DocumentsRule,
    EmployedRule,
    RoleRule,
)
from ledger.events.policy_money import (
    Account,
    Cap,
    Component,
    CostBasis,
    Instalments,
    NextPayDate,
    Pool,
    SchoolAccount,
    Timing,
)
from ledger.events.policy_rule import RequestTrigger, Rule
from ledger.rules.challenges import (
    SCORES,
    DeadlineMissingError,
    Submission,
    closes_at,
    counts,
    prize_misfit,
    shares,
    standings,
)
from tests.rules.dossiers import OnFile, said
from tests.samples import MONDAY, named

MEMBERS = [named(f"member {n}") for n in range(6)]
ONE, OTHER = named("one credential"), named("other credential")
HANDED_IN = datetime(2016, 5, 2, 4, 10, tzinfo=UTC)  # 00:10 in New York, 21:10 in Los Angeles
AWARDED = date(2016, 5, 20)
TITLE_I = SchoolAccount(attribute="title_i", fund="title-i")
PRIZE = Rule(
    title="Prize",
    zone="America/New_York",
    effective_from=date(2016, 1, 1),
    trigger=RequestTrigger(),
    benefit="one_time",
    amount=(Component(name="share", basis=CostBasis()),),
    exclusions=(AskedRule(),),
    account=Account(fund="foundation"),
)


def deadline(day: date, time: str, zone: str) -> datetime:
    return closes_at(Deadline(day=day, time=time, zone=zone))


def handed_in(points: int | None, minutes: int = 0, credential: object = ONE) -> Submission:
    assert credential in (ONE, OTHER)
    chosen = ONE if credential == ONE else OTHER
    return Submission(MEMBERS[0], chosen, MONDAY + timedelta(minutes=minutes), points)


@pytest.mark.parametrize(
    ("zone", "in_time"),
    [("America/Los_Angeles", True), ("America/New_York", False), ("Pacific/Honolulu", True)],
)
def test_the_zone_of_the_deadline_decides(zone: str, *, in_time: bool) -> None:
    assert counts(HANDED_IN, deadline(date(2016, 5, 1), "23:59", zone)) is in_time


def test_the_whole_minute_counts_and_not_a_microsecond_more() -> None:
    closing = deadline(date(2016, 5, 1), "23:59", "America/Los_Angeles")
    assert closing == datetime(2016, 5, 2, 7, tzinfo=UTC)
    assert counts(closing - timedelta(microseconds=1), closing)
    assert not counts(closing, closing)


def test_an_hour_that_comes_twice_counts_whole_and_one_that_is_left_out_is_no_deadline() -> None:
    twice = deadline(date(2016, 11, 6), "01:30", "America/New_York")
    assert twice == datetime(2016, 11, 6, 6, 31, tzinfo=UTC)
    with pytest.raises(DeadlineMissingError, match="no 02:30 on 2016-03-13"):
        deadline(date(2016, 3, 13), "02:30", "America/New_York")


def test_of_two_teams_with_nine_points_the_one_whose_last_submission_is_earlier_wins() -> None:
    teams = {1: [handed_in(9, 50)], 2: [handed_in(10, 10), handed_in(8, 40)], 3: [handed_in(None)]}
    found = standings("mean", "earlier_last_submission", teams)
    assert [(one.team, one.rank, one.score_hundredths) for one in found] == [
        (2, 1, 900),
        (1, 2, 900),
        (3, None, 0),
    ]


def test_of_teams_that_are_equal_in_all_the_one_formed_first_comes_first() -> None:
    teams = {2: [handed_in(9)], 1: [handed_in(9)]}
    found = standings("mean", "earlier_last_submission", teams)
    assert [(one.team, one.rank) for one in found] == [(1, 1), (2, 2)]


@pytest.mark.parametrize(
    ("rule", "hundredths"), [("sum", 2100), ("mean", 700), ("best_of_each_credential", 1600)]
)
def test_each_rule_of_the_list_makes_another_score_of_the_same_work(
    rule: ScoreRule, hundredths: int
) -> None:
    work = [handed_in(9), handed_in(5), handed_in(7, credential=OTHER), handed_in(None)]
    [one] = standings(rule, "earlier_last_submission", {1: work})
    assert (one.score_hundredths, one.submissions, one.unscored) == (hundredths, 4, 1)


@pytest.mark.parametrize("rule", sorted(SCORES))
def test_work_that_earned_no_point_is_scored_and_ranked_with_none(rule: ScoreRule) -> None:
    teams = {1: [handed_in(0)], 2: [handed_in(None)], 3: [handed_in(1)]}
    found = standings(rule, "earlier_last_submission", teams)
    assert [(one.team, one.rank, one.score_hundredths) for one in found] == [
        (3, 1, 100),
        (1, 2, 0),
        (2, None, 0),
    ]


def test_ten_thousand_dollars_are_three_shares_to_the_cent() -> None:
    amounts = [cents for _, cents in shares(1_000_000, MEMBERS[:3])]
    assert amounts == [333_334, 333_333, 333_333]


@given(st.integers(0, 10**12), st.integers(1, 6))
def test_shares_add_up_and_differ_by_a_cent_at_most(cents: int, count: int) -> None:
    amounts = [share for _, share in shares(cents, MEMBERS[:count])]
    assert sum(amounts) == cents
    assert max(amounts) - min(amounts) <= 1
    assert amounts == sorted(amounts, reverse=True), "who joined first has the cent"


works = st.lists(
    st.builds(handed_in, st.none() | st.integers(0, 40), st.integers(0, 5)), max_size=4
)


@given(st.sampled_from(sorted(SCORES)), st.dictionaries(st.integers(1, 9), works))
def test_the_order_is_total_and_does_not_depend_on_how_teams_are_listed(
    rule: ScoreRule, teams: dict[int, list[Submission]]
) -> None:
    found = standings(rule, "earlier_last_submission", teams)
    turned = dict(reversed([(team, work[::-1]) for team, work in teams.items()]))
    assert standings(rule, "earlier_last_submission", turned) == found
    ranked = [one for one in found if one.rank is not None]
    assert [one.rank for one in ranked] == list(range(1, len(ranked) + 1))
    assert found[: len(ranked)] == ranked
    for before, after in pairwise(ranked):
        assert before.score_hundredths >= after.score_hundredths


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, None),
        ({"caps": (Cap(of="times", most=1, per="career"),)}, "caps"),
        ({"exclusions": ()}, "exclusions"),
        ({"account": Account(fund="general")}, "account"),
        ({"trigger": RequestTrigger(choice="course")}, "trigger"),
        ({"benefit": "base_add"}, "benefit"),
        ({"amount": (Component(name="half", basis=CostBasis(percent=50)),)}, "amount"),
        ({"amount": (Component(name="share", basis=CostBasis(), percent=50),)}, "amount"),
        ({"amount": PRIZE.amount * 2}, "amount"),
        ({"account": Account(fund="foundation", at_schools=(TITLE_I,))}, "account"),
        ({"effective_from": AWARDED, "effective_to": AWARDED}, None),
        ({"effective_from": AWARDED + timedelta(days=1)}, "effective_from"),
        ({"effective_to": AWARDED - timedelta(days=1)}, "effective_from"),
        ({"eligibility": (EmployedRule(), EmployedRule(on="filed"))}, None),
        ({"eligibility": (EmployedRule(leave_counts=False),)}, "eligibility"),
        ({"eligibility": (EmployedRule(), RoleRule(roles=("teacher",)))}, "eligibility"),
        ({"windows": (BetweenRule(last="2016-05-01"),)}, "windows"),
        ({"preconditions": (DocumentsRule(documents=("pay_slip",)),)}, "windows"),
        ({"exclusions": (AskedRule(), CompensatedRule())}, "exclusions"),
        ({"pool": Pool(budget_cents=100)}, "pool"),
        ({"timing": Timing(after="documents")}, "timing"),
        ({"timing": Timing(instalments=Instalments(count=2))}, "timing"),
        ({"timing": Timing(recurs=True)}, "timing"),
        ({"timing": Timing(after="filed", paid_on=NextPayDate(lead_days=5))}, None),
    ],
)
def test_a_policy_pays_prizes_whole_and_once_or_not_at_all(
    changed: dict[str, object], said: str | None
) -> None:
    found = prize_misfit(PRIZE.model_copy(update=changed), "foundation", AWARDED)
    assert (found is None) if said is None else (found is not None and found.startswith(said))


def test_one_policy_pays_the_prizes_of_two_challenges_and_each_of_them_once() -> None:
    """100 dollars of the first, 150 of the second; the first is asked for again by hand."""
    file = OnFile().hired(date(2015, 7, 1))
    file.request("spring", AWARDED, about="spring challenge", cost=10_000)
    file.request("fall", AWARDED, about="fall challenge", cost=15_000)
    file.request("spring again", AWARDED, about="spring challenge", cost=10_000)
    assert prize_misfit(PRIZE, "foundation", AWARDED) is None
    assert said(file.findings(PRIZE)) == [
        ("due", None, 10_000),
        ("due", None, 15_000),
        ("not_due", "asked_before", 0),
    ]
