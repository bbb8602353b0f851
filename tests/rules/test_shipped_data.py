"""Numbers that authorities and agreements have set change only where somebody says so."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from tests.database import ROOT

RULES = ROOT / "ledger" / "rules"
HELD = Path(__file__).with_name("shipped.sha256")


def test_no_digit_of_what_ships_changes_unnoticed() -> None:
    """Tests work most of them out. Whoever changes one on purpose, with its source, says it here.

    In ledger/rules: sha256sum policies/*.toml jurisdictions/*.json reference/*.json
    """
    files = [*RULES.glob("policies/*.toml"), *RULES.glob("*/*.json")]
    found = {
        path.relative_to(RULES).as_posix(): sha256(path.read_bytes()).hexdigest() for path in files
    }
    held = dict(reversed(line.split()) for line in HELD.read_text("utf-8").splitlines())
    assert found == held
