"""What changed between two positions: added to the report at the first it gives the second."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app
from api.cli_changes import ChangesRefusedError
from tests.api.test_time_travel import TODAY, Scene, scene
from tests.api.world import World

__all__ = ["scene"]  # the fixture: a teacher from enrolling to a revocation, in eight steps
Rows = dict[str, dict[str, Any]]
SPANS = [*combinations(range(8), 2)]
# What is shown of one enrollment by itself, and in no list.
BY_ITSELF = {"evidence": [], "reflection": None, "statement": None}


def changes(scene: Scene, who: UUID, path: str, **asked: Any) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, Any] = {}
    while True:
        given = {"effective_on": TODAY, "limit": 3, **asked, **cursor}
        page = scene.world.seen(who, f"{path}/changes", **given)
        found += page["items"]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


def items(told: dict[str, Any], path: str, who: UUID) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = told[f"{path} {who}"]["items"]
    return found


def report_of_teacher(scene: Scene, told: dict[str, Any]) -> dict[str, Rows]:
    """What a teacher was told, as rows by the kind of change and the id."""
    who, base = scene.teacher, f"/v1/people/{scene.teacher}"
    transcript = {one["enrollment_id"]: one for one in items(told, f"{base}/transcript", who)}
    review = told.get(f"{scene.story.path} {who}")
    return {
        "transcript": transcript,
        "award": held(transcript),
        "stack": {one["stack_id"]: one for one in items(told, f"{base}/stacks", who)},
        "payout": {one["payout_id"]: one for one in items(told, f"{base}/payouts", who)},
        "employment": {
            one["employment_id"]: one for one in items(told, f"{base}/employments", who)
        },
        "review": {} if review is None else {review["enrollment_id"]: review | BY_ITSELF},
    }


def report_of_district(scene: Scene, told: dict[str, Any]) -> dict[str, Rows]:
    who, base = scene.district.office, f"/v1/districts/{scene.district.id}"
    totals = items(told, f"{base}/payout-totals", who)
    policies = items(told, f"{base}/policies", who)
    payouts = [one["payout"] for one in items(told, f"{base}/payouts", who)]
    return {
        "payout": {one["payout_id"]: one for one in payouts},
        "payout-total": {
            f"{one['policy_id']}/{one['fiscal_year']}/{one['benefit']}": one for one in totals
        },
        "policy": {f"{one['policy_id']}/{one['policy_version']}": one for one in policies},
    }


def held(transcript: Rows) -> Rows:
    names = (
        "enrollment_id",
        "credential_id",
        "credential_version",
        "status",
        "in_force",
        "awarded_on",
        "expires_on",
        "revoked_on",
    )
    return {
        key: {name: line[name] for name in names}
        for key, line in transcript.items()
        if line["awarded_on"] is not None
    }


def applied(report: dict[str, Rows], found: list[dict[str, Any]]) -> dict[str, Rows]:
    """The report with the changes made to it; each finds the row as it says that it was."""
    changed = {kind: dict(rows) for kind, rows in report.items()}
    for one in found:
        rows = changed.setdefault(one["kind"], {})
        assert rows.get(one["id"]) == one["before"], one
        assert one["before"] != one["after"]
        if one["after"] is None:
            del rows[one["id"]]
        else:
            rows[one["id"]] = one["after"]
    return changed


def known(report: dict[str, Rows], changed: dict[str, Rows]) -> dict[str, Rows]:
    """Of what came of changing a report, the kinds that the report has."""
    return {kind: changed[kind] for kind in report}


@pytest.mark.parametrize(("first", "last"), SPANS)
def test_the_changes_lead_from_one_report_to_the_other(scene: Scene, first: int, last: int) -> None:
    (since, before), (until, after) = scene.told[first], scene.told[last]
    span = {"since": since, "until": until}
    found = changes(scene, scene.teacher, f"/v1/people/{scene.teacher}", **span)
    changed = applied(report_of_teacher(scene, before), found)
    assert changed == report_of_teacher(scene, after)
    path = f"/v1/districts/{scene.district.id}"
    found += (own := changes(scene, scene.district.office, path, **span))
    report = report_of_district(scene, before)
    mine = [one for one in own if one["kind"] in report]
    assert known(report, applied(report, mine)) == report_of_district(scene, after)
    for one in found:
        positions = [event["position"] for event in one["events"]]
        assert positions, one
        assert all(since < position <= until for position in positions)


def test_from_the_beginning_everything_has_changed(scene: Scene) -> None:
    until, told = scene.told[-1]
    found = changes(scene, scene.teacher, f"/v1/people/{scene.teacher}", until=until)
    assert all(one["before"] is None for one in found)
    assert applied({}, found) == report_of_teacher(scene, told)


@pytest.mark.parametrize("when", range(8))
def test_between_a_position_and_itself_nothing_has(scene: Scene, when: int) -> None:
    here = {"since": scene.told[when][0], "until": scene.told[when][0]}
    assert changes(scene, scene.teacher, f"/v1/people/{scene.teacher}", **here) == []
    path = f"/v1/districts/{scene.district.id}"
    assert changes(scene, scene.district.office, path, **here) == []


def test_a_district_sees_what_was_decided_in_its_time_and_all_of_its_own(scene: Scene) -> None:
    """The enrollment is hers alone until it is decided; then it appears whole."""
    path = f"/v1/districts/{scene.district.id}"
    found = changes(scene, scene.district.office, path)
    lines = [one for one in found if one["kind"] == "transcript"]
    assert [one["person_id"] for one in lines] == [str(scene.teacher)]
    undecided = changes(scene, scene.district.office, path, until=scene.told[3][0])
    assert {one["kind"] for one in undecided} == {"employment", "policy"}
    decided = changes(scene, scene.district.office, path, since=scene.told[3][0], kind="transcript")
    assert [one["before"] for one in decided] == [None]
    assert decided[0]["after"]["status"] == "revoked"


def test_payroll_sees_payouts_and_sums_alone(scene: Scene) -> None:
    payroll = scene.world.grant("payroll", scene.district.id)
    found = changes(scene, payroll, f"/v1/districts/{scene.district.id}")
    assert {one["kind"] for one in found} == {"payout", "payout-total"}
    path = f"/v1/districts/{scene.district.id}"
    assert changes(scene, payroll, path, kind="employment") == []


def stipends(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sums of what is paid once, without those of base pay that rises."""
    return [one for one in found if one["after"]["benefit"] == "one_time"]


