"""Trying a draft over HTTP and from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.routes import quotes
from tests.api.conftest import running
from tests.api.payroll import Worked, worked_batch
from tests.database import Server

DRAFT: dict[str, Any] = {
    "title": "Five hundred",
    "zone": "America/Chicago",
    "effective_from": "2030-07-01",
    "trigger": {"kind": "award"},
    "benefit": "one_time",
    "amount": [{"name": "flat", "basis": {"kind": "flat", "amount_cents": 50_000}}],
    "account": {"fund": "general"},
}
FILE = """
id = "X1"
name = "Five hundred"
sources = ["A: a draft"]
[[rules]]
key = "one"
title = "Five hundred"
zone = "America/Chicago"
effective_from = 2030-07-01
trigger = { kind = "award" }
benefit = "one_time"
amount = [{ name = "flat", basis = { kind = "flat", amount_cents = 50000 } }]
account = { fund = "general" }
"""


@pytest.fixture(scope="module")
def worked(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worked]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield worked_batch(world)


def ask(worked: Worked, query: Any = None, **changes: Any) -> Any:
    policy = worked.policies[60_000]
    span = {"from_day": "2024-07-01", "to_day": "2025-06-30"}
    body = {"rule": DRAFT, "policy_id": policy, **span, **changes}
    path = f"{worked.day.path}/policy-simulations"
    params = query or {"min_position": worked.world.position}
    return worked.world.post(worked.day.office, path, body, params=params)


def test_a_draft_of_500_for_everything_is_compared_with_the_policy_of_600(worked: Worked) -> None:
    """Three awards stand, of two teachers; 600 for one of them now, 500 for each by the draft."""
    answer = ask(worked)
    assert answer.status_code == 200, answer.text
    said = answer.json()["simulation"]
    assert (said["draft_cents"], said["adopted_cents"]) == (150_000, 60_000)
    assert (said["gain"], said["lose"]) == (1, 1)
    months = [(one["month"], one["draft_cents"], one["adopted_cents"]) for one in said["months"]]
    assert months == [("2024-11", 150_000, 60_000)]
    changed = {one["person_id"]: one["draft_cents"] for one in said["changes"]}
    assert changed == {
        str(worked.teachers["4501"]): 100_000,
        str(worked.teachers["123"]): 50_000,
    }


def test_as_of_a_position_it_is_what_was_said_there(worked: Worked) -> None:
    """Before anybody was awarded anything, before the policy, and on a day before the ledger."""
    [newest] = worked.world.seen(worked.day.office, f"{worked.day.path}/policies")["items"][-1:]
    now = ask(worked)
    again = ask(worked, {"as_of": str(worked.world.position)})
    assert again.json() == now.json()
    adopted = {"as_of": newest["position"]}
    early = ask(worked, adopted, policy_id=newest["policy_id"])
    said = early.json()["simulation"]
    assert early.headers["Ledger-Position"] == str(newest["position"])
    assert (said["draft_cents"], said["adopted_cents"], said["changes"]) == (0, 0, [])
    assert (
        ask(worked, {"as_of": newest["position"] - 1}, policy_id=newest["policy_id"])
        .json()["type"]
        .endswith("policy-unknown")
    )
    nobody = ask(worked, {"as_of": "2001-01-01"}, policy_id=None).json()["simulation"]
    assert nobody["persons"] == 0
    assert ask(worked, {"as_of": 10**9}).json()["type"].endswith("position-unknown")


def test_what_was_shown_of_whom_is_written_down_and_nothing_else_is(worked: Worked) -> None:
    before = worked.world.edge.ledger.recorder.last_position()
    assert ask(worked).status_code == 200
    assert worked.world.edge.ledger.recorder.last_position() == before
    teacher = worked.teachers["123"]
    lines = worked.world.seen(teacher, f"/v1/people/{teacher}/disclosures")["items"]
    assert (lines[0]["record"], lines[0]["reader_id"]) == ("payouts", str(worked.day.office))


def test_a_span_reversed_a_policy_unknown_and_a_rule_that_does_not_fit_are_refused(
    worked: Worked,
) -> None:
    wrong = [
        ({"from_day": "2026-07-01"}, "simulation-span"),
        ({"policy_id": worked.day.district.id}, "policy-unknown"),
        ({"rule": {**DRAFT, "amount": []}}, "rule-misfit"),
    ]
    for change, slug in wrong:
        answer = ask(worked, **change)
        assert answer.status_code == 422
        assert answer.json()["type"].endswith(slug)


def test_the_command_says_the_same(
    worked: Worked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = worked.world.settings.database_url
    assert url is not None
    monkeypatch.setenv("DATABASE_URL", url.get_secret_value())
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(worked.world.settings.state_folder))
    file = tmp_path / "draft.toml"
    file.write_text(FILE)
    words = ["policy", "simulate", str(file), "--district", worked.day.district.id]
    words += ["--from", "2024-07-01", "--to", "2025-06-30", "--policy", worked.policies[60_000]]
    before = CliRunner().invoke(app, [*words, "--as-of", "2001-01-01", "--json"])
    assert (before.exit_code, json.loads(before.stdout)["persons"]) == (0, 0), before.output
    found = CliRunner().invoke(app, [*words, "--json"])
    assert found.exit_code == 0, found
    assert json.loads(found.stdout) == ask(worked).json()["simulation"]
    shown = CliRunner().invoke(app, words).stdout
    assert "Five hundred: 1500.00, now 600.00" in shown
    assert "1 gain, 1 lose, 1 of 3 stay equal" in shown
    assert shown.endswith("due -: 3\nnot_due award_revoked: 1\n")
    file.write_text(FILE.replace("account = ", "pool = { budget_cents = 50000 }\naccount = "))
    late = CliRunner().invoke(app, words).stdout
    assert "\nwaiting: 1500.00\n" in late
    assert "\npending calendar_missing: 3\n" in late


def test_more_people_than_a_request_waits_for_are_left_to_the_command_line(
    worked: Worked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quotes, "PERSONS_MAX", 2)
    answer = ask(worked)
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("simulation-too-large")
    assert "3 persons" in answer.json()["detail"]
    monkeypatch.setattr(quotes, "PERSONS_MAX", 3)
    assert ask(worked).status_code == 200
