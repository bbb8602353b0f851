"""What others' systems take: the catalog in CTDL for anybody, a district's awards for Ed-Fi."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from lxml import etree
from typer.testing import CliRunner, Result

from api.cli import app
from api.clock import wall
from api.exports.edfi import EdFiTargetError
from tests.api.test_records import day_of, revoke
from tests.api.world import District, Story, World, stack_of, story
from tests.exports.test_ctdl import found_wrong as wrong_in_ctdl
from tests.exports.test_edfi import found_wrong as wrong_in_edfi


@pytest.fixture(scope="module")
def district(shared_world: World) -> District:
    return shared_world.district(f"District {uuid4()}")


@pytest.fixture(scope="module")
def awarded(shared_world: World, district: District) -> Story:
    return story(shared_world, district, f"Sample {uuid4()}").award()


def run(world: World, patch: pytest.MonkeyPatch, *words: str) -> Result:
    url = world.settings.database_url
    assert url is not None
    patch.setenv("DATABASE_URL", url.get_secret_value())
    patch.setenv("MCLEDGER_ENVIRONMENT", "development")
    patch.setenv("MCLEDGER_STATE_FOLDER", str(world.settings.state_folder))
    patch.setenv("MCLEDGER_PUBLIC_HOST", str(world.settings.public_host))
    return CliRunner().invoke(app, ["export", *words])


def seen(world: World, path: str) -> dict[str, Any]:
    """What anybody sees, once the catalog shows what was done."""
    world.edge.visible(["catalog"], world.position)
    answer = world.client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/ld+json"
    found: dict[str, Any] = answer.json()
    return found


def test_anybody_reads_what_an_issuer_offers_by_the_registrys_schema(
    shared_world: World, awarded: Story
) -> None:
    path = f"/issuers/{awarded.issuer.id}/ctdl"
    listed = seen(shared_world, path)["@graph"]
    assert [each["ceterms:ctid"] for each in listed] == [f"ce-{awarded.credential}"]
    (address,) = [each["@id"] for each in listed]
    assert address == f"https://ledger.example{path}/{awarded.credential}"
    one = seen(shared_world, f"{path}/{awarded.credential}")
    assert wrong_in_ctdl(one) == []
    assert one == {**listed[0], "@context": one["@context"]}
    webpage = one["ceterms:subjectWebpage"].removeprefix("https://ledger.example")
    assert shared_world.client.get(webpage).json()["name"] == one["ceterms:name"]


def test_a_draft_is_nobodys_to_read_and_another_issuers_is_not_there(
    shared_world: World, awarded: Story
) -> None:
    other = shared_world.issuer()
    body = {"issuer_id": other.id, "definition": {"title": "Draft", "summary": "Not yet."}}
    drafted = shared_world.done(other.approver, "/v1/credentials", body)["id"]
    assert seen(shared_world, f"/issuers/{other.id}/ctdl")["@graph"] == []
    for path in (
        f"/issuers/{other.id}/ctdl/{drafted}",
        f"/issuers/{other.id}/ctdl/{awarded.credential}",
        f"/issuers/{uuid4()}/ctdl",
    ):
        assert shared_world.client.get(path).status_code == 404


def test_a_stack_and_its_parts_name_one_another_and_each_answers_at_its_address(
    shared_world: World,
) -> None:
    issuer = shared_world.issuer()
    body = stack_of(issuer.id, issuer.credential())
    stack = shared_world.done(issuer.approver, "/v1/stacks", body)["id"]
    path = f"/issuers/{issuer.id}/ctdl"
    part, whole = seen(shared_world, path)["@graph"]
    assert whole["ceterms:ctid"] == f"ce-{stack}"
    assert whole["ceterms:hasPart"] == [part["@id"]]
    assert part["ceterms:isPartOf"] == [whole["@id"]]
    found = seen(shared_world, f"{path}/stacks/{stack}")
    assert wrong_in_ctdl(found) == []
    assert found == {**whole, "@context": found["@context"]}
    webpage = found["ceterms:subjectWebpage"].removeprefix("https://ledger.example")
    assert shared_world.client.get(webpage).json()["name"] == body["title"]
    elsewhere = f"/issuers/{shared_world.issuer().id}/ctdl/stacks/{stack}"
    assert shared_world.client.get(elsewhere).status_code == 404


def test_the_command_writes_the_same_catalog(
    shared_world: World, awarded: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ctdl.json"
    done = run(shared_world, monkeypatch, "ctdl", str(file), "--issuer", str(awarded.issuer.id))
    assert done.exit_code == 0, done
    assert done.stdout.startswith("1 micro-credentials, 0 stacks: ")
    path = f"/issuers/{awarded.issuer.id}/ctdl"
    assert json.loads(file.read_bytes()) == seen(shared_world, path)


def test_a_districts_awards_are_written_for_ed_fi_and_that_they_were_is_written_down(
    shared_world: World,
    district: District,
    awarded: Story,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = ["--state", "TN", "--namespace", "uri://district.example", "--district", district.id]
    line = shared_world.seen(awarded.teacher, f"/v1/people/{awarded.teacher}/transcript")["items"]
    for layout in ("json", "xml"):
        file = tmp_path / f"edfi.{layout}"
        done = run(shared_world, monkeypatch, "edfi", str(file), "--format", layout, *words)
        assert done.exit_code == 0, done
        assert found_in(file.read_bytes(), layout) == {one["enrollment_id"] for one in line}
    staffed = tmp_path / "staff.xml"
    run(shared_world, monkeypatch, "edfi", str(staffed), "--format", "xml", "--with-staff", *words)
    assert wrong_in_edfi(staffed.read_bytes()) == []
    path = f"/v1/people/{awarded.teacher}/disclosures"
    disclosed = shared_world.seen(awarded.teacher, path)["items"]
    assert "transcript" in {one["record"] for one in disclosed}


def found_in(content: bytes, layout: str) -> set[str]:
    """The ids of the credentials in a file, which Ed-Fi's schema takes where it is XML."""
    if layout == "json":
        bodies = json.loads(content)["credentials"]
        assert {one["issuanceDate"][:2] for one in bodies} == {"20"}
        return {one["credentialIdentifier"] for one in bodies}
    assert wrong_in_edfi(content) == []
    found = etree.fromstring(content).iter("{http://ed-fi.org/5.2.0}CredentialIdentifier")
    return {str(UUID(one.text)) for one in found}


