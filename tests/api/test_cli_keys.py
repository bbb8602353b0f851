"""`mcledger keys` on a real database."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import uuid4

import pytest

from ledger.errors import NotFoundError
from ledger.rotation import KeyInUseError
from tests.api.test_cli import Run, in_place


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return in_place(database_url, tmp_path, monkeypatch)


def test_keys_are_listed_rotated_and_dropped_by_their_ids(run: Run, tmp_path: Path) -> None:
    first = json.loads(run("keys", "list", "--json").stdout)
    assert [len(first[level]) for level in ("root", "tenant")] == [1, 1]
    for level in ("root", "tenant"):
        assert f"rotated: {level} key" in run("keys", f"rotate-{level}").stdout
    listed = run("keys", "list").stdout
    assert listed.count("newest") == 2
    assert "root    " in listed
    for level in ("root", "tenant"):
        old = first[level][0]["key_id"]
        assert old in listed
        assert "destroyed" in run("keys", "drop", old).stdout
        run("keys", "drop", old, refused=NotFoundError)
    [left] = json.loads(run("keys", "list", "--json").stdout)["tenant"]
    run("keys", "drop", left["key_id"], refused=KeyInUseError)
    secret = (tmp_path / "root-keys").read_text().split()[1]
    assert secret not in listed
    run("grant", str(uuid4()), "operator")
