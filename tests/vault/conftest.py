"""A vault, and evidence in a folder, on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.evidence import EvidenceStore, open_blobs
from ledger.vault import Vault
from tests.vaults import Pool, open_vault, vault_connections


@pytest.fixture
def connections(database_url: str) -> Iterator[Pool]:
    with vault_connections(database_url) as pool:
        yield pool


@pytest.fixture
def vault(database_url: str, tmp_path: Path) -> Iterator[Vault]:
    with open_vault(database_url, tmp_path) as opened:
        yield opened


@pytest.fixture
def blobs(tmp_path: Path) -> Path:
    """Where the evidence lies."""
    return tmp_path / "evidence"


@pytest.fixture
def evidence(vault: Vault, blobs: Path) -> EvidenceStore:
    return EvidenceStore(vault, open_blobs(blobs.as_uri()), bytes_max=64 * 1024 * 1024)
