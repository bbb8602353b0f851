"""The challenge of 2016 over HTTP: teams, a deadline in its zone, a tie, a prize to the cent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from tests.api.payroll import TERMS
from tests.api.world import CRITERIA, District, Issuer, Story, World

PACIFIC, EASTERN = "America/Los_Angeles", "America/New_York"
BEFORE, IN_TIME, LATE = "2016-04-20T16:00:00Z", "2016-05-02T04:10:00Z", "2016-05-02T07:00:00Z"
FULL = dict.fromkeys(CRITERIA, "demonstrated")
NINE = {**dict.fromkeys(CRITERIA, "developing"), "plan": "demonstrated"}
RULE: dict[str, Any] = {
    "title": "Prize of the challenge",
    "zone": PACIFIC,
    "effective_from": "2016-01-01",
    "trigger": {"kind": "request_filed"},
    "benefit": "one_time",
    "amount": [{"name": "share", "basis": {"kind": "cost"}}],
    "eligibility": [{"kind": "employed"}],
    "exclusions": [{"kind": "asked_once"}],
    "account": {"fund": "foundation"},
}
LEVELS = [
    {"level": name, "points": points, "description": "Seen."}
    for name, points in (("beginning", 0), ("developing", 2), ("demonstrated", 3))
]
RUBRIC = [
    {"criterion": name, "title": name, "levels": LEVELS, "passing_points": 2} for name in CRITERIA
]


@dataclass
class Spring:
    """A district that asks its teachers for their best work."""

    world: World
    district: District
    issuer: Issuer
    credential: str
    assessors: list[UUID]
    policy: str

    @property
    def path(self) -> str:
        return f"/v1/districts/{self.district.id}"

    def at(self, instant: str) -> None:
        self.world.client.headers["Ledger-Time"] = instant

    def teacher(self, name: str, **more: Any) -> UUID:
        person = self.district.person(name)
        self.district.employ(person, "2015-08-01", **more)
        self.world.edge.visible(["employments"], self.world.position)
        return person

    def body(self, zone: str = PACIFIC, **changed: Any) -> dict[str, Any]:
        prize = {
            "amount_cents": 1_000_000,
            "board_reference": "Minute 12",
            "fund": "foundation",
            "policy_id": self.policy,
        }
        return {
            "title": "Deeper Learning",
            "credential_ids": [self.credential],
            "deadline": {"day": "2016-05-01", "time": "23:59", "zone": zone},
            "prize": prize | changed.pop("prize", {}),
            **changed,
        }

    def challenge(self, zone: str = PACIFIC, **changed: Any) -> str:
        made = self.world.done(
            self.district.office, f"{self.path}/challenges", self.body(zone, **changed)
        )
        return str(made["id"])

    def team(self, challenge: str, *members: UUID) -> None:
        """Formed by the first, joined by the others, locked."""
        path = f"/v1/challenges/{challenge}"
        first, *others = members
        self.world.done(first, f"{path}/teams")
        number = self.world.seen(self.district.office, f"{self.path}/challenges")["items"]
        [team] = [one["teams"] for one in number if one["challenge_id"] == challenge]
        for one in others:
            self.world.done(one, f"{path}/members", {"team": team})
        self.world.done(first, f"{path}/locks", {"member_ids": [str(one) for one in others]})

    def hand_in(self, teacher: UUID, instant: str) -> Story:
        self.at(instant)
        one = Story(self.world, self.issuer, teacher, self.credential, self.assessors)
        return one.enroll().hand_in()

    def board(self, challenge: str, who: UUID | None = None, **asked: Any) -> dict[str, Any]:
        path = f"/v1/challenges/{challenge}/leaderboard"
        found: dict[str, Any] = self.world.seen(who or self.district.office, path, **asked)
        return found

    def scores(self, challenge: str, **asked: Any) -> list[tuple[int, int | None, int]]:
        standings = self.board(challenge, **asked)["standings"]
        return [(one["team"], one["rank"], one["score_hundredths"]) for one in standings]

    def award(self, challenge: str, team: int, who: UUID | None = None) -> Any:
        path = f"/v1/challenges/{challenge}/prizes"
        return self.world.post(who or self.district.office, path, {"team": team})


@pytest.fixture(scope="module")
def spring(shared_world: World) -> Iterator[Spring]:
    world = shared_world
    world.client.headers["Ledger-Time"] = BEFORE
    district, issuer = world.district("Spring"), world.issuer("Spring Issuer")
    credential = issuer.credential(rubric=RUBRIC)
    adopted = {"board_reference": "Minute 12", "adopted_on": "2016-01-11", "rule": RULE}
    policies = f"/v1/districts/{district.id}/policy-rules"
    policy = world.done(district.office, policies, adopted)["id"]
    assessors = issuer.assessors(credential, district, 2)
    yield Spring(world, district, issuer, credential, assessors, policy)
    del world.client.headers["Ledger-Time"]


def test_of_two_teams_with_nine_points_the_earlier_one_shares_10000_dollars(
    spring: Spring,
) -> None:
    world = spring.world
    spring.at(BEFORE)
    challenge, eastern = spring.challenge(), spring.challenge(EASTERN)
    ada, bea, cyn, dot, eve = map(spring.teacher, ("Ada", "Bea", "Cyn", "Dot", "Eve"))
    for one in (challenge, eastern):
        spring.team(one, ada, bea)
        spring.team(one, cyn, dot, eve)
    late = spring.hand_in(bea, IN_TIME)  # 00:10 in New York is 21:10 of the day before in L. A.
    early = spring.hand_in(cyn, BEFORE)
    ahead = spring.award(challenge, 2)
    assert ahead.json()["type"] == "/problems/deadline-ahead"
    spring.at(LATE)
    refused = spring.award(challenge, 2)
    assert refused.json()["type"] == "/problems/submissions-unscored"
    early.review(NINE, FULL)
    assert spring.scores(challenge) == [(2, 1, 900), (1, None, 0)]
    alone = world.position
    late.review(FULL, NINE)

    assert spring.scores(challenge) == [(2, 1, 900), (1, 2, 900)], "the earlier last submission"
    assert spring.scores(eastern) == [(2, 1, 900), (1, None, 0)], "the zone of the deadline decides"
    assert spring.scores(challenge, as_of=alone) == [(2, 1, 900), (1, None, 0)]
    assert spring.award(challenge, 1).status_code == 409, "it does not stand first"

    key = {"Idempotency-Key": "the-prize"}
    path = f"/v1/challenges/{challenge}/prizes"
    given = world.done(spring.district.office, path, {"team": 2}, headers=key)
    assert world.done(spring.district.office, path, {"team": 2}, headers=key) == given
    again = spring.award(challenge, 2)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/prize-awarded")
    shares = {
        UUID(one["person_id"]): one["share_cents"] for one in spring.board(challenge)["members"]
    }
    assert shares == {ada: None, bea: None, cyn: 333_334, dot: 333_333, eve: 333_333}
    assert sum(cents or 0 for cents in shares.values()) == 1_000_000
    assert_paid_once(spring, {cyn: 333_334, dot: 333_333, eve: 333_333}, unpaid={ada, bea})


def assert_paid_once(spring: Spring, shares: dict[UUID, int], unpaid: set[UUID]) -> None:
    """Payroll has each share as a line, and what somebody files once more is worth nothing.

    The district is shared: only what these people are owed and paid is looked at.
    """
    world, district = spring.world, spring.district
    cyn = next(iter(shares))
    people = {*shares, *unpaid}

    def of_people(found: list[dict[str, Any]]) -> dict[UUID, int]:
        owed = [(UUID(one["person_id"]), one["amount_cents"]) for one in found]
        amounts = sorted((person, cents) for person, cents in owed if person in people)
        assert len({person for person, _ in amounts}) == len(amounts), "one line for each"
        return dict(amounts)

    facts = f"{spring.path}/people/{cyn}/facts"
    [filed] = world.seen(district.office, facts, kind="request_filed")["items"]
    more = {**filed["fact"], "cost_cents": 5_000}
    world.done(district.office, facts, {"fact": more})
    owed = world.seen(district.office, f"{spring.path}/payouts", effective_on="2016-06-30")["items"]
    due = [one["payout"] for one in owed if one["payout"]["amount_cents"]]
    assert of_people(due) == shares
    payroll = world.grant("payroll", district.id)
    world.done(payroll, f"{spring.path}/payroll-terms", {**TERMS, "effective_from": "2016-01-01"})
    batch = world.done(payroll, f"{spring.path}/batches", {"pay_date": "2016-06-30"})["id"]
    lines = world.seen(payroll, f"/v1/batches/{batch}/lines")["items"]
    assert of_people(lines) == shares


def test_a_team_is_who_joined_and_was_named_by_the_deadline(spring: Spring) -> None:
    world = spring.world
    spring.at(BEFORE)
    fay, gil, hal, ina = map(spring.teacher, ("Fay", "Gil", "Hal", "Ina"))
    path = f"/v1/challenges/{spring.challenge()}"
    world.done(fay, f"{path}/teams")
    alone = world.post(fay, f"{path}/locks", {"member_ids": []})
    assert alone.json()["type"] == "/problems/team-too-small"
    for one in (gil, hal):
        world.done(one, f"{path}/members", {"team": 1})
    assert world.post(gil, f"{path}/teams").json()["type"] == "/problems/in-a-team"
    unasked = world.post(fay, f"{path}/locks", {"member_ids": [str(gil), str(ina)]})
    assert unasked.json()["type"] == "/problems/team-unknown", "nobody is put into a team"
    world.done(fay, f"{path}/locks", {"member_ids": [str(gil)]})
    locked = world.post(ina, f"{path}/members", {"team": 1})
    assert locked.json()["type"] == "/problems/team-locked"
    world.done(hal, f"{path}/teams")
    spring.at(LATE)
    for what in ("teams", "members"):
        body = {"team": 2} if what == "members" else None
        assert world.post(ina, f"{path}/{what}", body).json()["type"] == "/problems/deadline-passed"
    seen = world.seen(gil, f"{path}/leaderboard")
    assert [UUID(one["person_id"]) for one in seen["members"]] == [fay, gil], "her own team"
    assert [one["team"] for one in seen["standings"]] == [1], "what is not locked takes no part"
    stranger = world.district("Elsewhere").teacher()
    assert world.get(stranger, f"{path}/leaderboard").status_code == 404


@pytest.mark.parametrize(
    ("changed", "slug"),
    [
        ({"prize": {"fund": "title-ii"}}, "prize-policy-unsuitable"),
        ({"deadline": {"day": "2016-04-19", "time": "23:59", "zone": PACIFIC}}, "deadline-passed"),
        (
            {"deadline": {"day": "2017-03-12", "time": "02:30", "zone": PACIFIC}},
            "deadline-not-on-clock",
        ),
        ({"members_min": 1}, "invalid-request"),
    ],
)
def test_a_challenge_that_could_not_be_held_is_refused(
    changed: dict[str, Any], slug: str, spring: Spring
) -> None:
    spring.at(BEFORE)
    body = spring.body(**changed)
    refused = spring.world.post(spring.district.office, f"{spring.path}/challenges", body)
    assert refused.json()["type"] == f"/problems/{slug}"


def test_a_prize_is_paid_by_a_policy_of_the_district_that_pays_it_whole(spring: Spring) -> None:
    """Another district's policy is not there; one with a pool of a dollar could pay too little."""
    spring.at(BEFORE)
    other = spring.world.district("Elsewhere")
    policies = {"adopted_on": "2016-01-11", "board_reference": "Minute 13"}
    foreign, small = (
        spring.world.done(
            one.office,
            f"/v1/districts/{one.id}/policy-rules",
            {**policies, "rule": {**RULE, **more}},
        )["id"]
        for one, more in ((other, {}), (spring.district, {"pool": {"budget_cents": 100}}))
    )
    path = f"{spring.path}/challenges"
    for policy, status, slug in (
        (foreign, 404, "not-found"),
        (small, 422, "prize-policy-unsuitable"),
    ):
        body = spring.body(prize={"policy_id": policy})
        refused = spring.world.post(spring.district.office, path, body)
        assert (refused.status_code, refused.json()["type"]) == (status, f"/problems/{slug}")


