"""Holding and forgetting from the command line, as an administrator does it."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import orjson
import pytest
from click.testing import Result

from ledger.errors import NotFoundError
from tests.api.test_cli import in_place
from tests.api.world import World, story
from tests.privacy.test_drill import url_of

Run = Callable[..., Result]


@pytest.fixture
def run(shared_world: World, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Commands over the ledger of the shared world."""
    return in_place(url_of(shared_world), shared_world.settings.state_folder, monkeypatch)


def listed(run: Run, person: UUID) -> list[dict[str, object]]:
    found = orjson.loads(run("person", "erasures", "--json").stdout)
    return [one for one in found if one["person_id"] == str(person)]


def test_somebody_who_never_worked_anywhere_is_forgotten_at_once(
    shared_world: World, run: Run
) -> None:
    person = shared_world.district().person("Forgotten")
    erase = ("person", "erase", str(person), "--reason", "recorded-by-mistake")
    assert f"person {person}: erased at" in run(*erase).stdout
    again = run(*erase)
    assert "erased at" in again.stdout, "the same again is no failure"
    assert "asked for before" in again.stderr
    [one] = listed(run, person)
    assert (one["stage"], one["reason"]) == ("erased", "recorded-by-mistake")
    run("person", "withdraw-erasure", str(person), exit_code=1)


def test_a_hold_defers_and_its_end_lets_retention_run_go_on(shared_world: World, run: Run) -> None:
    person = shared_world.district().person()
    hold = run("person", "hold", str(person), "--reason", "litigation").stdout.strip()
    erase = ("person", "erase", str(person), "--reason", "subject-request")
    assert "deferred: legal-hold; no day is known yet" in run(*erase, exit_code=3).stdout
    assert f"held for litigation (hold {hold})" in run("person", "erasures").stdout
    assert "deferred" in run("retention", "run").stdout
    run("person", "lift-hold", str(person), hold, "--reason", "matter-closed")
    assert f"person {person}: erased at" in run("retention", "run").stdout
    assert str(person) not in run("retention", "run").stdout, "what is done is not told again"
    run("person", "hold", str(person), "--reason", "audit", exit_code=1)


def test_a_request_is_withdrawn(shared_world: World, run: Run) -> None:
    person = shared_world.district().teacher()
    run("person", "erase", str(person), "--reason", "subject-request", exit_code=3)
    run("person", "withdraw-erasure", str(person))
    assert listed(run, person) == []


def test_a_file_is_forgotten_by_its_id_alone(shared_world: World, run: Run) -> None:
    one = story(shared_world).enroll().hand_in()
    file = str(shared_world.seen(one.teacher, one.path)["evidence"][0]["evidence_id"])
    redact = ("evidence", "redact", file, "--reason")
    assert "deferred: under-review" in run(*redact, "subject-request", exit_code=3).stdout
    run("evidence", "withdraw-redaction", file)
    hold = run("evidence", "hold", file, "--reason", "audit").stdout.strip()
    assert "legal-hold" in run(*redact, "student-data", exit_code=3).stdout
    run("evidence", "lift-hold", file, hold, "--reason", "placed-by-mistake")
    assert f"evidence {file}: erased at" in run(*redact, "student-data").stdout
    assert shared_world.get(one.teacher, f"{one.path}/evidence/{file}").status_code == 410
    run("evidence", "redact", str(uuid4()), "--reason", "student-data", refused=NotFoundError)


def test_words_are_no_reason_and_nobody_is_nobody(shared_world: World, run: Run) -> None:
    person = shared_world.district().person()
    run("person", "erase", str(person), "--reason", "she asked us to", exit_code=2)
    unknown = str(uuid4())
    run("person", "erase", unknown, "--reason", "subject-request", refused=NotFoundError)


def test_the_periods_name_their_source(run: Run) -> None:
    assert "26 CFR 31.6001-1" in run("retention", "periods").stdout
