"""Rosters over HTTP: whole or not at all, the same file once, and only by whose district it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from api.demo.district import ZONE, role, write_generated_district, write_zip
from tests.api.world import Answer, World


def send(world: World, who: Any, roster: Path, **fields: str) -> Answer:
    with roster.open("rb") as file:
        return world.ask(
            who,
            "POST",
            "/v1/imports/oneroster",
            files={"file": ("roster.zip", file)},
            data={"zone": ZONE, **fields},
        )


def test_a_roster_is_imported_once_and_reports_what_it_came_to(
    world: World, tmp_path: Path
) -> None:
    roster = write_generated_district(tmp_path / "roster.zip", teachers=5)

    first = send(world, world.operator, roster).json()
    events = world.edge.ledger.recorder.last_position()
    again = send(world, world.operator, roster).json()

    assert first["counts"]["persons_registered"] == 5
    assert again["counts"]["persons_registered"] == 0
    assert again["district_id"] == first["district_id"]
    assert world.edge.ledger.recorder.last_position() == events
    found = world.seen(world.operator, f"/v1/imports/{first['import_id']}")
    assert [run["counts"] for run in found["runs"]] == [first["counts"]]
    office = world.grant("district", first["district_id"])
    people = world.seen(office, f"/v1/districts/{first['district_id']}/people")["items"]
    assert len(people) == 5
    assert all("teacher" in person["roles"] for person in people)


def test_every_flaw_of_a_roster_is_named_with_its_row_and_nothing_is_stored(
    world: World, tmp_path: Path
) -> None:
    orgs = [{"sourcedId": "d", "name": "District", "type": "district"}]
    roles = [role("nobody", "nowhere", first_day="2025-13-45")]
    roster = write_zip(tmp_path / "bad.zip", "bulk", {"orgs": orgs, "users": [], "roles": roles})
    before = world.edge.ledger.recorder.last_position()

    answer = send(world, world.operator, roster)

    assert answer.status_code == 422, answer.text
    assert answer.json()["type"] == "/problems/import-refused"
    assert all("roles.csv row 2" in flaw["where"] for flaw in answer.json()["errors"])
    assert "2025-13-45" not in answer.text
    assert world.edge.ledger.recorder.last_position() == before


def test_a_file_that_is_no_roster_is_refused(world: World, tmp_path: Path) -> None:
    for content in (b"", b"not a zip", b"PK\x03\x04" + bytes(100)):
        file = tmp_path / "file.zip"
        file.write_bytes(content)
        assert send(world, world.operator, file).status_code == 422
    roster = write_generated_district(tmp_path / "roster.zip", teachers=1)
    assert send(world, world.operator, roster, zone="Mars/Olympus").status_code == 422
    assert send(world, world.operator, roster, allow_endings="-1").status_code == 422
    assert send(world, world.operator, roster, district_id="x").status_code == 422


def test_a_district_imports_for_itself_alone(world: World, tmp_path: Path) -> None:
    district = world.district()
    roster = write_generated_district(tmp_path / "roster.zip", teachers=1)
    other = world.district()
    assert send(world, district.office, roster).status_code == 403
    assert send(world, district.office, roster, district_id=other.id).status_code == 404
    own = send(world, district.office, roster, district_id=district.id, zone="America/Chicago")
    assert own.status_code == 200, own.text
    assert own.json()["district_id"] == district.id
    path = f"/v1/imports/{own.json()['import_id']}"
    assert world.get(district.office, path).status_code == 200
    assert world.get(other.office, path).status_code == 404
