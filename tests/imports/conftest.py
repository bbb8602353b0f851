"""A place to import into: a ledger and a vault on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.edge import open_ledger
from tests.imports.office import Office
from tests.vaults import open_vault


@pytest.fixture
def office(database_url: str, tmp_path: Path) -> Iterator[Office]:
    with open_ledger(database_url) as ledger, open_vault(database_url, tmp_path / "keys") as vault:
        yield Office(ledger, vault, tmp_path)
