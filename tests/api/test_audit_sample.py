"""Samples that an auditor can draw again, and what she finds in them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.audit_sample import Draw
from api.audit_sample import draw as draw_from
from api.cli import app
from tests.api.answering import Answered, answered
from tests.api.conftest import running
from tests.database import Server

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def place(database_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Answered]:
    with (
        database_server.database(database_server.projected) as url,
        running(url, tmp_path_factory.mktemp("ledger")) as world,
    ):
        yield answered(world)


@pytest.fixture
def run(place: Answered, monkeypatch: pytest.MonkeyPatch) -> Run:
    url = place.world.settings.database_url
    assert url is not None
    monkeypatch.setenv("DATABASE_URL", url.get_secret_value())
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")
    monkeypatch.setenv("MCLEDGER_STATE_FOLDER", str(place.world.settings.state_folder))

    def run(*words: str) -> Result:
        result = CliRunner().invoke(app, [*words, "--district", place.worked.day.district.id])
        assert result.exit_code == 0, result
        return result

    return run


def draw(run: Run, file: Path, *, size: int, seed: str = "7", **more: object) -> bytes:
    words = ["audit", "sample", "--fiscal-year", "2025", "--size", str(size), "--seed", seed]
    words += [word for name, value in more.items() for word in (f"--{name}", str(value))]
    run(*words, "--out", str(file))
    return file.read_bytes()


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_seed_and_position_give_the_same_bytes_whatever_happened_since(
    place: Answered, run: Run, tmp_path: Path
) -> None:
    position = place.world.position
    place.seen(f"{place.path}/budgets")
    first = draw(run, tmp_path / "a.zip", size=3, position=position)
    [bypassed] = [
        line for line in place.worked.day.lines(place.worked.batch) if line["status"] == "bypassed"
    ]
    reason = {"reason": "uncollectible", "board_reference": "Minute 9"}
    body = {"attempt": bypassed["attempt"], **reason}
    place.world.done(place.worked.day.second, f"/v1/lines/{bypassed['line_id']}/write-offs", body)
    place.seen(f"{place.path}/budgets")
    assert draw(run, tmp_path / "b.zip", size=3, position=position) == first
    later = draw(run, tmp_path / "c.zip", size=9)
    statuses = {row["status"] for row in index(later)}
    assert "written_off" in statuses
    assert draw(run, tmp_path / "d.zip", size=3, seed="8", position=position) != first


def index(content: bytes) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(opened(content)["index.csv"].decode())))


def test_each_line_comes_with_everything_behind_it(run: Run, tmp_path: Path) -> None:
    content = draw(run, tmp_path / "sample.zip", size=50)
    files, rows = opened(content), index(content)
    assert sorted(row["amount"] for row in rows) == ["-150.00", "150.00", "200.00", "600.00"]
    assert len(files) == len(rows) + 2
    for row in rows:
        found = files[row["file"]]
        assert hashlib.sha256(found).hexdigest() == row["sha256"]
        said = json.loads(found)
        assert said["drawn"]["line_id"] == row["line_id"]
        assert said["explanation"]["payout"]["board_reference"] == "Minute 7"
        assert said["explanation"]["awards"][0]["assessments"]
    assert "mcledger audit sample --district" in files["README.txt"].decode()


def test_the_seed_decides_which_lines_are_drawn(place: Answered) -> None:
    district = UUID(place.worked.day.district.id)
    drawn = [
        index(draw_from(place.world.edge, Draw(district, 2025, 1, str(seed))).content)
        for seed in range(12)
    ]
    assert len({rows[0]["line_id"] for rows in drawn}) > 1


def test_whose_records_were_drawn_is_written_down(
    place: Answered, run: Run, tmp_path: Path
) -> None:
    draw(run, tmp_path / "sample.zip", size=50)
    teacher = place.worked.teachers["4501"]
    lines = place.world.seen(teacher, f"/v1/people/{teacher}/disclosures")["items"]
    assert ("payout", "operator") in {(one["record"], one["role"]) for one in lines}


def test_over_http_the_same_sample_is_drawn_and_written_down(
    place: Answered, run: Run, tmp_path: Path
) -> None:
    day, world = place.worked.day, place.world
    position = world.position
    drawn = draw(run, tmp_path / "sample.zip", size=3, position=position)
    path = f"{day.path}/audit-sample"
    asked = {"fiscal_year": 2025, "seed": "7", "size": 3, "position": position}

    answer = world.get(world.grant("auditor", day.district.id), path, **asked)

    assert answer.status_code == 200, answer.text
    assert answer.content == drawn
    assert answer.headers["content-type"] == "application/zip"
    teacher = UUID(index(drawn)[0]["person_id"])
    lines = world.seen(teacher, f"/v1/people/{teacher}/disclosures")["items"]
    assert ("payout", "auditor") in {(one["record"], one["role"]) for one in lines}
    for wrong in ({"size": 201}, {"size": 0}, {"seed": ""}, {"seed": "a\nb"}):
        refused = world.get(day.office, path, **asked | wrong)
        assert refused.status_code in {400, 422}, wrong
