"""What payroll says as of an earlier position is what it said there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.api.conftest import running
from tests.api.payroll import TERMS, hire, payday
from tests.api.world import World
from tests.database import Server

Told = dict[str, Any]


class Scene:
    """A batch that is made, closed, exported, answered and partly given up, step by step."""

    def __init__(self, world: World) -> None:
        world.client.headers["Ledger-Time"] = "2024-10-01T15:00:00Z"
        self.world, self.day = world, payday(world)
        issuer = world.issuer()
        credential = issuer.credential()
        self.day.policy(credential, cents=40_000)
        self.teachers = [hire(self.day, number) for number in ("1", "2")]
        for teacher in self.teachers:
            self.day.award(teacher, credential, issuer)
        self.batch, self.before = "", 0
        self.told: list[tuple[int, Told]] = []

    def reports(self) -> Iterator[tuple[UUID, str]]:
        office, district = self.day.office, self.day.path
        for view in ("batches", "payroll-terms", "corrections"):
            yield office, f"{district}/{view}"
        for view in ("", "/lines", "/variance"):
            yield office, f"/v1/batches/{self.batch}{view}"
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
        drafted = day.draft("2024-11-15").json()
        self.batch = drafted["id"]
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


@pytest.fixture(scope="module")
def scene(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with (
        database_server.database(database_server.template) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        scene = Scene(world)
        scene.play()
        yield scene


def test_payroll_as_of_a_position_is_what_was_answered_there(scene: Scene) -> None:
    for position, told in scene.told:
        assert scene.ask(as_of=position) == told


def test_it_did_change(scene: Scene) -> None:
    """Otherwise the test above would hold nothing: only corrections there were none."""
    for (_, before), (_, after) in zip(scene.told, scene.told[1:], strict=False):
        assert before != after
    first, last = scene.told[0][1], scene.told[-1][1]
    assert {path for path in first if first[path] == last[path]} == {
        f"{scene.day.path}/corrections"
    }


def test_before_there_was_a_batch_there_is_none(scene: Scene) -> None:
    found = scene.ask(as_of=scene.before)
    assert found[f"/v1/batches/{scene.batch}"] is None
    assert found[f"/v1/batches/{scene.batch}/lines"] is None
    assert found[f"{scene.day.path}/batches"]["items"] == []
    for teacher in scene.teachers:
        assert found[f"/v1/people/{teacher}/payments"]["items"] == []
    never = scene.ask(as_of="2001-01-01")
    assert never[f"{scene.day.path}/payroll-terms"]["items"] == []
