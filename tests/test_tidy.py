"""The house rules that no linter knows, as tests."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ledger", "projections", "api")
MADE_BY_TOOLS = {"__pycache__", "mutants", "dist", "htmlcov"}  # beside all folders with a dot
TEXT = {".py", ".md", ".toml", ".lock", ".sql", ".yml", ".yaml", ".json", ".txt", ".html", ""}
FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 450


def files(*folders: str) -> Iterator[Path]:
    """Every file that is part of the project, in those folders or everywhere."""
    for folder in folders or (".", ".ci"):
        for parent, names, found in os.walk(ROOT / folder):
            names[:] = [n for n in names if n not in MADE_BY_TOOLS and not n.startswith(".")]
            yield from (Path(parent) / name for name in found if not name.startswith(".cov"))


def texts() -> Iterator[tuple[str, str]]:
    """Name and content of every text, this file aside: it has to name what it forbids."""
    for path in files():
        if path.suffix in TEXT and path != Path(__file__).resolve():
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")


def sources(*folders: str) -> Iterator[tuple[str, ast.Module, int]]:
    for path in files(*folders):
        if path.suffix == ".py":
            content = path.read_text("utf-8")
            yield str(path.relative_to(ROOT)), ast.parse(content), content.count("\n")


def places(pattern: str) -> list[str]:
    """Where a pattern occurs, as name:line."""
    wanted = re.compile(pattern)
    return [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if wanted.search(line)
    ]


def test_functions_fit_on_a_screen() -> None:
    long = [
        f"{name}:{node.lineno}: {node.name}"
        for name, tree, _ in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == []


def test_modules_are_read_in_one_sitting() -> None:
    long = [name for name, _, lines in sources(*PACKAGES, "scripts") if lines > MODULE_LINES_MAX]
    assert long == []


def test_money_is_never_a_float() -> None:
    """Whatever is called cents or an amount is whole; nothing else holds money."""
    money = re.compile(r"cents|amount|salary|budget|stipend")
    floats = [
        f"{name}:{node.lineno}"
        for name, tree, _ in sources(*PACKAGES)
        for node in ast.walk(tree)
        for target, annotation in annotations(node)
        if money.search(target) and annotation and "float" in ast.unparse(annotation)
    ]
    assert floats == []


def annotations(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a node annotates: a field, parameters, what a function returns."""
    if isinstance(node, ast.AnnAssign):
        yield ast.unparse(node.target), node.annotation
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name, node.returns
        parameters = node.args
        for one in chain(parameters.posonlyargs, parameters.args, parameters.kwonlyargs):
            yield one.arg, one.annotation


@pytest.mark.parametrize(
    ("what", "pattern"),
    [
        ("a package index", r"pythonhosted|pypi\.org/simple|registry\.npmjs|index-url[= ]+http"),
        ("a path of one machine", r"(?<![\w.])/(home|Users)/[a-z]+/|(?<![\w.])/root/"),
        ("work left over", r"\b(TODO|FIXME|XXX|HACK)\b"),
        ("a silenced check without its name", r"#\s*(noqa(?!: [A-Z])|type: ignore(?!\[))"),
        ("a test that does not run", r"pytest\.(skip|xfail|mark\.(skip|xfail))\b"),
    ],
)
def test_no_text_holds(what: str, pattern: str) -> None:
    assert places(pattern) == [], what


def test_sql_makes_no_day_of_an_instant() -> None:
    """That takes a table of zones, and the server's is another than the one that dates events.

    Compare instants (`ledger.values.beginning_of`), or days that were worked out before.
    """
    made = re.compile(
        r"at time zone|_at\)?\s*::\s*date|as date\)|current_date|localtimestamp"
        r"|date_trunc|date_part|extract\s*\(|to_date\s*\(",
        re.IGNORECASE,
    )
    code = {path: path.read_text("utf-8") for path in files(*PACKAGES) if path.suffix == ".sql"}
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path, sql in code.items()
        for line in sql.splitlines()
        if made.search(line.partition("--")[0])
    ]
    assert code
    assert found == []


def test_lock_files_hold_every_package_by_its_hash_and_name_no_address() -> None:
    for lock in ROOT.glob("*.lock"):
        packages = re.split(r"\n(?=\w)", lock.read_text("utf-8").strip())
        assert [package for package in packages if "--hash=sha256:" not in package] == []
        assert "://" not in lock.read_text("utf-8")


def test_every_script_can_be_run_and_says_how() -> None:
    scripts = [path for path in files("scripts", ".ci") if path.suffix == ""]
    assert scripts
    for script in scripts:
        assert os.access(script, os.X_OK), script
        assert script.read_text("utf-8").startswith("#!/bin/sh\n# "), script
