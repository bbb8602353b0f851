"""A sealed log of 1,000 events, and somebody with all rights to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from psycopg import Connection

from ledger.seal.keys import FileLogSigner
from ledger.seal.trusted_keys import TrustedKey
from tests.database import Server
from tests.seal.logs import ORIGIN, fill, owner, seal

EVENTS = 1_000


class Sealed(NamedTuple):
    """A sealed log: where it is, who may do anything to it, and the keys that count."""

    url: str
    connection: Connection[Any]
    keys: tuple[TrustedKey, ...]
    folder: Path


@pytest.fixture(scope="session")
def sealed_server(
    database_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sealed]:
    """A log that every test leaves as it was."""
    folder = tmp_path_factory.mktemp("sealed")
    with database_server.database(database_server.template) as url:
        fill(url, EVENTS)
        seal(url, folder, events_max=97)  # checkpoints at sizes that are no round numbers
        connection = owner(url)
        yield Sealed(url, connection, FileLogSigner(folder / "seal-keys", ORIGIN).trusted, folder)
        connection.close()


@pytest.fixture
def sealed(sealed_server: Sealed) -> Sealed:
    return sealed_server
