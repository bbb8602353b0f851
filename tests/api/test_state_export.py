"""Two states as their teachers and offices meet them: Alabama's register, and Michigan's window."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from ledger.commands.equivalency import shipped
from tests.api.test_cli import in_place
from tests.api.test_field import at
from tests.api.world import World, credit_of, license_of

CYCLE = {"issued_on": "2020-07-01", "valid_to": "2025-06-30"}


def counting(world: World, state: str) -> None:
    """The state's own rules, as they come along."""
    for version in shipped([state]):
        body = {
            "authority_reference": "Shipped sample rules",
            "adopted_on": "2020-01-01",
            "terms": version.terms.model_dump(mode="json", exclude_unset=True),
        }
        world.done(world.operator, "/v1/equivalencies", body)


def test_practice_31_fifty_hours_and_three_years_meet_alabama_and_go_out_by_state_id(
    shared_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, district = shared_world, shared_world.district()
    counting(world, "us-al")
    path, teacher = f"/v1/districts/{district.id}", district.teacher()
    world.seen(district.office, f"{path}/people")  # that she works there
    known = {"given_name": "Ada", "family_name": "Sample", "state_id": "=ALSDE-7"}
    world.done(district.office, f"{path}/people/{teacher}/details", {"details": known})
    held = license_of(teacher, jurisdiction="us-al", number="AL-0031", **CYCLE)
    world.done(district.office, f"{path}/licenses", held)
    for kind, hundredths in (("hour", 5_000), ("experience_year", 300)):
        earned = credit_of(teacher, kind=kind, quantity_hundredths=hundredths)
        world.done(district.office, f"{path}/credits", earned)
    day: dict[str, Any] = {"effective_on": "2024-06-30"}
    [line] = world.seen(teacher, f"/v1/people/{teacher}/renewals", **day)["items"]
    assert (line["state"], line["option"]) == ("met", "hours-and-experience")
    assert line["options"][0]["option"] == line["option"], "the first of the options"
    [item] = world.seen(district.office, f"{path}/license-units", **day)["items"]
    assert (item["state_id"], item["name"]) == ("=ALSDE-7", "Ada Sample")
    assert world.settings.database_url is not None
    run = in_place(
        world.settings.database_url.get_secret_value(), world.settings.state_folder, monkeypatch
    )
    file = tmp_path / "units.csv"
    words = ("--district", district.id, "--jurisdiction", "us-al")
    assert run("export", "license-units", str(file), *words).stdout.startswith("2 rows")
    with file.open(newline="") as opened:
        rows = list(csv.DictReader(opened))
    shown = [(row["state_id"], row["license_number"], row["kind"], row["units"]) for row in rows]
    assert shown == [
        ("'=ALSDE-7", "AL-0031", "hour", "50"),  # no spreadsheet takes it for a formula
        ("'=ALSDE-7", "AL-0031", "experience_year", "0"),
    ]
    states = b"".join(row[-1] for row in world.edge.ledger.recorder.read_log(0, 100_000))
    assert b"ALSDE" not in states, "it is in the vault alone"


def test_practice_30_michigan_is_met_on_31_december_and_renews_from_1_january(
    shared_world: World,
) -> None:
    """3 credits of 25 and 75 SCECH are 150, before the window of the year in which it expires."""
    world, district = shared_world, shared_world.district()
    counting(world, "us-mi")
    with at(world, "2024-06-01"):
        path, teacher = f"/v1/districts/{district.id}", district.teacher()
        district.employ(teacher, "2020-08-01", position="before")
        world.seen(district.office, f"{path}/people")
        held = license_of(teacher, jurisdiction="us-mi", **CYCLE)
        world.done(district.office, f"{path}/licenses", held)
        for kind, hundredths in (("semester_hour", 300), ("scech", 7_500)):
            earned = credit_of(teacher, kind=kind, quantity_hundredths=hundredths)
            world.done(district.office, f"{path}/credits", earned)

    def line(day: str) -> dict[str, Any]:
        asked = {"effective_on": day}
        [found] = world.seen(teacher, f"/v1/people/{teacher}/renewals", **asked)["items"]
        return dict(found)

    december, january = line("2024-12-31"), line("2025-01-01")
    assert (december["state"], december["earned_hundredths"]) == ("met", 15_000)
    assert (december["may_renew"], december["window_from"]) == (False, "2025-01-01")
    assert (january["may_renew"], january["window_to"]) == (True, "2025-06-30")
    [item] = world.seen(district.office, f"{path}/license-units")["items"]
    assert {one["unit"] for one in item["units"]} == {"us-mi:SCECH"}
    assert item["state_id"] is None
