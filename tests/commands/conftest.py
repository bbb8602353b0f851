"""A ledger on a real PostgreSQL, with an issuer, a published micro-credential and people."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.edge import open_ledger
from ledger.application import Ledger
from tests.commands.scene import InterruptedLedger, Scene


@pytest.fixture
def ledger(database_url: str) -> Iterator[Ledger]:
    with open_ledger(database_url) as opened:
        yield opened


@pytest.fixture
def scene(ledger: Ledger) -> Scene:
    return Scene(ledger)


@pytest.fixture
def interrupted(database_url: str) -> Iterator[InterruptedLedger]:
    """A second way into the same ledger, on which somebody else can act between read and append."""
    with InterruptedLedger(
        {
            "PERSISTENCE_MODULE": "ledger.store",
            "MAPPER_TOPIC": "ledger.codec:LedgerMapper",
            "DATABASE_URL": database_url,
        }
    ) as opened:
        yield opened
