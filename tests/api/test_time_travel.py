"""Every report answers what was known at an earlier position, or by the end of an earlier day."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.api.world import (
    MET,
    NOT_MET,
    Issuer,
    Story,
    World,
    credit_of,
    license_of,
    stack_of,
    stipend,
    story,
)

TODAY = "2030-01-01"
DATED = re.compile(
    r"payouts|payout-totals|people/.*/stacks|progress|transcript|/people$"
    r"|budgets|base-pay-notices|pay-notices|thresholds|unpaid|renewals|license-unit|allotments"
)


class Scene:
    """A district, an issuer and a teacher, and everything that is reported of them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.district = world.district()
        self.story: Story = story(world, self.district)
        self.stack = world.done(
            self.approver, "/v1/stacks", stack_of(self.issuer.id, self.story.credential)
        )["id"]
        self.told: list[tuple[int, dict[str, Any]]] = []
        self.remember()

    @property
    def issuer(self) -> Issuer:
        return self.story.issuer

    @property
    def approver(self) -> UUID:
        return self.issuer.approver

    @property
    def teacher(self) -> UUID:
        return self.story.teacher

    def reports(self) -> Iterator[tuple[UUID, str]]:
        """Who asks for what. Each of these takes `as_of`."""
        person, district = f"/v1/people/{self.teacher}", f"/v1/districts/{self.district.id}"
        for view in ("transcript", "history", "stacks", "employments", "payouts"):
            yield self.teacher, f"{person}/{view}"
        for view in ("licenses", "credits", "renewals", "thresholds"):
            yield self.teacher, f"{person}/{view}"
        for view in ("people", "organizations", "policies", "payouts", "payout-totals"):
            yield self.district.office, f"{district}/{view}"
        for view in ("budgets", "base-pay-notices", "pay-notices", "unpaid", "renewals"):
            yield self.district.office, f"{district}/{view}"
        for view in (
            "unpaid-counts",
            "license-units",
            "license-unit-totals",
            "adoption",
            "allotments",
        ):
            yield self.district.office, f"{district}/{view}"
        yield self.district.office, "/v1/districts"
        for kind, which in (
            ("issuers", self.issuer.id),
            ("stacks", self.stack),
            ("credentials", self.story.credential),
        ):
            yield self.approver, f"/v1/{kind}"
            yield self.approver, f"/v1/{kind}/{which}"
        yield self.approver, "/v1/facets"
        yield self.approver, "/v1/credentials?status=retired"
        yield self.approver, f"/v1/stacks/{self.stack}/progress"
        yield self.approver, f"/v1/issuers/{self.issuer.id}/reviews"
        if self.story.enrollment:
            yield self.teacher, self.story.path
            yield self.approver, self.story.path
            line = f"{person}/transcript/{self.story.enrollment}/explanation"
            yield self.teacher, line

    def ask(self, **asked: Any) -> dict[str, Any]:
        found = {}
        for who, path in self.reports():
            whole, _, query = path.partition("?")
            parameters = dict(part.split("=") for part in query.split("&") if part) | asked
            if DATED.search(whole):
                parameters["effective_on"] = TODAY
            answer = self.world.get(who, whole, **parameters)
            assert answer.status_code in {200, 404}, (path, answer.text)
            found[f"{path} {who}"] = answer.json() if answer.status_code == 200 else None
            if "as_of" in asked and answer.status_code == 200:
                assert answer.headers["Ledger-Position"] == str(asked["as_of"]), path
        return found

    def remember(self) -> None:
        """What is reported now, at this position."""
        position = self.world.edge.ledger.recorder.last_position()
        self.told.append((position, self.ask()))


@pytest.fixture(scope="module")
def scene(shared_world: World) -> Scene:
    world, scene = shared_world, Scene(shared_world)
    district, one = scene.district, scene.story
    path = f"/v1/districts/{district.id}"
    policy = world.done(district.office, f"{path}/policies", stipend(budget_cents_per_year=40_000))
    policy = policy["id"]
    rise = stipend(title="A rise", benefit="base_pay")
    world.done(district.office, f"{path}/policies", rise)
    world.done(district.office, f"{path}/licenses", license_of(one.teacher, valid_to="2099-06-30"))
    credit = world.done(district.office, f"{path}/credits", credit_of(one.teacher))["id"]
    one.enroll().hand_in()
    scene.remember()
    one.review(MET, NOT_MET)
    scene.remember()
    queue = world.seen(scene.approver, f"/v1/issuers/{scene.issuer.id}/reviews")["items"]
    due_on = queue[0]["due_on"]
    holidays = {"year": int(due_on[:4]), "holidays": [due_on]}
    world.done(scene.approver, f"/v1/issuers/{scene.issuer.id}/holidays", holidays)
    world.done(scene.approver, f"{one.path}/assignments", {"assessor_id": str(one.assessors[2])})
    world.done(one.assessors[2], f"{one.path}/scores", {"levels": MET})
    scene.remember()
    one.decide()
    scene.remember()
    employment = world.seen(one.teacher, f"/v1/people/{one.teacher}/employments")["items"][0]
    change = {"role": "principal", "effective_on": "2025-01-01"}
    world.done(district.office, f"/v1/employments/{employment['employment_id']}/changes", change)
    world.done(world.operator, f"/v1/organizations/{district.id}/names", {"name": "New name"})
    scene.remember()
    district.teacher("Bea", "Later")
    scene.issuer.credential(1)
    again = stack_of(scene.issuer.id, one.credential) | {"title": "Another stack"}
    again.pop("issuer_id")
    world.done(scene.approver, f"/v1/stacks/{scene.stack}/definitions", again)
    retire = {"board_reference": "Minute 9", "last_day": "2099-12-31"}
    world.done(district.office, f"/v1/policies/{policy}/retirements", retire)
    scene.remember()
    withdraw = {"reason": "mistake", "effective_on": "2024-06-01"}
    world.done(district.office, f"/v1/credits/{credit}/withdrawals", withdraw)
    revoke = {"reason": "plagiarism", "authority": "issuer"}
    world.done(scene.approver, f"{one.path}/revocations", revoke)
    world.done(scene.approver, f"/v1/credentials/{one.credential}/retirements", {"reason": "old"})
    scene.remember()
    return scene


