"""Voice and choice: her own plan, her own pace; and nothing that is looked at is ever credited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from api import issuing
from api.caller import Caller
from api.clock import wall
from tests.api.learning import planned, resource
from tests.api.test_merges import merge
from tests.api.test_reports import Told
from tests.api.world import District, Story, World, license_of, rules, stipend, story

# In an order that no sorting brings about: they are listed as their issuer put them.
OPENED = [f"reading-{n}" for n in reversed(range(10))]
MODULES = [f"module-{n}" for n in reversed(range(12))]
LISTED = [*map(resource, OPENED), *(resource(one, "module") for one in MODULES)]


@dataclass
class Learner:
    """A teacher whose district pays for each award and whose state counts each, and six of them."""

    one: Story
    district: District
    credentials: list[str]

    @property
    def world(self) -> World:
        return self.one.world

    @property
    def me(self) -> UUID:
        return self.one.teacher

    @property
    def path(self) -> str:
        return f"/v1/people/{self.me}"

    def begins(self, number: int) -> Story:
        """On her way to one of them, with assessors who were appointed for the first one."""
        credential, issuer = self.credentials[number], self.one.issuer
        for person in self.one.assessors[:2] if number else ():
            body = {"person_id": str(person), "reason": "founding"}
            path = f"/v1/credentials/{credential}/assessor-appointments"
            self.world.done(issuer.approver, path, body)
        return Story(self.world, issuer, self.me, credential, self.one.assessors)

    def plans(self, title: str) -> None:
        planned(self.world, self.me, title)

    def changes(self, what: str, **body: Any) -> None:
        [plan] = self.world.seen(self.me, f"{self.path}/learning-plans")["items"]
        self.world.done(self.me, f"/v1/learning-plans/{plan['plan_id']}/{what}", body)

    def lists(self, *listed: dict[str, Any], number: int = 0) -> dict[str, Any]:
        path = f"/v1/credentials/{self.credentials[number]}/versions/1/resources"
        return self.world.done(self.one.issuer.approver, path, {"resources": listed})

    def does(self, what: str, name: str, number: int = 0) -> Any:
        body = {
            "credential_id": self.credentials[number],
            "credential_version": 1,
            "resource": name,
        }
        return self.world.post(self.me, f"{self.path}/{what}", body)

    def learning(self, **asked: Any) -> list[dict[str, Any]]:
        shown = self.world.seen(self.me, f"{self.path}/learning", **asked)
        return list(shown["items"])

    def plan(self, **asked: Any) -> dict[str, Any]:
        [found] = self.world.seen(self.me, f"{self.path}/learning-plans", **asked)["items"]
        return dict(found)

    def transcript(self) -> list[dict[str, Any]]:
        return list(self.world.seen(self.me, f"{self.path}/transcript")["items"])

    def credited(self) -> dict[str, Any]:
        """All that could be made of it: awards, badges, units, money, and what stands to come."""
        world = self.world

        def read(part: str) -> Any:
            return world.seen(self.me, f"{self.path}/{part}")

        world.edge.visible(issuing.VIEWS, world.position)
        issuing.issue_due(world.edge, wall)
        [cycle] = read("renewals")["items"]
        return {
            "transcript": len(self.transcript()),
            "badges": len(read("records")["items"]),
            "units": cycle["options"][0]["needs"][0]["earned_hundredths"],
            "payouts": [one["amount_cents"] for one in read("payouts")["items"]],
            "stacks": len(read("stacks")["items"]),
            "credits": len(read("credits")["items"]),
        }


@pytest.fixture(scope="module")
def state(shared_world: World) -> str:
    """A state that counts six points for each award."""
    return str(shared_world.done(shared_world.operator, "/v1/equivalencies", rules())["id"])


@pytest.fixture
def learner(shared_world: World, state: str) -> Learner:
    assert state
    world, district, today = shared_world, shared_world.district(), wall().date()
    one = story(world, district, token="Learner")
    world.done(district.office, f"/v1/districts/{district.id}/policies", stipend())
    years = {"issued_on": f"{today.year - 1}-01-01", "valid_to": f"{today.year + 3}-12-31"}
    license_ = license_of(one.teacher, **years)
    world.edge.visible(("employments",), world.position)  # a license asks who employs her
    world.done(district.office, f"/v1/districts/{district.id}/licenses", license_)
    return Learner(one, district, [one.credential])


def test_what_is_opened_and_completed_counts_for_nothing_until_evidence_is_accepted(
    learner: Learner,
) -> None:
    """Ten resources opened and twelve modules completed: no award, badge, unit or cent."""
    nothing = {"transcript": 0, "badges": 0, "units": 0, "payouts": [], "stacks": 0, "credits": 0}
    learner.lists(*LISTED)
    before = learner.world.position
    steps = [learner.does("opened-resources", one) for one in OPENED]
    opened = learner.world.position
    steps += [learner.does("completed-modules", one) for one in MODULES]
    assert [one.status_code for one in steps] == [201] * 22
    assert learner.credited() == nothing
    [progress] = learner.learning()
    shown = {name: progress[name] for name in ("resources", "opened", "modules", "completed")}
    assert shown == {"resources": 22, "opened": 10, "modules": 12, "completed": 12}
    assert progress["percent_completed"] == 100
    assert [one["resource"] for one in progress["listed"]] == [*OPENED, *MODULES]
    assert learner.learning(as_of=before) == []
    [then] = learner.learning(as_of=opened)
    assert (then["opened"], then["completed"], then["percent_completed"]) == (10, 0, 0)
    learner.lists(*LISTED[:11])  # what is listed no more is asked for no more
    [shorter] = learner.learning()
    assert (shorter["resources"], shorter["completed"], shorter["modules"]) == (11, 1, 1)
    assert learner.learning(as_of=opened) == [then]
    learner.begins(0).award()  # what is accepted does count, so nothing above was zero by mistake
    assert learner.credited() == {
        **nothing,
        "transcript": 1,
        "badges": 1,
        "units": 600,
        "payouts": [30_000],
    }


def test_a_plan_of_six_with_two_earned_and_one_in_review_is_earned_to_33_percent(
    learner: Learner,
) -> None:
    """2 of 6 are 33.33 %, which is rounded down; a revoked award is earned no more."""
    world, me = learner.world, learner.me
    issuer = learner.one.issuer
    learner.credentials += [issuer.credential(title=f"Number {n}") for n in range(2, 7)]
    told = Told(world, (me, f"{learner.path}/learning-plans"))
    learner.plans("My own way")
    told.remember()
    for credential in learner.credentials:
        learner.changes("additions", credential_id=credential)
    plan = learner.plan()
    assert [one["credential_id"] for one in plan["lines"]] == learner.credentials
    assert (plan["percent_earned"], plan["lines"][0]["state"]) == (0, "planned")
    told.remember()
    wanted = learner.credentials[::-1]
    learner.changes("orders", credential_ids=wanted)
    assert [one["credential_id"] for one in learner.plan()["lines"]] == wanted
    told.remember()
    first = learner.begins(0).award()
    learner.begins(1).award()
    learner.begins(2).enroll().hand_in()
    plan = learner.plan()
    assert (plan["earned"], plan["in_review"], plan["total"]) == (2, 1, 6)
    assert plan["percent_earned"] == 33
    states = [one["state"] for one in plan["lines"]]
    assert states == ["planned", "planned", "planned", "in_review", "earned", "earned"]
    assert (plan["title"], plan["lines"][0]["title"]) == ("My own way", "Number 6")
    told.remember()
    [line] = [one for one in learner.transcript() if one["enrollment_id"] == first.enrollment]
    body = {"reason": "misconduct", "authority": "issuer", "effective_on": line["awarded_on"]}
    world.done(issuer.approver, f"{first.path}/revocations", body)
    plan = learner.plan()
    assert (plan["earned"], plan["percent_earned"], plan["lines"][5]["state"]) == (1, 16, "revoked")
    told.remember()
    learner.changes("removals", credential_id=learner.credentials[0])
    assert (learner.plan()["total"], learner.plan()["percent_earned"]) == (5, 20)
    told.remember()
    told.check()


def test_a_plan_and_what_was_learned_are_shown_to_herself_alone(learner: Learner) -> None:
    world = learner.world
    learner.plans("Mine")
    learner.changes("additions", credential_id=learner.credentials[0])
    learner.lists(resource("reading"))
    assert learner.does("opened-resources", "reading").status_code == 201
    others = (learner.district.office, learner.one.issuer.approver, world.grant("auditor"))
    for who in others:
        for part in ("learning-plans", "learning"):
            assert world.get(who, f"{learner.path}/{part}").status_code == 404
        body = {"credential_id": learner.credentials[0]}
        path = f"/v1/learning-plans/{learner.plan()['plan_id']}/removals"
        assert world.post(who, path, body).status_code == 404
    for who in others[:2]:  # a query that forgot whom it is about brings them no row of anybody
        with world.edge.reading(Caller(who, world.edge.ledger).scope()) as connection:
            assert connection.execute("SELECT FROM learning_plans").rowcount == 0
            assert connection.execute("SELECT FROM learning_steps").rowcount == 0
    listed = [one["topic"] for one in world.seen(learner.me, f"{learner.path}/history")["items"]]
    assert "learning.resource-opened.v1" in listed, "what happened to her is hers to see, all of it"


@pytest.mark.parametrize(
    ("what", "name", "slug"),
    [
        ("opened-resources", "unheard-of", "resource-unknown"),
        ("completed-modules", "reading", "resource-unknown"),
        ("opened-resources", "reading", "nothing-changes"),
    ],
)
def test_a_step_that_cannot_be_is_refused_and_stored_nowhere(
    learner: Learner, what: str, name: str, slug: str
) -> None:
    learner.lists(resource("reading"), resource("module", "module"))
    assert learner.does("opened-resources", "reading").status_code == 201
    before = learner.learning()
    refused = learner.does(what, name)
    assert (refused.status_code, refused.json()["type"]) == (409, f"/problems/{slug}")
    assert learner.learning() == before


def test_what_two_records_of_her_did_is_one_progress_once_they_are_one(learner: Learner) -> None:
    """Seven modules under one id and six under the other, one of them twice: twelve are done."""
    world, kept = learner.world, learner.one
    learner.lists(*(resource(one, "module") for one in MODULES))
    other = Story(
        world, kept.issuer, learner.district.teacher("Adelaide"), kept.credential, kept.assessors
    )
    double = Learner(other, learner.district, learner.credentials)
    for one in MODULES[:7]:
        assert double.does("completed-modules", one).status_code == 201
    [first] = double.learning()
    for one in MODULES[6:]:
        assert learner.does("completed-modules", one).status_code == 201
    double.plans("Begun under the other id")
    merge(world, learner.me, double.me)
    [progress] = learner.learning()
    assert (progress["completed"], progress["modules"]) == (12, 12)
    assert progress["listed"][:7] == first["listed"][:7], "whichever did it first says when"
    assert learner.learning(as_of=world.position) == [progress]
    learner.changes("additions", credential_id=learner.credentials[0])
    plan = learner.plan()
    assert (plan["title"], plan["total"]) == ("Begun under the other id", 1)


def test_lists_come_in_pages(learner: Learner) -> None:
    learner.credentials.append(learner.one.issuer.credential(title="Another"))
    for number in (1, 0):
        learner.plans(f"Plan {number}")
        learner.lists(resource("reading", "module"), number=number)
        assert learner.does("opened-resources", "reading", number).status_code == 201
    for part, name in (("learning", "credential_id"), ("learning-plans", "plan_id")):
        path = f"{learner.path}/{part}"
        first = learner.world.seen(learner.me, path, limit=1)
        second = learner.world.seen(learner.me, path, limit=1, cursor=first["next"])
        pages = [one[name] for page in (first, second) for one in page["items"]]
        assert pages == [one[name] for one in learner.world.seen(learner.me, path)["items"]]
        assert len(pages) == 2
    shown = learner.learning()
    assert [one["credential_id"] for one in shown] == learner.credentials[::-1]
    assert [(one["opened"], one["completed"]) for one in shown] == [(1, 0), (1, 0)]


def test_the_catalog_shows_the_resources_of_the_version_that_lists_them(learner: Learner) -> None:
    world, path = learner.world, f"/v1/credentials/{learner.credentials[0]}/versions/1"
    before = world.seen(learner.me, path)
    learner.lists(resource("reading"), resource("clip", "video", minutes=8))
    shown = world.seen(learner.me, path)
    assert shown["resources"] == [resource("reading"), resource("clip", "video", minutes=8)]
    assert shown == {**before, "resources": shown["resources"]}, "the definition stays as it was"
    refused = world.post(
        learner.one.issuer.approver,
        f"{path}/resources",
        {"resources": [resource("plain", url="http://learn.example/plain")]},
    )
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-request")
    assert "resources" in refused.text
    learner.lists(resource("clip", "video"))
    assert len(world.seen(learner.me, path)["resources"]) == 1
