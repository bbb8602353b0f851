"""Every read says as of when it answers, or docs/http.md says why it does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.api.elsewhere import Issuer as Elsewhere
from tests.api.payroll import payday
from tests.api.test_disputes import answer, disputed, on, rebut, withdraw
from tests.api.test_external_records import Case, arrived
from tests.api.test_field import at
from tests.api.world import MET, Story, World, rules, stipend, story
from tests.records.host import answering
from tests.records.received import text

PAGE = Path(__file__).parents[2] / "docs" / "http.md"
NOT_IN_OPENAPI = {"GET /checkpoint", "GET /proofs/{position}"}  # static files of a transparency log
NOT_AS_OF, NOT_ON_A_DAY = "### Without `as_of`", "### Without `effective_on`"
ADDRESS = re.compile(r"`(/[^`]*)`")
NAME = re.compile(r"\{[^}]*\}")


def reads(world: World) -> Iterator[tuple[str, set[str]]]:
    """Every read, its ids all called the same, and what it may be asked with."""
    document = world.client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        if "get" in operations:
            asked = {one["name"] for one in operations["get"].get("parameters", ())}
            yield NAME.sub("{id}", path), asked


def listed(heading: str) -> list[str]:
    """The addresses that the page lists with a reason, in its first column."""
    part = PAGE.read_text().split(f"{heading}\n")[1].split("\n#")[0]
    columns = [line.split("|") for line in part.splitlines() if line.startswith("| `")]
    assert all(column[2].strip() for column in columns), "each needs a reason"
    return [NAME.sub("{id}", path) for column in columns for path in ADDRESS.findall(column[1])]


@pytest.mark.parametrize(
    ("heading", "asked_with"), [(NOT_AS_OF, "as_of"), (NOT_ON_A_DAY, "effective_on")]
)
def test_a_read_without_a_when_is_listed_with_its_reason(
    heading: str, asked_with: str, shared_world: World
) -> None:
    """So a new report cannot forget it. What takes no `as_of` is listed once."""
    known = {path: asked for path, asked in reads(shared_world) if "as_of" in asked}
    every = known if asked_with == "effective_on" else dict(reads(shared_world))
    assert sorted(listed(heading)) == sorted(
        path for path, asked in every.items() if asked_with not in asked
    )


def test_every_question_is_answered_by_an_address_or_a_command_that_there_is(
    shared_world: World,
) -> None:
    """Twenty-five that the field asks, and the operator's: none is left without an answer."""
    text = (PAGE.parent / "questions.md").read_text()
    lines = [line.split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(lines) == 25 + 1
    assert all("`" in answer for *_, answer in lines)
    paths = shared_world.client.get("/openapi.json").json()["paths"]
    known = {f"{method.upper()} {path}" for path in paths for method in paths[path]}
    named = set(re.findall(r"`((?:GET|POST) /[^`]*)`", text))
    assert named - known == NOT_IN_OPENAPI
    commands = set(re.findall(r"`mcledger ([a-z -]+)`", text))
    readme = (PAGE.parents[1] / "README.md").read_text()
    assert all(command.split()[0] in readme.replace("`", " ").split() for command in commands)


class Told:
    """What some reads answered at each step."""

    def __init__(self, world: World, *reads: tuple[UUID, str]) -> None:
        self.world, self.reads = world, reads
        self.steps: list[tuple[int, list[Any]]] = []
        self.remember()

    def ask(self, **asked: Any) -> list[Any]:
        answers = [self.world.get(who, path, **asked) for who, path in self.reads]
        assert {one.status_code for one in answers} <= {200, 404}
        return [one.json() if one.status_code == 200 else None for one in answers]

    def remember(self) -> None:
        self.world.position = self.world.edge.ledger.recorder.last_position()
        self.steps.append((self.world.position, self.ask()))

    def check(self) -> None:
        """Each read says as of each step what it said there, and did change."""
        for position, then in self.steps:
            assert self.ask(as_of=position) == then
        for number, (_, path) in enumerate(self.reads):
            answers = [then[number] for _, then in self.steps]
            assert any(one != answers[0] for one in answers), path
        who, path = self.reads[0]
        late = self.world.get(who, path, as_of=10**9)
        assert late.json()["type"] == "/problems/position-unknown"


def test_disputes_as_of_a_position_are_what_they_were(shared_world: World) -> None:
    one = story(shared_world, token="Disputing").award()
    hers, queue = f"/v1/people/{one.teacher}/disputes", f"/v1/issuers/{one.issuer.id}/disputes"
    told = Told(shared_world, (one.teacher, hers), (one.issuer.approver, queue))
    first = disputed(one)
    told.remember()
    answer(one, first)
    told.remember()
    rebut(one, first, "It is not.")
    told.remember()
    second = disputed(one)
    told.remember()
    withdraw(one, second)
    told.remember()
    told.check()
    assert len(shared_world.seen(one.issuer.approver, queue, state="all")["items"]) == 2


def test_an_answer_is_late_by_the_day_that_is_asked_for(shared_world: World) -> None:
    one = story(shared_world, token="Late").award()
    disputed(one)
    queue = f"/v1/issuers/{one.issuer.id}/disputes"
    for days, late in ((29, False), (31, True)):
        day = on(days)["Ledger-Time"][:10]
        [item] = shared_world.seen(one.issuer.approver, queue, effective_on=day)["items"]
        assert item["overdue"] is late


def test_records_from_elsewhere_and_trust_as_of_a_position(shared_world: World) -> None:
    with answering() as (host, answers):
        elsewhere = Elsewhere(host, answers)
        elsewhere.publish()
        case = arrived(shared_world, shared_world.district())
        office = case.district.office
        trusted = f"/v1/districts/{case.district.id}/trusted-issuers"
        told = Told(
            shared_world,
            (case.teacher, f"/v1/people/{case.teacher}/external-records"),
            (office, trusted),
        )
        case.trust(elsewhere)
        told.remember()
        _received(case, elsewhere, told)
        told.check()
    end = {"issuer_id": elsewhere.id, "reason": "closed", "effective_on": "2026-09-01"}
    shared_world.done(office, f"{trusted[:-1]}-withdrawals", end)
    for day, believed in (("2026-06-30", []), ("2026-07-01", [True]), ("2026-09-01", [False])):
        items = shared_world.seen(office, trusted, effective_on=day)["items"]
        assert [one["trusted"] for one in items] == believed


def _received(case: Case, elsewhere: Elsewhere, told: Told) -> None:
    record = case.bring(text(elsewhere.award(1)))["record"]
    one = f"/v1/external-records/{record['external_record_id']}"
    told.remember()
    before = told.world.seen(case.teacher, one)
    position = told.steps[-1][0]
    case.decide(record["external_record_id"], record["items"][0]["item_id"], "accepted")
    told.remember()
    assert told.world.seen(case.teacher, one) != before
    assert told.world.seen(case.teacher, one, as_of=position) == before
    assert told.world.get(case.teacher, one, as_of=told.steps[0][0]).status_code == 404


def test_decisions_as_of_a_position_are_those_made_by_then(shared_world: World) -> None:
    one: Story = story(shared_world, token="Decided").enroll().hand_in()
    told = Told(shared_world, (one.teacher, f"{one.path}/decisions"))
    one.review(MET, MET).decide()
    told.remember()
    told.check()


def test_roles_as_of_a_position_are_those_held_then(shared_world: World) -> None:
    world = shared_world
    who = world.grant("operator")
    path = f"/v1/principals/{who}"
    told = Told(world, (world.operator, f"{path}/grants"))
    world.done(world.operator, f"{path}/grant-withdrawals", {"role": "operator"})
    told.remember()
    world.done(world.operator, f"{path}/grants", {"role": "auditor"})
    told.remember()
    told.check()
    assert [len(then[0]["grants"]) for _, then in told.steps] == [1, 0, 1]
    assert world.seen(world.operator, f"{path}/grants", as_of="2001-01-01")["grants"] == []


def test_rules_as_of_a_position_and_in_force_on_a_day(shared_world: World) -> None:
    world, anybody = shared_world, shared_world.operator
    told = Told(world, (anybody, "/v1/equivalencies"))
    rule = world.done(world.operator, "/v1/equivalencies", rules())["id"]
    told.remember()
    newer = rules(title="Newer", effective_from="2030-01-01")
    world.done(world.operator, "/v1/equivalencies", newer)
    told.remember()
    end = {"authority_reference": "Act 6", "last_day": "2031-12-31"}
    world.done(world.operator, f"/v1/equivalencies/{rule}/retirements", end)
    told.remember()
    told.check()
    for day, version in (("1900-01-01", []), ("2029-12-31", [1]), ("2030-01-01", [2])):
        items = world.seen(anybody, "/v1/equivalencies", effective_on=day)["items"]
        assert [one["rule_version"] for one in items] == version
    assert world.seen(anybody, "/v1/equivalencies", effective_on="2032-01-01")["items"] == []


def test_policies_and_terms_in_force_on_a_day(shared_world: World) -> None:
    world, day = shared_world, payday(shared_world)
    policies, terms = f"{day.path}/policies", f"{day.path}/payroll-terms"
    with at(world, "2025-06-01"):
        made = world.done(day.district.office, policies, stipend(effective_from="2025-07-01"))["id"]
        later = stipend(effective_from="2026-07-01")
        world.done(day.district.office, f"/v1/policies/{made}/versions", later)
        end = {"board_reference": "Minute 9", "last_day": "2027-06-30"}
        world.done(day.district.office, f"/v1/policies/{made}/retirements", end)
        day.terms(effective_from="2026-07-01")
    assert len(world.seen(day.office, policies)["items"]) == 2
    for on_day, versions in (
        ("2025-06-30", []),
        ("2026-06-30", [1]),
        ("2026-07-01", [2]),
        ("2027-07-01", []),
    ):
        found = world.seen(day.office, policies, effective_on=on_day)["items"]
        assert [one["policy_version"] for one in found] == versions, on_day
    for on_day, versions in (("2024-06-30", []), ("2024-07-01", [1]), ("2026-07-01", [2])):
        found = world.seen(day.office, terms, effective_on=on_day)["items"]
        assert [one["terms_version"] for one in found] == versions, on_day