@pytest.mark.parametrize("when", range(8))
def test_every_report_as_of_a_position_is_what_was_answered_there(scene: Scene, when: int) -> None:
    position, told = scene.told[when]
    found = scene.ask(as_of=position)
    for path, then in told.items():
        assert found[path] == then, path


def test_the_reports_did_change(scene: Scene) -> None:
    """Otherwise the test above would hold nothing.

    The queue was empty at both ends; the rise went with its award, and so did what was foreseen.
    No policy here counts units, and nothing is allotted: tests/api/test_pay_notices.py and
    tests/api/test_allotments.py have such reports as of a position.
    """
    first, last = scene.told[0][1], scene.told[-1][1]
    same = {path.partition(" ")[0] for path in first if first[path] == last[path]}
    office, district = scene.district.office, f"/v1/districts/{scene.district.id}"
    rises = {f"{district}/base-pay-notices", f"{district}/pay-notices"}
    empty = {f"/v1/people/{scene.teacher}/thresholds", f"{district}/allotments"}
    assert same == {f"/v1/issuers/{scene.issuer.id}/reviews", *rises, *empty}
    for rise in rises:
        assert any(told[f"{rise} {office}"]["items"] for _, told in scene.told)
    money = f"/v1/districts/{scene.district.id}/budgets {office}"
    foreseen = [
        sum(line["forecast"]["amount_cents"] for line in told[money]["items"])
        for _, told in scene.told
    ]
    assert (foreseen[0], max(foreseen), foreseen[-1]) == (0, 60_000, 0)
    assert scene.told[1][1] != scene.told[2][1] != scene.told[3][1]


def test_a_day_means_all_that_was_recorded_by_its_end(scene: Scene) -> None:
    now = scene.told[-1][1]
    for who, path in scene.reports():
        whole, _, query = path.partition("?")
        asked = dict(part.split("=") for part in query.split("&") if part)
        answer = scene.world.get(who, whole, as_of="2001-01-01", **asked)
        assert answer.status_code in {200, 404}, path
        items = answer.json().get("items", []) if answer.status_code == 200 else []
        assert items == [], path
        later = scene.world.get(who, whole, as_of="2100-01-01", **asked)
        assert later.status_code == (404 if now[f"{path} {who}"] is None else 200), path


def test_a_draft_is_its_issuers_alone_also_in_hindsight(scene: Scene) -> None:
    world, issuer = scene.world, scene.issuer
    body = {"issuer_id": issuer.id, "definition": {"title": "Secret draft", "summary": "S"}}
    draft = world.done(issuer.approver, "/v1/credentials", body)
    path, then = f"/v1/credentials/{draft['id']}", draft["position"]
    full = world.seen(issuer.approver, f"/v1/credentials/{scene.story.credential}/versions/1")
    definition = {"definition": full["definition"]}
    world.done(issuer.approver, f"{path}/drafts", definition)
    world.done(issuer.approver, f"{path}/versions")
    assert world.get(scene.teacher, path).status_code == 200
    assert world.get(scene.teacher, path, as_of=then).status_code == 404
    assert world.seen(issuer.approver, path, as_of=then)["title"] == "Secret draft"


def test_positions_on_a_day_are_those_held_then(scene: Scene) -> None:
    path = f"/v1/people/{scene.teacher}/employments"
    assert scene.world.seen(scene.teacher, path, effective_on="2020-01-01")["items"] == []
    assert len(scene.world.seen(scene.teacher, path, effective_on="2025-01-01")["items"]) == 1


def test_a_position_that_is_still_to_come_is_refused(scene: Scene) -> None:
    for who, path in scene.reports():
        answer = scene.world.get(who, path.partition("?")[0], as_of=10**9)
        assert answer.status_code == 422, path
        assert answer.json()["type"] == "/problems/position-unknown"


def test_given_a_new_name_when_a_report_is_asked_as_of_before_then_it_has_that_one(
    shared_world: World,
) -> None:
    """Nothing is shown of a name that was replaced; all else is as it was answered then."""
    district = shared_world.district()
    base = f"/v1/districts/{district.id}"
    shared_world.done(district.office, f"{base}/policies", stipend())
    one = story(shared_world, district, "Formerly").award()
    position, known = shared_world.position, {"effective_on": TODAY}
    then = shared_world.seen(district.office, f"{base}/payouts", **known)["items"]
    details = {"details": {"given_name": "Ada", "family_name": "Since"}}
    shared_world.done(district.office, f"{base}/people/{one.teacher}/details", details)

    found = shared_world.seen(district.office, f"{base}/payouts", as_of=position, **known)

    assert [line["name"] for line in then] == ["Ada Formerly"]
    assert found["items"] == [{**line, "name": "Ada Since"} for line in then]
    assert "Formerly" not in str(found)
