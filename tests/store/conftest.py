"""A recorder for each test of the store, closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ledger.store import LedgerRecorder


@pytest.fixture
def recorder(database_url: str) -> Iterator[LedgerRecorder]:
    """A recorder over a fresh ledger."""
    one = LedgerRecorder(database_url)
    yield one
    one.close()