def test_a_state_that_is_none_writes_nothing(
    shared_world: World, district: District, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "edfi.json"
    words = ["--state", "Tennessee", "--namespace", "uri://district.example"]
    done = run(shared_world, monkeypatch, "edfi", str(file), "--district", district.id, *words)
    assert isinstance(done.exception, EdFiTargetError)
    assert not file.exists()


def test_a_revoked_award_ends_on_the_day_of_its_revocation(
    shared_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shared_world.district(f"District {uuid4()}")
    revoke(story(shared_world, own, f"Sample {uuid4()}").award(), day_of(wall()))
    (found,) = credentials_of(shared_world, own, tmp_path, monkeypatch)
    assert found["expirationDate"] == day_of(wall())


def test_whoever_does_not_work_there_today_is_not_written(
    shared_world: World, awarded: Story, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = shared_world.district(f"District {uuid4()}")
    soon = wall().date() + timedelta(days=2)
    later.employ(awarded.teacher, "2020-08-01", last_day="2020-09-01")
    later.employ(awarded.teacher, soon.isoformat(), position="second")
    assert credentials_of(shared_world, later, tmp_path, monkeypatch) == []


def test_what_was_known_then_and_what_held_on_a_day_is_written_when_asked_for(
    shared_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = shared_world.district(f"District {uuid4()}")
    one, before = story(shared_world, own, f"Sample {uuid4()}"), shared_world.position
    one.award()

    def credentials(*asked: str) -> list[dict[str, Any]]:
        return credentials_of(shared_world, own, tmp_path, monkeypatch, *asked)

    (awarded,) = credentials()
    then, awarded_on = str(shared_world.position), awarded["issuanceDate"][:10]
    day_before = date.fromisoformat(awarded_on) - timedelta(days=1)
    revoke(one, day_of(wall()))
    assert credentials() == [{**awarded, "expirationDate": day_of(wall())}]
    assert credentials("--as-of", then) == [awarded]
    assert credentials("--effective-on", day_before.isoformat()) == []
    assert credentials("--as-of", str(before)) == []


def test_a_catalog_of_then_is_written_when_asked_for(
    shared_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    issuer, file = shared_world.issuer(), tmp_path / "ctdl.json"
    issuer.credential()
    then, asked = shared_world.position, ("ctdl", str(file), "--issuer", str(issuer.id))
    issuer.credential()
    for more, expected in (((), 2), (("--as-of", str(then)), 1)):
        assert run(shared_world, monkeypatch, *asked, *more).exit_code == 0
        assert len(json.loads(file.read_bytes())["@graph"]) == expected


def credentials_of(
    world: World, district: District, folder: Path, patch: pytest.MonkeyPatch, *asked: str
) -> list[dict[str, Any]]:
    """What is written for a district, as JSON."""
    file = folder / "edfi.json"
    words = ["--state", "TN", "--namespace", "uri://district.example", "--district", district.id]
    done = run(world, patch, "edfi", str(file), *words, *asked)
    assert done.exit_code == 0, done
    found: list[dict[str, Any]] = json.loads(file.read_bytes())["credentials"]
    return found
