"""What is delivered: the three packages with everything they read, and the one command."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("ledger", "projections", "api")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The wheel, built from what is here with what is installed."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        yield archive


def test_the_wheel_holds_three_packages_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert top == {*PACKAGES, f"microcredential_ledger-{version}.dist-info"}


def test_the_wheel_holds_every_file_of_the_packages(wheel: zipfile.ZipFile) -> None:
    present = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert present <= set(wheel.namelist())
    assert any(name.endswith(".sql") for name in present)


def test_the_wheel_brings_the_command_and_its_license(wheel: zipfile.ZipFile) -> None:
    about = {Path(name).name: name for name in wheel.namelist() if ".dist-info/" in name}
    assert "mcledger = api.cli:main" in wheel.read(about["entry_points.txt"]).decode()
    assert "Apache License" in wheel.read(about["LICENSE"]).decode()


def test_the_wheel_alone_sets_up_a_ledger(
    wheel: zipfile.ZipFile, tmp_path: Path, empty_database_url: str
) -> None:
    wheel.extractall(tmp_path)
    script = (
        "import sys\n"
        "from ledger import store\n"
        "assert store.__file__.startswith(sys.argv[1]), store.__file__\n"
        "store.migrate(sys.argv[2])\n"
        "print(store.migration_level(sys.argv[2]) == store.head_level())\n"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", script, str(tmp_path), empty_database_url],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == "True\n"