def test_sums_are_told_before_and_after(scene: Scene) -> None:
    """Due once it was awarded, and nothing once the award was revoked."""
    path, office = f"/v1/districts/{scene.district.id}", scene.district.office
    awarded = {"since": scene.told[3][0], "until": scene.told[4][0], "kind": "payout-total"}
    [one] = stipends(changes(scene, office, path, **awarded))
    assert (one["before"], one["after"]["due_cents"]) == (None, 30_000)
    assert [event["topic"] for event in one["events"]] == ["enrollment.awarded.v1"]
    since = {"since": scene.told[4][0], "kind": "payout-total"}
    [one] = stipends(changes(scene, office, path, **since))
    assert (one["before"]["due_cents"], one["after"]["due_cents"]) == (30_000, 0)


def test_days_are_taken_for_positions(scene: Scene) -> None:
    path, who = f"/v1/people/{scene.teacher}", scene.teacher
    whole = changes(scene, who, path)
    assert changes(scene, who, path, since="2001-01-01", until="2100-01-01") == whole
    assert changes(scene, who, path, since="2100-01-01") == []


def test_the_pages_of_an_answer_end_at_the_same_position(scene: Scene) -> None:
    """What is written between two pages belongs to neither."""
    world, path = scene.world, f"/v1/people/{scene.teacher}/changes"
    first = world.seen(scene.teacher, path, limit=1)
    scene.issuer.credential(2)
    second = world.seen(scene.teacher, path, limit=1, cursor=first["next"])
    assert second["until"] == first["until"]
    assert first["since"] == 0


def test_a_span_that_is_reversed_is_refused(scene: Scene) -> None:
    path = f"/v1/people/{scene.teacher}/changes"
    answer = scene.world.get(scene.teacher, path, since=9, until=4)
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/span-reversed")


def test_whoever_may_not_see_the_reports_sees_no_changes(scene: Scene, shared_world: World) -> None:
    other = shared_world.district("Other")
    for who in (other.office, scene.approver, scene.story.assessors[0]):
        for path in (f"/v1/people/{scene.teacher}", f"/v1/districts/{scene.district.id}"):
            assert shared_world.get(who, f"{path}/changes").status_code == 404
    assert (
        shared_world.get(scene.district.office, f"/v1/people/{scene.teacher}/changes").status_code
        == 404
    )


def test_the_command_prints_what_the_route_answers(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = scene.world.settings
    assert settings.database_url is not None
    monkeypatch.setenv("DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(settings.state_folder))
    token, stranger = tmp_path / "token", tmp_path / "stranger"
    token.write_text(scene.world.token(scene.teacher) + "\n")
    stranger.write_text(scene.world.token(scene.approver))

    def run(*words: str, of: Path = token) -> Result:
        person = ["--person", str(scene.teacher), "--token-file", str(of)]
        return CliRunner().invoke(app, ["changes", *person, *words])

    asked = ["--since", str(scene.told[3][0]), "--effective-on", TODAY]
    listed = run(*asked, "--json")
    assert listed.exit_code == 0, listed.output
    found = [json.loads(line) for line in listed.stdout.splitlines()]
    path = f"/v1/people/{scene.teacher}"
    assert found == changes(scene, scene.teacher, path, since=scene.told[3][0])
    told = run(*asked).stdout
    assert f"transcript {scene.story.enrollment} of {scene.teacher}: changed" in told
    assert '  status: "submitted" -> "revoked"' in told
    assert "enrollment.revoked.v1" in told
    refused = run(*asked, of=stranger)
    assert isinstance(refused.exception, ChangesRefusedError)
    assert run("--district", str(scene.district.id)).exit_code == 2
