"""What a backup must not copy, and what must not stop it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from api.backups import archive
from api.backups.archive import Archive
from api.backups.follow import _receiving
from api.backups.take import KeysInTheWayError, take

# More than fits into a pipe: what a receiver says in an hour without its server.
TALKATIVE = """#!/bin/sh
head -c 1000000 /dev/zero | tr '\\0' '.' >&2
touch "$0.received"
"""


@pytest.mark.parametrize("way", ["straight", "dotted", "folder linked", "file linked out"])
def test_a_key_in_a_copied_folder_is_refused_by_whichever_way_it_is_named(
    way: str, tmp_path: Path
) -> None:
    evidence, elsewhere = tmp_path / "evidence", tmp_path / "elsewhere"
    evidence.mkdir()
    elsewhere.mkdir()
    (tmp_path / "linked").symlink_to(evidence)
    (evidence / "keys").write_text("secret")
    (elsewhere / "keys").write_text("secret")
    (evidence / "link").symlink_to(elsewhere / "keys")
    secret = {
        "straight": evidence / "keys",
        "dotted": elsewhere / ".." / "evidence" / "keys",
        "folder linked": tmp_path / "linked" / "keys",
        "file linked out": evidence / "link",
    }[way]
    with pytest.raises(KeysInTheWayError):
        take("", Archive(tmp_path / "backup"), evidence, keep=1, secrets=[secret])


def test_a_receiver_that_says_much_goes_on_receiving(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "pg_receivewal"
    program.write_text(TALKATIVE)
    program.chmod(0o755)
    monkeypatch.setattr(archive, "find_binaries", lambda: tmp_path)
    with _receiving("", []) as receiver:
        until = time.monotonic() + 10
        while receiver.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
    assert (tmp_path / "pg_receivewal.received").exists()