def test_a_challenge_on_a_micro_credential_that_is_retired_is_refused(spring: Spring) -> None:
    spring.at(BEFORE)
    credential = spring.issuer.credential(rubric=RUBRIC)
    retired = f"/v1/credentials/{credential}/retirements"
    spring.world.done(spring.issuer.approver, retired, {"reason": "replaced"})
    body = spring.body(credential_ids=[spring.credential, credential])
    refused = spring.world.post(spring.district.office, f"{spring.path}/challenges", body)
    assert refused.json()["type"] == "/problems/credential-retired"


def test_who_was_erased_leaves_her_share_to_the_others_and_no_cents_are_asked_for(
    spring: Spring,
) -> None:
    """Two cents for four, of whom one is erased since: who joined first has them."""
    world = spring.world
    spring.at(BEFORE)
    challenge = spring.challenge(prize={"amount_cents": 2})
    before = world.position
    joe, liz, may = map(spring.teacher, ("Joe", "Liz", "May"))
    kim = spring.teacher("Kim", last_day="2016-01-29")
    spring.team(challenge, joe, kim, liz, may)
    assert spring.board(challenge, as_of=before)["standings"] == [], "no team was locked then"
    done = spring.hand_in(joe, BEFORE)
    done.review(FULL, FULL)
    spring.at("2021-02-02T16:00:00Z")  # as soon as what she was paid need not be kept
    erased = world.post(kim, f"/v1/people/{kim}/erasures", {"reason": "subject-request"})
    assert erased.json()["status"] == "erased", erased.text
    assert spring.award(challenge, 1).status_code == 201
    shares = {
        UUID(one["person_id"]): one["share_cents"] for one in spring.board(challenge)["members"]
    }
    assert {joe: 1, liz: 1, may: 0}.items() <= shares.items()
    assert not shares.get(kim)
    for teacher, filed in ((joe, 1), (may, 0)):
        facts = f"{spring.path}/people/{teacher}/facts"
        found = world.get(spring.district.office, facts, kind="request_filed")
        assert len(found.json().get("items", ())) == filed


def test_a_policy_that_was_retired_pays_no_prize(spring: Spring) -> None:
    world = spring.world
    spring.at(BEFORE)
    adopted = {"adopted_on": "2016-01-11", "board_reference": "Minute 14", "rule": RULE}
    policy = world.done(spring.district.office, f"{spring.path}/policy-rules", adopted)["id"]
    retired = {"last_day": "2016-12-31", "board_reference": "Minute 15"}
    world.done(spring.district.office, f"/v1/policies/{policy}/retirements", retired)
    body = spring.body(prize={"policy_id": policy})
    refused = world.post(spring.district.office, f"{spring.path}/challenges", body)
    assert refused.json()["type"] == "/problems/prize-policy-unsuitable"
