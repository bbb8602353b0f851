"""`mcledger equivalency` on a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import app
from api.rule_files import FILE_BYTES_MAX, RuleFileError
from ledger.aggregates.equivalency import UnitElsewhereError
from ledger.errors import NotFoundError
from projections.database import Database
from projections.lanes import catch_up
from projections.registry import PROJECTIONS
from tests.samples import equivalency_terms

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("MCLEDGER_ENVIRONMENT", "development")

    def run(*words: str, refused: type[Exception] | None = None) -> Result:
        result = CliRunner().invoke(app, ["equivalency", *words])
        assert type(result.exception) is refused if refused else result.exit_code == 0, result
        return result

    return run


def file_of(path: Path, *versions: dict[str, object]) -> Path:
    path.write_text(json.dumps({"jurisdiction": "us-tn", "versions": versions}, indent=1))
    return path


def test_what_comes_along_is_listed_as_lines_and_as_json() -> None:
    shown = CliRunner().invoke(app, ["equivalency", "list", "--shipped"]).stdout.splitlines()
    assert any(line.startswith("us-nc v3 2023-06-30.. us-nc:unit") for line in shown)
    words = ["equivalency", "list", "--shipped", "--json", "--jurisdiction", "us-md"]
    versions = [json.loads(line) for line in CliRunner().invoke(app, words).stdout.splitlines()]
    assert [one["terms"]["unit"] for one in versions] == ["us-md:credit", "us-md:PDP"]


def test_rules_are_loaded_once_and_listed_as_adopted(run: Run, database_url: str) -> None:
    assert "4 of 4" in run("load", "us-tn", "us-nc").stdout
    assert "0 of 4" in run("load", "us-tn", "us-nc", "--reference", "another act").stdout
    catch_up(Database(database_url), [PROJECTIONS])
    rows = [json.loads(line) for line in run("list", "--json").stdout.splitlines()]
    assert [(row["jurisdiction"], row["rule_version"]) for row in rows] == [
        ("us-nc", 1),
        ("us-nc", 2),
        ("us-nc", 3),
        ("us-tn", 1),
    ]
    assert rows[0]["authority_reference"] == "shipped with the ledger"
    assert len(run("list", "--as-of", "1").stdout.splitlines()) == 1
    assert run("list", "--as-of", "2001-01-01").stdout == ""
    in_force = run("list", "--jurisdiction", "us-nc", "--effective-on", "2023-06-30").stdout
    assert [line.split()[1] for line in in_force.splitlines()] == ["v3"]
    run("list", "--shipped", "--effective-on", "2023-06-30", refused=SystemExit)


def test_a_jurisdiction_that_is_not_shipped_loads_nothing(run: Run) -> None:
    run("load", "us-tn", "us-zz", refused=NotFoundError)
    assert "1 of 1" in run("load", "us-tn").stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            '{"jurisdiction": "us-tn",\n "versions": [}',
            "rules.json:2: column 15: JSON was expected",
        ),
        ('{"jurisdiction": "us-tn"}', "rules.json:1: versions: Field required"),
        (
            '{"jurisdiction": "us-tn",\n "versions": [\n  {"title": "T",\n   "unit": 5}]}',
            "rules.json:4: versions.0.unit: Input should be a valid string",
        ),
        (
            '{"jurisdiction": "us-tn",\n "versions": [\n  {"title": "T"}]}',
            "rules.json:3: versions.0.jurisdiction: Field required",
        ),
        ("[]", "rules.json:1: the whole file: Input should be"),
    ],
)
def test_a_flaw_is_named_with_file_line_field_and_what_was_expected(
    run: Run, tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "rules.json"
    path.write_text(text)
    refused = run("load", "--file", str(path), refused=RuleFileError)
    assert said in str(refused.exception)


def test_a_number_that_is_no_whole_hundredth_is_refused_on_its_line(
    run: Run, tmp_path: Path
) -> None:
    """The third conversion of a file, six lines for each."""
    terms = equivalency_terms().model_dump(mode="json")
    terms["conversions"][1]["gives_hundredths"] = 1.5
    path = file_of(tmp_path / "rules.json", terms)
    line = 1 + path.read_text().splitlines().index('     "gives_hundredths": 1.5,')
    refused = run("load", "--file", str(path), refused=RuleFileError)
    field = "versions.0.conversions.1.gives_hundredths"
    assert f"rules.json:{line}: {field}: Input should be a valid integer" in str(refused.exception)


def test_one_version_that_cannot_be_adopted_lets_none_be(run: Run, tmp_path: Path) -> None:
    good = equivalency_terms().model_dump(mode="json")
    bad = equivalency_terms(unit="us-md:PDP").model_dump(mode="json")
    path = file_of(tmp_path / "rules.json", good, bad)
    run("load", "--file", str(path), refused=UnitElsewhereError)
    assert "1 of 1" in run("load", "--file", str(file_of(path, good))).stdout


def test_a_file_that_is_too_large_to_be_rules_is_not_read(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_bytes(b" " * (FILE_BYTES_MAX + 1))
    refused = run("load", "--file", str(path), refused=RuleFileError)
    assert "no more than 1048576 bytes" in str(refused.exception)


def test_a_file_speaks_of_one_jurisdiction(run: Run, tmp_path: Path) -> None:
    terms = equivalency_terms(jurisdiction="us-md", unit="us-md:PDP").model_dump(mode="json")
    path = file_of(tmp_path / "rules.json", terms)
    refused = run("load", "--file", str(path), refused=RuleFileError)
    assert "us-tn was expected" in str(refused.exception)
