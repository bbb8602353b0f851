"""Documents that cannot drift from what they describe."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import typer
from pydantic import AliasChoices

from api.cli import app
from api.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def test_the_newest_entry_of_the_changelog_is_this_version() -> None:
    version = tomllib.loads(read("pyproject.toml"))["project"]["version"]
    newest = re.search(r"^## \[(.+?)\]", read("CHANGELOG.md"), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == version


@pytest.mark.parametrize("command", ["./scripts/demo", "./scripts/test"])
def test_the_readme_names_the_two_commands(command: str) -> None:
    assert f"\n    {command}" in read("README.md")
    assert os.access(ROOT / command, os.X_OK)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!\w+:)([^)#\s]+)", document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_the_reference_pages_say_what_the_code_says() -> None:
    check = [sys.executable, "scripts/document.py", "--check"]
    done = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_script_is_explained_to_contributors() -> None:
    scripts = {path.name for path in (ROOT / "scripts").iterdir() if os.access(path, os.X_OK)}
    scripts = {name for name in scripts if (ROOT / "scripts" / name).is_file()}
    assert [name for name in scripts if f"scripts/{name}" not in read("CONTRIBUTING.md")] == []


def test_every_setting_is_in_the_table() -> None:
    variables = {
        alias.choices[0]
        if isinstance(alias := field.validation_alias, AliasChoices)
        else f"MCLEDGER_{name.upper()}"
        for name, field in Settings.model_fields.items()
    }
    table = read("docs/http.md").split("## Settings")[1]
    assert {"DATABASE_URL", "MCLEDGER_THREADS"} <= variables
    assert [name for name in variables if f"`{name}`" not in table] == []


def commands_of(command: Any, *names: str) -> Iterator[tuple[str, ...]]:
    """Every command by its words, those of groups as well."""
    if not hasattr(command, "list_commands"):
        yield names
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        yield from commands_of(command.get_command(context, name), *names, name)


def is_in_the_readme(*names: str) -> bool:
    """Under its whole name, or behind another of its group."""
    whole, last = " ".join(names), names[-1]
    return any(
        f"mcledger {whole}" in line
        or f"`{whole}`" in line
        or (f"`mcledger {' '.join(names[:-1])}" in line and f"`{last}`" in line)
        for line in read("README.md").splitlines()
    )


def test_every_command_is_in_the_readme() -> None:
    found = list(commands_of(typer.main.get_command(app)))
    assert ("payroll", "import-return") in found
    assert [" ".join(names) for names in found if not is_in_the_readme(*names)] == []
