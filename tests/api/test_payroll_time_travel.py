"""What payroll says as of an earlier position is what it said there."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from tests.api.conftest import running
from tests.api.payroll import TERMS, hire, payday
from tests.api.world import World, stipend
from tests.database import Server

Told = dict[str, Any]


class Scene:
    """A batch that is made, closed, exported, answered and partly given up, step by step."""

    def __init__(self, world: World) -> None:
        world.client.headers["Ledger-Time"] = "2024-10-01T15:00:00Z"
        self.world, self.day = world, payday(world)
        self.issuer = world.issuer()
        credential, self.later = self.issuer.credential(), self.issuer.credential()
        self.policy = self.day.policy(credential, cents=40_000)
        self.day.policy(self.later, cents=10_000)
        self.teachers = [hire(self.day, number) for number in ("1", "2")]
        for teacher in self.teachers:
            self.day.award(teacher, credential, self.issuer)
        self.batch, self.before = "", 0
        self.batches: list[str] = []
        self.told: list[tuple[int, Told]] = []

    def reports(self) -> Iterator[tuple[UUID, str]]:
        office, district = self.day.office, self.day.path
        for view in ("batches", "payroll-terms", "corrections"):
            yield office, f"{district}/{view}"
        for view in ("entitlements", "correction-proposals"):
            yield office, f"{district}/{view}"
        for view in ("", "/lines", "/variance", "/log", "/returns") if self.batch else ():
            yield office, f"/v1/batches/{self.batch}{view}"
        for batch in self.batches:
            yield office, f"/v1/batches/{batch}/comparison"
        for teacher in self.teachers:
            yield teacher, f"/v1/people/{teacher}/payments"

    def ask(self, **asked: Any) -> Told:
        found = {}
        for who, path in self.reports():
            answer = self.world.get(who, path, **asked)
            assert answer.status_code in {200, 404}, answer.text
            found[path] = answer.json() if answer.status_code == 200 else None
        return found

    def remember(self) -> None:
        self.world.position = self.world.edge.ledger.recorder.last_position()
        self.world.seen(self.day.office, f"{self.day.path}/batches")  # the views have come so far
        self.told.append((self.world.position, self.ask()))

    def play(self) -> None:
        day = self.day
        self.before = self.world.edge.ledger.recorder.last_position()
        owed = day.world.seen(day.office, f"{day.path}/entitlements")["items"]
        hold = f"/v1/entitlements/{owed[0]['entitlement_id']}"
        day.world.done(day.office, f"{hold}/holds", {"reason": "documents"})
        self.remember()
        day.world.done(day.office, f"{hold}/releases")
        self.batch = day.draft("2024-11-15").json()["id"]
        self.batches.append(self.batch)
        self.remember()
        day.world.done(day.office, f"/v1/batches/{self.batch}/freezes")
        day.world.done(day.second, f"/v1/batches/{self.batch}/approvals", {})
        self.remember()
        day.export(self.batch)
        self.remember()
        number = day.world.seen(day.office, f"/v1/batches/{self.batch}")["number"]
        one, other = day.lines(self.batch)
        rows = f"{number},{one['line_id']},accepted\n{number},{other['line_id']},bypassed\n"
        assert day.answer(self.batch, f"batch_no,line_id,status\n{rows}").status_code == 200
        self.remember()
        given_up = {"attempt": 1, "reason": "uncollectible", "board_reference": "Minute 9"}
        path = f"/v1/lines/{other['line_id']}/write-offs"
        day.world.done(day.second, path, given_up)
        day.terms(**{**TERMS, "company_code": "XYZ"})
        self.remember()
        self.correct()

    def correct(self) -> None:
        """Less is owed than was closed: proposed, adopted, and in a batch that is given up."""
        day = self.day
        body = stipend(amount={"kind": "flat", "amount_cents": 25_000})
        day.world.done(day.district.office, f"/v1/policies/{self.policy}/versions", body)
        self.remember()
        day.adopt_all()
        day.award(self.teachers[0], self.later, self.issuer)
        self.remember()
        self.batches.append(day.freeze("2024-12-15"))
        self.remember()
        given_up = {"reason": "wrong_lines"}
        day.world.done(day.office, f"/v1/batches/{self.batches[-1]}/voids", given_up)
        self.batches.append(day.freeze("2024-12-20"))
        self.remember()


@pytest.fixture(scope="module")
def scene(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        scene = Scene(world)
        scene.play()
        yield scene


def test_payroll_as_of_a_position_is_what_was_answered_there(scene: Scene) -> None:
    for position, told in scene.told:
        found = scene.ask(as_of=position)
        for path, then in told.items():
            assert found[path] == then, path


def test_it_did_change(scene: Scene) -> None:
    """Otherwise the test above would hold nothing. What is proposed is gone once it is adopted."""
    for (_, before), (_, after) in pairwise(scene.told):
        assert before != after
    answers: dict[str, list[Any]] = {}
    for _, told in scene.told:
        for path, answer in told.items():
            answers.setdefault(path, []).append(answer)
    first = f"/v1/batches/{scene.batches[0]}/comparison"
    same = {path for path, told in answers.items() if all(one == told[-1] for one in told)}
    assert {path for path in same if "/comparison" not in path} == set()
    assert answers[first][-1] == {"comparison": None}


def test_a_batch_is_compared_with_the_last_that_was_not_given_up_by_then(scene: Scene) -> None:
    """The view says of now what the log says, from which it is approved."""
    given_up, last = (f"/v1/batches/{one}/comparison" for one in scene.batches[1:])
    office, world = scene.day.office, scene.world
    compared = world.seen(office, last)
    assert compared["comparison"]["compared_with"] == 1
    assert compared["comparison"]["warnings"]
    newest = scene.told[-1][0]
    assert world.seen(office, last, as_of=newest) == compared
    assert world.get(office, last, as_of=scene.told[0][0]).status_code == 404
    assert world.seen(office, given_up, as_of=newest)["comparison"]["compared_with"] == 1


def test_what_is_payable_only_after_a_day_is_not_due_on_it(scene: Scene) -> None:
    path = f"{scene.day.path}/entitlements"
    every = scene.world.seen(scene.day.office, path)["items"]
    assert scene.world.seen(scene.day.office, path, effective_on="2099-01-01")["items"] == every
    early = scene.world.seen(scene.day.office, path, effective_on="2001-01-01")["items"]
    assert "due" in {one["derived"] for one in every}
    assert "due" not in {one["derived"] for one in early}


def test_before_there_was_a_batch_there_is_none(scene: Scene) -> None:
    found = scene.ask(as_of=scene.before)
    assert found[f"/v1/batches/{scene.batch}"] is None
    assert found[f"/v1/batches/{scene.batch}/lines"] is None
    assert found[f"{scene.day.path}/batches"]["items"] == []
    for teacher in scene.teachers:
        assert found[f"/v1/people/{teacher}/payments"]["items"] == []
    never = scene.ask(as_of="2001-01-01")
    assert never[f"{scene.day.path}/payroll-terms"]["items"] == []
